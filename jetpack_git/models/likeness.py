"""Whether two texts that are spelled nearly alike may state the same."""

from __future__ import annotations

import re
from collections import Counter
from itertools import chain
from typing import NamedTuple

# With one of these more, or in place of another, a text says something else, or the opposite.
TURNS = frozenset(
    """
    no not never none nobody nothing neither nor without cannot avoid hardly unless except instead
    false off before after until while stop deprecated obsolete old wrong
    deny denied disable disabled disables disallow disallowed forbid forbidden forbids
    kein keine keinen keinem keiner nicht nie niemals ohne nunca jamás ningún ninguna jamais aucun
    aucune sans pas
    """.split()  # noqa: SIM905
)
# What stands behind one of these holds for less, or in part.
LIMITS = frozenset(
    """
    only just if when whenever where unless until provided except but mostly usually often sometimes
    rarely maybe perhaps probably nur wenn falls außer solo si seulement sauf
    """.split()  # noqa: SIM905
)
# Of each line, one is not the other.
_GROUPS = """
    staging production prod development dev
    linux windows macos mac darwin
    debug release
    client server
    parent child
    caller callee
    first last
    left right
    min max
    minimum maximum
    least most exactly
    more less fewer
    read write
    reads writes
    upload download
    uploads downloads
    pass passes fail fails
    include includes exclude excludes
    increase increases decrease decreases
    required optional
    recommended discouraged
    milliseconds seconds minutes hours days
    up down
    on off
    true false
    always never
    start stop
    open close
    upper lower
    short long
    add remove
    push pull
    """
OPPOSED = {word: at for at, line in enumerate(_GROUPS.splitlines()) for word in line.split()}
NEGATING = ("un", "in", "im", "ir", "non", "non-", "dis", "a")
ORDERING = frozenset(("than", "from", "above", "below"))  # beside what has turns
_SIGNED = re.compile(r"[+#/\\@=<>$%&~^_]|\w\.\w|^-|[a-z][A-Z]")
_NUMBER = re.compile(r"[<>=~$€v]*\d[\d.,:x%]*[a-z]{0,3}%?", re.IGNORECASE)
_AROUND = " .,;:!?\"'`()[]{}*…\u201c\u201d\u201e\u2018\u2019"
_SPELLED = {"cannot": ("can", "not"), "won't": ("will", "not"), "can't": ("can", "not")}


class Words(NamedTuple):
    """The words of a text in small letters, in their order, and how often each is there.

    Signs in a word belong to it (`c++`, `a.py`, `--force`), which makes it one of the `names`,
    unless it is a number. `capitals` stand for somebody or something.
    """

    in_order: tuple[str, ...]
    counts: Counter[str]
    names: frozenset[str]
    capitals: frozenset[str]


def words(text: str) -> Words:
    """The words of a text."""
    found: list[str] = []
    names: set[str] = set()
    capitals: set[str] = set()
    is_first = True  # of its sentence, where a capital says nothing
    for given in text.replace("\u2019", "'").split():
        bare = given.strip(_AROUND).removeprefix("./").rstrip("/")
        if any(map(str.isalnum, bare)):
            small = bare.lower()
            apart = (small[:-3], "not") if small.endswith("n't") else (small,)
            found += _SPELLED.get(small, apart)
            if _SIGNED.search(bare) and not _NUMBER.fullmatch(bare):
                names.add(small)
            if bare[0].isupper() and not is_first:
                capitals.add(small)
            is_first = given[-1] in ".:!?"
        elif bare == "&":
            found.append("and")
    return Words(tuple(found), Counter(found), frozenset(names), frozenset(capitals))


def may_be_same(one: Words, other: Words) -> bool:
    """Whether texts of these words may state the same.

    They do not where one has a negation or a name that the other lacks, another capital or an
    opposite in place of a word, or more limits; or where words have changed places around what
    tells by its place. (Another number is most often a correction.)
    """
    mine, theirs = one.counts - other.counts, other.counts - one.counts
    odd = frozenset(chain(mine, theirs))
    return not (
        any(word in TURNS or word in one.names or word in other.names for word in odd)
        or not (one.capitals.isdisjoint(mine) or other.capitals.isdisjoint(theirs))
        or _limits(one) != _limits(other)
        or _are_opposed(odd)
        or _have_changed_places(one, other)
    )


def is_said_by(part: Words, text: Words) -> bool:
    """Whether a text of some words is said by another that has them all: nothing else turns it."""
    more = text.counts - part.counts
    return not part.counts - text.counts and not any(
        word in TURNS or word in LIMITS or word.startswith("-") for word in more
    )


def _limits(text: Words) -> int:
    return sum(text.counts[word] for word in LIMITS)


def _are_opposed(odd: frozenset[str]) -> bool:
    groups = [OPPOSED[word] for word in odd if word in OPPOSED]
    return len(groups) > len(set(groups)) or any(
        before + word in odd for word in odd for before in NEGATING
    )


def _have_changed_places(one: Words, other: Words) -> bool:
    """Whether two words were exchanged, or any around one of those whose sides differ."""
    if one.in_order == other.in_order:
        return False
    if one.counts == other.counts:
        pairs = zip(one.in_order, other.in_order, strict=True)
        moved = [(mine, theirs) for mine, theirs in pairs if mine != theirs]
        if len(moved) == 2 and moved[0] == moved[1][::-1]:
            return True
    common = one.counts.keys() & other.counts.keys()
    if common.isdisjoint(TURNS | ORDERING):
        return False
    mine, theirs = (
        [*dict.fromkeys(filter(common.__contains__, text.in_order))] for text in (one, other)
    )
    return mine != theirs
