"""The settings of one repository, from `.jetpack/config.yaml`.

Named tuples, because the hook reads them: to make a dataclass takes three times as long.
"""

from __future__ import annotations

from typing import NamedTuple


class GuardConfig(NamedTuple):
    """`mode` is `block`, `warn` or `off`; `on_error` says what to do when it cannot tell."""

    mode: str = "block"
    on_error: str = "block"


class SwarmConfig(NamedTuple):
    """How `git jetpack start` runs agents. Times are in seconds."""

    command: str | None = None
    strategy: str = "best-fit"
    integrate: str = "leave"
    heartbeat_s: float = 30.0
    stale_after_s: float = 90.0
    stop_grace_s: float = 10.0
    task_timeout_s: float = 3600.0
    reservation_ttl_s: float = 3600.0


class RetryPolicy(NamedTuple):
    """What becomes of a task that fails: how often it is tried, and how soon again.

    `retry_delay_s` is the delay before the second attempt; it doubles with each one more.
    """

    max_attempts: int = 3
    retry_delay_s: float = 30.0
    longest_delay_s: float = 3600.0


class ReservationsConfig(NamedTuple):
    """How long reservations that were released are kept for whoever asks later."""

    keep_s: float = 30 * 24 * 3600.0


class MirrorConfig(NamedTuple):
    """Whether a commit carries the task files that this worktree's own writes have changed."""

    autostage: bool = True


class ReviewConfig(NamedTuple):
    """How bad each oddity of a branch is, in the order in which they are told.

    Each is `error`, `warning` or `off`; docs/review.md says what they mean.
    """

    markers: str = "error"
    unreadable: str = "error"
    cycle: str = "error"
    missing: str = "warning"
    deleted: str = "error"
    reopened: str = "error"
    log_changed: str = "error"
    hand_edited: str = "warning"
    reserved: str = "error"
    undeclared: str = "warning"
    no_task: str = "warning"


class MemoryConfig(NamedTuple):
    """What makes vectors of memories.

    `embedder` is `hash`, `minilm`, `http` or `command`. `url`, `model` and `key_env` (the
    variable that holds the key) are for http; `command` is a program with its arguments;
    both need the `dimension` of their vectors. A request may take `timeout_s`.
    """

    embedder: str = "hash"
    url: str | None = None
    model: str | None = None
    key_env: str | None = None
    command: str | None = None
    dimension: int | None = None
    timeout_s: float = 20.0


class Config(NamedTuple):
    """All settings; a key that this version does not know is in `unknown`."""

    guard: GuardConfig = GuardConfig()
    swarm: SwarmConfig = SwarmConfig()
    tasks: RetryPolicy = RetryPolicy()
    reservations: ReservationsConfig = ReservationsConfig()
    mirror: MirrorConfig = MirrorConfig()
    review: ReviewConfig = ReviewConfig()
    memory: MemoryConfig = MemoryConfig()
    unknown: tuple[str, ...] = ()
