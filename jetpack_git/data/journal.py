"""The record of what happens: an event, and a mark for the mirror, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping

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

    def events(self, kind: str, notes: Mapping[str, str], *, agent: str) -> None:
        """The same has happened to each of these tasks, of which there is that to note."""
        now = clock.now()
        self.db.many(
            "events.insert",
            [
                {"id": ids.event_id(), "at": now, "kind": kind, "task_id": task_id,
                 "agent": agent, "note": note, "data": "{}"}
                for task_id, note in notes.items()
            ],
        )  # fmt: skip

    def touched(self, kind: str, *noun_ids: str) -> None:
        """The nouns' files in this worktree are due to be written."""
        if self.worktree is not None:
            marks: list[dict[str, object]] = [
                {"worktree": self.worktree, "kind": kind, "id": one} for one in noun_ids
            ]
            self.db.many("mirror.mark", marks)
