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

BLOCKS = "blocks"
LINKS = ("discovered-from", "related", "supersedes")  # kinds that nothing waits for


@dataclass(frozen=True)
class Task:
    """One unit of work.

    `status` is the stored state; `state` what a user sees. `priority` runs from 0 (most
    urgent) to 4. `links` are pairs of a kind and another task's id, sorted. `estimate_s` is
    in seconds. `blockers` counts the unfinished tasks that this one waits for, its
    ancestors' included; `children` its direct children. `attempts` counts the claims since
    it was last released; until `retry_at` the next one waits. `percent` is its holder's last
    report, `results` are files to look at, `aliases` the ids that it had elsewhere. `extra`
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
    links: tuple[tuple[str, str], ...] = ()
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
    max_attempts: int | None = None
    retry_at: str | None = None
    percent: int | None = None
    results: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    extra: dict[str, object] = field(default_factory=dict)
    blockers: int = 0
    children: int = 0
    graph_score: float = 0.0
    seq: int = 0

    @property
    def state(self) -> str:
        """The status with `ready` and `blocked` derived from the dependencies."""
        if self.status in OPEN and self.children == 0:
            if self.blockers:
                return Status.BLOCKED
            return Status.PENDING_RETRY if self.retry_at else Status.READY
        return self.status


@dataclass(frozen=True)
class Rollup:
    """What the leaves below a parent say of it. `open` counts those that are not finished.

    `percent` is the mean of the leaves' progress: 100 for a completed one, the last report
    for another; cancelled ones count for nothing. `estimate_s` is the sum of what is known.
    """

    leaves: int
    open: int
    completed: int
    held: int
    failed: int
    blocked: int
    percent: float
    estimate_s: int

    def state(self, status: str) -> str:
        """How the parent stands, whose stored status is that."""
        if not self.open:
            return status
        if self.failed == self.open:
            return Status.FAILED
        if self.held or self.completed:
            return Status.IN_PROGRESS
        return Status.BLOCKED if self.blocked == self.open else Status.PENDING
