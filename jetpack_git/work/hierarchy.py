"""The hierarchy: moving a task with all below it, and closing a parent."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from jetpack_git import clock
from jetpack_git.data import settle
from jetpack_git.data.rows import dump
from jetpack_git.data.rows import task_columns
from jetpack_git.errors import BadInput
from jetpack_git.errors import Negative
from jetpack_git.models.task import CLOSED
from jetpack_git.models.task import HELD
from jetpack_git.models.task import Task
from jetpack_git.work import dependencies
from jetpack_git.work.tasks import Tasks
from jetpack_git.work.tasks import check_can_have_children

Verb = Literal["done", "cancel"]
Fate = Literal["cancel", "move-up"]


def move(tasks: Tasks, text: str, parent: str | None, *, agent: str) -> Task:
    """The task, with all below it, is the last child of that parent; None makes it a root.

    Raises BadInput when the parent is below the task, or when tasks would wait for each other.
    """
    with tasks.db.transaction():
        task = tasks.get(text)
        above = tasks.get(parent) if parent is not None else None
        if (above.id if above else None) == task.parent_id:
            return task
        if above is not None:
            _check_not_below(tasks, task, above)
            check_can_have_children(above)
        _put(tasks, task, above.id if above else None, agent)
        if above is not None:
            _check_no_cycle(tasks, task, above)
    return tasks.get(task.id)


def close(
    tasks: Tasks,
    text: str,
    verb: Verb,
    *,
    children: Fate | None,
    agent: str,
    incarnation: str | None = None,
    note: str = "",
) -> Task:
    """The parent is closed; what was open below it was cancelled, or is its parent's now.

    Its status follows from the children that it keeps; without any it is a leaf, and is
    completed or cancelled itself. Raises BadInput when it is not said what becomes of them,
    and Conflict when somebody else holds one that would be cancelled.
    """
    with tasks.db.transaction():
        task = tasks.get(text)
        if not task.children:
            raise BadInput(f"{task.id} has no children.", hint="Leave out --children.")
        leaves = [tasks.get(str(row["id"])) for row in _open_below(tasks, task.id)]
        if not leaves:
            raise Negative(f"{task.id} is {task.status}: nothing below it is open.")
        if children is None:
            raise BadInput(
                f"{task.id} is a parent of {len(leaves)} open tasks; its status follows from "
                "theirs.",
                hint="Say what becomes of them: --children cancel, or --children move-up.",
            )
        if children == "cancel":
            for leaf in leaves:
                tasks.cancel(leaf.id, agent=agent, incarnation=incarnation, reason=note)
        else:
            for child in tasks.children(task.id):
                if child.status not in CLOSED:
                    _put(tasks, child, task.parent_id, agent)
        task = tasks.get(task.id)
        if task.children or task.status in CLOSED:
            return task
        if verb == "cancel":
            return tasks.cancel(task.id, agent=agent, incarnation=incarnation, reason=note)
        if task.status not in HELD:
            tasks.claim(task.id, agent=agent, incarnation=incarnation)
        return tasks.done(task.id, agent=agent, incarnation=incarnation, summary=note or None)


def _open_below(tasks: Tasks, task_id: str) -> list[dict[str, object]]:
    return tasks.db.all("tasks.open_leaves_below", id=task_id)


def _put(tasks: Tasks, task: Task, parent_id: str | None, agent: str) -> None:
    """The task stands behind the children of that parent, and all that follows holds."""
    moved = replace(
        task,
        parent_id=parent_id,
        position=tasks.db.count("tasks.next_position", parent_id=parent_id),
        updated_at=clock.now(),
    )
    tasks.db.run("tasks.update", **task_columns(moved))
    tasks.journal.event(
        "task.edited", task.id, agent=agent, parent=parent_id, was_below=task.parent_id
    )
    parents = [one for one in (task.parent_id, parent_id) if one]
    for one in (task.id, *parents):
        tasks.journal.touched("task", one)
    settle.after_structure(tasks.journal, [task.id], parents)
    settle.uprooted(tasks.db, [task.id])
    settle.after_status(tasks.journal, [task.id])


def _check_not_below(tasks: Tasks, task: Task, above: Task) -> None:
    way = [above.id, *settle.ancestors(tasks.db, above.id)]
    if task.id in way:
        path = " < ".join(way[: way.index(task.id) + 1])
        raise BadInput(
            f"{task.id} cannot be moved below {above.id}, which is below it: {path}",
            hint="Move that one out first.",
        )


def _check_no_cycle(tasks: Tasks, task: Task, above: Task) -> None:
    """Neither the task nor what is below it waits for what it is a part of now, or it for them."""
    db = tasks.db
    found = dependencies.path(db, task.id, {above.id})
    if found:  # a parent waits for what is below it
        found = [above.id, *found]
    else:
        below = {str(row["id"]) for row in db.all("tasks.subtree", ids=dump([task.id]))}
        rows = db.all("dependencies.before", id=above.id)
        ways = (dependencies.path(db, str(row["id"]), below) for row in rows)
        found = next(([way[-1], *way] for way in ways if way), [])
    if found:
        raise BadInput(
            f"{task.id} cannot be moved below {above.id}: tasks would wait for each other, "
            + " -> ".join(found),
            hint="An arrow reads 'waits for'. Remove one of these dependencies first.",
        )
