"""git jetpack edit"""

from __future__ import annotations

from typing import Any

import click

from jetpack_git.cli import documents
from jetpack_git.cli import fields
from jetpack_git.cli import memory_fields
from jetpack_git.cli.frame import Frame
from jetpack_git.cli.frame import command
from jetpack_git.errors import BadInput
from jetpack_git.ids import MEMORY_PREFIX
from jetpack_git.work import hierarchy


@command(short_help="Change a task, or a memory.")
@click.argument("noun_id", metavar="ID")
@click.option("--title", help="What it is called.")
@fields.task_fields
@click.option("--parent", metavar="ID", help="The task to be a part of; '' for none.")
@click.option("--body", metavar="TEXT", help="Of a memory: what it says.")
@memory_fields.options
@click.option("--superseded-by", metavar="ID", help="Of a memory: the one that holds instead.")
@click.option("--force", is_flag=True, help="Of a memory: keep what looks like a secret.")
def edit(
    frame: Frame,
    noun_id: str,
    title: str | None,
    description: str | None,
    priority: str | None,
    skills: str | None,
    files: tuple[str, ...],
    estimate: str | None,
    labels: tuple[str, ...],
    max_attempts: int | None,
    parent: str | None,
    force: bool,
    **of_memory: Any,
) -> None:
    """Change the given fields of a task, or of a memory. An empty --file '', --label '' or --tag ''
    clears them.

    Of a memory that are its title, --body, --type, --importance, --tag, --scope, --expires,
    --valid-from and --superseded-by; of a task all the others.
    """
    of_task = (description, priority, skills, files, estimate, labels, max_attempts, parent)
    if noun_id.startswith(f"{MEMORY_PREFIX}-"):
        if any(one not in (None, ()) for one in of_task):
            raise BadInput("A memory has no such field.", hint="See: git jetpack edit --help")
        _edit_memory(frame, noun_id, title, force, **of_memory)
        return
    if force or any(one not in (None, ()) for one in of_memory.values()):
        raise BadInput("A task has no such field.", hint="See: git jetpack edit --help")
    values = fields.changes(
        title=title, description=description, priority=priority, skills=skills, files=files,
        estimate=estimate, labels=labels, max_attempts=max_attempts,
    )  # fmt: skip
    if not values and parent is None:
        raise BadInput("Nothing to change was given.", hint="See: git jetpack edit --help")
    tasks, agent = frame.workspace.tasks, frame.workspace.agent
    with tasks.db.transaction():
        task = tasks.edit(noun_id, values, agent=agent)
        if parent is not None:
            task = hierarchy.move(tasks, task.id, parent or None, agent=agent)
            values["parent"] = task.parent_id
    frame.answer({"task": documents.task(task)}, f"{task.id} changed: {', '.join(values)}")


def _edit_memory(
    frame: Frame, memory_id: str, title: str | None, force: bool, *, body: str | None,
    superseded_by: str | None, **given: Any,
) -> None:  # fmt: skip
    from jetpack_git.work.memories import Memories

    values = memory_fields.changes(**given)
    if title is not None:
        values["title"] = fields.clean(title, "title", memory_fields.MAX_TITLE)
    if body is not None:
        values["body"] = fields.clean(body, "body", memory_fields.MAX_BODY, empty=True)
    if superseded_by is not None:
        values["superseded_by"] = superseded_by or None
    if not values:
        raise BadInput("Nothing to change was given.", hint="See: git jetpack edit --help")
    workspace = frame.workspace
    memories = Memories(workspace.db, worktree=workspace.clone.worktree)
    kept = memories.edit(memory_id, values, agent=workspace.agent, force=force)
    said = f"{kept.id} changed: {', '.join(values)}"
    frame.answer({"memory": memory_fields.document(kept)}, said)
