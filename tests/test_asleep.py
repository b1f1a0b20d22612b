"""A machine that sleeps, or whose clock is set: nobody is declared dead for it."""

from __future__ import annotations

import os
import time

import pytest
from conftest import Repo
from swarm_tools import opened
from swarm_tools import wait_for

from jetpack_git import clock
from jetpack_git.models.config import SwarmConfig
from jetpack_git.swarm.heart import Heart
from jetpack_git.work.agents import Agents
from jetpack_git.workspace import Workspace

PATIENCE_S = 1.0
CONFIG = SwarmConfig(heartbeat_s=0.1, stale_after_s=PATIENCE_S)


def silence(workspace: Workspace) -> None:
    """No agent was heard of for an hour."""
    sql = "UPDATE agents SET heartbeat_at ="
    workspace.db.backend.script(f"{sql} '{clock.after(-3600)}'")


@pytest.mark.parametrize("jump_s", [3600, -3600])
def test_who_was_silent_while_the_clock_jumped_has_time_to_be_heard(
    repo: Repo, monkeypatch: pytest.MonkeyPatch, jump_s: int
) -> None:
    """It is told by how much; who stays silent then is dead, as ever."""
    told: list[tuple[str, str]] = []
    with opened(repo) as workspace:
        agents = Agents(workspace.db)
        agents.start("silent", worktree=os.path.realpath(repo.path))
        heart = Heart(
            workspace, CONFIG, living=list, tell=lambda what, note: told.append((what, note))
        )
        before = clock.drift()
        silence(workspace)
        monkeypatch.setattr(clock, "drift", lambda: before + jump_s)
        begin = time.monotonic()
        heart.start()
        try:
            wait_for(lambda: len(told) > 0)
            assert told[0][0] == "clock"
            assert f"it jumped by {jump_s} s" in told[0][1]
            wait_for(lambda: agents.running() == [])
        finally:
            heart.stop()
        assert time.monotonic() - begin > PATIENCE_S
        assert [what for what, _ in told] == ["clock"]


def test_who_is_silent_while_no_clock_jumps_is_dead(repo: Repo) -> None:
    """At the next beat."""
    with opened(repo) as workspace:
        agents = Agents(workspace.db)
        agents.start("silent", worktree=os.path.realpath(repo.path))
        silence(workspace)
        heart = Heart(workspace, CONFIG, living=list, tell=lambda what, note: None)
        begin = time.monotonic()
        heart.start()
        wait_for(lambda: agents.running() == [])
        heart.stop()
        assert time.monotonic() - begin < PATIENCE_S
