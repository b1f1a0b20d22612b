"""Tasks as lines for people."""

from __future__ import annotations

from collections.abc import Sequence

from jetpack_git.cli.terminal import columns
from jetpack_git.cli.terminal import safe
from jetpack_git.models import durations
from jetpack_git.models.task import Task


def task_lines(tasks: Sequence[Task], total: int) -> list[str]:
    """One line a task, and how many were left out."""
    rows = [
        (one.id, f"P{one.priority}", str(one.state), one.assignee or "", _short(one.title))
        for one in tasks
    ]
    lines = columns(rows)
    if total > len(tasks):
        lines.append(f"… {total - len(tasks)} more of {total}; show more with -n")
    return lines


def task_details(task: Task, children: Sequence[Task]) -> list[str]:
    """All that a person wants to know of a task."""
    pairs = [
        ("status", str(task.state)),
        ("priority", f"P{task.priority}"),
        ("assignee", task.assignee),
        ("parent", task.parent_id),
        ("plan", task.plan_id),
        ("depends on", ", ".join(task.depends)),
        ("skills", ", ".join(task.skills)),
        ("files", ", ".join(task.files)),
        ("estimate", durations.text(task.estimate_s) if task.estimate_s else ""),
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
        lines += [f"  {line}" for line in task_lines(children, len(children))]
    return lines


def _short(title: str) -> str:
    return title if len(title) <= 100 else title[:99] + "…"
