"""git jetpack begin, progress, done, fail, release, cancel"""

from __future__ import annotations

from collections.abc import Callable

import click

from jetpack_git.cli import documents
from jetpack_git.cli import fields
from jetpack_git.cli import terminal
from jetpack_git.cli.frame import Frame
from jetpack_git.cli.frame import command
from jetpack_git.errors import BadInput
from jetpack_git.models.task import Task
from jetpack_git.work import hierarchy

SHOWN = 5
CHILDREN = click.option(
    "--children", type=click.Choice(["cancel", "move-up"]),
    help="Of a parent: what becomes of the open tasks below it.",
)  # fmt: skip
REASON = click.option("-m", "--reason", default="", help="Why; it is kept in the task's log.")


def _move(frame: Frame, verb: Callable[..., Task], task_id: str, **more: object) -> None:
    """The task has moved, and the answer says where to."""
    workspace = frame.workspace
    task = verb(task_id, agent=workspace.agent, incarnation=workspace.incarnation, **more)
    then = f" until {task.retry_at}" if task.retry_at else ""
    frame.answer({"task": documents.task(task)}, f"{task.id} is {task.state}{then}")


def _close(
    frame: Frame, task_id: str, verb: hierarchy.Verb, children: hierarchy.Fate | None, note: str
) -> bool:
    """Whether the task was a parent, which is closed now."""
    workspace = frame.workspace
    if children is None and not workspace.tasks.get(task_id).children:
        return False
    task = hierarchy.close(
        workspace.tasks, task_id, verb, children=children, agent=workspace.agent,
        incarnation=workspace.incarnation, note=note,
    )  # fmt: skip
    below = workspace.tasks.rollups([task]).get(task.id)
    frame.answer({"task": documents.task(task, below)}, f"{task.id} is {task.state}")
    return True


@command(short_help="Say that work on a claimed task has begun.")
@click.argument("task_id", metavar="ID")
def begin(frame: Frame, task_id: str) -> None:
    """Say that work on a claimed task has begun."""
    _move(frame, frame.workspace.tasks.begin, task_id)


@command(short_help="Report how far the work on a task is.")
@click.argument("task_id", metavar="ID")
@click.option("-m", "--note", default="", help="What there is to say; kept in the task's log.")
@click.option("--percent", type=click.IntRange(0, 100), help="How much of it is done.")
def progress(frame: Frame, task_id: str, note: str, percent: int | None) -> None:
    """Report how far the work on a task that you hold is. Its work has begun by that."""
    if percent is None and not note.strip():
        raise BadInput("There is nothing to report.", hint="Give --note, --percent or both.")
    _move(frame, frame.workspace.tasks.progress, task_id, note=note, percent=percent)


@command(short_help="Complete a task that you hold.")
@click.argument("task_id", metavar="ID")
@click.option("-m", "--summary", help="What was done.")
@click.option("--file", "files", multiple=True, help="A result to look at; repeatable.")
@CHILDREN
def done(
    frame: Frame,
    task_id: str,
    summary: str | None,
    files: tuple[str, ...],
    children: hierarchy.Fate | None,
) -> None:
    """Complete a task that you hold, claimed or in progress.

    A parent completes with its last child. To complete it before, say what becomes of the
    open --children: they are cancelled, or they move up to its own parent.
    """
    if _close(frame, task_id, "done", children, summary or ""):
        return
    results = [fields.clean(one, "name of the file", fields.MAX_TITLE) for one in files]
    _move(frame, frame.workspace.tasks.done, task_id, summary=summary, results=results)
    if frame.workspace.db.one("memories.any") is not None or "learned" in (summary or "").lower():
        _learn(frame, task_id, summary or "")


def _learn(frame: Frame, task_id: str, summary: str) -> None:
    """What the summary says was learned is kept; what was noted for the time of work is offered."""
    from jetpack_git.work import learnings
    from jetpack_git.work.memories import Memories

    workspace = frame.workspace
    memories = Memories(workspace.db, worktree=workspace.clone.worktree)
    task = workspace.tasks.get(task_id)
    kept, refused = learnings.store(memories, summary, task_id=task.id, agent=workspace.agent)
    for one in kept:
        terminal.remark(f"remembered {one.id}: {one.title}")
    workspace.warnings += refused
    working = memories.working_of(task.id)
    if working:
        ids = ", ".join(one.id for one in working[:SHOWN])
        terminal.remark(
            f"{len(working)} working memories of this task will go ({ids}). Keep one with: "
            "git jetpack promote ID"
        )


@command(short_help="Say that a task that you hold has failed.")
@click.argument("task_id", metavar="ID")
@REASON
@click.option("--final", is_flag=True, help="It is not to be tried again.")
def fail(frame: Frame, task_id: str, reason: str, final: bool) -> None:
    """Say that a task that you hold has failed.

    It is offered again after a while, until it was tried as often as the config or its own
    --max-attempts allows. Then, or with --final, it waits until somebody releases it.
    """
    from jetpack_git.work import settings  # the other moves do without

    workspace = frame.workspace
    policy = settings.of(workspace.clone, workspace.db, workspace.warnings).tasks
    _move(frame, frame.workspace.tasks.fail, task_id, reason=reason, final=final, policy=policy)


@command(short_help="Give a task back, or offer a failed one again.")
@click.argument("task_id", metavar="ID")
@REASON
@click.option("--to", metavar="NAME", help="Hand it over to this agent, with its reservations.")
def release(frame: Frame, task_id: str, reason: str, to: str | None) -> None:
    """Give a task back that you hold, or offer a failed one again."""
    tasks = frame.workspace.tasks
    if to is None:
        _move(frame, tasks.release, task_id, reason=reason)
    else:
        from jetpack_git.work.mail import Mail  # the other moves do without

        Mail(frame.workspace.db).check_there(to)
        _move(frame, tasks.hand_over, task_id, to=to, reason=reason)


@command(short_help="Say that a task will not be done.")
@click.argument("task_id", metavar="ID")
@REASON
@CHILDREN
def cancel(frame: Frame, task_id: str, reason: str, children: hierarchy.Fate | None) -> None:
    """Say that a task will not be done. What waited for it waits no more."""
    if _close(frame, task_id, "cancel", children, reason):
        return
    _move(frame, frame.workspace.tasks.cancel, task_id, reason=reason)
