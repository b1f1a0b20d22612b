"""The guard as git runs it: `pre-commit` and `pre-merge-commit`.

It answers one of three: not ours (silent, 0), clear (0), or a conflict (1). When it cannot
tell it says so and follows `guard.on_error`. It starts with every commit, so it imports
only what it needs, and runs git at most twice.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from jetpack_git import clock
from jetpack_git.data.database import Database
from jetpack_git.data.database import open_database
from jetpack_git.errors import BadInput
from jetpack_git.errors import JetpackError
from jetpack_git.errors import StoreError
from jetpack_git.git.clone import Clone
from jetpack_git.git.clone import find
from jetpack_git.work import guard

HOOKS = ("pre-commit", "pre-merge-commit")
BUSY_TIMEOUT_S = 5.0
SHOWN = 20
CHANGED = (
    "diff", "--cached", "--name-only", "-z", "--no-renames", "--ignore-submodules=none",
    "--no-ext-diff",
)  # fmt: skip


def main(argv: list[str]) -> int:
    """The exit code of the hook."""
    if argv == ["--self-test"]:
        return _self_test()
    if not argv or argv[0] not in HOOKS:
        _say(f"error: the guard knows no hook {' '.join(argv)!r}.")
        return 2
    try:
        clone = find(os.environ.get("GIT_WORK_TREE") or ".", git_dir=os.environ.get("GIT_DIR"))
    except BadInput:
        return 0
    if not os.path.exists(clone.database):
        return 0
    try:
        return _answer(clone)
    except (JetpackError, OSError, ValueError) as error:
        return _cannot_tell(clone, error)


def _answer(clone: Clone) -> int:
    """0 when nothing stands against the commit, else 1."""
    db = open_database(clone.database, busy_timeout_s=BUSY_TIMEOUT_S)
    try:
        if db.one("reservations.any_active", now=clock.now()) is None:
            return 0
        mode, _ = settings(db, clone)
        if mode == "off":
            return 0
        touched = guard.touching(db, _changed())
        if not touched:
            return 0
        found = guard.conflicts(touched, who(db, clone))
        if not found:
            return 0
        for line in explain(found, stopped=mode == "block"):
            _say(line)
        return 1 if mode == "block" else 0
    finally:
        db.close()


def explain(found: list[tuple[str, dict[str, object]]], *, stopped: bool) -> list[str]:
    """What to tell the committer: path, holder, task, since, until, and what to do."""
    what = "error: the guard stopped this commit" if stopped else "warning: this commit goes ahead"
    lines = [f"{what}: {len(found)} of its paths are reserved by somebody else."]
    for path, row in found[:SHOWN]:
        task = f" for {row['task_id']}" if row["task_id"] else ""
        lines.append(
            f"  {_safe(path)}: {_safe(str(row['agent']))} holds {_safe(str(row['pattern']))}{task} "
            f"since {row['created_at']} until {row['expires_at']}"
        )
    if len(found) > SHOWN:
        lines.append(f"  … and {len(found) - SHOWN} more")
    lines.append(
        "hint: leave these paths out of the commit, or agree with the holder. "
        "See all with: git jetpack reservations"
    )
    return lines


def settings(db: Database, clone: Clone) -> tuple[str, str]:
    """`guard.mode` and `guard.on_error`, remembered as long as the config file stays as it is."""
    path = clone.config
    if path is None:
        return "block", "block"
    try:
        info = os.stat(path)
    except FileNotFoundError:
        return "block", "block"
    stamp = f"{info.st_mtime_ns}:{info.st_size}:{info.st_ino}"
    row = db.one("meta.get", name=f"guard:{path}")
    if row is not None:
        known, mode, on_error = str(row["value"]).split(" ")
        if known == stamp:
            return mode, on_error
    mode, on_error = _read_settings(path)
    with suppress(StoreError):
        db.run("meta.set", name=f"guard:{path}", value=f"{stamp} {mode} {on_error}")
    return mode, on_error


def who(db: Database, clone: Clone) -> str:
    """The committer: `JETPACK_AGENT`, the worktree's agent, or the name in git's config."""
    name = os.environ.get("JETPACK_AGENT")
    if name:
        return name
    if clone.worktree is not None:
        row = db.one("agents.of_worktree", worktree=clone.worktree)
        if row is not None:
            return str(row["name"])
    out = _git("config", "--get-regexp", r"^(jetpack\.agent|user\.name)$", check=False)
    values = dict(
        line.split(" ", 1) for line in out.decode("utf-8", "replace").splitlines() if " " in line
    )
    return values.get("jetpack.agent") or values.get("user.name") or ""


def _changed() -> list[str]:
    """Every path that the commit changes: both sides of a rename, and deletions."""
    return [os.fsdecode(one) for one in _git(*CHANGED).split(b"\0") if one]


def _git(*args: str, check: bool = True) -> bytes:
    """What git printed. The module subprocess alone would double the start-up time."""
    reading, writing = os.pipe()
    try:
        pid = os.posix_spawnp(
            "git", ["git", *args], os.environ,
            file_actions=[(os.POSIX_SPAWN_DUP2, writing, 1), (os.POSIX_SPAWN_CLOSE, reading)],
        )  # fmt: skip
    finally:
        os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        out = pipe.read()
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if check and status != 0:
        raise StoreError(f"git {args[0]} ended with status {status}.")
    return out


def _cannot_tell(clone: Clone, error: Exception) -> int:
    """It is said that the guard cannot tell; the config decides what follows."""
    try:
        on_error = _read_settings(clone.config)[1] if clone.config else "block"
    except (JetpackError, OSError):
        on_error = "block"
    message = error.message if isinstance(error, JetpackError) else str(error)
    hint = error.hint if isinstance(error, JetpackError) else ""
    blocks = on_error == "block"
    _say(f"{'error' if blocks else 'warning'}: the guard cannot tell: {_safe(message)}")
    _say(f"hint: {_safe(hint) or 'Run: git jetpack doctor'}")
    if blocks:
        _say("hint: guard.on_error in .jetpack/config.yaml says what happens in this case.")
    return 1 if blocks else 0


def _read_settings(path: str) -> tuple[str, str]:
    """The settings as the file has them; slow, for it loads the YAML parser."""
    from jetpack_git.models import parse

    try:
        with open(path, encoding="utf-8") as file:
            found = parse.config(file.read(), source=path).guard
    except FileNotFoundError:
        return "block", "block"
    return found.mode, found.on_error


def _self_test() -> int:
    """0 when the guard can open this clone's database and ask it."""
    try:
        db = open_database(find(".").database, busy_timeout_s=BUSY_TIMEOUT_S)
        guard.touching(db, ["a/path"])
        db.close()
    except (JetpackError, OSError) as error:
        _say(f"error: {error}")
        return 1
    print("git-jetpack guard ok")
    return 0


def _safe(text: str) -> str:
    """The text with nothing in it that a terminal would obey."""
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape", "replace").decode()
        for one in text.encode("utf-8", "backslashreplace").decode()
    )


def _say(line: str) -> None:
    print(line, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
