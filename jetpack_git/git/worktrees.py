"""Branches and worktrees: made, looked at and taken away, never by force."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import AbstractContextManager
from contextlib import nullcontext
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from jetpack_git.errors import BadInput
from jetpack_git.errors import GitFailed
from jetpack_git.git.clone import Clone
from jetpack_git.git.clone import find
from jetpack_git.git.run import failed
from jetpack_git.git.run import git
from jetpack_git.git.run import run
from jetpack_git.git.run import succeeds
from jetpack_git.locks import alone

NOT_IN_FILES = "refs/heads/.invalid"  # what HEAD's file says where git keeps refs elsewhere
AUTHOR = {
    "GIT_AUTHOR_NAME": "git-jetpack", "GIT_AUTHOR_EMAIL": "git-jetpack@localhost",
    "GIT_COMMITTER_NAME": "git-jetpack", "GIT_COMMITTER_EMAIL": "git-jetpack@localhost",
}  # fmt: skip


@dataclass(frozen=True)
class Worktree:
    """A worktree as git lists it. `branch` is None when its HEAD is detached.

    `locked` is why it is locked, None when it is not.
    """

    path: str
    head: str
    branch: str | None
    bare: bool
    prunable: bool
    locked: str | None = None


def _undisturbed(cwd: Path) -> AbstractContextManager[None]:
    """None of us adds a worktree meanwhile: git fails where it meets one that is half made.

    Where our folder is not there yet, nobody does.
    """
    home = Path(find(str(cwd)).home)
    return alone(home) if home.is_dir() else nullcontext()


def switch(worktree: Path, *args: str, check: bool = True) -> None:
    """`git switch` has run, which looks at all worktrees."""
    with _undisturbed(worktree):
        git("switch", "--quiet", *args, cwd=worktree, check=check)


def leave_branch(worktree: Path) -> None:
    """No branch is checked out in the worktree, and its HEAD is where it was."""
    if current_branch(worktree) is None:
        return
    args = ("update-ref", "--no-deref", "-m", "git-jetpack: at rest", "HEAD", "HEAD")
    done = run(*args, cwd=worktree, check=False)
    if done.returncode != 0 and commit_of("HEAD", cwd=worktree) is not None:
        raise failed(args, done)


def all_worktrees(cwd: Path) -> list[Worktree]:
    """The worktrees of the clone, the main one first."""
    with _undisturbed(cwd):
        return _listed(cwd)


def _listed(cwd: Path) -> list[Worktree]:
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
                    locked=fields.get("locked"),
                )
            )
    return found


def stands(path: Path, *, clone: Path) -> bool:
    """Whether just this folder is the root of a linked worktree of the clone.

    Git would go up from a folder that is none, and work on the main worktree around it.
    """
    return _standing(path, clone) is not None


def _standing(path: Path, clone: Path) -> Clone | None:
    try:
        found = find(str(path))
        common = find(str(clone)).common_dir
        is_root = os.path.samefile(found.worktree or "", path)
    except (BadInput, OSError):
        return None
    return found if is_root and found.common_dir == common != found.git_dir else None


def ensure(path: Path, *, clone: Path, start: str) -> None:
    """A worktree is at `path`, its HEAD detached at `start` if it had to be made.

    What points from its folder to the clone is made anew where it was lost. Raises
    GitFailed when something else stands there.
    """
    there = _standing(path, clone)
    if there is None:
        with _undisturbed(clone):
            _make(path, clone, start)
    elif os.path.exists(f"{there.git_dir}/info/sparse-checkout"):
        git("sparse-checkout", "disable", cwd=path)


def _make(path: Path, clone: Path, start: str) -> None:
    if path.is_dir():
        git("worktree", "repair", str(path), cwd=clone, check=False)
    if stands(path, clone=clone):
        return
    if path.is_dir() and any(path.iterdir()):
        raise GitFailed(
            f"{path} is no worktree of this clone.", hint="Look at what it holds, and move it away."
        )
    lost = {one.path: one for one in _listed(clone)}.get(os.path.realpath(path))
    if lost is not None:
        rescue(lost.head, cwd=clone)
        if lost.locked == "initializing":  # git was killed while it made the worktree
            git("worktree", "unlock", str(path), cwd=clone)
        git("worktree", "remove", str(path), cwd=clone)
    path.parent.mkdir(parents=True, exist_ok=True)
    git("worktree", "add", "--quiet", "--detach", str(path), start, cwd=clone)


def free(path: Path, *, clone: Path) -> None:
    """No branch is checked out in the linked worktree at `path`, though it may stand no more."""
    there = {one.path: one for one in all_worktrees(clone)}.get(os.path.realpath(path))
    if there is None or there.branch is None:
        return
    for file in Path(find(str(clone)).common_dir, "worktrees").glob("*/gitdir"):
        if file.read_text(errors="surrogateescape").strip() == f"{there.path}/.git":
            git("update-ref", "--no-deref", "HEAD", there.head, cwd=file.parent)


def rescue(commit: str, *, cwd: Path) -> None:
    """The commit stays reachable, under `refs/jetpack/rescued/` if nothing else holds it."""
    if not is_kept(commit, cwd=cwd) and commit_of(commit, cwd=cwd):
        git("update-ref", f"refs/jetpack/rescued/{commit[:12]}", commit, cwd=cwd)


def is_clean(worktree: Path) -> bool:
    """Whether nothing in the worktree is uncommitted, and no merge or rebase is under way."""
    args = ("--porcelain", "--untracked-files=normal")
    return not git("status", *args, cwd=worktree) and not _under_way(worktree)


UNDER_WAY = {
    "MERGE_HEAD": ("merge", "--quit"),
    "rebase-merge": ("rebase", "--quit"),
    "rebase-apply/applying": ("am", "--quit"),
    "rebase-apply": ("rebase", "--quit"),
    "CHERRY_PICK_HEAD": ("cherry-pick", "--quit"),
    "REVERT_HEAD": ("revert", "--quit"),
    "sequencer": ("cherry-pick", "--quit"),
    "BISECT_LOG": ("bisect", "reset", "HEAD"),
}


def _under_way(worktree: Path) -> list[tuple[str, ...]]:
    """The commands that would end what git is in the middle of; no file is changed by them."""
    git_dir = find(str(worktree)).git_dir
    return [quit for name, quit in UNDER_WAY.items() if os.path.exists(f"{git_dir}/{name}")]


def is_rebased(branch: str, *, clone: Path) -> bool:
    """Whether a rebase of the branch is under way in some worktree; its HEAD is detached then."""
    common = find(str(clone)).common_dir
    linked = f"{common}/worktrees"
    names = os.listdir(linked) if os.path.isdir(linked) else []
    for place in (common, *(f"{linked}/{one}" for one in names)):
        for folder in ("rebase-merge", "rebase-apply"):
            with suppress(OSError), open(f"{place}/{folder}/head-name", "rb") as file:
                if os.fsdecode(file.read()).strip() == f"refs/heads/{branch}":
                    return True
    return False


def unfit(worktree: Path) -> tuple[list[str], list[str]]:
    """What cannot be committed as it is: files that a merge left with both sides in them, and
    untracked folders that are git repositories of their own."""
    out = git("status", "--porcelain=v2", "-z", "--no-renames", "--untracked-files=all",
              "--ignore-submodules=dirty", cwd=worktree)  # fmt: skip
    lines = out.split("\0")
    return (
        [one.split(" ", 10)[-1] for one in lines if one.startswith("u ")],
        [one[2:] for one in lines if one.startswith("? ") and one.endswith("/")],
    )


def nested(worktree: Path) -> list[str]:
    """The untracked folders that are git repositories of their own."""
    return unfit(worktree)[1]


def stage(worktree: Path, without: Iterable[str]) -> None:
    """The index holds all that the worktree does, but for those folders."""
    without = [f":(top,exclude,literal){one.rstrip('/')}" for one in without]
    git("add", "--all", "--sparse", "--", ":/", *without, cwd=worktree)


def commit_of(name: str, *, cwd: Path) -> str | None:
    """The full id of the commit that the name means; None when there is none."""
    done = run("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}", cwd=cwd, check=False)
    return done.stdout.decode().strip() or None


def tips(*which: str, cwd: Path, check: bool = True) -> dict[str, str]:
    """The commit of each branch by its name, of those that git lists for `which`.

    That is `refs/heads`, or what stands below it, and options of `git for-each-ref`.
    """
    out = git("for-each-ref", "--format=%(objectname) %(refname)", *which, cwd=cwd, check=check)
    lines = (line.partition(" refs/heads/") for line in out.splitlines())
    return {name: tip for tip, _, name in lines}


def current_branch(worktree: Path) -> str | None:
    """The branch that is checked out; None when HEAD is detached."""
    head = f"{find(str(worktree)).git_dir}/HEAD"
    said = ""
    if not os.path.islink(head):
        with open(head, encoding="utf-8", errors="surrogateescape") as file:
            said = file.read().rstrip("\n")
    if said.startswith("ref:"):
        said = said.removeprefix("ref:").strip()
    elif said:
        return None
    if not said or said == NOT_IN_FILES:
        said = git("symbolic-ref", "--quiet", "HEAD", cwd=worktree, check=False)
    return said.removeprefix("refs/heads/") or None


def contains(commit: str, ancestor: str, *, cwd: Path) -> bool:
    """Whether `ancestor` is in the history of `commit`."""
    return succeeds("merge-base", "--is-ancestor", ancestor, commit, cwd=cwd)


def parted(one: str, other: str, *, cwd: Path) -> list[str]:
    """The commits where the histories of the two have parted; none when they share nothing.

    It is one of the two itself where the other one holds it. Both are full ids.
    """
    return git("merge-base", "--all", one, other, cwd=cwd, check=False).split()


def save_leftovers(worktree: Path, message: str) -> str | None:
    """What the worktree holds uncommitted is a commit on its branch; its id.

    No hook runs, and nothing that git ignores is taken. None when nothing was uncommitted.
    A merge or rebase under way is over then, its files kept as they are.
    """
    if is_clean(worktree):
        return None
    stage(worktree, nested(worktree))
    head = commit_of("HEAD", cwd=worktree)  # none on a branch that has no commit yet
    tree = git("write-tree", cwd=worktree)
    commit = None
    if head is None or tree != git("rev-parse", "HEAD^{tree}", cwd=worktree):
        commit = git(
            "commit-tree", tree, *(("-p", head) if head else ()), "-F", "-", cwd=worktree,
            env=AUTHOR, stdin=message.encode("utf-8", "replace"),
        )  # fmt: skip
        subject = "git-jetpack: unfinished work"
        git("update-ref", "-m", subject, "HEAD", commit, head or "", cwd=worktree)
    for quit in _under_way(worktree):
        git(*quit, cwd=worktree, check=False)
    return commit


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


def check_interpreter(python: Path, worktree: Path, main_worktree: Path | None) -> None:
    """The interpreter outlives the worktree. Raises BadInput when it would go with it."""
    root = worktree.resolve()
    if main_worktree is not None and root == main_worktree.resolve():
        return
    # The link itself counts, not what it points at: a virtual environment's python is a link.
    if (python.absolute().parent.resolve() / python.name).is_relative_to(root):
        hint = "Use a git-jetpack from outside of it: pipx install git-jetpack"
        raise BadInput(f"{python} goes away with the worktree {worktree}.", hint=hint)
