"""Events: what happened, when, and who did it. They are only ever added."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field


@dataclass(frozen=True)
class Event:
    """One thing that happened. `id` is the same in every clone."""

    id: str
    at: str
    kind: str
    task_id: str | None = None
    agent: str | None = None
    note: str = ""
    data: dict[str, object] = field(default_factory=dict)
