"""How a row stands to the versions of its file: which was made from which."""

from __future__ import annotations

from dataclasses import replace

from jetpack_git.data.database import Database
from jetpack_git.mirror import files
from jetpack_git.mirror import text
from jetpack_git.mirror.history import History
from jetpack_git.mirror.merge import is_undone
from jetpack_git.models.task import Task


class Versions:
    """The versions of one worktree's files."""

    def __init__(self, db: Database, worktree: str, history: History, object_format: str) -> None:
        self._db = db
        self._worktree = worktree
        self._history = history
        self.format = object_format

    def is_made_from(self, key: str, path: str, blobs: set[str]) -> bool:
        """Whether one of these is a version that the worktree's file was made from."""
        if not blobs.isdisjoint(self._history.recent.get(key, ())):
            return True  # that costs less to know
        if not blobs.isdisjoint(self._history.versions.get(key, ())):
            return True
        seen = self._db.one("mirror.seen", worktree=self._worktree, path=path)
        last = str(seen["blob"]) if seen is not None else ""
        return last in blobs and not self._history.is_committed(
            path, last
        )  # else of another branch

    def is_set_back(self, path: str, ours: Task) -> bool:
        """Whether a commit has made an older version again from the row's, as a revert does."""
        blobs = self.blobs(ours)
        changes = self._history.changes.get(path, [])
        for at, one in enumerate(changes):
            if one.old in blobs:
                return any(one.new in (each.old, each.new) for each in changes[at + 1 :])
        return False

    def is_reverted(self, path: str, blob: str, theirs: Task, ours: Task) -> bool:
        """Whether commits that came since the last load have made the file from the row's version.

        So the version is news, though it was known before. A finished task is not open again
        because of that: who reopens one says it otherwise.
        """
        return (
            not self.blobs(ours).isdisjoint(self._history.replaced(path, blob))
            and not is_undone(ours.status, theirs.status)
            and self._db.one("mirror.is_due", worktree=self._worktree, id=ours.id) is None
        )

    def blobs(self, ours: Task) -> set[str]:
        """The versions that the row of a task could be in a file."""
        # Having children is not in the file, and yet decides what is: both forms will do.
        forms = (replace(ours, children=number) for number in (0, 1))
        return {files.blob_id(text.task_text(one).encode(), self.format) for one in forms}
