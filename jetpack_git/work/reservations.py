"""Reservations: who means to touch which files."""

from __future__ import annotations

import os
from collections.abc import Sequence

from jetpack_git import clock
from jetpack_git.data.database import Database
from jetpack_git.data.database import Row
from jetpack_git.data.journal import Journal
from jetpack_git.data.rows import to_reservation
from jetpack_git.errors import BadInput
from jetpack_git.models.patterns import Pattern
from jetpack_git.models.patterns import anchor
from jetpack_git.models.patterns import fold
from jetpack_git.models.patterns import parents
from jetpack_git.models.reservation import REASONS
from jetpack_git.models.reservation import Overlap
from jetpack_git.models.reservation import Reservation

DEFAULT_TTL_S = 3600
LONGEST_TTL_S = 366 * 24 * 3600


class Reservations:
    """The reservations of one clone."""

    def __init__(self, db: Database, *, worktree: str | None = None) -> None:
        self.db = db
        self.journal = Journal(db, worktree)
        row = db.one("meta.get", name="ignorecase")
        self._ignorecase = row is not None and row["value"] == "true"

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
                    "pattern": pattern, "anchor": self._anchor(pattern), "agent": agent,
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
        others = self.others(agent)
        return [
            Overlap(pattern, to_reservation(row))
            for pattern in patterns
            for row in others.meeting(pattern)
        ]

    def others(self, agent: str) -> Others:
        """What all other agents hold at this moment."""
        return Others(self.db, agent, self.journal.worktree, ignorecase=self._ignorecase)

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

    def _anchor(self, pattern: str) -> str:
        return _key(pattern, self._ignorecase)


class Others:
    """The active reservations of all agents but one, at one moment; none is read twice.

    A name that is no directory in the worktree stands for a file.
    """

    def __init__(self, db: Database, agent: str, worktree: str | None, *, ignorecase: bool) -> None:
        self._db = db
        self._agent = agent
        self._worktree = worktree
        self._ignorecase = ignorecase
        self._now = clock.now()
        self._near: dict[tuple[str, str], list[tuple[Pattern, Row]]] = {}
        self._meeting: dict[str, list[Row]] = {}

    def meeting(self, pattern: str) -> list[Row]:
        """Those that some path could match as well as the pattern, in their order."""
        if pattern not in self._meeting:
            key = _key(pattern, self._ignorecase)
            near = list(self._read("below", key))
            for above in parents(key):
                near += self._read("at", above)
            wanted = self._pattern(pattern)
            found = {row["seq"]: row for held, row in near if wanted.overlaps(held)}
            self._meeting[pattern] = [found[seq] for seq in sorted(found, key=_number)]
        return self._meeting[pattern]

    def _read(self, where: str, key: str) -> list[tuple[Pattern, Row]]:
        if (where, key) not in self._near:
            rows = self._db.all(f"reservations.{where}", anchor=key, now=self._now)
            self._near[where, key] = [
                (self._pattern(str(row["pattern"])), row)
                for row in rows
                if row["agent"] != self._agent
            ]
        return self._near[where, key]

    def _pattern(self, text: str) -> Pattern:
        leaf = self._worktree is not None and not os.path.isdir(f"{self._worktree}/{anchor(text)}")
        return Pattern(text, self._ignorecase, leaf=leaf)


def _number(value: object) -> int:
    return int(str(value))


def _key(pattern: str, ignorecase: bool) -> str:
    """Where the pattern is looked up: its anchor, folded where case is ignored."""
    key = anchor(pattern)
    return fold(key) if ignorecase else key


def _check_ttl(ttl_s: float) -> None:
    if not ttl_s > 0:
        raise BadInput(
            "The time-to-live of a reservation must be positive.", hint="Write e.g. --ttl 30m"
        )
    if ttl_s > LONGEST_TTL_S:
        raise BadInput(
            "The time-to-live of a reservation is a year at most.", hint="Write e.g. --ttl 8h"
        )
