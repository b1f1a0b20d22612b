"""Running git: arguments in, text out, its errors as ours."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path

from jetpack_git.errors import GitFailed
from jetpack_git.errors import StoreError

KEPT = frozenset(
    {"GIT_SSH", "GIT_SSH_COMMAND", "GIT_ASKPASS", "GIT_EXEC_PATH", "GIT_TERMINAL_PROMPT"}
)
NO_LOAD = "JETPACK_NO_LOAD"  # the hooks of ours that would load files leave that to us
SETTINGS = "GIT_CONFIG_"  # where the config is, and what `git -c name=value` adds to it


def environment(extra: dict[str, str] | None = None) -> dict[str, str]:
    """This process's environment without the `GIT_*` that a hook would leak, plus `extra`."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or name in KEPT or name.startswith(SETTINGS)
    }
    return kept | {NO_LOAD: "1"} | (extra or {})


@lru_cache(maxsize=1)
def _program(path: str) -> str:
    """Where git is, so that it is not looked for in each folder again and again."""
    found = shutil.which("git", path=path)
    return found if found and os.path.isabs(found) else "git"


def run(
    *args: str,
    cwd: Path,
    check: bool = True,
    env: dict[str, str] | None = None,
    stdin: bytes | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """The finished git command. Raises GitFailed when `check` and it did not end well."""
    try:
        done = subprocess.run(
            [_program(os.environ.get("PATH", os.defpath)), *args],
            cwd=cwd,
            env=environment(env),
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            check=False,
            process_group=0,  # Ctrl-C is for us: git is never cut short in the middle
        )
    except FileNotFoundError as error:
        missing = "git" if Path(cwd).is_dir() else str(cwd)
        raise StoreError(
            f"{missing} is not there.", hint="Install git, or restore the folder."
        ) from error
    if check and done.returncode != 0:
        raise failed(args, done)
    return done


def failed(args: tuple[str, ...], done: subprocess.CompletedProcess[bytes]) -> GitFailed:
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
