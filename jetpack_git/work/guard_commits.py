"""The guard's question for commits that are made already: may they be pushed?

A commit that `--no-verify`, a rebase or a cherry-pick made has met no guard. What counts is the
agent that made it and the time when it did: what somebody reserved only later is no matter.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import NamedTuple

from jetpack_git.data.database import Database
from jetpack_git.work import guard

# Of a merge what it has changed itself counts, whatever a driver of ours would do for git.
LOG = (
    "-c", "merge.jetpack.driver=true", "log", "--diff-merges=remerge", "--raw", "--no-relative",
    "-z", "--no-renames", "--no-abbrev", "--no-ext-diff", "--ignore-submodules=none", "--no-color",
    "--no-show-signature", "--no-decorate",
    "--format=%H %at %(trailers:key=Jetpack-Task,valueonly,separator=%x20)%x09"
    "%(trailers:key=Jetpack-Agent,valueonly,separator=%x20)%x09%an",
)  # fmt: skip


class Commit(NamedTuple):
    """A commit: when it was written (UTC, as the database has it), for which task, by whom, and
    its paths. An amend or a rebase does not change when and by whom."""

    id: str
    at: str
    task_id: str
    names: set[str]
    paths: list[str]


def commits(log: bytes) -> list[Commit]:
    """The commits in the output of `git log` with the arguments `LOG`."""
    found: list[Commit] = []
    tokens = iter(log.split(b"\0"))
    for token in tokens:
        text = os.fsdecode(token).lstrip("\n")
        if text.startswith(":"):
            found[-1].paths.append(os.fsdecode(next(tokens)))
        elif text:
            head, agents, author = [*text.split("\t", 2), "", ""][:3]
            commit_id, at, *tasks = head.split()
            names = {author, *agents.split()}
            found.append(Commit(commit_id, _utc(int(at)), tasks[-1] if tasks else "", names, []))
    return found


def conflicts(db: Database, made: Iterable[Commit], agent: str) -> list[guard.Conflict]:
    """Each path that a commit changed while somebody else held it with the right of way.

    The commit is the holder's of its task, its author's, and `agent`'s if it names no task.
    """
    made = list(made)
    touched = guard.touching(db, {path for one in made for path in one.paths})
    found: dict[str, guard.Conflict] = {}
    for one in made:
        author = _assignee(db, one) or agent
        then = {
            path: [held for held in touched[path] if str(held[1]["created_at"]) <= one.at]
            for path in one.paths
            if path in touched
        }
        for path, held in guard.conflicts(then, {author, *one.names}):
            found.setdefault(path, (path, held))
    return [found[path] for path in sorted(found)]


def made_by_holders(
    db: Database, made: Iterable[Commit], found: Iterable[guard.Conflict]
) -> set[str]:
    """The paths of the conflicts that nobody but their holders changed in these commits."""
    makers: dict[str, list[set[str]]] = {}
    for one in made:
        for path in one.paths:
            makers.setdefault(path, []).append(one.names | {_assignee(db, one)})
    return {
        path
        for path, row in found
        if path in makers and all(row["agent"] in names for names in makers[path])
    }


def _assignee(db: Database, one: Commit) -> str:
    """Who holds or held the task that the commit names; empty for none."""
    row = db.one("tasks.get", id=one.task_id) if one.task_id else None
    return str(row["assignee"]) if row is not None and row["assignee"] else ""


def _utc(seconds: int) -> str:
    """The end of that second in UTC: git knows no parts of it."""
    import time

    return time.strftime("%Y-%m-%dT%H:%M:%S.999Z", time.gmtime(seconds))
