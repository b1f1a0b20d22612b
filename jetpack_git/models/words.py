"""What changed in one field of a task, in words. They are not harmless in a terminal yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from jetpack_git.models import durations
from jetpack_git.models.task import PRIORITIES

SHORT = 60


def said(field: str, before: object, after: object, name: Callable[[str | None], str]) -> str:
    """The change of that attribute of a task; `name` says another task, or the lack of one."""
    if field == "parent_id":
        return f"moves from {name(_text(before))} to {name(_text(after))}"
    if field == "title":
        return f"title: {_short(before)!r} becomes {_short(after)!r}"
    if field == "description":
        return "description: " + (_lines(str(before), str(after)) if before else "new")
    if field in ("depends", "links"):
        return f"{field}: {_members(before, after, name)}"
    if field == "estimate_s":
        return f"estimate: {_time(before)} -> {_time(after)}"
    if field == "priority":
        return f"priority: {PRIORITIES[int(str(before))]} -> {PRIORITIES[int(str(after))]}"
    return f"{field.removesuffix('_id')}: {_plain(before)} -> {_plain(after)}"


def _members(before: object, after: object, name: Callable[[str | None], str]) -> str:
    old, new = ([*one] if isinstance(one, tuple) else [] for one in (before, after))

    def called(one: object) -> str:
        return f"{one[0]} {name(one[1])}" if isinstance(one, tuple) else name(str(one))

    come = [f"+{called(one)}" for one in new if one not in old]
    gone = [f"-{called(one)}" for one in old if one not in new]
    return " ".join(come + gone)


def _lines(before: str, after: str) -> str:
    """How many lines came and went."""
    old, new = Counter(before.splitlines()), Counter(after.splitlines())
    return f"{(new - old).total()} lines new, {(old - new).total()} gone"


def _plain(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return "none" if value in (None, "") else _short(value)


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= SHORT else f"{text[: SHORT - 1]}…"


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _time(seconds: object) -> str:
    return durations.text(int(str(seconds))) if seconds else "none"
