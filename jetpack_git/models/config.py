"""The settings of one repository, from `.jetpack/config.yaml`."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field

from jetpack_git.models.transitions import RetryPolicy


@dataclass(frozen=True)
class GuardConfig:
    """`mode` is `block`, `warn` or `off`; `on_error` says what to do when it cannot tell."""

    mode: str = "block"
    on_error: str = "block"


@dataclass(frozen=True)
class SwarmConfig:
    """How `git jetpack start` runs agents. Times are in seconds."""

    command: str | None = None
    strategy: str = "best-fit"
    integrate: str = "leave"
    heartbeat_s: float = 30.0
    stale_after_s: float = 90.0
    stop_grace_s: float = 10.0
    task_timeout_s: float = 3600.0
    reservation_ttl_s: float = 3600.0


@dataclass(frozen=True)
class ReservationsConfig:
    """How long reservations that were released are kept for whoever asks later."""

    keep_s: float = 30 * 24 * 3600.0


@dataclass(frozen=True)
class Config:
    """All settings; a key that this version does not know is in `unknown`."""

    guard: GuardConfig = field(default_factory=GuardConfig)
    swarm: SwarmConfig = field(default_factory=SwarmConfig)
    tasks: RetryPolicy = field(default_factory=RetryPolicy)
    reservations: ReservationsConfig = field(default_factory=ReservationsConfig)
    unknown: tuple[str, ...] = ()
