"""From the database to the files of one worktree.

A change marks its noun in its own transaction (`mirror_pending`); the files follow after
the commit. When a process dies between the two, the mark remains and the next command
that runs in that worktree writes the files.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from jetpack_git.data.database import Database
from jetpack_git.data.database import Row
from jetpack_git.data.rows import dump
from jetpack_git.data.rows import to_event
from jetpack_git.data.rows import to_plan
from jetpack_git.data.rows import to_task
from jetpack_git.errors import StoreError
from jetpack_git.mirror import files
from jetpack_git.mirror import text
from jetpack_git.models.event import Event
from jetpack_git.models.task import Task
from jetpack_git.models.transitions import LOGGED

Progress = Callable[[int, int], None]
GONE = "gone"  # the kind of a mark, whose id is the path of a file that is to be deleted
CHUNK = 500
FEW = 8
SHOWN = 3
_LOGGED = dump(sorted(LOGGED))


def flush(db: Database, worktree: str, progress: Progress | None = None) -> list[str]:
    """The files of this worktree hold what was changed from it; what could not be written.

    A file of a version that was never seen (edited by hand, not loaded yet) is left as it
    is until it is loaded, and stays due. A file that cannot be written stays
    due, and keeps no other from being written. `progress` is told how many of how many are.
    """
    work = _Flush(db, worktree)
    total = db.count("mirror.pending_total") if progress else 0
    done = 0
    kind = noun_id = ""
    while due := _due(db, worktree, kind, noun_id, CHUNK):
        with db.transaction_quietly():
            later = work.settle(work.render(due))
        if later:
            with db.transaction_quietly():
                work.settle(later, again=_due(db, worktree, kind, noun_id, CHUNK))
        done += len(due)
        if progress:
            progress(done, max(done, total))
        if len(due) < CHUNK:
            break
        kind, noun_id = str(due[-1]["kind"]), str(due[-1]["id"])
    if len(work.failed) > SHOWN:
        work.failed[SHOWN:] = [f"{len(work.failed) - SHOWN} more files cannot be written."]
    return work.told + work.failed


def foretell(db: Database, worktree: str) -> None:
    """The next few versions that are due are known, in the transaction of the change itself."""
    due = _due(db, worktree, "", "", FEW)
    if due:
        work = _Flush(db, worktree)
        work.remember(work.render(due))


def _due(db: Database, worktree: str, kind: str, noun_id: str, limit: int) -> list[Row]:
    """What is due in this worktree after that kind and id."""
    return db.all("mirror.pending", worktree=worktree, kind=kind, id=noun_id, limit=limit)


class _Due(NamedTuple):
    """A noun whose files are due: its mark, and its file; no path when there is no noun."""

    kind: str
    noun_id: str
    marks: object
    path: str = ""
    data: bytes = b""
    blob: str = ""


class _Flush:
    """Writes what is due in one worktree; `told` and `failed` are sentences about it."""

    def __init__(self, db: Database, worktree: str) -> None:
        self.told: list[str] = []
        self.failed: list[str] = []
        self._db = db
        self._worktree = worktree
        self._format = object_format(db)

    def render(self, rows: list[Row]) -> list[_Due]:
        """The nouns of the marks, each with the text of its file."""
        wanted = dump([row["id"] for row in rows if row["kind"] == "task"])
        tasks = {str(row["id"]): row for row in self._db.all("tasks.these", ids=wanted)}
        found = []
        for row in rows:
            kind, noun_id = str(row["kind"]), str(row["id"])
            if kind == GONE:
                made = None
            elif kind == "task":
                made = _task_file(tasks[noun_id]) if noun_id in tasks else None
            else:
                made = rendered(self._db, kind, noun_id)
            one = _Due(kind, noun_id, row["marks"])
            if made is not None:
                path, data = made
                one = one._replace(path=path, data=data, blob=files.blob_id(data, self._format))
            found.append(one)
        return found

    def remember(self, found: list[_Due]) -> set[str]:
        """The versions are known; the paths of those that were not yet."""
        keys = {files.key(one.path): one.path for one in found if one.path}
        versions = dump([[files.key(one.path), one.blob] for one in found if one.path])
        new = self._db.all("mirror.remember_all", versions=versions)
        return {keys[str(row["path"])] for row in new}

    def settle(self, found: list[_Due], *, again: list[Row] | None = None) -> list[_Due]:
        """The files are written, or cannot be; what is left for the next transaction.

        Only a version that was known before this transaction is written: should the process
        die after that, the file is still recognised as ours, and brings no news. `again` are
        the marks as they stand now: who has changed a noun since it was rendered, writes it.
        """
        if again is None:
            new = self.remember(found)
        else:
            new = set()
            there = {(row["kind"], row["id"], row["marks"]) for row in again}
            found = [one for one in found if (one.kind, one.noun_id, one.marks) in there]
        now = [one for one in found if one.path not in new]
        ids = dump([one.noun_id for one in now if one.kind == "task" and one.path])
        events: dict[str, list[Event]] = {}
        for row in self._db.all("events.of_tasks", ids=ids, kinds=_LOGGED):
            events.setdefault(str(row["task_id"]), []).append(to_event(row))
        done: list[tuple[object, ...]] = []
        seen: list[tuple[str, ...]] = []
        texts: list[tuple[str, str, str]] = []
        for one in now:
            try:
                stat = self._write(one) if one.path else None
                if one.kind == GONE:
                    self._remove(one.noun_id)
                if one.path:
                    _write_log(self._db, self._worktree, one.path, events.get(one.noun_id, []))
                if one.path and stat is None:
                    continue  # once its file is loaded, what they make together is written
                if stat is not None:
                    seen.append((one.path, one.blob, stat))
                    texts.append((one.path, one.blob, one.data.decode()))
            except StoreError as error:
                self.failed.append(f"{error.message} {error.hint}".strip())
                continue
            done.append((one.kind, one.noun_id, one.marks))
        self._db.run("mirror.see_all", worktree=self._worktree, seen=dump(seen))
        self._db.run("mirror.keep_texts", worktree=self._worktree, texts=dump(texts))
        self._db.run("mirror.unmark_all", worktree=self._worktree, done=dump(done))
        return [one for one in found if one.path in new]

    def _remove(self, path: str) -> None:
        """The file is not there, unless somebody else has changed it, or a memory has it again."""
        row = self._db.one("memories.get", id=path.rpartition("/")[2].removesuffix(".md"))
        if row is not None and files.memory_path(str(row["memory_type"]), str(row["id"])) == path:
            return
        there = files.read(self._worktree, path)
        if there is not None:
            blob = files.blob_id(there, self._format)
            if self._db.one("mirror.is_known", path=files.key(path), blob=blob) is None:
                self.told.append(f"{path} was changed by others, and stays though it is forgotten.")
                return
            files.remove(self._worktree, path)
            gone = dump([(path, GONE, "")])
            self._db.run("mirror.keep_texts", worktree=self._worktree, texts=gone)
        self._db.run("mirror.unsee", worktree=self._worktree, path=path)

    def _write(self, one: _Due) -> str | None:
        """The `stat` of the file, which holds the data; None if somebody else has changed it."""
        there = files.read(self._worktree, one.path)
        if there is not None and there != one.data:
            old = files.blob_id(there, self._format)
            if self._db.one("mirror.is_known", path=files.key(one.path), blob=old) is None:
                line = text.marker(there.decode("utf-8", "replace"))
                if line is not None:
                    self.told.append(
                        f"{one.path}:{line}: a conflict marker of git stands here; the file stays "
                        "as it is. Choose a side, remove the markers, and run: git jetpack sync"
                    )
                else:
                    self.told.append(
                        f"{one.path} was changed by others and is not loaded yet; it stays as it "
                        "is. Merge it with the database: git jetpack sync"
                    )
                return None
        return _put(self._worktree, one.path, one.data, there)


def rendered(db: Database, kind: str, noun_id: str) -> tuple[str, bytes] | None:
    """The path and the text of the noun's file; None when there is no such noun."""
    statement = {"plan": "plans.get", "memory": "memories.get"}.get(kind, "tasks.get")
    row = db.one(statement, id=noun_id)
    if row is None:
        return None
    if kind == "memory":
        from jetpack_git.data.memories import to_memory
        from jetpack_git.mirror.memory_text import memory_text

        memory = to_memory(row)
        path = files.memory_path(memory.memory_type, memory.id)
        return (path, memory_text(memory).encode()) if memory.layer.durable else None
    if kind == "plan":
        plan, extra = to_plan(row)
        return files.plan_path(noun_id), text.plan_text(plan, extra).encode()
    return _task_file(row)


def _task_file(row: Row) -> tuple[str, bytes]:
    task = to_task(row)
    return files.task_path(task.id), text.task_text(task).encode()


def object_format(db: Database) -> str:
    """The hash function by which the repository names its objects."""
    row = db.one("meta.get", name="object_format")
    return str(row["value"]) if row is not None else "sha1"


def knows_modes(db: Database) -> bool:
    """Whether the repository can tell an executable by its mode (git's core.fileMode)."""
    row = db.one("meta.get", name="filemode")
    return row is not None and row["value"] == "true"


def _put(worktree: str, path: str, data: bytes, there: bytes | None) -> str:
    """The `stat` of the file, which had the content `there` and holds the data."""
    return files.stat(worktree, path) if there == data else files.write(worktree, path, data)


def _write_log(
    db: Database, worktree: str, path: str, events: list[Event], *, ahead: bool = False
) -> None:
    """The log of the task, whose file is at `path`, has all of these events.

    What is written `ahead` of the database is looked at again by the next sync, and so is what
    others have written there.
    """
    if not any(text.is_logged(one) for one in events):
        return
    path = path.removesuffix(".md") + ".log"
    there = files.read(worktree, path)
    existing = (there or b"").decode("utf-8", "surrogateescape")
    wanted = text.log_text(existing, events)
    if wanted != existing:
        seen = db.one("mirror.seen", worktree=worktree, path=path)
        last = seen["stat"] if seen is not None else ""
        ahead = ahead or (there is not None and files.stat(worktree, path) != last)
        stat = files.write(worktree, path, wanted.encode("utf-8", "surrogateescape"))
        db.run("mirror.see", worktree=worktree, path=path, blob="", stat="" if ahead else stat)


def _events(db: Database, task_id: str) -> list[Event]:
    return [to_event(row) for row in db.all("events.of_task", task_id=task_id)]


def write_ahead(db: Database, worktree: str, task: Task, event: Event) -> None:
    """The files in this worktree say what the database is about to be told.

    So that one commit holds the work and its completion. When it does not come to that,
    `take_back` and `overwrite` put the files right.
    """
    with db.transaction_quietly():
        files.write(worktree, files.task_path(task.id), text.task_text(task).encode())
        _write_log(
            db, worktree, files.task_path(task.id), [*_events(db, task.id), event], ahead=True
        )


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
            db.run("mirror.remember", path=files.key(path), blob=old)
        db.run("mirror.remember", path=files.key(path), blob=blob)
        stat = _put(worktree, path, data, there)
        db.run("mirror.see", worktree=worktree, path=path, blob=blob, stat=stat)
        if kind == "task":
            _write_log(db, worktree, path, _events(db, noun_id))
