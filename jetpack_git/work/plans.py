"""Plans: which there are, and which tasks are theirs. What brings them in is `plan_load`."""

from __future__ import annotations

import hashlib

from jetpack_git import clock
from jetpack_git.data.database import Database
from jetpack_git.data.rows import dump
from jetpack_git.data.rows import to_plan
from jetpack_git.data.rows import to_task
from jetpack_git.models.plan import Plan
from jetpack_git.models.task import Task
from jetpack_git.work.tasks import Tasks

LONGEST_SLUG = 60


def known(db: Database, plan_id: str) -> Plan | None:
    """The plan of that id."""
    row = db.one("plans.get", id=plan_id)
    return to_plan(row)[0] if row is not None else None


def loaded_from(db: Database, source: str) -> Plan | None:
    """The plan that was last loaded from that file."""
    row = db.one("plans.of_source", source=source)
    return to_plan(row)[0] if row is not None else None


def tasks_of(db: Database, plan_id: str) -> list[Task]:
    """The tasks of the plan, and those that were put below them since."""
    return [to_task(row) for row in db.all("tasks.of_plan", plan_id=plan_id)]


def plan_id_of(title: str) -> str:
    """The id of a plan of that title: its ASCII letters and digits, in lower case.

    Where that leaves letters out, a digest of the title tells it from others.
    """
    folded = "".join(one if one.isascii() and one.isalnum() else "-" for one in title.lower())
    slug = "-".join(part for part in folded.split("-") if part)
    if (
        slug
        and len(slug) <= LONGEST_SLUG
        and not any(one > "\x7f" and one.isalnum() for one in title)
    ):
        return slug
    digest = hashlib.sha256(title.encode("utf-8", "replace")).hexdigest()[:8]
    return f"{slug[:LONGEST_SLUG].strip('-') or 'plan'}-{digest}"


def save(tasks: Tasks, plan_id: str, title: str, source: str) -> None:
    """The plan is known, under the title and source of its last load."""
    row = tasks.db.one("plans.get", id=plan_id)
    before, extra = to_plan(row) if row is not None else (None, {})
    after = Plan(plan_id, title, source, before.created_at if before else clock.now())
    if after != before:
        tasks.db.run(
            "plans.save", id=plan_id, title=title, source=source, created_at=after.created_at,
            extra=dump(extra),
        )  # fmt: skip
        tasks.journal.touched("plan", plan_id)
