"""What a file's version was made from: the base of a merge with the row."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from jetpack_git.data.database import Database
from jetpack_git.data.rows import dump
from jetpack_git.errors import BadInput
from jetpack_git.git import objects
from jetpack_git.mirror import read
from jetpack_git.mirror.files import key as file_key
from jetpack_git.mirror.history import History
from jetpack_git.models.task import Task


def find(
    db: Database, worktree: str, history: History, files: Mapping[str, str]
) -> dict[str, Task | None]:
    """The base of each of the tasks' files, None where there is none that can be read."""
    found: dict[str, Task | None] = dict.fromkeys(files)
    for path, content in texts(db, worktree, history, files).items() if files else ():
        with suppress(BadInput):  # then nothing is known of what it said
            found[path] = read.task(content, path).task
    return found


def texts(
    db: Database, worktree: str, history: History, files: Mapping[str, str]
) -> dict[str, bytes]:
    """The base of each of the files, where there is one.

    `files` gives the version of each path. One that a commit brought was made from the nearest
    version in the file's history that the database knows; one made by hand from the version
    that the worktree had when it was last loaded or written.
    """
    rows = db.all("mirror.these_seen", worktree=worktree, paths=dump(list(files)))
    keys = {path: file_key(path) for path in files}
    seen = {str(row["path"]): str(row["blob"]) for row in rows}
    wanted: dict[str, list[str]] = {}
    for path, blob in files.items():
        past = history.versions.get(keys[path], [])
        by_hand = [seen[path]] if seen.get(path) and blob not in past else []
        wanted[path] = by_hand + [one for one in past if one != blob]
    pairs = [[keys[path], blob] for path, blobs in wanted.items() for blob in blobs]
    known = {(row["path"], row["blob"]) for row in db.all("mirror.known", versions=dump(pairs))}
    nearest = {
        path: next((one for one in blobs if (keys[path], one) in known), "")
        for path, blobs in wanted.items()
    }
    names = [one for one in nearest.values() if one]
    contents = {
        str(row["blob"]): str(row["text"]).encode()
        for row in db.all("mirror.texts", blobs=dump(names))
    }
    contents |= objects.blobs([one for one in names if one not in contents], cwd=Path(worktree))
    return {path: contents[blob] for path, blob in nearest.items() if blob in contents}
