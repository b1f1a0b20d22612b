"""The harness: runs one command for one task, and ends it with all that it started."""

from __future__ import annotations

import os
import re
import shlex
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
from jetpack_git.git.run import environment

PLACES = ("task_id", "prompt_file", "worktree", "branch", "agent")
POLL_S = 0.05
TAIL = 2000


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
    started: Callable[[int], None],
) -> Outcome:
    """The command has ended, and nothing that it started in its session still runs.

    It gets an empty stdin; what it prints goes to `log`. When `stop` says so or the time is
    over it is asked to end (SIGTERM) and after `grace_s` seconds made to.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        begin = output.tell()
        try:
            child = subprocess.Popen(
                argv,
                cwd=cwd,
                env=_environment(env),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise StoreError(
                f"{argv[0]} cannot be started: {error.strerror}.", hint="Check --command."
            ) from error
        started(child.pid)
        kind = _wait(child, stop, clock.monotonic() + timeout_s)
        end_session(child.pid, grace_s, leader=child)
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


def end_session(pid: int, grace_s: float, *, leader: subprocess.Popen[bytes] | None = None) -> None:
    """No process of the group that `pid` leads is left."""
    if not _signal(pid, signal.SIGTERM):
        return
    deadline = clock.monotonic() + grace_s
    while clock.monotonic() < deadline:
        if leader is not None:
            leader.poll()
        if not _signal(pid, 0):
            return
        clock.sleep(POLL_S)
    _signal(pid, signal.SIGKILL)
    if leader is not None:
        leader.wait()


def _signal(group: int, number: int) -> bool:
    """Whether there was somebody in the group to get the signal."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _environment(extra: dict[str, str]) -> dict[str, str]:
    """The command's environment: ours without git's variables, with `git jetpack` on PATH."""
    found = environment(extra)
    ours = os.path.dirname(sys.executable)
    found["PATH"] = os.pathsep.join(filter(None, (found.get("PATH", os.defpath), ours)))
    return found


def _tail(log: Path, begin: int) -> str:
    """The end of what the command printed."""
    with log.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(begin, end - TAIL))
        return file.read().decode("utf-8", "replace").strip()
