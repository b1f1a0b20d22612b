"""The automata behind file patterns: no text makes them slow."""

from __future__ import annotations

import time

from jetpack_git.models.patterns import Pattern


def test_nothing_is_exponential() -> None:
    """Patterns that make a backtracking matcher stall are answered at once."""
    started = time.process_time()
    stars, directories = Pattern("*a" * 20 + "*b"), Pattern("**/a/" * 20 + "x")
    assert not stars.matches("a" * 200)
    assert not directories.matches("a/" * 100 + "y")
    assert stars.overlaps(Pattern("a*" * 20 + "b"))
    assert not stars.overlaps(Pattern("*a" * 20 + "*c[d]"))
    assert not directories.overlaps(Pattern("**/b/" * 20 + "[y]"))
    assert not Pattern("*a*a*a/" * 9 + "x").overlaps(Pattern("a*a*a*/" * 9 + "[y]"))
    assert not Pattern("[a-m]*" * 40 + "x").overlaps(Pattern("[g-z]*" * 40 + "[y]"))
    assert time.process_time() - started < 8


def test_many_patterns_are_matched_in_time() -> None:
    """A large swarm's patterns against a large commit take no noticeable time."""
    many = [Pattern(f"**/gen_{number}_*.py") for number in range(5000)]
    touched = [f"src/pkg_{number}/gen_{number}_x.py" for number in range(500)]
    started = time.process_time()
    hits = sum(pattern.matches(path) for pattern in many for path in touched)
    assert hits == 500
    assert time.process_time() - started < 5
