"""The coordinator: starts agents, keeps them at work, and ends them in order."""

from __future__ import annotations

import queue
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from dataclasses import field

from jetpack_git import clock
from jetpack_git.data.database import open_database
from jetpack_git.errors import JetpackError
from jetpack_git.errors import StoreError
from jetpack_git.git.clone import find
from jetpack_git.models.agent import Agent
from jetpack_git.models.task import Task
from jetpack_git.swarm import heart
from jetpack_git.swarm import integrate
from jetpack_git.swarm import processes
from jetpack_git.swarm.kinds import Kind
from jetpack_git.swarm.recover import bury
from jetpack_git.swarm.recover import let_go
from jetpack_git.swarm.roster import Roster
from jetpack_git.swarm.worker import Job
from jetpack_git.swarm.worker import Progress
from jetpack_git.swarm.worker import Stop
from jetpack_git.swarm.worker import Worker
from jetpack_git.work import claims
from jetpack_git.work.agents import Agents
from jetpack_git.work.budgets import Budget
from jetpack_git.work.metrics import DEFAULT_ESTIMATE_S
from jetpack_git.work.strategies import STRATEGIES
from jetpack_git.work.strategies import Candidate
from jetpack_git.work.strategies import Claimant
from jetpack_git.work.strategies import assign
from jetpack_git.work.swarms import Swarms
from jetpack_git.workspace import Workspace

LOOK_AGAIN_S = 2.0
OBEY_S = 0.5  # how soon the swarm does what its row in the database wants
ANY_TASK = Candidate("", frozenset(), 0, 0, 0.0)  # agents of the same skills cover the same tasks
BAD = frozenset({"failed", "retry", "broke"})


@dataclass
class Summary:
    """What became of each task that the swarm touched, in the order of its end.

    `broken` says of each agent whose life broke off what was the matter.
    """

    results: list[tuple[Task, str, str]] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    @property
    def went_well(self) -> bool:
        """Whether every task that was begun was completed, and merged if it was to be."""
        return not self.broken and all(
            what in ("completed", "merged") for _, _, what in self.results
        )


class Swarm:
    """Some agents at work in one clone, as threads of this process."""

    def __init__(
        self,
        workspace: Workspace,
        job: Job,
        kinds: list[Kind],
        *,
        report: Callable[[Progress], None],
    ) -> None:
        self.workspace = workspace
        self.job = job
        self.summary = Summary()
        self.stop = Stop()
        self._size = len(kinds)
        self._roster = Roster(workspace, kinds, base=job.base, skipped=self._skipped)
        self._report = report
        self._said: queue.SimpleQueue[Progress] = queue.SimpleQueue()
        self._state = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._wanted = "run"
        self._obeyed_at = clock.monotonic()
        self._staying: set[str] = set()
        self._busy = 0
        self._tried: Counter[str] = Counter()
        self._closed: dict[str, str] = {}
        self._idle: dict[str, tuple[Claimant, tuple[str, ...]]] = {}
        self._served: dict[str, Claimant] = {}
        self._living: list[tuple[Agent, Worker]] = []

    def run(self) -> Summary:
        """Nothing is left that the swarm could do, or it was stopped; what it did.

        Every agent has ended, and holds nothing.
        """
        processes.adopt_orphans()
        heart.first(
            self.workspace, self.job.config.swarm, stop=self.stop.asked,
            tell=lambda what, note: self._report(Progress(clock.now(), "-", what, None, note)),
        )  # fmt: skip
        if self.job.integrate:
            self._merge_earlier()
        self._enlist(self._size)
        beats = heart.Heart(
            self.workspace, self.job.config.swarm, living=self._alive, tell=self._tell
        )
        beats.start()
        try:
            while any(thread.is_alive() for thread in self._threads):
                self._pass_on(timeout_s=0.2)
                self._obey()
        except BaseException:  # the watcher has gone: nobody would see the agents work on
            self.stop.times += 1
            raise
        finally:
            self._wake()
            for thread in self._threads:
                thread.join()
            beats.stop()
            self._pass_on(timeout_s=0)
        return self.summary

    def ask_to_stop(self) -> None:
        """Agents get time to end, or none if this was asked before; their tasks go back.

        A signal handler may call this: nothing here waits for a lock.
        """
        self.stop.times += 1
        note = "agents end at once"
        if not self.stop.hurry():
            grace_s = self.job.config.swarm.stop_grace_s
            note = f"agents get {grace_s:g} s to end, and tasks go back"
        self._said.put(Progress(clock.now(), "-", "stopping", None, note))

    def _tell(self, what: str, note: str, name: str = "-") -> None:
        """The person who watches is told, later and by the thread that owns the terminal."""
        self._said.put(Progress(clock.now(), name, what, None, note))

    def _skipped(self, name: str, why: str) -> None:
        self._tell("skipped", why, name)

    def _enlist(self, number: int) -> None:
        """As many agents more are at work."""
        for agent, kind in self._roster.enlist(number):
            thread = threading.Thread(target=self._live, args=(agent, kind))
            with self._state:
                self._staying.add(agent.name)
            self._threads.append(thread)
            thread.start()

    def _obey(self) -> None:
        """The swarm does what it was asked to: by a signal, or through its row."""
        if self.stop.asked():
            self._wake()
            with suppress(StoreError):
                Agents(self.workspace.db).stopping()
        if clock.monotonic() < self._obeyed_at + OBEY_S:
            return
        self._obeyed_at = clock.monotonic()
        with suppress(StoreError):
            row = Swarms(self.workspace.db).get(self.job.swarm)
            if row.wanted != self._wanted:
                self._turn_to(row.wanted)
            if row.size != self._size and not self.stop.asked():
                self._resize(row.size)

    def _turn_to(self, wanted: str) -> None:
        with self._state:
            self._wanted = wanted
        self._tell({"run": "resumed", "pause": "paused", "drain": "draining"}.get(wanted, "told"),
                   "" if wanted in ("run", "pause", "drain") else f"to {wanted}")  # fmt: skip
        if wanted in ("stop", "halt"):
            self.ask_to_stop()
            self.stop.times += wanted == "halt"
        self._wake()

    def _resize(self, size: int) -> None:
        with self._state:
            self._size = size
            missing = size - len(self._staying)
        self._tell("scaled", f"to {size} agents")
        if missing > 0:
            try:
                self._enlist(missing)
            except JetpackError as error:
                self._tell("skipped", error.message)
        self._wake()

    def _alive(self) -> list[tuple[Agent, Worker]]:
        with self._state:
            return list(self._living)

    def _wake(self) -> None:
        """Agents that wait for work look whether there is any, or whether to stop."""
        with self._state:
            self._state.notify_all()

    def _live(self, agent: Agent, kind: Kind) -> None:
        """The agent's whole life, in a thread and with a connection of its own.

        Whatever goes wrong in it, the agent holds nothing at its end.
        """
        left = False
        try:
            workspace = self._open(agent)
            try:
                left = self._work_on(workspace, agent, kind)
                if left:
                    let_go(workspace, agent)
            finally:
                workspace.close()
        except Exception as error:
            note = f"{type(error).__name__}: {error}"
            self._tell("broke", note, agent.name)
            with self._state:
                self.summary.broken.append(f"{agent.name}: {note}")
            self._bury(agent)
        finally:
            with self._state:
                self._staying.discard(agent.name)
        self._tell("stopped", "", agent.name)

    def _open(self, agent: Agent) -> Workspace:
        """The clone, seen from the agent's worktree."""
        clone = find(str(agent.worktree))
        return Workspace(
            clone, open_database(clone.database), name=agent.name, incarnation=agent.incarnation
        )

    def _work_on(self, workspace: Workspace, agent: Agent, kind: Kind) -> bool:
        """Whether the agent has lived until there was no work, or it was stopped.

        If not, others have declared it dead meanwhile: its affairs are theirs to settle.
        """
        worker = Worker(workspace, agent, kind, self.job, stop=self.stop, report=self._said.put)
        worker.tell("started")
        with self._state:
            self._living.append((agent, worker))
        try:
            bad = 0
            while not self.stop.asked() and not worker.lost.is_set():
                worker.check_worktree()
                Agents(workspace.db).work(agent, None)
                task = self._next(workspace, agent, kind)
                if task is None:
                    break
                bad = bad + 1 if self._work(worker, task) in BAD else 0
                if worker.closed:
                    self._close(kind.name, worker.closed)
                if bad >= self.job.config.swarm.breaker:
                    self._tell("closed", f"{bad} tasks in a row came to nothing", agent.name)
                    with self._state:
                        self.summary.broken.append(f"{agent.name}: {bad} tasks came to nothing")
                    break
        finally:
            with self._state:
                self._living.remove((agent, worker))
        return not worker.lost.is_set()

    def _close(self, kind: str, why: str) -> None:
        """No agent of the kind gets any more work."""
        with self._state:
            known = kind in self._closed
            self._closed[kind] = why
            if not known:
                self.summary.broken.append(why)
        if not known:
            self._tell("closed", why)

    def _bury(self, agent: Agent) -> None:
        """The affairs of an agent whose life broke off are settled, now or by the next swarm."""
        try:
            clone = self.workspace.clone
            workspace = Workspace(clone, open_database(clone.database), name=None, incarnation=None)
            try:
                told = bury(workspace, agent, self.job.config.swarm.stop_grace_s)
            finally:
                workspace.close()
        except Exception as error:
            told = [f"{agent.name} cannot be settled yet: {error}"]
        for sentence in told:
            self._tell("recovered", sentence)

    def _work(self, worker: Worker, task: Task) -> str:
        """What became of the task; everybody may look for more."""
        what = "broke"
        try:
            what = worker.do(task)
            task = worker.workspace.tasks.get(task.id)
        finally:
            with self._state:
                self._busy -= 1
                if what == "stopped":
                    self._tried[task.id] -= 1
                self.summary.results.append((task, worker.agent.name, what))
                self._state.notify_all()
        return what

    def _next(self, workspace: Workspace, agent: Agent, kind: Kind) -> Task | None:
        """The agent's next task; None when there is none now and none can come.

        While others are at work, a task that overlaps what they reserve is not taken, and
        new tasks may still become ready.
        """
        with self._state:
            claimant = self._served.get(agent.name, Claimant(agent.name))
            self._idle[agent.name] = claimant, agent.skills
            try:
                while not self.stop.asked() and not self._is_over(workspace, agent, kind):
                    if self._wanted == "run" and self._is_first(agent):
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

    def _is_over(self, workspace: Workspace, agent: Agent, kind: Kind) -> bool:
        """Whether the agent gets no more work: there are too many, or nothing left to spend."""
        if len(self._staying) > self._size:
            self._staying.discard(agent.name)
            return True
        if self._wanted == "drain" or kind.name in self._closed:
            return True
        budget = Budget(
            workspace.db, self.job.config.budget, agent=agent.name, swarm=self.job.swarm
        )
        spent = budget.spent()
        if spent is not None:
            note = f"{agent.name}: {spent.text}"
            self.summary.broken.append(note)
            self._tell("closed", spent.text, agent.name)
        return spent is not None

    def _is_first(self, agent: Agent) -> bool:
        """Whether the strategy serves this one before the other idle agents of its skills."""
        strategy = STRATEGIES[self.job.strategy]
        alike = [one for one, skills in self._idle.values() if skills == agent.skills]
        return assign(strategy, alike, [ANY_TASK])[0][0].name == agent.name

    def _claim(self, workspace: Workspace, agent: Agent) -> Task | None:
        config = self.job.config.swarm
        most = config.breaker if self.job.stay else 1
        task = claims.claim_next(
            workspace.tasks, agent=agent.name, incarnation=agent.incarnation,
            skills=agent.skills, strategy=self.job.strategy,
            without={one for one, times in self._tried.items() if times >= most},
            overlapping=self._busy == 0, reserve_for_s=config.reservation_ttl_s,
        )  # fmt: skip
        if task is not None:
            self._busy += 1
            self._tried[task.id] += 1
            load_s = self._idle[agent.name][0].load_s + (task.estimate_s or DEFAULT_ESTIMATE_S)
            served = self._tried.total()
            self._served[agent.name] = Claimant(agent.name, served=served, load_s=load_s)
        return task

    def _merge_earlier(self) -> None:
        """What an earlier swarm finished but did not merge is merged."""
        for task in integrate.unmerged(self.workspace):
            if self.stop.asked():
                return
            agent = task.assignee or "git-jetpack"
            try:
                integrate.merge(
                    self.workspace, task, base=self.job.base, agent=agent, guarded=self.job.guarded
                )
                what, note = "merged", self.job.base
            except JetpackError as error:
                what, note = "unmerged", error.message
            self.summary.results.append((task, agent, what))
            self._report(Progress(clock.now(), agent, what, task, note))

    def _pass_on(self, *, timeout_s: float) -> None:
        """What the agents said is told, by the thread that owns the terminal."""
        try:
            while True:
                self._report(
                    self._said.get(timeout=timeout_s) if timeout_s else self._said.get_nowait()
                )
        except queue.Empty:
            pass
