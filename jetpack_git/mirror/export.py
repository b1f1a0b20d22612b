"""From the database to the files of one worktree.

A change marks its noun in its own transaction (`mirror_pending`); the files follow after
the commit. When a process dies between the two, the mark remains and the next command
that runs in that worktree writes the files.
"""

from __future__ import annotations

from jetpack_git.data.database import Database
from jetpack_git.data.database import Row
from jetpack_git.data.journal import Journal
from jetpack_git.data.rows import to_event
from jetpack_git.data.rows import to_plan
from jetpack_git.data.rows import to_task
from jetpack_git.errors import StoreError
from jetpack_git.mirror import files
from jetpack_git.mirror import text
from jetpack_git.models.event import Event
from jetpack_git.models.task import Task

CHUNK = 500


def flush(db: Database, worktree: str) -> list[str]:
    """The files of this worktree hold what was changed from it; what could not be written.

    A file of a version that was never seen (edited by hand, not loaded yet) is left as it
    is: its conflict with the row is kept as an event.
    """
    problems: list[str] = []
    while True:
        pending = db.all("mirror.pending", worktree=worktree, limit=CHUNK)
        if not pending:
            return problems
        versions = _remember(db, pending)
        with db.transaction_quietly():
            for row in pending:
                kind, noun_id = str(row["kind"]), str(row["id"])
                try:
                    _write(db, worktree, kind, noun_id, versions, problems)
                except StoreError as error:
                    return [*problems, f"{error.message} {error.hint}".strip()]
                db.run(
                    "mirror.unmark", worktree=worktree, kind=kind, id=noun_id, marks=row["marks"]
                )
        if len(pending) < CHUNK:
            return problems


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


def _remember(db: Database, pending: list[Row]) -> set[str]:
    """The versions that are about to be written are known, so that they bring no news.

    This is committed before any file is touched: should the process die after writing a
    file, it is still recognised as ours.
    """
    versions = set()
    with db.transaction_quietly():
        for row in pending:
            found = rendered(db, str(row["kind"]), str(row["id"]))
            if found is not None:
                path, data = found
                blob = files.blob_id(data, object_format(db))
                db.run("mirror.remember", path=path, blob=blob)
                versions.add(blob)
    return versions


def _write(
    db: Database, worktree: str, kind: str, noun_id: str, versions: set[str], problems: list[str]
) -> None:
    """The noun's files are written, unless the row has changed again since."""
    found = rendered(db, kind, noun_id)
    if found is None:
        return
    path, data = found
    blob = files.blob_id(data, object_format(db))
    if blob not in versions:
        return
    there = files.read(worktree, path)
    if there is not None and there != data:
        known = files.blob_id(there, object_format(db))
        if db.one("mirror.is_known", path=path, blob=known) is None:
            problems.append(conflict(db, worktree, path, noun_id))
            _write_log(db, worktree, kind, noun_id)
            return
    if there != data:
        files.write(worktree, path, data)
    db.run("mirror.see", worktree=worktree, path=path, blob=blob, stat=files.stat(worktree, path))
    _write_log(db, worktree, kind, noun_id)


def _write_log(db: Database, worktree: str, kind: str, noun_id: str) -> None:
    """The task's log in this worktree has all of its events."""
    if kind != "task":
        return
    path = files.log_path(noun_id)
    events = [to_event(row) for row in db.all("events.of_task", task_id=noun_id)]
    there = files.read(worktree, path)
    existing = (there or b"").decode("utf-8", "surrogateescape")
    wanted = text.log_text(existing, events)
    if wanted != existing:
        files.write(worktree, path, wanted.encode("utf-8", "surrogateescape"))
        db.run("mirror.see", worktree=worktree, path=path, blob="", stat=files.stat(worktree, path))


def write_ahead(db: Database, worktree: str, task: Task, event: Event) -> None:
    """The files in this worktree say what the database is about to be told.

    So that one commit holds the work and its completion. When it does not come to that,
    `overwrite` puts the files right.
    """
    files.write(worktree, files.task_path(task.id), text.task_text(task).encode())
    path = files.log_path(task.id)
    existing = (files.read(worktree, path) or b"").decode("utf-8", "surrogateescape")
    events = [to_event(row) for row in db.all("events.of_task", task_id=task.id)]
    wanted = text.log_text(existing, [*events, event])
    files.write(worktree, path, wanted.encode("utf-8", "surrogateescape"))


def conflict(db: Database, worktree: str, path: str, noun_id: str) -> str:
    """The sentence that says so, kept as an event: file and row were both changed."""
    said = f"{path} and the database were both changed; the database's version is in use."
    Journal(db, None).event("mirror.conflict", noun_id, note=said, worktree=worktree)
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
        files.write(worktree, path, data)
        db.run(
            "mirror.see", worktree=worktree, path=path, blob=blob, stat=files.stat(worktree, path)
        )
        _write_log(db, worktree, kind, noun_id)
