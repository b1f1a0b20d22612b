"""Patterns as automata: matching a path, and whether two patterns meet.

A pattern is a machine that stands between characters: state n has read n of its characters.
Matching runs all states at once as the bits of an int; the overlap of two patterns is a search
through the pairs of states that one path leads to. Neither backtracks.
"""

from __future__ import annotations

SPECIAL = "*?[\\"
Ranges = tuple[tuple[int, int], ...]  # a set of code points; both ends of a range are in it
_LAST = 0x10FFFF
_SLASH, _ANY = ((47, 47),), ((1, _LAST),)
_NOT_SLASH = ((1, 46), (48, _LAST))
_UPPER, _LOWER, _DIGIT = (65, 90), (97, 122), (48, 57)
_NAMED = 3
_POSIX: dict[str, Ranges] = {  # as git's own ctype has them, whatever the locale
    "alnum": (_DIGIT, _UPPER, _LOWER), "alpha": (_UPPER, _LOWER), "blank": ((9, 9), (32, 32)),
    "cntrl": ((1, 31), (127, 127)), "digit": (_DIGIT,), "graph": ((33, 126),), "lower": (_LOWER,),
    "print": ((32, 126),), "punct": ((33, 47), (58, 64), (91, 96), (123, 126)),
    "space": ((9, 10), (13, 13), (32, 32)), "upper": (_UPPER,),
    "xdigit": (_DIGIT, (65, 70), (97, 102)),
}  # fmt: skip


def special(text: str) -> int:
    """The place of the first character that git takes for magic, or the end."""
    return next((at for at, char in enumerate(text) if char in SPECIAL), len(text))


class Machine:
    """The wildcards of one pattern, as states between its characters.

    State n leads to state n + 1 by a character of `steps[n]`. The other members are sets of
    states, as bits. A state in `within` stays by any character but a slash, one in `across` by
    any; one in `skips`, once reached, is reached again after each later slash, as `**/` means.
    """

    __slots__ = ("_fold", "_masks", "across", "skips", "steps", "wild", "within")

    def __init__(self, ignorecase: bool) -> None:
        self.steps: list[Ranges] = []
        self.within = self.across = self.skips = 0
        self.wild = False
        self._fold = ignorecase
        self._masks: dict[str, int] = {}

    def read(self, char: str) -> None:
        """The next character is `char`."""
        chars = {char, char.swapcase()} if self._fold and char.isascii() else {char}
        self.steps.append(tuple((ord(each), ord(each)) for each in chars))

    def read_one_of(self, ranges: Ranges, *, negated: bool) -> None:
        """The next character is one of `ranges`, or none of them, and is not a slash."""
        if self._fold:
            letters = [code for code in range(65, 123) if chr(code).isalpha()]
            found = [code for code in letters if any(low <= code <= high for low, high in ranges)]
            ranges = (*ranges, *((code ^ 32, code ^ 32) for code in found))
        self.steps.append(_complement((*(ranges if negated else _complement(ranges)), *_SLASH)))
        self.wild = True

    def matches(self, path: str) -> bool:
        """The wildcards match the whole of `path` (folded, where case is ignored)."""
        return self._run(path) >> len(self.steps) & 1 == 1

    def lead_into(self, path: str) -> bool:
        """Some state is left after `path`, so that what goes on from it may match."""
        return self._run(path) != 0

    def _run(self, path: str) -> int:
        """The states that `path` leads to; those that wait for a slash stand above the others."""
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
                return 0
        return states | skipping << len(self.steps) + 1

    def _leads_on(self, code: int) -> int:
        found = 0
        for at, step in enumerate(self.steps):
            for low, high in step:
                if low <= code <= high:
                    found |= 1 << at
        return found


def parse(text: str, ignorecase: bool) -> Machine | None:
    """The wildcards of `text`; None where git's wildmatch could match nothing."""
    machine = Machine(ignorecase)
    first = special(text)
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


def _parse_stars(machine: Machine, text: str, at: int, first: int) -> int:
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


def _parse_class(machine: Machine, text: str, at: int) -> int:
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


def _complement(ranges: Ranges) -> Ranges:
    """The code points outside `ranges`, in order; never NUL."""
    gaps, start = [], 1
    for low, high in sorted((*ranges, (_LAST + 1, _LAST + 1))):
        if start < low <= high:
            gaps.append((start, low - 1))
        start = max(start, high + 1) if low <= high else start
    return tuple(gaps)


class Graph:
    """All that a pattern covers: states, and the characters that lead from one to another."""

    __slots__ = ("accepts", "edges", "starts")

    def __init__(self) -> None:
        self.edges: list[list[tuple[Ranges, int]]] = []
        self.starts: list[int] = []
        self.accepts: set[int] = set()

    def add_name(self, path: str, ignorecase: bool) -> None:
        """`path` is covered, and what is below it; to be called first."""
        spelled = Machine(ignorecase)
        for char in path:
            spelled.read(char)
        below = len(path) + 1
        self.accepts = {below}
        self.add(spelled)
        self.edges[-1].append((_SLASH, below))
        self.edges.append([(_ANY, below)])

    def add(self, machine: Machine) -> None:
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


def meet(one: Graph, two: Graph) -> bool:
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
