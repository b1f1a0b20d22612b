"""git jetpack graph"""

from __future__ import annotations

import click

from jetpack_git.cli import fields
from jetpack_git.cli.drawing import FORMATS
from jetpack_git.cli.frame import Frame
from jetpack_git.cli.frame import command
from jetpack_git.work.graph import TaskGraph
from jetpack_git.work.graph import load


@command(short_help="Show what waits for what, and the critical path.")
@click.argument("root", metavar="[PLAN|ID]", required=False)
@click.option(
    "--format", "form", type=click.Choice([*FORMATS, "json"]), default="text", show_default=True,
    help="How to draw it.",
)  # fmt: skip
@fields.at_option
def graph(frame: Frame, revision: str | None, root: str | None, form: str) -> None:
    """Show what waits for what: of a plan, of a task with all below it, or of all tasks.

    Depth counts the tasks on the longest way to each; a star marks the critical path.
    """
    found = load(frame.at(revision).db, root)
    frame.json = frame.json or form == "json"
    if frame.json:
        frame.answer(_document(found), "")
    else:
        frame.answer({}, FORMATS[form](found))


def _document(found: TaskGraph) -> dict[str, object]:
    return {
        "nodes": [one._asdict() for one in found.nodes],
        "edges": [{"task_id": after, "depends_on": before} for before, after in found.edges],
        "roots": found.roots,
        "leaves": found.leaves,
        "cycles": found.cycles,
        "critical_path": found.critical_path,
        "critical_s": found.critical_s,
    }
