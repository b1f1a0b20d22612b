"""Text that may be printed: whatever is in it, a terminal shows it and obeys nothing."""

from __future__ import annotations


def safe(text: str, *, lines: bool = False) -> str:
    """The text with nothing in it that a terminal would obey; newlines stay if `lines`."""
    if text.isprintable():
        return text
    return "".join(_visible(one, lines) for one in text)


def _visible(one: str, lines: bool) -> str:
    if one.isprintable() or (lines and one == "\n"):
        return one
    if "\udc80" <= one <= "\udcff":  # a byte that is no UTF-8
        return f"\\x{ord(one) - 0xDC00:02x}"
    return one.encode("unicode_escape", "backslashreplace").decode("ascii")
