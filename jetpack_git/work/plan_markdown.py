"""Plans in Markdown: headings and list items become a tree of items.

The text between them is kept as the description of the item above; code blocks and HTML
comments are never read for items.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace

from jetpack_git.models import mapping
from jetpack_git.models.plan_document import PlanDocument
from jetpack_git.work.plan_attributes import Attributes
from jetpack_git.work.plan_attributes import read_title
from jetpack_git.work.plan_items import MAX_PROBLEMS
from jetpack_git.work.plan_items import Draft
from jetpack_git.work.plan_items import Elsewhere
from jetpack_git.work.plan_items import Problem
from jetpack_git.work.plan_items import document
from jetpack_git.work.plan_items import head_text
from jetpack_git.work.plan_items import too_long

_TAB = 4
_HEAD = ("title", "id")
_NESTED = 2  # columns that a nested line stands to the right of the marker above

_HEADING = re.compile(r" {0,3}(#{1,6})(?=[ \t]|$)")
_RULE = r"([-*])(?:[ \t]*\1){2,}+[ \t]*$"
_ITEM = re.compile(rf"[ \t]*(?!{_RULE})([-*+]|[0-9]{{1,9}}[.)])(?:[ \t]+|$)")
_ITEM_STARTS = frozenset("-*+0123456789")
_BLOCK_STARTS = frozenset("`~<")
_CHECKBOX = re.compile(r"\[([ xX])\](?=\s|$)")
_FENCE = re.compile(r"[ \t]*(`{3,}+(?=[^`]*$)|~{3,})")
_COMMENT_END = "-->"
_MARKER = r"(?:#{1,6}|[-*+]|[0-9]{1,9}[.)])(?:[ \t]|$)|`{3}|~{3}|<!--"
_ESCAPED = re.compile(rf"^([ \t]*)\\(\\*)(?={_MARKER})")
_ESCAPABLE = re.compile(rf"^([ \t]*)(\\*)(?={_MARKER})")

_TITLE_HINT = "Write a title before the attributes, such as: - Write the parser [id: parser]"

_UNTITLED = Attributes(title="")


@dataclass(slots=True)
class _Draft(Draft):
    """An item, and what lines below it are measured by. `level` is 0 in a list."""

    level: int = 0
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


def parse(text: str, *, source: str, title: str, elsewhere: Elsewhere) -> PlanDocument:
    """The plan in `text`. BadInput names every problem as `source:line: what is wrong`.

    At most 20 problems are named; the hint is for the first.
    """
    lines = text.split("\n")
    start = _body_start(lines)
    head = mapping.read("\n".join(lines[1 : max(start - 1, 1)]), source=source, first_line=2)
    reader = _Reader()
    for number, line in enumerate(lines[start:], start + 1):
        reader.read(number, line)
    reader.finish()
    made = document(
        reader.drafts, reader.problems, source=source,
        title=head_text(head, "title", source) or title, plan_id=head_text(head, "id", source),
        elsewhere=elsewhere,
    )  # fmt: skip
    warnings = [
        f"{source}:{head.lines[key]}: {key:.60}: has no meaning in a plan, and is not kept."
        for key in head.values
        if key not in _HEAD
    ]
    if reader.text_before:
        warnings.append(
            f"{source}:{reader.text_before}: the text before the first item belongs to no task, "
            "and is not kept. Put it below a heading."
        )
    return replace(made, warnings=tuple(warnings))


def _body_start(lines: list[str]) -> int:
    """How many lines the front matter takes, if there is one."""
    if lines[0].rstrip() != "---":
        return 0
    ends = (at for at in range(1, len(lines)) if lines[at].rstrip() == "---")
    return next(ends, -1) + 1


def _column(line: str) -> int:
    """The column, from 0, of the first character that is not blank."""
    blanks = len(line) - len(line.lstrip(" \t"))
    return len(line[:blanks].expandtabs(_TAB)) if blanks else 0


def _dedent(line: str, columns: int) -> str:
    """`line` without its first `columns` columns, as far as they are blank."""
    if not columns or line[:1] not in (" ", "\t"):
        return line
    if not line[:columns].strip(" ") and len(line) > columns:
        return line[columns:]
    return " " * max(0, _column(line) - columns) + line.lstrip(" \t")


class _Reader:
    """The items read so far, and the headings and list items that are still open."""

    def __init__(self) -> None:
        self.drafts: list[_Draft] = []
        self.problems: list[Problem] = []
        self._headings: list[int] = []
        self._lists: list[int] = []
        self._block: _Block | None = None
        self._after_blank = False
        self.text_before = 0  # its first line, if there is any
        self._number = 0

    def read(self, number: int, line: str) -> None:
        """The line is an item, or part of the description of the item above."""
        self._number = number
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
            self._describe("" if self._after_blank else _ESCAPED.sub(r"\1\2", line))

    def finish(self) -> None:
        """What is still open, or missing altogether, is a problem."""
        if self._block is not None:
            what = "comment" if self._block.end == _COMMENT_END else "code block"
            message = f"the {what} that starts here is never closed"
            self._complain(self._block.line, message, f"Close it with a line {self._block.end}")
        elif not self.drafts:
            hint = "Write a task in a line of its own, such as: - Write the parser"
            self._complain(1, "the plan has no items", hint)
        for draft in self.drafts:
            draft.description = "\n".join(draft.body).strip("\n")

    def _complain(self, line: int, message: str, hint: str) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(line, message, hint))

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
        elif line.strip() and not (self._block and self._block.end == _COMMENT_END):
            self.text_before = self.text_before or self._number

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
        elif problem := too_long(number, found.title):
            self._complain(number, problem.message, str(problem.hint))
        return found


def escape_body(text: str) -> list[str]:
    """The lines from which just this description is read below an item."""
    lines = text.split("\n")
    found: list[str] = []
    while lines:
        block = _opened_block(0, lines[0])
        length = _block_length(block, lines) if block is not None else 0
        found += lines[:length] or [_ESCAPABLE.sub(r"\1\\\2", lines[0])]
        del lines[: max(length, 1)]
    return found


def _block_length(block: _Block, lines: list[str]) -> int:
    """How many lines the block takes that begins in the first; 0 when it has no end."""
    if block.end == _COMMENT_END and block.end in lines[0]:
        return 1
    return next((at + 1 for at in range(1, len(lines)) if block.ends_with(lines[at])), 0)


def _opened_block(number: int, line: str) -> _Block | None:
    """The code block or comment that starts in `line`."""
    if line.lstrip(" \t")[:1] not in _BLOCK_STARTS:
        return None
    if fence := _FENCE.match(line):
        return _Block(number, _column(line), fence[1])
    if line.lstrip(" \t").startswith("<!--"):
        return _Block(number, _column(line), _COMMENT_END)
    return None
