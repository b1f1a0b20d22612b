"""git jetpack list"""

from __future__ import annotations

import click

from jetpack_git.cli import documents
from jetpack_git.cli import fields
from jetpack_git.cli.frame import Frame
from jetpack_git.cli.frame import command
from jetpack_git.cli.tables import task_lines
from jetpack_git.models.task import Status


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
    tasks, total = frame.workspace.tasks.list(
        state=status, assignee=assignee, plan_id=plan, limit=limit or -1
    )
    found = documents.listing("tasks", [documents.task(one) for one in tasks], total)
    frame.answer(found, task_lines(tasks, total))
