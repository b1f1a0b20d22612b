"""Tasks as files say them, all at once: what blocks what, without a database."""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Mapping
from functools import cached_property
from typing import NamedTuple

from jetpack_git.mirror import read
from jetpack_git.mirror import structure
from jetpack_git.models.task import CLOSED
from jetpack_git.models.task import OPEN
from jetpack_git.models.task import Status
from jetpack_git.models.task import Task

_WORDS = r"[A-Za-z0-9](?:[^\n:#]*[^\n:# ])?"
_QUOTED = r"\"([^\"\\\n]*)\""
_ITEMS = rf"(?:  - (?:{_WORDS}|\"[^\"\\\n]*\")\n)+"
# What matters, where nothing in it needs YAML; and whatever else stands under these keys.
_PLAIN = re.compile(
    rf"^(?:(id|title|status|parent|plan): (?:({_WORDS})|{_QUOTED})\n"
    rf"|(depends|files):\n({_ITEMS}))(?![ -])",
    re.M,
)
_ANY = re.compile(r"^(?:id|title|status|parent|plan|depends|files):", re.M)
_NULL = ("null", "Null", "NULL")


class Brief(NamedTuple):
    """What matters of one task to all the others."""

    id: str
    title: str
    status: str
    parent_id: str | None
    plan_id: str | None
    depends: tuple[str, ...]
    files: tuple[str, ...]


def brief(data: bytes, path: str) -> Brief:
    """The task in the bytes of the file at `path`. Raises BadInput, though not for every fault
    in what does not matter to other tasks."""
    end = data.find(b"\n---\n", 3)
    head = data[: end + 1].decode("utf-8", "surrogateescape") if data.startswith(b"---\n") else ""
    found = _PLAIN.findall(head)
    one = {key or other: items or plain or quoted for key, plain, quoted, other, items in found}
    name = path.rpartition("/")[2].removesuffix(".md")
    if (
        len(one) != len(_ANY.findall(head)) or not one.get("title") or one.get("id") != name
        or not {*one.values()}.isdisjoint(_NULL) or not head.replace("\n", "").isprintable()
    ):  # fmt: skip
        return of(read.task(data, path).task)
    return Brief(
        one["id"], one["title"], one.get("status", Status.PENDING), one.get("parent") or None,
        one.get("plan") or None, _items(one.get("depends", "")), _items(one.get("files", "")),
    )  # fmt: skip


def _items(text: str) -> tuple[str, ...]:
    """The items of a list, one a line."""
    return tuple(line[4:].strip('"') for line in text.splitlines())


def of(task: Task) -> Brief:
    """The same of a task that was read as a whole."""
    return Brief(
        task.id, task.title, task.status, task.parent_id, task.plan_id, task.depends, task.files
    )


class Board:
    """All tasks of one revision, by id."""

    def __init__(self, tasks: Mapping[str, Brief]) -> None:
        self.tasks = tasks

    @cached_property
    def children(self) -> dict[str, list[str]]:
        """The ids of each parent's children."""
        found: dict[str, list[str]] = {}
        for one in self.tasks.values():
            if one.parent_id in self.tasks:
                found.setdefault(str(one.parent_id), []).append(one.id)
        return found

    @cached_property
    def closed(self) -> set[str]:
        """The tasks that are over: a parent is, when all its children are."""
        left = {task_id: len(below) for task_id, below in self.children.items()}
        found: set[str] = set()
        due = [one.id for one in self.tasks.values() if one.id not in left and one.status in CLOSED]
        while due:
            task_id = due.pop()
            found.add(task_id)
            parent = self.tasks[task_id].parent_id
            if parent in left:
                left[parent] -= 1
                due += [parent] * (left[parent] == 0)
        return found

    def above(self, task_id: str) -> Iterable[Brief]:
        """The task and its ancestors, the nearest first."""
        seen: set[str] = set()
        one = self.tasks.get(task_id)
        while one is not None and one.id not in seen:
            seen.add(one.id)
            yield one
            one = self.tasks.get(one.parent_id or "")

    def waits_for(self, task_id: str) -> set[str]:
        """What the task or an ancestor depends on and is not over, or not here."""
        return self._named(task_id) - self.closed

    def _named(self, task_id: str) -> set[str]:
        """What the task or an ancestor depends on."""
        return {other for one in self.above(task_id) for other in one.depends}

    def loops(self, ids: Iterable[str]) -> list[list[str]]:
        """Ways from a task back to itself, which can be reached from these tasks."""

        def after(task_id: str) -> Iterable[str]:
            return self._named(task_id) | {*self.children.get(task_id, ())}

        return structure.ways(ids, after)

    def is_ready(self, task_id: str) -> bool:
        """Whether the task could be claimed."""
        one = self.tasks.get(task_id)
        return (
            one is not None and one.status in OPEN and task_id not in self.children
            and not self.waits_for(task_id)
        )  # fmt: skip

    @cached_property
    def progress(self) -> dict[str, tuple[int, int]]:
        """How many leaves of each plan are completed, of how many that are not cancelled."""
        found: dict[str, tuple[int, int]] = {}
        plans: dict[str, str | None] = {}
        for task_id, one in self.tasks.items():
            way = []
            for each in self.above(task_id):
                way.append(each)
                if each.plan_id or each.id in plans:
                    break
            plan = plans.get(way[-1].id, way[-1].plan_id)
            plans |= dict.fromkeys([each.id for each in way], plan)
            if plan and task_id not in self.children and one.status != Status.CANCELLED:
                done, total = found.get(plan, (0, 0))
                found[plan] = (done + (one.status == Status.COMPLETED), total + 1)
        return found
