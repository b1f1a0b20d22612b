"""Logs, plans and memories: what their files say, in the database."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from jetpack_git import clock
from jetpack_git.data.database import Database
from jetpack_git.data.journal import Journal
from jetpack_git.data.rows import dump
from jetpack_git.data.rows import to_plan
from jetpack_git.errors import BadInput
from jetpack_git.mirror import bases
from jetpack_git.mirror import files
from jetpack_git.mirror import markers
from jetpack_git.mirror import merge
from jetpack_git.mirror import read
from jetpack_git.mirror import text
from jetpack_git.mirror.history import History
from jetpack_git.mirror.load_memories import Memories
from jetpack_git.mirror.report import Report
from jetpack_git.mirror.versions import Versions


class Others:
    """Loads what is no task, one file after the other."""

    def __init__(
        self, db: Database, worktree: str, history: History, versions: Versions, report: Report,
        is_forced: Callable[[str], bool],
    ) -> None:  # fmt: skip
        self.memories = Memories(db, worktree, history, versions, report, is_forced)
        self._db = db
        self._worktree = worktree
        self._history = history
        self._is_forced = is_forced

    def load(self, path: str, data: bytes, blob: str) -> str:
        """The file's content is in the database; the version of a memory's row, else "".

        Raises BadInput.
        """
        if files.is_memory(path):
            return self.memories.load(path, data, blob)
        if path.endswith(".log"):
            log(self._db, path, data)
        else:
            wins = self._is_forced(path)
            plan(self._db, self._worktree, self._history, path, data, blob, wins=wins)
        return ""


def log(db: Database, path: str, data: bytes) -> None:
    """The events of a log are in the database; lines that are none of ours stay in the file."""
    task_id = Path(path).name.removesuffix(".log")
    for line in data.decode("utf-8", "replace").split("\n"):
        event = text.log_event(line, task_id)
        if event is not None:
            db.run(
                "events.load", id=event.id, at=event.at, kind=event.kind, task_id=task_id,
                agent=event.agent, note=event.note, data="{}",
            )  # fmt: skip


def plan(
    db: Database, worktree: str, history: History, path: str, data: bytes, blob: str, *, wins: bool
) -> None:
    """The plan of a file is in the database; the file is due to be written where that differs.

    What both have changed is one or the other, by the rule of tasks. Raises BadInput.
    """
    sides = markers.sides(worktree, path, data)
    theirs = plan_of(sides, path) if sides else read.plan(data, path)
    row = db.one("plans.get", id=theirs[0].id)
    known = db.one("mirror.is_known", path=path, blob=blob) is not None
    if known and row is not None and not wins:
        return
    merged = theirs
    if row is not None and not wins:
        found = bases.texts(db, worktree, history, {path: blob})
        base = read.plan(found[path], path) if path in found else None
        merged = merge.three_way_plan(base, to_plan(row), theirs)
    one, extra = merged
    db.run(
        "plans.save", id=one.id, title=one.title, source=one.source,
        created_at=one.created_at or clock.now(), extra=dump(extra),
    )  # fmt: skip
    db.run("mirror.remember", path=path, blob=blob)
    if sides is not None or text.plan_text(*merged) != text.plan_text(*theirs):
        Journal(db, worktree).touched("plan", one.id)


def plan_of(sides: markers.Sides, path: str) -> merge.Whole:
    """The plan whose file git has tried to merge. Raises BadInput where it is two.

    Two of the same title and source are one, which was loaded twice.
    """
    base = read.plan(sides.base, path) if sides.base and sides.base.strip() else None
    ours, theirs = (read.plan(one, path) for one in (sides.ours, sides.theirs))
    loaded = {(one.title, one.source) for one, _ in (ours, theirs)}
    if base is None and ours[0].created_at != theirs[0].created_at and len(loaded) > 1:
        raise BadInput(f"{path} stands for two plans.", hint="Give one of them another id.")
    return merge.three_way_plan(base, ours, theirs)
