"""Loading a plan: what its file says, brought into the task list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from typing import NamedTuple

from jetpack_git import clock
from jetpack_git.data import settle
from jetpack_git.data.database import Database
from jetpack_git.data.rows import task_columns
from jetpack_git.errors import BadInput
from jetpack_git.models.patterns import normalise
from jetpack_git.models.plan_document import PlanDocument
from jetpack_git.models.plan_document import PlanItem
from jetpack_git.models.task import CLOSED
from jetpack_git.models.task import DEFAULT_PRIORITY
from jetpack_git.models.task import HELD
from jetpack_git.models.task import Status
from jetpack_git.models.task import Task
from jetpack_git.models.transitions import TRANSITIONS
from jetpack_git.work import plans
from jetpack_git.work.cycles import all_cycles
from jetpack_git.work.plan_match import match
from jetpack_git.work.plan_match import places
from jetpack_git.work.tasks import Tasks

RETIRED = "no longer in the plan"
COMPARED = (
    "title", "description", "priority", "skills", "files", "estimate_s", "parent_id", "position",
    "status", "plan_id", "plan_key",
)  # fmt: skip

Progress = Callable[[int, int], None]


class Update(NamedTuple):
    """A task that an edited plan changes: as it was and will be, and which fields differ."""

    before: Task
    after: Task
    fields: tuple[str, ...]


@dataclass
class Changes:
    """What loading a plan does, or would do.

    `retired` are tasks that the plan has no more and that are cancelled, `held` those that
    would be, and are left because somebody works on them. `dropped` are finished tasks that
    leave the plan.
    """

    plan_id: str
    added: list[Task] = field(default_factory=list)
    updated: list[Update] = field(default_factory=list)
    retired: list[Task] = field(default_factory=list)
    held: list[Task] = field(default_factory=list)
    dropped: list[Task] = field(default_factory=list)
    unchanged: int = 0


class _DryRun(Exception):
    """Ends the transaction of a dry run."""


def load(
    tasks: Tasks, document: PlanDocument, *, source: str, agent: str, dry_run: bool = False,
    drop_finished: bool = False, whole: bool = True, progress: Progress | None = None,
) -> Changes:  # fmt: skip
    """The task list says what the plan says: items are added, updated, moved and retired.

    Finished tasks are left as they are. With `dry_run` nothing is kept. If `whole`, the
    added tasks are told with what follows from the others, such as how many block them.
    `progress` is told how many items of how many are done. Raises BadInput, also where a
    finished task is no item any more, unless `drop_finished` lets it leave the plan.
    """
    plan_id = document.id or plans.plan_id_of(document.title)
    checked = replace(document, items=tuple(_checked(one, source) for one in document.items))
    changes = Changes(plan_id)
    try:
        with tasks.db.transaction():
            plans.save(tasks, plan_id, document.title, source)
            loading = _Loading(tasks, changes, agent, source, drop_finished=drop_finished)
            loading.run(checked, progress or (lambda done, total: None), whole=whole)
            if dry_run:
                raise _DryRun
    except _DryRun:
        pass
    return changes


class _Loading:
    """One load of one plan, inside a transaction."""

    def __init__(
        self, tasks: Tasks, changes: Changes, agent: str, source: str, *, drop_finished: bool
    ) -> None:
        self.tasks = tasks
        self.db: Database = tasks.db
        self.changes = changes
        self.plan_id = changes.plan_id
        self.agent = agent
        self.source = source
        self.drop_finished = drop_finished
        self.all = plans.tasks_of(self.db, self.plan_id)
        self.known: dict[str, Task] = {}
        self.ids: dict[str, str] = {}
        self.places: dict[str, int] = {}
        self.updates: dict[str, int] = {}  # where in changes.updated, by id
        self.freed: set[str] = set()  # whose key another task gets
        self.new: dict[str, dict[str, object]] = {}  # rows, by id
        self.touched: dict[str, None] = {}
        self.moved: dict[str, None] = {}  # whose status changed, and whose parent
        self.parents: dict[str, None] = {}

    def run(self, document: PlanDocument, progress: Progress, *, whole: bool) -> None:
        """All items are in the task list, and what is no item is retired."""
        self.known = match(document.items, self.all)
        self.ids = {key: task.id for key, task in self.known.items()}
        self._free_keys(document)
        with_children = {one.parent for one in document.items if one.parent}
        self.places = places(document.items, self.known)
        now = clock.now()
        for number, item in enumerate(document.items):
            parent_id = self.ids[item.parent] if item.parent else None
            leaf = item.key not in with_children
            if item.key in self.known:
                self._update(item, parent_id, now, leaf=leaf)
            else:
                self._add(item, parent_id, now, leaf=leaf)
            progress(number + 1, len(document.items))
        self._insert()
        mine = frozenset(self.ids.values())
        self.db.many(
            "dependencies.add", [row for one in document.items for row in self._depend(one, mine)]
        )
        stay = {task.id for task in self.known.values()}
        missing = [task for task in self.all if task.plan_key and task.id not in stay]
        leaves = {self.ids[one.key] for one in document.items if one.key not in with_children}
        self._detach(missing, leaves)
        self._settle(crossing=bool(missing) or any(one.outside for one in document.items))
        self._retire(missing)
        if self.changes.added and whole:
            there = {task.id: task for task in plans.tasks_of(self.db, self.plan_id)}
            self.changes.added = [there[one.id] for one in self.changes.added]

    def _detach(self, missing: list[Task], leaves: set[str]) -> None:
        """What is no item any more is not below an item without parts: that can be claimed."""
        below = {task.id: task for task in missing}
        stay: set[str] = set()
        for task in missing:
            finished = task.status == Status.COMPLETED and not task.children
            at: Task | None = task if task.status in HELD or finished else None
            while at is not None:
                stay.add(at.id)
                at = below.get(at.parent_id or "")
        for task in missing:
            if task.parent_id in leaves and task.id not in stay:
                self.db.run("tasks.detach", id=task.id)
                settle.uprooted(self.db, [task.id, task.parent_id])
                settle.after_structure(self.tasks.journal, [task.id], [task.parent_id])
                self.db.run("tasks.open_leaf", id=task.parent_id, now=clock.now())
                settle.after_status(self.tasks.journal, [task.parent_id])
                self.tasks.journal.touched("task", task.id)
                self.tasks.journal.touched("task", task.parent_id)

    def _free_keys(self, document: PlanDocument) -> None:
        """No task bears a key that another one is to get."""
        new = {item.key: self.known.get(item.key) for item in document.items}
        for task in self.all:
            wanted_by = new.get(task.plan_key or "", task)
            if wanted_by is None or wanted_by.id != task.id:
                self.db.run("plans.forget_key", id=task.id)
                self.tasks.journal.touched("task", task.id)
                self.freed.add(task.id)

    def _retire(self, missing: list[Task]) -> None:
        """What the plan has no more is cancelled, the deepest first, unless it is finished."""
        below = sorted(missing, key=lambda one: one.id.count("."), reverse=True)
        finished = []
        for one in below:
            task = self.tasks.get(one.id)
            if task.status == Status.COMPLETED and not task.children:
                finished.append(task)
            elif task.status in HELD:
                self.changes.held.append(task)
            elif task.status not in CLOSED and not task.children:
                self.tasks.cancel(task.id, agent=self.agent, reason=RETIRED)
                self.changes.retired.append(task)
        if finished and not self.drop_finished:
            shown = ", ".join(f"{one.id} {one.title!r:.60}" for one in finished[:5])
            more = f" and {len(finished) - 5} more" if len(finished) > 5 else ""
            raise BadInput(
                f"{self.source}: the plan no longer has what is finished: {shown}{more}",
                hint="Put it back, such as - [x] and its title. To let finished tasks leave the "
                "plan, load it with --drop-finished.",
            )
        for task in finished:
            self.db.run("plans.leave", id=task.id)
            self.tasks.journal.touched("task", task.id)
            self.changes.dropped.append(task)

    def _add(self, item: PlanItem, parent_id: str | None, now: str, *, leaf: bool) -> None:
        done = item.done and leaf
        task = Task(
            id=self._new_id(item, parent_id), title=item.title, description=item.description,
            status=Status.COMPLETED if done else Status.PENDING,
            priority=DEFAULT_PRIORITY if item.priority is None else item.priority,
            parent_id=parent_id, position=self.places[item.key], plan_id=self.plan_id,
            plan_key=item.key, skills=item.skills, files=item.files,
            estimate_s=item.estimate_s, created_at=now, updated_at=now,
            completed_at=now if done else None,
        )  # fmt: skip
        self.new[task.id] = task_columns(task)
        if done:
            self.moved[task.id] = None
        self.ids[item.key] = task.id
        self.changes.added.append(task)
        self._note(task.id, parent_id)

    def _insert(self) -> None:
        """What is new is in the task list, and so are the events of it."""
        self.db.many("tasks.insert", list(self.new.values()))
        titles = {one.id: one.title for one in self.changes.added}
        done = [one.id for one in self.changes.added if one.status == Status.COMPLETED]
        journal = self.tasks.journal
        journal.events("task.created", titles, agent=self.agent)
        journal.events("task.completed", dict.fromkeys(done, "done in the plan"), agent=self.agent)

    def _new_id(self, item: PlanItem, parent_id: str | None) -> str:
        try:
            said = f"{self.plan_id}\0{item.key}"
            return self.tasks.new_id(parent_id, taken=self.new, said=said)
        except BadInput as error:
            raise BadInput(
                f"{self.source}:{item.line}: {error.message}", hint=error.hint
            ) from error

    def _update(self, item: PlanItem, parent_id: str | None, now: str, *, leaf: bool) -> None:
        before = self.known[item.key]
        self._check_parts(item, before, leaf=leaf)
        revived = self._was_retired(before)
        if before.status in CLOSED and not before.children and not revived:
            self.changes.unchanged += 1
            return
        done = item.done and leaf and before.status not in HELD
        open_ = Status.PENDING if revived else before.status
        after = replace(
            before,
            title=item.title,
            description=_same_text(before.description, item.description),
            priority=before.priority if item.priority is None else item.priority,
            skills=item.skills,
            files=item.files,
            estimate_s=item.estimate_s,
            parent_id=parent_id,
            position=self.places[item.key],
            plan_id=self.plan_id,
            plan_key=before.plan_key if item.key == before.id else item.key,
            status=Status.COMPLETED if done else open_,
            completed_at=now if done else None if revived else before.completed_at,
        )
        changed = tuple(one for one in COMPARED if getattr(before, one) != getattr(after, one))
        if changed == ("plan_key",) and "/" in item.key and before.id not in self.freed:
            changed = ()  # a key that only follows from titles is as good as another
        if not changed:
            self.changes.unchanged += 1
            return
        self.db.run("tasks.update", **task_columns(replace(after, updated_at=now)))
        if revived and not done:
            kind = TRANSITIONS["revive"].event
        else:
            kind = "task.completed" if "status" in changed else "task.edited"
        self.tasks.journal.event(
            kind, before.id, agent=self.agent, note="loaded from the plan", fields=changed
        )
        self.updates[before.id] = len(self.changes.updated)
        self.changes.updated.append(Update(before, after, changed))
        self._note(before.id, parent_id)
        if before.parent_id:
            self.parents[before.parent_id] = None
        if "status" in changed or "parent_id" in changed:
            self.moved[before.id] = None
        if "parent_id" in changed:
            settle.uprooted(self.db, [before.id])

    def _was_retired(self, task: Task) -> bool:
        """The task was cancelled because the plan did not have it, and not by anybody."""
        if task.status != Status.CANCELLED or task.children:
            return False
        last = self.db.all("events.of_task", task_id=task.id)[-1:]
        return bool(last) and last[0]["note"] == RETIRED

    def _check_parts(self, item: PlanItem, task: Task, *, leaf: bool) -> None:
        """What is worked on, or finished, in one piece gets no parts. Raises BadInput."""
        if leaf or task.children or task.status not in (*HELD, Status.COMPLETED):
            return
        held = f", held by {task.assignee}" if task.status in HELD else ""
        raise BadInput(
            f"{self.source}:{item.line}: {item.title!r} gets parts, but {task.id} is "
            f"{task.status}{held}.",
            hint="Put the new items beside it."
            if not held
            else "Finish or release it first, or put the new items beside it.",
        )

    def _depend(self, item: PlanItem, mine: frozenset[str]) -> list[dict[str, object]]:
        """What the task has to depend on, of the plan's tasks (`mine`), to be as its item says.

        The other ones that it depends on are taken away.
        """
        task_id = self.ids[item.key]
        before = self.known.get(item.key)
        if before is not None and before.status in CLOSED and not before.children:
            return []
        wanted = {*(self.ids[key] for key in item.depends), *item.outside}
        known = before.depends if before else ()
        there = {one for one in known if one in mine or one in wanted}
        for other in sorted(there - wanted):
            self.db.run("dependencies.remove", task_id=task_id, depends_on=other)
        if there - wanted:
            settle.uprooted(self.db, [task_id, *(there - wanted)])
        if wanted != there:
            if before is not None:
                self._note_depends(before, tuple(sorted({*known} - there | wanted)))
            self._note(task_id, None)
        return [{"task_id": task_id, "depends_on": other} for other in sorted(wanted - there)]

    def _note_depends(self, before: Task, depends: tuple[str, ...]) -> None:
        number = self.updates.get(before.id)
        if number is None:
            self.changes.unchanged -= 1
            after = replace(before, depends=depends)
            self.changes.updated.append(Update(before, after, ("depends",)))
        else:
            _, after, fields = self.changes.updated[number]
            after = replace(after, depends=depends)
            self.changes.updated[number] = Update(before, after, (*fields, "depends"))

    def _note(self, task_id: str, parent_id: str | None) -> None:
        self.touched[task_id] = None
        if parent_id:
            self.parents[parent_id] = None

    def _settle(self, *, crossing: bool) -> None:
        """What follows from the changes holds, and the files are due to be written."""
        if not self.touched:
            return
        settle.after_structure(self.tasks.journal, self.touched, self.parents)
        settle.after_status(self.tasks.journal, self.moved)
        self.tasks.journal.touched("task", *self.touched | self.parents)
        if crossing or self.db.one("plans.crosses", plan_id=self.plan_id) is not None:
            self._check_cycles()

    def _check_cycles(self) -> None:
        """No cycle runs through what was loaded and what the plan does not name."""
        for path in all_cycles(self.db):
            if not self.touched.keys().isdisjoint(path):
                raise BadInput(
                    f"{self.source}: with what other tasks depend on, this plan would be a "
                    f"cycle: {' -> '.join(path)}",
                    hint="An arrow reads 'waits for'. Take one of these dependencies out.",
                )


def _same_text(before: str, text: str) -> str:
    """The text; as it was, if that differs in empty lines and line ends alone."""
    lines = before.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    plain = "\n".join(line if line.strip() else "" for line in lines).strip("\n")
    return before if plain == text else text


def _checked(item: PlanItem, source: str) -> PlanItem:
    """The item with its file patterns normalised. Raises BadInput with its line."""
    try:
        files = tuple(dict.fromkeys(normalise(one) for one in item.files))
    except BadInput as error:
        raise BadInput(f"{source}:{item.line}: {error.message}", hint=error.hint) from error
    return item if files == item.files else replace(item, files=files)
