"""git jetpack add"""

from __future__ import annotations

import click

from jetpack_git.cli import documents
from jetpack_git.cli import fields
from jetpack_git.cli.frame import Frame
from jetpack_git.cli.frame import command
from jetpack_git.models.task import Task


@command(short_help="Add a task.")
@click.argument("title")
@fields.task_fields
@click.option("--parent", metavar="ID", help="The task that it is a part of.")
@click.option("--depends", "depends", multiple=True, metavar="ID", help="What must be done first.")
@click.option(
    "--discovered-from", "found_at", metavar="ID", help="The task whose work brought it to light."
)
def add(
    frame: Frame,
    title: str,
    description: str | None,
    priority: str | None,
    skills: str | None,
    files: tuple[str, ...],
    estimate: str | None,
    labels: tuple[str, ...],
    max_attempts: int | None,
    parent: str | None,
    depends: tuple[str, ...],
    found_at: str | None,
) -> None:
    """Add a task."""
    values = fields.changes(
        title=title, description=description, priority=priority, skills=skills, files=files,
        estimate=estimate, labels=labels, max_attempts=max_attempts,
    )  # fmt: skip
    links = (("discovered-from", found_at),) if found_at else ()
    wanted = Task(id="", parent_id=parent, depends=depends, links=links, **values)  # type: ignore[arg-type]
    task = frame.workspace.tasks.add(wanted, agent=frame.workspace.agent)
    frame.answer({"task": documents.task(task)}, task.id)
