"""What loading a plan changes, as a diff for people and as JSON."""

from __future__ import annotations

from collections.abc import Iterator

from jetpack_git.cli.terminal import safe
from jetpack_git.data.database import Database
from jetpack_git.models import words
from jetpack_git.work.plan_load import Changes

_SILENT = frozenset({"position", "plan_id", "plan_key"})


def as_changes(changes: Changes) -> list[dict[str, object]]:
    """Each changed field of each updated task, as it was and will be."""
    return [
        {
            "id": one.before.id,
            "field": field,
            "before": _plain(getattr(one.before, field)),
            "after": _plain(getattr(one.after, field)),
        }
        for one in changes.updated
        for field in one.fields
        if field != "plan_key"
    ]


def diff(db: Database, changes: Changes) -> Iterator[str]:
    """One line for each task that is added or cancelled, and for each field that changes."""
    titles = {one.id: one.title for one in changes.added}
    titles |= {one.after.id: one.after.title for one in changes.updated}

    def name(task_id: str | None) -> str:
        if task_id is None:
            return "the top"
        if task_id not in titles:
            row = db.one("tasks.get", id=task_id)
            titles[task_id] = str(row["title"]) if row is not None else task_id
        return repr(titles[task_id][: words.SHORT])

    for task in changes.added:
        below = f", below {name(task.parent_id)}" if task.parent_id else ""
        yield f"+ {safe(task.title)}{below}"
    for one in changes.updated:
        said = [
            safe(words.said(field, getattr(one.before, field), getattr(one.after, field), name))
            for field in one.fields
            if field not in _SILENT
        ]
        for text in said or ["its place among its siblings"]:
            yield f"~ {one.before.id}  {text}"
    for task in changes.retired:
        yield f"- {task.id}  {safe(task.title)}"


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
