"""Where the files of a worktree and the database differ."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from jetpack_git.data.database import Database
from jetpack_git.data.rows import to_event
from jetpack_git.data.rows import to_task
from jetpack_git.errors import JetpackError
from jetpack_git.mirror import export
from jetpack_git.mirror import files
from jetpack_git.mirror import history
from jetpack_git.mirror import read
from jetpack_git.mirror import text
from jetpack_git.mirror.merge import merged
from jetpack_git.models.task import Task


@dataclass(frozen=True)
class Difference:
    """One file that is not what the database says, and how to decide which is right.

    It is not `serious` when the file is a version that the database knows: the task then
    has changed on another branch, or the file was set back.
    """

    path: str
    problem: str
    advice: str
    serious: bool = True


def differences(db: Database, worktree: str) -> Iterator[Difference]:
    """Every task file of the worktree that differs from its row, or cannot be used.

    A task without a file here is none: its file is on another branch.
    """
    entries, refused = files.listing(worktree)
    for one in refused:
        yield Difference(files.FOLDER, one, "Put a plain file or folder in its place.")
    for path, _ in entries:
        if files.is_memory(path):
            yield from _memory(db, worktree, path)
        elif not path.endswith(".log") and not path.startswith(files.PLANS + "/"):
            yield from _compared(db, worktree, path)
            yield from _log(db, worktree, Path(path).stem)


def _log(db: Database, worktree: str, task_id: str) -> Iterator[Difference]:
    """How the log of the task differs from its events."""
    path = files.log_path(task_id)
    there = (files.read(worktree, path) or b"").decode("utf-8", "replace").split("\n")
    lines = {one.id for line in there if (one := text.log_event(line, task_id))}
    rows = [to_event(row) for row in db.all("events.of_task", task_id=task_id)]
    known = {one.id for one in rows}
    wanted = {one.id for one in rows if text.is_logged(one)}
    if lines - known:
        yield Difference(
            path, f"{path} has {len(lines - known)} events that the database has not.",
            "Load them with: git jetpack sync",
        )  # fmt: skip
    elif wanted - lines:
        yield Difference(
            path, f"{path} has not yet, or no more, {len(wanted - lines)} events of the database.",
            f"Write it anew with: git jetpack sync --from-database {task_id}", serious=False,
        )  # fmt: skip


def _memory(db: Database, worktree: str, path: str) -> Iterator[Difference]:
    """How the file of a memory differs from its row, unless it does not."""
    memory_id = Path(path).stem
    try:
        data = files.read(worktree, path, plain=export.knows_modes(db)) or b""
        read.memory(data, path)
        found = export.rendered(db, "memory", memory_id)
    except JetpackError as error:
        yield Difference(path, error.message, error.hint)
        return
    if found == (path, data):
        return
    known = files.blob_id(data, export.object_format(db))
    is_known = db.one("mirror.is_known", path=files.key(path), blob=known) is not None
    if found is None:
        yield Difference(
            path, f"{path} is of a memory that the database has not, or not for files.",
            "Load it with: git jetpack sync", serious=not is_known,
        )  # fmt: skip
        return
    yield Difference(
        path, f"{path} is another version than the database has.",
        f"Let the file win with: git jetpack sync --from-files {memory_id} — or "
        f"the database with: git jetpack sync --from-database {memory_id}", serious=not is_known,
    )  # fmt: skip


def is_ahead(db: Database, worktree: str, path: str, task: Task) -> str | None:
    """The task's branch, where that has the file as the database says it."""
    blob = files.blob_id(text.task_text(task).encode(), export.object_format(db))
    if task.branch and history.stands_on(task.branch, path, blob, worktree=worktree):
        return task.branch
    return None


def _compared(db: Database, worktree: str, path: str) -> Iterator[Difference]:
    """How the file differs from its row, unless it does not."""
    task_id = Path(path).stem
    try:
        data = files.read(worktree, path, plain=export.knows_modes(db)) or b""
        row = db.one("tasks.get", id=task_id)
        wanted = text.task_text(to_task(row)) if row is not None else None
        if wanted is not None and wanted.encode() == data:
            return
        parsed = read.task(data, path)
    except JetpackError as error:
        yield Difference(path, error.message, error.hint)
        return
    if row is None and db.one("tasks.is_deleted", id=task_id) is not None:
        yield Difference(
            path, f"{path} is of a task that was deleted on another branch.",
            "Merge that branch, or keep the task: git jetpack sync --from-files " + task_id,
            serious=False,
        )  # fmt: skip
        return
    if row is None:
        yield Difference(path, f"{path} is not in the database.", "Load it with: git jetpack sync")
        return
    if text.task_text(merged(to_task(row), parsed)) == wanted:
        return  # another style
    blob = files.blob_id(data, export.object_format(db))
    known = db.one("mirror.is_known", path=path, blob=blob) is not None
    branch = is_ahead(db, worktree, path, to_task(row)) if known else None
    if branch:
        yield Difference(
            path, f"{path} is older than the database: the task was changed on {branch}.",
            f"Merge that branch: git merge {branch}", serious=False,
        )  # fmt: skip
        return
    if known:
        problem = f"{path} is another version than the database has."
    else:
        problem = f"{path} was changed since it was last loaded or written."
    yield Difference(
        path,
        problem,
        f"Let the file win with: git jetpack sync --from-files {task_id} — or "
        f"the database with: git jetpack sync --from-database {task_id}",
        serious=not known,
    )
