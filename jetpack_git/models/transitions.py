"""How a task moves from state to state: the one table of it, which the documentation shows.

Who may make a move is said once for all of them: a task that is held is moved by its holder
alone, in the same life that claimed it; any other by anybody. Only leaves move; the status
of a parent follows from its children.
"""

from __future__ import annotations

from typing import NamedTuple

from jetpack_git.models.task import HELD
from jetpack_git.models.task import OPEN
from jetpack_git.models.task import Status


class Transition(NamedTuple):
    """One move. `event` is written to the log of the task; `done` says it was made."""

    verb: str
    sources: tuple[Status, ...]
    target: Status
    event: str
    done: str
    meaning: str


_ALL = (
    Transition(
        "claim", OPEN, Status.CLAIMED, "task.claimed", "claimed",
        "the task is the agent's, if nothing blocks it and its time has come",
    ),
    Transition(
        "begin", (Status.CLAIMED,), Status.IN_PROGRESS, "task.begun", "begun",
        "work has begun",
    ),
    Transition(
        "progress", HELD, Status.IN_PROGRESS, "task.progress", "reported on",
        "a report on how far the work is",
    ),
    Transition(
        "done", HELD, Status.COMPLETED, "task.completed", "finished",
        "what waited for it alone is ready",
    ),
    Transition(
        "retry", HELD, Status.PENDING_RETRY, "task.retried", "retried",
        "this attempt has come to nothing; the next may begin after a delay",
    ),
    Transition(
        "fail", HELD, Status.FAILED, "task.failed", "failed",
        "failed for good: what waits for it is blocked until it is released or cancelled",
    ),
    Transition(
        "hand over", HELD, Status.CLAIMED, "task.handed_over", "handed over",
        "another agent holds it, and its reservations with it",
    ),
    Transition(
        "release", (*HELD, Status.FAILED, Status.PENDING_RETRY), Status.PENDING,
        "task.released", "released", "given back, or offered again; its attempts count from 0",
    ),
    Transition(
        "cancel", (*OPEN, *HELD, Status.FAILED), Status.CANCELLED, "task.cancelled", "cancelled",
        "it will not be done, and what waited for it waits no more",
    ),
    Transition(
        "revive", (Status.CANCELLED,), Status.PENDING, "task.revived", "revived",
        "the plan that had lost it names it again",
    ),
    Transition(
        "reopen", (Status.COMPLETED,), Status.PENDING_RETRY, "task.reopened", "reopened",
        "its completion did not hold: its commit was never made",
    ),
)  # fmt: skip

TRANSITIONS = {one.verb: one for one in _ALL}
COMMENTED = "task.commented"
LOGGED = frozenset(one.event for one in _ALL) | {COMMENTED}
