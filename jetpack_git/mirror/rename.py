"""A task gets another id, and everything that names it follows."""

from __future__ import annotations

from collections.abc import Iterable

from jetpack_git.data.database import Database
from jetpack_git.data.journal import Journal
from jetpack_git.models.task import Task

_REFERENCES = ("children", "dependents", "others")
_ROWS = (
    "dependencies", "links", "aliases", "events", "reservations", "leases", "messages", "agents",
    "runs", "conflicts", "marks", "measures",
)  # fmt: skip


def pairs(gone: Iterable[Task], come: Iterable[Task]) -> dict[str, str]:
    """The old and the new id of each task whose prefix was changed: all else of the id stays."""
    there: dict[tuple[str, str], str | None] = {}
    for task in come:
        key = (_rest(task.id), task.created_at)
        there[key] = None if key in there else task.id
    found = {}
    for task in gone:
        new = there.get((_rest(task.id), task.created_at)) if task.created_at else None
        if new is not None:
            found[task.id] = new
    return found


def task(db: Database, worktree: str | None, old: str, new: str) -> None:
    """The task has the new id, and what names it follows; their files are due in the worktree."""
    journal = Journal(db, worktree)
    db.run("rename.unindex", old=old)
    db.run("rename.task", old=old, new=new)
    db.run("rename.index", new=new)
    touched = {new}
    for name in _REFERENCES:
        touched |= {str(row["id"]) for row in db.all(f"rename.{name}", old=old, new=new)}
    for name in _ROWS:
        db.run(f"rename.{name}", old=old, new=new)
    for one in sorted(touched):
        journal.touched("task", one)
    journal.event("task.renamed", new, note=f"was {old}")


def _rest(task_id: str) -> str:
    """The id without its prefix."""
    return task_id.partition("-")[2]
