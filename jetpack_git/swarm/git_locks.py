"""Git's locks: those that a killed git has left are gone.

Git takes a lock by making a file beside what it is about to change, and gives up where it finds
one. A git that is killed leaves its locks for good.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from jetpack_git import clock
from jetpack_git.errors import GitFailed
from jetpack_git.git import worktrees
from jetpack_git.git.clone import find
from jetpack_git.swarm import processes

STALE_S = 2.0  # nobody holds one of git's locks for so long without git at work
CLONE_WIDE = frozenset({"config.lock", "packed-refs.lock", "shallow.lock"})  # anybody's, anywhere


def held(where: Path, branches: Iterable[str] = ()) -> list[Path]:
    """The locks on the worktree's own files, and on the branches."""
    clone = find(str(where))
    found = [one for one in Path(clone.git_dir).glob("*.lock") if one.name not in CLONE_WIDE]
    refs = (Path(clone.common_dir, "refs/heads", f"{one}.lock") for one in branches)
    return found + [one for one in refs if one.exists()]


def clear(where: Path, branches: Iterable[str] = (), *, grace_s: float) -> None:
    """No lock is left that a killed git left on a worktree in which others may be at work.

    A lock that somebody uses is waited for. Raises GitFailed when it stays so.
    """
    named = tuple(branches)
    deadline = clock.monotonic() + grace_s
    while locks := held(where, named):
        at_work = any(processes.git_at_work(one.path) for one in worktrees.all_worktrees(where))
        stale = [one for one in locks if not at_work and _age(one) >= STALE_S]
        for one in stale:
            one.unlink(missing_ok=True)
        if len(stale) < len(locks):
            if clock.monotonic() >= deadline:
                raise GitFailed(
                    f"{where} is locked by git ({locks[0].name}): it is at work there, or was "
                    "killed just now.",
                    hint="Wait a moment, and run the command again.",
                )
            clock.sleep(processes.POLL_S)


def take_over(where: Path, branches: Iterable[str] = (), *, grace_s: float) -> None:
    """No lock is left on a worktree whose owner is dead, and which is ours now.

    A git that outlived its owner is waited for: what it holds is no stale lock.
    """
    deadline = clock.monotonic() + grace_s
    while processes.git_at_work(str(where)) and clock.monotonic() < deadline:
        clock.sleep(processes.POLL_S)
    for one in held(where, branches):
        one.unlink(missing_ok=True)


def sweep(where: Path, folder: str) -> None:
    """No lock is left that a killed git left on a branch of that folder, such as `jetpack/`.

    One that somebody may use is left alone.
    """
    found = Path(find(str(where)).common_dir, "refs/heads", folder).glob("*.lock")
    stale = [one for one in found if _age(one) >= STALE_S]
    if stale and not any(processes.git_at_work(one.path) for one in worktrees.all_worktrees(where)):
        for one in stale:
            one.unlink(missing_ok=True)


def _age(lock: Path) -> float:
    try:
        return clock.age(lock.stat().st_mtime)
    except FileNotFoundError:
        return 0.0
