"""Recovery: the work of agents that died is kept, and offered to others."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from jetpack_git.data.database import open_database
from jetpack_git.data.rows import to_task
from jetpack_git.errors import BadInput
from jetpack_git.errors import JetpackError
from jetpack_git.git.clone import find
from jetpack_git.git.run import git
from jetpack_git.git.run import run
from jetpack_git.mirror import export
from jetpack_git.mirror import files
from jetpack_git.mirror import read
from jetpack_git.models.agent import Agent
from jetpack_git.models.agent import AgentStatus
from jetpack_git.models.task import Status
from jetpack_git.models.task import Task
from jetpack_git.swarm import harness
from jetpack_git.swarm.worker import save_unfinished
from jetpack_git.work.agents import Agents
from jetpack_git.work.agents import is_alive
from jetpack_git.work.agents import is_same_process
from jetpack_git.workspace import Workspace


def recover(workspace: Workspace, *, stale_after_s: float, grace_s: float) -> list[str]:
    """No dead agent holds anything; a sentence for each one that did.

    Its task is `pending_retry`, or completed when its last commit says so; its
    reservations are released, and its uncommitted work is a commit on its branch.
    """
    told = []
    for agent in Agents(workspace.db).running():
        if not is_alive(agent, stale_after_s=stale_after_s):
            told += _bury(workspace, agent, grace_s)
    return told


def _bury(workspace: Workspace, agent: Agent, grace_s: float) -> list[str]:
    """The dead agent's affairs are settled, unless somebody else does it already."""
    _end_orphan(agent, grace_s)
    told = []
    with workspace.db.transaction():
        held = [
            to_task(row)
            for row in workspace.db.all("tasks.held", agent=agent.name)
            if row["incarnation"] in (None, agent.incarnation)
        ]
        if not Agents(workspace.db).finish(agent, AgentStatus.STALE):
            return []
        workspace.reservations.release(agent=agent.name, incarnation=agent.incarnation)
    there = _open_worktree(agent)
    try:
        told += [
            _settle(there or workspace, agent, task, in_worktree=there is not None) for task in held
        ]
        if there is not None:
            told += _rescue(there, held)
    finally:
        if there is not None:
            there.close()
    return told


def _settle(workspace: Workspace, agent: Agent, task: Task, *, in_worktree: bool) -> str:
    """The task is completed if the branch says so, else it waits for its next attempt."""
    root = workspace.clone.worktree
    commit = _completed_on_branch(task, Path(root or workspace.clone.common_dir))
    tasks = workspace.tasks
    if in_worktree and root is not None:
        _unlock(root)
        workspace.paused = not _is_on(root, task.branch)
    if commit is not None:
        workspace.paused = True
        tasks.done(
            task.id, agent=agent.name, incarnation=task.incarnation, commit_id=commit,
            summary=task.summary,
        )  # fmt: skip
        return f"{task.id} was completed by {agent.name} before it died"
    if not workspace.paused and root is not None and in_worktree:
        export.overwrite(workspace.db, root, "task", task.id)
    tasks.retry(
        task.id, agent=agent.name, incarnation=task.incarnation, reason=f"{agent.name} died"
    )
    return f"{task.id} was left by {agent.name}, which died; it can be claimed again"


def _rescue(workspace: Workspace, held: list[Task]) -> list[str]:
    """What the dead agent had not committed is a commit."""
    root = workspace.clone.worktree
    assert root is not None
    with workspace.db.transaction_quietly():
        workspace.db.run("mirror.forget_worktree", worktree=root)
    task_id = held[0].id if held else None
    try:
        commit = save_unfinished(Path(root), f"Unfinished work on {task_id}", task_id)
        git("switch", "--quiet", "--detach", cwd=Path(root), check=False)
    except JetpackError as error:
        return [f"the work in {root} could not be saved and stays there: {error.message}"]
    return [f"its uncommitted work is kept as {commit[:12]}"] if commit else []


def _completed_on_branch(task: Task, where: Path) -> str | None:
    """The commit at the branch's tip if the task's file there says that it is completed."""
    if task.branch is None:
        return None
    ref = f"refs/heads/{task.branch}"
    done = run("cat-file", "blob", f"{ref}:{files.task_path(task.id)}", cwd=where, check=False)
    if done.returncode != 0:
        return None
    try:
        found = read.task(done.stdout, files.task_path(task.id)).task
    except BadInput:
        return None
    return git("rev-parse", ref, cwd=where) if found.status == Status.COMPLETED else None


def _open_worktree(agent: Agent) -> Workspace | None:
    """The dead agent's worktree, if it is one of this machine and still there."""
    if agent.host != socket.gethostname() or not agent.worktree:
        return None
    if not os.path.exists(f"{agent.worktree}/.git"):
        return None
    try:
        clone = find(agent.worktree)
        return Workspace(
            clone, open_database(clone.database), name=agent.name, incarnation=agent.incarnation
        )
    except JetpackError:
        return None


def _is_on(root: str, branch: str | None) -> bool:
    """Whether the worktree has just this branch checked out."""
    there = git("symbolic-ref", "--quiet", "--short", "HEAD", cwd=Path(root), check=False)
    return branch is not None and there == branch


def _unlock(root: str) -> None:
    """A lock that a killed git left on the index of a dead agent's worktree is gone."""
    path = git("rev-parse", "--git-path", "index.lock", cwd=Path(root))
    Path(root, path).unlink(missing_ok=True)


def _end_orphan(agent: Agent, grace_s: float) -> None:
    """The command that the dead agent was running has ended, if it is provably that one."""
    if agent.host != socket.gethostname() or agent.child_pid is None:
        return
    if agent.child_started is not None and is_same_process(agent.child_pid, agent.child_started):
        harness.end_session(agent.child_pid, grace_s)
