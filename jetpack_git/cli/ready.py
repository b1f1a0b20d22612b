"""git jetpack ready"""

from __future__ import annotations

from jetpack_git.cli import documents
from jetpack_git.cli import fields
from jetpack_git.cli.frame import Frame
from jetpack_git.cli.frame import command
from jetpack_git.cli.tables import task_lines


@command(short_help="List what can be claimed now, most urgent first.")
@fields.limit_option(20)
def ready(frame: Frame, limit: int) -> int:
    """List what can be claimed now, most urgent first. Exits 1 when there is nothing."""
    tasks, total = frame.workspace.tasks.ready(limit=limit or -1)
    lines = task_lines(tasks, total) if total else "Nothing is ready."
    found = documents.listing("tasks", [documents.task(one) for one in tasks], total)
    frame.answer(found, lines)
    return 0 if total else 1
