"""A YAML mapping as its author wrote it: texts, lists, and where each key stands.

It is built from the parser's events, with bounded nesting and without aliases, so that no
file can exhaust the stack or the memory. Every scalar is a text; only a plain `null`, `~`
or nothing at all is None.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from typing import Any

import yaml

from jetpack_git.errors import BadInput

_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
LONGEST = 4_000_000
DEEPEST = 20
_WORDS = r"[A-Za-z0-9][^:#]*(?<! )"
_QUOTED = r"\"([^\"\\]*)\""
_LINE = re.compile(rf"([a-z_-]+):(?: (?:({_WORDS})|{_QUOTED}))?|  - (?:({_WORDS})|{_QUOTED})")
_NULL = frozenset({"", "null", "Null", "NULL", "~"})


@dataclass(frozen=True)
class Mapping:
    """The values, the lines, and the source text of the keys."""

    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    raw: dict[str, str] = field(default_factory=dict)


def read(text: str, *, source: str, first_line: int = 1, deepest: int = DEEPEST) -> Mapping:
    """The mapping that `text` is; `first_line` is where it begins in its file.

    Raises BadInput, which names file and line.
    """
    if len(text) > LONGEST:
        raise BadInput(f"{source}:{first_line}: there are more than {LONGEST} characters here.")
    found = _plain(text, first_line)
    if found is not None:
        return found
    return _Reader(text.removeprefix("\ufeff"), source, first_line, deepest).document()


def flaw(text: str) -> str | None:
    """What stands in the way of keeping the text in a database and in files, if anything does."""
    if "\0" in text:
        return "holds a NUL character"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "holds half a character"
    return None


def first_flaw(value: object, line: int, *, deepest: int) -> tuple[int, str] | None:
    """Where a value that begins in that line cannot be kept, and why, if that is so."""
    left = [(value, line, 0)]
    while left:
        one, at, depth = left.pop()
        if isinstance(one, str) and (found := flaw(one)):
            return at, f"a text here {found}"
        if isinstance(one, list | Mapping) and depth == deepest:
            return at, "this is nested too deeply"
        if isinstance(one, list):
            left += [(each, at, depth + 1) for each in one]
        elif isinstance(one, Mapping):
            for name, each in one.values.items():
                left += [(name, one.lines[name], depth), (each, one.lines[name], depth + 1)]
    return None


def _plain(text: str, first_line: int) -> Mapping | None:
    """The same of a text in which nothing needs YAML; None where something might.

    That is how the files that we write look. The parser takes eight times as long.
    """
    if not text.replace("\n", "").isprintable():
        return None
    found = Mapping()
    key = ""
    for number, line in enumerate(text.removesuffix("\n").split("\n")):
        one = _LINE.fullmatch(line)
        if one is None:
            return None
        name, plain, quoted, item, quoted_item = one.groups()
        if plain in _NULL or item in _NULL or name in found.lines:
            return None
        if name is None:
            value = item if item is not None else quoted_item
            items = found.values.get(key)
            if items is None and key:
                items = found.values[key] = []
            if not isinstance(items, list):
                return None
            items.append(value)
            found.raw[key] += f"\n{line}"
        else:
            key = name
            found.lines[key] = first_line + number
            found.values[key] = plain if plain is not None else quoted
            found.raw[key] = line
    return found


class _Reader:
    """One pass over the events of one text."""

    def __init__(self, text: str, source: str, first_line: int, deepest: int) -> None:
        self.rows = text.removesuffix("\n").split("\n")
        self.source = source
        self.first_line = first_line
        self.deepest = deepest
        self.events: Iterator[Any] = yaml.parse(text, Loader=_LOADER)

    def document(self) -> Mapping:
        """The only document of the text."""
        try:
            found = self._top()
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            problem = getattr(error, "problem", None) or str(error).split("\n", 1)[0]
            if "nesting depth" in problem:  # the parser reads ahead, and newer ones have a limit
                raise self._too_deep(mark) from error
            raise BadInput(
                f"{self.source}:{self._line(mark)}: this is no YAML: {problem}",
                hint='Put a text with special characters in double quotes: title: "a: b"',
            ) from error
        return found

    def _top(self) -> Mapping:
        self._next()
        event = self._next()
        if isinstance(event, yaml.StreamEndEvent):
            return Mapping()
        event = self._next()
        if isinstance(event, yaml.ScalarEvent) and not event.value:
            return Mapping()
        if not isinstance(event, yaml.MappingStartEvent):
            raise self._bad(event, "a mapping is expected", "Write `key: value` lines.")
        found = self._mapping(event, depth=1)
        end = self._next()
        if end.explicit or not isinstance(self._next(), yaml.StreamEndEvent):
            raise self._bad(end, "a second document begins", "Write one mapping alone.")
        return found

    def _mapping(self, start: Any, *, depth: int) -> Mapping:
        """The mapping that begins with the event."""
        found = Mapping()
        rows: list[int] = []
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise self._bad(event, "a key must be a word", "Write `key: value` lines.")
            mark: Any = event.start_mark
            if depth == 1 and (start.flow_style or mark.column):
                hint = "Write `key: value` lines that begin at the left edge."
                raise self._bad(event, f"the key {event.value!r:.60} is indented", hint)
            line = self._line(mark)
            self._check(event)
            if event.value in found.lines:
                hint = f"Keep one of lines {found.lines[event.value]} and {line}."
                raise self._bad(event, f"the key {event.value!r:.60} stands there twice", hint)
            found.lines[event.value] = line
            rows.append(mark.line)
            found.values[event.value] = self._value(self._next(), depth=depth + 1)
        if depth == 1:
            ends = [*rows[1:], len(self.rows)]
            for name, row, end in zip(found.lines, rows, ends, strict=True):
                found.raw[name] = "\n".join(self.rows[row:end])
        return found

    def _value(self, event: Any, *, depth: int) -> Any:
        """The text, list, mapping or None that begins with the event."""
        if isinstance(event, yaml.ScalarEvent):
            self._check(event)
            is_plain = not event.style and event.tag is None
            return None if is_plain and event.value in _NULL else event.value
        if isinstance(event, yaml.AliasEvent):
            raise self._bad(event, f"an alias, *{event.anchor}, stands here", "Write it out.")
        if depth > self.deepest:
            raise self._too_deep(event.start_mark)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(event, depth=depth)
        found = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            found.append(self._value(event, depth=depth + 1))
        return found

    def _check(self, event: Any) -> None:
        if found := flaw(event.value):
            raise self._bad(event, f"a text here {found}", "Take it out.")

    def _next(self) -> Any:
        return next(self.events)

    def _too_deep(self, mark: Any) -> BadInput:
        where = f"{self.source}:{self._line(mark)}"
        return BadInput(f"{where}: this is nested too deeply.", hint="Write it flatter.")

    def _line(self, mark: Any) -> int:
        return self.first_line + (mark.line if mark is not None else 0)

    def _bad(self, event: Any, problem: str, hint: str) -> BadInput:
        return BadInput(f"{self.source}:{self._line(event.start_mark)}: {problem}.", hint=hint)
