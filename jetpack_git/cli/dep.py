"""git jetpack dep add, dep rm"""

from __future__ import annotations

import click

from jetpack_git.cli import documents
from jetpack_git.cli.frame import Frame
from jetpack_git.cli.frame import command
from jetpack_git.work import dependencies


@click.group(short_help="Add or remove a dependency between tasks.")
def dep() -> None:
    """Add or remove a dependency between tasks. On a parent it holds for all tasks below."""


@command("add", short_help="Let a task wait for another.")
@click.argument("task_id", metavar="ID")
@click.argument("depends_on", metavar="ON")
def add(frame: Frame, task_id: str, depends_on: str) -> None:
    """Let the task ID wait until the task ON is finished."""
    tasks = frame.workspace.tasks
    one, other = tasks.get(task_id).id, tasks.get(depends_on).id
    dependencies.add(tasks.journal, one, other, agent=frame.workspace.agent)
    frame.answer({"task": documents.task(tasks.get(one))}, f"{one} waits for {other}")


@command("rm", short_help="Let a task wait for another no more.")
@click.argument("task_id", metavar="ID")
@click.argument("depends_on", metavar="ON")
def rm(frame: Frame, task_id: str, depends_on: str) -> None:
    """Let the task ID wait for the task ON no more."""
    tasks = frame.workspace.tasks
    one, other = tasks.get(task_id).id, tasks.get(depends_on).id
    dependencies.remove(tasks.journal, one, other, agent=frame.workspace.agent)
    frame.answer({"task": documents.task(tasks.get(one))}, f"{one} waits for {other} no more")


dep.add_command(add)
dep.add_command(rm)
