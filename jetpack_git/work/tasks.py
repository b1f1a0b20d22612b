"""Tasks: add, find, claim and finish units of work."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import replace

from jetpack_git import clock
from jetpack_git import ids
from jetpack_git.data import settle
from jetpack_git.data.database import Database
from jetpack_git.data.journal import Journal
from jetpack_git.data.rows import dump
from jetpack_git.data.rows import task_columns
from jetpack_git.data.rows import to_event
from jetpack_git.data.rows import to_task
from jetpack_git.errors import BadInput
from jetpack_git.errors import Conflict
from jetpack_git.errors import Negative
from jetpack_git.models.event import Event
from jetpack_git.models.task import CLOSED
from jetpack_git.models.task import HELD
from jetpack_git.models.task import OPEN
from jetpack_git.models.task import Status
from jetpack_git.models.task import Task
from jetpack_git.work import dependencies
from jetpack_git.work.find import resolve

EDITABLE = frozenset({"title", "description", "priority", "skills", "files", "estimate_s"})


class Tasks:
    """The task list of one clone, written to from one of its worktrees."""

    def __init__(self, db: Database, *, worktree: str | None = None) -> None:
        self.db = db
        self.journal = Journal(db, worktree)

    def get(self, text: str) -> Task:
        """The task of that id, or of the one id that begins so. Raises NotFound."""
        row = self.db.one("tasks.get", id=text)
        if row is None:
            (row,) = self.db.all("tasks.get", id=resolve(self.db, text))
        return to_task(row)

    def add(self, task: Task, *, agent: str | None = None) -> Task:
        """The task is in the queue, under a new id, behind its siblings."""
        depends = [resolve(self.db, one) for one in task.depends]
        now = clock.now()
        with self.db.transaction():
            parent = self.get(task.parent_id) if task.parent_id else None
            if parent is not None:
                _check_can_have_children(parent)
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
        return self.get(task.id)

    def new_id(self, parent_id: str | None) -> str:
        """An id that no task of this clone bears."""
        attempt = 0
        while True:
            candidate = ids.task_id(parent_id, attempt=attempt)
            if self.db.one("tasks.get", id=candidate) is None:
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
                    settle.stale_graph(self.db)
        return self.get(before.id)

    def list(
        self,
        *,
        state: str | None = None,
        assignee: str | None = None,
        plan_id: str | None = None,
        limit: int = -1,
    ) -> tuple[Sequence[Task], int]:
        """The first `limit` tasks that fit, oldest first, and how many fit in all."""
        wanted: dict[str, object] = {
            "state": state, "assignee": assignee, "plan_id": plan_id,
        }  # fmt: skip
        rows = self.db.all("tasks.list", limit=limit, **wanted)
        return [to_task(row) for row in rows], self.db.count("tasks.list_total", **wanted)

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

    def counts(self) -> dict[str, int]:
        """How many leaves stand in each state."""
        return {str(row["state"]): int(str(row["n"])) for row in self.db.all("tasks.counts")}

    def log(self, text: str) -> Sequence[Event]:
        """What happened to the task, in the order of time."""
        found = self.db.all("events.of_task", task_id=resolve(self.db, text))
        return [to_event(row) for row in found]

    def claim(self, text: str, *, agent: str, incarnation: str | None = None) -> Task:
        """The task is `agent`'s, and nobody else's.

        Of several agents that claim at once exactly one succeeds; the others get
        Conflict, which names the holder. Raises Negative when the task is not ready.
        """
        task_id = resolve(self.db, text)
        with self.db.transaction():
            task = self.take(task_id, agent=agent, incarnation=incarnation)
            if task is None:
                raise self._why_not_claimable(self.get(task_id), agent)
        return task

    def take(self, task_id: str, *, agent: str, incarnation: str | None) -> Task | None:
        """The task, if the agent got it. To be called inside a transaction."""
        won = self.db.one(
            "tasks.claim", id=task_id, agent=agent, incarnation=incarnation, now=clock.now()
        )
        if won is None:
            return None
        self.journal.event("task.claimed", task_id, agent=agent)
        self.journal.touched("task", task_id)
        return to_task(won)

    def begin(self, text: str, *, agent: str, incarnation: str | None = None) -> Task:
        """The claimed task is in progress."""
        return self._move(
            text, Status.IN_PROGRESS, (Status.CLAIMED,), "task.begun", agent, incarnation
        )

    def done(
        self,
        text: str,
        *,
        agent: str,
        incarnation: str | None = None,
        summary: str | None = None,
        commit_id: str | None = None,
        foretold: Event | None = None,
    ) -> Task:
        """The task is completed; what waited for it alone is ready.

        `foretold` is the event of `foretell_done`, where the files already say so.
        """
        return self._move(
            text, Status.COMPLETED, HELD, "task.completed", agent, incarnation,
            note=summary or "", summary=summary, commit_id=commit_id, foretold=foretold,
        )  # fmt: skip

    def foretell_done(self, task: Task, *, agent: str, summary: str | None) -> tuple[Task, Event]:
        """The task as `done` will leave it, and the event of that. Nothing is kept."""
        event = Event(
            id=ids.event_id(), at=clock.now(), kind="task.completed", task_id=task.id,
            agent=agent, note=summary or "",
        )  # fmt: skip
        done = replace(
            task, status=Status.COMPLETED, completed_at=event.at, summary=summary or task.summary
        )
        return done, event

    def fail(
        self, text: str, *, agent: str, incarnation: str | None = None, reason: str = ""
    ) -> Task:
        """The task has failed and is offered to nobody until it is released."""
        return self._move(text, Status.FAILED, HELD, "task.failed", agent, incarnation, note=reason)

    def retry(
        self, text: str, *, agent: str, incarnation: str | None = None, reason: str = ""
    ) -> Task:
        """The held task waits for its next attempt, by whoever claims it."""
        return self._move(
            text, Status.PENDING_RETRY, HELD, "task.retried", agent, incarnation,
            note=reason, keep=False,
        )  # fmt: skip

    def release(
        self, text: str, *, agent: str, incarnation: str | None = None, reason: str = ""
    ) -> Task:
        """The task is pending again: given back by its holder, or failed and tried anew."""
        sources = (*HELD, Status.FAILED, Status.PENDING_RETRY)
        return self._move(
            text, Status.PENDING, sources, "task.released", agent, incarnation,
            note=reason, keep=False,
        )  # fmt: skip

    def cancel(
        self, text: str, *, agent: str, incarnation: str | None = None, reason: str = ""
    ) -> Task:
        """The task will not be done; what waited for it waits no more."""
        sources = (*OPEN, *HELD, Status.FAILED)
        return self._move(
            text, Status.CANCELLED, sources, "task.cancelled", agent, incarnation,
            note=reason, keep=False,
        )  # fmt: skip

    def reopen(self, text: str, *, agent: str, reason: str = "") -> Task:
        """The completed task waits for its next attempt after all."""
        return self._move(
            text, Status.PENDING_RETRY, (Status.COMPLETED,), "task.reopened", agent, None,
            note=reason, keep=False,
        )  # fmt: skip

    def set_branch(self, task_id: str, branch: str) -> None:
        """The task's work is on that branch."""
        with self.db.transaction():
            self.db.run("tasks.set_branch", id=task_id, branch=branch, now=clock.now())
            self.journal.touched("task", task_id)

    def set_commit(self, task_id: str, commit_id: str) -> None:
        """The task's work is in that commit."""
        with self.db.transaction():
            self.db.run("tasks.set_commit", id=task_id, commit_id=commit_id)

    def _move(
        self,
        text: str,
        status: Status,
        sources: Sequence[str],
        event: str,
        agent: str,
        incarnation: str | None,
        *,
        note: str = "",
        keep: bool = True,
        summary: str | None = None,
        commit_id: str | None = None,
        foretold: Event | None = None,
    ) -> Task:
        """The task has the new status, if its holder says so."""
        now = foretold.at if foretold else clock.now()
        with self.db.transaction():
            before = self.get(text)
            _check_leaf(before)
            holder = agent if before.status in HELD else None
            moved = self.db.one(
                "tasks.move", id=before.id, status=status, sources=dump(sources), now=now,
                holder=holder, incarnation=incarnation if holder else None, keep=keep,
                summary=summary, commit_id=commit_id,
            )  # fmt: skip
            if moved is None:
                raise _why_not_movable(before, status, sources, agent)
            self.journal.event(
                event, before.id, agent=agent, note=note,
                event_id=foretold.id if foretold else None, at=now,
            )  # fmt: skip
            self.journal.touched("task", before.id)
            if status in CLOSED or before.status in CLOSED:
                settle.after_status(self.journal, [before.id])
        return to_task(moved)

    def _why_not_claimable(self, task: Task, agent: str) -> Exception:
        """The error that explains why nobody can claim the task now."""
        if task.status in HELD:
            return _held(task, agent)
        if task.children:
            return BadInput(
                f"{task.id} is a parent of {task.children} tasks; only leaves are claimed.",
                hint=f"See its children with: git jetpack show {task.id}",
            )
        if task.status in OPEN and task.blockers:
            names = ", ".join(dependencies.open_before(self.db, task.id))
            return Negative(
                f"{task.id} is blocked by {names}",
                hint="See what is ready with: git jetpack ready",
            )
        return _wrong_status(task, "claimed")


def _held(task: Task, agent: str) -> Conflict:
    if task.assignee == agent:
        return Conflict(
            f"{task.id} is already yours, {task.status} since {task.claimed_at}.",
            hint=f"Finish it with: git jetpack done {task.id}",
        )
    return Conflict(
        f"{task.id} is {task.status}, held by {task.assignee} since {task.claimed_at}.",
        hint="Find other work with: git jetpack claim --next",
    )


def _wrong_status(task: Task, verb: str) -> Negative:
    hint = ""
    if task.status == Status.FAILED:
        hint = f"Offer it again with: git jetpack release {task.id}"
    elif task.state == Status.READY and verb != "released":
        hint = f"Claim it first with: git jetpack claim {task.id}"
    elif task.state == Status.BLOCKED:
        hint = f"See what it waits for with: git jetpack show {task.id}"
    return Negative(f"{task.id} is {task.state} and cannot be {verb}.", hint=hint)


_VERBS = {
    Status.IN_PROGRESS: "begun", Status.COMPLETED: "finished", Status.FAILED: "failed",
    Status.PENDING: "released", Status.CANCELLED: "cancelled", Status.PENDING_RETRY: "retried",
}  # fmt: skip


def _why_not_movable(task: Task, status: Status, sources: Sequence[str], agent: str) -> Exception:
    """The error that explains why the task does not move."""
    if task.status in HELD and task.assignee not in (None, agent):
        return _held(task, agent)
    if task.status not in sources:
        return _wrong_status(task, _VERBS[status])
    return Conflict(
        f"{task.id} has been claimed again since; this process's claim on it is over.",
        hint=f"See who holds it with: git jetpack show {task.id}",
    )


def _check_leaf(task: Task) -> None:
    if task.children:
        raise BadInput(
            f"{task.id} is a parent of {task.children} tasks; its status follows from theirs.",
            hint=f"See them with: git jetpack show {task.id}",
        )


def _check_can_have_children(parent: Task) -> None:
    if parent.status in HELD or (parent.status != Status.PENDING and not parent.children):
        raise BadInput(
            f"{parent.id} is {parent.status}; only a pending task or a parent can get children.",
            hint="Release it first, or choose another parent.",
        )
