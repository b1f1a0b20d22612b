"""Text from outside as checked values: pydantic's one home.

Every door (config, mirror files) brings its YAML here; what cannot be used is a BadInput
that names the place and what to write instead. Scalars come as text and are converted
here, so that a title `yes` or `2026-01-01` stays what its author wrote.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from datetime import datetime
from typing import Annotated
from typing import Any
from typing import NotRequired

from pydantic import AfterValidator
from pydantic import BeforeValidator
from pydantic import Field
from pydantic import TypeAdapter
from pydantic import ValidationError
from typing_extensions import TypedDict

from jetpack_git.errors import BadInput
from jetpack_git.models import durations
from jetpack_git.models import mapping


def _storable(value: str) -> str:
    if "\0" in value:
        raise ValueError("must not hold a NUL character")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ValueError("must be UTF-8 text") from error
    return value


def _not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be empty")
    return value


def _moment(value: str) -> str:
    try:
        datetime.fromisoformat(value)
    except ValueError as error:
        raise ValueError("must be a time such as 2026-11-22T22:04:05.123Z") from error
    return value


def _duration(value: object) -> object:
    if not isinstance(value, str) or value.replace(".", "", 1).isdigit():
        return value
    try:
        return durations.parse(value, hours_a_day=8)
    except BadInput as error:
        raise ValueError("must be a duration such as 30m, 2h or 1h30m") from error


def _none_if_empty(value: object) -> object:
    return None if value == "" else value


def _list_if_none(value: object) -> object:
    return [] if value is None else value


Text = Annotated[str, AfterValidator(_storable)]
Name = Annotated[Text, AfterValidator(_not_blank)]
Optional = Annotated[Text | None, BeforeValidator(_none_if_empty)]
Moment = Annotated[Annotated[Text, AfterValidator(_moment)] | None, BeforeValidator(_none_if_empty)]
Texts = Annotated[list[Name], BeforeValidator(_list_if_none)]
Seconds = Annotated[float, BeforeValidator(_duration), Field(gt=0, le=10**9)]
Estimate = Annotated[int | None, BeforeValidator(_duration), Field(gt=0, le=10**9)]


class _TaskFields(TypedDict):
    """What is in it beside the links to other tasks."""

    id: Name
    title: Name
    parent: NotRequired[Optional]
    status: NotRequired[Name]
    plan: NotRequired[Optional]
    priority: NotRequired[Annotated[int, Field(ge=0, le=4)]]
    key: NotRequired[Optional]
    assignee: NotRequired[Optional]
    order: NotRequired[Annotated[int, Field(ge=0, le=2**53)]]
    estimate: NotRequired[Estimate]
    created: NotRequired[Moment]
    branch: NotRequired[Optional]
    skills: NotRequired[Texts]
    files: NotRequired[Texts]
    depends: NotRequired[Texts]
    summary: NotRequired[Optional]
    completed: NotRequired[Moment]
    max_attempts: NotRequired[Annotated[int, Field(ge=1, le=1000)]]
    aliases: NotRequired[Texts]
    labels: NotRequired[Texts]
    results: NotRequired[Texts]


# A key with a hyphen cannot be written in a class.
_Links = TypedDict(
    "_Links",
    {
        "discovered-from": NotRequired[Texts],
        "related": NotRequired[Texts],
        "supersedes": NotRequired[Texts],
    },
)


class TaskFields(_TaskFields, _Links):
    """The front matter of a task's file."""


class MemoryFields(TypedDict):
    """The front matter of a memory's file."""

    id: Name
    title: Name
    created: NotRequired[Moment]
    type: NotRequired[Name]
    importance: NotRequired[Annotated[float, Field(ge=0, le=1)]]
    scope: NotRequired[Optional]
    agent: NotRequired[Optional]
    task: NotRequired[Optional]
    commit: NotRequired[Optional]
    valid_from: NotRequired[Moment]
    expires: NotRequired[Moment]
    superseded_by: NotRequired[Optional]
    tags: NotRequired[Texts]


class PlanFields(TypedDict):
    """The front matter of a plan's file."""

    id: Name
    title: Name
    source: NotRequired[Optional]
    created: NotRequired[Moment]


_ADAPTERS: dict[type, TypeAdapter[Any]] = {}


@dataclass(frozen=True)
class Header:
    """Checked fields, the raw lines of the keys that nobody here knows, and all keys' lines."""

    fields: dict[str, Any]
    unknown: dict[str, str] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)


def header(text: str, shape: type, *, source: str, first_line: int = 1) -> Header:
    """The fields of a YAML mapping, checked against `shape` (one of the TypedDicts here).

    `first_line` is the line of the file on which `text` begins. Raises BadInput.
    """
    found = mapping.read(text, source=source, first_line=first_line)
    fields = checked(found, shape, source=source, line=first_line)
    unknown = {key: raw for key, raw in found.raw.items() if key not in shape.__annotations__}
    return Header(fields, unknown, found.lines)


def checked(found: mapping.Mapping, shape: type, *, source: str, line: int) -> dict[str, Any]:
    """The fields of `shape` in the mapping, which begins on `line`, as checked values."""
    known = {key: one for key, one in found.values.items() if key in shape.__annotations__}
    if shape not in _ADAPTERS:
        _ADAPTERS[shape] = TypeAdapter(shape)
    try:
        fields: dict[str, Any] = _ADAPTERS[shape].validate_python(known)
    except ValidationError as error:
        raise _bad(error, found.lines, source, line) from error
    return fields


def _bad(error: ValidationError, lines: dict[str, int], source: str, line: int) -> BadInput:
    """One line for each field that cannot be used."""
    found = []
    for one in error.errors(include_url=False):
        key = str(one["loc"][0]) if one["loc"] else ""
        given = "" if one["type"] == "missing" else f", not {_named(one['input'])}"
        message = one["msg"].removeprefix("Value error, ").rstrip(".")
        found.append(f"{source}:{lines.get(key, line)}: {key}: {message}{given}")
    return BadInput("\n".join(found), hint="Mend the line and run the command again.")


def _named(value: object) -> str:
    """The value in a message: a text as it is, in short; the kind of anything else."""
    if isinstance(value, str):
        return f"{value[:60]!r}"
    return {list: "a list", mapping.Mapping: "a mapping"}.get(type(value), "empty")
