"""Files that git could not merge, as the versions that it has tried to merge."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from jetpack_git.git import objects
from jetpack_git.mirror import text

BASE, OURS, THEIRS = 1, 2, 3  # the stages of git's index
_SIGNS = {"<<<<<<<": OURS, "|||||||": BASE, "=======": THEIRS}


class Sides(NamedTuple):
    """The content of a file on either side, and of what both were made from, if that is known."""

    base: bytes | None
    ours: bytes
    theirs: bytes


def sides(worktree: str, path: str, data: bytes) -> Sides | None:
    """The versions of a file with markers; None when there are no markers, or no two sides."""
    content = data.decode("utf-8", "replace")
    if text.marker(content) is None:
        return None
    names = {f":{stage}:{path}": stage for stage in (BASE, OURS, THEIRS)}
    found = {
        names[name]: one
        for name, one in objects.blobs(names, cwd=Path(worktree), fetch=True).items()
    }
    split = _split(content)  # in which somebody may have decided some of it already
    if split is not None:
        return split._replace(base=split.base or found.get(BASE))
    if OURS in found and THEIRS in found:
        return Sides(found.get(BASE), found[OURS], found[THEIRS])
    return None


def _split(content: str) -> Sides | None:
    """The sides as the markers part them; the base only where git has written it between."""
    lines: dict[int, list[str]] = {BASE: [], OURS: [], THEIRS: []}
    side = 0
    has_base = closed = False
    for line in content.split("\n"):
        sign = line[:7] if line[7:8] in ("", " ", "\r") else ""
        if sign in _SIGNS and (side or sign == "<<<<<<<"):
            side = _SIGNS[sign]
            has_base = has_base or side == BASE
        elif sign == ">>>>>>>" and side == THEIRS:
            side, closed = 0, True
        else:
            for stage in (side,) if side else lines:
                lines[stage].append(line)
    if side or not closed:
        return None
    base, ours, theirs = ("\n".join(one).encode() for one in lines.values())
    return Sides(base if has_base else None, ours, theirs)
