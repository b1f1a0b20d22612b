"""From the database to the files of one worktree.

A change marks its noun in its own transaction (`mirror_pending`); the files follow after
the commit. When a process dies between the two, the mark remains and the next command
that runs in that worktree writes the files.
"""

from __future__ import annotations

from jetpack_git.data.database import Database
from jetpack_git.data.database import Row
from jetpack_git.data.journal import Journal
from jetpack_git.data.rows import dump
from jetpack_git.data.rows import to_event
from jetpack_git.data.rows import to_plan
from jetpack_git.data.rows import to_task
from jetpack_git.errors import StoreError
from jetpack_git.mirror import files
from jetpack_git.mirror import text
from jetpack_git.models.event import Event
from jetpack_git.models.task import Task

CHUNK = 500
FEW = 8
SHOWN = 3


def flush(db: Database, worktree: str) -> list[str]:
    """The files of this worktree hold what was changed from it; what could not be written.

    A file of a version that was never seen (edited by hand, not loaded yet) is left as it
    is: its conflict with the row is kept as an event. A file that cannot be written stays
    due, and keeps no other from being written.
    """
    work = _Flush(db, worktree)
    kind = noun_id = ""
    while due := _due(db, worktree, kind, noun_id, CHUNK):
        with db.transaction_quietly():
            later = [row for row in due if not work.settle(row)]
        if later:
            with db.transaction_quietly():
                for row in later:
                    work.settle(row)
        if len(due) < CHUNK:
            break
        kind, noun_id = str(due[-1]["kind"]), str(due[-1]["id"])
    if len(work.failed) > SHOWN:
        work.failed[SHOWN:] = [f"{len(work.failed) - SHOWN} more files cannot be written."]
    return work.told + work.failed


def foretell(db: Database, worktree: str) -> None:
    """The next few versions that are due are known, in the transaction of the change itself."""
    due = _due(db, worktree, "", "", FEW)
    if not due:
        return
    work = _Flush(db, worktree)
    for row in due:
        found = rendered(db, str(row["kind"]), str(row["id"]))
        if found is not None:
            work.remember(*found)


def _due(db: Database, worktree: str, kind: str, noun_id: str, limit: int) -> list[Row]:
    """What is due in this worktree after that kind and id."""
    return db.all("mirror.pending", worktree=worktree, kind=kind, id=noun_id, limit=limit)


class _Flush:
    """Writes what is due in one worktree; `told` and `failed` are sentences about it."""

    def __init__(self, db: Database, worktree: str) -> None:
        self.told: list[str] = []
        self.failed: list[str] = []
        self._db = db
        self._worktree = worktree
        self._format = object_format(db)

    def settle(self, row: Row) -> bool:
        """Whether the noun's files need no second look: they are written, or cannot be.

        Only a version that was known before this transaction is written: should the process
        die after that, the file is still recognised as ours, and brings no news.
        """
        kind, noun_id = str(row["kind"]), str(row["id"])
        found = rendered(self._db, kind, noun_id)
        if found is not None:
            if self.remember(*found):
                return False
            try:
                self._write(*found, noun_id)
                _write_log(self._db, self._worktree, kind, noun_id)
            except StoreError as error:
                self.failed.append(f"{error.message} {error.hint}".strip())
                return True
        self._db.run(
            "mirror.unmark", worktree=self._worktree, kind=kind, id=noun_id, marks=row["marks"]
        )
        return True

    def remember(self, path: str, data: bytes) -> bool:
        """Whether this version of the file was not known yet; it is now."""
        blob = files.blob_id(data, self._format)
        return self._db.one("mirror.remember", path=path, blob=blob) is not None

    def _write(self, path: str, data: bytes, noun_id: str) -> None:
        """The file holds the data, unless somebody else has changed it."""
        there = files.read(self._worktree, path)
        if there is not None and there != data:
            old = files.blob_id(there, self._format)
            if self._db.one("mirror.is_known", path=path, blob=old) is None:
                line = text.marker(there.decode("utf-8", "replace"))
                if line is not None:
                    self.told.append(
                        f"{path}:{line}: a conflict marker of git stands here; the file stays as "
                        "it is. Choose a side, remove the markers, and run: git jetpack sync"
                    )
                else:
                    self.told.append(conflict(self._db, self._worktree, path, noun_id, old))
                return
        blob = files.blob_id(data, self._format)
        _put(self._db, self._worktree, path, data, there, blob)


def rendered(db: Database, kind: str, noun_id: str) -> tuple[str, bytes] | None:
    """The path and the text of the noun's file; None when there is no such noun."""
    if kind == "plan":
        row = db.one("plans.get", id=noun_id)
        if row is None:
            return None
        plan, extra = to_plan(row)
        return files.plan_path(noun_id), text.plan_text(plan, extra).encode()
    row = db.one("tasks.get", id=noun_id)
    if row is None:
        return None
    return files.task_path(noun_id), text.task_text(to_task(row)).encode()


def object_format(db: Database) -> str:
    """The hash function by which the repository names its objects."""
    row = db.one("meta.get", name="object_format")
    return str(row["value"]) if row is not None else "sha1"


def _put(
    db: Database, worktree: str, path: str, data: bytes, there: bytes | None, blob: str
) -> None:
    """The file, which had the content `there`, holds the data and is seen as that version."""
    same = there == data
    stat = files.stat(worktree, path) if same else files.write(worktree, path, data)
    db.run("mirror.see", worktree=worktree, path=path, blob=blob, stat=stat)


def _write_log(
    db: Database, worktree: str, kind: str, noun_id: str, more: tuple[Event, ...] = ()
) -> None:
    """The task's log in this worktree has all of its events, and `more`."""
    if kind != "task":
        return
    path = files.log_path(noun_id)
    events = [to_event(row) for row in db.all("events.of_task", task_id=noun_id)]
    there = files.read(worktree, path)
    existing = (there or b"").decode("utf-8", "surrogateescape")
    wanted = text.log_text(existing, [*events, *more])
    if wanted != existing:
        stat = files.write(worktree, path, wanted.encode("utf-8", "surrogateescape"))
        db.run("mirror.see", worktree=worktree, path=path, blob="", stat="" if more else stat)


def write_ahead(db: Database, worktree: str, task: Task, event: Event) -> None:
    """The files in this worktree say what the database is about to be told.

    So that one commit holds the work and its completion. When it does not come to that,
    `take_back` and `overwrite` put the files right.
    """
    with db.transaction_quietly():
        files.write(worktree, files.task_path(task.id), text.task_text(task).encode())
        _write_log(db, worktree, "task", task.id, (event,))


def take_back(db: Database, worktree: str, task_id: str, event: Event) -> None:
    """The task's log says no more what did not happen after all."""
    path = files.log_path(task_id)
    with db.transaction_quietly():
        there = (files.read(worktree, path) or b"").decode("utf-8", "surrogateescape")
        kept = text.without(there, event.id)
        if kept != there:
            stat = files.write(worktree, path, kept.encode("utf-8", "surrogateescape"))
            db.run("mirror.see", worktree=worktree, path=path, blob="", stat=stat)


def restore(db: Database, worktree: str, task_id: str) -> None:
    """The task's files in this worktree are what the database says, not what was foretold."""
    there = (files.read(worktree, files.log_path(task_id)) or b"").decode("utf-8", "replace")
    known = {str(row["id"]) for row in db.all("events.of_task", task_id=task_id)}
    for line in there.split("\n"):
        event = text.log_event(line, task_id)
        if event is not None and event.kind == "task.completed" and event.id not in known:
            take_back(db, worktree, task_id, event)
    overwrite(db, worktree, "task", task_id)


def conflict(db: Database, worktree: str, path: str, noun_id: str, blob: str) -> str:
    """The sentence that says so, kept as an event: file and row were both changed.

    `blob` is the version of the file; each is noted once.
    """
    said = f"{path} and the database were both changed; the database's version is in use."
    data = dump({"blob": blob, "worktree": worktree})
    if db.one("mirror.is_noted", task_id=noun_id, data=data) is None:
        Journal(db, None).event("mirror.conflict", noun_id, note=said, blob=blob, worktree=worktree)
    return (
        f"{said} Keep the file's with: git jetpack sync --from-files {noun_id} — "
        f"or the database's with: git jetpack sync --from-database {noun_id}"
    )


def overwrite(db: Database, worktree: str, kind: str, noun_id: str) -> None:
    """The file in this worktree is what the database says, whatever it was before."""
    found = rendered(db, kind, noun_id)
    if found is None:
        return
    path, data = found
    blob = files.blob_id(data, object_format(db))
    there = files.read(worktree, path)
    with db.transaction_quietly():
        if there is not None:
            old = files.blob_id(there, object_format(db))
            db.run("mirror.remember", path=path, blob=old)
        db.run("mirror.remember", path=path, blob=blob)
        _put(db, worktree, path, data, there, blob)
        _write_log(db, worktree, kind, noun_id)
