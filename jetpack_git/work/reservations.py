"""Reservations: who means to touch which files."""

from __future__ import annotations

from collections.abc import Sequence

from jetpack_git import clock
from jetpack_git.data.database import Database
from jetpack_git.data.journal import Journal
from jetpack_git.data.rows import to_reservation
from jetpack_git.errors import BadInput
from jetpack_git.models.reservation import REASONS
from jetpack_git.models.reservation import Overlap
from jetpack_git.models.reservation import Reservation
from jetpack_git.work.guard import ignores_case
from jetpack_git.work.overlaps import Others
from jetpack_git.work.overlaps import key

DEFAULT_TTL_S = 3600
LONGEST_TTL_S = 366 * 24 * 3600


class Reservations:
    """The reservations of one clone."""

    def __init__(self, db: Database, *, worktree: str | None = None) -> None:
        self.db = db
        self.journal = Journal(db, worktree)
        self._folds = ignores_case(db)

    def reserve(
        self,
        patterns: Sequence[str],
        *,
        agent: str,
        incarnation: str | None = None,
        task_id: str | None = None,
        shared: bool = False,
        reason: str = "edit",
        ttl_s: float = DEFAULT_TTL_S,
    ) -> tuple[list[Reservation], list[Overlap]]:
        """The agent has reserved the patterns; also what they overlap of others.

        It always succeeds: an overlap is data. The patterns are normalised already.
        To reserve the same again renews it, and keeps its place in the order.
        """
        _check_ttl(ttl_s)
        if reason not in REASONS:
            raise BadInput(f"{reason!r} is no reason.", hint=f"Use one of: {', '.join(REASONS)}")
        made = []
        patterns = list(dict.fromkeys(patterns))
        with self.db.transaction():
            self.db.run("reservations.expire", agent=agent, now=clock.now())
            overlaps = self.overlaps(patterns, agent=agent)
            for pattern in patterns:
                values = {
                    "pattern": pattern, "anchor": key(pattern, folds=self._folds), "agent": agent,
                    "incarnation": incarnation, "task_id": task_id, "shared": shared,
                    "reason": reason, "now": clock.now(), "expires_at": clock.after(ttl_s),
                }  # fmt: skip
                row = self.db.one("reservations.renew", **values)
                if row is None:
                    row = self.db.one("reservations.insert", **values)
                    self.journal.event(
                        "reservation.made", task_id, agent=agent, note=pattern, shared=shared
                    )
                assert row is not None
                made.append(to_reservation(row))
        return made, [one for one in overlaps if not (one.held.shared and shared)]

    def overlaps(self, patterns: Sequence[str], *, agent: str) -> list[Overlap]:
        """Other agents' active reservations that some path could match as well."""
        others = Others(self.db, agent, self.journal.worktree)
        return [
            Overlap(pattern, to_reservation(row))
            for pattern in patterns
            for row in others.meeting(pattern)
        ]

    def active(self, *, agent: str | None = None, limit: int = -1) -> tuple[list[Reservation], int]:
        """The first `limit` active reservations, in order, and how many there are."""
        now = clock.now()
        rows = self.db.all("reservations.active", agent=agent, now=now, limit=limit)
        total = self.db.count("reservations.active_total", agent=agent, now=now)
        return [to_reservation(row) for row in rows], total

    def release(
        self,
        *,
        agent: str,
        pattern: str | None = None,
        task_id: str | None = None,
        incarnation: str | None = None,
    ) -> list[Reservation]:
        """The agent's reservations (of that pattern or task) are released; which they were."""
        with self.db.transaction():
            self.db.run("reservations.expire", agent=agent, now=clock.now())
            rows = self.db.all(
                "reservations.release", agent=agent, pattern=pattern, task_id=task_id,
                incarnation=incarnation, now=clock.now(),
            )  # fmt: skip
            released = [to_reservation(row) for row in rows]
            for one in released:
                self.journal.event(
                    "reservation.released", one.task_id, agent=agent, note=one.pattern
                )
        return released

    def extend(self, *, agent: str, incarnation: str, ttl_s: float) -> None:
        """None of the living agent's active reservations expires before `ttl_s` from now."""
        self.db.run(
            "reservations.extend", agent=agent, incarnation=incarnation, now=clock.now(),
            expires_at=clock.after(ttl_s),
        )  # fmt: skip


def _check_ttl(ttl_s: float) -> None:
    if not ttl_s > 0:
        raise BadInput(
            "The time-to-live of a reservation must be positive.", hint="Write e.g. --ttl 30m"
        )
    if ttl_s > LONGEST_TTL_S:
        raise BadInput(
            "The time-to-live of a reservation is a year at most.", hint="Write e.g. --ttl 8h"
        )
