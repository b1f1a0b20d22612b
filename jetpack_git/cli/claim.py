"""git jetpack claim"""

from __future__ import annotations

from collections.abc import Sequence

import click

from jetpack_git.cli import documents
from jetpack_git.cli.frame import Frame
from jetpack_git.cli.frame import command
from jetpack_git.cli.terminal import safe
from jetpack_git.errors import BadInput
from jetpack_git.errors import Negative
from jetpack_git.models.task import Task
from jetpack_git.work import claims
from jetpack_git.work.claims import Considered
from jetpack_git.work.strategies import DEFAULT


@command(short_help="Take a task, so that nobody else does.")
@click.argument("task_id", metavar="[ID]", required=False)
@click.option("--next", "next_", is_flag=True, help="Take the task that the strategy chooses.")
@click.option("--strategy", help="How it chooses; see docs/strategies.md.")
@click.option("--explain", is_flag=True, help="Tell what was considered, and what counted.")
@click.option("--skills", help="Your skills, with commas between; none means any task.")
def claim(
    frame: Frame,
    task_id: str | None,
    next_: bool,
    strategy: str | None,
    explain: bool,
    skills: str | None,
) -> None:
    """Take a task, so that nobody else does: the one named, or the --next one."""
    if bool(task_id) == next_:
        raise BadInput(
            "Say which task, or --next.", hint="git jetpack claim ID, or: git jetpack claim --next"
        )
    workspace = frame.workspace
    agent = workspace.living
    lines: list[str] = []
    more: dict[str, object] = {}
    if task_id:
        task = workspace.tasks.claim(task_id, agent=agent, incarnation=workspace.incarnation)
    else:
        wanted = {one.strip().lower() for one in (skills or "").split(",")} - {""}
        strategy = strategy or DEFAULT
        if explain:
            seen = claims.consider(workspace.tasks, agent=agent, skills=wanted, strategy=strategy)
            more["considered"] = [one._asdict() for one in seen]
            lines = _explained(seen)
        found = claims.claim_next(
            workspace.tasks, agent=agent, incarnation=workspace.incarnation,
            skills=wanted, strategy=strategy,
        )  # fmt: skip
        if found is None:
            if workspace.tasks.ready(limit=0)[1]:
                raise Negative(
                    "What is ready needs skills that you do not have.",
                    hint="See it with: git jetpack ready",
                )
            raise Negative("Nothing is ready.", hint="See why with: git jetpack ready --explain")
        task = found
        if explain and task.id not in [one.id for one in seen if not one.overlap][:1]:
            lines.append(_exception(task, seen))
    lines.append(f"{task.id}  {safe(task.title)}")
    frame.answer({"task": documents.task(task)} | more, lines)


def _explained(seen: Sequence[Considered]) -> list[str]:
    """The tasks that were considered, the first choice first, and what counted."""
    lines = []
    for one in seen:
        parts = ", ".join(f"{name} {abs(value):g}" for name, value in one.parts.items())
        avoided = f"; avoided: {one.overlap}" if one.overlap else ""
        lines.append(safe(f"considered {one.id}: {parts}{avoided}"))
    return lines


def _exception(task: Task, seen: Sequence[Considered]) -> str:
    """Why the task that was taken is not the strategy's first choice."""
    if any(one.id == task.id and one.overlap for one in seen):
        return f"taken all the same: {task.id}, because no other work is ready"
    return f"taken before them: {task.id}, because it has waited longest, or they were gone"
