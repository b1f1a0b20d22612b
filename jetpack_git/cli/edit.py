"""git jetpack edit"""

from __future__ import annotations

import click

from jetpack_git.cli import documents
from jetpack_git.cli import fields
from jetpack_git.cli.frame import Frame
from jetpack_git.cli.frame import command
from jetpack_git.errors import BadInput


@command(short_help="Change a task.")
@click.argument("task_id", metavar="ID")
@click.option("--title", help="What it is called.")
@fields.task_fields
def edit(
    frame: Frame,
    task_id: str,
    title: str | None,
    description: str | None,
    priority: str | None,
    skills: str | None,
    files: tuple[str, ...],
    estimate: str | None,
) -> None:
    """Change the given fields of a task. An empty --file '' clears the files."""
    values = fields.changes(
        title=title, description=description, priority=priority, skills=skills, files=files,
        estimate=estimate,
    )  # fmt: skip
    if not values:
        raise BadInput("Nothing to change was given.", hint="See: git jetpack edit --help")
    task = frame.workspace.tasks.edit(task_id, values, agent=frame.workspace.agent)
    frame.answer({"task": documents.task(task)}, f"{task.id} changed: {', '.join(values)}")
