"""What two branches said of one field of a task, where only one of them could be right."""

from __future__ import annotations

from dataclasses import dataclass

# The name of a field in the file, and of its attribute. Those of STATE go together.
STATE = {
    "status": "status", "assignee": "assignee", "branch": "branch", "summary": "summary",
    "completed": "completed_at",
}  # fmt: skip
VALUES = {
    "title": "title", "description": "description", "order": "position", "priority": "priority",
    "estimate": "estimate_s", "max_attempts": "max_attempts", "parent": "parent_id",
    "plan": "plan_id", "key": "plan_key",
}  # fmt: skip

MEMORY_VALUES = {
    "title": "title", "body": "body", "type": "memory_type", "importance": "importance",
    "scope": "scope", "agent": "agent", "task": "task_id", "commit": "commit_id",
    "valid_from": "valid_from", "expires": "expires_at", "superseded_by": "superseded_by",
}  # fmt: skip


@dataclass(frozen=True)
class Clash:
    """A field that both sides changed. `ours` did not get through if `theirs` was chosen."""

    field: str
    ours: object
    theirs: object
    chosen: object


@dataclass(frozen=True)
class Conflict:
    """A clash that nobody has decided yet; `chosen` is in use meanwhile.

    `ours` is what the database had, or the branch that was merged into; `theirs` came in.
    """

    number: int
    task_id: str
    at: str
    clash: Clash
