"""What every embedder is, and what all of them have in common."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from collections.abc import Sequence
from math import isfinite
from math import sqrt
from typing import Protocol

from jetpack_git.errors import StoreError


class Embedder(Protocol):
    """Makes vectors of texts.

    `name` changes whenever its vectors would. `dimension` is known before the first one.
    `is_semantic`: its vectors tell meaning, and count in the ranking. `is_quick`: a text takes
    less than 50 ms, loading included, so that it need not wait.
    """

    name: str
    dimension: int
    is_semantic: bool
    is_quick: bool

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        """For each text a vector of length 1, as float32. Raises Unavailable, and Unfit."""


class Unavailable(StoreError):
    """The embedder cannot answer: what is missing, and how to get it."""

    name = "embedder"


class Unfit(Unavailable):
    """The embedder has no vector for one of these texts, though it may for others."""


def packed(values: Iterable[object], *, dimension: int, source: str) -> bytes:
    """The numbers as a vector of length 1.

    Raises Unfit where they are none, or point nowhere, as they do for a text that means nothing
    to the model.
    """
    try:
        numbers = [float(one) for one in values]  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError) as error:
        raise Unfit(f"{source} gave something that is no vector.") from error
    if len(numbers) != dimension:
        raise Unfit(
            f"{source} gave a vector of {len(numbers)} numbers where {dimension} were expected.",
            hint="Set memory.dimension in .jetpack/config.yaml to what the model gives.",
        )
    length = sqrt(sum(one * one for one in numbers))
    if not isfinite(length) or length == 0.0:
        raise Unfit(f"{source} gave a vector without a direction.")
    return array("f", [one / length for one in numbers]).tobytes()
