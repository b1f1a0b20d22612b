"""One run of an agent's CLI: what it said, what it used, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from enum import StrEnum


class Ending(StrEnum):
    """How a run ended. Only a `transient` ending is tried again by itself."""

    SUCCESS = "success"
    NO_CHANGE = "no_change"
    DENIED = "denied"
    AUTH = "auth"
    TRANSIENT = "transient"
    LIMIT = "limit"
    TIMEOUT = "timeout"
    STOPPED = "stopped"
    ERROR = "error"


class Said(StrEnum):
    """What an event of a run tells."""

    START = "start"
    TEXT = "text"
    TOOL = "tool"
    USAGE = "usage"
    ERROR = "error"
    END = "end"


@dataclass(frozen=True)
class Usage:
    """What was used: tokens read anew, read from the cache, and written; money in US dollars.

    `cost` is None where nobody knows it. Cached tokens are not among `fresh`.
    """

    fresh: int = 0
    cached: int = 0
    output: int = 0
    cost: float | None = None

    @property
    def tokens(self) -> int:
        """All tokens, each counted once."""
        return self.fresh + self.cached + self.output

    def __add__(self, other: Usage) -> Usage:
        """Both together; the cost is known if one of them has it."""
        known = [one.cost for one in (self, other) if one.cost is not None]
        return Usage(
            self.fresh + other.fresh, self.cached + other.cached, self.output + other.output,
            sum(known) if known else None,
        )  # fmt: skip

    def since(self, before: Usage, *, tokens: bool, cost: bool) -> Usage:
        """What came on top of `before`, in the counters that go on from run to run.

        `tokens` and `cost` say which do; a counter that began anew is taken as it is.
        """
        found = self
        if tokens and self.tokens >= before.tokens:
            found = Usage(
                max(0, self.fresh - before.fresh), max(0, self.cached - before.cached),
                max(0, self.output - before.output), self.cost,
            )  # fmt: skip
        if cost and self.cost is not None and self.cost >= (before.cost or 0.0):
            money = self.cost - (before.cost or 0.0)
            found = Usage(found.fresh, found.cached, found.output, money)
        return found


@dataclass(frozen=True)
class AgentEvent:
    """One thing that an agent's CLI said.

    `ending` is set on an `end` (how the CLI itself sees it) and on an `error`; `denied` counts
    the tools that it was not allowed to use. A text that is `more` goes on with the last one.
    """

    kind: Said
    text: str = ""
    tool: str = ""
    session: str | None = None
    model: str | None = None
    usage: Usage | None = None
    ending: Ending | None = None
    denied: int = 0
    more: bool = False


@dataclass(frozen=True)
class Heard:
    """All that one run said, put together.

    `ended` is None when its end event never came. `said` is the end of its text. Once it has
    `worked`, so that a model has answered, its session can go on.
    """

    session: str | None = None
    model: str | None = None
    usage: Usage = field(default_factory=Usage)
    ended: Ending | None = None
    failure: Ending | None = None
    error: str = ""
    said: str = ""
    denied: int = 0
    worked: bool = False


@dataclass(frozen=True)
class Run:
    """One run of an agent's program for a task; it goes on while `ended_at` is None."""

    agent: str
    task_id: str
    title: str
    adapter: str
    model: str | None
    started_at: str
    ended_at: str | None
    usage: Usage


@dataclass(frozen=True)
class Cost:
    """What the runs of one name used. `unknown` counts those whose cost nobody knows."""

    name: str
    runs: int
    usage: Usage
    unknown: int
    minutes: float
