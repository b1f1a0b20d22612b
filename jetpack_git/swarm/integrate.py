"""Integration: what happens to the branch of a finished task."""

from __future__ import annotations

import threading
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from jetpack_git import clock
from jetpack_git.data.rows import to_task
from jetpack_git.errors import GitFailed
from jetpack_git.errors import Negative
from jetpack_git.git import worktrees
from jetpack_git.git.run import git
from jetpack_git.locks import if_free
from jetpack_git.models.config import Config
from jetpack_git.models.task import Task
from jetpack_git.swarm import base as base_branch
from jetpack_git.swarm import branches
from jetpack_git.swarm import checks
from jetpack_git.swarm import landed
from jetpack_git.swarm.processes import POLL_S
from jetpack_git.work import guard
from jetpack_git.workspace import Workspace

LOCK = "integrate.lock"
LOOK_S = 0.5  # how often one of many threads that wait sees whether it still has to
_ours = threading.Lock()
LEAVE, MERGE, REQUEST = "leave", "merge", "pr"


@dataclass(frozen=True)
class Way:
    """How finished branches get into a base: `how` is `merge` or `pr`.

    `guarded` says whether the guard is asked about what a merge would change. `stop` says
    whether the swarm is to end, and `hurry` whether at once.
    """

    how: str
    base: str
    guarded: bool
    config: Config
    stop: Callable[[], bool]
    hurry: Callable[[], bool]


@contextmanager
def turn(
    workspace: Workspace, way: Way, wanted: Callable[[], bool] = lambda: True
) -> Iterator[bool]:
    """Whether nobody else integrates meanwhile; if not, it was no longer `wanted`.

    Raises Negative when the swarm is to end before: somebody else's checks may take long.
    """
    give_up_at = None
    while wanted():
        with _mine(Path(workspace.clone.home, LOCK)) as mine:
            if mine:
                yield wanted()
                return
        if way.stop():
            give_up_at = give_up_at or clock.monotonic() + way.config.swarm.stop_grace_s
            if way.hurry() or clock.monotonic() > give_up_at:
                raise Negative("The swarm was stopped before it was this branch's turn.")
    yield False


@contextmanager
def _mine(lock: Path) -> Iterator[bool]:
    """Whether the lock is this thread's meanwhile; waits for that a moment.

    Of all threads of this process just one looks at the file.
    """
    if not _ours.acquire(timeout=LOOK_S):
        yield False
        return
    try:
        with if_free(lock) as free:
            if not free:
                clock.sleep(POLL_S)
            yield free
    finally:
        _ours.release()


def unmerged(workspace: Workspace) -> list[Task]:
    """The finished tasks whose branches no integration has merged yet."""
    return [to_task(row) for row in workspace.db.all("tasks.unmerged")]


def not_in(workspace: Workspace, cwd: Path, target: str = "HEAD") -> list[Task]:
    """The finished tasks whose work `target` does not hold, though a branch does."""
    tasks = unmerged(workspace)
    if not tasks:
        return []
    tips = worktrees.tips(f"--no-merged={target}", "refs/heads", cwd=cwd, check=False)
    left = {str(one.branch): tips[str(one.branch)] for one in tasks if one.branch in tips}
    head = git("rev-parse", target, cwd=cwd, check=False)
    there = landed.among(workspace.db, head, set(left.values()), cwd=cwd)
    return [one for one in tasks if one.branch in left and left[one.branch] not in there]


def settle(workspace: Workspace, *, grace_s: float) -> list[str]:
    """No merge and no check is left that was cut short; a sentence for each that was.

    Where somebody integrates, that one has seen to it already.
    """
    if base_branch.cut_short(workspace.db) is None and not checks.cut_short(workspace.db):
        return []
    with if_free(Path(workspace.clone.home, LOCK)) as free:
        return settle_alone(workspace, grace_s=grace_s) if free else []


def settle_alone(workspace: Workspace, *, grace_s: float) -> list[str]:
    """The same, for who integrates."""
    checks.settle(workspace.clone, workspace.db, grace_s=grace_s)
    return base_branch.settle(workspace.db, grace_s=grace_s)


def check_guard(workspace: Workspace, old: str, new: str, agent: str, clone: Path) -> None:
    """Nobody else holds a path that the merge would change. Raises GitFailed."""
    found = held_by_others(workspace, old, new, agent, clone)
    if found:
        raise GitFailed("The guard stops the merge: " + "; ".join(found))


def held_by_others(
    workspace: Workspace, before: str, after: str, agent: str, cwd: Path
) -> list[str]:
    """A sentence for each path between two commits that somebody else has the right to."""
    if not guard.is_needed(workspace.db):
        return []
    touched = guard.touching(workspace.db, branches.changed_paths(before, after, cwd=cwd))
    return [
        f"{path} is reserved by {row['agent']} ({row['pattern']}) until {row['expires_at']}"
        for path, row in guard.conflicts(touched, {agent})
    ]
