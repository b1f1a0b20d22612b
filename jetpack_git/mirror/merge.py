"""Three versions of one task become one, field by field.

Where one side alone changed a field, its value holds. Where both did,

- lists merge as sets: what either side took out is gone, what either put in is there;
- status, assignee, branch, summary and time of completion go together, and the later state
  holds (`RANK`), and a finished task that one side alone has set back to where it was before
  stays finished;
- a description, or the body of a memory, has what either side wrote (`mirror.prose`);
- of anything else the more urgent, earlier or smaller number holds, and the longer text.

Neither side is preferred for being ours: clones that merge each other's work, in whatever order,
come to the same. What did not get through is a `Clash`, for somebody to look at.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from jetpack_git.mirror import prose
from jetpack_git.mirror.read import Parsed
from jetpack_git.models.conflict import MEMORY_VALUES
from jetpack_git.models.conflict import STATE
from jetpack_git.models.conflict import VALUES
from jetpack_git.models.conflict import Clash
from jetpack_git.models.memory import Memory
from jetpack_git.models.plan import Plan
from jetpack_git.models.task import Status
from jetpack_git.models.task import Task

RANK = {
    status: place
    for place, status in enumerate(
        (
            Status.PENDING_RETRY, Status.CLAIMED, Status.IN_PROGRESS, Status.FAILED,
            Status.CANCELLED, Status.COMPLETED,
        ),
        start=1,
    )
}  # fmt: skip
UNFINISHED = (Status.PENDING, Status.CLAIMED, Status.IN_PROGRESS)
SETS = ("aliases", "labels", "skills", "depends", "links")
LISTS = ("files", "results")
PROSE = ("description", "body")


def three_way(base: Task | None, ours: Task, theirs: Task) -> tuple[Task, list[Clash]]:
    """The merged task and what clashed. Without a `base` everything that differs was changed.

    What no file says (attempts, the children's number) is as in `ours`.
    """
    clashes: list[Clash] = []
    news: dict[str, object] = {}
    state, lost = _state(base, ours, theirs)
    news |= dict(zip(STATE.values(), state, strict=True))
    clashes += lost
    for field, attribute in VALUES.items():
        before, mine, other = (_get(one, attribute) for one in (base, ours, theirs))
        news[attribute] = _choose(field, base, before, mine, other, clashes)
    for attribute in SETS:
        before, mine, other = (_get(one, attribute) for one in (base, ours, theirs))
        news[attribute] = tuple(sorted(_union(before or (), mine, other)))
    for attribute in LISTS:
        before, mine, other = (_get(one, attribute) for one in (base, ours, theirs))
        news[attribute] = _listed(before or (), mine, other)
    extra: dict[str, object] = {}
    for key in sorted({*ours.extra, *theirs.extra}):
        old = base.extra.get(key) if base else None
        mine, other = ours.extra.get(key), theirs.extra.get(key)
        found = _choose(key, base, old, mine, other, clashes)
        if found is not None:
            extra[key] = found
    created = [one for one in (ours.created_at, theirs.created_at) if one]
    merged = replace(ours, **news, extra=extra, created_at=min(created, default=""))  # type: ignore[arg-type]
    return merged, clashes


Whole = tuple[Plan, dict[str, object]]  # a plan with the keys that nobody here knows


def three_way_plan(base: Whole | None, ours: Whole, theirs: Whole) -> Whole:
    """The merged plan, by the rule of tasks. What both changed is the longer text."""

    def choose(before: object, mine: object, other: object) -> Any:
        return _choose("", base, before, mine, other, [])

    values = {
        name: choose(getattr(base[0], name) if base else None, mine, getattr(theirs[0], name))
        for name, mine in vars(ours[0]).items()
    }
    dates = [one[0].created_at for one in (ours, theirs) if one[0].created_at]
    values["created_at"] = min(dates, default="")
    extra = {
        key: choose(base[1].get(key) if base else None, ours[1].get(key), theirs[1].get(key))
        for key in sorted({*ours[1], *theirs[1]})
    }
    return Plan(**values), {key: one for key, one in extra.items() if one is not None}


def three_way_memory(
    base: Memory | None, ours: Memory, theirs: Memory
) -> tuple[Memory, list[Clash]]:
    """The merged memory, by the rule of tasks, and what clashed."""
    clashes: list[Clash] = []
    news: dict[str, Any] = {}
    for field, attribute in MEMORY_VALUES.items():
        before, mine, other = (_get(one, attribute) for one in (base, ours, theirs))
        news[attribute] = _choose(field, base, before, mine, other, clashes)
    old = base.tags if base else ()
    extra = {
        key: _choose(
            key, base, base.extra.get(key) if base else None, ours.extra.get(key),
            theirs.extra.get(key), clashes,
        )
        for key in sorted({*ours.extra, *theirs.extra})
    }  # fmt: skip
    created = [one for one in (ours.created_at, theirs.created_at) if one]
    merged = replace(
        ours, **news, tags=tuple(sorted(_union(old, ours.tags, theirs.tags))),
        extra={key: one for key, one in extra.items() if one is not None},
        created_at=min(created, default=""),
    )  # fmt: skip
    return merged, clashes


def merged(ours: Task, parsed: Parsed) -> Task:
    """The row with all that the file says; what no file says stays.

    The file of a parent states no status; one that does is of a parent that became a leaf.
    """
    theirs = parsed.task
    is_parent = ours.children > 0 and "status" not in parsed.lines
    return replace(
        theirs,
        status=ours.status if is_parent else theirs.status,
        completed_at=ours.completed_at if is_parent else theirs.completed_at,
        children=ours.children,
        created_at=theirs.created_at or ours.created_at,
        commit_id=ours.commit_id,
        claimed_at=ours.claimed_at,
    )


def _state(base: Task | None, ours: Task, theirs: Task) -> tuple[tuple[object, ...], list[Clash]]:
    """What holds of `STATE`, whose fields go together, and what clashed."""
    before, mine, other = (
        tuple(_get(one, name) for name in STATE.values()) for one in (base, ours, theirs)
    )
    if mine == other:
        return mine, []
    one, two = (before if is_undone(before[0], side[0]) else side for side in (mine, other))
    clashes = (one, two) != (mine, other)
    if one == two or (base and two == before):
        found = one
    elif base and one == before:
        found = two
    else:
        found = max(one, two, key=_later)
        by_one = ours.assignee == theirs.assignee and ours.status != theirs.status
        clashes = clashes or not by_one or Status.CANCELLED in (ours.status, theirs.status)
        # else it is one agent's work, further on here than there
    return found, [
        Clash(field, mine[at], other[at], found[at])
        for at, field in enumerate(STATE)
        if clashes and mine[at] != other[at]
    ]


def is_undone(before: object, status: object) -> bool:
    """Whether a finished task was set back, as by a revert: who reopens it says so otherwise."""
    return before == Status.COMPLETED and status in UNFINISHED


def _later(state: tuple[object, ...]) -> tuple[int, list[str]]:
    return RANK.get(state[0], 0), [str(one or "") for one in reversed(state)]  # type: ignore[call-overload]


def _choose(
    field: str, base: object, before: object, ours: object, theirs: object,
    clashes: list[Clash],
) -> object:  # fmt: skip
    """The value of one field; a clash is added to the others."""
    if ours == theirs or (base and theirs == before):
        return ours
    if base and ours == before:
        return theirs
    if base and field in PROSE:
        text, is_odd = prose.merge(str(before), str(ours), str(theirs))
        clashes += [Clash(field, ours, theirs, text)] * is_odd
        return text
    chosen = max(ours, theirs, key=_weight)
    if (ours is not None and theirs is not None) or base:
        clashes.append(Clash(field, ours, theirs, chosen))
    return chosen


def _weight(value: object) -> tuple[bool, float, str]:
    """A value weighs more than none, a smaller number more, and a longer text."""
    if isinstance(value, (int, float)):
        return True, -value, ""
    text = str(value or "")
    return value is not None, len(text), text


def _get(noun: Task | Memory | None, attribute: str) -> Any:
    return getattr(noun, attribute) if noun is not None else None


def _union(base: tuple[Any, ...], ours: tuple[Any, ...], theirs: tuple[Any, ...]) -> set[Any]:
    """What neither side took out of the base, and what either put in."""
    old, mine, other = set(base), set(ours), set(theirs)
    return (old & mine & other) | ((mine | other) - old)


def _listed(
    base: tuple[str, ...], ours: tuple[str, ...], theirs: tuple[str, ...]
) -> tuple[str, ...]:
    """The same for a list, in the order of the side that changed alone.

    One that is only in another order has not changed.
    """
    mine, other = set(ours) != set(base), set(theirs) != set(base)
    if ours == theirs or (mine and not other):
        return ours
    if other and not mine:
        return theirs
    there = _union(base, ours, theirs)
    kept = [one for one in base if one in there]
    return (*kept, *sorted(there - set(kept)))
