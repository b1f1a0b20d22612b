"""The embedder that needs no model: words and pairs of words, hashed into a vector.

It knows spelling and no meaning, so that it finds what says nearly the same, and nothing else.
Its vectors are never used to rank answers. (Signed feature hashing: Weinberger et al. 2009.)
"""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from math import log
from math import sqrt
from operator import mul
from zlib import crc32

NAME = "hash-256"
DIMENSION = 256
NEAR = 0.88  # the cosine from which on two texts say nearly the same
MAY_BE_NEAR = 0.2  # below it two texts say nothing of the kind, however they are spelled
LONGEST = 20_000  # characters of a text that count
_WORD = re.compile(r"\w+")


class Hashed:
    """Vectors from the spelling of texts."""

    name = NAME
    dimension = DIMENSION
    is_semantic = False
    is_quick = True

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        """A vector of length 1 for each text; of zeros, if there is no word in it."""
        return [vector(one) for one in texts]


def vector(text: str) -> bytes:
    """The text's vector, as float32."""
    words = _WORD.findall(text[:LONGEST].lower())
    counts = Counter(words)
    counts.update(map(" ".join, pairwise(words)))
    found = [0.0] * DIMENSION
    for feature, count in counts.items():
        number = crc32(feature.encode("utf-8", "replace"))
        weight = 1.0 + log(count)
        found[number % DIMENSION] += weight if number & 0x8000_0000 else -weight
    length = sqrt(sum(one * one for one in found)) or 1.0
    return array("f", [one / length for one in found]).tobytes()


def numbers(packed: object) -> array[float]:
    """The numbers of a vector that is bytes."""
    assert isinstance(packed, bytes)
    found = array("f")
    found.frombytes(packed)
    return found


def similarity(one: Sequence[float], other: Sequence[float]) -> float:
    """The cosine of two vectors of length 1, as numbers."""
    found: float = sum(map(mul, one, other))
    return found
