"""Branches and worktrees: made, looked at and taken away, never by force."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from jetpack_git.errors import GitFailed
from jetpack_git.git.run import git
from jetpack_git.git.run import run
from jetpack_git.git.run import succeeds

AUTHOR = {
    "GIT_AUTHOR_NAME": "git-jetpack", "GIT_AUTHOR_EMAIL": "git-jetpack@localhost",
    "GIT_COMMITTER_NAME": "git-jetpack", "GIT_COMMITTER_EMAIL": "git-jetpack@localhost",
}  # fmt: skip


@dataclass(frozen=True)
class Worktree:
    """A worktree as git lists it. `branch` is None when its HEAD is detached."""

    path: str
    head: str
    branch: str | None
    bare: bool
    prunable: bool


def all_worktrees(cwd: Path) -> list[Worktree]:
    """The worktrees of the clone, the main one first."""
    found = []
    for block in git("worktree", "list", "--porcelain", "-z", cwd=cwd).split("\0\0"):
        fields = dict(line.partition(" ")[::2] for line in block.split("\0") if line)
        if "worktree" in fields:
            found.append(
                Worktree(
                    path=fields["worktree"],
                    head=fields.get("HEAD", ""),
                    branch=fields["branch"].removeprefix("refs/heads/")
                    if "branch" in fields
                    else None,
                    bare="bare" in fields,
                    prunable="prunable" in fields,
                )
            )
    return found


def ensure(path: Path, *, clone: Path, start: str) -> None:
    """A worktree is at `path`, its HEAD detached at `start` if it had to be made.

    Raises GitFailed when something else stands there.
    """
    listed = {one.path: one for one in all_worktrees(clone)}
    there = listed.get(os.path.realpath(path))
    if there is not None and path.is_dir():
        return
    if there is not None:
        git("worktree", "prune", cwd=clone)
    path.parent.mkdir(parents=True, exist_ok=True)
    git("worktree", "add", "--quiet", "--detach", str(path), start, cwd=clone)


def is_clean(worktree: Path) -> bool:
    """Whether nothing in the worktree is uncommitted, and no merge or rebase is under way."""
    if git("status", "--porcelain", "--untracked-files=normal", cwd=worktree):
        return False
    git_dir = Path(git("rev-parse", "--absolute-git-dir", cwd=worktree))
    return not any(
        (git_dir / name).exists()
        for name in ("MERGE_HEAD", "rebase-merge", "rebase-apply", "CHERRY_PICK_HEAD")
    )


def commit_of(name: str, *, cwd: Path) -> str | None:
    """The full id of the commit that the name means; None when there is none."""
    done = run("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}", cwd=cwd, check=False)
    return done.stdout.decode().strip() or None


def current_branch(worktree: Path) -> str | None:
    """The branch that is checked out; None when HEAD is detached."""
    return git("symbolic-ref", "--quiet", "--short", "HEAD", cwd=worktree, check=False) or None


def contains(commit: str, ancestor: str, *, cwd: Path) -> bool:
    """Whether `ancestor` is in the history of `commit`."""
    return succeeds("merge-base", "--is-ancestor", ancestor, commit, cwd=cwd)


def save_leftovers(worktree: Path, message: str) -> str | None:
    """What the worktree holds uncommitted is a commit on its branch; its id.

    No hook runs, and nothing that git ignores is taken. None when nothing was uncommitted.
    A merge or rebase under way is left behind, its files kept as they are.
    """
    git("add", "--all", cwd=worktree)
    head = git("rev-parse", "HEAD", cwd=worktree)
    tree = _tree(worktree)
    if tree is None or tree == git("rev-parse", "HEAD^{tree}", cwd=worktree):
        return None
    commit = git(
        "commit-tree", tree, "-p", head, "-F", "-", cwd=worktree, env=AUTHOR,
        stdin=message.encode("utf-8", "replace"),
    )  # fmt: skip
    git("update-ref", "-m", "git-jetpack: unfinished work", "HEAD", commit, head, cwd=worktree)
    return commit


def _tree(worktree: Path) -> str | None:
    """The tree of the index; None where it cannot be written."""
    try:
        return git("write-tree", cwd=worktree)
    except GitFailed:
        return None


def keep_in_trash(branch: str, *, cwd: Path) -> None:
    """The branch's tip stays reachable under `refs/jetpack/trash/`."""
    tip = git("rev-parse", f"refs/heads/{branch}", cwd=cwd)
    git("update-ref", f"refs/jetpack/trash/{branch}/{tip[:12]}", tip, cwd=cwd)


def is_kept(commit: str, *, cwd: Path) -> bool:
    """Whether some branch or tag other than a detached HEAD holds the commit."""
    return bool(git("for-each-ref", "--count=1", "--contains", commit, cwd=cwd, check=False))


def remove(path: Path, *, clone: Path) -> bool:
    """Whether the worktree was taken away: only when it is clean and its commits are kept."""
    listed = {one.path: one for one in all_worktrees(clone)}
    there = listed.get(os.path.realpath(path))
    if there is None or not path.is_dir():
        return False
    if not is_clean(path) or not is_kept(there.head, cwd=clone):
        return False
    return succeeds("worktree", "remove", str(path), cwd=clone)
