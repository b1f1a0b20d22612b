"""git jetpack show"""

from __future__ import annotations

import click

from jetpack_git.cli import documents
from jetpack_git.cli import fields
from jetpack_git.cli.frame import Frame
from jetpack_git.cli.frame import command
from jetpack_git.cli.tables import task_details
from jetpack_git.ids import MEMORY_PREFIX
from jetpack_git.workspace import Workspace


@command(short_help="Show a task, or a memory.")
@click.argument("noun_id", metavar="ID")
@fields.at_option
def show(frame: Frame, revision: str | None, noun_id: str) -> None:
    """Show a task with its children, or a memory. Any unambiguous beginning of an id will do."""
    if noun_id.startswith(f"{MEMORY_PREFIX}-"):
        _show_memory(frame, frame.at(revision, memories=True), noun_id)
        return
    tasks = frame.at(revision).tasks
    task = tasks.get(noun_id)
    children = tasks.children(task.id)
    below = tasks.rollups([task, *children])
    document = {
        "task": documents.task(task, below.get(task.id)),
        "children": [documents.task(one, below.get(one.id)) for one in children],
    }
    frame.answer(document, task_details(task, children, below))


def _show_memory(frame: Frame, workspace: Workspace, memory_id: str) -> None:
    from jetpack_git.cli import memory_fields
    from jetpack_git.work.memories import Memories

    memory = Memories(workspace.db).get(memory_id)
    frame.answer({"memory": memory_fields.document(memory)}, memory_fields.details(memory))
