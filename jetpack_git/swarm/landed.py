"""Landed: whether a branch's work is in another one, judged by content.

A branch may have been merged, squashed into one commit or rebased, by us or on a server, and
what an exit code said of it proves nothing.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from collections.abc import Iterable
from pathlib import Path

from jetpack_git.data.database import Database
from jetpack_git.git import worktrees
from jetpack_git.git.run import git
from jetpack_git.git.run import run
from jetpack_git.swarm import branches

LITERAL = {"GIT_LITERAL_PATHSPECS": "1"}
FIXED = {"GIT_AUTHOR_DATE": "@0 +0000", "GIT_COMMITTER_DATE": "@0 +0000"}


def landed(db: Database, target: str, commit: str, *, cwd: Path) -> bool:
    """Whether the commit `target` has all that the branch of the other one has brought.

    It does when it holds that commit, when merging it would change nothing, or when its own
    history has the same changes: each of them, or all of them as one. Both are full ids.
    """
    parted = worktrees.parted(target, commit, cwd=cwd)
    if parted == [commit]:
        return True
    if len(parted) == 1 and not _may_have(target, commit, parted[0], cwd):
        return False
    try:
        tree = branches.merged_tree(db, target, commit, cwd=cwd, names=("", ""))
    except branches.MergeConflict:
        tree = ""
    if tree == git("rev-parse", f"{target}^{{tree}}", cwd=cwd):
        return True
    return _all_there(target, commit, cwd) or _squashed(target, commit, cwd)


def _may_have(target: str, commit: str, parted: str, cwd: Path) -> bool:
    """Whether `target` has, since they parted, touched any path that the other one changes."""
    paths = branches.changed_paths(parted, commit, cwd=cwd)
    if not paths or any("\n" in one for one in paths):
        return True
    if parted == target:
        return False
    asked = "\n".join([target, f"^{parted}", "--", *paths, ""])
    args = ("rev-list", "--max-count=1", "--full-history", "--stdin")
    return bool(git(*args, cwd=cwd, env=LITERAL, stdin=os.fsencode(asked)))


def _all_there(target: str, commit: str, cwd: Path) -> bool:
    """Whether each commit has one of the same changes."""
    signs = git("cherry", target, commit, cwd=cwd).splitlines()
    return bool(signs) and all(one.startswith("-") for one in signs)


def _squashed(target: str, commit: str, cwd: Path) -> bool:
    """Whether one commit has the same changes as the whole branch."""
    parted = git("merge-base", target, commit, cwd=cwd, check=False)
    if not parted:
        return False
    as_one = git(
        "commit-tree", f"{commit}^{{tree}}", "-p", parted, "-m", "as one", cwd=cwd,
        env=worktrees.AUTHOR | FIXED,
    )  # fmt: skip
    return git("cherry", target, as_one, cwd=cwd).startswith("-")


def among(db: Database, target: str, tips: Collection[str], *, cwd: Path) -> set[str]:
    """Those of the tips that have landed; what `target` itself holds is not asked for.

    Only where it has changed paths of a tip meanwhile is there anything to compare.
    """
    if not tips:
        return set()
    theirs = own_paths(tips, without=[target], cwd=cwd)
    news = set().union(*own_paths([target], without=tips, cwd=cwd).values())
    return {
        tip for tip in tips if not news.isdisjoint(theirs[tip]) and landed(db, target, tip, cwd=cwd)
    }


def own_paths(
    tips: Iterable[str], *, without: Iterable[str], cwd: Path
) -> dict[str, frozenset[str]]:
    """What the commits of each tip change that no commit of `without` holds."""
    wanted = sorted(set(tips))
    given = "\n".join([*wanted, *(f"^{one}" for one in sorted(set(without)))])
    listed = git("rev-list", "--topo-order", "--reverse", "--parents", "--stdin", cwd=cwd,
                 stdin=given.encode())  # fmt: skip
    parents = {one: before for one, *before in map(str.split, listed.splitlines())}
    changed = _changed(parents, cwd)
    found: dict[str, frozenset[str]] = {}
    for commit, before in parents.items():
        found[commit] = frozenset(changed.get(commit, set())).union(
            *(found.get(one, frozenset()) for one in before)
        )
    return {tip: found.get(tip, frozenset()) for tip in wanted}


def _changed(commits: Collection[str], cwd: Path) -> dict[str, set[str]]:
    """The paths that each commit changes itself; of a merge, those that differ from all sides."""
    out = run("diff-tree", "--stdin", "-r", "-c", "-z", "--root", "--name-only", "--no-renames",
              cwd=cwd, stdin="".join(f"{one}\n" for one in commits).encode()).stdout  # fmt: skip
    found: dict[str, set[str]] = {}
    paths: set[str] = set()
    for token in os.fsdecode(out).split("\0"):
        name = token.removesuffix("\n")
        if name in commits:
            paths = found.setdefault(name, set())
        elif token:
            paths.add(token)
    return found
