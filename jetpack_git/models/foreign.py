"""Tasks as other tools have them, before they are ours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from datetime import datetime
from typing import NamedTuple

from jetpack_git.models.task import Status

_STATUS = {
    Status.COMPLETED: ("done", "completed", "complete", "closed", "finished", "merged"),
    Status.IN_PROGRESS: ("in progress", "doing", "started", "review", "in review", "hooked"),
    Status.CANCELLED: (
        "cancelled", "canceled", "won't do", "wont do", "wontfix", "dropped", "abandoned",
        "rejected",
    ),
    Status.PENDING: (
        "", "open", "pending", "to do", "todo", "backlog", "new", "next", "ready", "blocked",
        "deferred", "pinned", "draft",
    ),
}  # fmt: skip
_BY_NAME = {name: status for status, names in _STATUS.items() for name in names}


class Comment(NamedTuple):
    """What somebody said of a task; `id` is unique within it."""

    id: str
    at: str
    author: str
    text: str


class Trouble(NamedTuple):
    """What is wrong at a place (`file:line`); `broken` if a task is lost by it."""

    where: str
    message: str
    broken: bool = False


@dataclass(frozen=True)
class Foreign:
    """A task of another tool, under its id there.

    `parent` and the ends of `links` (pairs of a kind of ours and an id) are ids there too.
    `priority` is ours, 0 to 4. `deleted` says that the other tool remembers it as deleted.
    """

    id: str
    title: str
    where: str
    description: str = ""
    status: Status = Status.PENDING
    priority: int | None = None
    parent: str | None = None
    links: tuple[tuple[str, str], ...] = ()
    labels: tuple[str, ...] = ()
    assignee: str | None = None
    estimate_s: int | None = None
    summary: str | None = None
    created_at: str | None = None
    completed_at: str | None = None
    comments: tuple[Comment, ...] = ()
    deleted: bool = False


def status_of(text: str) -> Status | None:
    """What another tool's status means here; None when that is not known."""
    return _BY_NAME.get(" ".join(text.lower().replace("-", " ").replace("_", " ").split()))


def moment(text: str) -> str | None:
    """The moment in our form, in UTC; None when it cannot be read."""
    try:
        found = datetime.fromisoformat(text.strip())
        found = found if found.tzinfo else found.replace(tzinfo=UTC)
        found = found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return f"{found:%Y-%m-%dT%H:%M:%S}.{found.microsecond // 1000:03d}Z"


def sections(description: str, more: dict[str, str]) -> str:
    """The description with other texts below it, each under its name."""
    parts = [description.strip("\n")]
    parts += [f"## {name}\n\n{text.strip(chr(10))}" for name, text in more.items() if text.strip()]
    return "\n\n".join(part for part in parts if part)
