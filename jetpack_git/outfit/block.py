"""A block of lines in a file that somebody else wrote, between two lines that mark it."""

from __future__ import annotations

import re

from jetpack_git.outfit.members import Unusable

NAME = "git-jetpack"


def put(text: str | None, block: str, comment: tuple[str, str]) -> str:
    """The text with the block, at its end if it was not there. Raises Unusable."""
    begin, end = _marks(comment)
    whole = f"{begin}\n{block.rstrip()}\n{end}\n"
    if text is None:
        return whole
    found = _find(text, comment)
    newline = _newline(text if found is None else found.group())
    whole = whole.replace("\n", newline)
    if found is not None:
        return text[: found.start()] + whole + text[found.end() :]
    return text + newline + whole


def take(text: str, comment: tuple[str, str]) -> str | None:
    """The text without the block; None where the block was all that we put into a file of ours."""
    found = _find(text, comment)
    if found is None:
        return text
    before, after = text[: found.start()], text[found.end() :]
    if not before and not after:
        return None
    return before.removesuffix(_newline(found.group())) + after


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _marks(comment: tuple[str, str]) -> tuple[str, str]:
    opening, closing = comment
    return f"{opening}>>> {NAME} >>>{closing}", f"{opening}<<< {NAME} <<<{closing}"


def _find(text: str, comment: tuple[str, str]) -> re.Match[str] | None:
    begin, end = (re.escape(one) for one in _marks(comment))
    found = list(re.finditer(rf"^{begin}\r?\n(?:.*?\n)?{end}(?:\r?\n|\Z)", text, re.M | re.S))
    marks = len(re.findall(rf"^(?:{begin}|{end})\r?$", text, re.M))
    if marks != 2 * len(found) or len(found) > 1:
        raise Unusable("our block in it was changed: its marks do not come in one pair")
    return found[0] if found else None
