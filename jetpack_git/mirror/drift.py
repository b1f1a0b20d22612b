"""Where the files of a worktree and the database differ."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from jetpack_git.data.database import Database
from jetpack_git.data.rows import to_task
from jetpack_git.errors import JetpackError
from jetpack_git.mirror import export
from jetpack_git.mirror import files
from jetpack_git.mirror import text
from jetpack_git.mirror.load import parse_task


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
    for path, _ in files.listing(worktree):
        if path.endswith(".log") or path.startswith(files.PLANS + "/"):
            continue
        try:
            data = files.read(worktree, path) or b""
            task, _ = parse_task(data, path)
        except JetpackError as error:
            yield Difference(path, error.message, error.hint)
            continue
        row = db.one("tasks.get", id=task.id)
        if row is None:
            yield Difference(
                path, f"{path} is not in the database.", "Load it with: git jetpack sync"
            )
            continue
        if text.task_text(to_task(row)).encode() != data:
            blob = files.blob_id(data, export.object_format(db))
            known = db.one("mirror.is_known", path=path, blob=blob) is not None
            if known:
                problem = f"{path} is another version than the database has."
            else:
                problem = f"{path} was changed since it was last loaded or written."
            yield Difference(
                path,
                problem,
                f"Let the file win with: git jetpack sync --from-files {task.id} — or "
                f"the database with: git jetpack sync --from-database {task.id}",
                serious=not known,
            )
