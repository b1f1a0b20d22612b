"""What a load of task files did."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field


@dataclass
class Report:
    """What a load did: ids of tasks and of memories, and sentences for people."""

    added: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    memories: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    clashed: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
