"""What a branch does to each task: what became of it, who did it, and what was planned anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from datetime import datetime

from jetpack_git.models import words
from jetpack_git.models.event import Event
from jetpack_git.models.review import Change
from jetpack_git.models.review import Entry
from jetpack_git.models.review import Named
from jetpack_git.models.review import Progress
from jetpack_git.models.task import CLOSED
from jetpack_git.models.task import HELD
from jetpack_git.models.task import Status
from jetpack_git.models.task import Task
from jetpack_git.review.sides import Pair
from jetpack_git.review.sides import Sides

# What every move of a task changes, or what nobody plans.
_SILENT = frozenset({
    "id", "status", "assignee", "branch", "summary", "completed_at", "position", "plan_key",
    "results", "incarnation", "commit_id", "created_at", "updated_at", "claimed_at", "attempts",
    "retry_at", "percent", "extra", "blockers", "children", "graph_score", "seq",
})  # fmt: skip
PLANNED = tuple(one.name for one in fields(Task) if one.name not in _SILENT)
_ENDS = {
    "finished": "task.completed", "failed": "task.failed", "cancelled": "task.cancelled",
    "reopened": "task.reopened",
}  # fmt: skip


def entries(sides: Sides) -> list[Entry]:
    """An entry for each task that the branch changes, by id."""
    found = [_entry(sides, one) for one in sides.pairs if not one.trouble]
    named = {one.task_id for one in sides.pairs}
    titles = sides.after.tasks
    found += [Entry(one, titles[one].title, "finished") for one in _closed_parents(sides) - named]
    return sorted((one for one in found if one is not None), key=lambda one: one.task_id)


def unblocked(sides: Sides) -> list[Named]:
    """The tasks that waited where the branch began, and can be claimed now."""
    before, after = sides.before, sides.after
    if not after.closed - before.closed:
        return []
    return [
        Named(task_id, one.title)
        for task_id, one in sorted(after.tasks.items())
        if task_id in before.tasks and after.is_ready(task_id) and before.waits_for(task_id)
    ]


def plans(sides: Sides, titles: dict[str, str]) -> list[Progress]:
    """The plans whose progress the branch changes, by id; `titles` is what they are called."""
    before, after = sides.before.progress, sides.after.progress
    nothing = (0, 0)
    return [
        Progress(one, titles.get(one, one), before.get(one, nothing), after.get(one, nothing))
        for one in sorted({*before, *after})
        if before.get(one, nothing) != after.get(one, nothing)
    ]


def _planned(sides: Sides, before: Task, after: Task) -> tuple[Change, ...]:
    """The fields of the plan that differ."""

    def name(task_id: str | None) -> str:
        if task_id is None:
            return "the top"
        one = sides.after.tasks.get(task_id) or sides.before.tasks.get(task_id)
        return f"{task_id} {one.title[: words.SHORT]!r}" if one else task_id

    return differences(before, after, PLANNED, name)


def differences(
    before: Task, after: Task, attributes: tuple[str, ...], name: Callable[[str | None], str]
) -> tuple[Change, ...]:
    """Those of the attributes that differ, and of the keys that nobody here knows."""
    pairs = [(field, getattr(before, field), getattr(after, field)) for field in attributes]
    pairs += [
        (key, before.extra.get(key), after.extra.get(key))
        for key in sorted({*before.extra, *after.extra})
    ]
    return tuple(
        Change(field, old, new, words.said(field, old, new, name))
        for field, old, new in pairs
        if old != new
    )


def _entry(sides: Sides, pair: Pair) -> Entry | None:
    before, after = pair.before, pair.after
    if after is None:
        return Entry(pair.task_id, before.title, "deleted", by=_authors(sides, pair.path)) if (
            before is not None
        ) else None  # fmt: skip
    changes = _planned(sides, before, after) if before is not None else ()
    kind = _kind(sides, pair)
    if kind is None and not changes:
        return None
    by, took = _who(sides.log(after.id), kind) if kind else ((), None)
    return Entry(
        after.id, after.title, kind or "changed", is_new=before is None, took_s=took,
        by=by or _authors(sides, pair.path), summary=after.summary or "", changes=changes,
    )  # fmt: skip


def _kind(sides: Sides, pair: Pair) -> str | None:
    """What became of the task, as far as that is more than a change of its plan."""
    before, after = pair.before, pair.after
    assert after is not None
    was_closed = pair.task_id in sides.before.closed
    is_closed = pair.task_id in sides.after.closed
    if is_closed and not was_closed:
        return "cancelled" if after.status == Status.CANCELLED else "finished"
    if was_closed and not is_closed:
        return "reopened"
    if (
        was_closed
        and before is not None
        and before.status != after.status
        and (after.status in CLOSED)
    ):
        return "cancelled" if after.status == Status.CANCELLED else "finished"
    old = before.status if before is not None else ""
    if after.status == old or after.status in CLOSED:
        return None
    if after.status == Status.FAILED:
        return "failed"
    if after.status in HELD:
        return "under_way"
    return "created" if before is None else None


def _closed_parents(sides: Sides) -> set[str]:
    """The parents all of whose children are over by now."""
    closed = sides.after.closed - sides.before.closed
    return closed & sides.after.children.keys() & sides.before.tasks.keys()


def _who(log: list[Event], kind: str) -> tuple[tuple[str, ...], int | None]:
    """Who has brought the task to that, and how many seconds after the claim."""
    last = next((one for one in reversed(log) if one.kind == _ENDS.get(kind)), None)
    if last is None:
        claimed = [one for one in log if one.kind == "task.claimed" and one.agent]
        return ((str(claimed[-1].agent),), None) if claimed and kind == "under_way" else ((), None)
    claim = next((one for one in reversed(log) if one.kind == "task.claimed" and one.at <= last.at),
                 None)  # fmt: skip
    took = None
    if claim is not None:
        took = int((_moment(last.at) - _moment(claim.at)).total_seconds())
    return ((last.agent,) if last.agent else ()), took


def _authors(sides: Sides, path: str) -> tuple[str, ...]:
    """Those whose commits have changed the file."""
    return tuple(sorted({one.agent or one.author for one in sides.commits if path in one.paths}))


def _moment(at: str) -> datetime:
    return datetime.fromisoformat(at)
