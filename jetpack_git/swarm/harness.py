"""The harness: runs one command for one task, and ends it with all that it started.

What a command started is found by its process group and, where there is a `/proc`, by the
`JETPACK_INCARNATION` in its environment as well: that also finds a process that left the
group, or whose parent was killed together with the coordinator.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jetpack_git import clock
from jetpack_git.errors import BadInput
from jetpack_git.errors import StoreError
from jetpack_git.git.run import NO_LOAD
from jetpack_git.git.run import environment

PLACES = ("task_id", "prompt_file", "worktree", "branch", "agent")
POLL_S = 0.05
TAIL = 2000
MARK = "JETPACK_INCARNATION"
LAST_S = 5.0  # how long the system may take to end what was killed


@dataclass(frozen=True)
class Outcome:
    """How a command ended: `done`, `failed`, `timeout` or `stopped`, and its last words."""

    kind: str
    code: int | None
    tail: str


def arguments(template: str, values: Mapping[str, str]) -> list[str]:
    """The command's argument list: the template split as a shell does, then filled in.

    No shell ever sees the values. Raises BadInput for a template that cannot be used.
    """
    try:
        parts = shlex.split(template)
    except ValueError as error:
        raise BadInput(f"The command {template!r} cannot be split: {error}.") from error
    if not parts:
        raise BadInput("The command is empty.", hint="Say what runs a task: --command 'CMD …'")
    for name in re.findall(r"\{([a-z_]+)\}", template):
        if name not in PLACES:
            raise BadInput(
                f"The command has an unknown place {{{name}}}.",
                hint="Known are " + ", ".join(f"{{{one}}}" for one in PLACES),
            )
    return [_filled(part, values) for part in parts]


def _filled(part: str, values: Mapping[str, str]) -> str:
    return re.sub(r"\{([a-z_]+)\}", lambda found: values[found[1]], part)


def run(
    argv: list[str],
    *,
    cwd: Path,
    env: dict[str, str],
    log: Path,
    timeout_s: float,
    grace_s: float,
    stop: Callable[[], bool],
    hurry: Callable[[], bool],
    started: Callable[[int], None],
) -> Outcome:
    """The command has ended, and nothing that it started still runs.

    It gets an empty stdin; what it prints goes to `log`. When `stop` says so or the time is
    over it is asked to end (SIGTERM), and made to after `grace_s` seconds or when `hurry`
    says so. Raises StoreError when it cannot be started.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        begin = output.tell()
        try:
            child = subprocess.Popen(
                argv, cwd=cwd, env=_environment(env), stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise StoreError(
                f"{argv[0]} cannot be started: {why}.", hint="Check --command."
            ) from error
        try:
            started(child.pid)
            kind = _wait(child, stop, clock.monotonic() + timeout_s)
        finally:
            mark = env.get(MARK)
            end_all(child.pid, mark, grace_s, hurry=hurry, leader=child)
    tail = _tail(log, begin)
    if kind == "ended":
        kind = "done" if child.returncode == 0 else "failed"
    return Outcome(kind, child.returncode, tail)


def _wait(child: subprocess.Popen[bytes], stop: Callable[[], bool], deadline: float) -> str:
    """Why the wait is over: the command has `ended`, was `stopped`, or met its `timeout`."""
    while True:
        try:
            child.wait(POLL_S)
        except subprocess.TimeoutExpired:
            if stop():
                return "stopped"
            if clock.monotonic() > deadline:
                return "timeout"
        else:
            return "ended"


def end_all(
    group: int | None,
    mark: str | None,
    grace_s: float,
    *,
    hurry: Callable[[], bool] = lambda: False,
    leader: subprocess.Popen[bytes] | None = None,
) -> None:
    """Nobody of the process group is left, nor any process that bears the mark.

    They are asked to end first, and made to after `grace_s` seconds or when `hurry` says so.
    """
    asked: set[int] = set()
    now = clock.monotonic()
    deadline, last = now + grace_s, now + grace_s + LAST_S
    while clock.monotonic() < last:
        if leader is not None:
            leader.poll()
        left = _members(group) | {pid for pid in marked(mark) if _group(pid) != group}
        if not left:
            return
        made_to = hurry() or clock.monotonic() >= deadline
        # The group comes first (it is a negative number), and all of it at one stroke: a shell
        # that sees its child end before it is asked itself would take the work for done.
        for pid in sorted(left if made_to else left - asked):
            _signal(pid, signal.SIGKILL if made_to else signal.SIGTERM)
        asked |= left
        clock.sleep(POLL_S)


def _members(group: int | None) -> set[int]:
    """The group as the target of a signal (a negative number); empty when nobody is in it.

    A dead process that nobody has waited for yet does not count, where that can be seen.
    """
    if group is None or not _signal(-group, 0):
        return set()
    stats = [_read(pid, "stat").rpartition(b")")[2].split() for pid in _processes()]
    alive = [one for one in stats if one and one[0] not in b"ZX" and int(one[2]) == group]
    return {-group} if alive or not stats else set()


def _group(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except OSError:
        return None


def marked(mark: str | None) -> set[int]:
    """The processes of this user that bear the mark in their environment."""
    if mark is None:
        return set()
    wanted = f"{MARK}={mark}".encode()
    return {pid for pid in _processes() if wanted in _read(pid, "environ").split(b"\0")}


def git_at_work(worktree: str) -> bool:
    """Whether a git command of this user still runs in the worktree."""
    return any(
        _read(pid, "comm").strip() == b"git" and _folder(pid) == worktree for pid in _processes()
    )


def _processes() -> list[int]:
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
        return os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return ""


def _signal(target: int, number: int) -> bool:
    """Whether there was somebody to get the signal; a negative target is a group."""
    try:
        os.kill(target, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def check(argv: list[str]) -> None:
    """The program can be started, as far as is known beforehand. Raises BadInput."""
    program = argv[0]
    relative = os.sep in program and not os.path.isabs(program)
    if relative or shutil.which(program, path=_environment({})["PATH"]):
        return
    what = "cannot be run" if os.path.isabs(program) and os.path.exists(program) else "is not there"
    raise BadInput(
        f"The command {program!r} {what}.", hint="Check --command; it is run without a shell."
    )


def _environment(extra: dict[str, str]) -> dict[str, str]:
    """The command's environment: ours without git's variables, with `git jetpack` on PATH."""
    found = environment(extra)
    found.pop(NO_LOAD, None)  # what an agent pulls is news
    ours = os.path.dirname(sys.executable)
    found["PATH"] = os.pathsep.join(filter(None, (found.get("PATH", os.defpath), ours)))
    return found


def _tail(log: Path, begin: int) -> str:
    """The end of what the command printed."""
    with log.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(begin, end - TAIL))
        return file.read().decode("utf-8", "replace").strip()
