"""What a report says was `learned:`, read as Markdown is, in the forms that agents write."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Iterator
from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

LONGEST = 128 * 1024  # characters that are read: the last ones
NOTHING = ("", "none", "nothing", "nothing new", "n/a", "na")  # said where nothing was learned

# Before an item. Markdown knows only the first three of the signs, and only numbers.
_SIGN = (
    r"(?:[-*+•◦‣·\u2013\u2014]|(?:\d{1,9}|[a-z]|[ivx]+)\.|\(?(?:\d{1,9}|[A-Za-z]|[ivx]+)\))"
    r"(?:[ \t]+|$)"
)
_CHECKBOX = r"(?:\[[ xX]\][ \t]+)?"
_BOX = re.compile(rf"^{_CHECKBOX}")
_ITEM = re.compile(rf"^{_SIGN}{_CHECKBOX}")
_BLOCK = re.compile(rf"{_SIGN}|```|~~~|$")
_LEARNED = re.compile(
    rf"(?:#+[ \t]+)?(?:{_SIGN})?{_CHECKBOX}([*_]*)learned([*_]*):([*_]*)[ \t]*", re.IGNORECASE
)
_OTHER = re.compile(r"#|\||[*_]*[A-Za-z][\w -]{0,30}[*_]*:(?:\s|$)|(\*\*|__).+\1$")
_AROUND = " \t>"
_TEXTS = ("paragraph", "heading")
_LISTS = ("bullet_list", "ordered_list")
_GAP = "\t"  # at the end of a line of ours: others end in no blank


def learned(report: str) -> list[str]:
    """Each thing that the report says was learned, once, in the order in which it says them.

    That is what stands behind `learned:`, with what is indented below it; behind a `learned:`
    that has nothing on its line, each item of the list below. Code is not read for it.
    """
    report = re.sub(r"\r\n?", "\n", report.replace("\0", "\ufffd"))
    report = re.sub(r"[^\S\n\t]", " ", report[-LONGEST:])
    lines = list(_parted(report.split("\n")))
    markdown = MarkdownIt("commonmark").disable("code")  # four blanks are a list's, most often
    markdown.core.ruler.enableOnly(["normalize", "block"])
    tree = SyntaxTreeNode(markdown.parse("\n".join(lines)))
    said = filter(None, _Report(lines).read(tree.children, 0))
    return [one for one in dict.fromkeys(said) if one.lower().strip(" .-*_()") not in NOTHING]


def _parted(lines: Sequence[str]) -> Iterator[str]:
    """The lines, with a gap before each that begins something: to Markdown it goes on with what
    stands above, unless a gap or a sign that it knows says otherwise.
    """
    margin = -1.0  # the column of the item above
    is_one = is_after_text = False
    for given in lines:
        line = given.rstrip()
        text = line.lstrip(_AROUND)
        column = len(line.expandtabs(4)) - len(text.expandtabs(4))
        found = _LEARNED.match(text)
        is_item = bool(found or _ITEM.match(text))
        begins = column <= margin and (is_item or is_one or _OTHER.match(text))
        if is_after_text and (found or begins):
            yield line[: len(line) - len(text)].rstrip() + _GAP
            is_one, margin = False, column
        if is_item:
            is_list = found is not None and found.end() == len(text)
            is_one = found is not None and not is_list
            margin = math.inf if is_list else column
        is_after_text = bool(text)
        is_one = is_one and is_after_text
        yield line


class _Report:
    """The lines of a report, and what is said in the blocks that they make."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines

    def read(self, blocks: Sequence[SyntaxTreeNode], quotes: int) -> Iterator[str]:
        """What was learned as these blocks say, which stand side by side in so many quotes."""
        text: str | None = None  # what may go on; None where nothing is said to be learned
        is_list = False
        for block in blocks:
            whole = self._whole(block, quotes)
            if block.type in _TEXTS and _LEARNED.match(whole):
                yield text or ""
                text = _behind(whole)
                is_list = bool(_LEARNED.fullmatch(_top(block)))
            elif text is None or not self._belongs(block, text, is_list=is_list):
                yield text or ""
                text = None
                yield from self._within(block, quotes)
            elif is_list and block.type in _LISTS:
                for item in block.children:
                    *before, text = (text, *self._item(item, quotes))
                    yield from before
            elif is_list and (sign := _ITEM.match(whole)):
                yield text
                text = whole[sign.end() :]
            else:
                text = "\n".join(filter(None, (text, whole)))
        yield text or ""

    def _within(self, block: SyntaxTreeNode, quotes: int) -> Iterator[str]:
        """What was learned as the parts of a block say, each for itself."""
        if block.type == "blockquote":
            yield from self.read(block.children, quotes + 1)
        for item in block.children if block.type in _LISTS else ():
            if _LEARNED.match(self._whole(item, quotes)):
                yield from self._item(item, quotes)
            else:
                yield from self.read(item.children, quotes)

    def _item(self, item: SyntaxTreeNode, quotes: int) -> Sequence[str]:
        """What an item of what was learned says: all of it, or each that is listed in it."""
        if item.children and _LEARNED.fullmatch(_top(item.children[0])):
            return list(self.read(item.children, quotes))
        return [_behind(self._whole(item, quotes))]

    def _belongs(self, block: SyntaxTreeNode, text: str, *, is_list: bool) -> bool:
        """Whether a block goes on with the text above, or with its list."""
        is_awaited = not text or text.endswith(":")
        first, _ = block.map or (0, 0)
        if block.type in _LISTS:
            return is_list or is_awaited
        if block.type == "fence":
            return is_awaited or bool(self._lines[first - 1].strip(" >"))
        line = _top(block)
        is_item = is_list and bool(_ITEM.match(line))
        return block.type == "paragraph" and (is_item or (is_awaited and not _OTHER.match(line)))

    def _whole(self, block: SyntaxTreeNode, quotes: int) -> str:
        """A block as one text: what only wraps its first line is joined, all else stays."""
        first, end = block.map or (0, 0)
        quote = re.compile(rf"^(?:[ \t]*> ?){{0,{quotes}}}")
        given = (one for one in self._lines[first:end] if not one.endswith(_GAP))
        lines = [quote.sub("", one, count=1) for one in given]
        top = block.children[0] if block.type == "list_item" and block.children else block
        if block.type == "heading":
            lines = [_top(block)]
        elif top.type in _TEXTS and top.map and top.map[0] == first:
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


def _top(block: SyntaxTreeNode) -> str:
    """The first line of a paragraph or a heading."""
    if block.type not in _TEXTS:
        return ""
    return block.children[0].content.partition("\n")[0]


def _behind(text: str) -> str:
    """What stands behind `learned:`, if the text begins so; else all of it."""
    found = _LEARNED.match(text)
    if not found:
        return text
    rest = text[found.end() :].strip()
    return rest if found[2] or found[3] else rest.replace(found[1], "", 1)
