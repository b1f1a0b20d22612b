"""Why a task is not ready, in a sentence for each reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from jetpack_git.data.database import Database
from jetpack_git.data.database import Row
from jetpack_git.data.rows import dump
from jetpack_git.data.rows import to_rollup
from jetpack_git.models.task import CLOSED
from jetpack_git.models.task import HELD
from jetpack_git.models.task import Status
from jetpack_git.models.task import Task

SHOWN = 3


class Reason(NamedTuple):
    """One reason. `task_id` is the other task that it is about, if there is one.

    `kind` is `held`, `closed`, `failed`, `retry`, `parent`, `blocked`, `missing` or `replaced`.
    """

    kind: str
    text: str
    task_id: str | None = None


def reasons(db: Database, task: Task) -> list[Reason]:
    """All that keeps the task from being claimed; nothing when it is ready."""
    if task.children:
        below = to_rollup(db.all("tasks.rollup", ids=dump([task.id]))[0])
        left = f"{below.open} of the {below.leaves} tasks below it are open"
        whole = Reason("parent", f"it is a parent, and only leaves are claimed; {left}")
        return [whole, *_blockers(db, task)]
    if task.status in HELD:
        said = f"{task.assignee} holds it, {task.status} since {task.claimed_at}"
        return [Reason("held", said)]
    replaced = [
        Reason("replaced", f"{row['id']} supersedes it", str(row["id"]))
        for row in db.all("links.to", id=task.id)
        if row["kind"] == "supersedes"
    ]
    if task.status in CLOSED:
        when = f" since {task.completed_at}" if task.completed_at else ""
        return [Reason("closed", f"it is {task.status}{when}"), *replaced]
    found = []
    if task.status == Status.FAILED:
        said = f"it failed for good after {_times(task.attempts)}; offer it again with: "
        found.append(Reason("failed", f"{said}git jetpack release {task.id}"))
    elif task.retry_at:
        found.append(Reason("retry", f"attempt {task.attempts + 1} begins at {task.retry_at}"))
    found += _blockers(db, task)
    return found + replaced if found else []


def _blockers(db: Database, task: Task) -> list[Reason]:
    """The unfinished tasks that it waits for."""
    rows = db.all("dependencies.before", id=task.id)
    return [_blocked(db, task, row) for row in rows if row["status"] not in CLOSED]


def _blocked(db: Database, task: Task, row: Row) -> Reason:
    """The reason that an unfinished task of `dependencies.before` is."""
    other, state = str(row["id"]), str(row["state"])
    if row["children"]:
        state = to_rollup(db.all("tasks.rollup", ids=dump([other]))[0]).state(state)
        failed = [str(one["id"]) for one in db.all("tasks.failed_below", ids=dump([other]))]
        if failed:
            state += f", because {', '.join(failed[:SHOWN])} failed for good"
    if state == "missing":
        return Reason("missing", f"it waits for {other}, which is not here: bring its file", other)
    if state == Status.FAILED:
        state = "failed for good"
    by = f", held by {row['assignee']}" if row["assignee"] and state in HELD else ""
    through = f" (as {row['via']} does)" if row["via"] != task.id else ""
    return Reason("blocked", f"it waits for {other}{through}, which is {state}{by}", other)


def _times(attempts: int) -> str:
    return f"{attempts} attempts" if attempts != 1 else "1 attempt"


def failed_before(db: Database, tasks: Sequence[Task]) -> dict[str, list[str]]:
    """The tasks that failed for good, by the blocked task that waits for them."""
    blocked = [task.id for task in tasks if task.state == Status.BLOCKED]
    if not blocked or db.one("tasks.any_failed") is None:
        return {}
    return {
        task_id: failed
        for task_id in blocked
        if (failed := [
            str(row["id"])
            for row in db.all(
                "tasks.failed_below",
                ids=dump([one["id"] for one in db.all("dependencies.before", id=task_id)]),
            )
        ])
    }  # fmt: skip
