"""What is wrong with what files say of other tasks: these are not there, or wait for each other."""

from __future__ import annotations

from collections.abc import Mapping

from jetpack_git.data.database import Database
from jetpack_git.mirror import structure
from jetpack_git.mirror.read import Parsed


def references(db: Database, changed: Mapping[str, tuple[str, Parsed]]) -> dict[str, list[str]]:
    """A sentence for each fault, by the task in whose file it can be mended.

    `changed` has the path and the content of the files, by the ids of their tasks.
    """
    tasks = {task_id: parsed.task for task_id, (_, parsed) in changed.items()}
    wanted = {one for task in tasks.values() for one in (*task.depends, task.parent_id) if one}
    missing = structure.missing(db, wanted)
    found: dict[str, list[str]] = {}
    for task_id, task in tasks.items():
        for key, names in (("parent", (task.parent_id,)), ("depends", task.depends)):
            for name in missing.intersection(one for one in names if one):
                said = f"{_where(changed, task_id, key)}: {key}: there is no task {name!r:.60}"
                found.setdefault(task_id, []).append(said)
    for loop in structure.loops(db, sorted(changed)):
        task_id, key = next(
            (one, key)
            for key in ("depends", "parent", "id")
            for one in (*loop, *changed)
            if one in changed and key in changed[one][1].lines
        )
        found.setdefault(task_id, []).append(
            f"{_where(changed, task_id, key)}: tasks wait for each other: {' -> '.join(loop)}. "
            "Take one of these out of `depends:` or `parent:`, and run: git jetpack sync"
        )
    return found


def _where(changed: Mapping[str, tuple[str, Parsed]], task_id: str, key: str) -> str:
    path, parsed = changed[task_id]
    return f"{path}:{parsed.lines.get(key, 1)}"
