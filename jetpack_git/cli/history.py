"""git jetpack history"""

from __future__ import annotations

from pathlib import Path

import click

from jetpack_git.cli import documents
from jetpack_git.cli.frame import Frame
from jetpack_git.cli.frame import command
from jetpack_git.cli.terminal import columns
from jetpack_git.errors import NotFound
from jetpack_git.models.event import Event
from jetpack_git.review.history import Step
from jetpack_git.review.history import history as commits


@command(short_help="Show a task's whole life, over commits and events.")
@click.argument("task_id", metavar="ID")
def history(frame: Frame, task_id: str) -> None:
    """Show a task's whole life: its events, and the commits of all branches that changed it.

    A task that was deleted has one, too, under its whole id.
    """
    workspace = frame.workspace
    where = Path(workspace.clone.worktree or workspace.clone.git_dir)
    try:
        task_id = workspace.tasks.get(task_id).id
        events = list(workspace.tasks.log(task_id))
        steps = commits(task_id, cwd=where)
    except NotFound:
        events, steps = [], commits(task_id, cwd=where)
        if not steps:
            raise
    found = [(one.at, 0, one) for one in events] + [(one.commit.at, 1, one) for one in steps]
    ordered = [one for _, _, one in sorted(found, key=lambda each: each[:2])]
    items = [_document(one) for one in ordered]
    frame.answer(
        documents.listing("history", items, len(items)), columns([_row(one) for one in ordered])
    )


def _row(one: Event | Step) -> tuple[str, ...]:
    if isinstance(one, Event):
        return one.at, one.kind.removeprefix("task."), one.agent or "-", one.note
    said = "; ".join(each.words for each in one.changes) or one.commit.subject
    who = one.commit.agent or one.commit.author
    return _at(one), f"{one.what} in {one.commit.id[:12]}", who, said


def _at(one: Step) -> str:
    """When the commit was made; git knows no parts of a second."""
    return one.commit.at.replace(".999Z", "Z")


def _document(one: Event | Step) -> dict[str, object]:
    if isinstance(one, Event):
        return {"at": one.at, "what": one.kind, "by": one.agent, "event": documents.event(one)}
    return {
        "at": _at(one),
        "what": f"commit.{one.what}",
        "by": one.commit.agent or one.commit.author,
        "commit": one.commit.id,
        "subject": one.commit.subject,
        "fields": [
            {"field": each.field, "before": each.before, "after": each.after}
            for each in one.changes
        ],
    }
