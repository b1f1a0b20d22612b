"""Recovery: the work of agents that died is kept, and offered to others."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

from jetpack_git.data.database import open_database
from jetpack_git.data.rows import to_task
from jetpack_git.errors import BadInput
from jetpack_git.errors import JetpackError
from jetpack_git.git import worktrees
from jetpack_git.git.clone import find
from jetpack_git.git.run import git
from jetpack_git.git.run import run
from jetpack_git.locks import alone
from jetpack_git.mirror import export
from jetpack_git.mirror import files
from jetpack_git.mirror import read
from jetpack_git.mirror import text
from jetpack_git.models.agent import OVER
from jetpack_git.models.agent import Agent
from jetpack_git.models.event import Event
from jetpack_git.models.task import Status
from jetpack_git.models.task import Task
from jetpack_git.swarm import branches
from jetpack_git.swarm import git_locks
from jetpack_git.swarm import homes
from jetpack_git.swarm import integrate
from jetpack_git.swarm import processes
from jetpack_git.swarm.branches import save_unfinished
from jetpack_git.work.agents import Agents
from jetpack_git.work.agents import is_alive
from jetpack_git.work.agents import is_same_process
from jetpack_git.work.runs import Runs
from jetpack_git.work.tasks import Tasks
from jetpack_git.workspace import Workspace


def recover(
    workspace: Workspace,
    *,
    stale_after_s: float,
    grace_s: float,
    between: Callable[[], None] = lambda: None,
) -> list[str]:
    """No dead agent holds anything; a sentence for each thing that one did.

    `between` is called after each agent, for ending what it started can take `grace_s`.
    """
    try:
        told = integrate.settle(workspace, grace_s=grace_s)
    except JetpackError as error:
        told = [error.message]
    for agent in Agents(workspace.db).running():
        if not is_alive(agent, stale_after_s=stale_after_s):
            try:
                told += bury(workspace, agent, grace_s)
            except JetpackError as error:
                told.append(f"{agent.name} died, and cannot be settled yet: {error.message}")
            between()
    return told


def let_go(workspace: Workspace, agent: Agent) -> None:
    """The agent's life is over in order; nothing is held, not even what its commands claimed."""
    for row in workspace.db.all("tasks.held", agent=agent.name):
        if row["incarnation"] == agent.incarnation:
            Tasks(workspace.db).release(
                str(row["id"]), agent=agent.name, incarnation=agent.incarnation,
                reason="its agent has ended",
            )  # fmt: skip
    workspace.reservations.release(agent=agent.name, incarnation=agent.incarnation)
    Agents(workspace.db).finish(agent)


def bury(workspace: Workspace, agent: Agent, grace_s: float) -> list[str]:
    """The agent's life is over, and it holds nothing; a sentence for each thing that it held.

    What it ran has ended. Its tasks are `pending_retry`, or completed where its last commit
    says so; its reservations are released, and its uncommitted work is a commit on its
    branch. Only then its name is free: whoever dies meanwhile, another one starts over.
    """
    agents = Agents(workspace.db)
    with alone(Path(workspace.clone.home, "recover.lock")):
        now = agents.get(agent.name)
        if now.incarnation != agent.incarnation or now.status in OVER:
            return []
        agents.expire(agent)
        if agent.host == socket.gethostname():
            processes.end_all(_orphan(now), agent.incarnation, grace_s)
        workspace.reservations.release(agent=agent.name, incarnation=agent.incarnation)
        there = _open_worktree(workspace, agent)
        try:
            told = _settle_all(workspace, there, now, grace_s)
        finally:
            if there is not None:
                there.close()
        Runs(workspace.db).end_all_of(agent.name, agent.incarnation, now.heartbeat_at)
        agents.finish(agent, failed=True)
    return told


def _settle_all(
    workspace: Workspace, there: Workspace | None, agent: Agent, grace_s: float
) -> list[str]:
    """The agent's tasks are settled, and its worktree (if it is `there`) is at rest."""
    held = [
        to_task(row)
        for row in workspace.db.all("tasks.held", agent=agent.name)
        if row["incarnation"] in (None, agent.incarnation)
    ]
    if there is not None:
        root = Path(str(there.clone.worktree))
        left = worktrees.current_branch(root)  # of a task that was settled in an earlier try
        names = [one for one in (left, *(task.branch for task in held)) if one]
        git_locks.take_over(root, names, grace_s=grace_s)
        branches.clear_tasks(root)
        _go_back(there, agent)
    told = [_settle(workspace, there, agent, task) for task in held]
    told += _settle_own_word(workspace, there, agent)
    path = _place(workspace, agent)
    if there is None and path is not None:
        worktrees.free(path, clone=Path(workspace.clone.common_dir))
    return told + (_rescue(there, held) if there is not None else [])


def _go_back(there: Workspace, agent: Agent) -> None:
    """The worktree is on the branch of its task again, where the dead agent had left that.

    Before the task was begun there was no work, only what git may have left half done.
    """
    if agent.task_id is None:
        return
    task = there.tasks.get(agent.task_id)
    if task.status == Status.CLAIMED and task.assignee == agent.name:
        branches.drop_changes(Path(str(there.clone.worktree)))
    begun = task.status == Status.IN_PROGRESS or (
        task.status == Status.COMPLETED and task.commit_id is None
    )
    if begun and task.branch and task.assignee == agent.name:
        branches.return_to(task.branch, Path(str(there.clone.worktree)))


def _settle(workspace: Workspace, there: Workspace | None, agent: Agent, task: Task) -> str:
    """The task is completed if the branch says so, else it waits for its next attempt.

    Its file is written where its branch is checked out, and nowhere else.
    """
    clone = workspace.clone
    for ending in ("md", "json"):
        Path(clone.home, "prompts", f"{task.id}.{ending}").unlink(missing_ok=True)
    homes.clear(Path(clone.home, "prompts", f"{task.id}.home"))
    found = _completed_on_branch(task, Path(clone.worktree or clone.common_dir))
    if found is not None:
        commit, event = found
        Tasks(workspace.db).done(
            task.id, agent=agent.name, incarnation=task.incarnation, commit_id=commit,
            summary=event.note or None, foretold=event,
        )  # fmt: skip
        return f"{task.id} was completed by {agent.name} before it died"
    tasks = Tasks(workspace.db)
    if there is not None and _is_on(str(there.clone.worktree), task.branch):
        tasks = there.tasks
        export.restore(there.db, str(there.clone.worktree), task.id)
    tasks.retry(
        task.id, agent=agent.name, incarnation=task.incarnation, reason=f"{agent.name} died"
    )
    return f"{task.id} was left by {agent.name}, which died; it can be claimed again"


def _settle_own_word(workspace: Workspace, there: Workspace | None, agent: Agent) -> list[str]:
    """The task that the agent itself completed is so only if its work was committed as well."""
    if agent.task_id is None:
        return []
    tasks = Tasks(workspace.db)
    task = tasks.get(agent.task_id)
    mine = task.status == Status.COMPLETED and task.assignee == agent.name
    if not mine or task.commit_id is not None or task.branch is None:
        return []
    root = Path(str(there.clone.worktree)) if there is not None else None
    found = _completed_on_branch(task, Path(workspace.clone.common_dir))
    if found is not None and root is not None and worktrees.is_clean(root):
        tasks.set_commit(task.id, found[0])
        return [f"{task.id} was completed by {agent.name} before it died"]
    if there is not None and _is_on(str(root), task.branch):
        tasks = there.tasks
    tasks.reopen(task.id, agent=agent.name, reason=f"{agent.name} died before its commit")
    return [f"{task.id} was not committed by {agent.name}, which died; it can be claimed again"]


def _rescue(workspace: Workspace, held: list[Task]) -> list[str]:
    """What the dead agent had not committed is a commit, and its worktree is on no branch.

    Raises GitFailed where that cannot be done yet: while its branch is checked out here nobody
    else can go on with the task, so the agent's affairs stay open.
    """
    root = workspace.clone.worktree
    assert root is not None
    with workspace.db.transaction_quietly():
        workspace.db.run("mirror.forget_worktree", worktree=root)
        workspace.db.run("mirror.forget_loose", worktree=root)
    task_id = held[0].id if held else None
    what = f"Unfinished work on {task_id}" if held else "Work that was found in this worktree"
    commit = save_unfinished(Path(root), what, task_id)
    worktrees.leave_branch(Path(root))
    return [f"its uncommitted work is kept as {commit[:12]}"] if commit else []


def _completed_on_branch(task: Task, where: Path) -> tuple[str, Event] | None:
    """The branch's tip if its files say that this very claim was completed, with the event.

    A completion from before the claim tells nothing: the task was offered again since.
    """
    if task.branch is None:
        return None
    tip = worktrees.commit_of(f"refs/heads/{task.branch}", cwd=where)
    path = files.task_path(task.id)
    done = run("cat-file", "blob", f"{tip}:{path}", cwd=where, check=False)
    if tip is None or done.returncode != 0:
        return None
    try:
        if read.task(done.stdout, path).task.status != Status.COMPLETED:
            return None
    except BadInput:
        return None
    log = git("cat-file", "blob", f"{tip}:{files.log_path(task.id)}", cwd=where, check=False)
    events = [text.log_event(line, task.id) for line in log.splitlines()]
    completed = [one for one in events if one is not None and one.kind == "task.completed"]
    if not completed or completed[-1].at < (task.claimed_at or ""):
        return None
    return tip, completed[-1]


def _place(workspace: Workspace, agent: Agent) -> Path | None:
    """Where the agent's worktree belongs, if that is in this clone's pool on this machine."""
    path = Path(agent.worktree or "/")
    ours = os.path.realpath(path.parent) == workspace.clone.pool
    return path if ours and agent.host == socket.gethostname() else None


def _open_worktree(workspace: Workspace, agent: Agent) -> Workspace | None:
    """The agent's worktree, if it is still there."""
    path = _place(workspace, agent)
    if path is None or not worktrees.stands(path, clone=Path(workspace.clone.common_dir)):
        return None
    return Workspace(
        find(str(path)), open_database(workspace.clone.database), name=agent.name,
        incarnation=agent.incarnation,
    )  # fmt: skip


def _is_on(root: str, branch: str | None) -> bool:
    """Whether the worktree has just this branch checked out."""
    return branch is not None and worktrees.current_branch(Path(root)) == branch


def _orphan(agent: Agent) -> int | None:
    """The process group of what the dead agent ran, if it is provably that one."""
    if agent.child_pid is None or agent.child_started is None:
        return None
    return agent.child_pid if is_same_process(agent.child_pid, agent.child_started) else None
