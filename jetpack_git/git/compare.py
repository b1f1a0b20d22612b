"""What a branch has that another has not: commits, and changed files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from jetpack_git.errors import BadInput
from jetpack_git.git.run import git
from jetpack_git.git.run import run
from jetpack_git.git.run import succeeds

BRANCHES = (
    "refs/remotes/origin/HEAD", "refs/remotes/origin/main", "refs/remotes/origin/master",
    "refs/heads/main", "refs/heads/master",
)  # fmt: skip
LOG = (
    "log", "--no-merges", "--reverse", "--topo-order", "-z", "--no-renames",
    "--no-ext-diff", "--no-color", "--no-show-signature", "--no-decorate",
    "--date=format-local:%Y-%m-%dT%H:%M:%S.999Z",  # git knows no parts of a second
    "--format=%H%x09%cd%x09%(trailers:key=Jetpack-Task,valueonly,separator=%x20)"
    "%x09%(trailers:key=Jetpack-Agent,valueonly,separator=%x20)%x09%an%x09%s%x00",
)  # fmt: skip


PLAIN = "100644"  # the mode of a file that is no link and not executable


class Changed(NamedTuple):
    """A file that differs; a blob id, and the mode after, are empty where it is not there."""

    path: str
    old: str
    new: str
    mode: str


class Commit(NamedTuple):
    """A commit: the end of the second (UTC) in which it was made, for which task and by which
    agent if it says so, and what it changed."""

    id: str
    at: str
    task_id: str
    agent: str
    author: str
    subject: str
    paths: tuple[str, ...]


def commit_id(revision: str, *, cwd: Path) -> str:
    """The full id of the commit. Raises BadInput when there is none."""
    if not revision.startswith("-"):
        found = git(
            "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}",
            cwd=cwd, check=False,
        )  # fmt: skip
        if found:
            return found
    raise BadInput(
        f"There is no commit {revision!r:.60}.", hint="Name a branch, a tag or a commit: main"
    )


def default_base(*, cwd: Path) -> str:
    """The branch that others are merged into. Raises BadInput when it cannot be told."""
    for name in BRANCHES:
        if succeeds("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}", cwd=cwd):
            return name.removeprefix("refs/remotes/").removeprefix("refs/heads/")
    raise BadInput(
        "It cannot be told what this branch is to be merged into.",
        hint="Name it: git jetpack review BASE...HEAD",
    )


def merge_base(base: str, head: str, *, cwd: Path) -> str:
    """The commit that both come from. Raises BadInput when there is none, or it is not here."""
    found = git("merge-base", base, head, cwd=cwd, check=False)
    if found:
        return found.split("\n", 1)[0]
    if git("rev-parse", "--is-shallow-repository", cwd=cwd, check=False) == "true":
        raise BadInput(
            "This clone is too shallow to see where the two have parted.",
            hint="Fetch more of it: git fetch --unshallow; in CI, check out with fetch-depth: 0",
        )
    raise BadInput(f"{base[:12]} and {head[:12]} have no commit in common.")


def changed(before: str, after: str, *, cwd: Path) -> list[Changed]:
    """The files that differ between two commits, in the order of their paths."""
    out = run(
        "diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", "--no-ext-diff",
        "--ignore-submodules=none", before, after, cwd=cwd,
    ).stdout.split(b"\0")  # fmt: skip
    found = []
    for info, path in zip(out[::2], out[1::2], strict=False):
        _, mode, old, new, _ = info.decode("ascii").split(" ")
        found.append(
            Changed(os.fsdecode(path), _there(old), _there(new), mode if _there(new) else "")
        )
    return found


def commits(before: str, after: str, *, cwd: Path) -> list[Commit]:
    """The commits of one that the other has not, merges left out, the oldest first."""
    done = run(*LOG, "--name-only", f"{before}..{after}", "--", cwd=cwd, env={"TZ": "UTC0"})
    return list(_commits(done.stdout))


class Version(NamedTuple):
    """What a commit did to a file: the blobs before and after, empty where it is not there."""

    commit: Commit
    old: str
    new: str


def versions(path: str, *, cwd: Path) -> list[Version]:
    """The commits of all branches, here and on remotes, that changed the file, the oldest first."""
    done = run(
        *LOG, "--raw", "--no-abbrev", "HEAD", "--branches", "--remotes", "--", f":(literal){path}",
        cwd=cwd, env={"TZ": "UTC0"}, check=False,
    )  # fmt: skip
    found = []
    for one in _commits(done.stdout):
        for info in one.paths:
            if info.startswith(":"):
                _, _, old, new, _ = info.split(" ")
                found.append(Version(one, _there(old), _there(new)))
    return found


def fetch(before: str, after: str, folder: str, *, cwd: Path) -> None:
    """A partial clone has the files below the folder that differ, got in one go."""
    if succeeds("config", "--get-regexp", r"^remote\..*\.promisor$", cwd=cwd):
        run("diff", "--numstat", "--no-ext-diff", "--no-textconv", before, after, "--", folder,
            cwd=cwd, check=False)  # fmt: skip


def tree(revision: str, folder: str, *, cwd: Path) -> dict[str, tuple[str, str]]:
    """The mode and the object of each file below the folder, as of the revision, by path."""
    out = run("ls-tree", "-r", "-z", "--full-tree", revision, "--", f"{folder}/", cwd=cwd).stdout
    found = {}
    for line in out.split(b"\0"):
        if line:
            info, path = line.split(b"\t", 1)
            mode, _, name = info.decode("ascii").split(" ")
            found[os.fsdecode(path)] = (mode, name)
    return found


def _commits(log: bytes) -> Iterator[Commit]:
    """The commits in the output of `LOG`: behind each head is an empty token, which no path is."""
    tokens = [os.fsdecode(one) for one in log.removesuffix(b"\0").split(b"\0")]
    heads = [at for at, (_, after) in enumerate(pairwise([*tokens, "-"])) if after == ""]
    for at, end in pairwise([*heads, len(tokens)]):
        name, made, tasks, agents, author, subject = (tokens[at].split("\t", 5) + [""] * 5)[:6]
        paths = tuple(one.removeprefix("\n") for one in tokens[at + 2 : end])
        yield Commit(
            name, made, tasks.split(" ")[-1], agents.split(" ")[-1], author, subject, paths
        )


def _there(blob: str) -> str:
    return blob if blob.strip("0") else ""
