"""Plans: what a plan's file says, brought into the task list."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace

from jetpack_git import clock
from jetpack_git.data import settle
from jetpack_git.data.database import Database
from jetpack_git.data.rows import dump
from jetpack_git.data.rows import task_columns
from jetpack_git.data.rows import to_plan
from jetpack_git.data.rows import to_task
from jetpack_git.errors import BadInput
from jetpack_git.models.patterns import normalise
from jetpack_git.models.plan import Plan
from jetpack_git.models.plan import PlanDocument
from jetpack_git.models.plan import PlanItem
from jetpack_git.models.task import CLOSED
from jetpack_git.models.task import DEFAULT_PRIORITY
from jetpack_git.models.task import HELD
from jetpack_git.models.task import Status
from jetpack_git.models.task import Task
from jetpack_git.work.plan_attributes import cycles
from jetpack_git.work.tasks import Tasks

LONGEST_SLUG = 60
COMPARED = (
    "title", "description", "priority", "skills", "files", "estimate_s", "parent_id", "position",
    "status",
)  # fmt: skip


@dataclass
class Changes:
    """What loading a plan does, or would do. `missing` are tasks that the plan has no more."""

    plan_id: str
    added: list[Task] = field(default_factory=list)
    updated: list[Task] = field(default_factory=list)
    unchanged: int = 0
    missing: list[Task] = field(default_factory=list)


class _DryRun(Exception):
    """Ends the transaction of a dry run."""


def load(
    tasks: Tasks, document: PlanDocument, *, source: str, agent: str, dry_run: bool = False
) -> Changes:
    """The task list says what the plan says: new items are added, known ones updated.

    Items are known by plan and key. Finished tasks are left as they are, and so are tasks
    that the plan no longer has. With `dry_run` nothing is kept. Raises BadInput.
    """
    plan_id = plan_id_of(document.title)
    checked = PlanDocument(document.title, tuple(_checked(one, source) for one in document.items))
    changes = Changes(plan_id)
    try:
        with tasks.db.transaction():
            _save_plan(tasks, plan_id, document.title, source)
            _Loading(tasks, plan_id, changes, agent, source).run(checked)
            if dry_run:
                raise _DryRun
    except _DryRun:
        pass
    return changes


def known(db: Database, title: str) -> Plan | None:
    """The plan that a load under this title would update."""
    row = db.one("plans.get", id=plan_id_of(title))
    return to_plan(row)[0] if row is not None else None


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


class _Loading:
    """One load of one plan, inside a transaction."""

    def __init__(
        self, tasks: Tasks, plan_id: str, changes: Changes, agent: str, source: str
    ) -> None:
        self.tasks = tasks
        self.db: Database = tasks.db
        self.changes = changes
        self.plan_id = plan_id
        self.agent = agent
        self.source = source
        rows = self.db.all("tasks.of_plan", plan_id=plan_id)
        self.known = {str(row["plan_key"]): to_task(row) for row in rows if row["plan_key"]}
        self.ids = {key: task.id for key, task in self.known.items()}
        self.touched: dict[str, None] = {}
        self.parents: dict[str, None] = {}

    def run(self, document: PlanDocument) -> None:
        """All items are in the task list."""
        with_children = {one.parent for one in document.items if one.parent}
        now = clock.now()
        for item in document.items:
            parent_id = self.ids[item.parent] if item.parent else None
            if item.key in self.known:
                self._update(item, parent_id, now, leaf=item.key not in with_children)
            else:
                self._add(item, parent_id, now, leaf=item.key not in with_children)
        mine = frozenset(self.ids.values())
        for item in document.items:
            self._depend(item, mine)
        keys = {one.key for one in document.items}
        self.changes.missing = [
            task
            for key, task in self.known.items()
            if key not in keys and task.status not in CLOSED
        ]
        self._finish()

    def _add(self, item: PlanItem, parent_id: str | None, now: str, *, leaf: bool) -> None:
        done = item.done and leaf
        task = Task(
            id=self._new_id(item, parent_id), title=item.title, description=item.description,
            status=Status.COMPLETED if done else Status.PENDING,
            priority=DEFAULT_PRIORITY if item.priority is None else item.priority,
            parent_id=parent_id, position=item.position, plan_id=self.plan_id,
            plan_key=item.key, skills=item.skills, files=item.files,
            estimate_s=item.estimate_s, created_at=now, updated_at=now,
            completed_at=now if done else None,
        )  # fmt: skip
        self.db.run("tasks.insert", **task_columns(task))
        self.tasks.journal.event("task.created", task.id, agent=self.agent, note=task.title)
        if done:
            self.tasks.journal.event(
                "task.completed", task.id, agent=self.agent, note="done in the plan"
            )
        self.ids[item.key] = task.id
        self.changes.added.append(task)
        self._note(task.id, parent_id)

    def _new_id(self, item: PlanItem, parent_id: str | None) -> str:
        try:
            return self.tasks.new_id(parent_id)
        except BadInput as error:
            raise BadInput(
                f"{self.source}:{item.line}: {error.message}", hint=error.hint
            ) from error

    def _update(self, item: PlanItem, parent_id: str | None, now: str, *, leaf: bool) -> None:
        before = self.known[item.key]
        if before.status in CLOSED and not before.children:
            self.changes.unchanged += 1
            return
        if before.status in HELD and not leaf:
            raise BadInput(
                f"{self.source}:{item.line}: {item.title!r} gets parts, but {before.id} is "
                f"{before.status}, held by {before.assignee}.",
                hint="Finish or release it first, or put the new items beside it.",
            )
        done = item.done and leaf and before.status not in HELD
        after = replace(
            before,
            title=item.title,
            description=item.description,
            priority=before.priority if item.priority is None else item.priority,
            skills=item.skills,
            files=item.files,
            estimate_s=item.estimate_s,
            parent_id=parent_id,
            position=item.position,
            status=Status.COMPLETED if done else before.status,
            completed_at=now if done else before.completed_at,
        )
        changed = [one for one in COMPARED if getattr(before, one) != getattr(after, one)]
        if not changed:
            self.changes.unchanged += 1
            return
        self.db.run("tasks.update", **task_columns(replace(after, updated_at=now)))
        kind = "task.completed" if "status" in changed else "task.edited"
        self.tasks.journal.event(
            kind, before.id, agent=self.agent, note="loaded from the plan", fields=changed
        )
        self.changes.updated.append(after)
        self._note(before.id, parent_id)
        if before.parent_id:
            self.parents[before.parent_id] = None

    def _depend(self, item: PlanItem, mine: frozenset[str]) -> None:
        """The task's dependencies on the plan's tasks (`mine`) are those of its item."""
        task_id = self.ids[item.key]
        before = self.known.get(item.key)
        if before is not None and before.status in CLOSED and not before.children:
            return
        wanted = {self.ids[key] for key in item.depends}
        there = {one for one in (before.depends if before else ()) if one in mine}
        for other in sorted(wanted - there):
            self.db.run("dependencies.add", task_id=task_id, depends_on=other)
        for other in sorted(there - wanted):
            self.db.run("dependencies.remove", task_id=task_id, depends_on=other)
        if there - wanted:
            settle.uprooted(self.db, [task_id, *(there - wanted)])
        if wanted != there:
            if before is not None and before.id not in self.touched:
                self.changes.unchanged -= 1
                self.changes.updated.append(before)
            self._note(task_id, None)

    def _note(self, task_id: str, parent_id: str | None) -> None:
        self.touched[task_id] = None
        if parent_id:
            self.parents[parent_id] = None

    def _finish(self) -> None:
        """What follows from the changes holds, and the files are due to be written."""
        if not self.touched:
            return
        settle.after_structure(self.tasks.journal, self.touched, self.parents)
        settle.after_status(self.tasks.journal, self.touched)
        for task_id in self.touched | self.parents:
            self.tasks.journal.touched("task", task_id)
        if self.changes.missing or self.db.one("plans.crosses", plan_id=self.plan_id) is not None:
            self._check_cycles()
        self.changes.added = [self.tasks.get(one.id) for one in self.changes.added]
        self.changes.updated = [self.tasks.get(one.id) for one in self.changes.updated]

    def _check_cycles(self) -> None:
        """No cycle runs through what was loaded and what the plan does not name.

        A finished task waits for nothing, whatever it depends on.
        """
        rows = self.db.all("graph.nodes")
        place = {str(row["id"]): number for number, row in enumerate(rows)}
        parents = [place.get(str(row["parent_id"]), -1) for row in rows]
        depends: dict[int, list[int]] = {}
        for edge in self.db.all("dependencies.all"):
            task, other = place.get(str(edge["task_id"])), place.get(str(edge["depends_on"]))
            if task is not None and other is not None and rows[task]["status"] not in CLOSED:
                depends.setdefault(task, []).append(other)
        for numbers in cycles(parents, depends):
            path = [str(rows[number]["id"]) for number in numbers]
            if not self.touched.keys().isdisjoint(path):
                raise BadInput(
                    f"{self.source}: with what other tasks depend on, this plan would be a "
                    f"cycle: {' -> '.join(path)}",
                    hint="An arrow reads 'waits for'. Take one of these dependencies out.",
                )


def _save_plan(tasks: Tasks, plan_id: str, title: str, source: str) -> None:
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


def _checked(item: PlanItem, source: str) -> PlanItem:
    """The item with its file patterns normalised. Raises BadInput with its line."""
    try:
        return replace(item, files=tuple(dict.fromkeys(normalise(one) for one in item.files)))
    except BadInput as error:
        raise BadInput(f"{source}:{item.line}: {error.message}", hint=error.hint) from error
