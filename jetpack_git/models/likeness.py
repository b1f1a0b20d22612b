"""Whether two texts that are spelled nearly alike may state the same."""

from __future__ import annotations

import re
from typing import NamedTuple

# With one of these more, or in place of another, a text says something else, or the opposite.
TURNS = frozenset(
    """
    no not never none nor neither without cannot avoid unless except instead false off after until
    deny denied disable disabled disables disallow disallowed forbid forbidden forbids old wrong
    kein keine keinen keinem keiner nicht nie niemals ohne nunca jamás ningún ninguna jamais aucun
    aucune sans pas
    """.split()  # noqa: SIM905
)
# What stands behind one of these holds for less, or in part.
LIMITS = frozenset(
    """
    only just if when whenever where while unless until provided except but mostly usually often
    sometimes rarely maybe perhaps probably once nur wenn falls außer solo si seulement sauf
    """.split()  # noqa: SIM905
)
# Two of one line are not the same.
_GROUPS = """
    staging production prod development dev
    linux windows macos mac darwin
    client server
    before after
    first last
    left right
    min max
    minimum maximum
    read write
    reads writes
    up down
    on off
    true false
    always never
    start stop
    open close
    upper lower
    add remove
    push pull
    """
OPPOSED = {word: at for at, line in enumerate(_GROUPS.splitlines()) for word in line.split()}
NEGATING = ("un", "in", "im", "ir", "non", "non-", "dis", "a")
ORDERING = frozenset(("before", "after", "than", "from", "above", "below", "instead"))
_NAME = re.compile(r"[+#/\\@=<>$%&~^]|\w\.\w|^-|n['\u2019]t$")
_AROUND = " .,;:!?\"'`()[]{}*…"


class Words(NamedTuple):
    """The words of a text in small letters, with the signs in them: `c++`, `a.py`, `--force`."""

    in_order: tuple[str, ...]
    there: frozenset[str]


def words(text: str) -> Words:
    """The words of a text."""
    found = tuple(filter(None, (one.strip(_AROUND) for one in text.lower().split())))
    return Words(found, frozenset(found))


def may_be_same(one: Words, other: Words) -> bool:
    """Whether texts of these words may state the same.

    They do not where one has a negation, a limit, or a name with a sign in it that the other lacks,
    or an opposite in its place; or where words have changed places around what tells by its place.
    (Another number is most often a correction.)
    """
    odd = one.there ^ other.there
    return not (
        any(word in TURNS or _NAME.search(word) for word in odd)
        or LIMITS.isdisjoint(one.there) != LIMITS.isdisjoint(other.there)
        or _are_opposed(odd)
        or _have_changed_places(one, other)
    )


def is_said_by(part: Words, text: Words) -> bool:
    """Whether a text of some words is said by another that has them all: nothing else turns it."""
    more = text.there - part.there
    return part.there <= text.there and TURNS.isdisjoint(more) and LIMITS.isdisjoint(more)


def _are_opposed(odd: frozenset[str]) -> bool:
    groups = [OPPOSED[word] for word in odd if word in OPPOSED]
    return len(groups) > len(set(groups)) or any(
        before + word in odd for word in odd for before in NEGATING
    )


def _have_changed_places(one: Words, other: Words) -> bool:
    """Whether two words were exchanged, or any around one of those whose sides differ."""
    if one.in_order == other.in_order:
        return False
    if len(one.in_order) == len(other.in_order) and one.there == other.there:
        moved = [
            pair for pair in zip(one.in_order, other.in_order, strict=True) if len({*pair}) > 1
        ]
        if len(moved) == 2 and moved[0] == moved[1][::-1]:
            return True
    common = one.there & other.there
    if common.isdisjoint(TURNS | ORDERING):
        return False
    mine, theirs = (
        [*dict.fromkeys(filter(common.__contains__, text.in_order))] for text in (one, other)
    )
    return mine != theirs
