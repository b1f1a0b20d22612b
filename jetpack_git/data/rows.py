"""Rows of the database as nouns."""

from __future__ import annotations

import json
from dataclasses import fields

from jetpack_git.data.database import Row
from jetpack_git.models.agent import Agent
from jetpack_git.models.event import Event
from jetpack_git.models.plan import Plan
from jetpack_git.models.reservation import Reservation
from jetpack_git.models.task import Rollup
from jetpack_git.models.task import Task

_LISTS = ("skills", "files", "depends", "results", "labels", "aliases")
_TASK = frozenset(one.name for one in fields(Task))
_DEFAULTS = {one.name: one.default for one in fields(Task)}
_AGENT = frozenset(one.name for one in fields(Agent))
_RESERVATION = frozenset(one.name for one in fields(Reservation))

_COLUMNS = (
    "id", "title", "description", "status", "priority", "parent_id", "position", "plan_id",
    "plan_key", "estimate_s", "assignee", "branch", "commit_id", "summary", "created_at",
    "updated_at", "claimed_at", "completed_at", "max_attempts",
)  # fmt: skip


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


def dump(value: object) -> str:
    """JSON in the one form that the database keeps: no spaces, keys sorted."""
    return "[]" if value in ((), []) else _encode(value)


def task_columns(task: Task) -> dict[str, object]:
    """The stored values of a task, for `tasks.insert` and `tasks.update`."""
    values: dict[str, object] = {name: getattr(task, name) for name in _COLUMNS}
    return values | {
        "skills": dump(task.skills), "files": dump(task.files), "extra": dump(task.extra),
        "results": dump(task.results), "labels": dump(task.labels), "aliases": dump(task.aliases),
    }  # fmt: skip


def to_task(row: Row) -> Task:
    """The task of a row of `tasks`, which may bear `depends` as a JSON list too."""
    values = {name: value for name, value in row.items() if name in _TASK}
    for name in _LISTS:
        text = values.get(name, "[]")
        values[name] = tuple(json.loads(str(text))) if text != "[]" else ()
    links = values.get("links", "[]")
    pairs = json.loads(str(links)) if links != "[]" else ()
    values["links"] = tuple((kind, other) for kind, other in pairs)
    extra = values.get("extra", "{}")
    values["extra"] = json.loads(str(extra)) if extra != "{}" else {}
    # A frozen dataclass sets its fields one by one, which takes longer than all of the above.
    task = object.__new__(Task)
    task.__dict__.update(_DEFAULTS, **values)
    return task


def to_rollup(row: Row) -> Rollup:
    """The rollup of a row of `tasks.rollup`."""
    counts = {
        name: int(str(row[name] or 0))
        for name in ("leaves", "open", "completed", "held", "failed", "blocked", "counted")
    }
    counted = counts.pop("counted")
    percent = float(str(row["percents"])) / counted if counted else 0.0
    return Rollup(**counts, percent=percent, estimate_s=int(str(row["estimate_s"] or 0)))


def to_plan(row: Row) -> tuple[Plan, dict[str, object]]:
    """The plan of a row of `plans`, and what a newer version added to it."""
    plan = Plan(
        id=str(row["id"]), title=str(row["title"]), source=str(row["source"]),
        created_at=str(row["created_at"]),
    )  # fmt: skip
    return plan, json.loads(str(row["extra"]))


def to_agent(row: Row) -> Agent:
    """The agent of a row of `agents`."""
    values = {name: value for name, value in row.items() if name in _AGENT}
    values["skills"] = tuple(json.loads(str(row["skills"])))
    return Agent(**values)  # type: ignore[arg-type]


def to_reservation(row: Row) -> Reservation:
    """The reservation of a row of `reservations`."""
    values = {name: value for name, value in row.items() if name in _RESERVATION}
    values["shared"] = bool(row["shared"])
    return Reservation(**values)  # type: ignore[arg-type]


def to_event(row: Row) -> Event:
    """The event of a row of `events`."""
    return Event(
        id=str(row["id"]),
        at=str(row["at"]),
        kind=str(row["kind"]),
        task_id=_text(row["task_id"]),
        agent=_text(row["agent"]),
        note=str(row["note"]),
        data=json.loads(str(row["data"])),
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)
