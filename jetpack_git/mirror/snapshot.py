"""The tasks as of a commit: a database in memory, made from the files there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from jetpack_git.data import settle
from jetpack_git.data.database import Database
from jetpack_git.data.database import in_memory
from jetpack_git.data.journal import Journal
from jetpack_git.data.memories import put
from jetpack_git.data.rows import dump
from jetpack_git.data.rows import task_columns
from jetpack_git.errors import BadInput
from jetpack_git.git import compare
from jetpack_git.git import objects
from jetpack_git.mirror import files
from jetpack_git.mirror import read
from jetpack_git.mirror import structure
from jetpack_git.models.memory import Memory
from jetpack_git.models.task import Task


def at(revision: str, *, cwd: Path, memories: bool = False) -> tuple[Database, list[str]]:
    """The database, and a sentence for each file that cannot be used.

    Raises BadInput when there is no such commit.
    """
    commit = compare.commit_id(revision, cwd=cwd)
    there = compare.tree(commit, files.MEMORIES if memories else files.FOLDER, cwd=cwd)
    wanted = {
        path: blob
        for path, (mode, blob) in there.items()
        if mode == compare.PLAIN and path.endswith(".md") and "/." not in path.removeprefix(".")
    }
    texts = objects.blobs(wanted.values(), cwd=cwd, fetch=True)
    tasks: list[Task] = []
    plans: list[dict[str, object]] = []
    learned: list[Memory] = []
    warnings = []
    for path, blob in wanted.items():
        try:
            if memories:
                learned.append(read.memory(texts[blob], path))
            elif path.startswith(files.PLANS + "/"):
                plan, extra = read.plan(texts[blob], path)
                plans.append(vars(plan) | {"extra": dump(extra)})
            else:
                tasks.append(read.task(texts[blob], path).task)
        except BadInput as error:
            warnings.append(f"{error.message} (as of {revision})")
    db = in_memory()
    with db.transaction_quietly():
        _fill(db, tasks, plans)
        for one in sorted(learned, key=lambda one: (one.created_at, one.id)):
            put(db, replace(one, updated_at=one.created_at))
    return db, warnings


def _fill(db: Database, found: list[Task], plans: list[dict[str, object]]) -> None:
    tasks = structure.by_age(found)
    db.many("plans.save", plans)
    known = {one["id"] for one in plans}
    lost = {one.plan_id for one in tasks if one.plan_id} - known
    db.many("plans.save_if_new", [{"id": one, "title": one, "created_at": ""} for one in lost])
    rows = [replace(one, updated_at=one.completed_at or one.created_at) for one in tasks]
    db.many("tasks.insert", [task_columns(one) for one in rows])
    db.many(
        "dependencies.add",
        [{"task_id": one.id, "depends_on": other} for one in tasks for other in one.depends],
    )
    db.many(
        "links.add",
        [
            {"task_id": one.id, "kind": kind, "other": other}
            for one in tasks
            for kind, other in one.links
        ],
    )
    db.many(
        "aliases.add", [{"alias": each, "task_id": one.id} for one in tasks for each in one.aliases]
    )
    parents = dict.fromkeys(one.parent_id for one in tasks if one.parent_id)
    settle.after_structure(Journal(db, None), [one.id for one in tasks], parents)
