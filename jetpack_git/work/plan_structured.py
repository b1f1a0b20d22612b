"""Plans in JSON and YAML: items nested in `items`.

The fields of an item may be written `dependsOn` or `depends_on`, and bear the names that
other tools give them. What is no field of ours is kept at the end of the description.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from jetpack_git.models import mapping
from jetpack_git.models.mapping import Mapping
from jetpack_git.models.plan_document import PlanDocument
from jetpack_git.work.plan_attributes import Attributes
from jetpack_git.work.plan_attributes import assign
from jetpack_git.work.plan_items import Draft
from jetpack_git.work.plan_items import Elsewhere
from jetpack_git.work.plan_items import Problem
from jetpack_git.work.plan_items import document
from jetpack_git.work.plan_items import head_text
from jetpack_git.work.plan_items import one_line
from jetpack_git.work.plan_items import refusal
from jetpack_git.work.plan_items import too_long

DEEPEST = 200  # two for each level of items

_FIELDS = {
    "title": ("title", "name"),
    "id": ("id", "key"),
    "description": ("description",),
    "items": ("items", "children", "tasks", "subtasks"),
    "depends": ("depends", "depends_on", "dependencies"),
    "skills": ("skills",),
    "priority": ("priority",),
    "files": ("files",),
    "estimate": ("estimate",),
    "estimate_s": ("estimate_s", "estimate_seconds"),
    "estimate_m": ("estimate_minutes", "estimated_minutes"),
    "estimate_h": ("estimate_hours", "estimated_hours"),
    "done": ("done", "completed"),
    "status": ("status",),
}
_NAMES = {name: field for field, names in _FIELDS.items() for name in names}
_LISTS = ("depends", "skills", "files")
_DONE = frozenset({"done", "completed", "closed"})
_NOT_DONE = frozenset({"pending", "ready", "open", "todo", "blocked", "claimed", "in_progress"})
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|[{}\n]')


def from_json(text: str, source: str) -> object:
    """The value of the text, its objects as mappings. Raises BadInput with the line."""
    starts = _object_lines(text)

    def pairs(given: list[tuple[str, object]]) -> Mapping:
        line = next(starts)
        found = Mapping(dict(given), {name: line for name, _ in given})
        if len(found.values) < len(given):
            names = [name for name, _ in given]
            twice = next(name for name in names if names.count(name) > 1)
            message = f"the key {twice!r:.60} stands twice in the object that begins here"
            raise refusal(source, [Problem(line, message, "Keep one of them.")])
        return found

    try:
        return json.loads(text, object_pairs_hook=pairs)
    except json.JSONDecodeError as error:
        problem = Problem(error.lineno, f"this is no JSON: {error.msg}", "Mend it there.")
        raise refusal(source, [problem]) from error
    except (RecursionError, ValueError) as error:  # a number of thousands of digits is the other
        problem = Problem(1, f"this cannot be read: {error}", "Write it flatter and shorter.")
        raise refusal(source, [problem]) from error


def from_yaml(text: str, source: str) -> object:
    """The mapping of the text. Raises BadInput with the line."""
    return mapping.read(text, source=source, deepest=DEEPEST)


def parse(top: object, *, source: str, title: str, elsewhere: Elsewhere) -> PlanDocument:
    """The plan that is a mapping with `items`, or a list of them."""
    if flawed := mapping.first_flaw(top, 1, deepest=DEEPEST):
        raise refusal(source, [Problem(*flawed, "Take it out.")])
    reader = _Reader()
    head = top if isinstance(top, Mapping) else Mapping({"items": top}, {"items": 1})
    fields = _fields(head)
    items = next((name for name, field in fields.items() if field == "items"), None)
    if items is None:
        hint = "Write them as a list: items, each with a title."
        raise refusal(source, [Problem(1, "the plan has no items", hint)])
    reader.read_items(head.values[items], head.lines[items], parent=-1)
    if not reader.drafts and not reader.problems:
        reader.problems.append(Problem(1, "the plan has no items", "Write at least one."))
    names = {field: name for name, field in fields.items()}
    return document(
        reader.drafts, reader.problems, source=source,
        title=head_text(head, names.get("title", "title"), source) or title,
        plan_id=head_text(head, names.get("id", "id"), source), elsewhere=elsewhere,
    )  # fmt: skip


def _object_lines(text: str) -> Iterator[int]:
    """The line where each object of the JSON text begins, in the order in which they end."""
    line = 1
    open_: list[int] = []
    for token in _TOKEN.finditer(text):
        if token[0] == "\n":
            line += 1
        elif token[0] == "{":
            open_.append(line)
        elif token[0] == "}" and open_:
            yield open_.pop()


class _Reader:
    """The items read so far, parents before children, and what is wrong with them."""

    def __init__(self) -> None:
        self.drafts: list[Draft] = []
        self.problems: list[Problem] = []

    def read_items(self, items: object, line: int, *, parent: int) -> None:
        """Each of the list is an item, and so are those within it."""
        if items is None:
            return
        if not isinstance(items, list):
            self._complain(line, "the items are no list", "Write them as a list.")
            return
        for item in items:
            if isinstance(item, str):
                item = Mapping({"title": item}, {"title": line})
            if isinstance(item, Mapping) and item.lines:
                self._read_item(item, min(item.lines.values()), parent)
            else:
                self._complain(line, "an item is no mapping", "Give each item a title.")

    def _read_item(self, item: Mapping, line: int, parent: int) -> None:
        draft = Draft(line, parent, Attributes(title=""))
        inside: list[tuple[object, int]] = []
        own: dict[str, str] = {}
        body: list[str] = []
        for name, field in _fields(item).items():
            value, at = item.values[name], item.lines[name]
            if value is None:
                continue
            if field is None:
                body.append(f"{name}: {_shown(value)}")
            elif field in own:
                message = f"{name} says again what {own[field]} says"
                self._complain(at, message, "Keep one of them.")
            elif field == "items":
                inside.append((value, at))
            else:
                self._read_field(draft, field, name, value, at)
            if field is not None:
                own[field] = name
        draft.description = "\n".join([*([draft.description] if draft.description else []), *body])
        self._check_title(draft)
        for message, hint in draft.found.problems:
            self._complain(line, message, hint)
        number = len(self.drafts)
        self.drafts.append(draft)
        for value, at in inside:
            self.read_items(value, at, parent=number)

    def _read_field(self, draft: Draft, field: str, name: str, value: object, line: int) -> None:
        found = draft.found
        if field in _LISTS and isinstance(value, list):
            texts = [text_of(one) for one in value]
            if None in texts:
                self._complain(line, f"{name} holds what is no text", "Write a list of texts.")
            elif texts:
                assign(found, field, [one for one in texts if one is not None])
            return
        text = text_of(value)
        if text is None:
            self._complain(line, f"{name} is no text", "Write one text or number.")
        elif field == "title":
            found.title = one_line(text)
        elif field == "description":
            draft.description = text.strip("\n")
        elif field == "done":
            if text not in ("true", "false"):
                self._complain(line, f"{name} is {text[:60]!r}", "Write true or false.")
            draft.done = draft.done or text == "true"
        elif field == "status":
            status = "_".join(text.lower().replace("-", " ").split()).replace("to_do", "todo")
            if status not in _DONE | _NOT_DONE:
                hint = "Write pending or completed, or take the item out."
                self._complain(line, f"the status {text[:60]!r} cannot be loaded", hint)
            draft.done = draft.done or status in _DONE
        elif field.startswith("estimate_"):
            assign(found, "estimate", text + field[-1])
        elif text.strip():
            assign(found, field, text)

    def _check_title(self, draft: Draft) -> None:
        if not draft.found.title:
            self._complain(draft.line, "the item has no title", "Give it a title.")
        elif problem := too_long(draft.line, draft.found.title):
            self.problems.append(problem)

    def _complain(self, line: int, message: str, hint: str) -> None:
        self.problems.append(Problem(line, message, hint))


def _fields(item: Mapping) -> dict[str, str | None]:
    """Which field each key stands for; None when it is none of ours."""
    return {
        name: _NAMES.get(_CAMEL.sub("_", name).lower().replace("-", "_")) for name in item.values
    }


def text_of(value: object) -> str | None:
    """The text of a scalar; None for anything else."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None


def _shown(value: object) -> str:
    return text_of(value) or json.dumps(plain(value), ensure_ascii=False)


def plain(value: Any) -> Any:
    """The value with mappings as dicts."""
    if isinstance(value, Mapping):
        return {name: plain(one) for name, one in value.values.items()}
    return [plain(one) for one in value] if isinstance(value, list) else value
