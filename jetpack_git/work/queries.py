"""Queries: which tasks a listing shows, in which order, and from where on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace

from jetpack_git import clock
from jetpack_git.data.database import Database
from jetpack_git.data.fts import words
from jetpack_git.data.rows import dump
from jetpack_git.data.rows import to_task
from jetpack_git.models.task import Task
from jetpack_git.work.find import resolve

SORTS = ("age", "priority", "updated", "title")


@dataclass(frozen=True)
class Query:
    """What is asked for; whatever is None or empty does not matter.

    `states` are stored statuses or what users see; a stored one finds ready and blocked
    tasks as well. A parent, whose status follows from its children, is found when it is over.
    `label` and `skill` are among the task's, `text` is a part of its title or description in
    any case, `stale_s` means that nothing has changed for so many seconds.
    """

    states: tuple[str, ...] = ()
    assignee: str | None = None
    plan_id: str | None = None
    label: str | None = None
    skill: str | None = None
    text: str | None = None
    stale_s: float | None = None
    sort: str = "age"
    newest_first: bool = False


@dataclass(frozen=True)
class Page:
    """Some tasks, how many fit in all, and whether there are more behind these."""

    tasks: Sequence[Task]
    total: int
    has_more: bool


def run(db: Database, query: Query, *, limit: int = 0, after: str | None = None) -> Page:
    """The first `limit` tasks (0: all) that fit, behind the task `after`.

    A page goes on where the one before it ended, whatever was added or finished meanwhile.
    Raises NotFound when there is no task `after`.
    """
    stale = clock.after(-query.stale_s) if query.stale_s is not None else None
    rows = db.all(
        "queries.descending" if query.newest_first else "queries.ascending",
        states=dump(query.states) if query.states else None, assignee=query.assignee,
        plan_id=query.plan_id, label=query.label, skill=query.skill,
        text=query.text and _like(query.text), stale=stale, sort=query.sort,
        after=resolve(db, after) if after else None, limit=limit + 1 if limit else -1,
    )  # fmt: skip
    if not rows and after:
        return replace(run(db, query, limit=1), tasks=[], has_more=False)
    total = int(str(rows[0]["total"])) if rows else 0
    tasks = [to_task(row) for row in rows]
    return Page(tasks[:limit] if limit else tasks, total, bool(limit) and len(tasks) > limit)


def search(db: Database, text: str, *, limit: int = 0) -> tuple[list[tuple[Task, str]], int]:
    """The tasks that hold all words of the text, the best first, each with the words around.

    The last word may be a beginning. Words in titles and ids count most.
    """
    wanted = words(text)
    if not wanted:
        return [], 0
    rows = db.all("queries.search", words=wanted, limit=limit or -1)
    found = [(to_task(row), str(row["around"])) for row in rows]
    return found, db.count("queries.search_total", words=wanted)


def _like(text: str) -> str:
    """A pattern of LIKE that finds the text anywhere."""
    for one in "\\%_":
        text = text.replace(one, "\\" + one)
    return f"%{text}%"
