"""The only reader of randomness: ids that two clones do not both invent."""

from __future__ import annotations

import os
from collections.abc import Sequence

ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
PREFIX = "jp"
MEMORY_PREFIX = "jm"


def token(length: int) -> str:
    """`length` random base-36 characters."""
    return _written(os.urandom(length + 8), length)  # 64 bits to spare: no measurable bias


def derived(said: str, length: int) -> str:
    """`length` base-36 characters, at most 49, that follow from the text: the same everywhere."""
    import hashlib  # what is read often needs no new ids

    return _written(hashlib.sha256(said.encode("utf-8", "surrogatepass")).digest(), length)


def _written(number: bytes, length: int) -> str:
    """The last digits of the number in base 36, the last one first."""
    left = int.from_bytes(number) % len(ALPHABET) ** length
    characters = []
    for _ in range(length):
        left, digit = divmod(left, len(ALPHABET))
        characters.append(ALPHABET[digit])
    return "".join(characters)


def task_id(parent: str | None = None, *, attempt: int = 0, said: str | None = None) -> str:
    """A new id, longer with every `attempt` that met an id already taken.

    A root is `jp-` and 4 characters or more; a child adds a dot and 3 or more. What two clones
    may bring in alike has an id that follows from what is `said` of it, one character longer.
    """
    stem, length = (f"{PREFIX}-", 4) if parent is None else (f"{parent}.", 3)
    if said is None:
        return stem + token(length + attempt // 4)
    return stem + derived(said, length + 1 + attempt)


def memory_id(*, attempt: int = 0) -> str:
    """A new id of a memory, longer with every `attempt` that met an id already taken."""
    return f"{MEMORY_PREFIX}-{token(5 + attempt // 4)}"


def choice(options: Sequence[str]) -> str:
    """One of the options, of which there are 256 at most."""
    return options[os.urandom(1)[0] % len(options)]


def event_id() -> str:
    """The name of one event, the same in every clone."""
    return token(8)


def incarnation() -> str:
    """A name for one life of an agent."""
    return token(12)
