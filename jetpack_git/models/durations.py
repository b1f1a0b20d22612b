"""Durations as people write them: `90s`, `30m`, `1h30m`, `1.5h`, `2d`."""

from __future__ import annotations

import re

from jetpack_git.errors import BadInput

_PART = re.compile(r"(\d+(?:\.\d+)?)(d|h|m|s)")
_WHOLE = re.compile(r"(?:\d+(?:\.\d+)?(?:d|h|m|s))+")
_HINT = "Write e.g. 30m, 2h or 1h30m."
_SECONDS = {"h": 3600, "m": 60, "s": 1}


def parse(text: str, *, hours_a_day: int = 24) -> int:
    """The whole seconds that `text` means. Raises BadInput unless it is positive.

    `hours_a_day` is 24 for a span of the clock and 8 for an estimate of work.
    """
    folded = text.strip().lower().replace(" ", "")
    if not _WHOLE.fullmatch(folded):
        raise BadInput(f"{text!r:.60} is no duration.", hint=_HINT)
    units = _SECONDS | {"d": hours_a_day * 3600}
    total = sum(float(number) * units[unit] for number, unit in _PART.findall(folded))
    if total > 10**9:
        raise BadInput(f"{text!r:.60} is longer than 30 years.", hint=_HINT)
    if round(total) == 0:
        raise BadInput(f"{text!r:.60} is no time at all.", hint=_HINT)
    return round(total)


def text(seconds: int) -> str:
    """The shortest way to write a duration without days."""
    parts = []
    for unit, size in _SECONDS.items():
        number, seconds = divmod(seconds, size)
        if number:
            parts.append(f"{number}{unit}")
    return "".join(parts) or "0s"
