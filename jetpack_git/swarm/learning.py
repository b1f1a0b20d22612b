"""What an agent is told before its task, and what its report leaves for the next one."""

from __future__ import annotations

import re
from collections.abc import Callable

from jetpack_git.models.task import Task
from jetpack_git.work import learnings
from jetpack_git.work import recall
from jetpack_git.work import settings
from jetpack_git.work.memories import Memories
from jetpack_git.work.retrievers import Asked
from jetpack_git.workspace import Workspace

KNOWN = 5  # memories for a task
SHOWN = 300  # characters of a summary
_LEARNED = re.compile(r"\W*_*learned\b\W*(?::|$)", re.IGNORECASE)

Tell = Callable[[str, Task, str], None]


def known(workspace: Workspace, task: Task, agent: str, tell: Tell) -> list[str]:
    """What to know before work on the task begins, as lines."""
    db = workspace.db
    if db.one("memories.any") is None:
        return []
    config = settings.of(workspace.clone, db, workspace.warnings).memory
    said = recall.of_task(db, workspace.clone, config, task, Asked(agent), limit=KNOWN)
    if said.degraded:
        tell("recall", task, f"{said.retriever}: {said.degraded}")
    return learnings.told(said.found)


def summary(report: str) -> str | None:
    """What was done, as the report says it: its last line before what was learned.

    Where there is none before, it is the last one that is no `learned: …`.
    """
    lines = [line.strip() for line in report.splitlines() if line.strip()]
    learned = [at for at, one in enumerate(lines) if _LEARNED.match(one)]
    found = lines[: learned[0]] if learned else lines
    found = found or [one for one in lines if not _LEARNED.match(one)] or lines
    return "".join(filter(str.isprintable, found[-1]))[:SHOWN] if found else None


def learn(workspace: Workspace, task: Task, agent: str, report: str, tell: Tell) -> None:
    """What the report says was learned is remembered, in the worktree of the work."""
    memories = Memories(workspace.db, worktree=workspace.clone.worktree)
    kept, refused = learnings.store(memories, report, task_id=task.id, agent=agent)
    for one in kept:
        tell("learned", task, f"{one.id} {one.title}")
    for said in refused:
        tell("learned", task, said)
