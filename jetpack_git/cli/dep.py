"""git jetpack dep add, dep rm"""

from __future__ import annotations

import click

from jetpack_git.cli import documents
from jetpack_git.cli.frame import Frame
from jetpack_git.cli.frame import command
from jetpack_git.models.task import BLOCKS
from jetpack_git.models.task import LINKS
from jetpack_git.work import dependencies

KIND = click.option(
    "--kind", type=click.Choice([BLOCKS, *LINKS]), default=BLOCKS, show_default=True,
    help="How the two are related; only 'blocks' makes the task wait.",
)  # fmt: skip


@click.group(short_help="Add or remove a dependency between tasks.")
def dep() -> None:
    """Add or remove a dependency between tasks. On a parent it holds for all tasks below."""


@command("add", short_help="Let a task wait for another, or link it to one.")
@click.argument("task_id", metavar="ID")
@click.argument("other", metavar="ON")
@KIND
def add(frame: Frame, task_id: str, other: str, kind: str) -> None:
    """Let the task ID wait until the task ON is finished.

    With another --kind it does not wait: it is related to ON, was discovered while working
    on ON, or supersedes ON.
    """
    tasks, agent = frame.workspace.tasks, frame.workspace.agent
    one, other = tasks.get(task_id).id, tasks.get(other).id
    if kind == BLOCKS:
        dependencies.add(tasks.journal, one, other, agent=agent)
        said = f"{one} waits for {other}"
    else:
        dependencies.link(tasks.journal, one, kind, other, agent=agent)
        said = f"{one}: {kind} {other}"
    frame.answer({"task": documents.task(tasks.get(one))}, said)


@command("rm", short_help="Let a task wait for another no more.")
@click.argument("task_id", metavar="ID")
@click.argument("other", metavar="ON")
@KIND
def rm(frame: Frame, task_id: str, other: str, kind: str) -> None:
    """Let the task ID wait for the task ON no more, or take their link away."""
    tasks, agent = frame.workspace.tasks, frame.workspace.agent
    one, other = tasks.get(task_id).id, tasks.get(other).id
    if kind == BLOCKS:
        dependencies.remove(tasks.journal, one, other, agent=agent)
        said = f"{one} waits for {other} no more"
    else:
        dependencies.unlink(tasks.journal, one, kind, other, agent=agent)
        said = f"{one}: no longer {kind} {other}"
    frame.answer({"task": documents.task(tasks.get(one))}, said)


dep.add_command(add)
dep.add_command(rm)
