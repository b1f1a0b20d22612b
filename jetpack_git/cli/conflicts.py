"""git jetpack conflicts, git jetpack resolve"""

from __future__ import annotations

import click

from jetpack_git.cli import documents
from jetpack_git.cli import memory_fields
from jetpack_git.cli.frame import Frame
from jetpack_git.cli.frame import command
from jetpack_git.cli.terminal import columns
from jetpack_git.cli.terminal import safe
from jetpack_git.errors import BadInput
from jetpack_git.models.conflict import Clash
from jetpack_git.models.conflict import Conflict
from jetpack_git.models.task import Task
from jetpack_git.work import conflicts as asked

WIDEST = 40


@command(short_help="List what branches disagree on.")
@click.argument("task_id", metavar="[ID]", required=False)
def conflicts(frame: Frame, task_id: str | None) -> None:
    """List the fields that two branches, or a file and the database, have both changed.

    One of the values is in use until somebody decides: git jetpack resolve NUMBER
    """
    workspace = frame.workspace
    task = None if task_id is None else workspace.tasks.get(task_id).id
    found = asked.unresolved(workspace.db, task)
    rows = [
        (
            str(one.number), one.task_id, one.clash.field, f"ours: {_short(one.clash.ours)}",
            f"theirs: {_short(one.clash.theirs)}",
            f"in use: {_side(one.clash)}",
        )
        for one in found
    ]  # fmt: skip
    items = [_document(one) for one in found]
    frame.answer(
        documents.listing("conflicts", items, len(items)),
        columns(rows) or "There are no conflicts.",
    )


def _side(clash: Clash) -> str:
    """Whose value is in use."""
    sides = {"ours": clash.ours, "theirs": clash.theirs}
    return next((side for side, value in sides.items() if value == clash.chosen), "both")


@command(short_help="Decide what branches disagree on.")
@click.argument("number", type=click.IntRange(1))
@click.option("--ours", "side", flag_value="ours", help="What this side had.")
@click.option("--theirs", "side", flag_value="theirs", help="What came in.")
@click.option("--keep", "side", flag_value="keep", help="What is in use.")
def resolve(frame: Frame, number: int, side: str | None) -> None:
    """Decide the conflict of that NUMBER, as `git jetpack conflicts` lists it."""
    if side is None:
        raise BadInput("Say which value holds.", hint="--ours, --theirs or --keep")
    workspace = frame.workspace
    task = asked.resolve(workspace.tasks, number, side, agent=workspace.agent)
    document = {"task": documents.task(task)} if isinstance(task, Task) else {
        "memory": memory_fields.document(task)
    }  # fmt: skip
    frame.answer(document, f"decided {number}: {task.id}  {safe(task.title)}")


def _document(one: Conflict) -> dict[str, object]:
    """A conflict."""
    return {
        "number": one.number,
        "task_id": one.task_id,
        "field": one.clash.field,
        "ours": one.clash.ours,
        "theirs": one.clash.theirs,
        "chosen": one.clash.chosen,
        "at": one.at,
    }


def _short(value: object) -> str:
    text = "-" if value is None else repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…"
