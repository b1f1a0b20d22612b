"""Beads: one issue a line, as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace

from jetpack_git.models.foreign import Comment
from jetpack_git.models.foreign import Foreign
from jetpack_git.models.foreign import Trouble
from jetpack_git.models.foreign import moment
from jetpack_git.models.foreign import sections
from jetpack_git.models.foreign import status_of
from jetpack_git.models.mapping import flaw
from jetpack_git.models.task import BLOCKS
from jetpack_git.models.task import Status

PARENT = "parent-child"
_KINDS = {
    "blocks": BLOCKS,
    "waits-for": BLOCKS,
    "related": "related",
    "relates-to": "related",
    "duplicates": "related",
    "replies-to": "related",
    "conditional-blocks": "related",
    "discovered-from": "discovered-from",
    "supersedes": "supersedes",
}
_ON_ICE = ("deferred", "pinned")
_LOWEST = 4
_PLAIN_TYPES = ("task", "epic")
_SECTIONS = {"design": "Design", "acceptance_criteria": "Acceptance criteria", "notes": "Notes"}

Record = dict[str, object]


class _Broken(Exception):
    """The line is no issue."""


def read(lines: Iterable[bytes], source: str) -> tuple[list[Foreign], list[Trouble]]:
    """The issues of the lines, and what is wrong with any of them."""
    found: dict[str, Foreign] = {}
    troubles: list[Trouble] = []
    for number, line in enumerate(lines, 1):
        where = f"{source}:{number}"
        if not line.strip():
            continue
        try:
            issue = _issue(_record(line), where, troubles)
        except _Broken as error:
            troubles.append(Trouble(where, str(error), broken=True))
            continue
        if issue.id in found:
            troubles.append(Trouble(where, f"the issue {issue.id} stands there again: it counts"))
        found[issue.id] = issue
    return [_below(one, found) for one in found.values()], troubles


def _record(line: bytes) -> Record:
    try:
        record = json.loads(line.removeprefix(b"\xef\xbb\xbf").decode("utf-8"))
    except json.JSONDecodeError as error:
        raise _Broken(f"this is no JSON: {error.msg} in column {error.colno}") from error
    except UnicodeDecodeError as error:
        raise _Broken(f"byte {error.start} of the line is not UTF-8") from error
    except (RecursionError, ValueError) as error:
        raise _Broken(
            "this cannot be read: it is nested too deeply, or a number too long"
        ) from error
    if not isinstance(record, dict):
        raise _Broken("this is no JSON object")
    return record


def _issue(record: Record, where: str, troubles: list[Trouble]) -> Foreign:
    issue_id, title = _text(record, "id"), _text(record, "title")
    if not issue_id.strip() or not title.strip():
        raise _Broken(f"the issue has no {'title' if issue_id.strip() else 'id'}")
    said = _text(record, "status")
    deleted = said == "tombstone" or bool(record.get("deleted_at"))
    status = Status.CANCELLED if deleted else status_of(said)
    if status is None:
        troubles.append(Trouble(where, f"the status {said!r:.60} is not known; taken as open"))
    parent, links = _dependencies(record, where, troubles)
    labels = list(_texts(record, "labels"))
    kind = _text(record, "issue_type")
    if kind and kind not in _PLAIN_TYPES:
        labels.append(kind)
    if said in _ON_ICE:
        labels.append(said)
    minutes = record.get("estimated_minutes")
    timed = isinstance(minutes, int) and 0 < minutes < 10**7
    if minutes not in (None, 0) and not timed:
        message = f"the estimate {minutes!r:.60} is no number of minutes; left out"
        troubles.append(Trouble(where, message))
    for name in ("created_at", "closed_at"):
        if _text(record, name) and moment(_text(record, name)) is None:
            message = f"{name} {_text(record, name)!r:.60} is no moment; left out"
            troubles.append(Trouble(where, message))
    reference = _text(record, "external_ref")
    return Foreign(
        id=issue_id, title=title, where=where, status=status or Status.PENDING,
        description=sections(
            _text(record, "description"),
            {name: _text(record, key) for key, name in _SECTIONS.items()}
            | {"External reference": reference},
        ),
        priority=_LOWEST if said in _ON_ICE else _priority(record, where, troubles),
        parent=parent, links=tuple(dict.fromkeys(links)), labels=tuple(dict.fromkeys(labels)),
        assignee=_text(record, "assignee").strip() or None,
        estimate_s=int(str(minutes)) * 60 if timed else None,
        summary=_text(record, "close_reason").strip() or None,
        created_at=moment(_text(record, "created_at")),
        completed_at=moment(_text(record, "closed_at")),
        comments=tuple(_comments(record)), deleted=deleted,
    )  # fmt: skip


def _priority(record: Record, where: str, troubles: list[Trouble]) -> int | None:
    value = record.get("priority")
    if value is None or (isinstance(value, int) and 0 <= value <= _LOWEST):
        return value
    troubles.append(Trouble(where, f"the priority {value!r:.60} is not 0 to 4; left out"))
    return None


def _dependencies(
    record: Record, where: str, troubles: list[Trouble]
) -> tuple[str | None, list[tuple[str, str]]]:
    """The issue's parent, and its links."""
    parent: str | None = None
    links: list[tuple[str, str]] = []
    for one in _records(record, "dependencies"):
        kind, other = _text(one, "type") or BLOCKS, _text(one, "depends_on_id")
        if not other:
            troubles.append(Trouble(where, "a dependency names no issue; left out"))
        elif kind == PARENT:
            parent = other
        else:
            if kind not in _KINDS:
                message = f"dependencies of the kind {kind!r:.60} are taken as related"
                troubles.append(Trouble(where, message))
            links.append((_KINDS.get(kind, "related"), other))
    return parent, links


def _comments(record: Record) -> Iterable[Comment]:
    for number, one in enumerate(_records(record, "comments")):
        text = _text(one, "text")
        if text.strip():
            given = _text(one, "id") if isinstance(one.get("id"), str) else one.get("id")
            yield Comment(
                str(number if given is None else given), moment(_text(one, "created_at")) or "",
                _text(one, "author"), text,
            )  # fmt: skip


def _below(issue: Foreign, known: dict[str, Foreign]) -> Foreign:
    """The issue with the parent that its id tells, if nothing else does: bd-1.2 is below bd-1."""
    head, dot, _ = issue.id.rpartition(".")
    if issue.parent or not dot or head not in known:
        return issue
    return replace(issue, parent=head)


def _text(record: Record, name: str) -> str:
    value = record.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _Broken(f"{name} is no text")
    if found := flaw(value):
        raise _Broken(f"{name} {found}")
    return value


def _texts(record: Record, name: str) -> list[str]:
    value = record.get(name) or []
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise _Broken(f"{name} is no list of texts")
    if found := next(filter(None, map(flaw, value)), None):
        raise _Broken(f"one of its {name} {found}")
    return [one for one in value if one.strip()]


def _records(record: Record, name: str) -> list[Record]:
    value = record.get(name) or []
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise _Broken(f"{name} is no list of objects")
    return value
