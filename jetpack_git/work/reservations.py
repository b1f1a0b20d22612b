"""Reservations: who means to touch which files."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence

from jetpack_git import clock
from jetpack_git.data.database import Database
from jetpack_git.data.database import Row
from jetpack_git.data.journal import Journal
from jetpack_git.data.rows import dump
from jetpack_git.data.rows import to_reservation
from jetpack_git.errors import BadInput
from jetpack_git.models.reservation import REASONS
from jetpack_git.models.reservation import Overlap
from jetpack_git.models.reservation import Reservation
from jetpack_git.work import forfeits
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
        or_fail: bool = False,
        is_stale: Callable[[str], bool] = lambda agent: False,
    ) -> tuple[list[Reservation], list[Overlap]]:
        """The agent has reserved the patterns; also what they overlap of others.

        It always succeeds: an overlap is data, and both sides get mail of it. With `or_fail`
        nothing is reserved when there is any. The patterns are normalised already. To reserve
        the same again renews it, and keeps its place in the order. Who `is_stale` loses the
        reservations and leases that are met, and is told.
        """
        check_ttl(ttl_s)
        if reason not in REASONS:
            raise BadInput(f"{reason!r} is no reason.", hint=f"Use one of: {', '.join(REASONS)}")
        made = []
        patterns = list(dict.fromkeys(patterns))
        with self.db.transaction():
            self.db.run("reservations.expire", agent=agent, now=clock.now())
            overlaps = self.overlaps(patterns, agent=agent)
            stale = {one.held.agent for one in overlaps if is_stale(one.held.agent)}
            gone = [one.held for one in overlaps if one.held.agent in stale]
            forfeits.take_away(self.db, gone, agent=agent)
            overlaps = [
                one
                for one in overlaps
                if one.held.agent not in stale and not (one.held.shared and shared)
            ]
            if or_fail and overlaps:
                return [], overlaps
            new = set()
            for pattern in patterns:
                values = {
                    "pattern": pattern, "anchor": key(pattern, folds=self._folds), "agent": agent,
                    "incarnation": incarnation, "task_id": task_id, "shared": shared,
                    "reason": reason, "now": clock.now(), "expires_at": clock.after(ttl_s),
                }  # fmt: skip
                row = self.db.one("reservations.renew", **values)
                if row is None:
                    new.add(pattern)
                    row = self.db.one("reservations.insert", **values)
                    self.journal.event(
                        "reservation.made", task_id, agent=agent, note=pattern, shared=shared
                    )
                assert row is not None
                made.append(to_reservation(row))
            for one in overlaps:
                if one.pattern in new:
                    self._tell_of_conflict(one, agent, task_id)
        return made, overlaps

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
            return self._released(rows, agent)

    def release_ids(self, numbers: Sequence[int], *, agent: str) -> list[Reservation]:
        """Those of the agent's reservations are released that bear these numbers; which."""
        with self.db.transaction():
            rows = self.db.all(
                "reservations.release_ids", agent=agent, ids=dump(list(numbers)), now=clock.now()
            )
            return self._released(rows, agent)

    def finish(self, task_id: str, *, agent: str) -> list[Reservation]:
        """What was reserved for a task that its holder is done with is released; which."""
        rows = self.db.all("reservations.finish", agent=agent, task_id=task_id, now=clock.now())
        return self._released(rows, agent)

    def prune(self, keep_s: float) -> None:
        """What was released longer ago than that is forgotten."""
        self.db.run("reservations.prune", before=clock.after(-keep_s))

    def _released(self, rows: Sequence[Row], agent: str) -> list[Reservation]:
        """The reservations of the rows; whoever waits for one is told."""
        released = [to_reservation(row) for row in rows]
        waiting: dict[str, dict[str, None]] = {}
        for one in released:
            self.journal.event("reservation.released", one.task_id, agent=agent, note=one.pattern)
            if not one.shared:
                for other in self.overlaps([one.pattern], agent=agent):
                    if other.held.seq > one.seq:
                        waiting.setdefault(other.held.agent, {})[one.pattern] = None
        for name, patterns in waiting.items():
            subject = f"{agent} has released {', '.join(patterns)}"
            self._tell(agent, [name], subject, patterns=list(patterns), by=agent)
        return released

    def _tell_of_conflict(self, one: Overlap, agent: str, task_id: str | None) -> None:
        held = one.held
        self._tell(
            agent, [held.agent, agent],
            f"{agent} has reserved {one.pattern}; it meets {held.pattern} of {held.agent}",
            f"{held.agent} was first, and has the right of way until {held.expires_at}.",
            kind="reservation.conflict", task_id=task_id,
            pattern=one.pattern, holder=held.agent, held=held.pattern, until=held.expires_at,
        )  # fmt: skip

    def _tell(
        self, agent: str, recipients: Sequence[str], subject: str, body: str = "", *,
        kind: str = "reservation.released", task_id: str | None = None, **payload: object,
    ) -> None:  # fmt: skip
        from jetpack_git.work.mail import Mail  # most calls do without

        Mail(self.db).notify(
            agent, recipients, subject, body, kind=kind, payload=payload, task_id=task_id
        )

    def extend(self, *, agent: str, incarnation: str, ttl_s: float, slept_s: float = 0.0) -> None:
        """None of the living agent's active reservations expires before `ttl_s` from now.

        What ran out in the seconds that this machine has just slept is active again.
        """
        self.db.run(
            "reservations.extend", agent=agent, incarnation=incarnation,
            since=clock.after(-slept_s), expires_at=clock.after(ttl_s),
        )  # fmt: skip


def check_ttl(ttl_s: float) -> None:
    """The time-to-live is positive, and a year at most. Raises BadInput."""
    if not ttl_s > 0:
        raise BadInput("The time-to-live must be positive.", hint="Write e.g. --ttl 30m")
    if ttl_s > LONGEST_TTL_S:
        raise BadInput("The time-to-live is a year at most.", hint="Write e.g. --ttl 8h")
