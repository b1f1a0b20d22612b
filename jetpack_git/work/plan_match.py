"""Which task is which item, when a plan was edited since it was loaded.

Items and tasks that bear the same key belong together; a task's own id is one as well. For
the rest it goes by title: below the same parent, then anywhere in the plan (it was moved), and
last by likeness below the same parent (it was renamed). Where that is not enough, an `[id: …]`
settles it.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections import defaultdict
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence

from jetpack_git.models.plan_document import PlanItem
from jetpack_git.models.task import Status
from jetpack_git.models.task import Task

ALIKE = 0.6  # the ratio of difflib from which two titles are one title, edited
MOST_COMPARED = 10_000  # pairs of titles below one parent


def match(items: Sequence[PlanItem], tasks: Sequence[Task]) -> dict[str, Task]:
    """The tasks of the plan that are items, by the key of the item."""
    return _Match(items, tasks).run()


def places(items: Sequence[PlanItem], known: Mapping[str, Task]) -> dict[str, int]:
    """The place of each item among its siblings, by key.

    Tasks that stand in the order of the plan keep the numbers that they have, gaps included.
    """
    siblings: dict[str | None, list[PlanItem]] = defaultdict(list)
    for item in items:
        siblings[item.parent].append(item)
    found: dict[str, int] = {}
    for parent, below in siblings.items():
        above = known.get(parent) if parent else None
        home = above.id if above else None
        there = [known.get(item.key) for item in below]
        at = [one.position if one and one.parent_id == home else None for one in there]
        kept = [place for place in at if place is not None]
        if kept != sorted(set(kept)) or None in at[: len(kept)]:
            found |= {item.key: item.position for item in below}
        else:
            first = kept[-1] + 1 if kept else 0
            numbers = [*kept, *range(first, first + len(below))]
            found |= {item.key: number for item, number in zip(below, numbers, strict=False)}
    return found


class _Match:
    """The pairs found so far."""

    def __init__(self, items: Sequence[PlanItem], tasks: Sequence[Task]) -> None:
        self._items = items
        self._tasks = {task.id: task for task in tasks}
        by_key = self._tasks | {task.plan_key: task for task in tasks if task.plan_key}
        self.found = {item.key: by_key[item.key] for item in items if item.key in by_key}
        self._taken = {task.id for task in self.found.values()}

    def run(self) -> dict[str, Task]:
        for _ in range(2):  # a parent that is found late tells of its children
            if len(self._taken) == len(self._tasks) or len(self.found) == len(self._items):
                break
            self._same_title_below_same_parent()
            self._same_title_anywhere()
            self._parents_of_the_same_children()
            self._alike_below_same_parent()
        return self.found

    def _pair(self, item: PlanItem, task: Task) -> None:
        self.found[item.key] = task
        self._taken.add(task.id)

    def _open_items(self) -> Iterator[PlanItem]:
        return (item for item in self._items if item.key not in self.found)

    def _open_tasks(self) -> list[Task]:
        return [task for task in self._tasks.values() if task.id not in self._taken]

    def _place(self, item: PlanItem) -> str | None:
        """The id of the task that is the item's parent: "" at the top, None if not known."""
        if item.parent is None:
            return ""
        return self.found[item.parent].id if item.parent in self.found else None

    def _home(self, task: Task) -> str:
        """The id of the task's parent in the plan, "" at the top."""
        return task.parent_id if task.parent_id in self._tasks else ""

    def _same_title_below_same_parent(self) -> None:
        """The first item takes the first task; parents come before their children."""
        there: dict[tuple[str, str], list[Task]] = defaultdict(list)
        for task in sorted(self._open_tasks(), key=lambda one: one.position, reverse=True):
            there[self._home(task), _fold(task.title)].append(task)
        for item in self._open_items():
            place = self._place(item)
            if place is not None and (tasks := there.get((place, _fold(item.title)))):
                self._pair(item, tasks.pop())

    def _same_title_anywhere(self) -> None:
        """If only one item and one task bear it."""
        there = Counter(_fold(task.title) for task in self._open_tasks())
        wanted = Counter(_fold(item.title) for item in self._open_items())
        once = {_fold(task.title): task for task in self._open_tasks()}
        for item in list(self._open_items()):
            title = _fold(item.title)
            if there[title] == 1 == wanted[title]:
                self._pair(item, once[title])

    def _parents_of_the_same_children(self) -> None:
        """A parent is the task that most of its children were below, if it was left over."""
        homes: dict[str, Counter[str]] = defaultdict(Counter)
        for item in self._items:
            task = self.found.get(item.key)
            if item.parent is not None and item.parent not in self.found and task is not None:
                homes[item.parent][self._home(task)] += 1
        for item in list(self._open_items()):
            if item.key in homes:
                home, count = homes[item.key].most_common(1)[0]
                if home and home not in self._taken and 2 * count > homes[item.key].total():
                    self._pair(item, self._tasks[home])

    def _alike_below_same_parent(self) -> None:
        items: dict[str, list[PlanItem]] = defaultdict(list)
        for item in self._open_items():
            if (place := self._place(item)) is not None:
                items[place].append(item)
        tasks: dict[str, list[Task]] = defaultdict(list)
        for task in self._open_tasks():
            tasks[self._home(task)].append(task)
        for place in items.keys() & tasks.keys():
            if len(items[place]) * len(tasks[place]) <= MOST_COMPARED:
                self._pair_alike(items[place], tasks[place])

    def _pair_alike(self, items: list[PlanItem], tasks: list[Task]) -> None:
        """The likest two are paired first."""
        pairs = []
        for number, item in enumerate(items):
            compared = difflib.SequenceMatcher(autojunk=False)
            compared.set_seq2(_fold(item.title)[:200])
            words = set(_fold(item.title).split())
            for other, task in enumerate(tasks):
                if task.status == Status.COMPLETED and not (task.children or item.done):
                    continue  # finished work is not work under another name
                before = set(_fold(task.title).split())
                if words <= before or before <= words:  # some were added, or taken out
                    pairs.append((-ALIKE, number, other))
                compared.set_seq1(_fold(task.title)[:200])
                if compared.real_quick_ratio() < ALIKE or compared.quick_ratio() < ALIKE:
                    continue
                if (ratio := compared.ratio()) >= ALIKE:
                    pairs.append((-ratio, number, other))
        for _, number, other in sorted(pairs):
            if items[number].key not in self.found and tasks[other].id not in self._taken:
                self._pair(items[number], tasks[other])


def _fold(title: str) -> str:
    return " ".join(title.split()).casefold()
