"""Tasks: the units of work."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from enum import StrEnum


class Status(StrEnum):
    """What has become of a task. `ready` and `blocked` are derived, never stored."""

    PENDING = "pending"
    READY = "ready"
    CLAIMED = "claimed"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    PENDING_RETRY = "pending_retry"
    BLOCKED = "blocked"
    CANCELLED = "cancelled"


OPEN = (Status.PENDING, Status.PENDING_RETRY)
HELD = (Status.CLAIMED, Status.IN_PROGRESS)
CLOSED = (Status.COMPLETED, Status.CANCELLED)
STORED = (*OPEN, *HELD, *CLOSED, Status.FAILED)

PRIORITIES = ("critical", "high", "medium", "low", "backlog")
DEFAULT_PRIORITY = 2


@dataclass(frozen=True)
class Task:
    """One unit of work.

    `status` is the stored state; `state` what a user sees. `priority` runs from 0 (most
    urgent) to 4. `estimate_s` is in seconds. `blockers` counts the unfinished tasks that
    this one waits for, its ancestors' included; `children` its direct children. `extra`
    holds what a newer version wrote and this one does not understand.
    """

    id: str
    title: str
    description: str = ""
    status: str = Status.PENDING
    priority: int = DEFAULT_PRIORITY
    parent_id: str | None = None
    position: int = 0
    plan_id: str | None = None
    plan_key: str | None = None
    skills: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    depends: tuple[str, ...] = ()
    estimate_s: int | None = None
    assignee: str | None = None
    incarnation: str | None = None
    branch: str | None = None
    commit_id: str | None = None
    summary: str | None = None
    created_at: str = ""
    updated_at: str = ""
    claimed_at: str | None = None
    completed_at: str | None = None
    attempts: int = 0
    extra: dict[str, object] = field(default_factory=dict)
    blockers: int = 0
    children: int = 0
    graph_score: float = 0.0
    seq: int = 0

    @property
    def state(self) -> str:
        """The status with `ready` and `blocked` derived from the dependencies."""
        if self.status in OPEN and self.children == 0:
            return Status.BLOCKED if self.blockers else Status.READY
        return self.status
