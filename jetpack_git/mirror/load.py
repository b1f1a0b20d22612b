"""From the files of one worktree to the database.

A file version that the database has written or read before brings no news. An unknown
version wins over a row that is as this worktree's file last was; where the row has changed
too, the row stays, and the conflict is kept as an event.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from pathlib import Path

from jetpack_git import clock
from jetpack_git.data import settle
from jetpack_git.data.database import Database
from jetpack_git.data.journal import Journal
from jetpack_git.data.rows import dump
from jetpack_git.data.rows import task_columns
from jetpack_git.data.rows import to_task
from jetpack_git.errors import BadInput
from jetpack_git.errors import StoreError
from jetpack_git.git.run import git
from jetpack_git.mirror import export
from jetpack_git.mirror import files
from jetpack_git.mirror import text
from jetpack_git.models import parse
from jetpack_git.models.task import STORED
from jetpack_git.models.task import Task

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*")
_MARKER = re.compile(r"^(<{7}|={7}|>{7}|\|{7})( |$)", re.MULTILINE)


@dataclass
class Report:
    """What a load did: ids of tasks, and sentences for people."""

    added: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _File:
    path: str
    blob: str
    stat: str
    task: Task


def load(
    db: Database, worktree: str, *, force: Collection[str] | None = None, trusted: bool = False
) -> Report:
    """The news in the worktree's files is in the database.

    `force` names tasks whose files win over the rows (an empty collection: all of them).
    A file that cannot be used is reported with its line, left alone, and stops no other.
    `trusted` says that the database is new, so that every file is read.
    """
    report = Report()
    found: list[_File] = []
    logs: list[tuple[str, str]] = []
    seen = {str(row["path"]): row for row in db.all("mirror.all_seen", worktree=worktree)}
    for path, stat in files.listing(worktree):
        row = seen.get(path)
        if force is None and row is not None and row["stat"] == stat and not trusted:
            continue
        if path.endswith(".log"):
            logs.append((path, stat))
        elif path.startswith(files.PLANS + "/"):
            _load_plan(db, worktree, path, stat, report)
        else:
            one = _read_task(db, worktree, path, stat, force, report)
            found += [one] if one is not None else []
    with db.transaction():
        changed = _apply(db, worktree, found, force, report)
        for path, stat in logs:
            _load_log(db, worktree, path, stat, report)
        if changed:
            parents = {task.parent_id for task in changed.values() if task.parent_id}
            known = set(changed) | parents
            settle.after_structure(Journal(db, None), changed, sorted(known))
            settle.after_status(Journal(db, None), changed)
    return report


def _read_task(
    db: Database,
    worktree: str,
    path: str,
    stat: str,
    force: Collection[str] | None,
    report: Report,
) -> _File | None:
    """The task that a file brings, or None when it brings no news or cannot be used."""
    try:
        data = files.read(worktree, path) or b""
        blob = files.blob_id(data, export.object_format(db))
        wanted = force is not None and (not force or Path(path).stem in force)
        if not wanted and db.one("mirror.is_known", path=path, blob=blob) is not None:
            with db.transaction_quietly():
                db.run("mirror.see", worktree=worktree, path=path, blob=blob, stat=stat)
            return None
        task, warnings = parse_task(data, path)
    except (BadInput, StoreError) as error:
        report.errors.append(f"{error.message}" + (f" {error.hint}" if error.hint else ""))
        return None
    report.warnings.extend(warnings)
    return _File(path, blob, stat, task)


def parse_task(data: bytes, path: str) -> tuple[Task, list[str]]:
    """The task in the bytes of a file, and what is odd about it. Raises BadInput."""
    try:
        content = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise BadInput(f"{path}:{line}: this is no UTF-8 text.") from error
    marker = _MARKER.search(content)
    if marker:
        line = content.count("\n", 0, marker.start()) + 1
        raise BadInput(
            f"{path}:{line}: a conflict marker of git stands here.",
            hint="Choose a side, remove the markers, and run: git jetpack sync",
        )
    parts = text.split(content)
    if parts is None:
        raise BadInput(
            f"{path}:1: the file does not begin with front matter.",
            hint="Begin it with a line `---`, then `id:` and `title:`, then a line `---`.",
        )
    head = parse.header(parts[0], parse.TaskFields, source=path, first_line=2)
    return _to_task(head, parts[1], path)


def _to_task(head: parse.Header, body: str, path: str) -> tuple[Task, list[str]]:
    got = head.fields
    if not ID.fullmatch(got["id"]):
        raise BadInput(f"{path}:2: {got['id']!r} cannot be an id.")
    if Path(path).name != f"{got['id']}.md":
        raise BadInput(
            f"{path}:2: the id {got['id']!r} does not fit the name of the file.",
            hint=f"Rename the file to {got['id']}.md, or mend the id.",
        )
    warnings = [f"{path}: unknown key {key!r} is kept" for key in head.unknown]
    status = got.get("status", "pending")
    if status in ("ready", "blocked"):
        warnings.append(f"{path}: {status} follows from the dependencies; read as pending")
        status = "pending"
    elif status not in STORED:
        warnings.append(f"{path}: unknown status {status!r} is kept; nobody can claim the task")
    task = Task(
        id=got["id"], title=got["title"], description=body, status=status,
        priority=got.get("priority", 2), parent_id=got.get("parent"),
        position=got.get("order", 0), plan_id=got.get("plan"), plan_key=got.get("key"),
        skills=tuple(sorted(set(got.get("skills", ())))), files=tuple(got.get("files", ())),
        depends=tuple(sorted(set(got.get("depends", ())))), estimate_s=got.get("estimate"),
        assignee=got.get("assignee"), branch=got.get("branch"), summary=got.get("summary"),
        created_at=got.get("created") or clock.now(), completed_at=got.get("completed"),
        extra=dict(head.unknown),
    )  # fmt: skip
    return task, warnings


def _apply(
    db: Database,
    worktree: str,
    found: list[_File],
    force: Collection[str] | None,
    report: Report,
) -> dict[str, Task]:
    """The rows are as the files say, parents before children; the tasks that changed."""
    changed: dict[str, Task] = {}
    history: dict[str, set[str]] | None = None
    for one in sorted(found, key=lambda file: (file.task.created_at, file.path)):
        row = db.one("tasks.get", id=one.task.id)
        if row is None:
            db.run("tasks.insert", **task_columns(replace(one.task, updated_at=clock.now())))
            report.added.append(one.task.id)
        else:
            ours = to_task(row)
            if force is None and not _as_last_seen(db, worktree, one.path, ours):
                history = history if history is not None else _history(worktree)
                if _blob(db, ours) not in history.get(one.path, set()):
                    report.conflicts.append(export.conflict(db, worktree, one.path, one.task.id))
                    continue
            db.run("tasks.update", **task_columns(_merged(ours, one.task)))
            report.updated.append(one.task.id)
        changed[one.task.id] = one.task
        _note(db, worktree, one)
    return changed


def _merged(ours: Task, theirs: Task) -> Task:
    """The row with all that the file says; what no file says stays."""
    return replace(
        theirs,
        status=ours.status if ours.children else theirs.status,
        commit_id=ours.commit_id,
        claimed_at=ours.claimed_at,
        updated_at=clock.now(),
    )


def _note(db: Database, worktree: str, one: _File) -> None:
    """Dependencies, plan and versions that belong to a task just read are recorded."""
    task = one.task
    db.run("dependencies.clear", task_id=task.id)
    db.many(
        "dependencies.add",
        [{"task_id": task.id, "depends_on": other} for other in task.depends if other != task.id],
    )
    if task.plan_id:
        db.run("plans.save_if_new", id=task.plan_id, title=task.plan_id, created_at=clock.now())
    db.run("mirror.remember", path=one.path, blob=one.blob)
    db.run("mirror.see", worktree=worktree, path=one.path, blob=one.blob, stat=one.stat)


def _as_last_seen(db: Database, worktree: str, path: str, ours: Task) -> bool:
    """Whether the row still is what this worktree's file was when it was last known."""
    seen = db.one("mirror.seen", worktree=worktree, path=path)
    return seen is not None and seen["blob"] == _blob(db, ours)


def _blob(db: Database, task: Task) -> str:
    return files.blob_id(text.task_text(task).encode(), export.object_format(db))


def _history(worktree: str) -> dict[str, set[str]]:
    """The versions of each mirror file in the history of what is checked out here."""
    out = git(
        "log", "--format=", "--raw", "--no-abbrev", "--no-renames", "-z", "HEAD", "--",
        files.FOLDER, cwd=Path(worktree), check=False,
    )  # fmt: skip
    found: dict[str, set[str]] = {}
    fields = out.split("\0")
    for info, path in zip(fields[::2], fields[1::2], strict=False):
        found.setdefault(path, set()).update(info.split(" ")[2:4])
    return found


def _load_plan(db: Database, worktree: str, path: str, stat: str, report: Report) -> None:
    """The plan of a file is in the database."""
    try:
        data = files.read(worktree, path) or b""
        parts = text.split(data.decode("utf-8", "replace"))
        if parts is None:
            raise BadInput(f"{path}:1: the file does not begin with front matter.")
        head = parse.header(parts[0], parse.PlanFields, source=path, first_line=2)
    except (BadInput, StoreError) as error:
        report.errors.append(error.message)
        return
    blob = files.blob_id(data, export.object_format(db))
    with db.transaction():
        if db.one("mirror.is_known", path=path, blob=blob) is None:
            db.run(
                "plans.save", id=head.fields["id"], title=head.fields["title"],
                source=head.fields.get("source") or "",
                created_at=head.fields.get("created") or clock.now(), extra=dump(head.unknown),
            )  # fmt: skip
            db.run("mirror.remember", path=path, blob=blob)
        db.run("mirror.see", worktree=worktree, path=path, blob=blob, stat=stat)


def _load_log(db: Database, worktree: str, path: str, stat: str, report: Report) -> None:
    """The events of a log are in the database; lines that are none of ours stay in the file."""
    try:
        data = files.read(worktree, path) or b""
    except StoreError as error:
        report.errors.append(error.message)
        return
    task_id = Path(path).name.removesuffix(".log")
    for line in data.decode("utf-8", "replace").splitlines():
        event = text.log_event(line, task_id)
        if event is not None:
            db.run(
                "events.insert", id=event.id, at=event.at, kind=event.kind, task_id=task_id,
                agent=event.agent, note=event.note, data="{}",
            )  # fmt: skip
    db.run("mirror.see", worktree=worktree, path=path, blob="", stat=stat)
