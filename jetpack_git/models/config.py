"""The settings of one repository, from `.jetpack/config.yaml`.

Named tuples, because the hook reads them: to make a dataclass takes three times as long.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from typing import NamedTuple


class GuardConfig(NamedTuple):
    """`mode` is `block`, `warn` or `off`; `on_error` says what to do when it cannot tell."""

    mode: str = "block"
    on_error: str = "block"


class SwarmConfig(NamedTuple):
    """How `git jetpack start` runs agents. Times are in seconds.

    `adapter` names what runs a task where an agent has no own; `command` is the template of the
    adapter `command`. A run is ended that says nothing for `idle_timeout_s`, or more than
    `output_limit_mb`. A transient failure is tried again `transient_retries` times, after
    `transient_delay_s` and then twice as long each time. An agent that fails `breaker` times in
    a row gets no more tasks. `on_event` is run for each event.
    """

    command: str | None = None
    adapter: str | None = None
    model: str | None = None
    strategy: str = "best-fit"
    integrate: str = "leave"
    heartbeat_s: float = 30.0
    stale_after_s: float = 90.0
    stop_grace_s: float = 10.0
    task_timeout_s: float = 3600.0
    idle_timeout_s: float = 1800.0
    output_limit_mb: int = 256
    transient_retries: int = 3
    transient_delay_s: float = 5.0
    breaker: int = 5
    prompt_tokens: int = 6000
    on_event: str | None = None
    reservation_ttl_s: float = 3600.0


class IntegrationConfig(NamedTuple):
    """What a finished branch must pass before it is in the base.

    `checks` are command lines that are run on the merged tree, each for `check_timeout_s` at
    most. Up to `batch` branches that wait at once are checked together.
    """

    checks: Sequence[str] = ()
    check_timeout_s: float = 1800.0
    batch: int = 8


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


class BudgetConfig(NamedTuple):
    """How much may be used at most: tokens, US dollars, and minutes that agents ran.

    For one task, by one agent, on one day (in UTC), and by one swarm. None is no limit.
    """

    task_tokens: float | None = None
    task_cost: float | None = None
    task_minutes: float | None = None
    agent_tokens: float | None = None
    agent_cost: float | None = None
    agent_minutes: float | None = None
    day_tokens: float | None = None
    day_cost: float | None = None
    day_minutes: float | None = None
    swarm_tokens: float | None = None
    swarm_cost: float | None = None
    swarm_minutes: float | None = None


class Config(NamedTuple):
    """All settings; a key that this version does not know is in `unknown`.

    `agents` are the kinds of agents of a swarm, `adapters` what is changed of an adapter, and
    `prices` what a million tokens of a model cost in US dollars; each by its name.
    """

    guard: GuardConfig = GuardConfig()
    swarm: SwarmConfig = SwarmConfig()
    integration: IntegrationConfig = IntegrationConfig()
    tasks: RetryPolicy = RetryPolicy()
    reservations: ReservationsConfig = ReservationsConfig()
    mirror: MirrorConfig = MirrorConfig()
    review: ReviewConfig = ReviewConfig()
    memory: MemoryConfig = MemoryConfig()
    budget: BudgetConfig = BudgetConfig()
    agents: dict[str, dict[str, Any]] = {}  # noqa: RUF012
    adapters: dict[str, dict[str, Any]] = {}  # noqa: RUF012
    prices: dict[str, dict[str, Any]] = {}  # noqa: RUF012
    unknown: tuple[str, ...] = ()
