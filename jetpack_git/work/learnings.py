"""Memories in the flow of work: what to know before a task begins, what its report teaches."""

from __future__ import annotations

from collections.abc import Sequence

from jetpack_git.data.database import Database
from jetpack_git.data.memories import to_memory
from jetpack_git.errors import JetpackError
from jetpack_git.models.memory import Found
from jetpack_git.models.memory import Memory
from jetpack_git.models.memory import mark
from jetpack_git.work.memories import Memories
from jetpack_git.work.memories import titled

MOST = 10  # of one report
CUT = 600  # characters of a memory that is told before work begins


def store(
    memories: Memories, report: str, *, task_id: str, agent: str
) -> tuple[Sequence[Memory], Sequence[str]]:
    """What a report says was `learned: …`, a line each, is remembered; and why some was not."""
    kept: list[Memory] = []
    refused: list[str] = []
    if "learned" not in report.lower():
        return kept, refused
    from jetpack_git.work.report import LONGEST  # most reports do without
    from jetpack_git.work.report import learned

    texts = learned(report)
    if "learned" in report[:-LONGEST].lower():
        refused.append(f"not read for what was learned: all but the last {LONGEST} characters")
    if len(texts) > MOST:
        refused.append(f"not remembered: {len(texts) - MOST} more of what was learned")
    for text in texts[:MOST]:
        title, body = titled(text, None)
        try:
            made = Memory(id="", title=title, body=body, agent=agent, task_id=task_id)
            kept.append(memories.remember(made))
        except JetpackError as error:
            from jetpack_git.work import secrets

            masked = [one.shown for one in secrets.find(title)] or [title]
            refused.append(f"not remembered: {masked[0]!r:.60}: {error.message}")
    return kept, refused


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
