"""What is odd about a branch: each kind of it is a setting, which says how bad it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import chain

from jetpack_git.data.database import Database
from jetpack_git.errors import BadInput
from jetpack_git.git.compare import Commit
from jetpack_git.mirror import files
from jetpack_git.mirror import text
from jetpack_git.models.config import ReviewConfig
from jetpack_git.models.event import Event
from jetpack_git.models.patterns import Pattern
from jetpack_git.models.review import OFF
from jetpack_git.models.review import Finding
from jetpack_git.models.task import CLOSED
from jetpack_git.models.task import Status
from jetpack_git.models.transitions import TRANSITIONS
from jetpack_git.review.learned import unreadable
from jetpack_git.review.sides import Pair
from jetpack_git.review.sides import Sides
from jetpack_git.work import guard

Found = Iterator[tuple[str, str, str]]
_TARGETS = {one.event: one.target for one in TRANSITIONS.values()}
_BEGINS = frozenset({"task.claimed", "task.handed_over"})
_ONGOING = frozenset({"task.begun", "task.progress", "task.commented"})


def findings(sides: Sides, config: ReviewConfig, db: Database | None) -> list[Finding]:
    """All that is odd, the kinds in the order of the config.

    What was reserved only the database knows, if there is one.
    """
    order = {kind: (number, level) for number, (kind, level) in enumerate(config._asdict().items())}
    checks = [check(sides) for check in (_files, _states, _links, _logs, _paths, _commits)]
    if db is not None:
        checks.append(_reserved(sides, db))
    found = [
        Finding(kind, order[kind][1], place, said)
        for kind, place, said in chain.from_iterable(checks)
        if order[kind][1] != OFF
    ]
    return sorted(dict.fromkeys(found), key=lambda one: order[one.kind][0])


def _files(sides: Sides) -> Found:
    """Files of ours that cannot be used."""
    for pair in sides.pairs:
        for said in pair.trouble.split("\n") if pair.trouble else ():
            kind = "markers" if "conflict marker" in said else "unreadable"
            yield kind, pair.path, said
    for path, said in unreadable(sides):
        kind = "markers" if "conflict marker" in said else "unreadable"
        yield kind, path, said


def _states(sides: Sides) -> Found:
    """Tasks that go backwards, or that say what their log does not."""
    for pair in sides.pairs:
        before, after = pair.before, pair.after
        if pair.trouble:
            continue
        if after is None:
            if (
                before is not None
                and pair.task_id in sides.before.closed
                and (before.status != Status.CANCELLED)
            ):
                yield "deleted", pair.task_id, before.title
            continue
        was_over = before is not None and before.status in CLOSED
        if was_over and after.status not in CLOSED and after.id not in sides.after.children:
            assert before is not None
            yield "reopened", after.id, f"was {before.status}, and is {after.status}"
        said = _unlogged(sides, pair)
        if said:
            yield "hand_edited", after.id, said


def _unlogged(sides: Sides, pair: Pair) -> str:
    """How the status of the file differs from what its log explains; empty if it does not."""
    before, after = pair.before, pair.after
    assert after is not None
    if (before is not None and before.status == after.status) or after.id in sides.after.children:
        return ""
    log = sides.log(after.id)
    reached = [_TARGETS[one.kind] for one in log if one.kind in _TARGETS]
    if not reached and before is None:
        return ""  # it came so, from another tool
    if after.status in reached or (after.status == Status.PENDING and not reached):
        return ""
    return f"is {after.status}"


def _links(sides: Sides) -> Found:
    """Tasks that wait for what is not there, or for each other."""
    tasks = sides.after.tasks
    for pair in sides.pairs:
        if pair.after is not None:
            for other in (*pair.after.depends, pair.after.parent_id or pair.after.id):
                if other not in tasks:
                    yield "missing", pair.after.id, other
    gone = {one.task_id for one in sides.pairs if one.before and not one.after and not one.trouble}
    known = {one.task_id for one in sides.pairs}
    for task_id, task in sides.after.tasks.items() if gone else ():
        for lost in sorted({*task.depends, task.parent_id or ""} & gone):
            if task_id not in known:
                yield "missing", task_id, lost
    for way in sides.after.loops([one.after.id for one in sides.pairs if one.after]):
        yield "cycle", way[0], " -> ".join(way)


def _logs(sides: Sides) -> Found:
    """Logs that have lost lines: they are only ever added to."""
    for task_id in sides.changed_logs:
        gone = _ids(sides.log(task_id, old=True)) - _ids(sides.log(task_id))
        if gone and task_id in sides.after.tasks:
            yield "log_changed", task_id, f"{len(gone)} lines are gone or changed"


def _paths(sides: Sides) -> Found:
    """Code that none of the branch's tasks declares, or that somebody else was at work on."""
    mine = {one.after.id for one in sides.pairs if one.after} | set(sides.changed_logs)
    mine |= {one.task_id for one in sides.commits}
    declared = list(_declared(sides))
    for path in sides.code:
        holders = {task_id for task_id, pattern in declared if pattern.matches(path)}
        if not holders & mine:
            yield "undeclared", path, ""
        for task_id in sorted(holders - mine):
            for commit in sides.commits:
                other = _holder(sides.log(task_id), commit.at) if path in commit.paths else None
                if other and other not in _names(sides, commit):
                    yield (
                        "reserved",
                        path,
                        (
                            f"{commit.id[:12]} changed it while {other} was at work on {task_id}, "
                            "which declares it"
                        ),
                    )


def _declared(sides: Sides) -> Iterator[tuple[str, Pattern]]:
    """Each pattern of files that a task declares."""
    for task_id, one in sides.after.tasks.items():
        for name in one.files:
            with suppress(BadInput):
                yield task_id, Pattern(name)


def _commits(sides: Sides) -> Found:
    """Commits that change code, and nothing says for which task."""
    for one in sides.commits:
        said = one.task_id or any(path.startswith(f"{files.FOLDER}/") for path in one.paths)
        if not said and not set(sides.code).isdisjoint(one.paths):
            yield "no_task", one.id[:12], one.subject


def _reserved(sides: Sides, db: Database) -> Found:
    """Code that somebody else had reserved, with the right of way, when it was changed."""
    if not sides.commits:
        return
    touched = guard.touching(db, sides.code, since=min(one.at for one in sides.commits))
    for commit in sides.commits:
        names = _names(sides, commit)
        for path in commit.paths:
            held = [
                row for _, row in touched.get(path, ())
                if str(row["created_at"]) <= commit.at
                < str(row["released_at"] or row["expires_at"])
            ]  # fmt: skip
            rights = [row for row in held if row["agent"] in names or not row["shared"]]
            if rights and rights[0]["agent"] not in names:
                yield (
                    "reserved",
                    path,
                    (
                        f"{commit.id[:12]} changed it while {rights[0]['agent']} had reserved "
                        f"{rights[0]['pattern']}"
                    ),
                )


def _names(sides: Sides, commit: Commit) -> set[str]:
    """Whoever may have made the commit: its author, and the holders of the tasks in it."""
    paths = {files.task_path(commit.task_id), *commit.paths}
    tasks = [one.after for one in sides.pairs if one.after and one.path in paths]
    return {commit.agent, commit.author, *(one.assignee or "" for one in tasks)}


def _holder(log: list[Event], at: str) -> str | None:
    """Who held the task at that time, as its log says."""
    found = None
    for one in log:
        if one.at > at:
            break
        if one.kind in _BEGINS:
            found = one.agent
        elif one.kind not in _ONGOING:
            found = None
    return found


def _ids(log: list[Event]) -> set[str]:
    return {text.log_line(one) for one in log}
