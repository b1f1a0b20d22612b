"""What follows from a change: parents from their children, blockers from dependencies.

`tasks.status` of a parent, `tasks.children` and `tasks.blockers` are derived. They are
brought up to date here, in the transaction of the change, for the tasks it can reach.
"""

from __future__ import annotations

from collections.abc import Iterable

from jetpack_git import clock
from jetpack_git.data.database import Database
from jetpack_git.data.journal import Journal
from jetpack_git.data.rows import dump
from jetpack_git.models.task import Status


def after_status(journal: Journal, task_ids: Iterable[str]) -> None:
    """Parents and dependents agree with the new status of the tasks."""
    changed = dict.fromkeys(task_ids)
    for task_id in tuple(changed):
        for parent_id in ancestors(journal.db, task_id):
            if not _derive_parent(journal, parent_id):
                break
            changed[parent_id] = None
    waiting = {
        str(row["task_id"])
        for task_id in changed
        for row in journal.db.all("dependencies.dependents", id=task_id)
    }
    refresh_blockers(journal.db, waiting)


def after_closing(journal: Journal, task_id: str, *, closed: bool) -> None:
    """Parents and dependents agree with a leaf that was just closed, or is open again.

    Each task that waits for it, however often, waits for one task fewer, or one more.
    """
    _count(journal.db, task_id, closed=closed)
    for parent_id in ancestors(journal.db, task_id):
        was_closed = journal.db.one("tasks.is_closed", id=parent_id) is not None
        if not _derive_parent(journal, parent_id):
            break
        is_closed = journal.db.one("tasks.is_closed", id=parent_id) is not None
        if is_closed != was_closed:
            _count(journal.db, parent_id, closed=is_closed)


def _count(db: Database, task_id: str, *, closed: bool) -> None:
    waiting = [row["task_id"] for row in db.all("dependencies.dependents", id=task_id)]
    if waiting:
        below = [row["id"] for row in db.all("tasks.subtree", ids=dump(waiting))]
        db.run("tasks.count_blockers", ids=dump(below), change=-1 if closed else 1)


def after_structure(journal: Journal, task_ids: Iterable[str], parents: Iterable[str]) -> None:
    """Counts agree with tasks that are new, moved or depend on something else."""
    parent_ids = list(dict.fromkeys(parents))
    if parent_ids:
        journal.db.run("tasks.refresh_children", ids=dump(parent_ids))
        after_status(journal, _derived(journal, parent_ids))
    refresh_blockers(journal.db, task_ids)
    graph_changed(journal.db, [*task_ids, *parent_ids])


def refresh_blockers(db: Database, task_ids: Iterable[str]) -> None:
    """The counts of these tasks and their descendants are right."""
    roots = sorted(set(task_ids))
    if roots:
        below = [row["id"] for row in db.all("tasks.subtree", ids=dump(roots))]
        db.run("tasks.refresh_blockers", ids=dump(below))


def graph_changed(db: Database, task_ids: Iterable[str]) -> None:
    """What the graph says of these tasks, and of what is connected with them, is out of date."""
    db.run("graph.changed", ids=dump(list(task_ids)))


def uprooted(db: Database, task_ids: Iterable[str]) -> None:
    """These tasks, and all below them, may have lost what they were connected with."""
    rows = db.all("tasks.subtree", ids=dump(list(task_ids)))
    graph_changed(db, [str(row["id"]) for row in rows])


def ancestors(db: Database, task_id: str) -> list[str]:
    """The parents above a task, the nearest first."""
    return [str(row["id"]) for row in db.all("tasks.ancestors", id=task_id)]


def _derived(journal: Journal, parent_ids: list[str]) -> list[str]:
    """The parents whose status was derived anew, and their changed ancestors."""
    changed: list[str] = []
    for parent_id in parent_ids:
        for above in (parent_id, *ancestors(journal.db, parent_id)):
            if not _derive_parent(journal, above):
                break
            changed.append(above)
    return changed


def _derive_parent(journal: Journal, parent_id: str) -> bool:
    """Whether the parent's status changed to what its children say."""
    row = journal.db.one("tasks.progress", id=parent_id)
    if row is None or not row["children"]:
        return False
    if row["open"]:
        status = Status.PENDING
    else:
        status = Status.COMPLETED if row["completed"] else Status.CANCELLED
    moved = journal.db.one("tasks.set_parent_status", id=parent_id, status=status, now=clock.now())
    if moved is None:
        return False
    if status != Status.PENDING:
        journal.event(f"parent.{status}", parent_id)
    return True
