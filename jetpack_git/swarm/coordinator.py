"""The coordinator: starts agents, keeps them at work, and ends them in order."""

from __future__ import annotations

import queue
import threading
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
from jetpack_git.swarm import landing
from jetpack_git.swarm import notify
from jetpack_git.swarm import processes
from jetpack_git.swarm.dispatch import Dispatch
from jetpack_git.swarm.dispatch import Hold
from jetpack_git.swarm.kinds import Kind
from jetpack_git.swarm.notify import Notifier
from jetpack_git.swarm.progress import Progress
from jetpack_git.swarm.recover import bury
from jetpack_git.swarm.recover import let_go
from jetpack_git.swarm.roster import Roster
from jetpack_git.swarm.worker import Job
from jetpack_git.swarm.worker import Stop
from jetpack_git.swarm.worker import Worker
from jetpack_git.work.agents import Agents
from jetpack_git.work.swarms import Swarms
from jetpack_git.workspace import Workspace

OBEY_S = 0.5  # how soon the swarm sees what was written to the database
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
            what in ("completed", "merged", "requested") for _, _, what in self.results
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
        self._roster = Roster(workspace, kinds, base=job.base, skipped=self._skipped)
        self._show = report
        self._notifier: Notifier | None = None
        self._said: queue.SimpleQueue[Progress] = queue.SimpleQueue()
        self._state = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._looked_at = clock.monotonic()
        self._size = len(kinds)
        self._wanted = "run"
        self._heeded = 0
        self._living: list[tuple[Agent, Worker]] = []
        self._dispatch = Dispatch(job, stopped=self.stop.asked, closed=self._closed)

    def run(self) -> Summary:
        """Nothing is left that the swarm could do, or it was stopped; what it did.

        Every agent has ended, and holds nothing.
        """
        on_event = self.job.config.swarm.on_event
        if on_event:
            self._notifier = Notifier(
                notify.check(on_event), tell=lambda why: self._tell("warning", why)
            )
        try:
            self._run()
        finally:
            self._pass_on(timeout_s=0)
            if self._notifier is not None:
                self._notifier.close()
                self._pass_on(timeout_s=0)
        self.summary.results = landing.revised(self.workspace, self.summary.results)
        return self.summary

    def _run(self) -> None:
        processes.adopt_orphans()
        heart.first(
            self.workspace, self.job.config.swarm, stop=self.stop.asked,
            tell=lambda what, note: self._report(Progress(clock.now(), "-", what, None, note)),
        )  # fmt: skip
        if self.job.integrate != integrate.LEAVE:
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
            self._dispatch.wake()
            for thread in self._threads:
                thread.join()
            beats.stop()

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

    def _closed(self, hold: Hold) -> None:
        """Somebody gets no more work, and it is said why."""
        why = hold.why if hold.whose == "-" else f"{hold.whose}: {hold.why}"
        with self._state:
            self.summary.broken.append(why)
        self._tell("closed", hold.why, hold.whose)

    def _report(self, progress: Progress) -> None:
        """Whoever watches is told; in the thread that owns the terminal."""
        if self._notifier is not None:
            self._notifier.hear(progress)
        self._show(progress)

    def _enlist(self, number: int) -> None:
        """As many agents more are at work."""
        for agent, kind in self._roster.enlist(number):
            thread = threading.Thread(target=self._live, args=(agent, kind))
            self._dispatch.join(agent)
            self._threads.append(thread)
            thread.start()

    def _obey(self) -> None:
        """The swarm does what it was asked to: by a signal, or through its row."""
        if self.stop.times != self._heeded:
            self._heeded = self.stop.times
            self._dispatch.wake()
            with suppress(StoreError):
                Agents(self.workspace.db).stopping()
        if clock.monotonic() < self._looked_at + OBEY_S:
            return
        self._looked_at = clock.monotonic()
        with suppress(StoreError):
            if self._dispatch.look(self.workspace.db):
                row = Swarms(self.workspace.db).get(self.job.swarm)
                if row.wanted != self._wanted:
                    self._turn_to(row.wanted)
                if row.size != self._size and not self.stop.asked():
                    self._resize(row.size)

    def _turn_to(self, wanted: str) -> None:
        self._wanted = wanted
        if wanted in ("stop", "halt"):
            self.ask_to_stop()
            self.stop.times += wanted == "halt"
        else:
            self._tell({"run": "resumed", "pause": "paused"}.get(wanted, "draining"), "")

    def _resize(self, size: int) -> None:
        self._size = size
        missing = size - self._dispatch.staying()
        self._tell("scaled", f"to {size} agents")
        if missing > 0:
            try:
                self._enlist(missing)
            except JetpackError as error:
                self._tell("skipped", error.message)

    def _alive(self) -> list[tuple[Agent, Worker]]:
        with self._state:
            return list(self._living)

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
            self._dispatch.leave(agent)
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
                task = self._dispatch.next(workspace, agent, kind)
                if task is None:
                    break
                bad = bad + 1 if self._work(worker, task) in BAD else 0
                if worker.closed:
                    self._dispatch.close(kind.name, worker.closed)
                if bad >= self.job.config.swarm.breaker:
                    self._closed(Hold(agent.name, f"{bad} tasks in a row came to nothing"))
                    break
        finally:
            with self._state:
                self._living.remove((agent, worker))
        return not worker.lost.is_set()

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
                self.summary.results.append((task, worker.agent.name, what))
            self._dispatch.ended(task, what, bad=what in BAD)
        return what

    def _merge_earlier(self) -> None:
        """What an earlier swarm finished but did not merge is merged."""
        way = self.job.way(self.stop)
        for task in landing.earlier(self.workspace, way):
            if self.stop.asked():
                return
            agent = task.assignee or "git-jetpack"
            try:
                what, note = landing.land(self.workspace, task, way, queued=True)
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
