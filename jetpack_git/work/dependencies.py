"""Dependencies between tasks: what must be finished before what."""

from __future__ import annotations

from jetpack_git.data import settle
from jetpack_git.data.database import Database
from jetpack_git.data.journal import Journal
from jetpack_git.data.rows import dump
from jetpack_git.errors import BadInput
from jetpack_git.errors import Negative
from jetpack_git.models.task import CLOSED


def add(journal: Journal, task_id: str, depends_on: str, *, agent: str | None = None) -> None:
    """The task waits for the other one. Raises BadInput when that would be a cycle.

    On a parent it holds for all leaves below. Both are ids that exist.
    """
    with journal.db.transaction():
        path = cycle(journal.db, task_id, depends_on)
        if path:
            raise BadInput(
                f"{task_id} cannot depend on {depends_on}: that would be a cycle, "
                + " -> ".join(path),
                hint="An arrow reads 'waits for'. Remove one of these dependencies first.",
            )
        journal.db.run("dependencies.add", task_id=task_id, depends_on=depends_on)
        journal.event("task.edited", task_id, agent=agent, depends_on=depends_on)
        journal.touched("task", task_id)
        settle.after_structure(journal, [task_id], [])


def remove(journal: Journal, task_id: str, depends_on: str, *, agent: str | None = None) -> None:
    """The task no longer waits for the other one."""
    with journal.db.transaction():
        gone = journal.db.one("dependencies.remove", task_id=task_id, depends_on=depends_on)
        if gone is None:
            raise Negative(f"{task_id} does not depend on {depends_on}")
        journal.event("task.edited", task_id, agent=agent, no_longer=depends_on)
        journal.touched("task", task_id)
        settle.after_structure(journal, [task_id], [])


def open_before(db: Database, task_id: str) -> list[str]:
    """The unfinished tasks that this one waits for."""
    rows = db.all("dependencies.before", id=task_id)
    return [str(row["id"]) for row in rows if row["status"] not in CLOSED]


def cycle(db: Database, task_id: str, depends_on: str) -> list[str]:
    """The path that would lead from the task back to itself, or nothing.

    To wait for a parent is to wait for its children, and a child waits for what its
    parent waits for; so the path may run through the hierarchy.
    """
    goals = {str(row["id"]) for row in db.all("tasks.subtree", ids=dump([task_id]))}
    came_from: dict[str, str] = {depends_on: task_id}
    queue = [depends_on]
    for node in queue:
        if node in goals:
            return _path(came_from, node, task_id)
        for row in db.all("dependencies.edges_from", id=node):
            target = str(row["id"])
            if target not in came_from:
                came_from[target] = node
                queue.append(target)
    return []


def _path(came_from: dict[str, str], node: str, start: str) -> list[str]:
    """The way from `start` to `node`, and on to `start` when that is its ancestor."""
    steps = [node]
    while len(steps) == 1 or steps[-1] != start:
        steps.append(came_from[steps[-1]])
        if steps[-1] == start:
            break
    steps.reverse()
    return steps if steps[-1] == start else [*steps, start]
