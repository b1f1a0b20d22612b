"""The harness: runs one command, hears what it says, and ends it with all that it started."""

from __future__ import annotations

import contextlib
import os
import selectors
import shutil
import subprocess
import sys
from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from jetpack_git import clock
from jetpack_git.errors import BadInput
from jetpack_git.errors import StoreError
from jetpack_git.git.run import NO_LOAD
from jetpack_git.git.run import environment
from jetpack_git.swarm import processes

LOOK_S = 0.2  # how soon a wish to stop is seen
TAIL = 2000
CHUNK = 1 << 16
LONGEST_LINE = 16 << 20  # bytes; a longer line is kept in the log, and not heard


@dataclass(frozen=True)
class Limits:
    """What one run may take: seconds in all, seconds without a word, and bytes of output."""

    wall_s: float
    idle_s: float = 1e9
    output: int = 1 << 40
    grace_s: float = 10.0


@dataclass(frozen=True)
class Outcome:
    """Why a command is over, its exit code, and its last words.

    `kind` is `ended`, or why it was made to end: `stopped`, `timeout`, `silent` or `flood`.
    """

    kind: str
    code: int | None
    tail: str


def run(
    argv: list[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    log: Path,
    limits: Limits,
    stop: Callable[[], bool],
    hurry: Callable[[], bool],
    started: Callable[[int], None],
    heard: Callable[[bytes], None] = lambda line: None,
    stdin: Path | None = None,
) -> Outcome:
    """The command has ended, and nothing that it started still runs.

    What it prints goes to `log`, and each line of its stdout to `heard` as well. When `stop`
    says so or a limit is met it is asked to end (SIGTERM), and made to after the time of
    grace or when `hurry` says so. Raises StoreError when it cannot be started.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output, open(stdin or os.devnull, "rb") as given:
        try:
            child = subprocess.Popen(
                argv, cwd=cwd, env=dict(env), stdin=given, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, start_new_session=True,
            )  # fmt: skip
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise StoreError(
                f"{argv[0]} cannot be started: {why}.", hint="Check what runs a task."
            ) from error
        ears = _Ears(child, output, heard)
        try:
            started(child.pid)
            kind = _wait(child, ears, stop, limits)
        finally:
            mark = env.get(processes.MARK)
            processes.end_all(
                child.pid, mark, limits.grace_s, hurry=hurry, leader=child, folder=str(cwd)
            )
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(processes.LAST_S)  # its threads may end after what looked like its end
            ears.close()
    return Outcome(kind, child.returncode, ears.tail)


class _Ears:
    """Hears what a command prints on its two streams."""

    def __init__(
        self, child: subprocess.Popen[bytes], log: IO[bytes], heard: Callable[[bytes], None]
    ) -> None:
        assert child.stdout is not None
        assert child.stderr is not None
        self.total = 0
        self.last = clock.monotonic()
        self._log = log
        self._heard = heard
        self._line = bytearray()
        self._skips = False
        self._end = b""
        self._out, self._err = child.stdout, child.stderr
        self._pidfd = os.pidfd_open(child.pid) if hasattr(os, "pidfd_open") else None
        self._selector = selectors.DefaultSelector()
        for stream in (self._out, self._err):
            os.set_blocking(stream.fileno(), False)
            self._selector.register(stream, selectors.EVENT_READ)
        if self._pidfd is not None:
            self._selector.register(self._pidfd, selectors.EVENT_READ)

    @property
    def tail(self) -> str:
        """The end of what was printed."""
        return self._end[-TAIL:].decode("utf-8", "replace").strip()

    def listen(self) -> None:
        """What has come within a moment is heard; the command's end is waited for no longer."""
        wait_s = LOOK_S if self._pidfd is not None else processes.POLL_S
        for key, _ in self._selector.select(wait_s):
            if key.fileobj == self._pidfd or not self._hear(key.fd):
                self._selector.unregister(key.fileobj)

    def _hear(self, stream: int) -> bool:
        """Whether there may be more to come."""
        try:
            data = os.read(stream, CHUNK)
        except BlockingIOError:
            return True
        if not data:
            return False
        self.total += len(data)
        self.last = clock.monotonic()
        self._log.write(data)
        self._log.flush()
        self._end = (self._end + data)[-2 * TAIL :]
        if stream == self._out.fileno():
            self._take(data)
        return True

    def _take(self, data: bytes) -> None:
        """Each whole line is heard. The time is linear, also where a line never ends."""
        begin, *more = data.split(b"\n")
        self._add(begin)
        for part in more:
            if not self._skips:
                self._heard(bytes(self._line))
            self._line.clear()
            self._skips = False
            self._add(part)

    def _add(self, part: bytes) -> None:
        if not self._skips:
            self._line += part
        if len(self._line) > LONGEST_LINE:
            self._line.clear()
            self._skips = True

    def close(self) -> None:
        """What is left in the pipes is heard; who still holds them writes to nobody."""
        for stream in (self._out, self._err):
            for _ in range(64):  # of an endless writer that nobody could end, no more
                before = self.total
                if not self._hear(stream.fileno()) or self.total == before:
                    break
        if self._line and not self._skips:
            self._heard(bytes(self._line))
        self._selector.close()
        self._out.close()
        self._err.close()
        if self._pidfd is not None:
            os.close(self._pidfd)


def _wait(
    child: subprocess.Popen[bytes], ears: _Ears, stop: Callable[[], bool], limits: Limits
) -> str:
    """Why the wait is over."""
    deadline = clock.monotonic() + limits.wall_s
    while True:
        ears.listen()
        if ears.total > limits.output:
            return "flood"
        if child.poll() is not None:
            return "ended"
        if stop():
            return "stopped"
        if clock.monotonic() > deadline:
            return "timeout"
        if clock.monotonic() > ears.last + limits.idle_s:
            return "silent"


def check(argv: list[str]) -> None:
    """The program can be started, as far as is known beforehand. Raises BadInput."""
    program = argv[0]
    relative = os.sep in program and not os.path.isabs(program)
    if relative or shutil.which(program, path=inherited()["PATH"]):
        return
    what = "cannot be run" if os.path.isabs(program) and os.path.exists(program) else "is not there"
    raise BadInput(
        f"The program {program!r} {what}.", hint="Install it, or say what else runs a task."
    )


def version(argv: list[str], timeout_s: float = 20.0) -> str:
    """What a program says of its version; nothing when it does not answer."""
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(
            argv, env=inherited(), stdin=subprocess.DEVNULL, capture_output=True,
            timeout=timeout_s, check=False,
        )  # fmt: skip
        return done.stdout.decode("utf-8", "replace").strip()
    return ""


def inherited() -> dict[str, str]:
    """Our environment without git's variables, with `git jetpack` on PATH."""
    found = environment({})
    found.pop(NO_LOAD, None)  # what an agent pulls is news
    ours = os.path.dirname(sys.executable)
    found["PATH"] = os.pathsep.join(filter(None, (found.get("PATH", os.defpath), ours)))
    return found
