"""What a branch does to the tasks, for whoever reviews it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

# What became of a task, in the order in which a reviewer wants to know.
KINDS = {
    "finished": "Finished",
    "failed": "Failed",
    "reopened": "Reopened",
    "deleted": "Deleted",
    "cancelled": "Cancelled",
    "under_way": "Under way",
    "created": "Created",
    "changed": "Re-planned",
}
# What can be odd, as a heading.
ODDITIES = {
    "markers": "Files with conflict markers",
    "unreadable": "Files that cannot be read",
    "cycle": "Tasks that wait for each other",
    "missing": "Tasks that name others which are not there",
    "deleted": "Finished tasks that are deleted",
    "reopened": "Tasks that were over and are open again",
    "log_changed": "Logs that have lost lines",
    "hand_edited": "Task files that say what their log does not",
    "reserved": "Code that somebody else was at work on",
    "undeclared": "Code that no task of this branch declares",
    "no_task": "Commits that belong to no task",
}
ERROR, WARNING, OFF = "error", "warning", "off"


class Change(NamedTuple):
    """One field of a task that differs, its values as the task has them, and the same in words."""

    field: str
    before: object
    after: object
    words: str


@dataclass(frozen=True)
class Entry:
    """A task that the branch changes.

    `kind` is one of `KINDS`; `is_new` says that the branch made the task, too. `by` are those
    who did it; `took_s` is the time from the last claim to the end, if the log knows it.
    """

    task_id: str
    title: str
    kind: str
    is_new: bool = False
    by: tuple[str, ...] = ()
    took_s: int | None = None
    summary: str = ""
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True)
class Progress:
    """How many leaves of a plan are completed, and how many there are: before and after."""

    plan_id: str
    title: str
    before: tuple[int, int]
    after: tuple[int, int]


class Learned(NamedTuple):
    """A memory that the branch has `added`, `changed` or `forgotten`, with its text."""

    memory_id: str
    change: str
    memory_type: str
    title: str
    body: str
    agent: str


class Named(NamedTuple):
    """A task by its id and title."""

    task_id: str
    title: str


@dataclass(frozen=True)
class Finding:
    """Something that a reviewer should look at.

    `kind` is a field of `ReviewConfig`, `level` what the config makes of it. `place` is a path
    (with a line, where it has one), a task or a commit; `text` what the kind alone does not say.
    """

    kind: str
    level: str
    place: str
    text: str


@dataclass(frozen=True)
class Review:
    """All of it. `base` and `head` are commits: where the branch began, and where it stands."""

    base: str
    head: str
    entries: tuple[Entry, ...] = ()
    unblocked: tuple[Named, ...] = ()
    plans: tuple[Progress, ...] = ()
    memories: tuple[Learned, ...] = ()
    findings: tuple[Finding, ...] = ()

    def of(self, kind: str) -> list[Entry]:
        """The entries of that kind."""
        return [one for one in self.entries if one.kind == kind]

    def groups(self, level: str) -> dict[str, list[Finding]]:
        """The findings of that level by their kind."""
        found: dict[str, list[Finding]] = {}
        for one in self.findings:
            if one.level == level:
                found.setdefault(one.kind, []).append(one)
        return found

    @property
    def errors(self) -> list[Finding]:
        """The findings that the config calls an error."""
        return [one for one in self.findings if one.level == ERROR]
