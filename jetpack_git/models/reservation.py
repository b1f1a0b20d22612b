"""Reservations: an agent's intent on files."""

from __future__ import annotations

from dataclasses import dataclass

REASONS = ("edit", "read", "create", "delete")


@dataclass(frozen=True)
class Reservation:
    """`agent` means to touch what `pattern` matches, until `expires_at` or its release.

    `seq` is the order in which reservations were made: the earlier has the right of way.
    """

    seq: int
    pattern: str
    agent: str
    shared: bool
    reason: str
    task_id: str | None
    created_at: str
    expires_at: str
    released_at: str | None = None


@dataclass(frozen=True)
class Overlap:
    """A pattern that somebody asked for meets somebody else's reservation."""

    pattern: str
    held: Reservation
