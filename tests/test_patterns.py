"""File patterns match as git's do, and two of them meet exactly when some path is in both."""

from __future__ import annotations

import itertools
import os
import random
import subprocess
from functools import lru_cache
from pathlib import Path

import pytest
from hypothesis import example
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from jetpack_git.errors import BadInput
from jetpack_git.models.patterns import Pattern
from jetpack_git.models.patterns import anchor
from jetpack_git.models.patterns import escape
from jetpack_git.models.patterns import normalise
from jetpack_git.models.patterns import parents

MAGIC = "aab[]*?!-\\.1"
EMPTY_BLOB = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
GIT_ENV = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}

names = st.text(MAGIC, min_size=1, max_size=4).filter(lambda name: name not in (".", ".."))
paths = st.lists(names, min_size=1, max_size=3).map("/".join)
plain = st.sampled_from(
    [*"aab1-//*?[].\\", "**", "**/", "/**", "a*", "*b", "a**", "\\*", "\\[", "\\a"]
)
classes = st.sampled_from(
    ["[ab]", "[!a]", "[^-1]", "[]a]", "[a-]", "[*-b]", "[[:alpha:]]", "[![:punct:]b]", "[[:x:]]"]
) | st.sampled_from(
    ["[a/]", "[\\]]", "[b-a]", "[a-b-1]", "[[:]", "[[:alpha:]-b]", "[!]", "[.-\\]]"]
)
wild = st.lists(plain | classes, min_size=1, max_size=7).map("".join)


@st.composite
def near_misses(draw: st.DrawFn) -> str:
    """A path in which some characters became wildcards: likely to match something."""
    swaps = ["*", "?", "**", "[!b]", "[a-b]", "\\{}", "[{}]", "{}*", "**/{}", "{}/**"]
    swap = st.sampled_from(["{}"] * 12 + swaps)
    return "".join(draw(swap).format(char) for char in draw(paths))


texts = (wild | near_misses() | paths).filter(lambda text: _canonical(text) is not None)
canonical = texts.map(normalise)


def _canonical(text: str) -> str | None:
    try:
        return normalise(text)
    except BadInput:
        return None


@pytest.mark.parametrize(
    ("pattern", "matched", "not_matched"),
    [
        ("src", ["src", "src/a", "src/a/b.py"], ["sr", "src2", "a/src"]),
        ("src/*", ["src/a", "src/.a"], ["src", "src/a/b", "other/a"]),
        ("*.py", ["a.py", ".py"], ["a/b.py", "a.pyc"]),
        ("a?c", ["abc", "aéc", "a\udcffc", "a\nc"], ["a/c", "ac", "abbc"]),
        ("**/x", ["x", "a/x", "a/b/x"], ["ax", "a/bx", "x/a"]),
        ("a/**", ["a/b", "a/b/c"], ["a", "ab", "b/a"]),
        ("a/**/b", ["a/b", "a/x/b", "a/x/y/b"], ["ab", "a/bb", "a/x/yb"]),
        ("**", ["a", "a/b", "**"], []),
        ("*a**b", ["ab", "xaxb"], ["xa/b", "a/b"]),
        ("a/**b", ["a/b", "a/xb"], ["a/x/b"]),
        ("?b**", ["ab", "abc"], ["ab/c"]),
        ("ab**", ["ab", "abc", "abc/d/e"], ["a", "b/ab"]),
        ("a**/b", ["ab", "a/b", "axx/yy/b"], ["axb", "b"]),
        ("**\\/b", ["a/b", "a/c/b"], ["b"]),
        ("[a-c]", ["a", "b", "c", "[a-c]", "[a-c]/x"], ["d", "-", "a/x"]),
        ("[!a-c]x", ["dx", "-x", "éx"], ["ax", "/x", "x"]),
        ("[^a]", ["b", "^"], ["a"]),
        ("[]-]", ["]", "-"], ["a"]),
        ("[!]a]", ["b"], ["]", "a"]),
        ("[a\\]]", ["a", "]"], ["\\"]),
        ("[a/]x", ["ax"], ["/x", "a/x"]),
        ("[à-é]", ["à", "ç", "é"], ["a", "ê"]),
        ("[[:upper:][:digit:]_]", ["A", "5", "_"], ["a", ":", "É"]),
        ("[[:space:]]", [" ", "\t", "\n"], ["\v", "\xa0"]),
        ("[[:alpha]", ["[", ":", "a"], ["b"]),
        ("[[:nothing:]]", ["[[:nothing:]]"], ["n", ":"]),
        ("a[1].py", ["a1.py", "a[1].py", "a[1].py/x"], ["a1.py/x"]),
        ("a\\[1\\].py", ["a[1].py", "a[1].py/x"], ["a1.py", "a\\[1\\].py"]),
        ("a\\[/*", ["a[/b"], ["a\\[/b", "a\\[/*", "a[/b/c"]),
        ("a[1", ["a[1", "a[1/b"], ["a1"]),
        ("*[", ["*["], ["a["]),
        ("a\\", ["a\\", "a\\/b"], ["a"]),
    ],
)
def test_matches(pattern: str, matched: list[str], not_matched: list[str]) -> None:
    """Each rule of git's `:(glob)` pathspecs holds."""
    compiled = Pattern(pattern)
    assert [path for path in matched + not_matched if compiled.matches(path)] == matched


@pytest.mark.parametrize(
    ("text", "base", "expected"),
    [
        ("./src//a/", "", "src/a"),
        ("a/../b", "", "b"),
        ("a/./b/..", "", "a"),
        (".", "", "**"),
        ("a/..", "", "**"),
        ("**/", "", "**"),
        ("x.py", "src/app", "src/app/x.py"),
        ("../x.py", "src/app", "src/x.py"),
        ("../..", "src/app", "**"),
        (".", "src/[id]", "src/\\[id]"),
        ("a\\*\\[", "", "a\\*\\["),
        ("a\nb/\udcff", "", "a\nb/\udcff"),
    ],
)
def test_normalise(text: str, base: str, expected: str) -> None:
    """There is one way to spell a place, and it starts at the repository's root."""
    assert normalise(text, base=base) == expected


@pytest.mark.parametrize(
    ("text", "base", "message"),
    [
        ("", "src", "The pattern is empty."),
        ("a\0b", "", "The pattern 'a\\x00b' contains a NUL character."),
        ("/etc", "src", "The pattern '/etc' is an absolute path."),
        ("..", "", "The pattern '..' leads out of the repository."),
        ("a/../../src", "", "The pattern 'a/../../src' leads out of the repository."),
        ("../../x", "src", "The pattern '../../x' leads out of the repository."),
    ],
)
def test_normalise_refuses_what_is_not_in_the_repository(
    text: str, base: str, message: str
) -> None:
    """The error names the pattern."""
    with pytest.raises(BadInput) as caught:
        normalise(text, base=base)
    assert caught.value.message == message


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("src/a.py", "src/a.py"),
        ("src/*.py", "src"),
        ("src/app/**/x", "src/app"),
        ("src/app**", "src"),
        ("*.py", ""),
        ("**", ""),
        ("a\\[1\\]/b.py", "a[1]/b.py"),
        ("src/a\\[1\\]/*.py", "src"),
        ("src/a[1", "src/a[1"),
    ],
)
def test_anchor(pattern: str, expected: str) -> None:
    """The anchor is the deepest directory that is sure."""
    assert anchor(pattern) == expected


def test_parents() -> None:
    """A path is looked up under itself, its directories and the root."""
    assert parents("a/b/c.py") == ["a/b/c.py", "a/b", "a", ""]
    assert parents("") == [""]


@pytest.mark.parametrize(
    ("one", "two", "meet"),
    [
        ("src", "src/a.py", True),
        ("src", "src2", False),
        ("src/*.py", "src/test_*", True),
        ("src/*.py", "src/*.c", False),
        ("**/x", "a/**", True),
        ("a/*/c", "a/b/*", True),
        ("a/*", "a/b/c", False),
        ("[a-m]*", "[n-z]*", False),
        ("[a-m]*", "[m-z]", True),
        ("[!a]", "[!b-\U0010ffff]", True),
        ("[!a]", "[a]", False),
        ("a[1].py", "a\\[1\\].py", True),
        ("a[1].py", "a1.py", True),
        ("é?", "[à-ü]\udcff", True),
        ("[.]", "?", False),
        ("a/[.][.]", "a/??", False),
        ("a/[.][.]x", "a/??x", True),
        ("a/*/b", "a/[b]", True),
        ("a/*/b", "a/?/c", False),
        ("[!\x01-\U0010ffff]", "?", False),
        ("[!c-b]", "[c]", False),
        ("a**/c", "?/[c]", True),
        ("[z", "*z", True),
        ("src/**", "src", True),
        ("**/*.py", "src/*.c", False),
        ("app/[id]", "**/*.py", True),
    ],
)
def test_overlaps(one: str, two: str, meet: bool) -> None:
    """Two patterns meet if and only if some path that can exist is in both."""
    assert (Pattern(one).overlaps(Pattern(two)), Pattern(two).overlaps(Pattern(one))) == (
        meet,
        meet,
    )


@pytest.mark.parametrize(
    ("leaf", "other", "meet"),
    [
        ("a.py", "**/*.sql", False),
        ("a.py", "*.py", True),
        ("new", "new/*.py", True),
        ("new", "new/x", True),
        ("new", "new", True),
        ("new", "ne*", True),
        ("new", "newer", False),
    ],
)
def test_a_leaf_has_nothing_below_it_by_chance(leaf: str, other: str, meet: bool) -> None:
    """What is no directory meets its own name, and who names something below it."""
    one, two = Pattern(leaf, leaf=True), Pattern(other)
    assert (one.overlaps(two), two.overlaps(one)) == (meet, meet)


def test_ignorecase() -> None:
    """ASCII letters are one in both cases, in names, classes and ranges; others are not."""
    folded = Pattern("Src/[A-C]\\X*É", ignorecase=True)
    assert [p for p in ("sRC/bxyÉ", "SRC/BXyÉ", "src/bxé", "src/dxÉ") if folded.matches(p)] == [
        "sRC/bxyÉ",
        "SRC/BXyÉ",
    ]
    assert not Pattern("[!a]", ignorecase=True).matches("A")
    assert Pattern("SRC", ignorecase=True).matches("src/a")
    assert Pattern("SRC", ignorecase=True).overlaps(Pattern("src/a"))
    assert Pattern("A*").overlaps(Pattern("?[Q]", ignorecase=True))
    assert not Pattern("A*").overlaps(Pattern("a?"))


@settings(deadline=None, max_examples=150)
@given(canonical, paths, st.randoms())
def test_ignorecase_does_not_depend_on_the_case_of_the_path(
    text: str, path: str, rng: random.Random
) -> None:
    """A path matches in any case, and so does the pattern as a name."""
    pattern = Pattern(text, ignorecase=True)
    assert pattern.matches(path) == pattern.matches(path.upper())
    if pattern.literal or not {"*", "?"} & set(text):
        assert pattern.matches((anchor(text) if pattern.literal else text).swapcase())


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A repository whose index holds many awkward names, and those names."""
    where = tmp_path_factory.mktemp("names")
    rng = random.Random(7)
    found: set[str] = set(map("".join, itertools.product("ab[]*?!-\\.1", repeat=2)))
    for _ in range(900):
        sizes = [rng.choice((1, 1, 2, 3)) for _ in range(rng.randint(1, 4))]
        found.add("/".join("".join(rng.choice(MAGIC) for _ in range(size)) for size in sizes))
    found -= {name for name in found if {".", ".."} & set(name.split("/"))}
    found -= {directory for name in found for directory in parents(name)[1:]}
    subprocess.run(["git", "init", "-q", str(where)], check=True, env=GIT_ENV)
    index = "".join(f"100644 {EMPTY_BLOB}\t{name}\0" for name in sorted(found))
    subprocess.run(
        ["git", "update-index", "-z", "--index-info"],
        cwd=where,
        input=os.fsencode(index),
        check=True,
        env=GIT_ENV,
    )
    assert set(_ls_files(where, ":(top)")) == found
    return where, sorted(found)


def _ls_files(where: Path, pathspec: str) -> list[str]:
    command = ["git", "ls-files", "-z", "--", pathspec]
    done = subprocess.run(command, cwd=where, check=True, capture_output=True, env=GIT_ENV)
    return os.fsdecode(done.stdout).split("\0")[:-1]


@settings(deadline=None, max_examples=350)
@given(text=canonical)
@example("a**/b")
@example("a/[!-1]**")
@example("[[:punct:]]*")
def test_matches_as_git_does(repository: tuple[Path, list[str]], text: str) -> None:
    """Git lists the same files; what is wholly escaped is the path that git takes literally."""
    where, every_name = repository
    escaped = Pattern(text).literal and anchor(text) != text
    pathspec = f":(top,literal){anchor(text)}" if escaped else f":(top,glob){text}"
    pattern = Pattern(text)
    listed = sorted(_ls_files(where, pathspec))
    if not escaped and {"*", "?"} & set(text):
        listed = [name for name in listed if pattern.matches(name) or text not in parents(name)]
    assert [name for name in every_name if pattern.matches(name)] == listed


@settings(deadline=None, max_examples=200)
@given(canonical, canonical, st.booleans(), st.booleans())
def test_overlap_is_symmetric(one: str, two: str, fold_one: bool, fold_two: bool) -> None:
    """It does not matter who asks."""
    first, second = Pattern(one, fold_one), Pattern(two, fold_two)
    assert first.overlaps(second) == second.overlaps(first)


@settings(deadline=None, max_examples=350)
@given(canonical, canonical, paths)
def test_patterns_that_match_one_path_overlap(one: str, two: str, path: str) -> None:
    """Every pattern meets itself as a name, each path it matches, and who else matches it."""
    first, second = Pattern(one), Pattern(two)
    assert first.overlaps(Pattern(escape(path))) or not first.matches(path)
    assert first.overlaps(second) or not (first.matches(path) and second.matches(path))


NAMES = (["a", "b", "c", "ab"], ["a", "b", "c", "ab", "aa", "ac", "aab"])
UNIVERSE = [
    "/".join(path)
    for depth in range(1, 5)
    for path in itertools.product(NAMES[depth < 4], repeat=depth)
]
BELOW = ["/" + path for path in UNIVERSE[:56]]
segments = st.sampled_from(
    ["a", "b", "ab", "*", "?", "a*", "*b", "[!a]", "[ab]", "[c-b]", "[!a-b]", "a**", "\\b"]
)
small = st.lists(segments | st.just("**"), min_size=1, max_size=3).filter(
    lambda parts: "**" in parts or len(parts) < 3
)


@lru_cache(None)
def _matched(text: str) -> frozenset[str]:
    pattern = Pattern(text)
    return frozenset(path for path in UNIVERSE if pattern.matches(path))


@settings(deadline=None, max_examples=400)
@given(small.map("/".join), small.map("/".join))
def test_overlap_is_exact(one: str, two: str) -> None:
    """In a universe that is large enough, patterns meet if and only if they share a path."""
    first, second = Pattern(one), Pattern(two)
    spelled = [f"{text}{rest}" for text in (one, two) for rest in ("", *BELOW)]
    shared = _matched(one) & _matched(two) or any(
        first.matches(path) and second.matches(path) for path in spelled
    )
    assert first.overlaps(second) == bool(shared)


@settings(deadline=None, max_examples=200)
@given(canonical, paths)
def test_every_match_is_at_or_below_the_anchor(text: str, path: str) -> None:
    """Looking under the parents of a path finds each pattern that matches it."""
    pattern = Pattern(text)
    for each in (path, anchor(text) or path, text, f"{anchor(text)}/{path}"):
        assert anchor(text) in parents(each) or not pattern.matches(each)


@settings(deadline=None, max_examples=200)
@given(texts, paths)
def test_normalise_is_idempotent(text: str, base: str) -> None:
    """A canonical pattern stays as it is."""
    assert normalise(normalise(text)) == normalise(text)
    inside = normalise(text, base=base)
    assert normalise(inside) == inside


@settings(deadline=None, max_examples=200)
@given(paths, paths)
def test_escape_means_one_path(path: str, other: str) -> None:
    """An escaped path matches itself, what is below it, and nothing else."""
    pattern = Pattern(normalise(escape(path)))
    assert pattern.literal
    assert pattern.matches(path)
    assert pattern.matches(f"{path}/{other}")
    assert anchor(pattern.text) == path
    assert pattern.matches(other) == f"{other}/".startswith(f"{path}/")
    assert pattern.overlaps(Pattern(escape(other))) == (
        path in parents(other) or other in parents(path)
    )
