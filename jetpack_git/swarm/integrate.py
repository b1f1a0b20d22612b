"""Integration: finished branches go into the base, one after the other."""

from __future__ import annotations

from pathlib import Path

from jetpack_git import clock
from jetpack_git.data.rows import to_task
from jetpack_git.errors import GitFailed
from jetpack_git.git import worktrees
from jetpack_git.git.run import git
from jetpack_git.locks import alone
from jetpack_git.models.task import Task
from jetpack_git.swarm import base as base_branch
from jetpack_git.swarm import branches
from jetpack_git.work import guard
from jetpack_git.workspace import Workspace

LOCK = "integrate.lock"
TRIES = 3
TRIES_WHILE_MOVING = 30  # somebody who commits again and again is met between two commits
PAUSE_S = 0.2  # for somebody else's git to give its lock back


def unmerged(workspace: Workspace) -> list[Task]:
    """The finished tasks whose branches no integration has merged yet."""
    return [to_task(row) for row in workspace.db.all("tasks.unmerged")]


def not_in(workspace: Workspace, worktree: Path) -> list[Task]:
    """The finished tasks whose commit the worktree's HEAD does not hold, though a branch does."""
    tasks = unmerged(workspace)
    if not tasks:
        return []
    names = git("for-each-ref", "--format=%(refname:short)", "--no-merged=HEAD", "refs/heads",
                cwd=worktree, check=False)  # fmt: skip
    branches_left = set(names.splitlines())
    return [task for task in tasks if task.branch in branches_left]


def settle(workspace: Workspace, *, grace_s: float) -> list[str]:
    """No merge is left that was cut short; a sentence for each that was."""
    if base_branch.cut_short(workspace.db) is None:
        return []
    with alone(Path(workspace.clone.home, LOCK)):
        return base_branch.settle(workspace.db, grace_s=grace_s)


def merge(workspace: Workspace, task: Task, *, base: str, agent: str, guarded: bool) -> str:
    """The base branch holds the task's commit; the base's new commit.

    `guarded` says whether the guard is asked about what the merge would change.

    Raises MergeConflict, or GitFailed when the base cannot be moved; the branch stays as
    it is then, and the reason is kept as an event.
    """
    clone = Path(workspace.clone.worktree or workspace.clone.common_dir)
    with alone(Path(workspace.clone.home, LOCK)):
        try:
            base_branch.settle(workspace.db, grace_s=0)
            commit = _merge(workspace, task, base, agent if guarded else None, clone)
        except (branches.MergeConflict, GitFailed) as error:
            kind = "conflict" if isinstance(error, branches.MergeConflict) else "refused"
            with workspace.db.transaction():
                workspace.tasks.journal.event(
                    f"integration.{kind}", task.id, agent=agent, note=error.message
                )
            raise
        with workspace.db.transaction():
            workspace.tasks.journal.event(
                "integration.merged", task.id, agent=agent, note=base, commit=commit
            )
    return commit


def _merge(workspace: Workspace, task: Task, base: str, agent: str | None, clone: Path) -> str:
    """The base, moved to a merge of it and the task's commit."""
    assert task.commit_id is not None
    for attempt in range(1, TRIES_WHILE_MOVING + 1):
        old = worktrees.commit_of(f"refs/heads/{base}", cwd=clone)
        if old is None:
            raise GitFailed(f"There is no branch {base} any more.")
        if worktrees.contains(old, task.commit_id, cwd=clone):
            return old
        new = _joined(workspace, task, base, old, clone)
        if agent is not None:
            _check_guard(workspace, old, new, agent, clone)
        try:
            base_branch.move(workspace.db, base, old, new, clone=clone)
        except GitFailed:
            moved = worktrees.commit_of(f"refs/heads/{base}", cwd=clone) != old
            if attempt >= (TRIES_WHILE_MOVING if moved else TRIES):
                raise
            if not moved:
                clock.sleep(PAUSE_S)
            continue
        return new
    raise AssertionError("unreachable")


def _joined(workspace: Workspace, task: Task, base: str, old: str, clone: Path) -> str:
    """A merge commit of the two, also where the base could simply be moved forward."""
    commit = str(task.commit_id)
    message = f"Merge {task.branch}\n\n{task.title.splitlines()[0]}\n\nJetpack-Task: {task.id}"
    joined = branches.merged(
        workspace.db, old, commit, cwd=clone, message=message, names=(base, str(task.branch))
    )
    if joined != commit:
        return joined
    tree = git("rev-parse", f"{commit}^{{tree}}", cwd=clone)
    return git(
        "commit-tree", tree, "-p", old, "-p", commit, "-F", "-", cwd=clone,
        env=branches.identity(clone), stdin=message.encode("utf-8", "replace"),
    )  # fmt: skip


def _check_guard(workspace: Workspace, old: str, new: str, agent: str, clone: Path) -> None:
    """Nobody else holds a path that the merge would change. Raises GitFailed."""
    found = held_by_others(workspace, old, new, agent, clone)
    if found:
        raise GitFailed("The guard stops the merge: " + "; ".join(found))


def held_by_others(
    workspace: Workspace, before: str, after: str, agent: str, cwd: Path
) -> list[str]:
    """A sentence for each path between two commits that somebody else has the right to."""
    touched = guard.touching(workspace.db, branches.changed_paths(before, after, cwd=cwd))
    return [
        f"{path} is reserved by {row['agent']} ({row['pattern']}) until {row['expires_at']}"
        for path, row in guard.conflicts(touched, {agent})
    ]
