"""Tasks as lines for people."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from jetpack_git.cli.terminal import columns
from jetpack_git.cli.terminal import safe
from jetpack_git.models import durations
from jetpack_git.models.task import LINKS
from jetpack_git.models.task import Rollup
from jetpack_git.models.task import Task

NOTHING: Mapping[str, Any] = {}


def task_lines(
    tasks: Sequence[Task],
    total: int,
    below: Mapping[str, Rollup] = NOTHING,
    failed: Mapping[str, Sequence[str]] = NOTHING,
) -> list[str]:
    """One line a task, and how many were left out.

    `below` has what the leaves say of the parents, `failed` which failed tasks hold others up.
    """
    rows = [
        (
            one.id, f"P{one.priority}", state(one, below.get(one.id), failed.get(one.id, ())),
            one.assignee or "", _short(one.title),
        )
        for one in tasks
    ]  # fmt: skip
    lines = columns(rows)
    if total > len(tasks):
        lines.append(f"… {total - len(tasks)} more of {total}; show more with -n")
    return lines


def state(task: Task, below: Rollup | None, failed: Sequence[str]) -> str:
    """How the task stands, and what is remarkable about that."""
    if below is not None:
        return f"{below.state(task.status)} {below.percent:.0f}%"
    if failed:
        return f"blocked: {', '.join(failed[:3])} failed"
    percent = f" {task.percent}%" if task.percent is not None else ""
    return f"{task.state}{percent}"


def task_details(
    task: Task, children: Sequence[Task], below: Mapping[str, Rollup] = NOTHING
) -> list[str]:
    """All that a person wants to know of a task."""
    mine = below.get(task.id)
    estimate = (mine.estimate_s if mine else 0) or task.estimate_s
    pairs = [
        ("status", state(task, mine, ())),
        ("next attempt", task.retry_at),
        ("priority", f"P{task.priority}"),
        ("assignee", task.assignee),
        ("parent", task.parent_id),
        ("plan", task.plan_id),
        ("depends on", ", ".join(task.depends)),
        *((kind, ", ".join(other for one, other in task.links if one == kind)) for kind in LINKS),
        ("skills", ", ".join(task.skills)),
        ("files", ", ".join(task.files)),
        ("results", ", ".join(task.results)),
        ("labels", ", ".join(task.labels)),
        ("aliases", ", ".join(task.aliases)),
        ("estimate", durations.text(estimate) if estimate else ""),
        ("branch", task.branch),
        ("commit", task.commit_id),
        ("created", task.created_at),
        ("completed", task.completed_at),
        ("summary", task.summary),
    ]
    lines = [f"{task.id}  {safe(task.title)}"]
    lines += columns([(f"  {name}", value) for name, value in pairs if value])
    if task.description:
        lines += ["", safe(task.description, lines=True)]
    if children:
        finished = sum(one.status == "completed" for one in children)
        lines += ["", f"children ({finished} of {len(children)} completed):"]
        lines += [f"  {line}" for line in task_lines(children, len(children), below)]
    return lines


def _short(title: str) -> str:
    return title if len(title) <= 100 else title[:99] + "…"
