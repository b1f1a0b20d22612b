"""Plans in Markdown: headings and list items become a tree of items.

The text between them is kept as the description of the item above; code blocks and HTML
comments are never read for items.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from functools import partial
from itertools import islice

from jetpack_git.errors import BadInput
from jetpack_git.models.plan import PlanDocument
from jetpack_git.models.plan import PlanItem
from jetpack_git.work.plan_attributes import Attributes
from jetpack_git.work.plan_attributes import Names
from jetpack_git.work.plan_attributes import cycles
from jetpack_git.work.plan_attributes import read_title
from jetpack_git.work.plan_attributes import short

MAX_BYTES = 5_000_000
MAX_TITLE_BYTES = 65_536
MAX_PROBLEMS = 20

_TAB = 4
_NESTED = 2  # columns that a nested line stands to the right of the marker above
_SLUG_CHARS = 60
_SHOWN = 10

_HEADING = re.compile(r" {0,3}(#{1,6})(?=[ \t]|$)")
_RULE = r"([-*])(?:[ \t]*\1){2,}+[ \t]*$"
_ITEM = re.compile(rf"[ \t]*(?!{_RULE})([-*+]|[0-9]{{1,9}}[.)])(?:[ \t]+|$)")
_ITEM_STARTS = frozenset("-*+0123456789")
_BLOCK_STARTS = frozenset("`~<")
_CHECKBOX = re.compile(r"\[([ xX])\](?=\s|$)")
_FENCE = re.compile(r"[ \t]*(`{3,}+(?=[^`]*$)|~{3,})")
_COMMENT_END = "-->"
_NOT_ALNUM = re.compile(r"[\W_]+")

_TITLE_HINT = "Write a title before the attributes, such as: - Write the parser [id: parser]"
_RELATION_HINT = "Remove it from [depends: …]: a parent is done when all inside it are."
_CYCLE_HINT = "Remove one of these dependencies from its [depends: …]."

_UNTITLED = Attributes(title="")
_Hint = str | Callable[[], str]


@dataclass(frozen=True, slots=True)
class _Problem:
    line: int
    message: str
    hint: _Hint


@dataclass(slots=True)
class _Draft:
    """An item as read. `parent` is an index, -1 at the top; `level` is 0 in a list."""

    line: int
    parent: int
    found: Attributes
    level: int = 0
    done: bool = False
    marker: int = 0
    content: int = 0
    body: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Block:
    """An open code block or comment, and what closes it."""

    line: int
    column: int
    end: str

    def ends_with(self, line: str) -> bool:
        if self.end == _COMMENT_END:
            return self.end in line
        text = line.strip(" \t")
        closes = text.startswith(self.end) and not text.strip(self.end[0])
        return closes and _column(line) < self.column + _TAB


def parse(data: bytes, *, source: str, title: str) -> PlanDocument:
    """The plan in `data`. BadInput names every problem as `source:line: what is wrong`.

    At most 20 problems are named; the hint is for the first.
    """
    text = _decode(data, source)
    reader = _Reader()
    for number, line in _body_lines(text):
        reader.read(number, line)
    reader.finish()
    drafts, problems = reader.drafts, reader.problems
    keys = _keys(drafts, problems)
    depends: dict[int, list[int]] = {}
    if any(draft.found.depends for draft in drafts):
        depends = _Dependencies(drafts, keys).resolve(problems)
        _check_cycles(drafts, depends, problems)
    if problems:
        raise _refusal(source, problems)
    return PlanDocument(title=title, items=tuple(_items(drafts, keys, depends)))


def _refusal(source: str, problems: list[_Problem]) -> BadInput:
    first = sorted(problems, key=lambda problem: problem.line)[:MAX_PROBLEMS]
    hint = first[0].hint
    message = "\n".join(f"{source}:{problem.line}: {problem.message}" for problem in first)
    return BadInput(message, hint=hint if isinstance(hint, str) else hint())


def _decode(data: bytes, source: str) -> str:
    """The text of `data`, with `\\n` at the end of each line and no byte order mark."""
    if len(data) > MAX_BYTES:
        message = f"the plan has more than {MAX_BYTES:,} bytes"
        raise _refusal(source, [_Problem(1, message, "Split the plan into several files.")])
    text, offset, what = "", data.find(b"\0"), "a NUL byte"
    if offset < 0:
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            offset, what = error.start, "not UTF-8"
    if offset >= 0:
        line = _unix(data[:offset].decode("latin-1")).count("\n") + 1
        message = f"byte {offset} is {what}"
        raise _refusal(source, [_Problem(line, message, "Save the plan as UTF-8 text.")])
    return _unix(text.removeprefix("\ufeff"))


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _body_lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines after the front matter, each with its number."""
    lines = text.split("\n")
    start = 0
    if lines[0].rstrip() == "---":
        ends = (at for at in range(1, len(lines)) if lines[at].rstrip() == "---")
        start = next(ends, -1) + 1
    return enumerate(lines[start:], start + 1)


def _column(line: str) -> int:
    """The column, from 0, of the first character that is not blank."""
    blanks = len(line) - len(line.lstrip(" \t"))
    return len(line[:blanks].expandtabs(_TAB)) if blanks else 0


def _dedent(line: str, columns: int) -> str:
    """`line` without its first `columns` columns, as far as they are blank."""
    if not columns or line[:1] not in (" ", "\t"):
        return line
    return " " * max(0, _column(line) - columns) + line.lstrip(" \t")


class _Reader:
    """The items read so far, and the headings and list items that are still open."""

    def __init__(self) -> None:
        self.drafts: list[_Draft] = []
        self.problems: list[_Problem] = []
        self._headings: list[int] = []
        self._lists: list[int] = []
        self._block: _Block | None = None
        self._after_blank = False

    def read(self, number: int, line: str) -> None:
        """The line is an item, or part of the description of the item above."""
        if self._block is not None:
            self._describe(line)
            if self._block.ends_with(line):
                self._block = None
            return
        text = line.lstrip(" \t")
        after_blank, self._after_blank = self._after_blank, not text.strip()
        if text[:1] in _ITEM_STARTS and (item := _ITEM.match(line)):
            self._add_item(number, line, item)
        elif (heading := _HEADING.match(line)) and not self._is_nested(_column(line)):
            self._add_heading(number, line, heading)
        elif block := _opened_block(number, line):
            self._return_to(block.column)
            self._describe(line)
            if block.end != _COMMENT_END or block.end not in line:
                self._block = block
        else:
            if after_blank and not self._after_blank:
                self._return_to(_column(line))
            self._describe("" if self._after_blank else line)

    def finish(self) -> None:
        """What is still open, or missing altogether, is a problem."""
        if self._block is not None:
            what = "comment" if self._block.end == _COMMENT_END else "code block"
            message = f"the {what} that starts here is never closed"
            self._complain(self._block.line, message, f"Close it with a line {self._block.end}")
        elif not self.drafts:
            hint = "Write a task in a line of its own, such as: - Write the parser"
            self._complain(1, "the plan has no items", hint)

    def _complain(self, line: int, message: str, hint: str) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(_Problem(line, message, hint))

    def _owner(self) -> int:
        return (self._lists or self._headings or [-1])[-1]

    def _is_nested(self, column: int, depth: int = -1) -> bool:
        """A line at `column` belongs to the open list item."""
        return bool(self._lists) and column >= self.drafts[self._lists[depth]].marker + _NESTED

    def _return_to(self, column: int) -> None:
        """The text at `column` belongs to the open item that it is indented for.

        That is the last item when it is indented for none.
        """
        if not self._is_nested(column, depth=0) or self._is_nested(column):
            return
        while not self._is_nested(column):
            self._lists.pop()
        if body := self.drafts[self._owner()].body:
            body.append("")

    def _describe(self, line: str) -> None:
        if self.drafts:
            owner = self.drafts[self._owner()]
            owner.body.append(_dedent(line, owner.content))

    def _add_heading(self, number: int, line: str, match: re.Match[str]) -> None:
        level = len(match[1])
        self._lists.clear()
        while self._headings and self.drafts[self._headings[-1]].level >= level:
            self._headings.pop()
        text = line[match.end() :].strip()
        opened = text.rstrip("#")
        text = opened if not opened or opened[-1] in " \t" else text
        draft = _Draft(number, self._owner(), self._title(number, text), level=level)
        self._headings.append(len(self.drafts))
        self.drafts.append(draft)

    def _add_item(self, number: int, line: str, match: re.Match[str]) -> None:
        marker = _column(line)
        while self._lists and not self._is_nested(marker):
            self._lists.pop()
        text = line[match.end() :]
        bare = marker + len(match[2]) + 1
        content = len(match[0].expandtabs(_TAB))
        draft = _Draft(number, self._owner(), _UNTITLED, marker=marker)
        draft.content = content if text and content < bare + _TAB else bare
        block = _opened_block(number, text)
        if block is not None and block.end != _COMMENT_END:
            self._block = replace(block, column=draft.content)
            text = ""
        if box := _CHECKBOX.match(text):
            draft.done = box[1] != " "
            text = text[box.end() :]
        draft.found = self._title(number, text)
        self._lists.append(len(self.drafts))
        self.drafts.append(draft)

    def _title(self, number: int, text: str) -> Attributes:
        found = read_title(text)
        for message, hint in found.problems:
            self._complain(number, message, hint)
        if not found.title:
            self._complain(number, "the item has no title", _TITLE_HINT)
        elif (size := len(found.title.encode())) > MAX_TITLE_BYTES:
            message = f"the title has {size:,} bytes, more than {MAX_TITLE_BYTES:,}"
            self._complain(number, message, "Put the details in lines below the title.")
        return found


def _opened_block(number: int, line: str) -> _Block | None:
    """The code block or comment that starts in `line`."""
    if line.lstrip(" \t")[:1] not in _BLOCK_STARTS:
        return None
    if fence := _FENCE.match(line):
        return _Block(number, _column(line), fence[1])
    if line.lstrip(" \t").startswith("<!--"):
        return _Block(number, _column(line), _COMMENT_END)
    return None


def _keys(drafts: list[_Draft], problems: list[_Problem]) -> list[str]:
    """A key for each item, all different. An id that is given twice is a problem."""
    owners: dict[str, _Draft] = {}
    for draft in drafts:
        if draft.found.id and owners.setdefault(draft.found.id, draft) is not draft:
            first = owners[draft.found.id].line
            message = f"the id {draft.found.id} is given in lines {first} and {draft.line}"
            problems.append(_Problem(draft.line, message, "Give one of them another id."))
    used = set(owners)
    suffixes: dict[str, int] = {}
    keys: list[str] = []
    for draft in drafts:
        if draft.found.id and owners[draft.found.id] is draft:
            keys.append(draft.found.id)
            continue
        slug = _NOT_ALNUM.sub("-", draft.found.title.lower()).strip("-")[:_SLUG_CHARS].strip("-")
        base = key = (f"{keys[draft.parent]}/" if draft.parent >= 0 else "") + (slug or "item")
        while key in used:
            suffixes[base] = suffixes.get(base, 1) + 1
            key = f"{base}-{suffixes[base]}"
        used.add(key)
        keys.append(key)
    return keys


class _Dependencies:
    """The items that each item depends on, and what is wrong with how it says so."""

    def __init__(self, drafts: list[_Draft], keys: list[str]) -> None:
        self._drafts = drafts
        self._keys = keys
        self._names = Names(keys, [(draft.found.id, draft.found.title) for draft in drafts])
        self._last = list(range(len(drafts)))  # of the items inside each; they follow it
        for index in range(len(drafts) - 1, -1, -1):
            parent = drafts[index].parent
            if parent >= 0:
                self._last[parent] = max(self._last[parent], self._last[index])

    def resolve(self, problems: list[_Problem]) -> dict[int, list[int]]:
        depends: dict[int, dict[int, None]] = defaultdict(dict)
        for index, draft in enumerate(self._drafts):
            for name in draft.found.depends:
                found = self._names.find(name)
                complaint = self._complaint(index, name, found)
                if complaint is None:
                    depends[index][found[0]] = None
                else:
                    problems.append(_Problem(draft.line, *complaint))
        return {index: list(targets) for index, targets in depends.items()}

    def _complaint(self, index: int, name: str, found: list[int]) -> tuple[str, _Hint] | None:
        if not found:
            message = f"depends: {short(name)!r} is not an item of the plan"
            return message, partial(self._names.nearest, name)
        if len(found) > 1:
            lines = ", ".join(str(self._drafts[at].line) for at in found[:_SHOWN])
            more = ", …" if len(found) > _SHOWN else ""
            message = f"depends: {short(name)!r} is the title of the items in lines {lines}{more}"
            keys = ", ".join(key for at in found[:3] if (key := self._keys[at]) != name)
            return message, f"Write the key of the one you mean ({keys}), or give it an [id: …]."
        relation = self._relation(index, found[0])
        if relation is None:
            return None
        return f"{short(self._drafts[index].found.title)!r} depends on {relation}", _RELATION_HINT

    def _relation(self, index: int, other: int) -> str | None:
        what = f"{short(self._drafts[other].found.title)!r} (line {self._drafts[other].line})"
        if index == other:
            return "itself"
        if other < index <= self._last[other]:
            return f"{what}, which contains it"
        return f"{what}, which it contains" if index < other <= self._last[index] else None


def _check_cycles(
    drafts: list[_Draft], depends: dict[int, list[int]], problems: list[_Problem]
) -> None:
    """Items that wait for each other are a problem."""
    found = cycles([draft.parent for draft in drafts], depends)
    for path in islice(found, MAX_PROBLEMS):
        shown = [f"{short(drafts[at].found.title)} (line {drafts[at].line})" for at in path]
        if len(shown) > 2 * _SHOWN:
            shown[_SHOWN:-_SHOWN] = [f"… {len(shown) - 2 * _SHOWN:,} more …"]
        message = f"a cycle: {' -> '.join(shown)}"
        problems.append(_Problem(drafts[path[0]].line, message, _CYCLE_HINT))


def _items(
    drafts: list[_Draft], keys: list[str], depends: dict[int, list[int]]
) -> Iterator[PlanItem]:
    siblings: dict[int, int] = defaultdict(int)
    for index, draft in enumerate(drafts):
        found = draft.found
        yield PlanItem(
            key=keys[index],
            parent=keys[draft.parent] if draft.parent >= 0 else None,
            title=found.title,
            line=draft.line,
            position=siblings[draft.parent],
            description="\n".join(draft.body).strip("\n"),
            done=draft.done,
            depends=tuple(keys[other] for other in depends.get(index, ())),
            skills=found.skills,
            priority=found.priority,
            files=found.files,
            estimate_s=found.estimate_s,
        )
        siblings[draft.parent] += 1
