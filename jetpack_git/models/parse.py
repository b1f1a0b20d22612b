"""Text from outside as checked values: pydantic's one home.

Every door (config, mirror files) brings its YAML here; what cannot be used is a BadInput
that names the place and what to write instead. All scalars are read as text and then
converted, so that a title `yes` or `2026-01-01` stays what its author wrote.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from typing import Annotated
from typing import Any
from typing import Literal
from typing import NotRequired

import yaml
from pydantic import AfterValidator
from pydantic import BeforeValidator
from pydantic import Field
from pydantic import TypeAdapter
from pydantic import ValidationError
from typing_extensions import TypedDict

from jetpack_git.errors import BadInput
from jetpack_git.models import durations
from jetpack_git.models.config import Config
from jetpack_git.models.config import GuardConfig
from jetpack_git.models.config import SwarmConfig

_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
MAX_HEADER = 1_000_000


def _none_if_empty(value: object) -> object:
    return None if value in ("", "null", "~") else value


def _duration(value: object) -> object:
    if not isinstance(value, str) or value.replace(".", "", 1).isdigit():
        return value
    try:
        return durations.parse(value, hours_a_day=8)
    except BadInput as error:
        raise ValueError(f"{error.message} {error.hint}") from error


def _list_if_empty(value: object) -> object:
    return [] if value in ("", "null", "~") else value


def _not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be empty")
    return value


Name = Annotated[str, AfterValidator(_not_blank)]
Optional = Annotated[str | None, BeforeValidator(_none_if_empty)]
Texts = Annotated[list[Name], BeforeValidator(_list_if_empty)]
Seconds = Annotated[float, BeforeValidator(_duration), Field(gt=0, le=10**9)]
Estimate = Annotated[
    int | None, BeforeValidator(_duration), BeforeValidator(_none_if_empty), Field(gt=0, le=10**9)
]


class GuardFields(TypedDict, total=False):
    """The section `guard` of the config."""

    mode: Literal["block", "warn", "off"]
    on_error: Literal["block", "warn", "allow"]


class SwarmFields(TypedDict, total=False):
    """The section `swarm` of the config."""

    command: Optional
    strategy: Literal["first-fit", "best-fit", "graph-prioritized"]
    integrate: Literal["leave", "merge"]
    heartbeat: Seconds
    stale_after: Seconds
    stop_grace: Seconds
    task_timeout: Seconds
    reservation_ttl: Seconds


class TaskFields(TypedDict):
    """The front matter of a task's file."""

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
    created: NotRequired[Optional]
    branch: NotRequired[Optional]
    skills: NotRequired[Texts]
    files: NotRequired[Texts]
    depends: NotRequired[Texts]
    summary: NotRequired[Optional]
    completed: NotRequired[Optional]


class PlanFields(TypedDict):
    """The front matter of a plan's file."""

    id: Name
    title: Name
    source: NotRequired[Optional]
    created: NotRequired[Optional]


_ADAPTERS: dict[type, TypeAdapter[Any]] = {}


@dataclass(frozen=True)
class Header:
    """Checked fields, and the raw lines of the keys that nobody here knows."""

    fields: dict[str, Any]
    unknown: dict[str, str] = field(default_factory=dict)


def header(text: str, shape: type, *, source: str, first_line: int = 1) -> Header:
    """The fields of a YAML mapping, checked against `shape` (one of the TypedDicts here).

    `first_line` is the line of the file on which `text` begins. Raises BadInput.
    """
    values, lines, raw = _mapping(text, source=source, first_line=first_line)
    known = {key: value for key, value in values.items() if key in shape.__annotations__}
    if shape not in _ADAPTERS:
        _ADAPTERS[shape] = TypeAdapter(shape)
    try:
        fields = _ADAPTERS[shape].validate_python(known)
    except ValidationError as error:
        raise _bad(error, lines, source, first_line) from error
    return Header(fields, {key: raw[key] for key in raw if key not in known})


def config(text: str, *, source: str) -> Config:
    """The settings in the text of a config file. Raises BadInput with file and line."""
    values, lines, raw = _mapping(text, source=source, first_line=1)
    sections: dict[str, dict[str, Any]] = {}
    unknown = [key for key in values if key not in ("guard", "swarm")]
    for name, shape in (("guard", GuardFields), ("swarm", SwarmFields)):
        section = values.get(name) or {}
        if not isinstance(section, dict):
            raise BadInput(
                f"{source}:{lines[name]}: {name} must be a mapping.",
                hint=f"Write the settings of {name} below it, indented, one a line.",
            )
        if name in raw:
            found = header(_dedented(raw[name]), shape, source=source, first_line=lines[name] + 1)
            sections[name] = found.fields
            unknown += [f"{name}.{key}" for key in found.unknown]
    swarm = {_SWARM_NAMES.get(key, key): one for key, one in sections.get("swarm", {}).items()}
    return Config(
        guard=GuardConfig(**sections.get("guard", {})),
        swarm=SwarmConfig(**swarm),
        unknown=tuple(unknown),
    )


_SWARM_NAMES = {
    "heartbeat": "heartbeat_s",
    "stale_after": "stale_after_s",
    "stop_grace": "stop_grace_s",
    "task_timeout": "task_timeout_s",
    "reservation_ttl": "reservation_ttl_s",
}


def _dedented(raw: str) -> str:
    """What stands below the first line of a section."""
    return raw.split("\n", 1)[1] if "\n" in raw else ""


def _mapping(
    text: str, *, source: str, first_line: int
) -> tuple[dict[str, Any], dict[str, int], dict[str, str]]:
    """The values, lines and raw texts of a mapping's keys."""
    if len(text) > MAX_HEADER:
        raise BadInput(f"{source}: the header is longer than {MAX_HEADER} characters.")
    try:
        loader = _LOADER(text)
        node = loader.get_single_node()
        if node is None:
            return {}, {}, {}
        if not isinstance(node, yaml.MappingNode):
            raise BadInput(
                f"{source}:{first_line}: a mapping is expected.", hint="Write `key: value` lines."
            )
        values = loader.construct_document(node)
    except (yaml.YAMLError, RecursionError, ValueError, TypeError) as error:
        raise _broken(error, source, first_line) from error
    lines: dict[str, int] = {}
    starts = []
    for key, _ in node.value:
        name = str(key.value)
        line = key.start_mark.line + first_line
        if name in lines:
            raise BadInput(
                f"{source}:{line}: the key {name!r} stands there twice.",
                hint=f"Keep one of lines {lines[name]} and {line}.",
            )
        lines[name] = line
        starts.append((name, key.start_mark.line))
    return values, lines, _raw(text, starts)


def _raw(text: str, starts: list[tuple[str, int]]) -> dict[str, str]:
    """The source lines of each key, up to the next one."""
    rows = text.split("\n")
    ends = [line for _, line in starts[1:]] + [len(rows)]
    return {
        name: "\n".join(rows[line:end]).rstrip()
        for (name, line), end in zip(starts, ends, strict=True)
    }


def _broken(error: Exception, source: str, first_line: int) -> BadInput:
    mark = getattr(error, "problem_mark", None)
    line = first_line + (mark.line if mark is not None else 0)
    problem = getattr(error, "problem", None) or str(error).split("\n", 1)[0]
    return BadInput(
        f"{source}:{line}: this is no YAML: {problem}",
        hint='Put a text with special characters in double quotes: title: "a: b"',
    )


def _bad(error: ValidationError, lines: dict[str, int], source: str, first_line: int) -> BadInput:
    """One line for each field that cannot be used."""
    found = []
    for one in error.errors(include_url=False):
        key = str(one["loc"][0]) if one["loc"] else ""
        given = "" if one["type"] == "missing" else f", not {one['input']!r:.60}"
        message = one["msg"].removeprefix("Value error, ")
        found.append(f"{source}:{lines.get(key, first_line)}: {key}: {message}{given}")
    return BadInput("\n".join(found), hint="Mend the line and run the command again.")
