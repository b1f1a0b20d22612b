"""The mirror's files in one worktree: where they are, and reading and writing them safely.

Nothing is written through a symbolic link, and a file is there whole or not at all.
"""

from __future__ import annotations

import hashlib
import os

from jetpack_git.errors import StoreError

FOLDER = ".tasks"
PLANS = f"{FOLDER}/plans"
ATTRIBUTES = "*.md text eol=lf\n*.log text eol=lf merge=union\n"


def task_path(task_id: str) -> str:
    """The path of a task's file from the root of the worktree."""
    return f"{FOLDER}/{task_id}.md"


def log_path(task_id: str) -> str:
    """The path of a task's execution log."""
    return f"{FOLDER}/{task_id}.log"


def plan_path(plan_id: str) -> str:
    """The path of a plan's file."""
    return f"{PLANS}/{plan_id}.md"


def blob_id(data: bytes, object_format: str = "sha1") -> str:
    """The id that git gives to a file of this content."""
    return hashlib.new(object_format, b"blob %d\0" % len(data) + data).hexdigest()


def read(worktree: str, path: str) -> bytes | None:
    """The content of the file; None when there is none. Raises StoreError for a link."""
    full = f"{worktree}/{path}"
    try:
        descriptor = os.open(full, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _refused(path, error) from error
    with os.fdopen(descriptor, "rb") as file:
        try:
            return file.read()
        except OSError as error:
            raise _refused(path, error) from error


def write(worktree: str, path: str, data: bytes) -> None:
    """The file holds just these bytes. Raises StoreError."""
    full = f"{worktree}/{path}"
    folder = os.path.dirname(full)
    temporary = f"{folder}/.{os.path.basename(full)}.{os.getpid()}.tmp"
    try:
        _make_folder(worktree, os.path.dirname(path))
        if os.path.islink(full):
            raise OSError("it is a symbolic link")
        with open(temporary, "wb") as file:
            file.write(data)
        os.replace(temporary, full)
    except OSError as error:
        if os.path.lexists(temporary):
            os.unlink(temporary)
        raise _refused(path, error) from error


def stat(worktree: str, path: str) -> str:
    """A text that changes when the file does; empty when there is no file."""
    try:
        found = os.stat(f"{worktree}/{path}", follow_symlinks=False)
    except OSError:
        return ""
    return f"{found.st_mtime_ns}:{found.st_size}:{found.st_ino}"


def listing(worktree: str) -> list[tuple[str, str]]:
    """The path and `stat` of each task, log and plan file, in order of path."""
    found = []
    for folder in (FOLDER, PLANS):
        full = f"{worktree}/{folder}"
        if os.path.islink(full):
            raise _refused(folder, OSError("it is a symbolic link"))
        try:
            entries = list(os.scandir(full))
        except (FileNotFoundError, NotADirectoryError):
            continue
        for entry in entries:
            if entry.name.endswith((".md", ".log")) and not entry.name.startswith("."):
                info = entry.stat(follow_symlinks=False)
                path = f"{folder}/{entry.name}"
                found.append((path, f"{info.st_mtime_ns}:{info.st_size}:{info.st_ino}"))
    return sorted(found)


def _make_folder(worktree: str, folder: str) -> None:
    """The folder is there, is no link, and tells git how its files merge."""
    full = f"{worktree}/{folder}"
    if os.path.islink(f"{worktree}/{FOLDER}"):
        raise OSError(f"{FOLDER} is a symbolic link")
    if os.path.isdir(full):
        return
    os.makedirs(full, exist_ok=True)
    attributes = f"{worktree}/{FOLDER}/.gitattributes"
    if not os.path.lexists(attributes):
        with open(attributes, "w", encoding="ascii") as file:
            file.write(ATTRIBUTES)


def _refused(path: str, error: OSError) -> StoreError:
    return StoreError(
        f"{path}: {error.strerror or error}",
        hint="The database has the change; once the file can be used, run: git jetpack sync",
    )
