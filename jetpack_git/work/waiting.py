"""Waiting for mail without asking for it again and again.

Who waits opens a pipe of its own in a folder beside the database, named after the agent; who
sends writes one byte to each pipe of those it wrote to. A pipe that nobody reads any more was
left by a dead process, and goes.
"""

from __future__ import annotations

import errno
import os
import select
from contextlib import suppress

from jetpack_git import ids
from jetpack_git.data.database import Database
from jetpack_git.digest import sha1


class Waiter:
    """A pipe to be woken by, while it is open."""

    def __init__(self, db: Database, agent: str) -> None:
        folder = _folder(db)
        os.makedirs(folder, mode=0o700, exist_ok=True)
        self._path = f"{folder}/{_name(agent)}.{ids.token(8)}"
        os.mkfifo(self._path, 0o600)
        # Open for writing too, so that the end of one writer is not the end of the pipe.
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_NONBLOCK)

    def __enter__(self) -> Waiter:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)
        with suppress(OSError):
            os.unlink(self._path)
        with suppress(OSError):
            os.rmdir(os.path.dirname(self._path))

    def wait(self, timeout_s: float | None) -> bool:
        """Whether somebody woke us within that time (None: at any time)."""
        if not select.select([self._descriptor], [], [], timeout_s)[0]:
            return False
        with suppress(BlockingIOError):
            os.read(self._descriptor, 4096)
        return True


def wake(db: Database, agents: set[str]) -> None:
    """Whoever waits for mail of these agents looks for it. Never fails."""
    folder = _folder(db)
    try:
        names = os.listdir(folder)
    except OSError:
        return
    wanted = {_name(one) for one in agents}
    for name in names:
        if name.partition(".")[0] in wanted:
            _ring(f"{folder}/{name}")


def _ring(path: str) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except OSError as error:
        if error.errno == errno.ENXIO:
            with suppress(OSError):
                os.unlink(path)
        return
    with suppress(OSError):
        os.write(descriptor, b".")
    os.close(descriptor)


def _folder(db: Database) -> str:
    return os.path.join(os.path.dirname(db.backend.path), "waiting")


def _name(agent: str) -> str:
    return sha1(agent.encode())[:24]
