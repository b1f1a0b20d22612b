"""Texts that both sides changed: the rule alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jetpack_git.mirror.prose import merge

LINES = st.sampled_from(["a", "b", "c", "d", "", "", " ", "---", "```", "e", "f"])
TEXTS = st.lists(LINES, max_size=7).map("\n".join)


@st.composite
def _edited(draw: st.DrawFn, base: str) -> str:
    """The base with lines taken out and put in, or any text."""
    lines = base.split("\n")
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(lines)))
        lines[at : at + draw(st.integers(0, 1))] = draw(st.lists(LINES, max_size=2))
    return "\n".join(lines)


@st.composite
def _versions(draw: st.DrawFn) -> tuple[str, str, str, str]:
    base = draw(TEXTS)
    side = _edited(base) | TEXTS
    return base, draw(side), draw(side), draw(side)


def merged(base: str, ours: str, theirs: str) -> str:
    """As a field is merged: one side that changed alone holds."""
    if ours == theirs or theirs == base:
        return ours
    return theirs if ours == base else merge(base, ours, theirs)[0]


@given(_versions())
def test_order_and_repetition_do_not_matter(versions: tuple[str, str, str, str]) -> None:
    """It is commutative, associative and idempotent."""
    base, one, two, three = versions
    both = merged(base, one, two)
    assert merge(base, one, two) == merge(base, two, one)
    assert merged(base, both, three) == merged(base, one, merged(base, two, three))
    assert merged(base, both, one) == both
    assert merge(base, one, one)[0] == one


@given(_versions())
def test_no_line_is_lost_that_nobody_took_out(versions: tuple[str, str, str, str]) -> None:
    """What either wrote is there, or somebody is told."""
    base, one, two, _ = versions
    found, is_odd = merge(base, one, two)
    if not is_odd:
        written = {line for side in (one, two) for line in side.split("\n") if line.strip()}
        taken = {line for line in base.split("\n") if line not in one or line not in two}
        assert written - taken - {"---"} <= set(found.split("\n"))


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "found"),
    [
        ("Do it", "Do it\n\nMine\n\nMore", "Do it\n\nAlso", "Do it\n\nAlso\n\n---\n\nMine\n\nMore"),
        ("a\n\nb\n\nc", "a\n\nB\n\nc", "a\n\nb\n\nc\nd", "a\n\nB\n\nc\nd"),
        ("a\nb", "a\nx\nb", "a\nb\ny", "a\nx\nb\ny"),
        ("a\nb\nc", "a\nc", "a\nb\nc\nd", "a\nc\nd"),
        ("", "one", "two", "one\n\n---\n\ntwo"),
    ],
)
def test_what_both_added_is_there(base: str, ours: str, theirs: str, found: str) -> None:
    """Below each other where it was added at one place, and nobody need decide."""
    assert merge(base, ours, theirs) == (found, False)


def test_a_line_that_both_changed_is_there_twice() -> None:
    """And somebody is told."""
    assert merge("a\nb\nc", "a\nB\nc", "a\nbb\nc") == ("a\n\nB\n\n---\n\nbb\n\nc", True)


def test_a_text_in_another_order_holds_alone_if_it_is_longer() -> None:
    """It cannot be laid beside the other; somebody is told."""
    assert merge("a\nb", "b\na\nc", "a\nb\nand more") == ("b\na\nc", True)
    assert merge("a\nb", "b\na", "a\nb\nc") == ("a\nb\nc", True)
