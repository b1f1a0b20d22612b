"""git jetpack show"""

from __future__ import annotations

import click

from jetpack_git.cli import documents
from jetpack_git.cli import fields
from jetpack_git.cli.frame import Frame
from jetpack_git.cli.frame import command
from jetpack_git.cli.tables import task_details


@command(short_help="Show a task.")
@click.argument("task_id", metavar="ID")
@fields.at_option
def show(frame: Frame, revision: str | None, task_id: str) -> None:
    """Show a task, with its children. Any unambiguous beginning of an id will do."""
    tasks = frame.at(revision).tasks
    task = tasks.get(task_id)
    children = tasks.children(task.id)
    below = tasks.rollups([task, *children])
    document = {
        "task": documents.task(task, below.get(task.id)),
        "children": [documents.task(one, below.get(one.id)) for one in children],
    }
    frame.answer(document, task_details(task, children, below))
