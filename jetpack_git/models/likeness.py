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
    false off down under before after until while below less least
    stop deprecated obsolete old wrong http https
    deny denied disable disabled disables disallow disallowed forbid forbidden forbids
    kein keine keinen keinem keiner nicht nie niemals ohne nunca jamás ningún ninguna jamais aucun
    aucune sans pas
    """.split()  # noqa: SIM905
)
# What stands behind one of these holds for less, or in part.
LIMITS = frozenset(
    """
    only just if when whenever where unless until provided except but once mostly usually often
    sometimes rarely maybe perhaps probably nur wenn falls außer solo si seulement sauf
    """.split()  # noqa: SIM905
)
ORDERING = frozenset(("than", "from"))  # beside those that turn
ENDINGS = frozenset(("", "s", "es", "ed", "d", "ing", "ly", "e"))
# Whether it is there, or another of them, says nothing.
SMALL = frozenset(
    """
    a an the of at as is are be that which this it its also then very
    """.split()  # noqa: SIM905
)
LONG_ENOUGH = 5  # characters of a word that may be misspelled
VERY_LONG = 9  # of one in which any character may be missing, or be another
MOST_FORMS = 20  # words that are looked at for another form of theirs
_SIGNED = re.compile(r"[+#/\\@=<>$%&~^_]|\w\.\w|^-|[a-z][A-Z]")
_NUMBER = re.compile(r"[<>=~$€v]*\d[\d.,:x%]*[a-z]{0,3}%?", re.IGNORECASE)
_LINE = re.compile(r"(.*\D):(\d+)")
_AROUND = " .,;:!?\"'`()[]{}*…\u201c\u201d\u201e\u2018\u2019\u3002\uff0c"
_SPELLED = {"cannot": ("can", "not"), "can't": ("can", "not"), "won't": ("will", "not")}


class Words(NamedTuple):
    """The words of a text in small letters, in their order, and how often each is there.

    Signs in a word belong to it (`c++`, `a.py`, `--force`), which makes it one of the `names`,
    unless it is a number.
    """

    in_order: tuple[str, ...]
    counts: Counter[str]
    names: frozenset[str]


def words(text: str) -> Words:
    """The words of a text."""
    found: list[str] = []
    names: set[str] = set()
    for given in text.replace("\u2019", "'").split():
        bare = given.strip(_AROUND).removeprefix("./").rstrip("/")
        if bare == "&":
            bare = "and"
        if not any(map(str.isalnum, bare)):
            continue
        small = bare.lower()
        if at_line := _LINE.fullmatch(small):
            found.append(at_line[2])
            small = at_line[1]
        apart = (small[:-3], "not") if small.endswith("n't") else (small,)
        found += _SPELLED.get(small, apart)
        if _SIGNED.search(bare) and not _NUMBER.fullmatch(bare):
            names.add(small)
    return Words(tuple(found), Counter(found), frozenset(names))


def may_be_same(one: Words, other: Words) -> bool:
    """Whether texts of these words may state the same.

    They do not where one has a negation, a limit or a name that the other lacks, or another word
    in place of one; or where words have changed places around what tells by its place. A small
    word, another form of a word, a slip of the pen and a number are not another word: a number
    that changed is most often a correction.
    """
    mine, theirs = one.counts - other.counts, other.counts - one.counts
    return not (
        any(
            word in TURNS or word in one.names or word in other.names
            for word in chain(mine, theirs)
        )
        or _limits(one) != _limits(other)
        or _are_replaced(one, other)
        or _have_changed_places(one, other)
    )


def has_same_words(one: Words, other: Words) -> bool:
    """Whether each has all that tells something of the other, in whatever form."""
    left, right = _left(one, other)
    return not left and not right


def is_said_by(part: Words, text: Words) -> bool:
    """Whether a text of some words is said by another that has them all: nothing else turns it."""
    more = text.counts - part.counts
    return not part.counts - text.counts and not any(
        word in TURNS or word in LIMITS or word.startswith("-") for word in more
    )


def _limits(text: Words) -> int:
    return sum(text.counts[word] for word in LIMITS)


def _are_replaced(one: Words, other: Words) -> bool:
    """Whether each text has a word for which the other has another one."""
    left, right = _left(one, other)
    return bool(left and right)


def _left(one: Words, other: Words) -> tuple[list[str], list[str]]:
    """The words of each that tell something, and stand in no form in the other."""
    left, right = (
        [
            word
            for word in mine.counts
            if word not in theirs.counts and _tells(word) and not _NUMBER.fullmatch(word)
        ]
        for mine, theirs in ((one, other), (other, one))
    )
    if "".join(left).replace("-", "") == "".join(right).replace("-", ""):
        return [], []
    for word in left[:MOST_FORMS]:
        form = next((one for one in right if _is_form(word, one)), None)
        if form is not None:
            left.remove(word)
            right.remove(form)
    return left, right


def _tells(word: str) -> bool:
    return word not in SMALL and word not in LIMITS


def _is_form(one: str, other: str) -> bool:
    """Whether a word is another form of the other, or has a slip of the pen in it: two characters
    in the wrong order, or a double one that is none; in a very long word, any other one.
    """
    start = _begin_alike(one, other)
    if start >= LONG_ENOUGH - 2 and one[start:] in ENDINGS and other[start:] in ENDINGS:
        return True
    length = max(len(one), len(other))
    if not start or length < LONG_ENOUGH:
        return False
    end = _begin_alike(one[start:][::-1], other[start:][::-1])
    mine, theirs = one[start : len(one) - end], other[start : len(other) - end]
    if len(mine) == 2 and mine == theirs[::-1]:
        return True
    is_double = f"{mine}{theirs}" in (one[start - 1], other[start - 1])
    return is_double or (length >= VERY_LONG and max(len(mine), len(theirs)) < 2)


def _begin_alike(one: str, other: str) -> int:
    """How many characters of the two are the same, up to the first that is not."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (mine, theirs) in pairs if mine != theirs), min(len(one), len(other)))


def _have_changed_places(one: Words, other: Words) -> bool:
    """Whether two words were exchanged, or any around one of those whose sides differ."""
    if one.in_order == other.in_order:
        return False
    telling = [list(filter(_tells, text.in_order)) for text in (one, other)]
    if len(telling[0]) == len(telling[1]):
        pairs = zip(*telling, strict=True)
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
