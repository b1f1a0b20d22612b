"""The record of what happens: an event, and a mark for the mirror, in one transaction."""

from __future__ import annotations

from jetpack_git import clock
from jetpack_git import ids
from jetpack_git.data.database import Database
from jetpack_git.data.rows import dump


class Journal:
    """Writes events, and marks what changed for the files of one worktree.

    `worktree` is where the change is made; None (in a bare repository) mirrors nothing.
    """

    def __init__(self, db: Database, worktree: str | None) -> None:
        self.db = db
        self.worktree = worktree

    def event(
        self,
        kind: str,
        task_id: str | None = None,
        *,
        agent: str | None = None,
        note: str = "",
        event_id: str | None = None,
        at: str | None = None,
        **data: object,
    ) -> None:
        """The event is kept, once the transaction is; now and under a new id if not said."""
        statement = "events.load" if event_id else "events.insert"
        self.db.run(
            statement, id=event_id or ids.event_id(), at=at or clock.now(), kind=kind,
            task_id=task_id, agent=agent, note=note, data=dump(data),
        )  # fmt: skip

    def touched(self, kind: str, noun_id: str) -> None:
        """The noun's file in this worktree is due to be written."""
        if self.worktree is not None:
            self.db.run("mirror.mark", worktree=self.worktree, kind=kind, id=noun_id)
