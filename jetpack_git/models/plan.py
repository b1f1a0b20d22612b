"""Plans as the database knows them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """A plan as the database knows it."""

    id: str
    title: str
    source: str = ""
    created_at: str = ""
