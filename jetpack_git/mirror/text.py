"""Nouns as the text of their files, and back.

A task's file is YAML front matter, one field a line in a fixed order, then the description.
What every write would change (claims, attempts, heartbeats) is not in it; a parent has no
status, because its status follows from its children. What an agent changes as it works, and
what an edit changes, stand apart with a line between them that never changes (`created`,
`order`), so that git merges one branch's progress with another's edit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from jetpack_git.models import durations
from jetpack_git.models.event import Event
from jetpack_git.models.plan import Plan
from jetpack_git.models.task import LINKS
from jetpack_git.models.task import Task
from jetpack_git.models.transitions import LOGGED

FENCE = "---"
_PLAIN = frozenset(" _./()+,-'&!?=@%$~^<>;\"")
_PLAIN_ASCII = re.compile(rf"[A-Za-z0-9{re.escape(''.join(_PLAIN))}]+")
# In a description, a line that git could have left is escaped as Markdown does: `\<<<<<<< x`.
MARKER = re.compile(r"^(?:<{7}|>{7})(?=[ \r\n]|\Z)", re.MULTILINE)
_ESCAPED = re.compile(r"^\\*(?:<{7}|>{7})(?=[ \r\n]|\Z)", re.MULTILINE)
_UNESCAPED = re.compile(r"^\\(?=\\*(?:<{7}|>{7})(?:[ \r\n]|\Z))", re.MULTILINE)
_AMBIGUOUS = frozenset({"yes", "no", "true", "false", "on", "off", "y", "n", "null", "nan", "inf"})


def task_text(task: Task) -> str:
    """The whole text of the task's file."""
    lines = [FENCE, *fields(
        ("id", task.id),
        ("title", task.title),
        ("created", task.created_at),
        ("status", None if task.children else task.status),
        ("assignee", task.assignee),
        ("branch", task.branch),
        ("summary", task.summary),
        ("completed", None if task.children else task.completed_at),
        ("order", task.position),
        ("priority", task.priority),
        ("estimate", durations.text(task.estimate_s) if task.estimate_s else None),
        ("max_attempts", task.max_attempts),
        ("parent", task.parent_id),
        ("plan", task.plan_id),
        ("key", task.plan_key),
    )]  # fmt: skip
    for key, values in (
        ("aliases", sorted(task.aliases)),
        ("labels", sorted(task.labels)),
        ("skills", sorted(task.skills)),
        ("files", task.files),
        ("depends", sorted(task.depends)),
        *((kind, [other for one, other in task.links if one == kind]) for kind in LINKS),
        ("results", task.results),
    ):
        if values:
            lines.append(f"{key}:")
            lines.extend(f"  - {scalar(one)}" for one in values)
    lines += unknown(task.extra)
    return whole(lines, task.description)


def whole(lines: list[str], body: str) -> str:
    """A file with these lines of front matter, and the body below it."""
    body = _ESCAPED.sub(r"\\\g<0>", body)
    return "\n".join([*lines, FENCE, ""]) + (f"{body}\n" if body else "")


def plan_text(plan: Plan, extra: dict[str, object]) -> str:
    """The whole text of the plan's file."""
    head = fields(
        ("id", plan.id),
        ("title", plan.title),
        ("source", plan.source),
        ("created", plan.created_at),
    )
    return "\n".join([FENCE, *head, *unknown(extra), FENCE, ""])


def split(text: str) -> tuple[str, str] | None:
    """The front matter and the description of a file; None when it has no front matter."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    if not text.endswith("\n"):
        text += "\n"
    end = text.find(f"\n{FENCE}\n", len(FENCE))
    if end < 0 or not text.startswith(f"{FENCE}\n"):
        return None
    body = text[end + len(FENCE) + 2 :].removesuffix("\n")
    return text[len(FENCE) + 1 : end + 1], _UNESCAPED.sub("", body)


def marker(text: str) -> int | None:
    """The line of the first conflict marker of git, counted from 1."""
    found = MARKER.search(text)
    return text.count("\n", 0, found.start()) + 1 if found else None


def scalar(value: str) -> str:
    """The text as one YAML scalar, in double quotes where it could be read as anything else."""
    if value and _is_plain(value):
        return value
    if value.isprintable() and '"' not in value and "\\" not in value:
        return f'"{value}"'
    return '"' + "".join(_escaped(character) for character in value) + '"'


def log_line(event: Event) -> str:
    """One line of the execution log: time, id, kind, agent and note, with tabs between."""
    kind = event.kind.removeprefix("task.")
    fields = (event.at, event.id, kind, event.agent or "", event.note)
    return "\t".join(_one_line(one) for one in fields).rstrip("\t")


def is_logged(event: Event) -> bool:
    """Whether the event stands in the execution log."""
    return event.kind in LOGGED


def log_event(line: str, task_id: str) -> Event | None:
    """The event of a line of the log; None when the line is none of ours."""
    at, *rest = line.removesuffix("\r").split("\t")
    if len(rest) not in (2, 3, 4) or not at.endswith("Z") or f"task.{rest[1]}" not in LOGGED:
        return None
    event_id, kind, agent, note = (*(_unfolded(one) for one in rest), "", "")[:4]
    return Event(
        id=event_id, at=at, kind=f"task.{kind}", task_id=task_id, agent=agent or None, note=note
    )


def log_text(existing: str, events: Iterable[Event]) -> str:
    """The log with the events that it lacks added at its end."""
    known = {line.split("\t", 2)[1] for line in existing.split("\n") if line.count("\t") >= 2}
    added = [log_line(one) for one in events if is_logged(one) and one.id not in known]
    if existing and not existing.endswith("\n"):
        existing += "\n"
    return existing + "".join(f"{line}\n" for line in added)


def without(existing: str, event_id: str) -> str:
    """The log without that event."""
    lines = existing.split("\n")
    return "\n".join(line for line in lines if line.split("\t", 2)[1:2] != [event_id])


def fields(*pairs: tuple[str, str | float | None]) -> list[str]:
    """The lines of the pairs that have a value."""
    return [
        f"{key}: {value if isinstance(value, (int, float)) else scalar(value)}"
        for key, value in pairs
        if value is not None and value != ""
    ]


def unknown(extra: dict[str, object]) -> list[str]:
    """The lines of keys that this version does not know, as they were found."""
    return [str(extra[key]) for key in sorted(extra)]


def _is_plain(value: str) -> bool:
    """Whether YAML reads the bare text as this very text, and as a text."""
    return (
        value[0].isalpha()
        and value[-1] != " "
        and value.lower() not in _AMBIGUOUS
        and (
            _PLAIN_ASCII.fullmatch(value) is not None
            or all(one in _PLAIN or (one.isalnum() and one.isprintable()) for one in value)
        )
    )


_NAMED = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def _escaped(character: str) -> str:
    if character in _NAMED:
        return _NAMED[character]
    if character == " " or character.isprintable():
        return character
    code = ord(character)
    return (
        f"\\x{code:02x}"
        if code < 0x100
        else f"\\u{code:04x}"
        if code < 0x10000
        else (f"\\U{code:08x}")
    )


def _one_line(value: str) -> str:
    return (
        value.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")
    )


def _unfolded(value: str) -> str:
    parts = value.split("\\\\")
    return "\\".join(
        one.replace("\\n", "\n").replace("\\t", "\t").replace("\\r", "\r") for one in parts
    )
