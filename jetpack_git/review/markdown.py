"""A review as Markdown, for the top of a pull request.

Whatever an author of tasks could write stands in code spans: there nothing is a heading, a link,
a mention, an issue's number or HTML. The same review is always the same text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Sequence

from jetpack_git.models import durations
from jetpack_git.models.review import ERROR
from jetpack_git.models.review import KINDS
from jetpack_git.models.review import ODDITIES
from jetpack_git.models.review import WARNING
from jetpack_git.models.review import Entry
from jetpack_git.models.review import Learned
from jetpack_git.models.review import Progress
from jetpack_git.models.review import Review
from jetpack_git.models.visible import safe

MARK = "<!-- git-jetpack review -->"
LONGEST = 60_000  # characters; a comment on GitHub has at most 65,536
SHOWN = (40, 15, 5, 1)  # how much of each list, should it become too long
SHORT = 120


def markdown(review: Review) -> str:
    """The whole text, which is no longer than `LONGEST`."""
    text = ""
    for shown in SHOWN:
        text = "\n".join(_lines(review, shown)) + "\n"
        if len(text) <= LONGEST:
            break
    return text


def code(text: str) -> str:
    """The text in a code span: one line, harmless, and nothing in it has a meaning."""
    plain = safe(" ".join(text.split()))
    plain = plain if len(plain) <= SHORT else f"{plain[: SHORT - 1]}…"
    fence = "`" * (max(map(len, re.findall("`+", plain)), default=0) + 1)
    space = " " if not plain or plain.startswith("`") or plain.endswith("`") else ""
    return f"{fence}{space}{plain}{space}{fence}"


def summary(review: Review) -> str:
    """How much of what there is, in one line."""
    counts = [(len(review.of(kind)), name) for kind, name in KINDS.items()]
    said = [f"{number} {name.lower()}" for number, name in counts if number]
    said += [f"{len(review.unblocked)} unblocked"] * bool(review.unblocked)
    memories = "memory" if len(review.memories) == 1 else "memories"
    said += [f"{len(review.memories)} {memories}"] * bool(review.memories)
    return ", ".join(said) or "no task changes"


def progress(one: Progress) -> str:
    """How far the plan was, and is."""
    return f"{_percent(one.before)} -> {_percent(one.after)}"


def _lines(review: Review, shown: int) -> Iterator[str]:
    yield MARK
    yield f"## Tasks: {summary(review)}"
    yield from _findings(review, ERROR, shown)
    for kind, name in KINDS.items():
        yield from _section(name, [_entry(one, shown) for one in review.of(kind)], shown)
    named = [f"- {code(one.task_id)} {code(one.title)}" for one in review.unblocked]
    yield from _section("Unblocked", named, shown)
    rows = [f"- {code(one.title)}: {progress(one)}" for one in review.plans]
    yield from _section("Plans", rows, shown)
    yield from _section("Memories", [_learned(one, shown) for one in review.memories], shown)
    yield from _findings(review, WARNING, shown)
    yield ""
    yield f"From {review.base[:12]} to {review.head[:12]}."


def _section(name: str, items: Sequence[str], shown: int) -> Iterator[str]:
    if items:
        yield f"\n### {name}\n"
        yield from items[:shown]
        if len(items) > shown:
            yield f"- … and {len(items) - shown} more of {len(items)}"


def _entry(one: Entry, shown: int) -> str:
    said = f"- {code(one.task_id)} {code(one.title)}"
    said += " (new)" if one.is_new and one.kind != "created" else ""
    said += f" by {_names(one.by)}" if one.by else ""
    said += f" in {durations.text(one.took_s)}" if one.took_s else ""
    said += f": {code(one.summary)}" if one.summary and one.kind != "changed" else ""
    words = [f"  - {code(change.words)}" for change in one.changes[:shown]]
    words += [f"  - … and {len(one.changes) - shown} more"] * (len(one.changes) > shown)
    return "\n".join([said, *words])


def _learned(one: Learned, shown: int) -> str:
    said = f"- {one.change} {code(one.memory_id)} {code(one.title)} ({code(one.memory_type)})"
    said += f" by {code(one.agent)}" if one.agent else ""
    lines = one.body.split("\n") if one.body and one.change != "forgotten" else []
    text = [f"  {code(line)}  " for line in lines[:shown] if line.strip()]
    text += [f"  … and {len(lines) - shown} more lines"] * (len(lines) > shown)
    return "\n".join([f"{said}  " if text else said, *text])


def _findings(review: Review, level: str, shown: int) -> Iterator[str]:
    for kind, found in review.groups(level).items():
        lines = [
            f"- {code(one.place)}" + (f": {code(one.text)}" if one.text else "") for one in found
        ]
        yield from _section(f"{level.capitalize()}: {ODDITIES[kind].lower()}", lines, shown)


def _names(names: Sequence[str]) -> str:
    return ", ".join(code(one) for one in names)


def _percent(counts: tuple[int, int]) -> str:
    done, total = counts
    return f"{done} of {total} ({100 * done // total} %)" if total else "nothing"
