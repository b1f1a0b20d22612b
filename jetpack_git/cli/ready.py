"""git jetpack ready"""

from __future__ import annotations

import click

from jetpack_git.cli import documents
from jetpack_git.cli import fields
from jetpack_git.cli.frame import Frame
from jetpack_git.cli.frame import command
from jetpack_git.cli.tables import task_lines
from jetpack_git.models.task import Task
from jetpack_git.workspace import Workspace


@command(short_help="List what can be claimed now, most urgent first.")
@fields.limit_option(20)
@click.option("--explain", is_flag=True, help="List what is open and not ready, too, and why.")
@fields.at_option
def ready(frame: Frame, revision: str | None, limit: int, explain: bool) -> int:
    """List what can be claimed now, most urgent first. Exits 1 when there is nothing."""
    workspace = frame.at(revision)
    tasks, total = workspace.tasks.ready(limit=limit or -1)
    lines = task_lines(tasks, total) if total else ["Nothing is ready."]
    found = documents.listing("tasks", [documents.task(one) for one in tasks], total)
    if explain:
        found["waiting"], more = _waiting(workspace, limit)
        lines += more
    frame.answer(found, lines)
    return 0 if total else 1


def _waiting(workspace: Workspace, limit: int) -> tuple[dict[str, object], list[str]]:
    """The open tasks that nobody can claim, each with its reasons."""
    from jetpack_git.work.why import reasons

    open_tasks: list[Task] = []
    total = 0
    for state in ("blocked", "pending_retry", "failed"):
        tasks, number = workspace.tasks.list(state=state, limit=limit)
        open_tasks += [one for one in tasks if one.state == state]
        total += number
    shown = open_tasks[: limit or None]
    found = [(one, [reason.text for reason in reasons(workspace.db, one)]) for one in shown]
    items = [documents.task(one) | {"why": why} for one, why in found]
    lines = [f"{one.id} is {one.state}: {reason}" for one, why in found for reason in why]
    if total > len(found):
        lines.append(f"… {total - len(found)} more of {total} are not ready")
    return documents.listing("tasks", items, total), lines
