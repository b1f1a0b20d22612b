"""A folder of Markdown files, one task each, with front matter."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from jetpack_git.errors import BadInput
from jetpack_git.models import durations
from jetpack_git.models import mapping
from jetpack_git.models.foreign import Foreign
from jetpack_git.models.foreign import Trouble
from jetpack_git.models.foreign import moment
from jetpack_git.models.foreign import status_of
from jetpack_git.models.mapping import Mapping
from jetpack_git.models.task import BLOCKS
from jetpack_git.models.task import Status
from jetpack_git.work.plan_attributes import PRIORITIES
from jetpack_git.work.plan_items import one_line

MAX_BYTES = 5_000_000
_PARENT = ("parent_task_id", "parent", "parent_id")
_DEPENDS = ("dependencies", "depends", "depends_on")
_LABELS = ("labels", "tags")
_CREATED = ("created_date", "created", "created_at")
_FENCE = "---"


def read(folder: Path) -> tuple[list[Foreign], list[Trouble]]:
    """The tasks of all files below the folder, by `ordinal` and name, and what is wrong.

    Raises BadInput when it is no folder.
    """
    if not folder.is_dir():
        raise BadInput(f"{folder} is no folder.", hint="Name the folder that holds the files.")
    found: list[tuple[float, Foreign]] = []
    troubles: list[Trouble] = []
    for path in _files(folder):
        try:
            found.append(_task(path, troubles))
        except BadInput as error:
            where, _, message = error.message.partition(": ")
            troubles.append(Trouble(where, message, broken=True))
        except OSError as error:
            troubles.append(Trouble(str(path), f"cannot be read: {error.strerror}", broken=True))
    there: set[str] = set()
    for pair in list(found):
        if pair[1].id in there:
            found.remove(pair)
            message = f"the id {pair[1].id!r:.60} stands there again; left out"
            troubles.append(Trouble(pair[1].where, message, broken=True))
        there.add(pair[1].id)
    by_name = {task.id.casefold(): task.id for _, task in found}
    found.sort(key=lambda pair: pair[0])
    return [_as_written(task, by_name) for _, task in found], troubles


def _files(folder: Path) -> Iterable[Path]:
    """The Markdown files below the folder; no link is followed."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        for name in sorted(names):
            path = Path(place, name)
            if name.endswith(".md") and not name.startswith(".") and not path.is_symlink():
                yield path


def _task(path: Path, troubles: list[Trouble]) -> tuple[float, Foreign]:
    """The task of the file, and its place among the others."""
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES or b"\0" in data:
        raise BadInput(f"{path}: this is no Markdown file of up to {MAX_BYTES:,} bytes")
    try:
        lines = data.decode("utf-8-sig").replace("\r\n", "\n").split("\n")
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: byte {error.start} is not UTF-8") from error
    ends = [at for at in range(1, len(lines)) if lines[at].rstrip() == _FENCE]
    if lines[0].rstrip() != _FENCE or not ends:
        raise BadInput(f"{path}:1: there is no front matter")
    head = mapping.read("\n".join(lines[1 : ends[0]]), source=str(path), first_line=2)
    body = lines[ends[0] + 1 :]
    titles = [line[2:].strip() for line in body if line.startswith("# ")]
    title = _text(head, ("title",)) or (titles[0] if titles else path.stem)
    said = _text(head, ("status",)) or ""
    status = status_of(said)
    if status is None:
        where = f"{path}:{head.lines['status']}"
        troubles.append(Trouble(where, f"the status {said!r:.60} is taken as pending"))
    priority = (_text(head, ("priority",)) or "").lower()
    if priority and priority not in PRIORITIES:
        message = f"the priority {priority!r:.60} is none of {', '.join(PRIORITIES)}; left out"
        troubles.append(Trouble(f"{path}:{head.lines['priority']}", message))
    estimate_s = None
    if given := _text(head, ("estimate",)):
        try:
            estimate_s = round(durations.parse(given))
        except BadInput as error:
            message = f"{error.message.rstrip('.')}; left out"
            troubles.append(Trouble(f"{path}:{head.lines['estimate']}", message))
    people = _texts(head, ("assignee", "assignees"))
    try:
        place = float(_text(head, ("ordinal", "order")) or "inf")
    except ValueError:
        place = float("inf")
    return place, Foreign(
        id=_text(head, ("id",)) or path.stem, title=one_line(title), where=f"{path}:1",
        description="\n".join(body).strip("\n"), status=status or Status.PENDING,
        priority=PRIORITIES.get(priority), estimate_s=estimate_s,
        parent=_text(head, _PARENT), labels=tuple(dict.fromkeys(_texts(head, _LABELS))),
        links=tuple((BLOCKS, one) for one in _texts(head, _DEPENDS)),
        assignee=people[0].removeprefix("@") or None if people else None,
        created_at=moment(_text(head, _CREATED) or ""),
    )  # fmt: skip


def _as_written(task: Foreign, by_name: dict[str, str]) -> Foreign:
    """The task with the ids of others in the case in which they write them."""
    links = tuple((kind, by_name.get(one.casefold(), one)) for kind, one in task.links)
    parent = by_name.get((task.parent or "").casefold(), task.parent)
    return replace(task, links=links, parent=parent)


def _text(head: Mapping, names: tuple[str, ...]) -> str | None:
    found = (head.values[name] for name in names if isinstance(head.values.get(name), str))
    return next((one.strip() for one in found if one.strip()), None)


def _texts(head: Mapping, names: tuple[str, ...]) -> list[str]:
    value: Any = next((head.values[name] for name in names if head.values.get(name)), [])
    parts = value.split(",") if isinstance(value, str) else value
    return [one.strip() for one in parts if isinstance(one, str) and one.strip()]
