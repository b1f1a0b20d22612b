"""git jetpack radar"""

from __future__ import annotations

from jetpack_git.cli import documents
from jetpack_git.cli.frame import Frame
from jetpack_git.cli.frame import command
from jetpack_git.cli.terminal import safe
from jetpack_git.models.task import Task
from jetpack_git.swarm import radar as found


@command(short_help="List the branches of tasks that will conflict.")
def radar(frame: Frame) -> int:
    """List the branches of tasks that will conflict, before anybody merges them.

    They are those of tasks that somebody works on, or that are finished and not merged. Who
    works on two that conflict gets mail, once. Exits 1 when there are any.
    """
    workspace = frame.workspace
    found.scan(workspace)
    clashes = found.conflicts(workspace)
    items: list[dict[str, object]] = [
        {"tasks": [documents.task(one.one), documents.task(one.other)], "paths": list(one.paths)}
        for one in clashes
    ]
    lines = [
        safe(f"{_named(one.one)} and {_named(one.other)}: {', '.join(one.paths)}")
        for one in clashes
    ]  # fmt: skip
    frame.answer(
        documents.listing("conflicts", items, len(items)), lines or "No branches conflict."
    )
    return 1 if clashes else 0


def _named(task: Task) -> str:
    return f"{task.id} ({task.assignee})" if task.assignee else task.id
