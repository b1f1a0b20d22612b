"""A task that came as a file, in the database."""

from __future__ import annotations

from dataclasses import replace

from jetpack_git import clock
from jetpack_git.data import settle
from jetpack_git.data.database import Database
from jetpack_git.data.rows import dump
from jetpack_git.data.rows import task_columns
from jetpack_git.errors import BadInput
from jetpack_git.mirror.read import Parsed
from jetpack_git.models.task import Task


def check_key(db: Database, path: str, parsed: Parsed) -> None:
    """No other task has the file's key in its plan. Raises BadInput."""
    task = parsed.task
    clash = task.plan_key and db.one(
        "mirror.holder_of_key", plan_id=task.plan_id, plan_key=task.plan_key, id=task.id
    )
    if clash:
        raise BadInput(
            f"{path}:{parsed.lines['key']}: the key {task.plan_key!r:.60} of plan "
            f"{task.plan_id!r:.60} is that of {clash['id']}",
            hint=f"Delete one of the two files, or take `key:` out of {path}",
        )


def task(db: Database, ours: Task | None, task: Task) -> Task:
    """The task as the database has it now, in place of `ours`, with what it depends on."""
    now = clock.now()
    if ours is None:
        task = replace(task, created_at=task.created_at or now, updated_at=now)
        db.run("tasks.insert", **task_columns(task))
    else:
        db.run("tasks.update", **task_columns(replace(task, updated_at=now)))
        if (ours.parent_id, ours.depends) != (task.parent_id, task.depends):
            settle.uprooted(db, [task.id, *ours.depends])
    if ours is None or ours.depends != task.depends:
        db.run("dependencies.clear", task_id=task.id)
        db.many(
            "dependencies.add",
            [{"task_id": task.id, "depends_on": other} for other in task.depends],
        )
    if ours is None or ours.links or task.links:
        db.run("links.clear", task_id=task.id)
        for kind, other in task.links:
            db.run("links.add", task_id=task.id, kind=kind, other=other)
    if ours is None or ours.aliases or task.aliases:
        db.run("aliases.clear", task_id=task.id, keep=dump(task.aliases))
        for alias in task.aliases:
            db.run("aliases.add", alias=alias, task_id=task.id)
    if task.plan_id:
        db.run("plans.save_if_new", id=task.plan_id, title=task.plan_id, created_at=now)
    return task


def is_moved(ours: Task | None, task: Task) -> bool:
    """Whether something follows for other tasks from what the file says: few edits do that."""
    return ours is None or any(
        getattr(ours, name) != getattr(task, name)
        for name in ("status", "parent_id", "depends", "estimate_s")
    )
