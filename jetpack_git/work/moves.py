"""Moves: what agents do to tasks, each as one conditional statement and one event.

Which moves there are is said in `models.transitions`; who lost a race is told who holds it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from jetpack_git import clock
from jetpack_git import ids
from jetpack_git.data import settle
from jetpack_git.data.database import Database
from jetpack_git.data.journal import Journal
from jetpack_git.data.rows import dump
from jetpack_git.data.rows import to_task
from jetpack_git.errors import BadInput
from jetpack_git.models.config import RetryPolicy
from jetpack_git.models.event import Event
from jetpack_git.models.task import CLOSED
from jetpack_git.models.task import HELD
from jetpack_git.models.task import Status
from jetpack_git.models.task import Task
from jetpack_git.models.transitions import TRANSITIONS
from jetpack_git.work import refusals
from jetpack_git.work.find import resolve

DEFAULT_POLICY = RetryPolicy()


class Moves:
    """The moves of the tasks of one clone, made from one of its worktrees.

    `incarnation` says in which of its lives the agent speaks: a word from an earlier one
    moves nothing. Each raises Conflict when somebody else holds the task, and Negative when
    the task does not stand where the move begins.
    """

    def __init__(self, db: Database, *, worktree: str | None = None) -> None:
        self.db = db
        self.journal = Journal(db, worktree)

    def get(self, text: str) -> Task:
        """The task of that id, or of the one id that begins so. Raises NotFound."""
        row = self.db.one("tasks.get", id=text)
        if row is None:
            (row,) = self.db.all("tasks.get", id=resolve(self.db, text))
        return to_task(row)

    def wake(self) -> int:
        """Tasks whose time for another attempt has come can be claimed; how many claims were made.

        Where the clock went back behind their failure, their time has come as well.
        """
        now = clock.now()
        state = self.db.one("claims.begin", now=now)
        if state is not None and state["due"]:
            with self.db.transaction_quietly():
                self.db.run("tasks.wake", now=now)
        return int(str(state["n"])) if state is not None else 0

    def claim(self, text: str, *, agent: str, incarnation: str | None = None) -> Task:
        """The task is `agent`'s, and nobody else's.

        Of several agents that claim at once exactly one succeeds; the others get
        Conflict, which names the holder. Raises Negative when the task is not ready.
        """
        task_id = resolve(self.db, text)
        with self.db.transaction():
            task = self.take(task_id, agent=agent, incarnation=incarnation)
            if task is None:
                raise refusals.not_claimable(self.db, self.get(task_id), agent)
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
        self._announce("task.claimed", task_id, agent, f"{agent} has claimed {task_id}")
        return to_task(won)

    def begin(self, text: str, *, agent: str, incarnation: str | None = None) -> Task:
        """The claimed task is in progress."""
        return self._move("begin", text, agent, incarnation)

    def progress(
        self,
        text: str,
        *,
        agent: str,
        incarnation: str | None = None,
        note: str = "",
        percent: int | None = None,
    ) -> Task:
        """The task is in progress, this far (0 to 100) and with that to tell."""
        said = f"{percent} %{': ' if note else ''}" if percent is not None else ""
        return self._move("progress", text, agent, incarnation, note=said + note, percent=percent)

    def done(
        self,
        text: str,
        *,
        agent: str,
        incarnation: str | None = None,
        summary: str | None = None,
        results: Sequence[str] = (),
        commit_id: str | None = None,
        foretold: Event | None = None,
    ) -> Task:
        """The task is completed; what waited for it alone is ready.

        `results` are files to look at; `foretold` is the event of `foretell_done`, where
        the files already say so.
        """
        return self._move(
            "done", text, agent, incarnation, note=summary or "", summary=summary,
            results=dump(results) if results else None, commit_id=commit_id, foretold=foretold,
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
        self,
        text: str,
        *,
        agent: str,
        incarnation: str | None = None,
        reason: str = "",
        final: bool = False,
        policy: RetryPolicy = DEFAULT_POLICY,
    ) -> Task:
        """This attempt has failed: the task gets another one after a delay, while it has any left.

        The delay before attempt n + 1 is `retry_delay_s` * 2 ** (n - 1), at most
        `longest_delay_s`. Without an attempt left, or if `final`, it has failed for good.
        """
        task = self.get(text)
        if final or task.attempts >= (task.max_attempts or policy.max_attempts):
            return self._move("fail", task.id, agent, incarnation, note=reason)
        doublings = min(max(task.attempts - 1, 0), 60)
        delay_s = min(policy.retry_delay_s * 2**doublings, policy.longest_delay_s)
        return self.retry(
            task.id, agent=agent, incarnation=incarnation, reason=reason, delay_s=delay_s
        )

    def retry(
        self,
        text: str,
        *,
        agent: str,
        incarnation: str | None = None,
        reason: str = "",
        delay_s: float = 0,
    ) -> Task:
        """The held task waits for its next attempt, by whoever claims it then."""
        return self._move(
            "retry", text, agent, incarnation, note=reason,
            retry_at=clock.after(delay_s) if delay_s > 0 else None,
        )  # fmt: skip

    def hand_over(
        self, text: str, to: str, *, agent: str, incarnation: str | None = None, reason: str = ""
    ) -> Task:
        """The task, and what is reserved or leased for it, is the other agent's, who is told."""
        from jetpack_git.work import lease_waits  # most moves do without
        from jetpack_git.work.mail import Mail

        note = f"to {to}{': ' if reason else ''}{reason}"
        with self.db.transaction():
            task = self._move("hand over", text, agent, incarnation, note=note, to=to)
            self.db.run("reservations.hand_over", task_id=task.id, agent=agent, to=to)
            self.db.run("leases.hand_over", task_id=task.id, agent=agent, to=to)
            lease_waits.tell(self.db, but=to)
            Mail(self.db).notify(
                agent, [to], f"{agent} has handed {task.id} over to you", reason,
                kind="task.handoff", payload={"task_id": task.id, "to": to}, task_id=task.id,
            )  # fmt: skip
        return task

    def release(
        self, text: str, *, agent: str, incarnation: str | None = None, reason: str = ""
    ) -> Task:
        """The task is pending again: given back by its holder, or failed and tried anew."""
        return self._move("release", text, agent, incarnation, note=reason)

    def cancel(
        self, text: str, *, agent: str, incarnation: str | None = None, reason: str = ""
    ) -> Task:
        """The task will not be done; what waited for it waits no more."""
        return self._move("cancel", text, agent, incarnation, note=reason)

    def reopen(self, text: str, *, agent: str, reason: str = "") -> Task:
        """The completed task waits for its next attempt after all."""
        return self._move("reopen", text, agent, None, note=reason)

    def _move(
        self,
        verb: str,
        text: str,
        agent: str,
        incarnation: str | None,
        *,
        note: str = "",
        foretold: Event | None = None,
        **values: object,
    ) -> Task:
        """The task has made the move of that name, if its holder says so."""
        move = TRANSITIONS[verb]
        now = foretold.at if foretold else clock.now()
        columns = {
            "to": None, "summary": None, "results": None, "commit_id": None, "percent": None,
            "retry_at": None,
        } | values  # fmt: skip
        with self.db.transaction():
            before = self.get(text)
            _check_leaf(before)
            holder = agent if before.status in HELD else None
            moved = self.db.one(
                "tasks.move", id=before.id, status=move.target, sources=dump(move.sources),
                now=now, holder=holder, incarnation=incarnation if holder else None, **columns,
            )  # fmt: skip
            if moved is None:
                raise refusals.not_movable(before, move, agent)
            self.journal.event(
                move.event, before.id, agent=agent, note=note,
                event_id=foretold.id if foretold else None, at=now,
            )  # fmt: skip
            self.journal.touched("task", before.id)
            if before.status in HELD and move.target not in HELD:
                self._let_go(before)
            if move.event in ("task.completed", "task.failed"):
                said = "completed" if move.event == "task.completed" else "given up"
                subject = f"{agent} has {said} {before.id}"
                self._announce(move.event, before.id, agent, subject, body=note)
            closed = move.target in CLOSED
            if closed != (before.status in CLOSED):
                settle.after_closing(self.journal, before.id, closed=closed)
            if Status.CANCELLED in (move.target, before.status):
                settle.graph_changed(self.db, [before.id])
        return to_task(moved)

    def _announce(
        self, kind: str, task_id: str, agent: str, subject: str, *, body: str = ""
    ) -> None:
        """Whoever wrote of the task, or got mail of it, is told."""
        others = [str(row["name"]) for row in self.db.all("mail.of_task", task_id=task_id)]
        if others:
            from jetpack_git.work.mail import Mail  # most moves do without

            there = [one for one in others if one != agent]
            payload = {"task_id": task_id}
            Mail(self.db).notify(
                agent, there, subject, body, kind=kind, payload=payload, task_id=task_id
            )

    def _let_go(self, task: Task) -> None:
        """What the task's holder reserved or leased for it is free."""
        from jetpack_git.work.leases import Leases  # a claim does without
        from jetpack_git.work.reservations import Reservations

        holder = str(task.assignee)
        Reservations(self.db, worktree=self.journal.worktree).finish(task.id, agent=holder)
        Leases(self.db).release(agent=holder, task_id=task.id)


def _check_leaf(task: Task) -> None:
    if task.children:
        raise BadInput(
            f"{task.id} is a parent of {task.children} tasks; its status follows from theirs.",
            hint=f"See them with: git jetpack show {task.id}",
        )
