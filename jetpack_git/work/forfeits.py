"""What an agent that is not heard of any more loses to the call that meets it."""

from __future__ import annotations

from collections.abc import Iterable

from jetpack_git import clock
from jetpack_git.data.database import Database
from jetpack_git.data.journal import Journal
from jetpack_git.data.rows import dump
from jetpack_git.models.reservation import Reservation
from jetpack_git.work import lease_waits
from jetpack_git.work.guard import LEASE


def take_away(db: Database, held: Iterable[Reservation], *, agent: str) -> None:
    """Nobody holds these reservations, and leases seen as such; who did is told by `agent`.

    To be called inside a transaction.
    """
    for one in dict.fromkeys(held):
        forfeit(
            db, one.pattern, seq=one.seq, holder=one.agent, task_id=one.task_id, agent=agent
        )  # fmt: skip


def forfeit(
    db: Database, name: str, *, seq: int = LEASE, holder: str, task_id: str | None, agent: str
) -> None:
    """Nobody holds the reservation of that number, or the lease of that name."""
    from jetpack_git.work.mail import Mail  # most calls meet nobody

    what = "lease" if seq == LEASE else "reservation"
    if seq == LEASE:
        db.run("leases.release", agent=holder, name=name, task_id=None)
        lease_waits.tell(db, but=agent)
    else:
        db.run("reservations.release_ids", agent=holder, ids=dump([seq]), now=clock.now())
    Journal(db, None).event(f"{what}.released", task_id, agent=holder, note=name)
    Mail(db).notify(
        agent, [holder], f"Your {what} of {name} was released: you were not heard of",
        kind="reservation.released", payload={"patterns": [name], "by": agent}, task_id=task_id,
    )  # fmt: skip
