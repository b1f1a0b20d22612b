"""Whether an agent is still heard of, before somebody takes what it holds.

Most calls meet nobody, so what runs git is loaded where somebody is met.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from collections.abc import Sequence
from functools import cache

from jetpack_git import clock
from jetpack_git.data.database import Database
from jetpack_git.data.rows import to_agent
from jetpack_git.data.rows import to_reservation
from jetpack_git.errors import GitFailed
from jetpack_git.models.agent import Agent
from jetpack_git.work import guard
from jetpack_git.work.agents import is_alive


def staleness(db: Database, stale_after_s: float) -> Callable[[str], bool]:
    """What says of an agent whether it is stale, and asks once for each."""
    return cache(lambda name: is_stale(db, name, stale_after_s=stale_after_s))


def heard_of(
    db: Database, found: Sequence[guard.Conflict], *, agent: str, stale_after_s: float
) -> list[guard.Conflict]:
    """The conflicts with agents that are still heard of.

    What the others hold is released, and they are told.
    """
    stale = staleness(db, stale_after_s)
    gone = [row for _, row in found if stale(str(row["agent"]))]
    if gone:
        from jetpack_git.work import forfeits

        with db.transaction_quietly():
            forfeits.take_away(db, map(to_reservation, gone), agent=agent)
    return [one for one in found if not stale(str(one[1]["agent"]))]


def is_stale(db: Database, name: str, *, stale_after_s: float) -> bool:
    """Nothing has been heard of the agent for that long.

    A person is never stale who never registered nor said `heartbeat`. Nor is anybody in whose
    worktree something was committed or changed meanwhile. Who has retired is.
    """
    row = db.one("agents.get", name=name)
    if row is None:
        return False
    agent = to_agent(row)
    if agent.retired_at is not None:
        return True
    if agent.kind == "person" and agent.heartbeat_at is None:
        if agent.incarnation is None or agent.started_at >= clock.after(-stale_after_s):
            return False
    elif is_alive(agent, stale_after_s=stale_after_s):
        return False
    return not _moves(agent, stale_after_s)


def _moves(agent: Agent, within_s: float) -> bool:
    """Whether the agent's worktree was worked in within that time."""
    place = agent.worktree or agent.works_in
    if place is None or not os.path.isdir(place):
        return False
    from pathlib import Path

    from jetpack_git.git.run import git

    try:
        log = git("rev-parse", "--git-path", "logs/HEAD", cwd=Path(place))
        changed = git("status", "--porcelain", "-z", "--no-renames", cwd=Path(place))
    except GitFailed:
        return False
    paths = [log, *(one[3:] for one in changed.split("\0") if one)]
    return any(_age(os.path.join(place, path)) < within_s for path in paths)


def _age(path: str) -> float:
    """The seconds since the file was changed; without end for one that is not there."""
    try:
        return clock.age(os.lstat(path).st_mtime)
    except OSError:
        return float("inf")
