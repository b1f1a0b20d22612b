"""What the files of memories say, in the database: by the rules of tasks, one file by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from jetpack_git import clock
from jetpack_git.data import memories
from jetpack_git.data.database import Database
from jetpack_git.data.journal import Journal
from jetpack_git.data.memories import to_memory
from jetpack_git.errors import BadInput
from jetpack_git.mirror import bases
from jetpack_git.mirror import conflicts
from jetpack_git.mirror import files
from jetpack_git.mirror import markers
from jetpack_git.mirror import read
from jetpack_git.mirror.history import History
from jetpack_git.mirror.memory_text import memory_text
from jetpack_git.mirror.merge import three_way_memory
from jetpack_git.mirror.report import Report
from jetpack_git.mirror.versions import Versions
from jetpack_git.models.conflict import Clash
from jetpack_git.models.memory import Memory


class Memories:
    """Loads the files of memories of one worktree, one after the other."""

    def __init__(
        self, db: Database, worktree: str, history: History, versions: Versions, report: Report,
        is_forced: Callable[[str], bool],
    ) -> None:  # fmt: skip
        self._db = db
        self._worktree = worktree
        self._history = history
        self._versions = versions
        self._report = report
        self._is_forced = is_forced
        self._journal = Journal(db, worktree)

    def load(self, path: str, data: bytes, blob: str) -> str:
        """The memory of the file is in the database; the version that the row would be.

        Raises BadInput.
        """
        sides = markers.sides(self._worktree, path, data)
        theirs, clashes = merged(sides, path) if sides else (read.memory(data, path), [])
        row = self._db.one("memories.get", id=theirs.id)
        key, wins = files.key(path), self._is_forced(path)
        known = self._db.one("mirror.is_known", path=key, blob=blob) is not None
        self._db.run("mirror.remember", path=key, blob=blob)
        if row is None:
            gone = known and theirs.id in self._forgotten and not self._history.came_back(key)
            if gone and not wins:
                return blob
            now = clock.now()
            theirs = replace(theirs, created_at=theirs.created_at or now, updated_at=now)
            memories.put(self._db, theirs)
            after = theirs
        else:
            ours = to_memory(row)
            after, more = self._merged(path, blob, ours, theirs, is_known=known, wins=wins)
            clashes = clashes + more
            if memory_text(after) == memory_text(ours):
                after = ours
            else:
                memories.put(self._db, replace(after, updated_at=clock.now()), before=ours)
        if row is None or after is not ours:
            self._report.memories.append(after.id)
        if clashes:
            self._report.conflicts += conflicts.keep(self._db, after.id, clashes)
            self._report.clashed.append(after.id)
        self._settle(path, data, blob, after, by_git=sides is not None)
        return files.blob_id(memory_text(after).encode(), self._versions.format)

    def delete(self, path: str) -> None:
        """The memory whose file newer commits have deleted is gone, unless it changed since."""
        row = self._db.one("memories.get", id=Path(path).stem)
        if row is None:
            return
        ours = to_memory(row)
        if files.memory_path(ours.memory_type, ours.id) != path:
            return  # it has moved
        if self._versions.is_made_from(files.key(path), path, self._blobs(ours)):
            self._db.run("memories.delete", id=ours.id)
            for row in self._db.all("memories.superseded", by=ours.id):
                self._hold_again(to_memory(row))
            self._journal.event("memory.forgotten", ours.task_id, note=ours.id)
            self._report.memories.append(ours.id)
        else:
            self._report.conflicts.append(
                f"{ours.id} {ours.title!r:.60} was forgotten by others, and changed here since; "
                "it stays."
            )
            self._journal.touched("memory", ours.id)

    def _hold_again(self, before: Memory) -> None:
        """What superseded the memory is gone."""
        after = replace(before, superseded_by=None, updated_at=clock.now())
        memories.put(self._db, after, before=before)
        self._journal.event("memory.edited", after.task_id, note=after.id)
        self._journal.touched("memory", after.id)

    def _merged(
        self, path: str, blob: str, ours: Memory, theirs: Memory, *, is_known: bool, wins: bool
    ) -> tuple[Memory, list[Clash]]:
        """What holds of a row and a file, and what clashed."""
        theirs = replace(
            theirs, created_at=theirs.created_at or ours.created_at, recalled=ours.recalled,
            helpful=ours.helpful, harmful=ours.harmful, seq=ours.seq,
        )  # fmt: skip
        key, mine = files.key(path), self._blobs(ours)
        if wins:
            return theirs, []
        if is_known and mine.isdisjoint(self._history.replaced(key, blob)):
            return ours, []
        if is_known or self._versions.is_made_from(key, path, mine):
            return theirs, []
        found = bases.texts(self._db, self._worktree, self._history, {path: blob})
        base = read.memory(found[path], path) if path in found else None
        return three_way_memory(base, ours, theirs)

    def _settle(self, path: str, data: bytes, blob: str, after: Memory, *, by_git: bool) -> None:
        """What a person or git's attempt left is due to be written as it is to be."""
        wanted = files.memory_path(after.memory_type, after.id)
        brought = blob in self._history.versions.get(files.key(path), ())
        if (memory_text(after).encode() != data and not brought) or by_git:
            self._journal.touched("memory", after.id)
        if wanted != path and not brought:
            self._journal.touched("memory", after.id)
            self._journal.touched("gone", path)

    def _blobs(self, ours: Memory) -> set[str]:
        return {files.blob_id(memory_text(ours).encode(), self._versions.format)}

    @cached_property
    def _forgotten(self) -> set[str]:
        return {str(row["id"]) for row in self._db.all("memories.forgotten")}


def merged(sides: markers.Sides, path: str) -> tuple[Memory, list[Clash]]:
    """The memory whose file git has tried to merge, and what clashed. Raises BadInput."""
    base = read.memory(sides.base, path) if sides.base and sides.base.strip() else None
    ours, theirs = (read.memory(one, path) for one in (sides.ours, sides.theirs))
    if base is None and ours.created_at != theirs.created_at:
        raise BadInput(f"{path} stands for two memories.", hint="Give one of them another id.")
    return three_way_memory(base, ours, theirs)
