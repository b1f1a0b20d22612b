"""Versions of a task's file that git brought together, as one task or as two."""

from __future__ import annotations

from dataclasses import replace

from jetpack_git.errors import BadInput
from jetpack_git.mirror import read
from jetpack_git.mirror import twins
from jetpack_git.mirror.markers import Sides
from jetpack_git.mirror.merge import three_way
from jetpack_git.models.conflict import Clash


class TwoTasks(BadInput):
    """The sides are different tasks, the `younger` of which is to get another id."""

    def __init__(self, path: str, elder: read.Parsed, younger: read.Parsed) -> None:
        super().__init__(
            f"{path} stands for two tasks.", hint="Both stay, one under a new id: git jetpack sync"
        )
        self.elder = elder
        self.younger = younger


def merged(sides: Sides, path: str) -> tuple[read.Parsed, list[Clash]]:
    """The task that the sides make, its file's lines as on our side, and what clashed.

    Raises BadInput when a side cannot be read, and TwoTasks.
    """
    base = read.task(sides.base, path).task if sides.base and sides.base.strip() else None
    ours, theirs = read.task(sides.ours, path), read.task(sides.theirs, path)
    if twins.are_two(ours.task, theirs.task, base):
        younger = twins.younger(ours.task, theirs.task)
        pair = (theirs, ours) if younger is ours.task else (ours, theirs)
        raise TwoTasks(path, *pair)
    task, clashes = three_way(base, ours.task, theirs.task)
    is_parent = "status" not in ours.lines or "status" not in theirs.lines
    return replace(ours, task=replace(task, children=int(is_parent))), clashes
