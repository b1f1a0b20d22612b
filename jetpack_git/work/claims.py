"""Claims: which task an agent should get next, and getting it.

| strategy            | takes                                                              |
|---------------------|--------------------------------------------------------------------|
| `first-fit`         | the oldest ready task that the agent's skills cover                |
| `best-fit`          | most matching skills, then priority, then age                      |
| `graph-prioritized` | +100 on the critical path, +10 per transitive dependent,           |
|                     | +20 * (1 - depth / max depth); then priority, then age             |

An agent that names no skills covers every task. Each strategy avoids tasks whose declared
files overlap another agent's active reservation while other work is ready.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterator
from heapq import merge
from typing import NamedTuple

from jetpack_git.data.database import Database
from jetpack_git.data.database import Row
from jetpack_git.errors import BadInput
from jetpack_git.models.task import Task
from jetpack_git.work import metrics
from jetpack_git.work.overlaps import Others
from jetpack_git.work.reservations import Reservations
from jetpack_git.work.tasks import Tasks

PAGE = 1
DEFAULT = "best-fit"

Order = Callable[[Row], tuple[float, ...]]


class Strategy(NamedTuple):
    """Where a strategy looks, in which order, and whether more matching skills come first.

    `of_all` is the statement that orders the tasks whatever skills they need, if there is one.
    """

    by_skills: str
    of_all: str | None
    order: Order
    prefers_matching: bool


def _by_age(row: Row) -> tuple[float, ...]:
    return (float(str(row["seq"])),)


def _by_priority(row: Row) -> tuple[float, ...]:
    return (float(str(row["priority"])), float(str(row["seq"])))


def _by_score(row: Row) -> tuple[float, ...]:
    return (-float(str(row["graph_score"])), *_by_priority(row))


STRATEGIES = {
    "first-fit": Strategy("claims.oldest", None, _by_age, False),
    "best-fit": Strategy("claims.most_urgent", "claims.most_urgent_of_all", _by_priority, True),
    "graph-prioritized": Strategy("claims.highest_score", None, _by_score, False),
}


def claim_next(
    tasks: Tasks,
    *,
    agent: str,
    incarnation: str | None = None,
    skills: Collection[str] = (),
    strategy: str = DEFAULT,
    without: Collection[str] = (),
    overlapping: bool = True,
    reserve_for_s: float | None = None,
) -> Task | None:
    """The task that the agent now holds; None when nothing is ready for it.

    `without` names tasks to leave alone. A task whose files overlap another agent's
    reservation is taken only when there is no other, and only if `overlapping`. With
    `reserve_for_s` the task's files are reserved for the agent in the same transaction.
    """
    if strategy not in STRATEGIES:
        raise BadInput(
            f"There is no claim strategy {strategy!r}.", hint=f"Use one of: {', '.join(STRATEGIES)}"
        )
    db = tasks.db
    if strategy == "graph-prioritized":
        metrics.refresh(db)
    with db.transaction():
        tasks.wake()
        fallback = ""
        others = Others(db, agent, tasks.journal.worktree)
        for row in _candidates(db, strategy, set(skills)):
            task_id = str(row["id"])
            if task_id in without:
                continue
            if _overlaps(others, row):
                fallback = fallback or task_id
                continue
            break
        else:
            task_id = fallback if fallback and overlapping else ""
        task = tasks.take(task_id, agent=agent, incarnation=incarnation) if task_id else None
        if task and task.files and reserve_for_s:
            Reservations(db, worktree=tasks.journal.worktree).reserve(
                task.files, agent=agent, incarnation=incarnation, task_id=task.id,
                ttl_s=reserve_for_s,
            )  # fmt: skip
    return task


def _overlaps(others: Others, row: Row) -> bool:
    """Whether the task's declared files meet another agent's exclusive reservation."""
    files = [] if row["files"] == "[]" else json.loads(str(row["files"]))
    return any(not held["shared"] for one in files for held in others.meeting(one))


def _candidates(db: Database, strategy: str, skills: set[str]) -> Iterator[Row]:
    """The claimable tasks that the skills cover, the best first, read page by page."""
    chosen = STRATEGIES[strategy]
    if chosen.of_all and not skills:
        yield from _pages(db, chosen.of_all)
        return
    levels: dict[int, list[str]] = {}
    for found in db.all("claims.skill_sets"):
        needed = set(json.loads(str(found["skills"])))
        if not skills or needed <= skills:
            level = -len(needed & skills) if chosen.prefers_matching else 0
            levels.setdefault(level, []).append(str(found["skills"]))
    for level in sorted(levels):
        pages = (_pages(db, chosen.by_skills, skills=one) for one in levels[level])
        yield from merge(*pages, key=chosen.order)


def _pages(db: Database, statement: str, **where: str) -> Iterator[Row]:
    """All the rows of the statement, in its order, read in growing pages."""
    offset = 0
    limit = PAGE
    while True:
        rows = db.all(statement, **where, limit=limit, offset=offset)
        yield from rows
        if len(rows) < limit:
            return
        offset += limit
        limit *= 4
