"""Conflicts: what two branches said of one field of a task, and who decides it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from jetpack_git import clock
from jetpack_git.data import settle
from jetpack_git.data.database import Database
from jetpack_git.data.database import Row
from jetpack_git.data.rows import task_columns
from jetpack_git.errors import BadInput
from jetpack_git.errors import Negative
from jetpack_git.models.conflict import STATE
from jetpack_git.models.conflict import VALUES
from jetpack_git.models.conflict import Clash
from jetpack_git.models.conflict import Conflict
from jetpack_git.models.memory import Memory
from jetpack_git.models.paths import memory_path
from jetpack_git.models.task import Task
from jetpack_git.work import hierarchy
from jetpack_git.work.mail import Mail
from jetpack_git.work.memories import Memories
from jetpack_git.work.tasks import Tasks

SIDES = ("ours", "theirs", "keep")
SENDER = "git-jetpack"


def unresolved(db: Database, task_id: str | None = None) -> Sequence[Conflict]:
    """The conflicts (of that task) that nobody has decided, the oldest first."""
    return [_conflict(row) for row in db.all("conflicts.open", task_id=task_id)]


def tell(db: Database, task_ids: Sequence[str]) -> None:
    """Whoever works, or worked on either branch, on one of the tasks has mail of its conflicts."""
    for task_id in dict.fromkeys(task_ids):
        found = unresolved(db, task_id)
        task, memory = db.one("tasks.get", id=task_id), db.one("memories.get", id=task_id)
        if not found or (task is None and memory is None):
            continue
        names = [task["assignee"] if task else memory["agent"] if memory else None]
        for one in found:
            if one.clash.field == "assignee":
                names += [one.clash.ours, one.clash.theirs]
        path = f".tasks/{task_id}.md"
        if memory is not None:
            path = memory_path(str(memory["memory_type"]), task_id)
        fields = ", ".join(dict.fromkeys(one.clash.field for one in found))
        Mail(db).notify(
            SENDER, [str(one) for one in names if one],
            f"Branches disagree on {task_id}: {fields}",
            f"See git jetpack conflicts {task_id}, and decide with git jetpack resolve.",
            kind="task.file_conflict", payload={"files": [path], "task_id": task_id},
            task_id=task_id if task else None,
        )  # fmt: skip


def resolve(tasks: Tasks, number: int, side: str, *, agent: str) -> Task | Memory:
    """The field has the value of that side, or keeps the one that is in use.

    Raises Negative when there is no such conflict, or it is decided, and BadInput when the
    value cannot be used any more.
    """
    db = tasks.db
    with db.transaction():
        found = next((one for one in unresolved(db) if one.number == number), None)
        if found is None:
            raise Negative(
                f"There is no conflict {number} to decide.", hint="See: git jetpack conflicts"
            )
        # What says how a task stands goes together.
        both = [found]
        if found.clash.field in STATE:
            both = [one for one in unresolved(db, found.task_id) if one.clash.field in STATE]
        for one in both:
            db.run("conflicts.resolve", number=one.number, now=clock.now())
            note = f"{one.clash.field}: {side}"
            tasks.journal.event("mirror.resolved", one.task_id, agent=agent, note=note)
        memories = Memories(db, worktree=tasks.journal.worktree)
        is_memory = db.one("memories.get", id=found.task_id) is not None
        for one in both:
            field, value = one.clash.field, _value(one, side)
            if value != one.clash.chosen and is_memory:
                memories.set(one.task_id, field, value, agent=agent)
            elif value != one.clash.chosen:
                _set(tasks, tasks.get(one.task_id), field, value, agent)
    if is_memory:
        return memories.get(found.task_id)
    return tasks.get(found.task_id)


def _value(found: Conflict, side: str) -> object:
    return found.clash.chosen if side == "keep" else getattr(found.clash, side)


def _set(tasks: Tasks, task: Task, field: str, value: object, agent: str) -> None:
    """The field of the task has the value, and all that follows from it is right."""
    if field == "parent":
        hierarchy.move(tasks, task.id, None if value is None else str(value), agent=agent)
        return
    attribute = (STATE | VALUES).get(field)
    if attribute is None:
        extra = {**task.extra, field: value}
        after = replace(task, extra={key: one for key, one in extra.items() if one is not None})
    else:
        after = replace(task, **{attribute: value})  # type: ignore[arg-type]
    clash = None
    if after.plan_key:
        clash = tasks.db.one(
            "mirror.holder_of_key", plan_id=after.plan_id, plan_key=after.plan_key, id=task.id
        )
    if clash is not None:
        raise BadInput(
            f"The key {after.plan_key!r:.60} is that of {clash['id']} by now.",
            hint="Keep what is in use: --keep",
        )
    tasks.db.run("tasks.update", **task_columns(replace(after, updated_at=clock.now())))
    tasks.journal.event("task.edited", task.id, agent=agent, fields=[field])
    tasks.journal.touched("task", task.id)
    settle.after_structure(tasks.journal, [task.id], [task.parent_id] if task.parent_id else [])
    settle.after_status(tasks.journal, [task.id])


def _conflict(row: Row) -> Conflict:
    ours, theirs, chosen = (json.loads(str(row[name])) for name in ("ours", "theirs", "chosen"))
    return Conflict(
        number=int(str(row["number"])), task_id=str(row["task_id"]), at=str(row["at"]),
        clash=Clash(str(row["field"]), ours, theirs, chosen),
    )  # fmt: skip
