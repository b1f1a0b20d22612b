"""What a report says was `learned:`, read as Markdown is, in the forms that agents write."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

LONGEST = 128 * 1024  # characters that are read: the last ones
# Said where nothing was learned.
_NOTHING = re.compile(
    r"(?:(?:none|nil|n/?a|no|nothing)(?: new| else| needed| notable| special| to (?:add|note)"
    r"| worth (?:noting|sharing))?|(?:no|nothing)(?: new)? (?:learnings|lessons|surprises|insights)"
    r"|nothing (?:beyond|that would) .{,80})?(?: ?[-\u2013\u2014(].{,120})?"
)

# Before an item. Markdown knows only the first three of the signs, and only numbers.
_SIGN = (
    r"(?:[-*+•◦‣·\u2013\u2014]|(?:\d{1,9}|[a-z]|[ivx]+)\.|\(?(?:\d{1,9}|[A-Za-z]|[ivx]+)\))"
    r"(?:[ \t]+|$)"
)
_CHECKBOX = r"(?:\[[ xX]\][ \t]+)?"
_BOX = re.compile(rf"^{_CHECKBOX}")
_ITEM = re.compile(rf"^{_SIGN}{_CHECKBOX}")
_FENCE = re.compile(r"```|~~~")
_BLOCK = re.compile(rf"{_SIGN}|```|~~~|\||$")
_EMOJI = r"(?:[^\w\s\x00-\x7f\u201c]{1,3}[ \t]*)?"
_LEARNED = re.compile(
    rf"(?:#+[ \t]+)?({_SIGN})?{_CHECKBOX}{_EMOJI}([*_]*|[`\"'\u201c]){_EMOJI}learned"
    r"([*_`]*:[*_`]*)[ \t]*",
    re.IGNORECASE,
)
# A heading, or a line in bold, that has no colon.
_NAMED = re.compile(
    rf"^([ \t>]*(?:#{{1,6}}[ \t]+{_EMOJI}learned|(\*\*|__){_EMOJI}learned\2))[ \t#]*$",
    re.IGNORECASE | re.MULTILINE,
)
# What more is said of a fact.
_DETAIL = re.compile(
    rf"(?:{_SIGN})?[*_]*(?:(fact)|(?:root )?cause|reason|why|because|place|where|location|evidence"
    r"|impact|workaround)[*_]*:",
    re.IGNORECASE,
)
_WRAPPED = re.compile(r"[a-z(`]")  # after a line that ends no sentence
_ENDS = (".", "!", "?", ":", ";")
_LABEL = re.compile(r"(\*\*|__).+\1:?$|.{1,60}:$")
_OTHER = re.compile(
    rf"#{{1,6}}[ \t]|\||[*_]*[A-Za-z][\w -]{{0,30}}[*_]*:[*_]*(?:\s|$)|{_LABEL.pattern}"
)
_AROUND = " \t>"
_CODE = 4  # columns from which on text keeps its lines
_TEXTS = ("paragraph", "heading")
_LISTS = ("bullet_list", "ordered_list")
_GAP = "\t"  # at the end of a line of ours: others end in no blank


def learned(report: str) -> list[str]:
    """Each thing that the report says was learned, once, in the order in which it says them.

    That is what stands behind `learned:`, with what is indented below it; behind a `learned:`
    that has nothing on its line, each item of the list below, or each paragraph and item below a
    heading. Code in fences is not read for it.
    """
    report = re.sub(r"\r\n?", "\n", report.lstrip("\ufeff").replace("\0", "\ufffd"))
    report = re.sub(r"[^\S\n\t]", " ", report[-LONGEST:])
    lines = list(_parted(_NAMED.sub(r"\1:", report).split("\n")))
    markdown = MarkdownIt("commonmark").disable("code")  # four blanks are a list's, most often
    markdown.core.ruler.enableOnly(["normalize", "block"])
    tree = SyntaxTreeNode(markdown.parse("\n".join(lines)))
    said = filter(None, _Report(lines).read(tree.children, 0))
    return [one for one in dict.fromkeys(said) if not _is_nothing(one)]


def _is_nothing(text: str) -> bool:
    bare = text.lower().strip(" .!-\u2013\u2014*_()[]\"'`")
    return _NOTHING.fullmatch(bare) is not None


def _parted(lines: Sequence[str]) -> Iterator[str]:
    """The lines, with a gap before each that begins something: to Markdown it goes on with what
    stands above, unless a gap or a sign that it knows says otherwise.
    """
    margin = -1.0  # the column of the item above
    is_one = False
    above = ""
    for given in lines:
        line = given.rstrip()
        text = line.lstrip(_AROUND)
        column = _column(line)
        found = _LEARNED.match(text)
        is_item = bool(found or _ITEM.match(text))
        ends = is_one and (above.endswith(_ENDS) or not _WRAPPED.match(text))
        is_other = not _DETAIL.match(text) and (ends or _OTHER.match(text))
        begins = column <= margin and (is_item or is_other)
        if above and (found or begins or _FENCE.match(text)):
            yield line[: len(line) - len(text)].rstrip() + _GAP
            is_one = False
            margin = min(column, margin)
        if found or (is_item and not (is_one and column > margin)):
            is_list = found is not None and found.end() == len(text)
            is_one = found is not None and not is_list
            margin = math.inf if is_list else column
        is_one = is_one and bool(text)
        above = text
        yield line


@dataclass
class _Head:
    """A `learned:` and what can go on with it: its list, if nothing stands on its line.

    It stands at a `column`; `level` is that of a heading, or 0. `is_marked`: a heading, or bold.
    `is_signed`: it is an item itself, of a list that Markdown does not know, or of one of `kind`.
    `is_awaited`: nothing that was learned has been seen yet. `is_prose`: no list has, since the
    heading above.
    """

    is_list: bool
    column: int = 0
    level: int = 0
    is_marked: bool = False
    is_signed: bool = False
    kind: str = ""
    is_awaited: bool = False
    is_prose: bool = False


class _Report:
    """The lines of a report, and what is said in the blocks that they make."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines

    def read(self, blocks: Sequence[SyntaxTreeNode], quotes: int) -> Iterator[str]:
        """What was learned as these blocks say, which stand side by side in so many quotes."""
        head: _Head | None = None
        text = ""  # that may go on
        for at, block in enumerate(blocks):
            whole = self._whole(block, quotes)
            if block.type in _TEXTS and _LEARNED.match(whole):
                yield text
                head, text = self._head(block), _behind(whole)
                if head.is_list and _is_label(blocks, at):
                    text = ""
                head.is_awaited = not text
                head.is_prose = True
            elif head is None or not self._belongs(head, text, blocks, at):
                yield text
                said, head, text = *self._parts(block, quotes), ""
                yield from said
            elif not head.is_list or self._is_more(head, text, blocks, at):
                text = "\n".join(filter(None, (text, whole)))
            else:
                yield text
                *said, text = self._listed(blocks, at, whole, quotes)
                yield from said
                head.is_awaited = head.is_awaited and not text
                head.is_prose = block.type == "heading" or (
                    head.is_prose and block.type not in _LISTS
                )
        yield text

    def _listed(
        self, blocks: Sequence[SyntaxTreeNode], at: int, whole: str, quotes: int
    ) -> Sequence[str]:
        """What a block says in a list of what was learned; its last text may go on."""
        block = blocks[at]
        if block.type in _LISTS:
            return _folded(one for item in block.children for one in self._item(item, quotes))
        if _is_label(blocks, at):
            return [""]
        if block.type == "heading":
            return [f"{whole}:"]
        return [_ITEM.sub("", whole, count=1) if block.type == "paragraph" else whole]

    def _parts(self, block: SyntaxTreeNode, quotes: int) -> tuple[Sequence[str], _Head | None]:
        """What was learned as the parts of a block say, each for itself; and a `learned:` that
        is all of its last item.
        """
        said: list[str] = []
        head = None
        is_fact = False
        if block.type == "blockquote":
            said += self.read(block.children, quotes + 1)
        for item in block.children if block.type in _LISTS else ():
            whole = self._whole(item, quotes)
            is_said, is_detail = bool(_LEARNED.match(whole)), bool(_DETAIL.match(whole))
            is_fact = is_fact if is_detail else is_said
            if is_said:
                said += self._item(item, quotes)
                is_open = len(item.children) == 1 and bool(_LEARNED.fullmatch(whole))
                head = _Head(is_list=True, is_signed=True, kind=block.type) if is_open else None
            elif is_fact and is_detail:
                said = _folded((*said, whole))
            elif head is not None and not _OTHER.match(whole):
                said.append(whole)
            else:
                said += self.read(item.children, quotes)
                head = None
        return said, head

    def _item(self, item: SyntaxTreeNode, quotes: int) -> Sequence[str]:
        """What an item of what was learned says: all of it, or each that is listed in it."""
        if item.children and _LEARNED.fullmatch(_top(item.children[0])):
            return list(self.read(item.children, quotes))
        return [_behind(self._whole(item, quotes))]

    def _head(self, block: SyntaxTreeNode) -> _Head:
        """The `learned:` that a paragraph or a heading begins with."""
        line = _top(block)
        found = _LEARNED.match(line)
        level = int(block.tag[1]) if block.type == "heading" else 0
        return _Head(
            is_list=found is not None and found.end() == len(line),
            column=_column(self._lines[_first(block)]),
            level=level,
            is_marked=bool(level or (found and found[2])),
            is_signed=bool(found and found[1]),
        )

    def _belongs(self, head: _Head, text: str, blocks: Sequence[SyntaxTreeNode], at: int) -> bool:
        """Whether a block goes on with what a `learned:` says."""
        block, line = blocks[at], _top(blocks[at])
        if block.type == "heading":
            return head.is_list and 0 < head.level < int(block.tag[1])
        if block.type not in (*_LISTS, "paragraph", "fence", "blockquote"):
            return False
        if block.type != "blockquote" and _column(self._lines[_first(block)]) > head.column:
            return True
        if head.is_list and head.level and (head.is_prose or block.type == "fence"):
            return True
        if head.is_list and block.type in _LISTS:
            return block.type != head.kind
        if text and self._is_detail(block):
            return True
        if head.is_list and _ITEM.match(line):
            return not head.is_signed
        if _is_label(blocks, at):
            return head.is_awaited
        if head.is_awaited and head.is_marked:
            return True
        is_going_on = head.is_awaited or self._is_more(head, text, blocks, at)
        return is_going_on and not _OTHER.match(line)

    def _is_more(self, head: _Head, text: str, blocks: Sequence[SyntaxTreeNode], at: int) -> bool:
        """Whether a block is part of the text above it, and no item of its own."""
        block = blocks[at]
        if head.is_list and (block.type in _LISTS or _ITEM.match(_top(block))):
            return False
        if not text or _is_label(blocks, at):
            return False
        is_fence = block.type == "fence"
        return (
            self._is_detail(block)
            or text.endswith(":")
            or (is_fence and (head.level > 0 or self._lines[_first(block) - 1].strip(" >") != ""))
            or _is_within(blocks, at)
        )

    def _is_detail(self, block: SyntaxTreeNode) -> bool:
        """Whether a block says more of a fact, as each of its items does."""
        tops = [_top(item.children[0]) for item in block.children if item.children]
        return all(map(_DETAIL.match, tops if block.type in _LISTS else [_top(block)]))

    def _whole(self, block: SyntaxTreeNode, quotes: int) -> str:
        """A block as one text: what only wraps its first line is joined, all else stays."""
        first, end = block.map or (0, 0)
        quote = re.compile(rf"^(?:[ \t]*> ?){{0,{quotes}}}")
        given = (one for one in self._lines[first:end] if not one.endswith(_GAP))
        lines = [quote.sub("", one, count=1) for one in given]
        top = block.children[0] if block.type == "list_item" and block.children else block
        if block.type == "heading":
            lines = [_top(block)]
        elif block.type == "paragraph" and _column(self._lines[first]) >= _CODE:
            return textwrap.dedent("\n".join(lines)).strip("\n")
        elif top.type == "paragraph" and _first(top) == first:
            lines[0] = _BOX.sub("", _top(top), count=1)
        elif block.type == "list_item":
            lines[0] = _ITEM.sub("", lines[0].lstrip(), count=1)
        else:
            return textwrap.dedent("\n".join(lines)).strip("\n")
        wrapped = 1
        while wrapped < len(lines) and not _BLOCK.match(lines[wrapped].lstrip()):
            wrapped += 1
        rest = textwrap.dedent("\n".join(lines[wrapped:])).strip("\n")
        return "\n".join(filter(None, (" ".join(map(str.strip, lines[:wrapped])).strip(), rest)))


def _folded(said: Iterable[str]) -> list[str]:
    """What is said, and what more is said of a fact with it."""
    found: list[str] = []
    for one in said:
        detail = _DETAIL.match(one)
        if detail and not detail[1] and found:
            found[-1] += f"\n{one}"
        else:
            found.append(one)
    return found


def _first(block: SyntaxTreeNode) -> int:
    """The number of its first line, from 0."""
    return block.map[0] if block.map else 0


def _column(line: str) -> int:
    """The column, from 0, of the first character that is not blank, nor of a quote."""
    line = line.expandtabs(4)
    return len(line) - len(line.lstrip(_AROUND))


def _top(block: SyntaxTreeNode) -> str:
    """The first line of a paragraph or a heading."""
    return block.children[0].content.partition("\n")[0] if block.type in _TEXTS else ""


def _is_label(blocks: Sequence[SyntaxTreeNode], at: int) -> bool:
    """Whether a block only names the list that follows."""
    block = blocks[at]
    is_before_list = at + 1 < len(blocks) and blocks[at + 1].type in _LISTS
    if block.type == "paragraph":
        return is_before_list and bool(_LABEL.fullmatch(block.children[0].content))
    return is_before_list and block.type == "heading"


def _is_within(blocks: Sequence[SyntaxTreeNode], at: int) -> bool:
    """Whether the numbers of a list go on soon after the block."""
    near = blocks[at + 1 : at + 3]
    found = next((one for one in near if one.type in (*_LISTS, "heading")), None)
    return found is not None and int(found.attrs.get("start", 1)) > 1


def _behind(text: str) -> str:
    """What stands behind `learned:`, if the text begins so; else all of it."""
    found = _LEARNED.match(text)
    if not found:
        return text
    rest, sign = text[found.end() :].strip(), found[2].replace("\u201c", "\u201d")
    if not sign or found[3] != ":":
        return rest
    if rest.endswith(sign):
        return rest.removesuffix(sign).rstrip()
    return re.sub(rf"(?<=\S){re.escape(sign)}(?=\s|$)", "", rest, count=1)
