"""Messages: what agents write to each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field

from jetpack_git.errors import BadInput

CUSTOM = "custom"
IMPORTANCES = ("low", "normal", "high", "urgent")
LARGEST_BYTES = 1_000_000

# The fields of each type's payload: `text`, `number` or `texts`, with a star if it must be there.
TYPES: dict[str, dict[str, str]] = {
    "task.help_needed": {"task_id": "text*", "question": "text"},
    "task.handoff": {"task_id": "text*", "to": "text"},
    "task.claimed": {"task_id": "text*"},
    "task.completed": {"task_id": "text*", "summary": "text", "commit": "text"},
    "task.failed": {"task_id": "text*", "reason": "text"},
    "task.progress": {"task_id": "text*", "percent": "number", "note": "text"},
    "task.files_changed": {"files": "texts*", "task_id": "text"},
    "task.file_conflict": {"files": "texts*", "task_id": "text", "holder": "text"},
    "file.lock_request": {"pattern": "text*", "task_id": "text"},
    "file.lock_granted": {"pattern": "text*", "until": "text"},
    "file.lock_denied": {"pattern": "text*", "holder": "text", "until": "text"},
    "coordination.sync": {"topic": "text"},
    "info.discovery": {"topic": "text", "files": "texts"},
    "agent.started": {"agent": "text*"},
    "agent.stopped": {"agent": "text*", "reason": "text"},
    "agent.intent.announce": {"patterns": "texts*", "task_id": "text"},
    "agent.intent.complete": {"task_id": "text", "patterns": "texts"},
    "agent.workspace.declare": {"worktree": "text*", "branch": "text"},
    "reservation.conflict": {
        "pattern": "text*", "holder": "text*", "held": "text*", "until": "text",
    },
    "reservation.released": {"patterns": "texts*", "by": "text*"},
    "system.shutdown": {"reason": "text"},
    CUSTOM: {},
}  # fmt: skip
_EXAMPLES = {"text": "a text", "number": "a number", "texts": "a list of texts"}


@dataclass(frozen=True)
class Receipt:
    """What became of a message at one who got it."""

    recipient: str
    read_at: str | None = None
    acked_at: str | None = None


@dataclass(frozen=True)
class Message:
    """One message; `thread` is the id of the first one. `receipts` are in order of name.

    `read_at` and `acked_at` are those of whoever looks at it, where that is known.
    """

    id: str
    thread: str
    type: str
    sender: str
    subject: str
    sent_at: str
    body: str = ""
    reply_to: str | None = None
    importance: str = "normal"
    ack_asked: bool = False
    payload: dict[str, object] = field(default_factory=dict)
    attachments: tuple[str, ...] = ()
    task_id: str | None = None
    read_at: str | None = None
    acked_at: str | None = None
    receipts: tuple[Receipt, ...] = ()
    seq: int = 0


def check(kind: str, payload: Mapping[str, object]) -> None:
    """The payload is one of that type. Raises BadInput."""
    if kind not in TYPES:
        raise BadInput(
            f"There is no type of message {kind!r:.60}.", hint=f"There are: {', '.join(TYPES)}"
        )
    for name, form in TYPES[kind].items():
        value = payload.get(name)
        wanted = form.removesuffix("*")
        if value is None:
            if form.endswith("*"):
                raise BadInput(
                    f"A message {kind} needs {name} in its payload.",
                    hint=f"Give it {_EXAMPLES[wanted]}.",
                )
        elif not _fits(value, wanted):
            raise BadInput(f"{name} of a message {kind} must be {_EXAMPLES[wanted]}.")


def _fits(value: object, wanted: str) -> bool:
    if wanted == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    if wanted == "texts":
        return isinstance(value, list | tuple) and all(isinstance(one, str) for one in value)
    return isinstance(value, str)
