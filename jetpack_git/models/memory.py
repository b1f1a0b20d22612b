"""Memories: what one agent learned, for every agent to find."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from dataclasses import field
from typing import NamedTuple

AGENT_LEARNING = "agent_learning"
EPISODIC = "episodic"
WORKING = "working"
PROCEDURAL = "procedural"
IMPORTANCE = 0.5  # if nobody says more
REPOSITORY = "repository"
SCOPES = (REPOSITORY, "plan", "task", "agent")
DAY_S = 24 * 3600


class Layer(NamedTuple):
    """What holds of the memories of a type.

    `ttl_s` is how long one lives unless it says so itself. Only `durable` ones are mirrored
    to files. `half_life_s` is the age at which one counts for half as much as it can lose.
    """

    ttl_s: int | None
    durable: bool
    half_life_s: int


# Of a type that is not named here: it is kept, like an episode.
KEPT = Layer(None, True, 180 * DAY_S)
LAYERS = {
    WORKING: Layer(3 * DAY_S, False, DAY_S),
    PROCEDURAL: Layer(None, True, 730 * DAY_S),
}
PROMOTED = (AGENT_LEARNING, EPISODIC)  # what use makes procedural
HELPFUL_ENOUGH = 3  # helpful answers more than harmful ones


@dataclass(frozen=True)
class Memory:
    """One thing worth knowing.

    `memory_type` is any word. `importance` runs from 0 to 1. `scope` is where it applies:
    `repository`, or `plan:ID`, `task:ID`, `agent:NAME`. `agent`, `task_id` and `commit_id` say
    where it comes from. It holds from `valid_from` on (None: always), until `expires_at`, or
    until another memory has `superseded_by` it. `recalled`, `helpful` and `harmful` count
    in this clone alone, and stand in no file. `extra` holds what a newer version wrote.
    """

    id: str
    title: str
    body: str = ""
    memory_type: str = AGENT_LEARNING
    importance: float = IMPORTANCE
    tags: tuple[str, ...] = ()
    scope: str = REPOSITORY
    agent: str | None = None
    task_id: str | None = None
    commit_id: str | None = None
    created_at: str = ""
    updated_at: str = ""
    valid_from: str | None = None
    expires_at: str | None = None
    superseded_by: str | None = None
    extra: dict[str, object] = field(default_factory=dict)
    recalled: int = 0
    helpful: int = 0
    harmful: int = 0
    seq: int = 0

    @property
    def layer(self) -> Layer:
        """What holds of its type."""
        return layer(self.memory_type)

    @property
    def text(self) -> str:
        """All that it says, as one text."""
        return f"{self.title}\n{self.body}" if self.body else self.title

    def state(self, now: str) -> str:
        """Why it does not hold now; empty where it does."""
        if self.superseded_by:
            return f"superseded by {self.superseded_by}"
        if self.expires_at is not None and self.expires_at <= now:
            return "expired"
        return "not yet valid" if (self.valid_from or "") > now else ""

    def covers(self, other: Memory, scopes: Set[str], now: str) -> bool:
        """Whether it holds wherever the other one does, whose `scopes` these are, from then on,
        and about as long: what is left of its time is half of the other's or more.
        """
        return (
            (self.scope == REPOSITORY or self.scope in scopes)
            and (self.layer.durable or not other.layer.durable)
            and (self.valid_from or "") <= max(other.valid_from or "", now)
            and (self.expires_at is None or 2 * self._left_s(now) >= other._left_s(now))
        )

    def _left_s(self, now: str) -> float:
        from datetime import datetime

        if self.expires_at is None:
            return float("inf")
        left = datetime.fromisoformat(self.expires_at) - datetime.fromisoformat(now)
        return left.total_seconds()


def mark(memory_id: str) -> str:
    """What stands before a memory that was recalled, so that nobody remembers it again."""
    return f"[recalled {memory_id}]"


def layer(memory_type: str) -> Layer:
    """What holds of memories of that type."""
    return LAYERS.get(memory_type, KEPT)


class Found(NamedTuple):
    """A memory that a search found, its score (1 is the best there was), and its like.

    `similar` are the ids of memories that say nearly the same and are not shown.
    """

    memory: Memory
    score: float
    similar: tuple[str, ...] = ()


class Recall(NamedTuple):
    """What a search found, the best first, and how.

    `retriever` is `bm25`, or `hybrid(…)` or `vector(…)` with the embedder's name; `degraded`
    says why it is less than what the config asks for. `total` is how many fit the query at
    least: no more are looked at than are needed.
    """

    found: tuple[Found, ...]
    total: int
    retriever: str
    degraded: str = ""
