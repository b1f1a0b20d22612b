"""Plans: a tree of items written down before the work starts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PlanItem:
    """One heading or list item of a plan.

    `key` is stable within the plan; `parent` and `depends` hold keys of other items,
    `outside` the ids of tasks that are not the plan's and that it waits for as well.
    `line` counts from 1, `position` (among siblings) from 0. `priority` is 0 (most
    urgent) to 4, or None when the plan says nothing. `skills` are sorted, unique and in
    lower case; `files` are patterns as written, in order and unique.
    """

    key: str
    parent: str | None
    title: str
    line: int
    position: int
    description: str = ""
    done: bool = False
    depends: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    priority: int | None = None
    files: tuple[str, ...] = ()
    estimate_s: int | None = None


@dataclass(frozen=True)
class PlanDocument:
    """A plan as its file has it. `items` are in document order, parents before children.

    `id` is what its front matter calls it, if it does. `warnings` say what of the file is kept
    nowhere.
    """

    title: str
    items: tuple[PlanItem, ...]
    id: str | None = None
    warnings: tuple[str, ...] = ()
