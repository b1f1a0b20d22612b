"""Words for the full-text index of memories, and questions to it.

Identifiers stand in the index whole and in parts: `parseConfig`, `parse_config` and
`parse.config` find each other. Scripts that put no space between words are cut into pairs of
characters, so that any piece of two or more is found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Sequence
from unicodedata import category
from unicodedata import normalize

MOST_TERMS = 64
LONGEST_WORD = 3  # characters, in a script without spaces
LONGEST = 100_000  # characters of a text that are indexed, or of a question that are read
_IDENTIFIER = re.compile(r"[A-Za-z0-9_]+")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_WORD = re.compile(r"[^\W_]+")
# Thai, Lao, Myanmar, Khmer; kana, Han and their marks. It is compiled where it is needed.
_RUN = (
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+"
)
# Words of English that stand in any text, and say nothing of what it is about.
STOP_WORDS = frozenset(
    """
    a about after again all also am an and any are as at be because been before being below
    between both but by can could did do does doing down during each few for from further had
    has have having he her here hers him his how i if in into is it its itself just me more most
    my no nor not now of off on once only or other our out over own s same she should so some
    such t than that the their them then there these they this those through to too under until
    up us very was we were what when where which while who whom why will with would you your
    """.split()  # noqa: SIM905
)


def indexed(text: str) -> str:
    """The text as it stands in the index: its words, and what else is to find it."""
    text = text[:LONGEST].replace("\0", " ")
    if not text.isascii():
        text = normalize("NFKC", text)
        text = re.sub(_RUN, lambda run: f" {' '.join(_pairs(run[0]))} ", text)
    more = dict.fromkeys(one for found in _IDENTIFIER.finditer(text) for one in _more(found[0]))
    return f"{text} {' '.join(more)}" if more else text


def phrases(text: str) -> Sequence[str]:
    """What of a question is looked for, as phrases of FTS5. Nothing in it is syntax.

    Stop words are left out, unless there is nothing else.
    """
    rest = text[:LONGEST]
    found: dict[str, None] = {}
    if not rest.isascii():
        rest = normalize("NFKC", rest)
        for run in re.findall(_RUN, rest):
            pairs = _pairs(run)[:-1]
            found[f'"{" ".join(pairs)}"' if pairs else f'"{run}"*'] = None
            if len(run) > LONGEST_WORD:  # a question more likely than a word
                found |= dict.fromkeys(f'"{one}"' for one in pairs)
        rest = re.sub(_RUN, " ", rest)
    words = dict.fromkeys(_words(rest.lower()))
    for one in _IDENTIFIER.findall(rest):
        words |= dict.fromkeys(_more(one))
    telling = [one for one in words if one not in STOP_WORDS] or ([] if found else list(words))
    found |= dict.fromkeys(f'"{one}"' for one in telling)
    return list(found)[:MOST_TERMS]


def _words(text: str) -> Sequence[str]:
    """The words as the index has them: marks that stand on a letter belong to it."""
    if text.isascii():
        return _WORD.findall(text)
    spaced = (one if one.isalnum() or category(one)[0] == "M" else " " for one in text)
    return "".join(spaced).split()


def any_of(found: Iterable[str]) -> str:
    """The question for whatever has at least one of the phrases."""
    return " OR ".join(found)


def _pairs(run: str) -> list[str]:
    """Each two neighbours, and the last character alone: `abc` is `ab bc c`."""
    return [run[at : at + 2] for at in range(len(run))]


def _more(identifier: str) -> list[str]:
    """What finds an identifier beside the words in it: its parts, and all of them in one."""
    parts = [part.lower() for part in _PART.findall(identifier)]
    if len(parts) < 2:
        return []
    return [*parts, "".join(parts)]
