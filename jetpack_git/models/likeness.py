"""Whether two texts that are spelled nearly alike may state the same."""

from __future__ import annotations

import re
from collections.abc import Set

# With one of these more, or in place of another, a text says something else, or the opposite.
TURNS = frozenset(
    """
    no not never none nor neither without cannot avoid unless except instead false off after until
    deny denied disable disabled disables disallow disallowed forbid forbidden forbids old wrong
    """.split()  # noqa: SIM905
)
_NAME = re.compile(r"[+#/\\@=<>$%&~^]|\w\.\w|^-|n['\u2019]t$")
_AROUND = " .,;:!?\"'`()[]{}*…"


def words(text: str) -> Set[str]:
    """The words of a text in small letters, with the signs in them: `c++`, `a.py`, `--force`."""
    return frozenset(one.strip(_AROUND) for one in text.lower().split()) - {""}


def may_be_same(one: Set[str], other: Set[str]) -> bool:
    """Whether texts of these words may state the same: none has a negation, or a name with a
    sign in it, that the other lacks. (Another number is most often a correction.)
    """
    return not any(word in TURNS or _NAME.search(word) for word in one ^ other)


def is_said_by(part: Set[str], text: Set[str]) -> bool:
    """Whether a text of some words is said by another that has them all: nothing else turns it."""
    return part <= text and TURNS.isdisjoint(text - part)
