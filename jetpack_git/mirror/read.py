"""From the bytes of a task's file to the task."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from jetpack_git import clock
from jetpack_git.errors import BadInput
from jetpack_git.mirror import text
from jetpack_git.models import parse
from jetpack_git.models.memory import AGENT_LEARNING
from jetpack_git.models.memory import IMPORTANCE
from jetpack_git.models.memory import REPOSITORY
from jetpack_git.models.memory import Memory
from jetpack_git.models.plan import Plan
from jetpack_git.models.task import DEFAULT_PRIORITY
from jetpack_git.models.task import LINKS
from jetpack_git.models.task import STORED
from jetpack_git.models.task import Task

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*")


@dataclass(frozen=True)
class Parsed:
    """A task as its file says it, what is odd about it, and where its keys stand.

    `created_at` is empty when the file does not say it.
    """

    task: Task
    warnings: tuple[str, ...]
    lines: dict[str, int]


def task(data: bytes, path: str) -> Parsed:
    """The task in the bytes of the file at `path`. Raises BadInput with the line."""
    head, body = _parts(data, path, parse.TaskFields)
    got = head.fields
    warnings = [f"{path}:{head.lines[key]}: unknown key {key!r} is kept." for key in head.unknown]
    status = got.get("status", "pending")
    if status not in STORED:
        where = f"{path}:{head.lines['status']}"
        if status in ("ready", "blocked"):
            warnings.append(f"{where}: {status} follows from the dependencies; read as pending.")
            status = "pending"
        else:
            warnings.append(f"{where}: unknown status {status!r} is kept; nobody can claim this.")
    found = Task(
        id=got["id"], title=got["title"], description=body, status=status,
        priority=got.get("priority", DEFAULT_PRIORITY), parent_id=got.get("parent"),
        position=got.get("order", 0), plan_id=got.get("plan"), plan_key=got.get("key"),
        skills=tuple(sorted(set(got.get("skills", ())))), files=tuple(got.get("files", ())),
        depends=tuple(sorted(set(got.get("depends", ())))), estimate_s=got.get("estimate"),
        assignee=got.get("assignee"), branch=got.get("branch"), summary=got.get("summary"),
        created_at=got.get("created") or "", completed_at=got.get("completed"),
        links=tuple((kind, one) for kind in LINKS for one in sorted(set(got.get(kind, ())))),
        max_attempts=got.get("max_attempts"), results=tuple(got.get("results", ())),
        labels=tuple(sorted(set(got.get("labels", ())))),
        aliases=tuple(sorted(set(got.get("aliases", ())))),
        extra=dict(head.unknown),
    )  # fmt: skip
    return Parsed(found, tuple(warnings), head.lines)


def plan(data: bytes, path: str) -> tuple[Plan, dict[str, object]]:
    """The plan in the bytes of the file at `path`, and its unknown keys. Raises BadInput."""
    head, _ = _parts(data, path, parse.PlanFields)
    got = head.fields
    found = Plan(
        id=got["id"], title=got["title"], source=got.get("source") or "",
        created_at=got.get("created") or "",
    )  # fmt: skip
    return found, dict(head.unknown)


def memory(data: bytes, path: str) -> Memory:
    """The memory in the bytes of the file at `path`. Raises BadInput with the line."""
    head, body = _parts(data, path, parse.MemoryFields)
    got = head.fields
    if got.get("superseded_by") == got["id"]:
        raise BadInput(
            f"{path}:{head.lines['superseded_by']}: a memory cannot be superseded by itself.",
            hint="Name the other memory, or take the line out.",
        )
    return Memory(
        id=got["id"], title=got["title"], body=body,
        memory_type=got.get("type", AGENT_LEARNING), importance=got.get("importance", IMPORTANCE),
        tags=tuple(sorted(set(got.get("tags", ())))), scope=got.get("scope") or REPOSITORY,
        agent=got.get("agent"), task_id=got.get("task"), commit_id=got.get("commit"),
        created_at=_utc(got.get("created")) or "", valid_from=_utc(got.get("valid_from")),
        expires_at=_utc(got.get("expires")), superseded_by=got.get("superseded_by"),
        extra=dict(head.unknown),
    )  # fmt: skip


def _utc(moment: str | None) -> str | None:
    """The moment in the one form that can be compared as text."""
    return None if moment is None else clock.utc(moment)


def _parts(data: bytes, path: str, shape: type) -> tuple[parse.Header, str]:
    """The checked front matter and the description."""
    try:
        content = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise BadInput(
            f"{path}:{line}: this is no UTF-8 text.", hint="Convert the file to UTF-8."
        ) from error
    if "\0" in content:
        line = content.count("\n", 0, content.index("\0")) + 1
        raise BadInput(f"{path}:{line}: a NUL character stands here.", hint="Take it out.")
    marker = text.marker(content)
    if marker is not None:
        raise BadInput(
            f"{path}:{marker}: a conflict marker of git stands here.",
            hint="Choose a side, remove the markers, and run: git jetpack sync",
        )
    parts = text.split(content)
    if parts is None:
        raise BadInput(
            f"{path}:1: there is no front matter.",
            hint="Begin with a line `---`, then `id:` and `title:`, then a line `---`.",
        )
    head = parse.header(parts[0], shape, source=path, first_line=2)
    found, line = head.fields["id"], head.lines["id"]
    if not ID.fullmatch(found):
        raise BadInput(
            f"{path}:{line}: {found!r:.60} cannot be an id.",
            hint="An id has letters, digits, - and _, and dots between them.",
        )
    if Path(path).name != f"{found}.md":
        raise BadInput(
            f"{path}:{line}: the id {found!r:.60} does not fit the name of the file.",
            hint=f"Rename the file to {found}.md, or mend the id.",
        )
    return head, parts[1]
