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

A pattern is an automaton. Matching runs all its states at once, as the bits of an int; overlap
searches the pairs of states that one path leads to. Neither backtracks. Nothing but the errors
is imported: a git hook that must start in milliseconds reads this module.
"""

from __future__ import annotations

from jetpack_git.errors import BadInput

_Ranges = tuple[tuple[int, int], ...]  # a set of code points; both ends of a range are in it
_SPECIAL = "*?[\\"
_LAST = 0x10FFFF
_SLASH, _ANY = ((47, 47),), ((1, _LAST),)
_NOT_SLASH = ((1, 46), (48, _LAST))
_UPPER, _LOWER, _DIGIT = (65, 90), (97, 122), (48, 57)
_NAMED = 3
_TO_LOWER = {code: code + 32 for code in range(65, 91)}
_POSIX: dict[str, _Ranges] = {  # as git's own ctype has them, whatever the locale
    "alnum": (_DIGIT, _UPPER, _LOWER), "alpha": (_UPPER, _LOWER), "blank": ((9, 9), (32, 32)),
    "cntrl": ((1, 31), (127, 127)), "digit": (_DIGIT,), "graph": ((33, 126),), "lower": (_LOWER,),
    "print": ((32, 126),), "punct": ((33, 47), (58, 64), (91, 96), (123, 126)),
    "space": ((9, 10), (13, 13), (32, 32)), "upper": (_UPPER,),
    "xdigit": (_DIGIT, (65, 70), (97, 102)),
}  # fmt: skip


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


def escape(path: str) -> str:
    """The pattern that means `path` and what is below it, and nothing else."""
    if not path:
        return "**"
    return "".join("\\" + char if char in _SPECIAL else char for char in path)


def anchor(pattern: str) -> str:
    """The deepest path known to be, or to contain, all that `pattern` matches; "" is the root.

    Where `core.ignorecase` holds, compare it with case folded.
    """
    literal = _literal(pattern)
    if literal is not None:
        return literal
    leading = []
    for segment in pattern.split("/"):
        if _special(segment) < len(segment):
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

    `ignorecase` folds ASCII letters, as git does. `literal` means: without wildcards.
    """

    __slots__ = ("_is_name", "_machine", "_needle", "_spelling", "ignorecase", "literal", "text")

    def __init__(self, text: str, ignorecase: bool = False) -> None:
        path = _literal(text)
        spelling = text if path is None else path
        self.text, self.ignorecase = text, ignorecase
        self.literal = path is not None
        self._is_name = self.literal or not ("*" in text or "?" in text)
        self._spelling = fold(spelling) if ignorecase else spelling
        self._needle = "" if self.literal else _needle(self._spelling)
        self._machine: _Machine | None = None

    def matches(self, path: str) -> bool:
        """The pattern covers `path`, which is relative to the repository's root."""
        if self.ignorecase:
            path = fold(path)
        spelling = self._spelling
        if self._is_name and f"{path}/".startswith(f"{spelling}/"):
            return True
        if self.literal or self._needle not in path:
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
        if self.literal and other.literal and self.ignorecase == other.ignorecase:
            return False
        return _meet(self._graph(), other._graph())

    def _start(self) -> str:
        """How every path that is covered starts."""
        return self._spelling if self.literal else self._spelling[: _special(self._spelling)]

    def _wildcards(self) -> _Machine:
        if self._machine is None:
            self._machine = _parse(self.text, self.ignorecase) or _Machine(self.ignorecase)
        return self._machine

    def _graph(self) -> _Graph:
        graph = _Graph()
        if self._is_name:
            graph.add_name(self._spelling, self.ignorecase)
        if not self.literal:
            graph.add(self._wildcards())
        return graph


def fold(text: str) -> str:
    """`text` with its ASCII capitals lowered: equal for git when it ignores case."""
    return text.lower() if text.isascii() else text.translate(_TO_LOWER)


def _special(text: str) -> int:
    """The place of the first character that git takes for magic, or the end."""
    return next((at for at, char in enumerate(text) if char in _SPECIAL), len(text))


def _literal(text: str) -> str | None:
    """The one path that a pattern without wildcards means, or None."""
    if "[" not in text and "\\" not in text:
        return None if "*" in text or "?" in text else text
    machine = _parse(text, False)
    if machine is None:
        return text
    return None if machine.wild else "".join(chr(step[0][0]) for step in machine.steps)


def _needle(text: str) -> str:
    """Characters that occur in every path that the wildcards of `text` match."""
    if "[" in text or "\\" in text:
        return ""
    return max(text.replace("?", "*").split("*"), key=len).strip("/")


class _Machine:
    """The wildcards of one pattern, as states between its characters.

    State n leads to state n + 1 by a character of `steps[n]`. The other members are sets of
    states, as bits. A state in `within` stays by any character but a slash, one in `across` by
    any; one in `skips`, once reached, is reached again after each later slash, as `**/` means.
    """

    __slots__ = ("_fold", "_masks", "across", "skips", "steps", "wild", "within")

    def __init__(self, ignorecase: bool) -> None:
        self.steps: list[_Ranges] = []
        self.within = self.across = self.skips = 0
        self.wild = False
        self._fold = ignorecase
        self._masks: dict[str, int] = {}

    def read(self, char: str) -> None:
        """The next character is `char`."""
        chars = {char, char.swapcase()} if self._fold and char.isascii() else {char}
        self.steps.append(tuple((ord(each), ord(each)) for each in chars))

    def read_one_of(self, ranges: _Ranges, *, negated: bool) -> None:
        """The next character is one of `ranges`, or none of them, and is not a slash."""
        if self._fold:
            letters = [code for code in range(65, 123) if chr(code).isalpha()]
            found = [code for code in letters if any(low <= code <= high for low, high in ranges)]
            ranges = (*ranges, *((code ^ 32, code ^ 32) for code in found))
        self.steps.append(_complement((*(ranges if negated else _complement(ranges)), *_SLASH)))
        self.wild = True

    def matches(self, path: str) -> bool:
        """The wildcards match the whole of `path` (folded, where case is ignored)."""
        masks, skips = self._masks, self.skips
        stay = self.across | self.within
        states, skipping = 1, skips & 1
        for char in path:
            mask = masks.get(char)
            if mask is None:
                mask = masks[char] = self._leads_on(ord(char))
            if char == "/":
                states = (states & mask) << 1 | states & self.across | skipping
            else:
                states = (states & mask) << 1 | states & stay
            skipping |= states & skips
            if not states | skipping:
                return False
        return states >> len(self.steps) & 1 == 1

    def _leads_on(self, code: int) -> int:
        found = 0
        for at, step in enumerate(self.steps):
            for low, high in step:
                if low <= code <= high:
                    found |= 1 << at
        return found


def _parse(text: str, ignorecase: bool) -> _Machine | None:
    """The wildcards of `text`; None where git's wildmatch could match nothing."""
    machine = _Machine(ignorecase)
    first = _special(text)
    at = 0
    while at < len(text):
        char = text[at]
        if char == "*":
            at = _parse_stars(machine, text, at, first)
        elif char == "[":
            at = _parse_class(machine, text, at + 1)
            if not at:
                return None
        elif char == "?":
            machine.read_one_of((), negated=True)
            at += 1
        else:
            at += char == "\\"
            if at == len(text):
                return None
            machine.read(text[at])
            at += 1
    return machine


def _parse_stars(machine: _Machine, text: str, at: int, first: int) -> int:
    """The place after the stars that start at `at`.

    Git compares what precedes the `first` magic character verbatim, and then matches the rest
    as if a segment started there.
    """
    end = at
    while text[end : end + 1] == "*":
        end += 1
    machine.wild = True
    state = 1 << len(machine.steps)
    crosses = end - at > 1 and (at == first or text[at - 1] == "/")
    if crosses and text.startswith("/", end):
        machine.skips |= state
        end += 1
    elif crosses and (end == len(text) or text.startswith("\\/", end)):
        machine.across |= state
    else:
        machine.within |= state
    return end


def _parse_class(machine: _Machine, text: str, at: int) -> int:
    """The place after the class whose first character is at `at`; 0 where git rejects it."""
    negated = text[at : at + 1] in ("!", "^")
    start = at = at + negated
    ranges: list[tuple[int, int]] = []
    previous = 0
    while at < len(text) and (text[at] != "]" or at == start):
        end = text.find("]", at + 2) if text.startswith("[:", at) else -1
        if end > at + 2 and text[end - 1] == ":":
            name = text[at + 2 : end - 1]
            if name not in _POSIX:
                return 0
            ranges += _POSIX[name]
            at, previous = end + 1, 0
            continue
        is_range = text[at] == "-" and previous > 0 and text[at + 1 : at + 2] not in ("", "]")
        at += is_range
        at += text[at] == "\\"
        if at == len(text):
            return 0
        code = ord(text[at])
        ranges.append((previous if is_range else code, code))
        previous = 0 if is_range else code
        at += 1
    machine.read_one_of(tuple(ranges), negated=negated)
    return at + 1 if at < len(text) else 0


def _complement(ranges: _Ranges) -> _Ranges:
    """The code points outside `ranges`, in order; never NUL."""
    gaps, start = [], 1
    for low, high in sorted((*ranges, (_LAST + 1, _LAST + 1))):
        if start < low <= high:
            gaps.append((start, low - 1))
        start = max(start, high + 1) if low <= high else start
    return tuple(gaps)


class _Graph:
    """All that a pattern covers: states, and the characters that lead from one to another."""

    __slots__ = ("accepts", "edges", "starts")

    def __init__(self) -> None:
        self.edges: list[list[tuple[_Ranges, int]]] = []
        self.starts: list[int] = []
        self.accepts: set[int] = set()

    def add_name(self, path: str, ignorecase: bool) -> None:
        """`path` is covered, and what is below it; to be called first."""
        spelled = _Machine(ignorecase)
        for char in path:
            spelled.read(char)
        below = len(path) + 1
        self.accepts = {below}
        self.add(spelled)
        self.edges[-1].append((_SLASH, below))
        self.edges.append([(_ANY, below)])

    def add(self, machine: _Machine) -> None:
        """What `machine` matches is covered too."""
        first = len(self.edges)
        last = first + len(machine.steps)
        self.starts.append(first)
        self.accepts.add(last)
        self.edges += [[(step, first + at + 1)] for at, step in enumerate(machine.steps)]
        self.edges.append([])
        for state in range(first, last + 1):
            bit = 1 << state - first
            if (machine.within | machine.across) & bit:
                self.edges[state].append((_ANY if machine.across & bit else _NOT_SLASH, state))
            if machine.skips & bit:
                skipping = len(self.edges)
                self.edges.append([(_ANY, skipping), (_SLASH, state)])
                self.edges[state] += self.edges[skipping]


def _meet(one: _Graph, two: _Graph) -> bool:
    """Some path that could exist is in both.

    The code points are cut wherever a range of either starts or ends: neither tells apart two
    characters of one piece, so that pieces stand for characters, exactly.
    """
    steps = {step for graph in (one, two) for edges in graph.edges for step, _ in edges}
    ends = {end for step in steps for low, high in step for end in (low, high + 1)}
    bit = {end: 1 << at for at, end in enumerate(sorted(ends | {46, 47, 48}))}
    pieces = {step: sum(bit[high + 1] - bit[low] for low, high in step) for step in steps}
    todo = [(a, b, 0) for a in one.starts for b in two.starts]
    seen = set(todo)
    while todo:
        a, b, dots = todo.pop()
        if dots == _NAMED and a in one.accepts and b in two.accepts:
            return True
        for step, to_a in one.edges[a]:
            for other, to_b in two.edges[b]:
                if common := pieces[step] & pieces[other]:
                    after = {(to_a, to_b, n) for n in _dots(dots, common, bit[46], bit[47])}
                    todo += after - seen
                    seen |= after
    return False


def _dots(dots: int, common: int, dot: int, slash: int) -> list[int]:
    """How a segment that is `dots` so far may go on with a character of `common`.

    0, 1 or 2 dots alone are no name: only of a segment that is `_NAMED` can a path consist.
    """
    if dots == _NAMED:
        return [0] * (common & slash > 0) + [_NAMED] * (common & ~slash > 0)
    return [dots + 1] * (common & dot > 0) + [_NAMED] * (common & ~(dot | slash) > 0)
