"""The life of one task in commits: what each of them changed in its file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from jetpack_git.errors import BadInput
from jetpack_git.git import compare
from jetpack_git.git import objects
from jetpack_git.mirror import files
from jetpack_git.mirror import read
from jetpack_git.models.review import Change
from jetpack_git.models.task import Task
from jetpack_git.review.entries import PLANNED
from jetpack_git.review.entries import differences

ATTRIBUTES = ("status", "assignee", "branch", "summary", "results", *PLANNED)


@dataclass(frozen=True)
class Step:
    """A commit that changed the task's file: `what` it did, and the fields that differ.

    `what` is `added`, `changed`, `deleted` or, where a version cannot be read, `unreadable`.
    """

    commit: compare.Commit
    what: str
    changes: tuple[Change, ...] = ()


def history(task_id: str, *, cwd: Path) -> list[Step]:
    """The commits of all branches, here and on remotes, the oldest first; merges left out."""
    path = files.task_path(task_id)
    found = compare.versions(path, cwd=cwd)
    texts = objects.blobs(
        [blob for one in found for blob in (one.old, one.new) if blob], cwd=cwd, fetch=True
    )
    steps = []
    for one in found:
        try:
            before, after = (_task(texts, blob, path) for blob in (one.old, one.new))
        except BadInput:
            steps.append(Step(one.commit, "unreadable"))
            continue
        if before is None or after is None:
            steps.append(Step(one.commit, "deleted" if after is None else "added"))
        else:
            changes = differences(before, after, ATTRIBUTES, lambda other: other or "the top")
            steps.append(Step(one.commit, "changed", changes))
    return steps


def _task(texts: dict[str, bytes], blob: str, path: str) -> Task | None:
    return read.task(texts.get(blob, b""), path).task if blob else None
