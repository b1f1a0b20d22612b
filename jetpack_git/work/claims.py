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

from jetpack_git.data.database import Database
from jetpack_git.data.database import Row
from jetpack_git.errors import BadInput
from jetpack_git.models.task import Task
from jetpack_git.work import graph
from jetpack_git.work.reservations import Others
from jetpack_git.work.reservations import Reservations
from jetpack_git.work.tasks import Tasks

PAGE = 32
DEFAULT = "best-fit"

Order = Callable[[Row], tuple[float, ...]]


def _by_age(row: Row) -> tuple[float, ...]:
    return (float(str(row["seq"])),)


def _by_priority(row: Row) -> tuple[float, ...]:
    return (float(str(row["priority"])), float(str(row["seq"])))


def _by_score(row: Row) -> tuple[float, ...]:
    return (-float(str(row["graph_score"])), *_by_priority(row))


STRATEGIES: dict[str, tuple[str, Order, bool]] = {
    # name: (statement, the order of its rows, whether more matching skills come first)
    "first-fit": ("claims.oldest", _by_age, False),
    "best-fit": ("claims.most_urgent", _by_priority, True),
    "graph-prioritized": ("claims.highest_score", _by_score, False),
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
        graph.refresh(db)
    with db.transaction():
        fallback = ""
        reservations = Reservations(db, worktree=tasks.journal.worktree)
        others = reservations.others(agent)
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
        if not task_id:
            return None
        tasks.take(task_id, agent=agent, incarnation=incarnation)
        task = tasks.get(task_id)
        if reserve_for_s and task.files:
            reservations.reserve(
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
    statement, order, by_match = STRATEGIES[strategy]
    levels: dict[int, list[str]] = {}
    for found in db.all("claims.skill_sets"):
        needed = set(json.loads(str(found["skills"])))
        if not skills or needed <= skills:
            level = -len(needed & skills) if by_match else 0
            levels.setdefault(level, []).append(str(found["skills"]))
    for level in sorted(levels):
        pages = (_pages(db, statement, one) for one in levels[level])
        yield from merge(*pages, key=order)


def _pages(db: Database, statement: str, skills: str) -> Iterator[Row]:
    """All the rows of one list of skills, in the statement's order, in pages that double."""
    offset = 0
    limit = PAGE
    while True:
        rows = db.all(statement, skills=skills, limit=limit, offset=offset)
        yield from rows
        if len(rows) < limit:
            return
        offset += limit
        limit *= 2
