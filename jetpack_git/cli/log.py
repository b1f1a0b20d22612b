"""git jetpack log"""

from __future__ import annotations

import click

from jetpack_git.cli import documents
from jetpack_git.cli.frame import Frame
from jetpack_git.cli.frame import command
from jetpack_git.cli.terminal import columns
from jetpack_git.models.event import Event


@command(short_help="Show what happened to a task.")
@click.argument("task_id", metavar="ID")
def log(frame: Frame, task_id: str) -> None:
    """Show what happened to a task, who did it and when."""
    events = frame.workspace.tasks.log(task_id)
    found = documents.listing("events", [documents.event(one) for one in events], len(events))
    frame.answer(found, columns([_row(one) for one in events]))


def _row(event: Event) -> tuple[str, str, str, str]:
    note = event.note
    if not note and event.data:
        note = ", ".join(f"{key}: {_plain(value)}" for key, value in event.data.items())
    return event.at, event.kind.removeprefix("task."), event.agent or "-", note


def _plain(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
