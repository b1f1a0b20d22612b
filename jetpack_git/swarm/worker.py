"""A worker: one agent that takes task after task in a worktree of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import replace
from functools import partial
from pathlib import Path

from jetpack_git import clock
from jetpack_git.errors import Conflict
from jetpack_git.errors import GitFailed
from jetpack_git.errors import JetpackError
from jetpack_git.errors import StoreError
from jetpack_git.git import worktrees
from jetpack_git.git.run import failed
from jetpack_git.git.run import git
from jetpack_git.git.run import run
from jetpack_git.mirror import export
from jetpack_git.models.agent import Agent
from jetpack_git.models.config import Config
from jetpack_git.models.run import Ending
from jetpack_git.models.task import HELD
from jetpack_git.models.task import Status
from jetpack_git.models.task import Task
from jetpack_git.swarm import branches
from jetpack_git.swarm import git_locks
from jetpack_git.swarm import integrate
from jetpack_git.swarm import landing
from jetpack_git.swarm import learning
from jetpack_git.swarm.integrate import Way
from jetpack_git.swarm.kinds import Kind
from jetpack_git.swarm.outcome import Result
from jetpack_git.swarm.processes import MARK
from jetpack_git.swarm.processes import POLL_S
from jetpack_git.swarm.progress import Progress
from jetpack_git.swarm.session import Session
from jetpack_git.swarm.session import Watch
from jetpack_git.work.agents import Agents
from jetpack_git.workspace import Workspace


@dataclass(frozen=True)
class Job:
    """What all workers of a swarm have in common; `swarm` is its id.

    What happens to a finished branch is `integrate`: `leave`, `merge` or `pr`.
    One that is to `stay` waits for more work when there is none, until it is stopped.
    `guarded` is the setting of the worktree that the swarm was started from: a branch that
    switches the guard off does not switch it off for itself.
    """

    swarm: str
    strategy: str
    base: str
    integrate: str
    guarded: bool
    config: Config
    stay: bool = False

    def way(self, stop: Stop) -> Way:
        """How finished branches get into the base."""
        return Way(
            self.integrate, self.base, self.guarded, self.config, stop.asked, stop.hurry
        )  # fmt: skip


class Stop:
    """How often the swarm was asked to stop: once is a wish, twice is an order.

    A plain number, so that a signal handler can count without taking a lock.
    """

    def __init__(self) -> None:
        self.times = 0

    def asked(self) -> bool:
        """Whether the swarm is to end."""
        return self.times > 0

    def hurry(self) -> bool:
        """Whether it is to end at once."""
        return self.times > 1


class Broken(Exception):
    """The agent cannot go on. What it did is believed when its affairs are settled."""


class Worker:
    """One agent's life in the swarm, for one task at a time."""

    def __init__(
        self,
        workspace: Workspace,
        agent: Agent,
        kind: Kind,
        job: Job,
        *,
        stop: Stop,
        report: Callable[[Progress], None],
    ) -> None:
        self.workspace = workspace
        self.agent = agent
        self.kind = kind
        self.job = job
        self.closed = ""  # why this agent, and all of its kind, can do nothing
        self.lost = threading.Event()
        self._rests = False
        self._stop = stop
        self._report = report
        self._agents = Agents(workspace.db)
        assert workspace.clone.worktree is not None
        self.root = workspace.clone.worktree
        self._clone = Path(workspace.clone.common_dir)
        workspace.paused = True

    def do(self, task: Task) -> str:
        """What became of the claimed task: `merged`, `completed`, `failed`, `retry`, `stopped`.

        The mirror rests (`workspace.paused`) while the worktree is on no task's branch.
        """
        self._rests = False
        self.tell("claimed", task)
        self._agents.work(self.agent, task.id)
        try:
            what = self._do(task)
        except Conflict as error:
            self.tell("lost", task, error.message)
            what = "lost"
        except JetpackError as error:
            what = self._give_up(task, "retry", error.message)
        self.workspace.reservations.release(
            agent=self.agent.name, task_id=task.id, incarnation=self.agent.incarnation
        )
        if not self._is_lost():
            self._rest(task)
        return what

    def check_worktree(self) -> None:
        """The worktree is there, and holds nothing that would get into the next task.

        Raises GitFailed; what it holds is left as it is then. There is nothing to look at right
        after a task that has left it so.
        """
        if self._rests:
            return
        root = Path(self.root)
        worktrees.ensure(root, clone=self._clone, start=self.job.base)
        self._unlock()
        self._save("Work that was found in this worktree")
        worktrees.leave_branch(root)
        if not worktrees.is_clean(root):
            odd = ", ".join(worktrees.nested(root)[:5]) or "it is not clean"
            raise GitFailed(f"{root} cannot be used any more: {odd}; it is left as it is.")

    def tell(self, what: str, task: Task | None = None, note: str = "") -> None:
        """The person who watches is told."""
        self._report(Progress(clock.now(), self.agent.name, what, task, note))

    def _do(self, task: Task) -> str:
        if not self._wait_for_commits(task):
            return self._give_up(task, "stopped", "the swarm was stopped")
        if self.workspace.tasks.get(task.id).blockers:
            return self._give_up(task, "retry", "what it waits for is not finished after all")
        prepared = self._prepare(task)
        self.workspace.paused = False
        with self.workspace.db.transaction():
            self.workspace.tasks.set_branch(task.id, prepared.branch)
            task = self.workspace.tasks.begin(
                task.id, agent=self.agent.name, incarnation=self.agent.incarnation
            )
        self._tell_overlaps(task)
        result = self._run(task, prepared)
        if Path(self.root).is_dir():
            branches.clear_tasks(Path(self.root))
        if self._is_lost():
            self.tell("lost", task, "another process has taken over this agent's work")
            return "lost"
        return self._judge(task, prepared, result)

    def _prepare(self, task: Task) -> branches.Prepared:
        """The worktree is on the task's branch, or as it was: half of another tree is no work."""
        root = Path(self.root)
        worktrees.ensure(root, clone=self._clone, start=self.job.base)  # it may have rested long
        try:
            return branches.prepare(self.workspace.db, task, root, base=self.job.base)
        except JetpackError:
            self._unlock(task.branch or branches.name_of(task))
            branches.drop_changes(root)
            raise

    def _judge(self, task: Task, prepared: branches.Prepared, result: Result) -> str:
        """What becomes of the task, now that its program has ended."""
        learning.learn(self.workspace, task, self.agent.name, result.report, self.tell)
        now = self.workspace.tasks.get(task.id)
        if now.status == Status.COMPLETED and now.assignee == self.agent.name:
            return self._finish(now, prepared, result)
        if now.assignee != self.agent.name or now.status not in HELD:
            return self._give_up(task, "left", f"the agent left the task as {now.status}")
        if result.ending == Ending.SUCCESS:
            return self._finish(now, prepared, result)
        if result.ending == Ending.AUTH:
            self.closed = f"{self.kind.name} is not logged in: {result.note}"
        if result.ending == Ending.TRANSIENT:
            return self._give_up(now, "retry", result.note)
        what = "stopped" if result.ending in (Ending.STOPPED, Ending.AUTH) else "failed"
        return self._give_up(now, what, f"{result.ending}: {result.note}")

    def _wait_for_commits(self, task: Task) -> bool:
        """Whether each finished dependency has its commit; not if the swarm is stopped before.

        An agent may complete its task itself, a moment before its work is committed.
        """
        while not self._is_over():
            at_work = {one.task_id for one in self._agents.running()}
            if not at_work & set(branches.uncommitted_before(self.workspace.db, task.id)):
                return True
            clock.sleep(POLL_S)
        return False

    def _tell_overlaps(self, task: Task) -> None:
        """It is told where the task's files, reserved with its claim, meet other reservations."""
        for one in self.workspace.reservations.overlaps(task.files, agent=self.agent.name):
            self.tell("overlap", task, f"{one.pattern} meets {one.held.agent}'s {one.held.pattern}")

    def _run(self, task: Task, prepared: branches.Prepared) -> Result:
        """How the agent's program ended."""
        session = Session(
            self.workspace, self.agent, self.kind, self.job.config, swarm=self.job.swarm,
            watch=Watch(self._is_over, self._stop.hurry, self.tell),
        )  # fmt: skip
        result = session.run(task, prepared)
        over = session.over
        if over is not None and over.scope != "task" and result.ending == Ending.LIMIT:
            return replace(result, ending=Ending.STOPPED)  # the task has no part in it
        return result

    def _is_over(self) -> bool:
        return self._stop.asked() or self.lost.is_set()

    def _is_lost(self) -> bool:
        """Whether this life of the agent was ended by others; its worktree is theirs then."""
        if not self.lost.is_set() and not self._agents.beat(self.agent):
            self.lost.set()
        return self.lost.is_set()

    def _finish(self, task: Task, prepared: branches.Prepared, result: Result) -> str:
        """The work is committed, the task completed, and its branch merged if so wanted."""
        if not self._is_on(prepared.branch):
            raise GitFailed(f"the agent left the branch {prepared.branch} for another commit")
        summary = learning.summary(result.report)
        done, event = self.workspace.tasks.foretell_done(
            task, agent=self.agent.name, summary=summary
        )
        if task.status != Status.COMPLETED:
            export.write_ahead(self.workspace.db, self.root, done, event)
        try:
            stopped = self._commit(done, prepared)
        except JetpackError as error:
            stopped = error.message
        if stopped:
            export.take_back(self.workspace.db, self.root, task.id, event)
            return self._give_up(task, "retry", stopped)
        try:
            commit = git("rev-parse", "HEAD", cwd=Path(self.root))
            if task.status == Status.COMPLETED:
                self.workspace.tasks.set_commit(task.id, commit)
            else:
                self.workspace.tasks.done(
                    task.id, agent=self.agent.name, incarnation=self.agent.incarnation,
                    summary=summary, commit_id=commit, foretold=event,
                )  # fmt: skip
        except StoreError as error:
            raise Broken(f"{task.id} is committed, but not noted: {error.message}") from error
        task = self.workspace.tasks.get(task.id)
        self.tell("completed", task, summary or "")
        return "completed" if self.job.integrate == integrate.LEAVE else self._integrate(task)

    def _commit(self, task: Task, prepared: branches.Prepared) -> str:
        """The worktree is committed; otherwise, the reason why it cannot be."""
        where = Path(self.root)
        torn, own = worktrees.unfit(where)
        if torn:
            return f"the agent left a merge with conflicts in {', '.join(torn[:5])}"
        if own:
            return f"{', '.join(own[:5])} is a git repository of its own and cannot be committed"
        branches.restore_tasks(prepared.start, where)
        worktrees.stage(where, own)
        with self.workspace.db.transaction_quietly():
            self.workspace.db.run("mirror.forget_loose", worktree=self.root)
        tree = git("write-tree", cwd=where)
        held = self._held_by_others(prepared.start, tree)
        if held:
            return "the guard stopped the commit: " + "; ".join(held[:5])
        head, old = git("rev-parse", "HEAD", "HEAD^{tree}", cwd=where).split()
        if tree == old and worktrees.is_clean(where):
            return ""
        title = " ".join(task.title.split())[:200]
        message = f"{title}\n\nJetpack-Task: {task.id}\nJetpack-Agent: {self.agent.name}\n"
        args = ("commit", "--quiet", "--cleanup=whitespace", "-F", "-")
        env = branches.identity(where, author=self.agent.name)
        env |= {"JETPACK_AGENT": self.agent.name, MARK: self.agent.incarnation or ""}
        made = run(*args, cwd=where, check=False, env=env, stdin=message.encode("utf-8", "replace"))
        # A git that was killed after the commit has made it all the same.
        if made.returncode == 0 or worktrees.commit_of("HEAD^", cwd=where) == head:
            return ""
        return failed(args, made).message

    def _held_by_others(self, start: str, tree: str) -> list[str]:
        if not self.job.guarded:
            return []
        where = Path(self.root)
        return integrate.held_by_others(self.workspace, start, tree, self.agent.name, where)

    def _integrate(self, task: Task) -> str:
        """The task's branch gets into the base, unless something stands against it."""
        try:
            what, note = landing.land(self.workspace, task, self.job.way(self._stop))
        except JetpackError as error:
            self.tell("not merged", task, error.message)
            return "unmerged"
        self.tell(what, task, note)
        return what

    def _give_up(self, task: Task, what: str, reason: str) -> str:
        """The task is somebody else's to do, and what was done so far is on its branch."""
        tasks = self.workspace.tasks
        verbs: dict[str, Callable[..., Task]] = {
            "failed": partial(tasks.fail, policy=self.job.config.tasks), "stopped": tasks.release,
        }  # fmt: skip
        verb = verbs.get(what, tasks.retry)
        now = tasks.get(task.id)
        self.workspace.paused = self.workspace.paused or not self._is_on(now.branch)
        if not self.workspace.paused:
            export.overwrite(self.workspace.db, self.root, "task", task.id)
        if now.status == Status.COMPLETED and what == "retry":
            tasks.reopen(task.id, agent=self.agent.name, reason=reason)
        elif now.status in HELD and now.assignee == self.agent.name:
            verb(task.id, agent=self.agent.name, incarnation=self.agent.incarnation, reason=reason)
        self.tell(what, task, reason)
        return what

    def _is_on(self, branch: str | None) -> bool:
        """Whether the worktree is there and on the branch, or could be brought back to it."""
        root = Path(self.root)
        if not root.is_dir():
            return False
        worktrees.ensure(root, clone=self._clone, start=self.job.base)
        return branch is not None and branches.return_to(branch, root)

    def _unlock(self, *names: str) -> None:
        """No lock is left that a killed git has left here, where nobody but us is at work."""
        root = Path(self.root)
        if git_locks.held(root, names):
            git_locks.take_over(root, names, grace_s=self.job.config.swarm.stop_grace_s)

    def _save(self, subject: str, task_id: str | None = None) -> None:
        """Nothing in the worktree is uncommitted, as far as git can take it in."""
        branches.save_unfinished(Path(self.root), subject, task_id)

    def _rest(self, task: Task) -> None:
        """All is committed, and the worktree is on no branch: others may check it out."""
        self.workspace.paused = True
        with self.workspace.db.transaction():
            self.workspace.db.run("mirror.forget_worktree", worktree=self.root)
            self.workspace.db.run("mirror.forget_loose", worktree=self.root)
        if Path(self.root).is_dir():
            worktrees.ensure(Path(self.root), clone=self._clone, start=self.job.base)
            self._unlock()
            self._rests = worktrees.is_clean(Path(self.root))
            if not self._rests or worktrees.current_branch(Path(self.root)) is None:
                self._save(f"Unfinished work on {task.id}", task.id)
            worktrees.leave_branch(Path(self.root))
        else:
            worktrees.free(Path(self.root), clone=self._clone)
        self._agents.work(self.agent, None)
        for one in self.workspace.warnings:
            self.tell("warning", task, one)
        self.workspace.warnings.clear()
