"""The heart of a swarm: its agents are known to live, and the dead are recovered."""

from __future__ import annotations

import threading
from collections.abc import Callable
from collections.abc import Sequence
from pathlib import Path

from jetpack_git import clock
from jetpack_git.data.database import open_database
from jetpack_git.errors import JetpackError
from jetpack_git.models.agent import Agent
from jetpack_git.models.agent import AgentStatus
from jetpack_git.models.config import SwarmConfig
from jetpack_git.swarm import branches
from jetpack_git.swarm import git_locks
from jetpack_git.swarm import processes
from jetpack_git.swarm import radar
from jetpack_git.swarm.recover import recover
from jetpack_git.swarm.worker import Worker
from jetpack_git.work.agents import Agents
from jetpack_git.work.agents import is_alive
from jetpack_git.workspace import Workspace

PAIRS = 200  # branches that are compared at one beat, of 5 ms each
FOREVER_S = 1e9  # of an agent whose process runs here, a late heartbeat proves nothing


class Heart:
    """A thread that beats for all agents of a swarm.

    `living` gives them, each with its worker; `tell` is told in a word and a sentence.
    """

    def __init__(
        self, workspace: Workspace, config: SwarmConfig, *,
        living: Callable[[], Sequence[tuple[Agent, Worker]]], tell: Callable[[str, str], None],
    ) -> None:  # fmt: skip
        self._clone = workspace.clone
        self._config = config
        self._living = living
        self._tell = tell
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._drift = clock.drift()
        self._patient_until = clock.monotonic()
        self._dead: frozenset[int] = frozenset()

    def start(self) -> None:
        """It beats."""
        self._thread.start()

    def stop(self) -> None:
        """It beats no more."""
        self._done.set()
        self._thread.join()

    def _run(self) -> None:
        clone = self._clone
        workspace = Workspace(clone, open_database(clone.database), name=None, incarnation=None)
        while not self._done.wait(self._config.heartbeat_s):
            try:
                self._beat(workspace, self._slept_s())
                self._dead = processes.reap(self._dead)
                patient = clock.monotonic() < self._patient_until
                for sentence in recover(
                    workspace, stale_after_s=FOREVER_S if patient else self._config.stale_after_s,
                    grace_s=self._config.stop_grace_s, between=lambda: self._beat(workspace),
                ):  # fmt: skip
                    self._tell("recovered", sentence)
                self._look(workspace)
            except Exception as error:  # the next beat may go well: a heart does not stop
                self._tell("heartbeat failed", f"{type(error).__name__}: {error}")
        workspace.close()

    def _beat(self, workspace: Workspace, slept_s: float = 0.0) -> None:
        """Each living agent's heartbeat is fresh, and its reservations last."""
        agents = Agents(workspace.db)
        for agent, worker in self._living():
            if not agents.beat(agent):
                worker.lost.set()
                continue
            workspace.reservations.extend(
                agent=agent.name, incarnation=agent.incarnation or "",
                ttl_s=self._config.reservation_ttl_s, slept_s=slept_s,
            )  # fmt: skip

    def _look(self, workspace: Workspace) -> None:
        """Branches that will conflict are known to who works on them."""
        try:
            for one in radar.scan(workspace, at_most=PAIRS):
                paths = ", ".join(one.paths)
                self._tell("radar", f"{one.one.id} and {one.other.id} conflict in {paths}")
        except JetpackError as error:
            self._tell("radar", error.message)

    def _slept_s(self) -> float:
        """By how much the time of day has jumped forward since the last beat.

        When the machine has slept or its clock was set, every heartbeat looks old (or is in the
        future), and nobody is declared dead for it before all have had the time to beat.
        """
        jump = clock.drift() - self._drift
        if abs(jump) < max(1.0, self._config.heartbeat_s):
            return 0.0
        self._drift = clock.drift()
        self._patient_until = clock.monotonic() + self._config.stale_after_s
        self._tell("clock", f"it jumped by {jump:.0f} s: heartbeats get time to come again")
        return max(0.0, jump + self._config.heartbeat_s)


def first(
    workspace: Workspace, config: SwarmConfig, *, tell: Callable[[str, str], None],
    stop: Callable[[], bool],
) -> None:  # fmt: skip
    """The dead of earlier swarms are recovered, and what their git had locked is free.

    Who lives on this machine but was long silent gets the time of one heartbeat: the machine
    may have slept.
    """
    agents = Agents(workspace.db)
    clone = workspace.clone
    git_locks.sweep(Path(clone.worktree or clone.common_dir), branches.FOLDER)

    def silent() -> list[str]:
        return [
            one.name
            for one in agents.running()
            if one.status != AgentStatus.STALE  # that one was waited for already
            and not is_alive(one, stale_after_s=config.stale_after_s)
        ]

    for sentence in recover(workspace, stale_after_s=FOREVER_S, grace_s=config.stop_grace_s):
        tell("recovered", sentence)
    if silent():
        tell("waiting", f"for {', '.join(silent())} to be heard of")
        deadline = clock.monotonic() + config.heartbeat_s + 1
        while silent() and clock.monotonic() < deadline and not stop():
            clock.sleep(processes.POLL_S)
        for sentence in recover(
            workspace, stale_after_s=config.stale_after_s, grace_s=config.stop_grace_s
        ):
            tell("recovered", sentence)
