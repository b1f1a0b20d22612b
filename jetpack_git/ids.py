"""The only reader of randomness: ids that two clones do not both invent."""

from __future__ import annotations

import os
from collections.abc import Sequence

ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
PREFIX = "jp"
MEMORY_PREFIX = "jm"


def token(length: int) -> str:
    """`length` random base-36 characters."""
    number = int.from_bytes(os.urandom(length + 8))  # 64 bits to spare: no measurable bias
    characters = []
    for _ in range(length):
        number, digit = divmod(number, len(ALPHABET))
        characters.append(ALPHABET[digit])
    return "".join(characters)


def task_id(parent: str | None = None, *, attempt: int = 0) -> str:
    """A new id, longer with every `attempt` that met an id already taken.

    A root is `jp-` and 4 characters or more; a child adds a dot and 3 or more.
    """
    longer = attempt // 4
    if parent is None:
        return f"{PREFIX}-{token(4 + longer)}"
    return f"{parent}.{token(3 + longer)}"


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
