"""Why a task did not move: the errors, each with what to do instead."""

from __future__ import annotations

from jetpack_git.data.database import Database
from jetpack_git.errors import BadInput
from jetpack_git.errors import Conflict
from jetpack_git.errors import JetpackError
from jetpack_git.errors import Negative
from jetpack_git.models.task import HELD
from jetpack_git.models.task import OPEN
from jetpack_git.models.task import Status
from jetpack_git.models.task import Task
from jetpack_git.models.transitions import Transition
from jetpack_git.work import dependencies


def not_claimable(db: Database, task: Task, agent: str) -> JetpackError:
    """The error that explains why nobody can claim the task now."""
    if task.status in HELD:
        return _held(task, agent)
    if task.children:
        return BadInput(
            f"{task.id} is a parent of {task.children} tasks; only leaves are claimed.",
            hint=f"See its children with: git jetpack show {task.id}",
        )
    if task.status in OPEN and task.blockers:
        names = ", ".join(dependencies.open_before(db, task.id))
        return Negative(
            f"{task.id} is blocked by {names}", hint=f"See more with: git jetpack why {task.id}"
        )
    if task.retry_at:
        return Negative(
            f"The next attempt of {task.id} begins at {task.retry_at}.",
            hint=f"Offer it at once with: git jetpack release {task.id}",
        )
    return _wrong_status(task, "claimed")


def not_movable(task: Task, move: Transition, agent: str) -> JetpackError:
    """The error that explains why the task does not make the move."""
    if task.status in HELD and task.assignee not in (None, agent):
        return _held(task, agent)
    if task.status not in move.sources:
        return _wrong_status(task, move.done)
    return Conflict(
        f"{task.id} has been claimed again since; this process's claim on it is over.",
        hint=f"See who holds it with: git jetpack show {task.id}",
    )


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


def _wrong_status(task: Task, done: str) -> Negative:
    hint = ""
    if task.status == Status.FAILED:
        hint = f"Offer it again with: git jetpack release {task.id}"
    elif task.state == Status.READY and done != "released":
        hint = f"Claim it first with: git jetpack claim {task.id}"
    elif task.state == Status.BLOCKED:
        hint = f"See what it waits for with: git jetpack why {task.id}"
    return Negative(f"{task.id} is {task.state} and cannot be {done}.", hint=hint)
