"""What a check of the doctor says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """Something that is wrong: which check found it, what it is, and what would be done.

    `repair` is None when only a person can decide; `advice` then says how. What is not
    `serious` may well be meant.
    """

    check: str
    problem: str
    advice: str
    repair: Callable[[], object] | None = None
    serious: bool = True
