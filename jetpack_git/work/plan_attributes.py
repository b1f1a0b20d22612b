"""The attributes of a plan's items, such as `[depends: a, b]` in their titles."""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from functools import lru_cache
from typing import NamedTuple

MAX_ID_BYTES = 65_536

PRIORITIES = {
    "critical": 0,
    "urgent": 0,
    "high": 1,
    "medium": 2,
    "normal": 2,
    "low": 3,
    "backlog": 4,
    "lowest": 4,
    **{f"{prefix}{number}": number for prefix in ("", "p") for number in range(5)},
}
_HOUR_S = 3600
_UNITS_S = (8 * _HOUR_S, _HOUR_S, 60, 1)
_ESTIMATE = re.compile("".join(rf"(?:([0-9]{{1,6}}(?:\.[0-9]{{1,6}})?){unit})?" for unit in "dhms"))

# The name is bounded so that a long run of letters is not read again at every bracket.
_HEAD = re.compile(r"\[[ \t]*([A-Za-z][A-Za-z_ \t-]{0,31}):")
_ESCAPABLE = re.compile(rf"(\\*)(?={_HEAD.pattern})\[")
_ESCAPED = re.compile(rf"(?<!\\)((?:\\\\)*\\)(?={_HEAD.pattern})\[")
_ATOM = re.compile(r"\\.|`+|[\[\]]")
_TANGLED = re.compile(r"[\\`]|\]\(")
_COMPLEX = frozenset('"[{')
_STOP = re.compile(r"[\[\]{},]")
_QUOTED = re.compile(r'\s*"((?:[^"]|"")*+)"\s*(?=[,\]])')

_EXAMPLES = {
    "depends": "[depends: parser, Write the tests]",
    "skills": "[skills: python, sql]",
    "priority": "[priority: high]",
    "files": "[files: src/a.py, tests/**]",
    "estimate": "[estimate: 30m]",
    "id": "[id: parser]",
}
_ALIASES = {
    "dep": "depends",
    "deps": "depends",
    "dependson": "depends",
    "dependency": "depends",
    "dependencies": "depends",
    "est": "estimate",
    "estimation": "estimate",
    "prio": "priority",
}


_CLOSE_HINT = "Close it with ], and put a pattern that holds a single bracket in double quotes."
_QUOTES_HINT = 'Put all of a pattern between double quotes, such as [files: "a,b.txt"].'


@dataclass(slots=True)
class Attributes:
    """What a title says: its text without the attributes, and their values.

    `problems` are pairs: what is wrong, and what to write instead.
    """

    title: str
    id: str | None = None
    depends: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    priority: int | None = None
    files: tuple[str, ...] = ()
    estimate_s: int | None = None
    problems: list[tuple[str, str]] = field(default_factory=list)


class _Value(NamedTuple):
    """The value of an attribute: as written, split at its commas, and where it ends."""

    text: str
    entries: tuple[str, ...]
    end: int
    mismatched: bool = False  # double quotes do not


def read_title(text: str) -> Attributes:
    """The attributes are taken out of `text`. Code spans and links are left alone."""
    found = Attributes(title=text.strip())
    if "[" not in text:
        return found
    values: dict[str, list[_Value]] = {}
    pieces: list[str] = []
    kept = 0
    for start, name, value in _attributes(text, found):
        values.setdefault(name, []).append(value)
        pieces.append(text[kept:start])
        kept = value.end
    pieces.append(text[kept:])
    found.title = _ESCAPED.sub(_unescaped, _join(pieces))
    for name, given in values.items():
        _store(found, name, given)
    return found


def is_id(text: str) -> bool:
    """Whether the text can be an id: it is not blank, in one line, and not too long."""
    return (
        bool(text.strip())
        and text.isprintable()
        and len(text.encode("utf-8", "replace")) <= MAX_ID_BYTES
    )


def escape_title(title: str) -> str:
    """The text from which `read_title` reads just this title."""
    return _ESCAPABLE.sub(lambda found: f"{found[1]}{found[1]}\\[", title)


def _unescaped(found: re.Match[str]) -> str:
    return "\\" * (len(found[1]) // 2) + "["


def quote(entry: str) -> str:
    """The entry of a list as it is written between the brackets of an attribute."""
    if _STOP.search(entry) or '"' in entry:
        return '"' + entry.replace('"', '""') + '"'
    return entry


def assign(found: Attributes, name: str, value: str | list[str]) -> None:
    """`found` has the attribute of that name, or the problem with it.

    The value is a text as between brackets, or a list of such a text's parts.
    """
    if isinstance(value, str):
        read = _value(value + "]", 0)
        if read is None or read.end <= len(value):
            read = _Value(value, (value,), 0)
    else:
        read = _Value(", ".join(value), _unique(value), 0)
    _store(found, name, [read])


def short(text: str) -> str:
    """`text`, cut to 60 characters for a message."""
    return text if len(text) <= 60 else text[:59] + "…"


def _attributes(text: str, found: Attributes) -> Iterator[tuple[int, str, _Value]]:
    """Each attribute of `text`: where it starts, its name and its value."""
    opens, links = _brackets(text)
    after = 0
    for start in opens:
        if start < after:
            continue
        after = links.get(start, start)
        head = _HEAD.match(text, start)
        if after > start or head is None:
            continue
        name = head[1].strip().lower()
        if name not in _EXAMPLES:
            _reject_near_miss(found, head[1].strip())
            continue
        value = _value(text, head.end())
        if value is None:
            found.problems.append((f"the attribute [{name}: …] is not closed", _CLOSE_HINT))
            return
        after = value.end
        yield start, name, value


def _brackets(text: str) -> tuple[list[int], dict[int, int]]:
    """Where each `[` stands outside of code and escapes, and where those of links end."""
    if _TANGLED.search(text) is None:
        return [bracket.start() for bracket in re.finditer(r"\[", text)], {}
    spans = _code_spans(text)
    opens: list[int] = []
    links: dict[int, int] = {}
    unmatched: list[int] = []
    at = parenthesis = 0
    while atom := _ATOM.search(text, at):
        at = atom.end()
        if atom[0][0] == "`":
            at = spans.get(atom.start(), at)
        elif atom[0] == "[":
            opens.append(atom.start())
            unmatched.append(atom.start())
        elif atom[0] == "]" and unmatched:
            start = unmatched.pop()
            if text.startswith("(", at) and parenthesis >= 0:
                if parenthesis < at:
                    parenthesis = text.find(")", at)
                links[start] = parenthesis + 1
    return opens, links


def _code_spans(text: str) -> dict[int, int]:
    """Where each code span starts and ends: at the next run of as many backticks."""
    spans: dict[int, int] = {}
    following: dict[int, int] = {}
    for run in reversed(list(re.finditer("`+", text))):
        length = len(run[0])
        if length in following:
            spans[run.start()] = following[length]
        following[length] = run.end()
    return spans


def _value(text: str, start: int) -> _Value | None:
    """The value that starts at `start`, up to the `]` that closes it; None without one."""
    entries: list[str] = []
    mismatched = False
    at = text.find("]", start)
    simple = text[start:at].strip()
    if at >= 0 and _COMPLEX.isdisjoint(simple):
        return _Value(simple, _unique(simple.split(",")), at + 1)
    at = start
    while True:
        quoted = _QUOTED.match(text, at)
        if quoted is not None:
            entries.append(quoted[1].replace('""', '"'))
            at = quoted.end()
        else:
            end = _entry_end(text, at)
            if end is None:
                return None
            entries.append(text[at:end])
            mismatched = mismatched or text[at:end].lstrip().startswith('"')
            at = end
        if text[at] == "]":
            return _Value(text[start:at].strip(), _unique(entries), at + 1, mismatched)
        at += 1


def _unique(entries: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for entry in entries if (text := entry.strip())))


def _entry_end(text: str, at: int) -> int | None:
    """Where the `,` or `]` after an entry stands. Those in brackets or braces are its own."""
    brackets = braces = 0
    for stop in _STOP.finditer(text, at):
        char = stop[0]
        if char == "]" and brackets == 0:
            return stop.start()
        if char == "," and brackets == 0 and braces == 0:
            return stop.start()
        brackets += (char == "[") - (char == "]")
        braces = max(0, braces + (char == "{") - (char == "}"))
    return None


def _join(pieces: list[str]) -> str:
    """The pieces in one line, without two blanks where an attribute stood."""
    joined: list[str] = []
    for piece in pieces:
        blank_before = not joined or joined[-1][-1].isspace()
        rest = piece.lstrip() if blank_before else piece
        if rest:
            joined.append(rest)
    return "".join(joined).strip()


def _near_misses() -> dict[str, str]:
    """Each known name with one letter left out, added or swapped with the next.

    A replaced letter is not among them: `[fixes: #12]` is prose. The first letter stays.
    """
    near = dict(_ALIASES)
    for name in _EXAMPLES.keys() - {"id"}:
        for at in range(1, len(name) + 1):
            head, tail = name[:at], name[at:]
            near[head + tail[1:]] = name
            near[head + tail[1:2] + tail[:1] + tail[2:]] = name
            for letter in "abcdefghijklmnopqrstuvwxyz":
                near[head + letter + tail] = name
    return near | {name: name for name in _EXAMPLES}


_NEAR_MISSES = _near_misses()


def _reject_near_miss(found: Attributes, name: str) -> None:
    meant = _NEAR_MISSES.get(re.sub(r"[\s_-]", "", name).lower())
    if meant is not None:
        found.problems.append((f"[{name}: …] is not an attribute", f"Write [{meant}: …] instead."))


def _store(found: Attributes, name: str, values: list[_Value]) -> None:
    """`found` holds the value of the attribute `name`, or the problem with it."""
    entries = _unique(entry for value in values for entry in value.entries)
    if not entries:
        example = f"Write for example {_EXAMPLES[name]}, or remove it."
        found.problems.append((f"the attribute [{name}: ] is empty", example))
    elif name == "depends":
        found.depends = entries
    elif name == "files":
        found.files = entries
        if any(value.mismatched for value in values):
            found.problems.append(("the double quotes in [files: …] do not match", _QUOTES_HINT))
    elif name == "skills":
        found.skills = tuple(sorted({" ".join(entry.lower().split()) for entry in entries}))
    elif name == "id" and len(values) == 1 and values[0].text.startswith('"') and len(entries) == 1:
        _store_single(found, name, entries[0])
    elif len(values) > 1:
        found.problems.append(
            (f"the attribute [{name}: …] is given {len(values)} times", "Keep one of them.")
        )
    else:
        _store_single(found, name, values[0].text)


def _store_single(found: Attributes, name: str, text: str) -> None:
    if name == "priority":
        found.priority = PRIORITIES.get(text.lower())
        if found.priority is None:
            message = f"the priority {short(text)!r} is not known"
            hint = "Write 0 (most urgent) to 4, or critical, high, medium, low or backlog."
            found.problems.append((message, hint))
    elif name == "estimate":
        found.estimate_s = _estimate_s(text)
        if found.estimate_s is None:
            message = f"the estimate {short(text)!r} is not a time above zero"
            hint = "Write for example 90s, 30m, 1.5h, 1h30m or 2d (a day is 8 hours)."
            found.problems.append((message, hint))
    elif is_id(text):
        found.id = text
    else:
        message = f"{short(text)!r} cannot be an id"
        hint = f"Write up to {MAX_ID_BYTES:,} bytes of text in one line."
        found.problems.append((message, hint))


@lru_cache
def _estimate_s(text: str) -> int | None:
    """The seconds of `1h30m` and the like; None when it cannot be read or is zero."""
    match = _ESTIMATE.fullmatch("".join(text.lower().split()))
    if match is None:
        return None
    amounts = zip(match.groups(), _UNITS_S, strict=True)
    return round(sum(float(amount) * unit for amount, unit in amounts if amount)) or None
