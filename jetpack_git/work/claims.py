"""Claims: which task an agent should get next, and getting it.

The order is that of `work.strategies`, read from an index page by page. Each strategy avoids
tasks whose declared files overlap another agent's active reservation while other work is ready.

No ready task starves: of the claims in a clone, each `FAIR_EVERY`-th takes the oldest task
that its agent covers, whatever the strategy. So a task that n older ones precede is taken by
the `FAIR_EVERY` * (n + 1)-th claim from now at the latest, if the agents that claim cover it
and its files are free.
"""

from __future__ import annotations

import json
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
from jetpack_git.work.strategies import DEFAULT
from jetpack_git.work.strategies import STRATEGIES
from jetpack_git.work.strategies import Candidate
from jetpack_git.work.strategies import Claimant
from jetpack_git.work.strategies import Parts
from jetpack_git.work.tasks import Tasks

PAGE = 1
FAIR_EVERY = 16
SHOWN = 5


class Order(NamedTuple):
    """Where the tasks of one list of skills stand in the strategy's order.

    `of_all` is the statement that orders the tasks whatever skills they need, if there is
    one; `by_match` says that tasks with more matching skills come first.
    """

    by_skills: str
    of_all: str | None = None
    by_match: bool = False


ORDERS = {
    "first-fit": Order("claims.oldest"),
    "best-fit": Order("claims.most_urgent", "claims.most_urgent_of_all", by_match=True),
    "round-robin": Order("claims.oldest"),
    "load-balanced": Order("claims.most_urgent", "claims.most_urgent_of_all"),
    "graph-prioritized": Order("claims.highest_score"),
}


class Considered(NamedTuple):
    """A task that was looked at: what counts for it, and whose reservation it would meet."""

    id: str
    title: str
    parts: Parts
    overlap: str


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
    db = tasks.db
    _check(db, strategy)
    with db.transaction():
        number = tasks.wake() + 1
        fallback = ""
        others = Others(db, agent, tasks.journal.worktree)
        if number % FAIR_EVERY == 0:
            strategy = "first-fit"
        for row in _candidates(db, strategy, Claimant(agent, frozenset(skills))):
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


def consider(
    tasks: Tasks, *, agent: str, skills: Collection[str] = (), strategy: str = DEFAULT
) -> list[Considered]:
    """The first few tasks that a claim would look at, in its order. Nothing is claimed."""
    db = tasks.db
    _check(db, strategy)
    others = Others(db, agent, tasks.journal.worktree)
    me = Claimant(agent, frozenset(skills))
    found = []
    for row in _candidates(db, strategy, me):
        parts = STRATEGIES[strategy](me, _candidate(row))
        overlap = next(
            (
                f"{file} meets {held['agent']}'s {held['pattern']} until {held['expires_at']}"
                for file in _files(row)
                for held in others.meeting(file)
                if not held["shared"]
            ),
            "",
        )
        found.append(Considered(str(row["id"]), str(row["title"]), parts, overlap))
        if len(found) == SHOWN:
            break
    return found


def _check(db: Database, strategy: str) -> None:
    """There is such a strategy, and what it goes by is right. Raises BadInput."""
    if strategy not in STRATEGIES:
        raise BadInput(
            f"There is no claim strategy {strategy!r}.", hint=f"Use one of: {', '.join(STRATEGIES)}"
        )
    if strategy == "graph-prioritized":
        metrics.refresh(db)


def _files(row: Row) -> list[str]:
    return [] if row["files"] == "[]" else json.loads(str(row["files"]))


def _overlaps(others: Others, row: Row) -> bool:
    """Whether the task's declared files meet another agent's exclusive reservation."""
    return any(not held["shared"] for one in _files(row) for held in others.meeting(one))


def _candidate(row: Row) -> Candidate:
    return Candidate(
        str(row["id"]), frozenset(json.loads(str(row["skills"]))), int(str(row["priority"])),
        int(str(row["seq"])), float(str(row["graph_score"])),
    )  # fmt: skip


def _candidates(db: Database, strategy: str, agent: Claimant) -> Iterator[Row]:
    """The claimable tasks that the agent's skills cover, the best first, read page by page."""
    order, function = ORDERS[strategy], STRATEGIES[strategy]
    if order.of_all and not agent.skills:
        yield from _pages(db, order.of_all)
        return
    levels: dict[int, list[str]] = {}
    for found in db.all("claims.skill_sets"):
        needed = set(json.loads(str(found["skills"])))
        if not agent.skills or needed <= agent.skills:
            level = -len(needed & agent.skills) if order.by_match else 0
            levels.setdefault(level, []).append(str(found["skills"]))
    for level in sorted(levels):
        pages = [_pages(db, order.by_skills, skills=one) for one in levels[level]]
        if len(pages) == 1:
            yield from pages[0]
        else:
            yield from merge(
                *pages, key=lambda row: tuple(function(agent, _candidate(row)).values())
            )


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
