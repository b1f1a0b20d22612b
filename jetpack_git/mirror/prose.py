"""Texts that two sides have changed become one that has what either wrote.

The lines that stand once in the base, and have a letter or a digit, are its anchors. What stands
between two of them on a side, and not in the base, is a change; where changes of both sides
overlap, what was written on either stays, one below the other, with a rule between. So sides that
each add a paragraph, or mend lines apart, lose nothing, in whatever order they are merged: what
was taken out joins as a set, and so do the parts that were put in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from collections.abc import Sequence
from typing import NamedTuple

RULE = "---"

Lines = tuple[str, ...]
Parts = frozenset[Lines]


class _Change(NamedTuple):
    """The lines between the anchors `first` and `last`, none of which stays between them."""

    first: int
    last: int
    lines: Lines


def merge(base: str, ours: str, theirs: str) -> tuple[str, bool]:
    """The text of both, and whether somebody should look at it.

    A side on which anchors stand in another order, or twice, merges with no other one: it holds
    if it is longer than the base, else the other does.
    """
    lines = base.split("\n")
    count = Counter(lines)
    anchors = [one for one in lines if count[one] == 1 and any(map(str.isalnum, one))]
    places = {one: at for at, one in enumerate(anchors, start=1)}
    before = {(one.first, one.last): one.lines for one in _between(lines, places) or ()}
    sides = {text: _between(text.split("\n"), places) for text in (ours, theirs)}
    if None in sides.values():
        return max(sides, key=lambda one: (_rank(base, one, sides[one]), len(one), one)), True
    changes = {
        one for side in sides.values() for one in side or ()
        if before.get((one.first, one.last)) != one.lines
    }  # fmt: skip
    merged, is_odd = [], False
    at = 0
    for group in _overlapping(changes):
        first, last = group[0].first, max(one.last for one in group)
        merged += _unchanged(before, anchors, at, first)
        joined, is_whole = _join(group, before.get((first, last)), len(anchors) + 1)
        touched = last > first + 1 or bool(_parts(before[first, last]))
        is_odd = is_odd or (touched and not is_whole)
        merged += joined
        merged += anchors[last - 1 : last]
        at = last
    merged += _unchanged(before, anchors, at, len(anchors) + 1)
    return "\n".join(merged), is_odd


def _between(lines: Iterable[str], places: dict[str, int]) -> list[_Change] | None:
    """What stands between the anchors; None where they are not in the order of the base."""
    found: list[_Change] = []
    last, since = 0, []
    for line in lines:
        place = places.get(line)
        if place is None:
            since.append(line)
        elif place <= last:
            return None
        else:
            found.append(_Change(last, place, tuple(since)))
            last, since = place, []
    return [*found, _Change(last, len(places) + 1, tuple(since))]


def _rank(base: str, text: str, side: list[_Change] | None) -> int:
    return 1 if side is not None else 2 if len(text) > len(base) else 0


def _overlapping(changes: Iterable[_Change]) -> list[list[_Change]]:
    """The changes in groups, in the order of the text."""
    groups: list[list[_Change]] = []
    end = 0
    for one in sorted(changes):
        if groups and one.first < end:
            groups[-1].append(one)
        else:
            groups.append([one])
        end = max(end, one.last)
    return groups


def _unchanged(
    before: dict[tuple[int, int], Lines], anchors: Sequence[str], first: int, last: int
) -> list[str]:
    """The base from behind one anchor up to another, which is in it."""
    found: list[str] = []
    for at in range(first, last):
        found += [*before[at, at + 1], *anchors[at : at + 1]]
    return found


def _join(group: list[_Change], before: Lines | None, end: int) -> tuple[Lines, bool]:
    """The lines that hold of changes that overlap, and whether one of them has all of it."""
    first, last = group[0].first, max(one.last for one in group)
    parts = frozenset(part for one in group for part in _parts(one.lines))
    plain = _laid_out(parts, first > 0, last < end)
    if plain == before:  # which would be no change at all
        plain = (*plain, "")
    whole = [
        one.lines for one in group
        if (one.first, one.last) == (first, last) and _parts(one.lines) == parts
    ]  # fmt: skip
    if not whole:
        return plain, False
    return max(whole, key=lambda one: (one != plain, len(one), one)), True


def _parts(lines: Lines) -> Parts:
    """What stands between rules, without the blank lines around it."""
    found: list[list[str]] = [[]]
    for line in lines:
        if line == RULE:
            found.append([])
        elif found[-1] or line.strip():
            found[-1].append(line)
    for one in found:
        while one and not one[-1].strip():
            one.pop()
    return frozenset(tuple(one) for one in found if one)


def _laid_out(parts: Parts, is_below: bool, is_above: bool) -> Lines:
    """The parts with a rule between, and a blank line towards the text above and below."""
    lines = [""] * is_below
    for at, part in enumerate(sorted(parts)):
        lines += ["", RULE, ""] * (at > 0)
        lines += part
    return (*lines, *[""] * (is_above and bool(parts)))
