"""Whether an agent is still heard of, before somebody takes what it holds."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

from jetpack_git import clock
from jetpack_git.data.database import Database
from jetpack_git.data.rows import to_agent
from jetpack_git.errors import GitFailed
from jetpack_git.git.run import git
from jetpack_git.models.agent import Agent
from jetpack_git.work.agents import is_alive


def staleness(db: Database, stale_after_s: float) -> Callable[[str], bool]:
    """What says of an agent whether it is stale, and asks once for each."""
    return cache(lambda name: is_stale(db, name, stale_after_s=stale_after_s))


def is_stale(db: Database, name: str, *, stale_after_s: float) -> bool:
    """Nothing has been heard of the agent for that long.

    A person, or an agent that never said `heartbeat`, is never stale. Nor is one in whose
    worktree something was committed or changed meanwhile.
    """
    row = db.one("agents.get", name=name)
    if row is None:
        return False
    agent = to_agent(row)
    silent = agent.kind == "person" and agent.heartbeat_at is None
    if silent or is_alive(agent, stale_after_s=stale_after_s):
        return False
    return not _moves(agent, stale_after_s)


def _moves(agent: Agent, within_s: float) -> bool:
    """Whether the agent's worktree was worked in within that time."""
    if agent.worktree is None or not os.path.isdir(agent.worktree):
        return False
    where = Path(agent.worktree)
    try:
        log = git("rev-parse", "--git-path", "logs/HEAD", cwd=where)
        changed = git("status", "--porcelain", "-z", "--no-renames", cwd=where)
    except GitFailed:
        return False
    paths = [log, *(one[3:] for one in changed.split("\0") if one)]
    return any(_age(where / path) < within_s for path in paths)


def _age(path: Path) -> float:
    """The seconds since the file was changed; without end for one that is not there."""
    try:
        return clock.age(path.lstat().st_mtime)
    except OSError:
        return float("inf")
