"""What a second import changes: what the other tool has changed since the first, and no more."""

from __future__ import annotations

import json
from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any

from jetpack_git.models.foreign import Foreign
from jetpack_git.models.task import BLOCKS
from jetpack_git.models.task import Task

Base = Mapping[str, Any]


def record(one: Foreign) -> str:
    """What was read of the task, for the next import to compare with."""
    return json.dumps(
        {
            "title": one.title, "description": one.description, "priority": one.priority,
            "labels": list(one.labels), "estimate_s": one.estimate_s, "parent": one.parent,
            "status": one.status, "assignee": one.assignee,
            "blocks": [name for kind, name in one.links if kind == BLOCKS],
            "file": one.where.rpartition(":")[0],
        }
    )  # fmt: skip


def is_another(one: Foreign, base: Base) -> bool:
    """Whether it is a different task under the same id, from another file."""
    same_file = one.where.rpartition(":")[0] == base.get("file")
    return bool(base) and not same_file and one.title != base["title"]


def values(one: Foreign, before: Task, base: Base) -> dict[str, object]:
    """The fields of the task: as they are here, but for what has changed there since.

    Without a base everything counts as changed there.
    """
    found: dict[str, object] = {}
    for name in ("title", "description", "priority", "estimate_s"):
        there = getattr(one, name)
        changed = there is not None and (not base or there != base[name])
        found[name] = there if changed else getattr(before, name)
    old = set(base["labels"]) if base else set(before.labels)
    there = set(one.labels)
    found["labels"] = tuple(sorted((set(before.labels) - (old - there)) | (there - old)))
    return found


def no_longer(one: Foreign, base: Base) -> Iterable[str]:
    """What it waited for there at the last import, and does not wait for now."""
    now = {name for kind, name in one.links if kind == BLOCKS}
    return [name for name in base.get("blocks", ()) if name not in now]
