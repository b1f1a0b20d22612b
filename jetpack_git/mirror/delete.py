"""Tasks whose files newer commits have deleted."""

from __future__ import annotations

from jetpack_git.data import settle
from jetpack_git.data.database import Database
from jetpack_git.data.journal import Journal
from jetpack_git.models.task import Task


def task(db: Database, worktree: str, gone: Task) -> None:
    """The task is gone, and an event says so. What waits for it waits for what is not here.

    Its parent's file is due to be written: without children it has a status again.
    """
    journal = Journal(db, worktree)
    if gone.parent_id:
        journal.touched("task", gone.parent_id)
    waiting = [str(row["task_id"]) for row in db.all("dependencies.dependents", id=gone.id)]
    settle.uprooted(db, [gone.id, *gone.depends])
    for table in ("dependencies", "links"):
        db.run(f"{table}.clear", task_id=gone.id)
    db.run("aliases.clear", task_id=gone.id, keep="[]")
    db.run("tasks.delete", id=gone.id)
    journal.event("task.deleted", gone.id, note=gone.title)
    settle.after_structure(journal, waiting, [gone.parent_id] if gone.parent_id else [])
