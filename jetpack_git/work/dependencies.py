"""Dependencies between tasks: what must be finished before what, and other links."""

from __future__ import annotations

from collections.abc import Collection

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
        settle.uprooted(journal.db, [task_id, depends_on])


def link(
    journal: Journal, task_id: str, kind: str, other: str, *, agent: str | None = None
) -> None:
    """The task is linked to the other one, for which it does not wait. Raises BadInput."""
    if task_id == other:
        raise BadInput(f"{task_id} cannot be linked to itself.", hint="Name another task.")
    with journal.db.transaction():
        journal.db.run("links.add", task_id=task_id, kind=kind, other=other)
        journal.event("task.edited", task_id, agent=agent, link=kind, other=other)
        journal.touched("task", task_id)


def unlink(
    journal: Journal, task_id: str, kind: str, other: str, *, agent: str | None = None
) -> None:
    """The task is linked to the other one no more. Raises Negative when it was not."""
    with journal.db.transaction():
        gone = journal.db.one("links.remove", task_id=task_id, kind=kind, other=other)
        if gone is None:
            raise Negative(f"{task_id} has no link {kind} to {other}")
        journal.event("task.edited", task_id, agent=agent, link=kind, no_longer=other)
        journal.touched("task", task_id)


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
    way = path(db, depends_on, goals)
    if not way:
        return []
    return [task_id, *way] if way[-1] == task_id else [task_id, *way, task_id]


def path(db: Database, start: str, goals: Collection[str]) -> list[str]:
    """The way from the task to the nearest of the goals by what waits for what, or nothing."""
    if db.one("dependencies.leads_to", id=start, goals=dump(list(goals))) is None:
        return []
    came_from = {start: ""}
    queue = [start]
    for node in queue:
        if node in goals:
            steps = [node]
            while came_from[steps[-1]]:
                steps.append(came_from[steps[-1]])
            return steps[::-1]
        for row in db.all("dependencies.edges_from", id=node):
            target = str(row["id"])
            if target not in came_from:
                came_from[target] = node
                queue.append(target)
    return []
