"""A worker: one agent that takes task after task in a worktree of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from jetpack_git import clock
from jetpack_git.errors import Conflict
from jetpack_git.errors import JetpackError
from jetpack_git.git import worktrees
from jetpack_git.git.run import failed
from jetpack_git.git.run import git
from jetpack_git.git.run import run
from jetpack_git.mirror import export
from jetpack_git.models.agent import Agent
from jetpack_git.models.config import SwarmConfig
from jetpack_git.models.task import HELD
from jetpack_git.models.task import Status
from jetpack_git.models.task import Task
from jetpack_git.swarm import branches
from jetpack_git.swarm import harness
from jetpack_git.swarm import integrate
from jetpack_git.swarm import prompt
from jetpack_git.work.agents import Agents
from jetpack_git.workspace import Workspace


@dataclass(frozen=True)
class Job:
    """What all workers of a swarm have in common."""

    command: str
    strategy: str
    base: str
    integrate: bool
    config: SwarmConfig


@dataclass(frozen=True)
class Progress:
    """One thing to tell the person who watches. `what` is a word such as `claimed`."""

    at: str
    agent: str
    what: str
    task: Task | None = None
    note: str = ""


class Worker:
    """One agent's life in the swarm, for one task at a time."""

    def __init__(
        self,
        workspace: Workspace,
        agent: Agent,
        job: Job,
        *,
        stop: threading.Event,
        report: Callable[[Progress], None],
    ) -> None:
        self.workspace = workspace
        self.agent = agent
        self.job = job
        self.lost = threading.Event()
        self._stop = stop
        self._report = report
        self._agents = Agents(workspace.db)
        assert workspace.clone.worktree is not None
        self.root = workspace.clone.worktree

    def do(self, task: Task) -> str:
        """What became of the claimed task: `merged`, `completed`, `failed`, `retry`, `stopped`.

        The mirror rests (`workspace.paused`) while the worktree is on no task's branch.
        """
        self.tell("claimed", task)
        self._agents.work(self.agent, task.id)
        try:
            return self._do(task)
        except Conflict as error:
            self.tell("lost", task, error.message)
            return "lost"
        except JetpackError as error:
            return self._give_up(task, "retry", error.message)
        finally:
            self.workspace.reservations.release(
                agent=self.agent.name, task_id=task.id, incarnation=self.agent.incarnation
            )
            self._rest(task)

    def tell(self, what: str, task: Task | None = None, note: str = "") -> None:
        """The person who watches is told."""
        self._report(Progress(clock.now(), self.agent.name, what, task, note))

    def _do(self, task: Task) -> str:
        self._save("Work that was found in this worktree")
        prepared = branches.prepare(self.workspace.db, task, Path(self.root), base=self.job.base)
        self.workspace.paused = False
        self.workspace.tasks.set_branch(task.id, prepared.branch)
        task = self.workspace.tasks.begin(
            task.id, agent=self.agent.name, incarnation=self.agent.incarnation
        )
        self._tell_overlaps(task)
        outcome = self._run(task, prepared)
        if self.lost.is_set():
            self.tell("lost", task, "another process has taken over this agent's work")
            return "lost"
        now = self.workspace.tasks.get(task.id)
        if now.status == Status.COMPLETED and now.assignee == self.agent.name:
            return self._finish(now, prepared, outcome)
        if now.assignee != self.agent.name or now.status not in HELD:
            return self._give_up(task, "left", f"the agent left the task as {now.status}")
        if outcome.kind == "done":
            return self._finish(now, prepared, outcome)
        if outcome.kind == "stopped":
            return self._give_up(now, "stopped", "the swarm was stopped")
        if outcome.kind == "timeout":
            return self._give_up(
                now, "failed", f"no end after {self.job.config.task_timeout_s:g} s"
            )
        return self._give_up(
            now, "failed", f"exit status {outcome.code}: {outcome.tail[-500:] or 'it said nothing'}"
        )

    def _tell_overlaps(self, task: Task) -> None:
        """It is told where the task's files, reserved with its claim, meet other reservations."""
        for one in self.workspace.reservations.overlaps(task.files, agent=self.agent.name):
            self.tell("overlap", task, f"{one.pattern} meets {one.held.agent}'s {one.held.pattern}")

    def _run(self, task: Task, prepared: branches.Prepared) -> harness.Outcome:
        """The command has run for the task."""
        home = Path(self.workspace.clone.home)
        file = home / "prompts" / f"{task.id}.md"
        file.parent.mkdir(parents=True, exist_ok=True)
        text = prompt.build(
            task, agent=self.agent.name, branch=prepared.branch, unfinished=prepared.unfinished
        )
        file.write_text(text, encoding="utf-8")
        values = {
            "task_id": task.id, "prompt_file": str(file), "worktree": self.root,
            "branch": prepared.branch, "agent": self.agent.name,
        }  # fmt: skip
        env = {
            "JETPACK_AGENT": self.agent.name, "JETPACK_TASK": task.id,
            "JETPACK_INCARNATION": self.agent.incarnation or "",
        }  # fmt: skip
        self.tell("running", task, prepared.branch)
        try:
            return harness.run(
                harness.arguments(self.job.command, values), cwd=Path(self.root), env=env,
                log=home / "logs" / f"{task.id}.log", timeout_s=self.job.config.task_timeout_s,
                grace_s=self.job.config.stop_grace_s, stop=self._is_over,
                started=lambda pid: self._agents.work(self.agent, task.id, pid),
            )  # fmt: skip
        finally:
            self._agents.work(self.agent, task.id)
            file.unlink(missing_ok=True)

    def _is_over(self) -> bool:
        return self._stop.is_set() or self.lost.is_set()

    def _finish(self, task: Task, prepared: branches.Prepared, outcome: harness.Outcome) -> str:
        """The work is committed, the task completed, and its branch merged if so wanted."""
        summary = _last_line(outcome.tail)
        done, event = self.workspace.tasks.foretell_done(
            task, agent=self.agent.name, summary=summary
        )
        if task.status != Status.COMPLETED:
            export.write_ahead(self.workspace.db, self.root, done, event)
        stopped = self._commit(done, prepared)
        if stopped:
            return self._give_up(task, "retry", stopped)
        commit = git("rev-parse", "HEAD", cwd=Path(self.root))
        if task.status == Status.COMPLETED:
            self.workspace.tasks.set_commit(task.id, commit)
        else:
            self.workspace.tasks.done(
                task.id, agent=self.agent.name, incarnation=self.agent.incarnation,
                summary=summary, commit_id=commit, foretold=event,
            )  # fmt: skip
        task = self.workspace.tasks.get(task.id)
        self.tell("completed", task, summary or "")
        return self._integrate(task) if self.job.integrate else "completed"

    def _commit(self, task: Task, prepared: branches.Prepared) -> str:
        """The worktree is committed; otherwise, the reason why it cannot be."""
        where = Path(self.root)
        git("add", "--all", cwd=where)
        tree = git("write-tree", cwd=where)
        held = integrate.held_by_others(
            self.workspace, prepared.start, tree, self.agent.name, where
        )
        if held:
            return "the guard stopped the commit: " + "; ".join(held[:5])
        if tree == git("rev-parse", "HEAD^{tree}", cwd=where):
            return ""
        title = " ".join(task.title.split())[:200]
        message = f"{title}\n\nJetpack-Task: {task.id}\nJetpack-Agent: {self.agent.name}\n"
        args = ("commit", "--quiet", "--cleanup=whitespace", "-F", "-")
        env = branches.identity(where, author=self.agent.name)
        env["JETPACK_AGENT"] = self.agent.name
        made = run(*args, cwd=where, check=False, env=env, stdin=message.encode("utf-8", "replace"))
        return "" if made.returncode == 0 else failed(args, made).message

    def _integrate(self, task: Task) -> str:
        """The task's branch is merged into the base, unless something stands against it."""
        try:
            integrate.merge(self.workspace, task, base=self.job.base, agent=self.agent.name)
        except JetpackError as error:
            self.tell("not merged", task, error.message)
            return "unmerged"
        self.tell("merged", task, self.job.base)
        return "merged"

    def _give_up(self, task: Task, what: str, reason: str) -> str:
        """The task is somebody else's to do, and what was done so far is on its branch."""
        tasks = self.workspace.tasks
        verb = {"failed": tasks.fail, "stopped": tasks.release}.get(what, tasks.retry)
        if not self.workspace.paused:
            export.overwrite(self.workspace.db, self.root, "task", task.id)
        if tasks.get(task.id).status in HELD:
            verb(task.id, agent=self.agent.name, incarnation=self.agent.incarnation, reason=reason)
        if not self.workspace.paused:
            self._save(f"Unfinished work on {task.id}", task.id)
        self.tell(what, task, reason)
        return what

    def _save(self, subject: str, task_id: str | None = None) -> None:
        """Nothing in the worktree is uncommitted."""
        save_unfinished(Path(self.root), subject, task_id)

    def _rest(self, task: Task) -> None:
        """The worktree stands on no branch, so that the task's can be checked out elsewhere."""
        self.workspace.paused = True
        with self.workspace.db.transaction():
            self.workspace.db.run("mirror.forget_worktree", worktree=self.root)
        self._agents.work(self.agent, None)
        if worktrees.is_clean(Path(self.root)):
            git("switch", "--quiet", "--detach", cwd=Path(self.root), check=False)


def save_unfinished(root: Path, subject: str, task_id: str | None) -> str | None:
    """What was uncommitted is a commit marked as unfinished; its id if there was anything.

    On a detached HEAD the commit is kept under `refs/jetpack/rescued/` as well.
    """
    trailers = "Jetpack-Unfinished: true\n" + (f"Jetpack-Task: {task_id}\n" if task_id else "")
    commit = worktrees.save_leftovers(root, f"{subject}\n\n{trailers}")
    if commit and worktrees.current_branch(root) is None:
        git("update-ref", f"refs/jetpack/rescued/{commit[:12]}", commit, cwd=root)
    return commit


def _last_line(text: str) -> str | None:
    """The last line that the command printed, as the summary of what it did."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return "".join(one for one in lines[-1] if one.isprintable())[:300] if lines else None
