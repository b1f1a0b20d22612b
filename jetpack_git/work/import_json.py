"""A tasks.json: tasks with dependencies, statuses and subtasks, perhaps under several tags.

A subtask is known as `<task>.<subtask>`; tasks of another tag than `master` as `<tag>/<task>`.
"""

from __future__ import annotations

from jetpack_git.models.foreign import Foreign
from jetpack_git.models.foreign import Trouble
from jetpack_git.models.foreign import sections
from jetpack_git.models.foreign import status_of
from jetpack_git.models.mapping import Mapping
from jetpack_git.models.mapping import first_flaw
from jetpack_git.models.task import BLOCKS
from jetpack_git.models.task import Status
from jetpack_git.work.plan_attributes import PRIORITIES
from jetpack_git.work.plan_items import one_line
from jetpack_git.work.plan_structured import DEEPEST
from jetpack_git.work.plan_structured import from_json
from jetpack_git.work.plan_structured import plain
from jetpack_git.work.plan_structured import text_of

MAIN = "master"
_OWN = ("id", "title", "name", "description", "status", "priority", "dependencies", "depends_on",
        "subtasks", "parentId", "parentTaskId")  # fmt: skip


def read(text: str, source: str) -> tuple[list[Foreign], list[Trouble]]:
    """The tasks of the document. Raises BadInput when it is no JSON."""
    reader = _Reader(source)
    top = from_json(text, source)
    if isinstance(top, list):
        reader.tasks(top, 1, "", None)
    elif isinstance(top, Mapping):
        tags = {name: one for name, one in top.values.items() if isinstance(one, Mapping)}
        if isinstance(top.values.get("tasks"), list):
            reader.tasks(top.values["tasks"], top.lines["tasks"], "", None)
        for tag, one in tags.items():
            if isinstance(one.values.get("tasks"), list):
                prefix = "" if tag == MAIN else f"{tag}/"
                reader.tasks(one.values["tasks"], one.lines["tasks"], prefix, None)
    if not reader.found and not reader.troubles:
        reader.troubles.append(Trouble(f"{source}:1", "there are no tasks here", broken=True))
    return reader.found, reader.troubles


class _Reader:
    """The tasks read so far, parents before their subtasks."""

    def __init__(self, source: str) -> None:
        self.found: list[Foreign] = []
        self.troubles: list[Trouble] = []
        self._source = source
        self._ids: set[str] = set()

    def tasks(self, items: list[object], line: int, prefix: str, parent: str | None) -> None:
        """Each of the list is a task; `prefix` stands before their ids."""
        siblings = [_id(item) for item in items if isinstance(item, Mapping)]
        for number, item in enumerate(items, 1):
            if not isinstance(item, Mapping) or not item.lines:
                self._broken(line, f"item {number} of the list that begins here is no task")
                continue
            at = min(item.lines.values())
            own = _id(item)
            title = text_of(item.values.get("title") or item.values.get("name"))
            if own is None or not own.strip() or not title or not title.strip():
                self._broken(at, f"the task has no {'title' if own else 'id'}")
                continue
            own_values = [one for name, one in item.values.items() if name != "subtasks"]
            if flawed := first_flaw([prefix, *item.values, *own_values], at, deepest=DEEPEST):
                self._broken(*flawed)
                continue
            self._task(item, at, prefix, own, title, parent, siblings)
            inside = item.values.get("subtasks")
            if isinstance(inside, list):
                self.tasks(inside, item.lines["subtasks"], f"{prefix}{own}.", f"{prefix}{own}")

    def _task(
        self, item: Mapping, line: int, prefix: str, own: str, title: str, parent: str | None,
        siblings: list[str | None],
    ) -> None:  # fmt: skip
        where = f"{self._source}:{line}"
        if f"{prefix}{own}" in self._ids:
            self._broken(line, f"the id {prefix}{own} stands there again; left out")
            return
        self._ids.add(f"{prefix}{own}")
        said = text_of(item.values.get("status")) or ""
        status = status_of(said)
        if status is None:
            self.troubles.append(Trouble(where, f"the status {said!r:.60} is taken as pending"))
        priority = (text_of(item.values.get("priority")) or "").lower()
        if priority and priority not in PRIORITIES:
            message = f"the priority {priority!r:.60} is none of {', '.join(PRIORITIES)}; left out"
            self.troubles.append(Trouble(where, message))
        more = {
            name: text_of(value) or str(plain(value))
            for name, value in item.values.items()
            if name not in _OWN and value not in (None, "", [])
        }
        self.found.append(
            Foreign(
                id=f"{prefix}{own}", title=one_line(title), where=where,
                description=sections(text_of(item.values.get("description")) or "", more),
                status=status or Status.PENDING, priority=PRIORITIES.get(priority), parent=parent,
                links=tuple(self._links(item, where, prefix, siblings)),
                labels=("deferred",) if said == "deferred" else (),
            )
        )  # fmt: skip

    def _links(
        self, item: Mapping, where: str, prefix: str, siblings: list[str | None]
    ) -> list[tuple[str, str]]:
        """What it waits for: an id alone is a sibling's first, then a task's of the same tag."""
        given = item.values.get("dependencies") or item.values.get("depends_on") or []
        names = [text_of(one) for one in given] if isinstance(given, list) else [None]
        if None in names:
            self.troubles.append(Trouble(where, "its dependencies are no list of ids; left out"))
        tag = prefix[: prefix.index("/") + 1] if "/" in prefix else ""
        return [
            (BLOCKS, f"{prefix}{one}" if one in siblings else f"{tag}{one}") for one in names if one
        ]

    def _broken(self, line: int, message: str) -> None:
        self.troubles.append(Trouble(f"{self._source}:{line}", message, broken=True))


def _id(item: Mapping) -> str | None:
    return text_of(item.values.get("id"))
