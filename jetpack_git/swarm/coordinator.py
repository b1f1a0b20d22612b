"""The coordinator: starts agents, keeps their hearts beating, and ends them in order."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

from jetpack_git import clock
from jetpack_git.data.database import open_database
from jetpack_git.errors import GitFailed
from jetpack_git.errors import JetpackError
from jetpack_git.git import worktrees
from jetpack_git.git.clone import find
from jetpack_git.models.agent import Agent
from jetpack_git.models.task import Task
from jetpack_git.swarm import integrate
from jetpack_git.swarm.recover import bury
from jetpack_git.swarm.recover import recover
from jetpack_git.swarm.worker import Job
from jetpack_git.swarm.worker import Progress
from jetpack_git.swarm.worker import Stop
from jetpack_git.swarm.worker import Worker
from jetpack_git.work import claims
from jetpack_git.work.agents import Agents
from jetpack_git.work.metrics import DEFAULT_ESTIMATE_S
from jetpack_git.work.strategies import STRATEGIES
from jetpack_git.work.strategies import Candidate
from jetpack_git.work.strategies import Claimant
from jetpack_git.work.strategies import assign
from jetpack_git.work.tasks import Tasks
from jetpack_git.workspace import Workspace

LOOK_AGAIN_S = 2.0
ANY_TASK = Candidate("", frozenset(), 0, 0, 0.0)  # all agents of a swarm cover the same tasks
MOST_AGENTS = 1000
MOST_SKIPPED = 3  # worktrees that cannot be made one after the other, before it is given up


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
        *,
        size: int,
        skills: Sequence[str] = (),
        report: Callable[[Progress], None],
    ) -> None:
        self.workspace = workspace
        self.job = job
        self.summary = Summary()
        self.stop = Stop()
        self._size = size
        self._skills = skills
        self._report = report
        self._said: queue.SimpleQueue[Progress] = queue.SimpleQueue()
        self._state = threading.Condition()
        self._busy = 0
        self._tried: set[str] = set()
        self._idle: dict[str, Claimant] = {}
        self._served: dict[str, Claimant] = {}
        self._living: list[tuple[Agent, Worker]] = []

    def run(self) -> Summary:
        """Nothing is left that the swarm could do, or it was stopped; what it did.

        Every agent has ended, and holds nothing.
        """
        config = self.job.config
        for sentence in recover(
            self.workspace, stale_after_s=config.stale_after_s, grace_s=config.stop_grace_s
        ):
            self._report(Progress(clock.now(), "-", "recovered", None, sentence))
        if self.job.integrate:
            self._merge_earlier()
        threads = [threading.Thread(target=self._live, args=(one,)) for one in self._start_agents()]
        beating = threading.Event()
        heart = threading.Thread(target=self._beat, args=(beating,))
        for thread in (*threads, heart):
            thread.start()
        try:
            while any(thread.is_alive() for thread in threads):
                self._pass_on(timeout_s=0.2)
                if self.stop.asked():
                    self._wake()
        except BaseException:  # the watcher has gone: nobody would see the agents work on
            self.stop.times += 1
            raise
        finally:
            self._wake()
            for thread in threads:
                thread.join()
            beating.set()
            heart.join()
            self._pass_on(timeout_s=0)
        return self.summary

    def ask_to_stop(self) -> None:
        """Agents get time to end, or none if this was asked before; their tasks go back.

        A signal handler may call this: nothing here waits for a lock.
        """
        self.stop.times += 1
        note = "agents end at once"
        if not self.stop.hurry():
            note = f"agents get {self.job.config.stop_grace_s:g} s to end, and tasks go back"
        self._said.put(Progress(clock.now(), "-", "stopping", None, note))

    def _wake(self) -> None:
        """Agents that wait for work look whether there is any, or whether to stop."""
        with self._state:
            self._state.notify_all()

    def _start_agents(self) -> list[Agent]:
        """As many agents as wanted, each with a name that nobody else uses and a worktree.

        A worktree that cannot be used is left alone, and so is its agent's name.
        """
        agents: list[Agent] = []
        known = Agents(self.workspace.db)
        skipped = 0
        for number in range(1, MOST_AGENTS):
            if len(agents) == self._size:
                break
            name = f"agent-{number}"
            path = Path(self.workspace.clone.pool, name)
            was_there = path.exists()
            agent = known.start(name, worktree=str(path), skills=self._skills)
            if agent is None:
                continue
            agents.append(agent)
            try:
                _check_usable(path, Path(self.workspace.clone.common_dir), self.job.base)
            except JetpackError as error:
                known.finish(agents.pop())
                skipped += 1
                if skipped > MOST_SKIPPED and not was_there:
                    if agents:
                        break
                    raise
                self._report(Progress(clock.now(), name, "skipped", None, error.message))
        return agents

    def _live(self, agent: Agent) -> None:
        """The agent's whole life, in a thread and with a connection of its own.

        Whatever goes wrong in it, the agent holds nothing at its end.
        """
        try:
            workspace = self._open(agent)
            try:
                if self._work_on(workspace, agent):
                    self._let_go(workspace, agent)
            finally:
                workspace.close()
        except Exception as error:
            note = f"{type(error).__name__}: {error}"
            self._said.put(Progress(clock.now(), agent.name, "broke", None, note))
            with self._state:
                self.summary.broken.append(f"{agent.name}: {note}")
            self._bury(agent)
        self._said.put(Progress(clock.now(), agent.name, "stopped"))

    def _open(self, agent: Agent) -> Workspace:
        """The clone, seen from the agent's worktree."""
        clone = find(str(agent.worktree))
        return Workspace(
            clone, open_database(clone.database), name=agent.name, incarnation=agent.incarnation
        )

    def _work_on(self, workspace: Workspace, agent: Agent) -> bool:
        """Whether the agent has lived until there was no work, or it was stopped.

        If not, others have declared it dead meanwhile: its affairs are theirs to settle.
        """
        worker = Worker(workspace, agent, self.job, stop=self.stop, report=self._said.put)
        worker.tell("started")
        with self._state:
            self._living.append((agent, worker))
        try:
            while not self.stop.asked() and not worker.lost.is_set():
                worker.check_worktree()
                task = self._next(workspace, agent)
                if task is None:
                    break
                self._work(worker, task)
        finally:
            with self._state:
                self._living.remove((agent, worker))
        return not worker.lost.is_set()

    def _let_go(self, workspace: Workspace, agent: Agent) -> None:
        """The agent holds nothing any more, not even what its commands claimed themselves."""
        for row in workspace.db.all("tasks.held", agent=agent.name):
            if row["incarnation"] == agent.incarnation:
                Tasks(workspace.db).release(
                    str(row["id"]), agent=agent.name, incarnation=agent.incarnation,
                    reason="its agent has ended",
                )  # fmt: skip
        workspace.reservations.release(agent=agent.name, incarnation=agent.incarnation)
        Agents(workspace.db).finish(agent)

    def _bury(self, agent: Agent) -> None:
        """The affairs of an agent whose life broke off are settled, now or by the next swarm."""
        try:
            clone = self.workspace.clone
            workspace = Workspace(clone, open_database(clone.database), name=None, incarnation=None)
            try:
                told = bury(workspace, agent, self.job.config.stop_grace_s)
            finally:
                workspace.close()
        except Exception as error:
            told = [f"{agent.name} cannot be settled yet: {error}"]
        for sentence in told:
            self._said.put(Progress(clock.now(), "-", "recovered", None, sentence))

    def _work(self, worker: Worker, task: Task) -> None:
        """The task has been done or given up, and everybody may look for more."""
        what = "broke"
        try:
            what = worker.do(task)
            task = worker.workspace.tasks.get(task.id)
        finally:
            with self._state:
                self._busy -= 1
                self.summary.results.append((task, worker.agent.name, what))
                self._state.notify_all()

    def _next(self, workspace: Workspace, agent: Agent) -> Task | None:
        """The agent's next task; None when there is none now and none can come.

        While others are at work, a task that overlaps what they reserve is not taken, and
        new tasks may still become ready.
        """
        with self._state:
            self._idle[agent.name] = self._served.get(agent.name, Claimant(agent.name))
            try:
                while not self.stop.asked():
                    if self._is_first(agent):
                        task = self._claim(workspace, agent)
                        if task is not None:
                            return task
                        if self._busy == 0:
                            return None
                    self._state.wait(LOOK_AGAIN_S)
            finally:
                del self._idle[agent.name]
                self._state.notify_all()
        return None

    def _is_first(self, agent: Agent) -> bool:
        """Whether the strategy serves this one before the other idle agents."""
        strategy = STRATEGIES[self.job.strategy]
        pairs = assign(strategy, self._idle.values(), [ANY_TASK])
        return pairs[0][0].name == agent.name

    def _claim(self, workspace: Workspace, agent: Agent) -> Task | None:
        task = claims.claim_next(
            workspace.tasks, agent=agent.name, incarnation=agent.incarnation,
            skills=agent.skills, strategy=self.job.strategy, without=self._tried,
            overlapping=self._busy == 0, reserve_for_s=self.job.config.reservation_ttl_s,
        )  # fmt: skip
        if task is not None:
            self._busy += 1
            self._tried.add(task.id)
            load_s = self._idle[agent.name].load_s + (task.estimate_s or DEFAULT_ESTIMATE_S)
            self._served[agent.name] = Claimant(agent.name, served=len(self._tried), load_s=load_s)
        return task

    def _beat(self, done: threading.Event) -> None:
        """The agents' heartbeats are fresh as long as they live; the dead are recovered."""
        config = self.job.config
        clone = self.workspace.clone
        workspace = Workspace(clone, open_database(clone.database), name=None, incarnation=None)
        while not done.wait(config.heartbeat_s):
            try:
                self._beat_once(workspace)
                for sentence in recover(
                    workspace, stale_after_s=config.stale_after_s, grace_s=config.stop_grace_s,
                    between=lambda: self._beat_once(workspace),
                ):  # fmt: skip
                    self._said.put(Progress(clock.now(), "-", "recovered", None, sentence))
            except Exception as error:  # the next beat may go well: a heart does not stop
                note = f"{type(error).__name__}: {error}"
                self._said.put(Progress(clock.now(), "-", "heartbeat failed", None, note))
        workspace.close()

    def _beat_once(self, workspace: Workspace) -> None:
        """Each living agent's heartbeat is fresh, and its reservations last."""
        agents = Agents(workspace.db)
        with self._state:
            living = list(self._living)
        for agent, worker in living:
            if not agents.beat(agent):
                worker.lost.set()
                continue
            workspace.reservations.extend(
                agent=agent.name, incarnation=agent.incarnation or "",
                ttl_s=self.job.config.reservation_ttl_s,
            )  # fmt: skip

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


def _check_usable(path: Path, clone: Path, base: str) -> None:
    """A worktree is at `path`, and holds nothing that git could not take in."""
    worktrees.ensure(path, clone=clone, start=base)
    odd = worktrees.nested(path)
    if odd:
        raise GitFailed(f"{path} holds a repository of its own, {odd[0]}; it is left as it is.")
