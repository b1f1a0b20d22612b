"""Watching a swarm, line by line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Self

from jetpack_git.cli import documents
from jetpack_git.cli.terminal import columns
from jetpack_git.cli.terminal import safe
from jetpack_git.models.run import Usage
from jetpack_git.models.task import Task
from jetpack_git.swarm.coordinator import Summary
from jetpack_git.swarm.progress import Progress

LOUD = frozenset(
    {
        "failed", "retry", "left", "lost", "broke", "not merged", "unmerged", "overlap",
        "recovered", "stopping", "skipped", "warning", "heartbeat failed", "again", "closed",
        "clock", "radar", "waiting", "paused", "resumed", "draining", "scaled",
    }
)  # fmt: skip
ENDS = frozenset(
    {
        "completed", "merged", "requested", "failed", "retry", "stopped", "left", "lost",
        "unmerged", "not merged",
    }
)  # fmt: skip


class Lines:
    """One line for each thing that happens."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def tell(self, progress: Progress) -> None:
        """The line is printed; not what an agent says on its way."""
        if progress.what != "says":
            print(line(progress), flush=True)


class JsonLines(Lines):
    """One JSON document a line for each thing that happens, what agents say included."""

    def tell(self, progress: Progress) -> None:
        """The document is printed."""
        document: dict[str, object] = {"schema": documents.SCHEMA, "event": progress.document()}
        print(documents.text(document), flush=True)


def summary_lines(summary: Summary, left: Mapping[str, int], used: Usage) -> list[str]:
    """What became of each task, how many of each kind there were, and what is left to do.

    `left` counts the tasks in each state; `used` is what all agents used together.
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
    if used.tokens or used.cost:
        lines.append(f"used: {used.tokens:,} tokens, {money(used.cost)}")
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


def money(cost: float | None) -> str:
    """An amount in US dollars."""
    return "cost unknown" if cost is None else f"${cost:,.4f}"


def span(seconds: float) -> str:
    """How long something took, to two units at most."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02}s"
    return f"{whole // 3600}h{whole % 3600 // 60:02}m"


def title_of(task: Task | None) -> str:
    """The beginning of the task's title, harmless to a terminal."""
    return safe(task.title[:60]) if task is not None else ""
