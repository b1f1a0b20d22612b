"""What all forms of a plan share: from items as read to a document that holds together.

Keys, dependencies and cycles are found here, and what is wrong is told by file and line.
"""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

from jetpack_git.errors import BadInput
from jetpack_git.models.mapping import Mapping
from jetpack_git.models.plan_document import PlanDocument
from jetpack_git.models.plan_document import PlanItem
from jetpack_git.work.cycles import cycles
from jetpack_git.work.plan_attributes import Attributes
from jetpack_git.work.plan_attributes import short

MAX_PROBLEMS = 20
MAX_TITLE_BYTES = 65_536

PREVIOUS = "previous"

Elsewhere = Callable[[str], str | None]  # the id of a task that is not the plan's, by its name

_COMPARED = 2_000  # titles, and as many keys, that an unknown name is compared with
_CUT = 60  # characters of each that are compared
_SLUG_CHARS = 60
_SHOWN = 10

_BREAKS = re.compile(r"[ \t]*[\r\n]\s*")
_NOT_ALNUM = re.compile(r"[\W_]+")
_RELATION_HINT = "Remove it from [depends: …]: a parent is done when all inside it are."
_CYCLE_HINT = "Remove one of these dependencies from its [depends: …]."

_Hint = str | Callable[[], str]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in a line, and what to write instead."""

    line: int
    message: str
    hint: _Hint


@dataclass(slots=True)
class Draft:
    """An item as read. `parent` is the index of another, -1 at the top."""

    line: int
    parent: int
    found: Attributes
    done: bool = False
    description: str = ""


def document(
    drafts: Sequence[Draft], problems: list[Problem], *, source: str, title: str,
    plan_id: str | None, elsewhere: Elsewhere,
) -> PlanDocument:  # fmt: skip
    """The plan of these items. Raises BadInput with all that is wrong with it."""
    keys = _keys(drafts, problems)
    dependencies = _Dependencies(drafts, keys, elsewhere)
    if any(draft.found.depends for draft in drafts):
        dependencies.resolve(problems)
        _check_cycles(drafts, dependencies.inside, problems)
    if problems:
        raise refusal(source, problems)
    return PlanDocument(title, tuple(_items(drafts, keys, dependencies)), plan_id)


def head_text(head: Mapping, name: str, source: str) -> str | None:
    """The text of that name in the front matter. Raises BadInput when it is none."""
    value = head.values.get(name)
    if value is not None and (not isinstance(value, str) or not value.strip()):
        message = f"the {name} of the plan is no text"
        raise refusal(source, [Problem(head.lines[name], message, f"Write {name}: and a word.")])
    return value and " ".join(value.split())


def one_line(text: str) -> str:
    """The text of a title without line breaks and blanks around it."""
    return _BREAKS.sub(" ", text).strip()


def too_long(line: int, title: str) -> Problem | None:
    """The problem with a title that is too long to be one."""
    size = len(title.encode())
    if size <= MAX_TITLE_BYTES:
        return None
    message = f"the title has {size:,} bytes, more than {MAX_TITLE_BYTES:,}"
    return Problem(line, message, "Put the details in the description.")


def refusal(source: str, problems: list[Problem]) -> BadInput:
    """The error that names the first of the problems; its hint is for the very first."""
    first = sorted(problems, key=lambda problem: problem.line)[:MAX_PROBLEMS]
    hint = first[0].hint
    message = "\n".join(f"{source}:{problem.line}: {problem.message}" for problem in first)
    return BadInput(message, hint=hint if isinstance(hint, str) else hint())


def slug(title: str) -> str:
    """What an item of that title is called where nobody gave it an id."""
    found = _NOT_ALNUM.sub("-", title.lower()).strip("-")[:_SLUG_CHARS].strip("-")
    return found or "item"


def _keys(drafts: Sequence[Draft], problems: list[Problem]) -> list[str]:
    """A key for each item, all different. An id that is given twice is a problem."""
    owners: dict[str, Draft] = {}
    for draft in drafts:
        if draft.found.id and owners.setdefault(draft.found.id, draft) is not draft:
            first = owners[draft.found.id].line
            message = f"the id {draft.found.id} is given in lines {first} and {draft.line}"
            problems.append(Problem(draft.line, message, "Give one of them another id."))
    used = set(owners)
    suffixes: dict[str, int] = {}
    keys: list[str] = []
    for draft in drafts:
        if draft.found.id and owners[draft.found.id] is draft:
            keys.append(draft.found.id)
            continue
        above = f"{keys[draft.parent]}/" if draft.parent >= 0 else ""
        base = key = above + slug(draft.found.title)
        while key in used:
            suffixes[base] = suffixes.get(base, 1) + 1
            key = f"{base}-{suffixes[base]}"
        used.add(key)
        keys.append(key)
    return keys


class _Dependencies:
    """What each item depends on, and what is wrong with how it says so.

    `inside` are the indices of other items, `outside` the ids of tasks that are not the plan's.
    """

    def __init__(self, drafts: Sequence[Draft], keys: list[str], elsewhere: Elsewhere) -> None:
        self.inside: dict[int, list[int]] = {}
        self.outside: dict[int, list[str]] = {}
        self._drafts = drafts
        self._keys = keys
        self._elsewhere = elsewhere
        self._names = Names(keys, [(draft.found.id, draft.found.title) for draft in drafts])
        self._last = list(range(len(drafts)))  # of the items inside each; they follow it
        for index in range(len(drafts) - 1, -1, -1):
            parent = drafts[index].parent
            if parent >= 0:
                self._last[parent] = max(self._last[parent], self._last[index])

    def resolve(self, problems: list[Problem]) -> None:
        before: dict[int, int] = {}  # the last child so far, by parent
        for index, draft in enumerate(self._drafts):
            for name in draft.found.depends:
                self._resolve(index, name, before.get(draft.parent), problems)
            before[draft.parent] = index

    def _resolve(self, index: int, name: str, before: int | None, problems: list[Problem]) -> None:
        found = self._names.find(name)
        if not found and name.casefold() == PREVIOUS and before is not None:
            found = [before]
        other = None if found else self._elsewhere(name)
        if other is not None:
            self.outside.setdefault(index, []).append(other)
            return
        complaint = self._complaint(index, name, found)
        if complaint is not None:
            problems.append(Problem(self._drafts[index].line, *complaint))
        elif found[0] not in (inside := self.inside.setdefault(index, [])):
            inside.append(found[0])

    def _complaint(self, index: int, name: str, found: list[int]) -> tuple[str, _Hint] | None:
        if not found and name.casefold() == PREVIOUS:
            message = "depends: there is no item before this one, below the same parent"
            return message, "Name the item that has to be done before."
        if not found:
            message = f"depends: {short(name)!r} is no item of the plan and no task"
            return message, partial(self._names.nearest, name)
        if len(found) > 1:
            lines = ", ".join(str(self._drafts[at].line) for at in found[:_SHOWN])
            more = ", …" if len(found) > _SHOWN else ""
            message = f"depends: {short(name)!r} is the title of the items in lines {lines}{more}"
            keys = ", ".join(key for at in found[:3] if (key := self._keys[at]) != name)
            return message, f"Write the key of the one you mean ({keys}), or give it an [id: …]."
        relation = self._relation(index, found[0])
        if relation is None:
            return None
        return f"{short(self._drafts[index].found.title)!r} depends on {relation}", _RELATION_HINT

    def _relation(self, index: int, other: int) -> str | None:
        what = f"{short(self._drafts[other].found.title)!r} (line {self._drafts[other].line})"
        if index == other:
            return "itself"
        if other < index <= self._last[other]:
            return f"{what}, which contains it"
        return f"{what}, which it contains" if index < other <= self._last[index] else None


def _check_cycles(
    drafts: Sequence[Draft], depends: dict[int, list[int]], problems: list[Problem]
) -> None:
    """Items that wait for each other are a problem."""
    found = cycles([draft.parent for draft in drafts], depends)
    for path in islice(found, MAX_PROBLEMS):
        shown = [f"{short(drafts[at].found.title)} (line {drafts[at].line})" for at in path]
        if len(shown) > 2 * _SHOWN:
            shown[_SHOWN:-_SHOWN] = [f"… {len(shown) - 2 * _SHOWN:,} more …"]
        message = f"a cycle: {' -> '.join(shown)}"
        problems.append(Problem(drafts[path[0]].line, message, _CYCLE_HINT))


def _items(
    drafts: Sequence[Draft], keys: list[str], dependencies: _Dependencies
) -> Iterator[PlanItem]:
    siblings: dict[int, int] = defaultdict(int)
    for index, draft in enumerate(drafts):
        found = draft.found
        yield PlanItem(
            key=keys[index],
            parent=keys[draft.parent] if draft.parent >= 0 else None,
            title=found.title,
            line=draft.line,
            position=siblings[draft.parent],
            description=draft.description,
            done=draft.done,
            depends=tuple(keys[other] for other in dependencies.inside.get(index, ())),
            outside=tuple(dict.fromkeys(dependencies.outside.get(index, ()))),
            skills=found.skills,
            priority=found.priority,
            files=found.files,
            estimate_s=found.estimate_s,
        )
        siblings[draft.parent] += 1


class Names:
    """What the items of a plan can be called in `[depends: …]`.

    `items` are pairs of id, if one is given, and title. They are told by their index.
    """

    def __init__(self, keys: list[str], items: list[tuple[str | None, str]]) -> None:
        self._keys = {key: index for index, key in enumerate(keys)}
        self._ids = {given for given, _ in items if given}
        self._titles: dict[str, list[int]] = defaultdict(list)
        self._folded: dict[str, list[int]] = defaultdict(list)
        for index, (_, title) in enumerate(items):
            self._titles[title].append(index)
            self._folded[_fold(title)].append(index)

    def find(self, name: str) -> list[int]:
        """The items of that key; else of that title; else of one that only looks different.

        A key that was made from a title which several items bear does not tell them apart.
        """
        titled = self._titles.get(name, [])
        if name in self._keys and (name in self._ids or len(titled) < 2):
            return [self._keys[name]]
        return titled or self._folded.get(_fold(name), [])

    def nearest(self, name: str) -> str:
        """A hint that names the keys and titles that look like `name`."""
        known = [*islice(self._titles, _COMPARED), *islice(self._keys, _COMPARED)]
        cut = {_fold(text[:_CUT]): text for text in reversed(known) if text}
        close = difflib.get_close_matches(_fold(name[:_CUT]), cut, n=3)
        if not close:
            return "Write the id or the title of another item of the plan."
        return f"Did you mean {' or '.join(repr(short(cut[text])) for text in close)}?"


def _fold(text: str) -> str:
    return " ".join(text.split()).casefold()
