"""File patterns: which paths a reservation covers, and whether two reservations meet.

A pattern is git's `:(glob)` pathspec, anchored at the repository's root. What it covers is

- the path spelled exactly like the pattern, and everything below it, unless the pattern has a
  `*` or `?` (git covers such a name, too; then every `**/x` would overlap every `y/*`);
- every path that the wildcards match: `*` and `?` stay within a directory, `**` crosses
  directories, `[...]` is a class, a backslash makes the next character ordinary.

Where magic is wholly escaped (`a\\[1\\].py`), the pattern means the unescaped path and what is
below it, and nothing else. A pattern that git cannot parse (`a[1.py`) matches by spelling only.
As in git, a `**` that is the first wildcard crosses directories wherever its segment starts:
`src/gen**` covers `src/gen_a/b.py`.

A git hook that must start in milliseconds reads this module: it imports nothing heavy.
"""

from __future__ import annotations

from jetpack_git.errors import BadInput
from jetpack_git.models.automaton import SPECIAL
from jetpack_git.models.automaton import Graph
from jetpack_git.models.automaton import Machine
from jetpack_git.models.automaton import meet
from jetpack_git.models.automaton import parse
from jetpack_git.models.automaton import special

_TO_LOWER = {code: code + 32 for code in range(65, 91)}


def normalise(text: str, *, base: str = "") -> str:
    """`text`, typed in directory `base`, is a pattern from the repository's root.

    `./`, `//`, `..` and a trailing `/` are resolved by spelling, as git does; backslashes stay.
    The root itself is `**`. BadInput: the pattern is not one of paths in the repository.
    """
    if not text:
        raise BadInput("The pattern is empty.", hint="To cover every file, write '.'")
    if "\0" in text:
        raise BadInput(f"The pattern {text!r} contains a NUL character.")
    if text.startswith("/"):
        hint = "Write it relative to the repository, without the leading '/'"
        raise BadInput(f"The pattern {text!r} is an absolute path.", hint=hint)
    segments = escape(base).split("/") if base else []
    for segment in text.split("/"):
        if segment == "..":
            if not segments:
                hint = "Only paths inside the repository can be reserved."
                raise BadInput(f"The pattern {text!r} leads out of the repository.", hint=hint)
            segments.pop()
        elif segment not in ("", "."):
            segments.append(segment)
    return "/".join(segments) or "**"


def covers_all(pattern: str) -> bool:
    """Whether the pattern covers whatever file there could be, as far as odd ones can tell."""
    one = Pattern(pattern)
    return all(one.matches(path) for path in ("x", "-y.z/q", ".a/b/c", "~[0]"))


def escape(path: str) -> str:
    """The pattern that means `path` and what is below it, and nothing else."""
    if not path:
        return "**"
    return "".join("\\" + char if char in SPECIAL else char for char in path)


def anchor(pattern: str) -> str:
    """The deepest path known to be, or to contain, all that `pattern` matches; "" is the root.

    Where `core.ignorecase` holds, compare it with case folded.
    """
    literal = _literal(pattern)
    if literal is not None:
        return literal
    leading = []
    for segment in pattern.split("/"):
        if special(segment) < len(segment):
            # A backslash stops it too: the path spelled like the pattern has that backslash.
            break
        leading.append(segment)
    return "/".join(leading)


def parents(path: str) -> list[str]:
    """`path`, each directory that contains it from the deepest up, and "" for the root."""
    found = [path]
    while found[-1]:
        found.append(found[-1].rpartition("/")[0])
    return found


class Pattern:
    """A canonical pattern (see `normalise`), ready to be compared.

    `ignorecase` folds ASCII letters, as git does. `literal` means: without wildcards. A
    literal that is known to be no directory is a `leaf`: it meets what matches the path
    itself, or names something below it, but not every `**/x` that could match below.
    """

    __slots__ = (
        "_is_name",
        "_machine",
        "_pieces",
        "_spelling",
        "ignorecase",
        "leaf",
        "literal",
        "text",
    )

    def __init__(self, text: str, ignorecase: bool = False, *, leaf: bool = False) -> None:
        path = _literal(text)
        spelling = text if path is None else path
        self.text, self.ignorecase = text, ignorecase
        self.literal = path is not None
        self.leaf = leaf and self.literal
        self._is_name = self.literal or not ("*" in text or "?" in text)
        self._spelling = fold(spelling) if ignorecase else spelling
        self._pieces = () if self.literal else pieces(self._spelling)
        self._machine: Machine | None = None

    def matches(self, path: str) -> bool:
        """The pattern covers `path`, which is relative to the repository's root."""
        if self.ignorecase:
            path = fold(path)
        spelling = self._spelling
        if self._is_name and f"{path}/".startswith(f"{spelling}/"):
            return True
        if self.literal or misses(self._pieces, path):
            return False
        return self._wildcards().matches(path)

    def overlaps(self, other: Pattern) -> bool:
        """Some path that could exist is covered by both."""
        mine, theirs = self._start(), other._start()
        if self.ignorecase or other.ignorecase:
            mine, theirs = fold(mine), fold(theirs)
        if not mine.startswith(theirs) and not theirs.startswith(mine):
            return False
        for one, two in ((self, other), (other, self)):
            if two._is_name and one.matches(two._spelling):
                return True
        if self.leaf or other.leaf:
            return mine.startswith(f"{theirs}/") or theirs.startswith(f"{mine}/")
        same_case = self.ignorecase == other.ignorecase
        if same_case and (self._misses(other) or other._misses(self)):
            return False
        return meet(self._graph(), other._graph())

    def _misses(self, other: Pattern) -> bool:
        """Nothing below the path that `other` means is covered, nor is the path itself.

        False where that is not plain to see. Neither pattern matches the other's spelling.
        """
        if not other.literal:
            return False
        return self.literal or not self._wildcards().lead_into(other._spelling + "/")

    def _start(self) -> str:
        """How every path that is covered starts."""
        return self._spelling if self.literal else self._spelling[: special(self._spelling)]

    def _wildcards(self) -> Machine:
        if self._machine is None:
            self._machine = parse(self.text, self.ignorecase) or Machine(self.ignorecase)
        return self._machine

    def _graph(self) -> Graph:
        graph = Graph()
        if self._is_name:
            graph.add_name(self._spelling, self.ignorecase)
        if not self.literal:
            graph.add(self._wildcards())
        return graph


def fold(text: str) -> str:
    """`text` with its ASCII capitals lowered: equal for git when it ignores case."""
    return text.lower() if text.isascii() else text.translate(_TO_LOWER)


def _literal(text: str) -> str | None:
    """The one path that a pattern without wildcards means, or None."""
    if "[" not in text and "\\" not in text:
        return None if "*" in text or "?" in text else text
    machine = parse(text, False)
    if machine is None:
        return text
    return None if machine.wild else "".join(chr(step[0][0]) for step in machine.steps)


def pieces(text: str) -> tuple[str, ...]:
    """What each path that the pattern covers holds word for word."""
    plain = text.partition("[")[0].partition("\\")[0]
    return tuple([one.strip("/") for one in plain.replace("?", "*").split("*")])


def misses(pieces: tuple[str, ...], text: str) -> bool:
    """Whether the text lacks one of the pieces."""
    for piece in pieces:  # noqa: SIM110 - `any` takes twice as long, at every commit
        if piece not in text:
            return True
    return False
