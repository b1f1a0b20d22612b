"""git jetpack list"""

from __future__ import annotations

import click

from jetpack_git.cli import documents
from jetpack_git.cli import fields
from jetpack_git.cli.frame import Frame
from jetpack_git.cli.frame import command
from jetpack_git.cli.tables import task_lines
from jetpack_git.errors import NotFound
from jetpack_git.models.task import Status
from jetpack_git.work.why import failed_before


@command("list", short_help="List tasks.")
@click.option(
    "--status",
    type=click.Choice([str(one) for one in Status]),
    help="Only these; pending ones may be ready or blocked.",
)
@click.option("--assignee", metavar="NAME", help="Only what this agent holds or held.")
@click.option("--plan", metavar="ID", help="Only the tasks of this plan.")
@fields.limit_option(50)
def list_(
    frame: Frame, status: str | None, assignee: str | None, plan: str | None, limit: int
) -> None:
    """List tasks."""
    queue = frame.workspace.tasks
    if plan is not None and queue.db.one("plans.get", id=plan) is None:
        raise NotFound(f"There is no plan {plan!r}.", hint="Load one with: git jetpack load FILE")
    tasks, total = queue.list(state=status, assignee=assignee, plan_id=plan, limit=limit or -1)
    below = queue.rollups(tasks)
    found = [documents.task(one, below.get(one.id)) for one in tasks]
    lines = task_lines(tasks, total, below, failed_before(queue.db, tasks)) or ["No tasks."]
    frame.answer(documents.listing("tasks", found, total), lines)
