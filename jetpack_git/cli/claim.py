"""git jetpack claim"""

from __future__ import annotations

import click

from jetpack_git.cli import documents
from jetpack_git.cli.frame import Frame
from jetpack_git.cli.frame import command
from jetpack_git.cli.terminal import safe
from jetpack_git.errors import BadInput
from jetpack_git.errors import Negative


@command(short_help="Take a task, so that nobody else does.")
@click.argument("task_id", metavar="[ID]", required=False)
@click.option("--next", "next_", is_flag=True, help="Take the task that the strategy chooses.")
@click.option("--strategy", help="first-fit, best-fit (the default) or graph-prioritized.")
@click.option("--skills", help="Your skills, with commas between; none means any task.")
def claim(
    frame: Frame, task_id: str | None, next_: bool, strategy: str | None, skills: str | None
) -> None:
    """Take a task, so that nobody else does: the one named, or the --next one."""
    if bool(task_id) == next_:
        raise BadInput(
            "Say which task, or --next.", hint="git jetpack claim ID, or: git jetpack claim --next"
        )
    workspace = frame.workspace
    agent = workspace.agent
    if task_id:
        task = workspace.tasks.claim(task_id, agent=agent, incarnation=workspace.incarnation)
    else:
        from jetpack_git.work import claims

        wanted = {one.strip().lower() for one in (skills or "").split(",")} - {""}
        found = claims.claim_next(
            workspace.tasks, agent=agent, incarnation=workspace.incarnation,
            skills=wanted, strategy=strategy or claims.DEFAULT,
        )  # fmt: skip
        if found is None:
            raise Negative("Nothing is ready.", hint="See why with: git jetpack list")
        task = found
    frame.answer({"task": documents.task(task)}, f"{task.id}  {safe(task.title)}")
