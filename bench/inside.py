"""What single operations take within one process, at 100,000 tasks with 200,000 dependencies."""

from __future__ import annotations

import time
from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from random import Random
from statistics import median

import fill

from jetpack_git.data.database import Database
from jetpack_git.models.task import Task
from jetpack_git.work import dependencies
from jetpack_git.work import metrics
from jetpack_git.work.agents import Agents
from jetpack_git.work.claims import claim_next
from jetpack_git.work.mail import Mail
from jetpack_git.work.reservations import Reservations
from jetpack_git.work.strategies import STRATEGIES
from jetpack_git.work.tasks import Tasks

WAITING = 1000
NEAR = 40  # leaves of one epic, so that a new dependency stays within its plan


@dataclass
class Inside:
    """How long one operation took each time, and how long it may take."""

    what: str
    bound_ms: float
    ms: list[float]

    @property
    def median_ms(self) -> float:
        """The median."""
        return median(self.ms)


def operations(folder: Path, env: Mapping[str, str], size: int, rounds: int) -> list[Inside]:
    """The operations in a repository with that many tasks, each so many times."""
    db = fill.repository(folder, env)
    fill.tasks(db, size)
    tasks = Tasks(db)
    metrics.refresh(db)
    found = [_timed("ready, the first 10", 1, rounds, lambda: tasks.ready(limit=10))]
    for name in STRATEGIES:
        claim = _timed(f"claim the next, {name}", 1, rounds, lambda name=name: _claim(tasks, name))
        found.append(claim)
    for task in tasks.held():
        tasks.release(task.id, agent="bench")
    found += _words(db, rounds)
    found.append(_unblocking(tasks, max(3, rounds // 3)))
    found.append(_one_dependency(tasks, rounds))
    whole = _timed("measure the whole graph", 3000, 3, lambda: _measure_all(db))
    db.close()
    return [*found, whole]


def _timed(what: str, bound_ms: float, rounds: int, call: Callable[[], object]) -> Inside:
    call()
    return Inside(what, bound_ms, [_ms(call) for _ in range(rounds)])


def _ms(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000


def _claim(tasks: Tasks, strategy: str) -> None:
    assert claim_next(tasks, agent="bench", strategy=strategy) is not None, "nothing is ready"


def _words(db: Database, rounds: int) -> list[Inside]:
    """To reserve a file, to write to an agent, and to look into a full inbox."""
    agents, mail, held = Agents(db), Mail(db), Reservations(db)
    for name in ("bench", "reader"):
        agents.meet(name)
    with db.transaction():
        for number in range(1000):
            mail.send("bench", ["reader"], f"Message {number}")
    number = count()
    return [
        _timed("reserve a file", 1, rounds,
               lambda: held.reserve([f"src/new_{next(number)}.py"], agent="bench")),
        _timed("send a message", 1, rounds,
               lambda: mail.send("bench", ["reader"], f"Message {next(number)}")),
        _timed("list an inbox, the newest 20", 1, rounds, lambda: mail.inbox("reader", limit=20)),
    ]  # fmt: skip


def _unblocking(tasks: Tasks, rounds: int) -> Inside:
    """A task is completed for which 1,000 others wait."""
    found = Inside(f"complete a task that unblocks {WAITING:,}", 20, [])
    for _ in range(rounds):
        with tasks.db.transaction():
            hub = tasks.add(Task(id="", title="A hub"))
            for number in range(WAITING):
                tasks.add(Task(id="", title=f"Waits {number}", depends=(hub.id,)))
        metrics.refresh(tasks.db)
        tasks.claim(hub.id, agent="bench")
        found.ms.append(_ms(lambda hub=hub: tasks.done(hub.id, agent="bench")))
    return found


def _one_dependency(tasks: Tasks, rounds: int) -> Inside:
    """A dependency is added within a plan of 1,000 tasks, and the plan measured anew."""
    random = Random(11)
    found = Inside("add a dependency and measure what it changes", 20, [])
    parents = [row["id"] for row in tasks.db.all("tasks.parents")]
    while len(found.ms) < rounds:
        leaves = tasks.children(str(random.choice(parents)))
        if len(leaves) <= NEAR:
            continue
        at = random.randrange(len(leaves) - NEAR)
        early, late = leaves[at], leaves[at + random.randrange(1, NEAR)]
        if early.id in late.depends:
            continue

        def change(late: str = late.id, early: str = early.id) -> None:
            with tasks.db.transaction():
                dependencies.add(tasks.journal, late, early)
                assert metrics.refresh(tasks.db, at_most=metrics.AT_ONCE), "too much to measure"

        found.ms.append(_ms(change))
    return found


def _measure_all(db: Database) -> None:
    """All tasks are measured, as if nothing were known of them."""
    rows = db.all("graph.nodes")
    assert len(metrics.measure(*metrics.shape(rows))) > 0
