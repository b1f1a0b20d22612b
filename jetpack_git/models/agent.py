"""Agents: who does the work, a program or a person."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class AgentStatus(StrEnum):
    """Where an agent is in its life."""

    SPAWNING = "spawning"
    IDLE = "idle"
    WORKING = "working"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"
    STALE = "stale"


OVER = frozenset({AgentStatus.STOPPED, AgentStatus.FAILED})  # nobody lives under this name


@dataclass(frozen=True)
class Agent:
    """One agent.

    A person (`kind` is `person`) has no heartbeat and never goes stale. `works_in` is the worktree
    from which it was last heard of, if it has none of its own. `incarnation`
    is new in every life, so a late word from a dead one is recognised. One that has
    retired gets no mail; its name is never given to another.
    """

    name: str
    kind: str = "person"
    status: str = AgentStatus.IDLE
    skills: tuple[str, ...] = ()
    incarnation: str | None = None
    host: str | None = None
    pid: int | None = None
    pid_started: str | None = None
    child_pid: int | None = None
    child_started: str | None = None
    worktree: str | None = None
    task_id: str | None = None
    started_at: str = ""
    heartbeat_at: str | None = None
    model: str | None = None
    retired_at: str | None = None
    works_in: str | None = None


@dataclass(frozen=True)
class Swarm:
    """One coordinator, and what it is `wanted` to do: `run pause drain stop halt`.

    `bypass` names the adapters that ask nobody before they act.
    """

    id: str
    host: str
    pid: int
    pid_started: str | None
    base: str
    size: int
    wanted: str
    bypass: str
    started_at: str
