"""git jetpack begin, done, fail, release, cancel"""

from __future__ import annotations

from collections.abc import Callable

import click

from jetpack_git.cli import documents
from jetpack_git.cli.frame import Frame
from jetpack_git.cli.frame import command
from jetpack_git.models.task import Task

REASON = click.option("-m", "--reason", default="", help="Why; it is kept in the task's log.")


def _move(frame: Frame, verb: Callable[..., Task], task_id: str, **more: object) -> None:
    """The task has moved, and the answer says where to."""
    workspace = frame.workspace
    task = verb(task_id, agent=workspace.agent, incarnation=workspace.incarnation, **more)
    frame.answer({"task": documents.task(task)}, f"{task.id} is {task.state}")


@command(short_help="Say that work on a claimed task has begun.")
@click.argument("task_id", metavar="ID")
def begin(frame: Frame, task_id: str) -> None:
    """Say that work on a claimed task has begun."""
    _move(frame, frame.workspace.tasks.begin, task_id)


@command(short_help="Complete a task that you hold.")
@click.argument("task_id", metavar="ID")
@click.option("-m", "--summary", help="What was done.")
def done(frame: Frame, task_id: str, summary: str | None) -> None:
    """Complete a task that you hold, claimed or in progress."""
    _move(frame, frame.workspace.tasks.done, task_id, summary=summary)


@command(short_help="Say that a task that you hold has failed.")
@click.argument("task_id", metavar="ID")
@REASON
def fail(frame: Frame, task_id: str, reason: str) -> None:
    """Say that a task that you hold has failed. It waits until somebody releases it."""
    _move(frame, frame.workspace.tasks.fail, task_id, reason=reason)


@command(short_help="Give a task back, or offer a failed one again.")
@click.argument("task_id", metavar="ID")
@REASON
def release(frame: Frame, task_id: str, reason: str) -> None:
    """Give a task back that you hold, or offer a failed one again."""
    _move(frame, frame.workspace.tasks.release, task_id, reason=reason)


@command(short_help="Say that a task will not be done.")
@click.argument("task_id", metavar="ID")
@REASON
def cancel(frame: Frame, task_id: str, reason: str) -> None:
    """Say that a task will not be done. What waited for it waits no more."""
    _move(frame, frame.workspace.tasks.cancel, task_id, reason=reason)
