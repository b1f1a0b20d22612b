"""git jetpack why"""

from __future__ import annotations

import click

from jetpack_git.cli import documents
from jetpack_git.cli.frame import Frame
from jetpack_git.cli.frame import command
from jetpack_git.work.why import reasons


@command(short_help="Say why a task is not ready.")
@click.argument("task_id", metavar="ID")
def why(frame: Frame, task_id: str) -> None:
    """Say why a task is not ready, a line for each reason."""
    workspace = frame.workspace
    task = workspace.tasks.get(task_id)
    found = reasons(workspace.db, task)
    lines = [f"{task.id}: {one.text}" for one in found] or [f"{task.id} is ready."]
    document = {"task": documents.task(task), "why": [one._asdict() for one in found]}
    frame.answer(document, lines)
