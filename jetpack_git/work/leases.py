"""Leases: one holder each; the others are told who it is."""

from __future__ import annotations

from collections.abc import Callable

from jetpack_git import clock
from jetpack_git.data.database import Database
from jetpack_git.data.database import Row
from jetpack_git.data.journal import Journal
from jetpack_git.errors import Conflict
from jetpack_git.models.lease import Lease
from jetpack_git.models.patterns import Pattern
from jetpack_git.work import forfeits
from jetpack_git.work import lease_waits
from jetpack_git.work.guard import ignores_case
from jetpack_git.work.overlaps import Others
from jetpack_git.work.reservations import check_ttl

DEFAULT_TTL_S = 600


class _Held(Exception):
    """Somebody else has what was wanted."""

    def __init__(self, lease: Lease) -> None:
        super().__init__(lease.name)
        self.lease = lease


class Leases:
    """The leases of one clone."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.journal = Journal(db, None)

    def take(
        self, name: str, *, pattern: bool, agent: str, incarnation: str | None = None,
        task_id: str | None = None, ttl_s: float = DEFAULT_TTL_S,
        is_stale: Callable[[str], bool] = lambda agent: False,
    ) -> Lease:  # fmt: skip
        """The agent alone has it, or has it for longer.

        A pattern is normalised already. Raises Conflict, with the holder, when somebody else
        has it or has a pattern that some path could match as well; the holder gets mail of that
        once, and the agent when it is given back. A holder that `is_stale` loses it, and is told.
        Who has reserved what it meets has the right of way no more, and both sides get mail of
        that.
        """
        check_ttl(ttl_s)
        while True:
            try:
                return self._take(name, pattern, agent, incarnation, task_id, ttl_s, is_stale)
            except _Held as refused:
                if lease_waits.ask(self.db, refused.lease, name, agent, task_id):
                    raise _refused(refused.lease) from None

    def _take(
        self, name: str, pattern: bool, agent: str, incarnation: str | None, task_id: str | None,
        ttl_s: float, is_stale: Callable[[str], bool],
    ) -> Lease:  # fmt: skip
        with self.db.transaction():
            now = clock.now()
            lease_waits.tell(self.db, but=agent)
            for held in self._others(name, pattern, agent, now):
                if not is_stale(held.agent):
                    raise _Held(held)
                forfeits.forfeit(
                    self.db, held.name, holder=held.agent, task_id=held.task_id, agent=agent
                )
            before = self.db.one("leases.get", name=name, now=now)
            row = self.db.one(
                "leases.take", name=name, pattern=pattern, agent=agent, incarnation=incarnation,
                task_id=task_id, ttl_s=ttl_s, now=now, expires_at=clock.after(ttl_s),
            )  # fmt: skip
            if row is None:  # the same name, once of a thing and once of a file
                (other,) = self.db.all("leases.holder", name=name)
                raise _Held(_lease(other))
            self.journal.event("lease.taken", task_id, agent=agent, note=name)
            made = _lease(row)
            if pattern and before is None:
                self._tell_of_reservations(made)
        return made

    def release(
        self, *, agent: str, name: str | None = None, task_id: str | None = None
    ) -> list[Lease]:
        """What the agent had (of that name, or for that task) is free; which that was.

        Who was refused it is told.
        """
        with self.db.transaction():
            self.db.run("leases.prune", now=clock.now())
            rows = self.db.all("leases.release", agent=agent, name=name, task_id=task_id)
            for row in rows:
                self.journal.event("lease.released", task_id, agent=agent, note=str(row["name"]))
            lease_waits.tell(self.db)
        return [_lease(row) for row in rows]

    def active(self) -> list[Lease]:
        """All leases that hold now, by name."""
        return [_lease(row) for row in self.db.all("leases.active", now=clock.now())]

    def _others(self, name: str, pattern: bool, agent: str, now: str) -> list[Lease]:
        """What others have that stands against it."""
        if not pattern:
            row = self.db.one("leases.get", name=name, now=now)
            found = [_lease(row)] if row is not None else []
        else:
            folds = ignores_case(self.db)
            wanted = Pattern(name, folds)
            held = [_lease(row) for row in self.db.all("leases.active", now=now)]
            found = [
                one for one in held if one.pattern and wanted.overlaps(Pattern(one.name, folds))
            ]
        return [one for one in found if one.agent != agent]

    def _tell_of_reservations(self, made: Lease) -> None:
        from jetpack_git.work.mail import Mail  # most calls do without

        for row in Others(self.db, made.agent, None).meeting(made.name):
            holder, held = str(row["agent"]), str(row["pattern"])
            Mail(self.db).notify(
                made.agent, [holder, made.agent],
                f"{made.agent} has leased {made.name}; it meets {held} of {holder}",
                f"A lease comes before every reservation; this one holds until {made.expires_at}.",
                kind="reservation.conflict", task_id=made.task_id,
                payload={"pattern": held, "holder": made.agent, "held": made.name,
                         "until": made.expires_at},
            )  # fmt: skip


def _refused(held: Lease) -> Conflict:
    return Conflict(
        f"{held.name} is leased by {held.agent} since {held.since} until {held.expires_at}.",
        hint="Its holder knows, and you get mail when it has it no more: git jetpack inbox --wait",
    )


def _lease(row: Row) -> Lease:
    return Lease(
        name=str(row["name"]), pattern=bool(row["pattern"]), agent=str(row["agent"]),
        task_id=None if row["task_id"] is None else str(row["task_id"]),
        ttl_s=float(str(row["ttl_s"])), since=str(row["since"]), expires_at=str(row["expires_at"]),
    )  # fmt: skip
