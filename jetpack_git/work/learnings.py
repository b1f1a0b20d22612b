"""Memories in the flow of work: what to know before a task begins, what its report teaches."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Sequence

from jetpack_git.data.database import Database
from jetpack_git.data.memories import to_memory
from jetpack_git.errors import JetpackError
from jetpack_git.models.memory import Found
from jetpack_git.models.memory import Memory
from jetpack_git.models.memory import mark
from jetpack_git.work.memories import Memories
from jetpack_git.work.memories import titled

_SIGN = r"(?:[*+•◦‣·\u2013—-]|\(?(?:\d{1,3}|[A-Za-z])[.)])[ \t]+(?:\[[ xX]\][ \t]+)?"
_ITEM = re.compile(rf"{_SIGN}(\S.*)")
_LEARNED = re.compile(rf"#*[ \t]*(?:{_SIGN})?[*_]*learned[*_]*:[*_]*[ \t]*(.*)", re.IGNORECASE)
_OTHER = re.compile(r"#|```|~~~|\||[*_]*[A-Za-z][\w -]{0,30}[*_]*:(?:\s|$)")
NOTHING = ("", "none", "nothing", "nothing new", "n/a", "na")  # said where nothing was learned
MOST = 10  # of one report
CUT = 600  # characters of a memory that is told before work begins


def store(
    memories: Memories, report: str, *, task_id: str, agent: str
) -> tuple[Sequence[Memory], Sequence[str]]:
    """What a report says was `learned: …`, a line each, is remembered; and why some was not."""
    kept, refused = [], []
    texts = list(dict.fromkeys(_learned(report)))
    if len(texts) > MOST:
        refused.append(f"not remembered: {len(texts) - MOST} more of what was learned")
    for text in texts[:MOST]:
        title, body = titled(text, None)
        try:
            made = Memory(id="", title=title, body=body, agent=agent, task_id=task_id)
            kept.append(memories.remember(made))
        except JetpackError as error:
            refused.append(f"not remembered: {title!r:.60}: {error.message}")
    return kept, refused


def _learned(report: str) -> Iterator[str]:
    """What stands after `learned:`, on its line or as a list below it, read as Markdown is:
    what is indented below an item belongs to it, and so does a line that goes on without a gap.
    """
    item: list[str] = []
    is_list = is_after_gap = False
    margin = -1  # of the item, or of the line above its list
    for given in report.expandtabs(4).splitlines():
        line = given.lstrip(" >")
        indent = len(given) - len(line)
        if not line:
            is_after_gap = True
            continue
        if found := _LEARNED.match(line):
            yield from _whole(item)
            is_list = not found[1].strip() or (is_list and bool(_ITEM.match(line)))
            item, margin = [found[1]], indent
        elif is_list and (found := _ITEM.match(line)) and (indent <= margin or not any(item)):
            yield from _whole(item)
            item, margin = [found[1]], indent
        elif item and (
            (indent > margin and (is_list or not is_after_gap))
            or (is_list and not is_after_gap and not _OTHER.match(line))
        ):
            item.append(line)
        else:
            yield from _whole(item)
            item, is_list, margin = [], False, -1
        is_after_gap = False
    yield from _whole(item)


def _whole(item: Sequence[str]) -> Sequence[str]:
    """The lines of an item as one text, if they say anything. Lists and code stay lines."""
    parts: list[str] = []
    is_block = False
    for line in filter(None, map(str.strip, item)):
        is_block = is_block or bool(parts and (_ITEM.match(line) or line.startswith("```")))
        parts += ["\n" if is_block else " ", line]
    text = "".join(parts[1:])
    return [] if text.lower().strip(" .-*_()") in NOTHING else [text]


def told(found: Sequence[Found]) -> list[str]:
    """The memories as lines for an agent, each with the mark that it was recalled."""
    lines = []
    for one in found:
        text = " ".join(one.memory.text.split())
        text = text if len(text) <= CUT else f"{text[: CUT - 1]}…"
        lines.append(f"{mark(one.memory.id)} {text}")
    return lines


def best(db: Database, *, agent: str, now: str, limit: int) -> Sequence[Memory]:
    """The memories that matter most, whatever is to be done."""
    return [to_memory(row) for row in db.all("memories.best", agent=agent, now=now, limit=limit)]
