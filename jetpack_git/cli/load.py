"""git jetpack load"""

from __future__ import annotations

import os
from pathlib import Path

import click

from jetpack_git.cli import documents
from jetpack_git.cli.frame import Frame
from jetpack_git.cli.frame import command
from jetpack_git.cli.terminal import safe
from jetpack_git.errors import BadInput
from jetpack_git.models.plan import Plan
from jetpack_git.work import plans
from jetpack_git.work.plan_markdown import parse


@command(short_help="Load a plan: its items become tasks.")
@click.argument("plan", metavar="PLAN.md")
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.option("--name", help="The plan's name; the name of the file if not said.")
def load(frame: Frame, plan: str, dry_run: bool, name: str | None) -> None:
    """Load a plan in Markdown: # epic, ## group, - task; nested lists nest.

    Attributes stand in brackets: [depends: …] [skills: …] [priority: …] [files: …]
    [estimate: 30m] [id: …]. Loading a plan again updates its tasks.
    """
    document = parse(_read(plan), source=plan, title=name or Path(plan).stem)
    workspace = frame.workspace
    root = workspace.clone.worktree or ""
    source = os.path.relpath(os.path.realpath(plan), root) if root else plan
    if not name:
        _check_same_file(plans.known(workspace.db, document.title), source, root)
    changes = plans.load(
        workspace.tasks, document, source=source, agent="" if dry_run else workspace.agent,
        dry_run=dry_run,
    )  # fmt: skip
    frame.answer(
        {
            "plan_id": changes.plan_id,
            "dry_run": dry_run,
            "added": [documents.task(one) for one in changes.added],
            "updated": [documents.task(one) for one in changes.updated],
            "unchanged": changes.unchanged,
            "missing": [documents.task(one) for one in changes.missing],
        },
        _lines(changes, dry_run),
    )


def _check_same_file(known: Plan | None, source: str, root: str) -> None:
    """The plan known by this name is this file, or was, before the file was renamed."""
    if known is None or known.source in ("", source):
        return
    if os.path.exists(os.path.join(root, known.source)):
        raise BadInput(
            f"The plan {known.id} is {known.source}, and {source} is another file.",
            hint="Give this one a name of its own with --name; to replace the other, use its name: "
            f"--name {known.id}",
        )


def _lines(changes: plans.Changes, dry_run: bool) -> list[str]:
    """What changed; for a dry run, item by item."""
    lines = []
    if dry_run:
        lines += [f"+ {safe(one.title)}" for one in changes.added]
        lines += [f"~ {one.id}  {safe(one.title)}" for one in changes.updated]
    would = "would be " if dry_run else ""
    lines.append(
        f"plan {changes.plan_id}: {len(changes.added)} tasks {would}added, "
        f"{len(changes.updated)} {would}updated, {changes.unchanged} unchanged"
    )
    lines += [
        f"no longer in the plan, left as it is: {one.id}  {safe(one.title)}"
        for one in changes.missing
    ]
    return lines


def _read(plan: str) -> bytes:
    from jetpack_git.work.plan_markdown import MAX_BYTES

    try:
        with open(plan, "rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise BadInput(
            f"{plan} cannot be read: {error.strerror}.", hint="Name a Markdown file."
        ) from error
