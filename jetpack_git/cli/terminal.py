"""Text for a terminal: harmless, and in columns."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from collections.abc import Sequence


def safe(text: str, *, lines: bool = False) -> str:
    """The text with nothing in it that a terminal would obey; newlines stay if `lines`."""
    if text.isprintable():
        return text
    return "".join(_visible(one, lines) for one in text)


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """One line a row, its cells padded so that they stand below each other."""
    if not rows:
        return []
    safe_rows = [[safe(cell) for cell in row] for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(*safe_rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in safe_rows
    ]


def say(lines: str | Iterable[str]) -> None:
    """The lines are on stdout."""
    for line in [lines] if isinstance(lines, str) else lines:
        print(line)


def complain(message: str, hint: str = "") -> None:
    """The error is on stderr, with its hint."""
    for line in message.split("\n"):
        print(f"error: {safe(line)}", file=sys.stderr)
    if hint:
        print(f"hint: {safe(hint)}", file=sys.stderr)


def warn(message: str) -> None:
    """The warning is on stderr."""
    print(f"warning: {safe(message)}", file=sys.stderr)


def _visible(one: str, lines: bool) -> str:
    if one.isprintable() or (lines and one == "\n"):
        return one
    if "\udc80" <= one <= "\udcff":
        return f"\\x{ord(one) - 0xDC00:02x}"
    return one.encode("unicode_escape", "backslashreplace").decode("ascii")


def is_terminal() -> bool:
    """Whether a person sees stdout, on a terminal that can be redrawn."""
    return sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"
