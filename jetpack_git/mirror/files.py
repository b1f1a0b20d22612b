"""The mirror's files in one worktree: where they are, and reading and writing them safely.

Nothing is written through a symbolic link, and a file is there whole or not at all.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from stat import S_ISDIR
from stat import S_ISREG

from jetpack_git.digest import sha1
from jetpack_git.errors import StoreError
from jetpack_git.models.paths import memory_path as memory_path

FOLDER = ".tasks"
PLANS = f"{FOLDER}/plans"
MEMORIES = ".memories"
FOLDERS = (FOLDER, MEMORIES)
ATTRIBUTES_NAME = ".gitattributes"
TEMPORARY = ".unfinished.tmp"
ATTRIBUTES = """\
*.md text eol=lf merge=jetpack diff=jetpack
*.log text eol=lf merge=union
"""


def task_path(task_id: str) -> str:
    """The path of a task's file from the root of the worktree."""
    return f"{FOLDER}/{task_id}.md"


def log_path(task_id: str) -> str:
    """The path of a task's execution log."""
    return f"{FOLDER}/{task_id}.log"


def is_memory(path: str) -> bool:
    """Whether the file is that of a memory."""
    return path.startswith(f"{MEMORIES}/")


def key(path: str) -> str:
    """What the versions of a file are known by: of a memory, the name without the type's folder.

    So that they are known still when the memory gets another type.
    """
    return f"{MEMORIES}/{path.rpartition('/')[2]}" if is_memory(path) else path


def plan_path(plan_id: str) -> str:
    """The path of a plan's file."""
    return f"{PLANS}/{plan_id}.md"


def blob_id(data: bytes, object_format: str = "sha1") -> str:
    """The id that git gives to a file of this content."""
    content = b"blob %d\0" % len(data) + data
    if object_format == "sha1":
        return sha1(content)
    import hashlib

    return hashlib.new(object_format, content, usedforsecurity=False).hexdigest()


def read(worktree: str, path: str, *, plain: bool = False) -> bytes | None:
    """The content of the file; None when there is none.

    Raises StoreError for anything but a regular file in a folder that is no link, and if
    `plain` for an executable.
    """
    try:
        _check_folder(worktree, os.path.dirname(path))
        descriptor = os.open(f"{worktree}/{path}", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"{path}: {_reason(error)}.") from error
    try:
        mode = os.fstat(descriptor).st_mode
        if not S_ISREG(mode):
            raise StoreError(f"{path}: this is no regular file.")
        if plain and mode & 0o111:
            raise StoreError(f"{path}: this is executable.", hint=f"Run: chmod a-x {path}")
        with open(descriptor, "rb", closefd=False) as file:
            return file.read()
    except OSError as error:
        raise StoreError(f"{path}: {_reason(error)}.") from error
    finally:
        os.close(descriptor)


def write(worktree: str, path: str, data: bytes) -> str:
    """The file holds just these bytes; its `stat`. Raises StoreError.

    To be called in a transaction: one process writes at a time, so that the new content
    is made beside the file under a name that never varies, and no debris piles up.
    """
    folder = os.path.dirname(path)
    temporary = f"{worktree}/{folder}/{TEMPORARY}"
    try:
        _make_folder(worktree, folder)
        if os.path.islink(f"{worktree}/{path}"):
            raise OSError("it is a symbolic link")
        try:
            descriptor = _create(temporary)
            try:
                view = memoryview(data)
                while view:
                    view = view[os.write(descriptor, view) :]
                made = _stamp(os.fstat(descriptor))
            finally:
                os.close(descriptor)
            os.replace(temporary, f"{worktree}/{path}")
        except OSError:
            with suppress(OSError):
                os.unlink(temporary)
            raise
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written: {_reason(error)}.",
            hint="The database has the change; any later command here writes the file.",
        ) from error
    return made


def remove(worktree: str, path: str) -> None:
    """There is no such file, nor a folder that would be empty. Raises StoreError."""
    try:
        _check_folder(worktree, os.path.dirname(path))
        os.unlink(f"{worktree}/{path}")
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreError(f"{path} cannot be deleted: {_reason(error)}.") from error
    with suppress(OSError):
        os.rmdir(f"{worktree}/{os.path.dirname(path)}")


def stat(worktree: str, path: str) -> str:
    """A text that changes when the file does; empty when there is no file."""
    try:
        return _stamp(os.stat(f"{worktree}/{path}", follow_symlinks=False))
    except OSError:
        return ""


def listing(worktree: str) -> tuple[list[tuple[str, str]], list[str]]:
    """The path and `stat` of each file of ours in order of path; what is refused.

    Files of tasks, logs, plans and memories.
    """
    found: list[tuple[str, str]] = []
    refused: list[str] = []
    folders = [FOLDER, PLANS, MEMORIES]
    for folder in folders:
        try:
            _check_folder(worktree, folder)
            descriptor = os.open(f"{worktree}/{folder}", os.O_RDONLY | os.O_DIRECTORY)
            try:
                names = sorted(os.listdir(descriptor))
                if folder == MEMORIES:
                    folders += [f"{MEMORIES}/{one}" for one in names if _is_folder(one, descriptor)]
                _stamps(folder, names, descriptor, found, refused)
            finally:
                os.close(descriptor)
        except FileNotFoundError:
            continue
        except OSError as error:
            refused.append(f"{folder}: {_reason(error)}.")
    return sorted(found), refused


def _stamps(
    folder: str, names: list[str], descriptor: int, found: list[tuple[str, str]],
    refused: list[str],
) -> None:  # fmt: skip
    """What `listing` finds in one folder, which is open.

    Looking at a file by its name in an open folder takes less than by its whole path, and this
    is done for every file there is.
    """
    for name in names:
        if not name.endswith((".md", ".log")) or name.startswith("."):
            continue
        path = f"{folder}/{name}"
        if not name.isprintable():
            refused.append(f"{path!r}: this cannot be the name of a task's or memory's file.")
            continue
        try:
            one = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
        except FileNotFoundError:
            continue
        found.append((path, _stamp(one)))


def _is_folder(name: str, descriptor: int) -> bool:
    try:
        return name.isprintable() and S_ISDIR(os.stat(name, dir_fd=descriptor).st_mode)
    except OSError:
        return False


def count(worktree: str) -> int:
    """About how many files there are."""
    try:
        return sum(len(os.listdir(f"{worktree}/{one}")) for one in FOLDERS)
    except OSError:
        return 0


def _check_folder(worktree: str, folder: str) -> None:
    """Neither the folder nor one above it is a symbolic link. Raises OSError."""
    part = ""
    for name in folder.split("/"):
        part = f"{part}/{name}"
        if os.path.islink(f"{worktree}{part}"):
            raise OSError(f"{part[1:]} is a symbolic link")


def _make_folder(worktree: str, folder: str) -> None:
    """The folder is there, is no link, and tells git how its files merge."""
    _check_folder(worktree, folder)
    if os.path.isdir(f"{worktree}/{folder}"):
        return
    os.makedirs(f"{worktree}/{folder}", exist_ok=True)
    attributes = f"{worktree}/{folder.partition('/')[0]}/{ATTRIBUTES_NAME}"
    if not os.path.lexists(attributes):
        with open(attributes, "w", encoding="ascii") as file:
            file.write(ATTRIBUTES)


def _create(path: str) -> int:
    """The descriptor of a new file there; what a killed process left goes."""
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    except FileExistsError:
        os.unlink(path)
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)


def _stamp(found: os.stat_result) -> str:
    stamp = f"{found.st_mtime_ns}:{found.st_size}:{found.st_ino}"
    return f"{stamp}:x" if found.st_mode & 0o111 else stamp


def _reason(error: OSError) -> str:
    if error.errno == errno.ELOOP:  # as O_NOFOLLOW says it
        return "this is a symbolic link"
    return error.strerror or str(error)
