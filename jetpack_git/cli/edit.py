"""git jetpack edit"""

from __future__ import annotations

import click

from jetpack_git.cli import documents
from jetpack_git.cli import fields
from jetpack_git.cli.frame import Frame
from jetpack_git.cli.frame import command
from jetpack_git.errors import BadInput
from jetpack_git.work import hierarchy


@command(short_help="Change a task.")
@click.argument("task_id", metavar="ID")
@click.option("--title", help="What it is called.")
@fields.task_fields
@click.option("--parent", metavar="ID", help="The task to be a part of; '' for none.")
def edit(
    frame: Frame,
    task_id: str,
    title: str | None,
    description: str | None,
    priority: str | None,
    skills: str | None,
    files: tuple[str, ...],
    estimate: str | None,
    labels: tuple[str, ...],
    max_attempts: int | None,
    parent: str | None,
) -> None:
    """Change the given fields of a task. An empty --file '' or --label '' clears them."""
    values = fields.changes(
        title=title, description=description, priority=priority, skills=skills, files=files,
        estimate=estimate, labels=labels, max_attempts=max_attempts,
    )  # fmt: skip
    if not values and parent is None:
        raise BadInput("Nothing to change was given.", hint="See: git jetpack edit --help")
    tasks, agent = frame.workspace.tasks, frame.workspace.agent
    with tasks.db.transaction():
        task = tasks.edit(task_id, values, agent=agent)
        if parent is not None:
            task = hierarchy.move(tasks, task.id, parent or None, agent=agent)
            values["parent"] = task.parent_id
    frame.answer({"task": documents.task(task)}, f"{task.id} changed: {', '.join(values)}")
