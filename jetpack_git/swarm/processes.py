"""The processes that a command has started: how they are found, and how they are ended.

They are found by their process group, by their parents and, where there is a `/proc`, by the
`JETPACK_INCARNATION` in their environment: that also finds one that left the group, or whose
parent was killed together with the coordinator. What gave up its group, its parent and its
environment comes to the coordinator as its nearest living ancestor, and is known by its folder.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
from collections.abc import Callable
from collections.abc import Iterable

from jetpack_git import clock

POLL_S = 0.05
MARK = "JETPACK_INCARNATION"
LAST_S = 5.0  # how long the system may take to end what was killed
PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """Whoever loses its parent below this process gets this one, where the system can do that."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_all(
    group: int | None,
    mark: str | None,
    grace_s: float,
    *,
    hurry: Callable[[], bool] = lambda: False,
    leader: subprocess.Popen[bytes] | None = None,
    folder: str | None = None,
) -> None:
    """Nobody of the process group is left, nor any process that bears the mark.

    They are asked to end first, and made to after `grace_s` seconds or when `hurry` says so.
    With a `leader` its descendants end too, and those of our own children that nobody
    started and that are at work in `folder`.
    """
    asked: set[int] = set()
    kin: dict[int, int] = {}
    now = clock.monotonic()
    deadline, last = now + grace_s, now + grace_s + LAST_S
    while clock.monotonic() < last:
        if leader is not None:
            leader.poll()
        table = _table()
        if leader is not None:
            kin |= _below(table, leader.pid) | _adopted(table, folder)
        still = {pid for pid, began in kin.items() if pid in table and table[pid].began == began}
        found = marked(mark, _suspects(table, leader)) | {
            pid for pid in still if not table[pid].over
        }
        left = _members(group, table) | {
            pid for pid in found if pid not in table or table[pid].group != group
        }
        if not left:
            break
        made_to = hurry() or clock.monotonic() >= deadline
        # The group comes first (it is a negative number), and all of it at one stroke: a shell
        # that sees its child end before it is asked itself would take the work for done.
        for pid in sorted(left if made_to else left - asked):
            send(pid, signal.SIGKILL if made_to else signal.SIGTERM)
        asked |= left
        clock.sleep(POLL_S)
    for pid in kin:
        _bury(pid)


class _Process:
    """What the system tells of one process."""

    __slots__ = ("began", "group", "over", "parent")

    def __init__(self, stat: bytes) -> None:
        fields = stat.rpartition(b")")[2].split()
        self.over = fields[0] in b"ZX"
        self.parent, self.group = int(fields[1]), int(fields[2])
        self.began = int(fields[19])


def _table() -> dict[int, _Process]:
    """The other processes of this user, by their numbers."""
    found = {}
    for pid in _numbers():
        stat = _read(pid, "stat")
        if stat:
            found[pid] = _Process(stat)
    return found


def _below(table: dict[int, _Process], top: int) -> dict[int, int]:
    """The descendants of a process, and when each began."""
    found: dict[int, int] = {}
    level = {top}
    while level:
        level = {pid for pid, one in table.items() if one.parent in level and pid not in found}
        found |= {pid: table[pid].began for pid in level}
    return found


def _adopted(table: dict[int, _Process], folder: str | None) -> dict[int, int]:
    """Our children that lead no group of ours, and are at work in the folder."""
    if folder is None:
        return {}
    inside = folder + os.sep
    return {
        pid: one.began
        for pid, one in table.items()
        if one.parent == os.getpid()
        and one.group != os.getpgrp()
        and _read(pid, "comm").strip() != b"git"
        and (_folder(pid) + os.sep).startswith(inside)
    }


def _bury(pid: int) -> None:
    """A process that came to us and has ended leaves nothing."""
    with contextlib.suppress(OSError):
        os.waitpid(pid, os.WNOHANG)


def reap(dead: frozenset[int]) -> frozenset[int]:
    """The dead children that nobody waits for; those that were `dead` before leave nothing.

    A child of our own is waited for at once, so one that is dead for long has come to us.
    """
    table = _table()
    mine = frozenset(pid for pid, one in table.items() if one.over and one.parent == os.getpid())
    for pid in mine & dead:
        _bury(pid)
    return mine - dead


def _members(group: int | None, table: dict[int, _Process]) -> set[int]:
    """The group as the target of a signal (a negative number); empty when nobody is in it.

    A dead process that nobody has waited for yet does not count, where that can be seen.
    """
    if group is None or not send(-group, 0):
        return set()
    alive = any(one.group == group and not one.over for one in table.values())
    return {-group} if alive or not table else set()


def _suspects(table: dict[int, _Process], leader: subprocess.Popen[bytes] | None) -> Iterable[int]:
    """Who may bear a mark: of a life that began in this process, nobody who is older than that."""
    if leader is None:
        return table
    own = _read(os.getpid(), "stat")
    ours = _Process(own).began if own else 0
    return [pid for pid, one in table.items() if one.began >= ours]


def marked(mark: str | None, pids: Iterable[int]) -> set[int]:
    """Those of the processes that bear the mark in their environment."""
    if mark is None:
        return set()
    wanted = f"{MARK}={mark}".encode()
    return {pid for pid in pids if wanted in _read(pid, "environ").split(b"\0")}


def git_at_work(worktree: str) -> bool:
    """Whether a git command of this user still runs in the worktree."""
    return any(
        _read(pid, "comm").strip() == b"git" and _folder(pid) == worktree for pid in _numbers()
    )


def _numbers() -> list[int]:
    """The other processes of this user, as far as the system tells."""
    try:
        found = [int(one.name) for one in os.scandir("/proc") if one.name.isdecimal()]
    except OSError:
        return []
    return [pid for pid in found if pid != os.getpid() and _is_mine(pid)]


def _is_mine(pid: int) -> bool:
    try:
        return os.stat(f"/proc/{pid}").st_uid == os.getuid()
    except OSError:
        return False


def _read(pid: int, name: str) -> bytes:
    """What the system tells of the process; nothing when it has gone."""
    try:
        with open(f"/proc/{pid}/{name}", "rb") as file:
            return file.read()
    except OSError:
        return b""


def _folder(pid: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/cwd").removesuffix(" (deleted)")
    except OSError:
        return ""


def send(target: int, number: int) -> bool:
    """Whether there was somebody to get the signal; a negative target is a group."""
    try:
        os.kill(target, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True
