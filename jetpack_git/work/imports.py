"""Imports: the tasks of another tool become ours, and a second import updates them.

Their ids there stay as aliases, by which they are known again. What the other tool says
counts where it has changed since the last import; finished work stays finished.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from itertools import pairwise

from jetpack_git import clock
from jetpack_git.data import settle
from jetpack_git.data.rows import dump
from jetpack_git.data.rows import task_columns
from jetpack_git.data.rows import to_task
from jetpack_git.errors import BadInput
from jetpack_git.models.foreign import Foreign
from jetpack_git.models.foreign import Trouble
from jetpack_git.models.task import BLOCKS
from jetpack_git.models.task import CLOSED
from jetpack_git.models.task import DEFAULT_PRIORITY
from jetpack_git.models.task import HELD
from jetpack_git.models.task import OPEN
from jetpack_git.models.task import Status
from jetpack_git.models.task import Task
from jetpack_git.models.transitions import COMMENTED
from jetpack_git.models.transitions import TRANSITIONS
from jetpack_git.work import import_merge
from jetpack_git.work.cycles import all_cycles
from jetpack_git.work.find import exact
from jetpack_git.work.tasks import Tasks
from jetpack_git.work.tasks import check_can_have_children

COMPARED = (
    "title", "description", "priority", "labels", "estimate_s", "parent_id", "status", "aliases",
)  # fmt: skip

Progress = Callable[[int, int], None]
MAX_BYTES = 65_536  # of an id or a title
NUMBERED = ("tasks-json", "markdown-folder")  # their ids are unique in one file or folder only
_CLOSING = {Status.COMPLETED: "done", Status.CANCELLED: "cancel"}


@dataclass
class Imported:
    """What an import did, or would do. `skipped` counts deleted ones that were never here."""

    added: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    unchanged: int = 0
    skipped: int = 0
    troubles: list[Trouble] = field(default_factory=list)


class _DryRun(Exception):
    """Ends the transaction of a dry run."""


def bring_in(
    tasks: Tasks, found: Sequence[Foreign], *, tool: str, agent: str, dry_run: bool = False,
    progress: Progress | None = None,
) -> Imported:  # fmt: skip
    """The tasks of the other tool are ours; those that were imported before are updated.

    What cannot be brought in is told as trouble, and the rest is. With `dry_run` nothing is
    kept. `progress` is told how many of how many are done.
    """
    work = _Import(tasks, tool, agent)
    try:
        with tasks.db.transaction():
            work.run(found, progress or (lambda done, total: None))
            if dry_run:
                raise _DryRun
    except _DryRun:
        pass
    return work.done


class _Import:
    """One import, inside a transaction."""

    def __init__(self, tasks: Tasks, tool: str, agent: str) -> None:
        self.done = Imported()
        self._tasks = tasks
        self._db = tasks.db
        self._tool = tool
        self._agent = agent
        self._now = clock.now()
        self._known: dict[str, tuple[str, str]] = {}  # id and version, by alias
        self._bases: dict[str, import_merge.Base] = {}  # what was read last, by alias
        self._rows: dict[str, Task] = {}  # as they were, by id
        self._ids: dict[str, str] = {}  # by id there, of all that stay
        self._imported: set[str] = set()
        self._new: dict[str, Task] = {}
        self._open_parents: set[str] = set()
        self._touched: dict[str, None] = {}
        self._moved: dict[str, None] = {}
        self._parents: dict[str, None] = {}
        self._versions: list[dict[str, object]] = []

    def run(self, found: Sequence[Foreign], progress: Progress) -> None:
        """All of them are in the task list."""
        names = dump([one.id for one in found])
        for row in self._db.all("aliases.these", aliases=names):
            self._known[str(row["alias"])] = (str(row["task_id"]), str(row["version"]))
            self._bases[str(row["alias"])] = json.loads(str(row["base"]) or "{}")
        ids = dump([task_id for task_id, _ in self._known.values()])
        self._rows = {str(row["id"]): to_task(row) for row in self._db.all("tasks.these", ids=ids)}
        changed: list[Foreign] = []
        ordered = self._parents_first(found)
        self._open_parents = {one.parent for one in ordered if one.parent and not one.deleted}
        for number, one in enumerate(ordered):
            if self._take(one):
                changed.append(one)
            progress(number + 1, len(ordered))
        self._db.many("tasks.insert", [task_columns(one) for one in self._new.values()])
        self._db.many("aliases.import", self._versions)
        deleted = {one.id for one in found if one.deleted}
        self._imported = set(self._ids.values())
        edges = [edge for one in changed for edge in self._link(one, deleted)]
        self._db.many(
            "dependencies.add",
            [{"task_id": task_id, "depends_on": other} for (task_id, other), _ in edges],
        )
        self._drop_cycles(dict(edges))
        self._settle()

    def _parents_first(self, found: Sequence[Foreign]) -> list[Foreign]:
        """The same, each behind its parent; a parent that is not there is left out."""
        there = {one.id: one for one in found}
        ordered: dict[str, Foreign] = {}
        for one in found:
            way: dict[str, Foreign] = {}
            at: Foreign | None = one
            while at is not None and at.id not in ordered and at.id not in way:
                way[at.id] = at
                at = there.get(at.parent) if at.parent else None
            for step in reversed(way.values()):
                parent = there.get(step.parent or "")
                trouble = ""
                if step.parent and parent is None and exact(self._db, step.parent) is None:
                    trouble = f"its parent {step.parent!r:.60} is not there"
                elif parent is not None and parent.id not in ordered:
                    trouble = f"its parent {step.parent!r:.60} is below it"
                if trouble:
                    self._trouble(step, f"{trouble}; it stands at the top")
                gone = parent is not None and parent.deleted
                ordered[step.id] = replace(step, parent=None) if trouble or gone else step
        return list(ordered.values())

    def _take(self, one: Foreign) -> bool:
        """Whether it is new or has changed since the last import; it is in the task list."""
        version = f"{self._tool}:{_digest(repr(replace(one, where='')))}"
        if max(len(one.id.encode()), len(one.title.encode())) > MAX_BYTES:
            message = f"its id or its title has more than {MAX_BYTES:,} bytes; left out"
            self._trouble(one, message, broken=True)
            return False
        task_id, before = self._known.get(one.id, ("", ""))
        if before and before.partition(":")[0] != self._tool:
            message = f"{one.id!r:.60} is {task_id}, which was imported from elsewhere; left out"
            self._trouble(one, message, broken=True)
            return False
        if self._tool in NUMBERED and import_merge.is_another(one, self._bases.get(one.id, {})):
            message = f"{one.id!r:.60} is {task_id}, imported from another file; left out"
            self._trouble(one, message, broken=True)
            return False
        if not task_id and one.deleted:
            self.done.skipped += 1
            return False
        if before == version:
            self._ids[one.id] = task_id
            self.done.unchanged += 1
            return False
        self._ids[one.id] = task_id or self._add(one)
        if task_id and not self._update(one, self._rows[task_id]):
            self.done.unchanged += 1
        self._versions.append(
            {
                "alias": one.id, "task_id": self._ids[one.id], "version": version,
                "base": import_merge.record(one),
            }
        )  # fmt: skip
        self._comment(one)
        return True

    def _add(self, one: Foreign) -> str:
        parent_id = self._parent(one)
        said = "\0".join((self._tool, one.id, one.title if self._tool in NUMBERED else ""))
        try:
            task_id = self._tasks.new_id(parent_id, taken=self._new, said=said)
        except BadInput as error:
            self._trouble(one, f"{error.message} It stands at the top.")
            parent_id = None
            task_id = self._tasks.new_id(None, taken=self._new, said=said)
        status = Status.PENDING if one.id in self._open_parents else one.status
        held = status in HELD and one.assignee is not None
        status = status if held or status in CLOSED else Status.PENDING
        created = one.created_at or self._now
        finished = (one.completed_at or self._now) if status == Status.COMPLETED else None
        place = 0 if one.created_at else len(self._new)  # else another clone's would differ
        self._new[task_id] = Task(
            id=task_id, title=one.title, description=one.description, status=status,
            priority=DEFAULT_PRIORITY if one.priority is None else one.priority,
            parent_id=parent_id, position=place, estimate_s=one.estimate_s,
            assignee=one.assignee if held else None, summary=one.summary,
            labels=tuple(sorted(one.labels)), aliases=(one.id,),
            created_at=created, updated_at=self._now,
            claimed_at=self._now if held else None, completed_at=finished,
        )  # fmt: skip
        self._event(one, "task.created", task_id, created, one.title)
        if status in _CLOSING:
            self._event(one, _event_of(status), task_id, finished or self._now, one.summary or "")
            self._moved[task_id] = None
        self._touch(task_id, parent_id)
        self.done.added.append(task_id)
        return task_id

    def _update(self, one: Foreign, before: Task) -> bool:
        """Whether the task changed."""
        base = self._bases.get(one.id, {})
        moved = not base or one.parent != base["parent"]
        parent_id = (self._parent(one) if moved else None) or before.parent_id
        status, finished = self._status(one, before)
        taken = status in HELD and before.status not in HELD
        after = replace(
            before,
            **import_merge.values(one, before, base),  # type: ignore[arg-type]
            parent_id=parent_id,
            status=status,
            assignee=one.assignee if taken else before.assignee,
            claimed_at=self._now if taken else before.claimed_at,
            completed_at=finished,
            summary=(one.summary or before.summary) if status != before.status else before.summary,
            aliases=tuple(dict.fromkeys((*before.aliases, one.id))),
        )
        fields = [name for name in COMPARED if getattr(after, name) != getattr(before, name)]
        if not fields:
            return False
        self._db.run("tasks.update", **task_columns(replace(after, updated_at=self._now)))
        kind = _event_of(status) if "status" in fields else "task.edited"
        self._tasks.journal.event(
            kind, before.id, agent=self._agent, note=f"imported from {self._tool}", fields=fields
        )
        if "status" in fields or "parent_id" in fields:
            self._moved[before.id] = None
        if "parent_id" in fields:
            settle.uprooted(self._db, [before.id])
            self._touch(before.id, before.parent_id)
        self._touch(before.id, parent_id)
        self.done.updated.append(before.id)
        return True

    def _status(self, one: Foreign, before: Task) -> tuple[str, str | None]:
        """The later of both statuses, and when it was completed."""
        there = Status.CANCELLED if one.deleted else one.status
        if before.children or before.status in CLOSED:
            return before.status, before.completed_at
        if there not in _CLOSING:
            begun = (
                there in HELD
                and one.assignee
                and self._bases.get(one.id, {}).get("status") != there
            )
            return (there if begun and before.status in OPEN else before.status), None
        if before.status in HELD and not self._is_theirs(one, before):
            message = f"it is {there} there, but {before.assignee} holds {before.id}; left to them"
            self._trouble(one, message)
            return before.status, before.completed_at
        return there, (one.completed_at or self._now) if there == Status.COMPLETED else None

    def _is_theirs(self, one: Foreign, before: Task) -> bool:
        """Whether who holds the task works on it there: so it says, or nobody here knows them."""
        base = self._bases.get(one.id, {})
        said = {one.assignee, base.get("assignee") if base.get("status") in HELD else None}
        known = self._db.one("agents.get", name=str(before.assignee)) is not None
        return before.assignee in said or not known

    def _parent(self, one: Foreign) -> str | None:
        """The id of its parent here, if that can have children."""
        if not one.parent:
            return None
        parent_id = self._ids.get(one.parent) or exact(self._db, one.parent)
        if parent_id is None or parent_id in self._new:
            return parent_id
        try:
            check_can_have_children(self._tasks.get(parent_id))
        except BadInput as error:
            self._trouble(one, f"{error.message} It stands at the top.")
            return None
        way = [parent_id, *settle.ancestors(self._db, parent_id)]
        if self._known.get(one.id, ("",))[0] in way:
            self._trouble(one, f"{parent_id} is below it here; it stays where it is")
            return None
        return parent_id

    def _link(self, one: Foreign, deleted: set[str]) -> list[tuple[tuple[str, str], Foreign]]:
        """Its links are there, but for the new dependencies; those, and whose they are."""
        task_id = self._ids[one.id]
        before = self._rows.get(task_id)
        wanted: dict[str, None] = {}
        for kind, name in one.links:
            other = self._ids.get(name) or exact(self._db, name)
            if other is None or other == task_id:
                if name not in deleted:
                    what = "itself" if other else f"{name!r:.60}, which is not there"
                    self._trouble(one, f"it depends on {what}; left out")
            elif kind == BLOCKS:
                wanted[other] = None
            else:
                self._db.run("links.add", task_id=task_id, kind=kind, other=other)
        there = set(before.depends if before else ())
        for name in import_merge.no_longer(one, self._bases.get(one.id, {})):
            other = self._ids.get(name) or exact(self._db, name)
            if other in there and other not in wanted:
                self._db.run("dependencies.remove", task_id=task_id, depends_on=other)
                settle.uprooted(self._db, [task_id, other])
                self._touch(task_id, None)
        new = [other for other in wanted if other not in there]
        if new:
            self._touch(task_id, None)
        return [((task_id, other), one) for other in new]

    def _drop_cycles(self, edges: dict[tuple[str, str], Foreign]) -> None:
        """No new dependency closes a cycle: one of each is left out."""
        found = bool(edges)
        while found:
            found = False
            for path in list(all_cycles(self._db)):
                pair = next((one for one in pairwise(path) if one in edges), None)
                if pair is not None:
                    found = True
                    way = " -> ".join(path)
                    message = f"its dependency on {pair[1]} would be a cycle: {way}; left out"
                    self._trouble(edges.pop(pair), message)
                    self._db.run("dependencies.remove", task_id=pair[0], depends_on=pair[1])

    def _comment(self, one: Foreign) -> None:
        for said in one.comments:
            self._tasks.journal.event(
                COMMENTED, self._ids[one.id], agent=said.author or None, note=said.text,
                event_id=f"im{_digest(f'{one.id} {said}')}", at=said.at or self._now,
            )  # fmt: skip
            self._touch(self._ids[one.id], None)

    def _event(self, one: Foreign, kind: str, task_id: str, at: str, note: str) -> None:
        self._tasks.journal.event(
            kind, task_id, agent=self._agent, note=note, at=at,
            event_id=f"im{_digest(f'{one.id} {kind} {at}')}",
        )  # fmt: skip

    def _settle(self) -> None:
        """What follows from the changes holds, and the files are due to be written."""
        journal = self._tasks.journal
        settle.after_structure(journal, self._touched, self._parents)
        settle.after_status(journal, self._moved)
        journal.touched("task", *self._touched | self._parents)

    def _touch(self, task_id: str, parent_id: str | None) -> None:
        self._touched[task_id] = None
        if parent_id:
            self._parents[parent_id] = None

    def _trouble(self, one: Foreign, message: str, *, broken: bool = False) -> None:
        self.done.troubles.append(Trouble(one.where, message, broken))


def _event_of(status: str) -> str:
    return TRANSITIONS[_CLOSING.get(Status(status), "claim")].event


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
