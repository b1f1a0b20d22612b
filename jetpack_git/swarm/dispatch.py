"""Dispatch: which agent of a swarm gets which task, and when there is no more to give out."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from jetpack_git import clock
from jetpack_git.data.database import Database
from jetpack_git.models.agent import Agent
from jetpack_git.models.agent import Swarm
from jetpack_git.models.task import Task
from jetpack_git.swarm.kinds import Kind
from jetpack_git.swarm.worker import Job
from jetpack_git.work import claims
from jetpack_git.work.budgets import Budget
from jetpack_git.work.metrics import DEFAULT_ESTIMATE_S
from jetpack_git.work.strategies import STRATEGIES
from jetpack_git.work.strategies import Candidate
from jetpack_git.work.strategies import Claimant
from jetpack_git.work.strategies import assign
from jetpack_git.work.swarms import Swarms
from jetpack_git.workspace import Workspace

LOOK_AGAIN_S = 30.0  # for what changes without a word, such as a reservation that expires
ANY_TASK = Candidate("", frozenset(), 0, 0, 0.0)  # agents of the same skills cover the same tasks


@dataclass(frozen=True)
class Hold:
    """Why an agent, or a kind of agents, gets no more work."""

    whose: str
    why: str


class Dispatch:
    """What a swarm has to give out, and to whom; its agents' threads share it.

    `stopped` says that the swarm is to end; `closed` is told of each Hold, once.
    """

    def __init__(
        self, job: Job, *, stopped: Callable[[], bool], closed: Callable[[Hold], None],
    ) -> None:  # fmt: skip
        self.job = job
        self._stopped = stopped
        self._tell_closed = closed
        self._state = threading.Condition()
        self._staying: set[str] = set()
        self._busy = 0
        self._served_in_all = 0
        self._spared: set[str] = set()  # tasks that are not given out (again)
        self._failed: Counter[str] = Counter()
        self._closed: set[str] = set()
        self._idle: dict[str, tuple[Claimant, tuple[str, ...]]] = {}
        self._served: dict[str, Claimant] = {}
        self._retry_at: str | None = None

    def wake(self) -> None:
        """Agents that wait for work look whether there is any, or whether to stop."""
        with self._state:
            self._state.notify_all()

    def look(self, db: Database) -> bool:
        """Whether somebody has written the database since this was asked last.

        Idle agents look for work then, and when a task's next attempt is due.
        """
        news = db.changed()
        if news:
            row = db.one("tasks.next_retry")
            self._retry_at = str(row["retry_at"]) if row is not None else None
            self.wake()
        elif self._retry_at is not None and self._retry_at <= clock.now():
            self._retry_at = None
            self.wake()
        return news

    def join(self, agent: Agent) -> None:
        """The agent will ask for work."""
        with self._state:
            self._staying.add(agent.name)

    def leave(self, agent: Agent) -> None:
        """The agent asks for work no more."""
        with self._state:
            self._staying.discard(agent.name)

    def staying(self) -> int:
        """How many agents ask for work."""
        with self._state:
            return len(self._staying)

    def close(self, kind: str, why: str) -> None:
        """No agent of the kind gets any more work."""
        with self._state:
            known = kind in self._closed
            self._closed.add(kind)
            self._state.notify_all()
        if not known:
            self._tell_closed(Hold("-", why))

    def next(self, workspace: Workspace, agent: Agent, kind: Kind) -> Task | None:
        """The agent's next task; None when there is none now and none can come.

        While others are at work, a task that overlaps what they reserve is not taken, and
        new tasks may still become ready.
        """
        with self._state:
            claimant = self._served.get(agent.name, Claimant(agent.name))
            self._idle[agent.name] = claimant, agent.skills
            try:
                while not self._stopped():
                    swarm = Swarms(workspace.db).get(self.job.swarm)
                    if self._is_over(workspace, agent, kind, swarm):
                        return None
                    if swarm.wanted == "run" and self._is_first(agent):
                        task = self._claim(workspace, agent)
                        if task is not None:
                            return task
                        if self._busy == 0 and not self.job.stay:
                            return None
                    self._state.wait(LOOK_AGAIN_S)
            finally:
                del self._idle[agent.name]
                self._state.notify_all()
        return None

    def ended(self, task: Task, what: str, *, bad: bool) -> None:
        """The task is nobody's of this swarm any more; everybody may look for more.

        It is given out once, or where agents stay, until it was `bad` too often in a row.
        """
        with self._state:
            self._busy -= 1
            self._failed[task.id] = times = self._failed[task.id] + 1 if bad else 0
            broken = times >= self.job.config.swarm.breaker
            if what == "stopped" or (self.job.stay and not broken):
                self._spared.discard(task.id)
            self._state.notify_all()
        if broken:
            self._tell_closed(Hold("-", f"{task.id} came to nothing {times} times in a row"))

    def _is_over(self, workspace: Workspace, agent: Agent, kind: Kind, swarm: Swarm) -> bool:
        """Whether the agent gets no more work: there are too many, or nothing left to spend."""
        if len(self._staying) > swarm.size:
            self._staying.discard(agent.name)
            return True
        if swarm.wanted == "drain" or kind.name in self._closed:
            return True
        budget = Budget(
            workspace.db, self.job.config.budget, agent=agent.name, swarm=self.job.swarm
        )
        spent = budget.spent()
        if spent is not None:
            self._tell_closed(Hold(agent.name, spent.text))
        return spent is not None

    def _is_first(self, agent: Agent) -> bool:
        """Whether the strategy serves this one before the other idle agents of its skills."""
        strategy = STRATEGIES[self.job.strategy]
        alike = [one for one, skills in self._idle.values() if skills == agent.skills]
        return assign(strategy, alike, [ANY_TASK])[0][0].name == agent.name

    def _claim(self, workspace: Workspace, agent: Agent) -> Task | None:
        config = self.job.config.swarm
        task = claims.claim_next(
            workspace.tasks, agent=agent.name, incarnation=agent.incarnation,
            skills=agent.skills, strategy=self.job.strategy,
            without=self._spared, overlapping=self._busy == 0,
            reserve_for_s=config.reservation_ttl_s,
        )  # fmt: skip
        if task is not None:
            self._busy += 1
            self._served_in_all += 1
            self._spared.add(task.id)
            load_s = self._idle[agent.name][0].load_s + (task.estimate_s or DEFAULT_ESTIMATE_S)
            self._served[agent.name] = Claimant(
                agent.name, served=self._served_in_all, load_s=load_s
            )
        return task
