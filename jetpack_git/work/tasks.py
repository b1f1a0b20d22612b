"""Tasks: add, find and edit units of work; what moves them is in `moves`."""

from __future__ import annotations

from collections.abc import Container
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import replace

from jetpack_git import clock
from jetpack_git import ids
from jetpack_git.data import settle
from jetpack_git.data.rows import dump
from jetpack_git.data.rows import task_columns
from jetpack_git.data.rows import to_event
from jetpack_git.data.rows import to_rollup
from jetpack_git.data.rows import to_task
from jetpack_git.errors import BadInput
from jetpack_git.models.event import Event
from jetpack_git.models.task import CLOSED
from jetpack_git.models.task import HELD
from jetpack_git.models.task import Rollup
from jetpack_git.models.task import Status
from jetpack_git.models.task import Task
from jetpack_git.work import dependencies
from jetpack_git.work.find import resolve
from jetpack_git.work.moves import Moves

LONGEST_PARENT = 200  # characters of an id, which is the name of a file as well
EDITABLE = frozenset(
    {
        "title", "description", "priority", "skills", "files", "estimate_s", "labels",
        "max_attempts",
    }
)  # fmt: skip


class Tasks(Moves):
    """The task list of one clone, written to from one of its worktrees."""

    def add(self, task: Task, *, agent: str | None = None) -> Task:
        """The task is in the queue, under a new id, behind its siblings."""
        depends = [resolve(self.db, one) for one in task.depends]
        links = [(kind, resolve(self.db, one)) for kind, one in task.links]
        now = clock.now()
        with self.db.transaction():
            parent = self.get(task.parent_id) if task.parent_id else None
            if parent is not None:
                check_can_have_children(parent)
            parent_id = parent.id if parent else None
            task = replace(
                task,
                id=self.new_id(parent_id),
                parent_id=parent_id,
                position=self.db.count("tasks.next_position", parent_id=parent_id),
                created_at=now,
                updated_at=now,
            )
            self.db.run("tasks.insert", **task_columns(task))
            self.journal.event("task.created", task.id, agent=agent, note=task.title)
            self.journal.touched("task", task.id)
            if parent is not None and not parent.children:
                self.journal.touched("task", parent.id)
            settle.after_structure(self.journal, [task.id], [parent_id] if parent_id else [])
            for one in depends:
                dependencies.add(self.journal, task.id, one, agent=agent)
            for kind, one in links:
                dependencies.link(self.journal, task.id, kind, one, agent=agent)
        return self.get(task.id)

    def new_id(
        self, parent_id: str | None, *, taken: Container[str] = (), said: str | None = None
    ) -> str:
        """An id that no task of this clone bears, and that is not `taken`.

        It follows from what is `said` of the task, if anything: then another clone that brings
        in the same task brings in the same file. Raises BadInput below too many parents.
        """
        if parent_id is not None and len(parent_id) > LONGEST_PARENT:
            raise BadInput(
                f"{parent_id[:20]}… lies {parent_id.count('.')} levels deep; nothing can be put "
                "below it.",
                hint="Put the task further up.",
            )
        attempt = 0
        while True:
            candidate = ids.task_id(parent_id, attempt=attempt, said=said)
            if candidate not in taken and self.db.one("tasks.get", id=candidate) is None:
                return candidate
            attempt += 1

    def edit(self, text: str, changes: Mapping[str, object], *, agent: str | None = None) -> Task:
        """The named fields of the task have the new values."""
        unknown = set(changes) - EDITABLE
        if unknown:
            raise BadInput(f"{', '.join(sorted(unknown))} of a task cannot be edited.")
        with self.db.transaction():
            before = self.get(text)
            after = replace(before, **changes)  # type: ignore[arg-type]
            if after != before:
                self.db.run("tasks.update", **task_columns(replace(after, updated_at=clock.now())))
                changed = sorted(
                    name for name in changes if getattr(before, name) != getattr(after, name)
                )
                self.journal.event("task.edited", before.id, agent=agent, fields=changed)
                self.journal.touched("task", before.id)
                if "estimate_s" in changed:
                    settle.graph_changed(self.db, [before.id])
        return self.get(before.id)

    def list(
        self,
        *,
        state: str | None = None,
        assignee: str | None = None,
        plan_id: str | None = None,
        limit: int = 0,
    ) -> tuple[Sequence[Task], int]:
        """The first `limit` tasks (0: all) that fit, oldest first, and how many fit in all."""
        from jetpack_git.work import queries  # a claim does without

        query = queries.Query(states=(state,) if state else (), assignee=assignee, plan_id=plan_id)
        page = queries.run(self.db, query, limit=limit)
        return page.tasks, page.total

    def ready(self, *, limit: int = -1) -> tuple[Sequence[Task], int]:
        """The first `limit` claimable tasks, most urgent first, and how many there are."""
        rows = self.db.all("tasks.ready", limit=limit)
        return [to_task(row) for row in rows], self.db.count("tasks.ready_total")

    def children(self, task_id: str) -> Sequence[Task]:
        """The direct children of the task, in their order."""
        return [to_task(row) for row in self.db.all("tasks.children", id=task_id)]

    def held(self) -> Sequence[Task]:
        """The tasks that somebody has claimed, in the order of their claims."""
        return [to_task(row) for row in self.db.all("tasks.all_held")]

    def rollups(self, tasks: Sequence[Task]) -> dict[str, Rollup]:
        """What the leaves say of the parents among these tasks, by id."""
        parents = [task.id for task in tasks if task.children]
        rows = self.db.all("tasks.rollup", ids=dump(parents)) if parents else []
        return {str(row["id"]): to_rollup(row) for row in rows}

    def counts(self) -> dict[str, int]:
        """How many leaves stand in each state."""
        return {str(row["state"]): int(str(row["n"])) for row in self.db.all("tasks.counts")}

    def log(self, text: str) -> Sequence[Event]:
        """What happened to the task, in the order of time."""
        found = self.db.all("events.of_task", task_id=resolve(self.db, text))
        return [to_event(row) for row in found]

    def set_branch(self, task_id: str, branch: str) -> None:
        """The task's work is on that branch."""
        with self.db.transaction():
            self.db.run("tasks.set_branch", id=task_id, branch=branch, now=clock.now())
            self.journal.touched("task", task_id)

    def set_commit(self, task_id: str, commit_id: str) -> None:
        """The task's work is in that commit."""
        with self.db.transaction():
            self.db.run("tasks.set_commit", id=task_id, commit_id=commit_id)


def check_can_have_children(parent: Task) -> None:
    """Nobody works on it or has finished it as a leaf. Raises BadInput."""
    if parent.status in HELD or (parent.status != Status.PENDING and not parent.children):
        raise BadInput(
            f"{parent.id} is {parent.status}; only a pending task or a parent can get children.",
            hint="Choose another parent."
            if parent.status in CLOSED
            else "Release it first, or choose another parent.",
        )
