"""Running git: arguments in, text out, its errors as ours."""

from __future__ import annotations

import os
import select
import signal
from contextlib import ExitStack
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from jetpack_git.errors import GitFailed
from jetpack_git.errors import StoreError

KEPT = frozenset(
    {"GIT_SSH", "GIT_SSH_COMMAND", "GIT_ASKPASS", "GIT_EXEC_PATH", "GIT_TERMINAL_PROMPT"}
)
NO_LOAD = "JETPACK_NO_LOAD"  # the hooks of ours that would load files leave that to us
_FATAL = 128  # git's own status where it cannot even begin
SETTINGS = "GIT_CONFIG_"  # where the config is, and what `git -c name=value` adds to it
CHUNK = 1 << 16
CAPACITY = 1 << 20  # no pipe holds more, unless the superuser wants it so
_inherited: dict[str, str] = {}
_has_parted = False


def environment(extra: dict[str, str] | None = None) -> dict[str, str]:
    """This process's environment without the `GIT_*` that a hook would leak, plus `extra`.

    It is as it was when this was asked first: to read it takes longer than to start git.
    """
    if not _inherited:
        _inherited.update({
            name: value
            for name, value in os.environ.items()
            if not name.startswith("GIT_") or name in KEPT or name.startswith(SETTINGS)
        })  # fmt: skip
    return _inherited | {NO_LOAD: "1"} | (extra or {})


class Done(NamedTuple):
    """A git command that has ended: by the signal of that number where its status is negative."""

    returncode: int
    stdout: bytes
    stderr: bytes


def run(
    *args: str,
    cwd: Path,
    check: bool = True,
    env: dict[str, str] | None = None,
    stdin: bytes | None = None,
) -> Done:
    """The finished git command. Raises GitFailed when `check` and it did not end well.

    A swarm runs thousands of them, and the module subprocess takes three times as long. Ctrl-C
    is for us: git is never cut short by it, and asked to end when we are.
    """
    _part_from_who_started_us()
    with ExitStack() as stack:
        try:
            given = _Pipe(stack, bool(stdin))
            out, said = _Pipe(stack), _Pipe(stack)
            pid = os.posix_spawnp(
                "git", ["git", "-C", str(cwd), *args], environment(env), setpgroup=0,
                setsigdef=(signal.SIGPIPE,),
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, number, at)
                    for at, number in enumerate((given.source, out.sink, said.sink))
                ],
            )  # fmt: skip
        except OSError as error:
            is_gone = isinstance(error, FileNotFoundError)
            raise StoreError(
                f"git cannot be started: {error.strerror}.",
                hint="Install git." if is_gone else "See whether it runs here: git --version",
            ) from error
        try:
            for one in (out, said):
                one.end(one.sink)
            given.end(given.source)
            _talk(stack, pid, given, stdin or b"", (out, said))
        except BaseException:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGTERM)
                os.killpg(pid, signal.SIGCONT)  # one that waits for a terminal is stopped
            _wait(pid)
            raise
        done = Done(_wait(pid), bytes(out.heard), bytes(said.heard))
    if done.returncode == _FATAL and not Path(cwd).is_dir():
        raise StoreError(f"{cwd} is not there.", hint="Restore the folder.")
    if check and done.returncode != 0:
        raise failed(args, done)
    return done


def _wait(pid: int) -> int:
    """The exit status of the process, once it has ended."""
    try:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    except ChildProcessError as error:
        raise StoreError(
            "It is not known how git ended: this process ignores the signal SIGCHLD.",
            hint="Start it from a program that does not.",
        ) from error


class _Pipe:
    """What goes into a process, or comes out of it; an empty file where nothing goes in.

    Its ends are closed with the `stack`, or before.
    """

    def __init__(self, stack: ExitStack, is_used: bool = True) -> None:
        self.heard = bytearray()
        if is_used:
            self.source, self.sink = os.pipe()
            self._open = {self.source, self.sink}
        else:
            self.source = os.open(os.devnull, os.O_RDONLY)
            self._open = {self.source}
        stack.callback(self.close)

    def end(self, number: int) -> None:
        """This end of it is closed."""
        self._open.discard(number)
        os.close(number)

    def close(self) -> None:
        """So are both."""
        for number in tuple(self._open):
            self.end(number)

    def read(self, most: int = CHUNK) -> bool:
        """What has come is heard; whether there may be more."""
        part = os.read(self.source, most)
        self.heard += part
        return bool(part)

    def drain(self) -> None:
        """What stands in it is heard, and nothing that comes later."""
        os.set_blocking(self.source, False)
        with suppress(BlockingIOError):
            self.read(CAPACITY)


def _talk(stack: ExitStack, pid: int, given: _Pipe, data: bytes, ways: tuple[_Pipe, ...]) -> None:
    """The process has got the data, and what it says is heard until it is over.

    Whoever keeps its output open after that makes nobody wait, where the system can tell.
    """
    poll = select.poll()
    heard = {one.source: one for one in ways}
    for number in heard:
        poll.register(number, select.POLLIN)
    rest = memoryview(data)
    if rest:
        os.set_blocking(given.sink, False)
        poll.register(given.sink, select.POLLOUT)
    over = _handle(pid)
    if over is not None:
        stack.callback(os.close, over)
        poll.register(over, select.POLLIN)
    while heard or rest or over is not None:
        for number, _ in poll.poll():
            if number == over:
                for one in heard.values():
                    one.drain()
                return
            if number in heard:
                if not heard[number].read():
                    poll.unregister(number)
                    del heard[number]
                continue
            try:
                rest = rest[os.write(given.sink, rest) :]
            except BlockingIOError:
                continue
            except BrokenPipeError:  # it does not want to know
                rest = rest[:0]
            if not rest:
                poll.unregister(given.sink)
                given.end(given.sink)


def _handle(pid: int) -> int | None:
    """A file that can be read once the process is over, where the system has such."""
    with suppress(AttributeError, OSError):
        return os.pidfd_open(pid)
    return None


def _part_from_who_started_us() -> None:
    """Files that we were given go no further, for a lock on one is to end with us; and we are
    told how git ends, though who started us may not care for its children."""
    global _has_parted
    if _has_parted:
        return
    _has_parted = True
    with suppress(OSError):
        for number in map(int, os.listdir("/dev/fd")):
            with suppress(OSError):
                if number > 2:
                    os.set_inheritable(number, False)
    with suppress(ValueError):  # only the main thread may do that
        if signal.getsignal(signal.SIGCHLD) == signal.SIG_IGN:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)


def failed(args: tuple[str, ...], done: Done) -> GitFailed:
    """The error of one git command that did not end well."""
    said = (done.stderr or done.stdout).decode("utf-8", "replace").strip()
    verb = args[2] if args[0] == "-c" else args[0]  # behind the one setting that we give
    return GitFailed(f"git {verb} ended with status {done.returncode}: {said}")


def git(
    *args: str,
    cwd: Path,
    check: bool = True,
    env: dict[str, str] | None = None,
    stdin: bytes | None = None,
) -> str:
    """What git printed, without the newline at its end."""
    out = run(*args, cwd=cwd, check=check, env=env, stdin=stdin).stdout
    return os.fsdecode(out).removesuffix("\n")


def succeeds(*args: str, cwd: Path) -> bool:
    """Whether the git command ended with status 0."""
    return run(*args, cwd=cwd, check=False).returncode == 0
