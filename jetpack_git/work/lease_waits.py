"""Who waits for a lease: told to its holder once, and to who waits when the holder has it no more.

A lease may end with nobody there to say so, as its time is over; then whoever comes next says it,
and who waits for mail looks itself at that moment.
"""

from __future__ import annotations

from jetpack_git import clock
from jetpack_git.data.database import Database
from jetpack_git.models.lease import Lease


def ask(db: Database, held: Lease, name: str, agent: str, task_id: str | None) -> bool:
    """The holder is told that the agent waits for it, unless that was said before.

    Whether it has the lease still: of one that ended just now nobody would hear.
    """
    with db.transaction():
        now = clock.now()
        row = db.one("leases.get", name=held.name, now=now)
        if row is None or row["agent"] != held.agent:
            return False
        tell(db)
        if db.one("lease_waits.add", name=held.name, agent=agent, holder=held.agent) is not None:
            _mail(
                db, held.agent, agent, f"{agent} waits for {name}, which you have leased",
                f"You have {held.name} until {held.expires_at}. When you give it back, "
                f"{agent} is told.",
                kind="file.lock_request", task_id=task_id, pattern=name,
            )  # fmt: skip
    return True


def tell(db: Database, *, but: str = "") -> None:
    """Who waits for what its holder has no more is told, `but` one who has got it."""
    if db.one("lease_waits.any") is None:
        return
    with db.transaction():
        for row in db.all("lease_waits.end", now=clock.now()):
            agent, holder, name = str(row["agent"]), str(row["holder"]), str(row["name"])
            if agent not in (but, holder):
                _mail(
                    db, agent, holder, f"{holder} has {name} no more", "You were refused it.",
                    kind="reservation.released", patterns=[name], by=holder,
                )  # fmt: skip


def next_end(db: Database, agent: str) -> float | None:
    """In how many seconds the next lease ends that the agent waits for, if nobody prolongs it."""
    row = db.one("lease_waits.next_end", agent=agent)
    return None if row is None or row["at"] is None else max(0.0, -clock.since(str(row["at"])))


def _mail(
    db: Database, to: str, sender: str, subject: str, body: str, *, kind: str,
    task_id: str | None = None, **payload: object,
) -> None:  # fmt: skip
    from jetpack_git.work.mail import Mail  # most calls do without

    Mail(db).notify(sender, [to], subject, body, kind=kind, payload=payload, task_id=task_id)
