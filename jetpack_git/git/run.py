"""Running git: arguments in, text out, its errors as ours."""

from __future__ import annotations

import fcntl
import os
import signal
from pathlib import Path
from typing import NamedTuple
from typing import Self

from jetpack_git.errors import GitFailed
from jetpack_git.errors import StoreError

KEPT = frozenset(
    {"GIT_SSH", "GIT_SSH_COMMAND", "GIT_ASKPASS", "GIT_EXEC_PATH", "GIT_TERMINAL_PROMPT"}
)
NO_LOAD = "JETPACK_NO_LOAD"  # the hooks of ours that would load files leave that to us
_FATAL = 128  # git's own status where it cannot even begin
SETTINGS = "GIT_CONFIG_"  # where the config is, and what `git -c name=value` adds to it


_inherited: dict[str, str] = {}


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
    with _Scratch(stdin or b"") as given, _Scratch() as out, _Scratch() as said:
        try:
            pid = os.posix_spawnp(
                "git", ["git", "-C", str(cwd), *args], environment(env), setpgroup=0,
                setsigdef=(signal.SIGPIPE,),
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, one.number, number)
                    for number, one in enumerate((given, out, said))
                ],
            )  # fmt: skip
        except OSError as error:
            raise StoreError(
                f"git cannot be started: {error.strerror}.", hint="Install git."
            ) from error
        done = Done(_wait(pid), out.content(), said.content())
    if done.returncode == _FATAL and not Path(cwd).is_dir():
        raise StoreError(f"{cwd} is not there.", hint="Restore the folder.")
    if check and done.returncode != 0:
        raise failed(args, done)
    return done


def _wait(pid: int) -> int:
    """The exit status of the process, once it has ended."""
    try:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    except BaseException:
        os.kill(pid, signal.SIGTERM)
        os.waitpid(pid, 0)
        raise


class _Scratch:
    """A file without a name, for what goes into a process or comes out of it.

    Unlike a pipe it never fills up, and nobody who keeps it open makes us wait.
    """

    def __init__(self, content: bytes = b"") -> None:
        if hasattr(os, "memfd_create"):
            self.number = os.memfd_create("git")
        else:
            import tempfile  # loads a lot

            with tempfile.TemporaryFile() as file:
                self.number = os.dup(file.fileno())
        fcntl.fcntl(self.number, fcntl.F_SETFL, os.O_APPEND)  # a hook may open it once more
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(self.number, rest) :]
        os.lseek(self.number, 0, os.SEEK_SET)

    def content(self) -> bytes:
        """All that is in it."""
        os.lseek(self.number, 0, os.SEEK_SET)
        with open(self.number, "rb", closefd=False) as file:
            return file.read()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.number)


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
