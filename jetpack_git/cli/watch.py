"""Watching a swarm, line by line."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping
from typing import Self

from jetpack_git.cli.terminal import columns
from jetpack_git.cli.terminal import safe
from jetpack_git.models.task import Task
from jetpack_git.swarm.coordinator import Summary
from jetpack_git.swarm.worker import Progress

LOUD = frozenset(
    {
        "failed", "retry", "left", "lost", "broke", "not merged", "unmerged", "overlap",
        "recovered", "stopping", "skipped", "warning", "heartbeat failed", "again", "closed",
        "clock", "waiting", "paused", "resumed", "draining", "scaled",
    }
)  # fmt: skip
ENDS = frozenset(
    {"completed", "merged", "failed", "retry", "stopped", "left", "lost", "unmerged", "not merged"}
)


class Lines:
    """One line for each thing that happens; on stderr when stdout is for JSON."""

    def __init__(self, json: bool) -> None:
        self._out = sys.stderr if json else sys.stdout

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def tell(self, progress: Progress) -> None:
        """The line is printed; not what an agent says on its way."""
        if progress.what != "says":
            print(line(progress), file=self._out, flush=True)


def summary_lines(summary: Summary, left: Mapping[str, int]) -> list[str]:
    """What became of each task, how many of each kind there were, and what is left to do.

    `left` counts the tasks in each state.
    """
    rows = [
        (task.id, what, agent, task.branch or "", title_of(task))
        for task, agent, what in summary.results
        if task.id
    ]
    counts = Counter(what for _, _, what in summary.results)
    counts["broken"] = len(summary.broken)
    total = ", ".join(f"{number} {what}" for what, number in sorted((+counts).items()))
    lines = [*columns(rows), total or "There was nothing to do."]
    for state, said in (("blocked", "blocked"), ("pending_retry", "waiting for another attempt")):
        if left.get(state):
            lines.append(f"{said}: {left[state]}; see why with: git jetpack ready --explain")
    return lines


def line(progress: Progress) -> str:
    """When, who, what, which task, and what there is to say of it."""
    task = progress.task
    parts = [progress.at, progress.agent, progress.what]
    if task is not None and task.id:
        parts.append(f"{task.id} ({title_of(task)})")
    line = "  ".join(parts) + (f": {progress.note}" if progress.note else "")
    return safe(line)


def title_of(task: Task | None) -> str:
    """The beginning of the task's title, harmless to a terminal."""
    return safe(task.title[:60]) if task is not None else ""
