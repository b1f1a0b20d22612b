"""The guard as git runs it: `pre-commit`, `pre-merge-commit`, `pre-push`, and where asked for
`reference-transaction`.

It answers one of three: not ours (silent, 0), clear (0), or a conflict (1). When it cannot
tell it says so and follows `guard.on_error`. It starts with every commit, so it imports
only what it needs, runs git at most twice, and reads the config only when that matters.
"""

from __future__ import annotations

import os
import sys

from jetpack_git.data.database import Database
from jetpack_git.data.database import open_database
from jetpack_git.errors import BadInput
from jetpack_git.errors import JetpackError
from jetpack_git.errors import StoreError
from jetpack_git.git.clone import Clone
from jetpack_git.git.clone import find
from jetpack_git.work import brief
from jetpack_git.work import guard

HOOKS = ("pre-commit", "pre-merge-commit", "pre-push", "reference-transaction")
BUSY_TIMEOUT_S = "5"
SHOWN = 20
CHANGED = (
    "diff", "--cached", "--name-only", "-z", "--no-renames", "--no-relative",
    "--ignore-submodules=none", "--no-ext-diff",
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
    except (BadInput, OSError):
        return 0  # then git finds no repository either
    try:
        return _answer(clone, argv)
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # silence, or a traceback, would be worse than any answer
        return _cannot_tell(clone.config, error)


def _answer(clone: Clone, argv: list[str]) -> int:
    """0 when nothing stands against the commit, the push or the move of a branch, else 1."""
    try:
        os.stat(clone.database)
    except (FileNotFoundError, NotADirectoryError):
        return _not_set_up(clone, argv[0])
    db = _open(clone)
    try:
        found = []
        if guard.is_needed(db):
            if argv[0] == "pre-push":
                found = _stopped(db, clone, _pushed())
            elif argv[0] == "reference-transaction":
                found = _stopped(db, clone, _moved() if argv[1:] == ["prepared"] else [])
            elif touched := guard.touching(db, _changed()):
                found = guard.conflicts(touched, {_who(db, clone)})
                found = found and _not_taken_over(db, found, argv[0])
        found = found and _without_stale(db, clone, found)
        mode = _settings(clone.config, db).mode if found else "off"
        if argv[0] == "pre-commit" and mode != "block":
            _stage(db, clone)
    finally:
        db.close()
    if mode == "off":
        return 0
    what = {"pre-push": "push", "reference-transaction": "branch update"}.get(argv[0], "commit")
    for line in _explain(found, what, stopped=mode == "block"):
        _say(line)
    return 1 if mode == "block" else 0


def _not_set_up(clone: Clone, name: str) -> int:
    """0 in a clone that was never set up; that is said where it should be.

    A hook of ours says that it was: then its reservations are lost, and nobody can tell.
    """
    if clone.config and os.path.exists(clone.config):
        try:
            with open(f"{clone.common_dir}/hooks/{name}", "rb") as file:
                was_set_up = b"# >>> git-jetpack >>>" in file.read()
        except OSError:
            was_set_up = False
        if was_set_up:
            hint = "Make it anew from the task files with: git jetpack init"
            raise StoreError(f"{clone.database} is not there.", hint=hint)
        _say(f"warning: the guard has nothing to go by: {clone.database} is not there.")
        _say("hint: Set up this clone with: git jetpack init")
    return 0


def _without_stale(db: Database, clone: Clone, found: list[guard.Conflict]) -> list[guard.Conflict]:
    """The conflicts with those who are still heard of; what the others hold is released."""
    holders = [db.one("agents.get", name=name) for name in {str(row["agent"]) for _, row in found}]
    signs = ("retired_at", "heartbeat_at", "incarnation")
    if not any(one and any(one[sign] for sign in signs) for one in holders):
        return found  # people, of whom nothing is heard anyway
    from jetpack_git.work import presence

    stale_after_s = _settings(clone.config, db).stale_after_s
    return presence.heard_of(db, found, agent=_who(db, clone), stale_after_s=stale_after_s)


def _explain(found: list[guard.Conflict], what: str, *, stopped: bool) -> list[str]:
    """What to tell the committer: path, holder, task, since, until, and what to do."""
    said = (
        f"error: the guard stopped this {what}" if stopped else f"warning: this {what} goes ahead"
    )
    count = "1 of its paths is" if len(found) == 1 else f"{len(found)} of its paths are"
    lines = [f"{said}: {count} reserved by somebody else."]
    for path, row in found[:SHOWN]:
        task = f" for {row['task_id']}" if row["task_id"] else ""
        lines.append(
            f"  {path}: {row['agent']} holds {row['pattern']}{task} "
            f"since {row['created_at']} until {row['expires_at']}"
        )
    if len(found) > SHOWN:
        lines.append(f"  … and {len(found) - SHOWN} more")
    lines.append(
        f"hint: leave these paths out of the {what}, or agree with the holder. "
        "See all with: git jetpack reservations"
    )
    return lines


def _who(db: Database, clone: Clone) -> str:
    """The committer: `JETPACK_AGENT`, the worktree's agent, or the name in git's config."""
    name = os.environ.get("JETPACK_AGENT") or guard.agent_of(db, clone.worktree)
    if name:
        return name
    out = _git("config", "-z", "--get-regexp", r"^(jetpack\.agent|user\.name)$", check=False)
    values = dict(one.partition("\n")[::2] for one in os.fsdecode(out).split("\0"))
    return values.get("jetpack.agent") or values.get("user.name") or ""


def _changed() -> list[str]:
    """Every path that the commit changes: both sides of a rename, and deletions."""
    return [os.fsdecode(one) for one in _git(*CHANGED).split(b"\0") if one]


def _not_taken_over(db: Database, found: list[guard.Conflict], name: str) -> list[guard.Conflict]:
    """The conflicts, but for what a merge takes over just as its holder has committed it."""
    for head in _merged(name):
        from jetpack_git.work import guard_commits

        log = _git(*guard_commits.LOG, head, "--not", "HEAD", "--")
        changed = {os.fsdecode(one) for one in _git(*CHANGED, head, "--").split(b"\0")}
        theirs = guard_commits.made_by_holders(db, guard_commits.commits(log), found)
        found = [one for one in found if one[0] in changed or one[0] not in theirs]
    return found


def _merged(name: str) -> list[str]:
    """The commits that are being merged. Git tells a hook of them before it writes MERGE_HEAD."""
    if name == "pre-merge-commit":
        return [one[8:] for one in os.environ if one.startswith("GITHEAD_")]
    return os.fsdecode(_git("rev-parse", "--quiet", "--verify", "MERGE_HEAD", check=False)).split()


def _stopped(db: Database, clone: Clone, ranges: list[list[str]]) -> list[guard.Conflict]:
    """What the guard would have stopped of the commits in these ranges."""
    from jetpack_git.work import guard_commits

    made = []
    for one in ranges:
        made += guard_commits.commits(_git(*guard_commits.LOG, *one, "--"))
    return guard_commits.conflicts(db, made, _who(db, clone)) if made else []


def _moved() -> list[list[str]]:
    """The commits that no branch had before those that move now."""
    moves = [os.fsdecode(line).split(" ", 2) for line in sys.stdin.buffer.read().splitlines()]
    tips = [new for _, new, name in moves if name.startswith("refs/heads/") and new.strip("0")]
    return [[*dict.fromkeys(tips), "--not", "--branches", "--remotes"]] if tips else []


def _pushed() -> list[list[str]]:
    """The commits that are about to be pushed, as far as no remote is known to have them."""
    pushed = []
    for line in sys.stdin.buffer.read().splitlines():
        _, ours, _, theirs = (os.fsdecode(line).split(" ") + [""] * 4)[:4]
        if ours.strip("0"):
            pushed.append((ours, theirs))
    ends = (os.environ.get("PRE_COMMIT_FROM_REF", ""), os.environ.get("PRE_COMMIT_TO_REF", ""))
    if not pushed and ends[1]:
        pushed.append((ends[1], ends[0]))
    if not pushed and "PRE_COMMIT" in os.environ:  # a first push, of which it does not say what
        return [[os.environ.get("PRE_COMMIT_LOCAL_BRANCH") or "HEAD", "--not", "--remotes"]]
    found = []
    for ours, theirs in pushed:
        there = ["rev-parse", "--quiet", "--verify", f"{theirs}^{{commit}}"]
        since = [f"^{theirs}"] if theirs.strip("0") and _git(*there, check=False) else []
        found.append([ours, *since, "--not", "--remotes"])
    return found


def _stage(db: Database, clone: Clone) -> None:
    """The commit carries the task files that were written here, if it is one of all that is staged.

    A framework that has put aside what is not staged would take this for a change of its hook.
    """
    index = os.environ.get("GIT_INDEX_FILE")
    partial = index is not None and os.path.basename(index).startswith("next-index-")
    if clone.worktree is None or partial or "PRE_COMMIT" in os.environ:
        return
    if db.one("mirror.any_loose", worktree=clone.worktree) is None:
        return
    if _settings(clone.config, db).autostage:
        from jetpack_git.mirror import stage

        try:
            stage.stage(db, clone.worktree, index=index)
        except JetpackError as error:
            _say(f"warning: the task files are not in this commit: {error.message}")


def _git(*args: str, check: bool = True) -> bytes:
    """What git printed. The module subprocess alone would double the start-up time."""
    reading, writing = os.pipe()
    try:
        pid = os.posix_spawnp(
            "git", ["git", *args], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, writing, 1)]
        )
    except OSError as error:
        os.close(reading)
        raise StoreError(f"git cannot be started: {error.strerror}.") from error
    finally:
        os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        out = pipe.read()
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if check and status != 0:
        raise StoreError(f"git {args[0]} ended with status {status}.")
    return out


def _open(clone: Clone) -> Database:
    text = os.environ.get("JETPACK_BUSY_TIMEOUT_S") or BUSY_TIMEOUT_S
    try:
        return open_database(clone.database, busy_timeout_s=max(0.0, float(text)))
    except ValueError as error:
        raise BadInput(f"JETPACK_BUSY_TIMEOUT_S is {text!r}, not a number of seconds.") from error


def _cannot_tell(config: str | None, error: Exception) -> int:
    """It is said that the guard cannot tell; the config decides what follows."""
    try:
        found = _settings(config, None)
        mode, on_error = found.mode, found.on_error
    except Exception:  # then the config is broken too, and the default holds
        mode, on_error = "block", "block"
    if mode == "off":
        return 0
    if not isinstance(error, JetpackError):
        error = JetpackError(f"{type(error).__name__}: {error}")
    blocks = on_error == "block"
    _say(f"{'error' if blocks else 'warning'}: the guard cannot tell: {error.message}")
    _say(f"hint: {error.hint or 'Run: git jetpack doctor'}")
    if blocks:
        _say("hint: guard.on_error in .jetpack/config.yaml says what happens in this case.")
    return 1 if blocks else 0


def _settings(path: str | None, db: Database | None) -> brief.Brief:
    """What the guard goes by; slow where the file has changed since it was parsed last."""
    text = brief.text_of(path) if path and db else None
    kept = brief.kept(db, text) if db and text is not None else None
    if kept is not None:
        return kept[0]
    from jetpack_git.work import settings

    try:
        return settings.shortened(settings.read(path, db))
    except ImportError:  # what it needs is where only the module site finds it
        import site

        site.main()
        return settings.shortened(settings.read(path, db))


def _self_test() -> int:
    """0 when the guard can open this clone's database and ask it."""
    try:
        db = _open(find("."))
        guard.touching(db, ["a/path"])
        db.close()
    except Exception as error:
        _say(f"error: {error}")
        return 1
    os.write(1, b"git-jetpack guard ok\n")
    return 0


def _say(line: str) -> None:
    """The line is on stderr, if anybody listens; the exit code says it in any case."""
    from jetpack_git.models.visible import safe  # most commits have nothing to hear

    try:
        os.write(2, f"{safe(line)}\n".encode())
    except OSError:
        return


def run() -> None:
    """The process ends with the exit code; the interpreter need not take itself apart."""
    os._exit(main(sys.argv[1:]))
