"""The base branch: moved forward in the worktree that has it, or not at all.

Git changes the files of a worktree before it moves the branch, and takes nothing back when it
is stopped in between. So what is about to happen is noted first, and whoever comes after a
failure or a death puts the files back to where the branch is.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from jetpack_git.data.database import Database
from jetpack_git.data.rows import dump
from jetpack_git.errors import GitFailed
from jetpack_git.git import worktrees
from jetpack_git.git.clone import find
from jetpack_git.git.run import failed
from jetpack_git.git.run import git
from jetpack_git.git.run import run
from jetpack_git.models.visible import safe
from jetpack_git.swarm import branches
from jetpack_git.swarm import git_locks

WAIT_S = 3.0  # for a lock to be given back, or to be seen to be nobody's
MOVING = "moving"  # the name of the note, in the table `meta`


def move(db: Database, base: str, old: str, new: str, *, clone: Path) -> None:
    """The base branch is at `new`, in the worktree that has it checked out, too.

    Raises GitFailed when it has moved meanwhile, or when that worktree holds changes of
    its own that would be lost; nothing has changed then. A move that was cut short before is
    settled first: its note must not be lost while its lock is there. To be called while nobody
    else integrates.
    """
    settle(db, grace_s=WAIT_S)
    holder = check_free(base, clone=clone)
    if holder is None:
        git_locks.clear(clone, [base], grace_s=WAIT_S)
        git("update-ref", "-m", "git-jetpack: merge", f"refs/heads/{base}", new, old, cwd=clone)
        return
    where, head = holder
    if head != old:
        raise GitFailed(f"{base} has moved meanwhile.")
    added = [one.path for one in branches.changed(old, new, clone) if not one.old]
    own = [one for one in added if os.path.lexists(where / one)]
    note = {"where": str(where), "base": base, "old": old, "new": new, "own": own}
    db.run("meta.set", name=MOVING, value=dump(note))
    args = (
        "merge", "--quiet", "--ff-only", "--no-squash", "--no-autostash", "--no-overwrite-ignore",
        new,
    )  # fmt: skip
    done = run(*args, cwd=where, check=False)
    if done.returncode < 0:  # it was killed, and the note stays: what it left is settled later
        raise failed(args, done)
    if done.returncode and not git_locks.held(where):  # else git got nowhere for somebody's lock
        _put_back(where, note)
    db.run("meta.set", name=MOVING, value="")
    if done.returncode:
        raise failed(args, done)


def _holder(base: str, clone: Path) -> Path | None:
    main = find(str(clone)).main_worktree
    if main is not None and worktrees.current_branch(Path(main)) == base:
        return Path(main)
    for one in worktrees.all_worktrees(clone):
        if one.branch == base and not one.bare:
            return Path(one.path)
    return None


def check_free(base: str, *, clone: Path) -> tuple[Path, str] | None:
    """The worktree that has the base checked out, if one has, and its commit.

    Nobody rebases the base, or has changed tracked files or the index there.

    Files that git does not track are no obstacle here: git itself stops a merge that would
    write over one. Raises GitFailed.
    """
    if worktrees.is_rebased(base, clone=clone):
        raise GitFailed(
            f"{base} is being rebased; it is not moved meanwhile.",
            hint="End that with git rebase --continue or --abort; the next git jetpack start "
            "merges what is finished.",
        )
    where = _holder(base, clone)
    if where is None:
        return None
    head, changed = _state(where)
    if changed:
        more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
        raise GitFailed(
            f"{base} is checked out in {where} with uncommitted changes in "
            f"{', '.join(map(safe, changed[:3]))}{more}; it is not moved under them.",
            hint="Commit or stash them; the next git jetpack start merges what is finished.",
        )
    return where, head


def _state(where: Path) -> tuple[str, list[str]]:
    """The worktree's commit, and the paths that it or its index has otherwise.

    Not a submodule that only stands at another commit: no merge takes it along, so after one
    that moves it each worktree has it so until `git submodule update`.
    """
    out = git("--no-optional-locks", "status", "--porcelain=v2", "-z", "--branch",
              "--no-ahead-behind", "--no-renames", "--untracked-files=no",
              "--ignore-submodules=dirty", cwd=where)  # fmt: skip
    head, found = "", []
    for line in filter(None, out.split("\0")):
        kind, states, submodule, *rest = line.split(" ", 10 if line[0] == "u" else 8)
        if kind == "#":
            head = submodule if states == "branch.oid" else head
        elif kind == "u" or states[0] != "." or submodule[0] != "S":
            found.append(rest[-1])
    return head, found


def cut_short(db: Database) -> str | None:
    """The worktree in which a move of the base was cut short."""
    row = db.one("meta.get", name=MOVING)
    return str(json.loads(str(row["value"]))["where"]) if row and row["value"] else None


def settle(db: Database, *, grace_s: float) -> list[str]:
    """A move that was cut short is undone, or seen to be done; a sentence about it.

    Only files are touched that are as one of the two commits has them, and that were
    untouched before. To be called while nobody else integrates.
    """
    row = db.one("meta.get", name=MOVING)
    if row is None or not row["value"]:
        return []
    note = json.loads(str(row["value"]))
    where = Path(note["where"])
    told: list[str] = []
    if where.is_dir():
        git_locks.clear(where, [note["base"]] if "base" in note else [], grace_s=grace_s)
        told = _put_back(where, note)
    db.run("meta.set", name=MOVING, value="")
    return told


def _put_back(where: Path, note: dict[str, Any]) -> list[str]:
    """The files of the merge are as the branch has them now; a sentence if any was not."""
    old, new = note["old"], note["new"]
    head = worktrees.commit_of("HEAD", cwd=where)
    if head is None or head not in (old, new):
        return []
    paths = [one for one in branches.changed_paths(old, new, cwd=where) if one not in note["own"]]
    odd = [one for one in paths if not _is_one_of(one, (old, new), where)]
    if odd:
        return [
            f"a merge in {where} was cut short, and {', '.join(odd[:5])} was changed since; "
            "look at it with: git status"
        ]
    loose = branches.loose_paths(head, paths, cwd=where)
    if not loose:
        return []
    there = set(branches.paths_in(head, loose, cwd=where))
    for one in loose:
        if one not in there:
            git("update-index", "--force-remove", "--", one, cwd=where)
            with suppress(FileNotFoundError, NotADirectoryError):
                os.unlink(where / one)
    names = "\0".join(f":(top,literal){one}" for one in sorted(there))
    if names:
        git("checkout", head, "--pathspec-from-file=-", "--pathspec-file-nul",
            cwd=where, stdin=os.fsencode(names))  # fmt: skip
    return [f"a merge in {where} was cut short; its {len(loose)} files are as the branch has them"]


def _is_one_of(path: str, commits: tuple[str, str], where: Path) -> bool:
    """Whether the file is as one of the commits has it; not to be there is a way to be, too.

    So is to be the beginning of that: a git that is killed leaves half a file.
    """
    file = where / path
    blobs = {git("rev-parse", "--verify", "--quiet", f"{one}:{path}", cwd=where, check=False)
             for one in commits} - {""}  # fmt: skip
    if not os.path.lexists(file):
        return True
    if file.is_symlink() or not file.is_file():
        return False
    if git("hash-object", "--", path, cwd=where, check=False) in blobs:
        return True
    half = file.read_bytes()
    wholes = (run("cat-file", "--filters", f"{one}:{path}", cwd=where, check=False)
              for one in commits)  # fmt: skip
    return any(one.returncode == 0 and one.stdout.startswith(half) for one in wholes)
