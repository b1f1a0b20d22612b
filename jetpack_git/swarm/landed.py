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
from jetpack_git.mirror import files
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
    return (
        _changes_nothing(db, target, commit, cwd)
        or _all_there(target, commit, cwd)
        or (bool(parted) and _same_patches(target, _as_one(commit, parted[0], cwd), cwd))
    )


def _may_have(target: str, commit: str, parted: str, cwd: Path) -> bool:
    """Whether `target` has, since they parted, touched any path that the other one changes."""
    paths = branches.changed_paths(parted, commit, cwd=cwd)
    if not paths or any("\n" in one or one.endswith("\r") for one in paths):
        return True  # git would read such a path as another one
    if parted == target:
        return False
    asked = "\n".join([target, f"^{parted}", "--", *paths, ""])
    args = ("rev-list", "--max-count=1", "--full-history", "--stdin")
    return bool(git(*args, cwd=cwd, env=LITERAL, stdin=os.fsencode(asked)))


def _changes_nothing(db: Database, target: str, commit: str, cwd: Path) -> bool:
    """Whether `target` would be as it is, were the other one merged."""
    try:
        tree = branches.merged_tree(db, target, commit, cwd=cwd, names=("", ""))
    except (branches.MergeConflict, branches.Unrelated):
        return False
    return tree == git("rev-parse", f"{target}^{{tree}}", cwd=cwd)


def _all_there(target: str, commit: str, cwd: Path) -> bool:
    """Whether each commit has one of the same changes, and no merge has changes of its own."""
    if not _same_patches(target, commit, cwd):
        return False
    merges = git("rev-list", "--min-parents=2", "--parents", f"{target}..{commit}", cwd=cwd)
    return not any(_changes_itself(*one.split(), cwd=cwd) for one in merges.splitlines())


def _changes_itself(merge: str, *parents: str, cwd: Path) -> bool:
    """Whether a merge is otherwise than git makes it, not only in files of tasks."""
    if len(parents) != 2:
        return True
    try:
        tree, _ = branches.merge_tree(*parents, cwd=cwd)
    except branches.Unrelated:
        return True
    paths = branches.changed_paths(tree, merge, cwd=cwd)
    return not all(one.startswith(f"{files.FOLDER}/") for one in paths)


def _same_patches(target: str, commit: str, cwd: Path) -> bool:
    """Whether each commit but merges has one of the same patch.

    Git's patch-id takes no account of white space, modes and some submodules, so what it finds
    is compared as a whole.
    """
    signs = git("cherry", target, commit, cwd=cwd).splitlines()
    if not signs or any(not one.startswith("-") for one in signs):
        return False
    ours, theirs = (
        [
            one[1:]
            for one in git("rev-list", "--cherry-mark", side, "--no-merges",
                           f"{target}...{commit}", cwd=cwd).splitlines()
            if one.startswith("=")
        ]
        for side in ("--left-only", "--right-only")
    )  # fmt: skip
    return _patches(theirs, cwd) <= _patches(ours, cwd)


def _patches(commits: Collection[str], cwd: Path) -> set[bytes]:
    """What each of the commits changes, without where in a file that stands."""
    out = run("diff-tree", "--stdin", "--root", "-r", "-p", "--no-renames", "--no-ext-diff",
              "--no-textconv", "--ignore-submodules=none", cwd=cwd,
              stdin="".join(f"{one}\n" for one in commits).encode()).stdout  # fmt: skip
    named = {one.encode() for one in commits}
    found: dict[bytes, list[bytes]] = {one: [] for one in named}
    lines: list[bytes] = []
    for line in out.split(b"\n"):
        if line in named:
            lines = found[line]
        elif not line.startswith(b"index "):
            lines.append(b"@@" if line.startswith(b"@@ ") else line)
    return {b"\n".join(one).strip(b"\n") for one in found.values()}


def _as_one(commit: str, parted: str, cwd: Path) -> str:
    """A commit of all that the branch changes."""
    return git(
        "commit-tree", f"{commit}^{{tree}}", "-p", parted, "-m", "as one", cwd=cwd,
        env=worktrees.AUTHOR | FIXED,
    )  # fmt: skip


def among(db: Database, target: str, tips: Collection[str], *, cwd: Path) -> set[str]:
    """Those of the tips that have landed; what `target` itself holds is not asked for.

    Only where it has changed paths of a tip since the first of them parted from it is there
    anything to compare.
    """
    if not tips:
        return set()
    theirs = own_paths(tips, without=[target], cwd=cwd)
    news = own_paths([target], without=_held_by_all(target, tips, cwd), cwd=cwd)[target]
    asked = [one for one in tips if not theirs[one] or not news.isdisjoint(theirs[one])]
    return {one for one in asked if landed(db, target, one, cwd=cwd)}


def _held_by_all(target: str, tips: Collection[str], cwd: Path) -> list[str]:
    """A commit of `target` that all tips come from, as far as they come from it at all."""
    asked = "\n".join([*sorted(tips), f"^{target}"]).encode()
    listed = git("rev-list", "--boundary", "--stdin", cwd=cwd, stdin=asked).splitlines()
    left = [one[1:] for one in listed if one.startswith("-")]
    return git("merge-base", "--octopus", *left, cwd=cwd, check=False).split() if left else []


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
