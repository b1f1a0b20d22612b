"""A plan written down again: what is loaded from it is the plan as it stands.

Cancelled tasks are left out, unless something is below them that is not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from collections.abc import Sequence

import yaml

from jetpack_git.data.database import Database
from jetpack_git.errors import NotFound
from jetpack_git.models import durations
from jetpack_git.models.plan import Plan
from jetpack_git.models.task import DEFAULT_PRIORITY
from jetpack_git.models.task import Status
from jetpack_git.models.task import Task
from jetpack_git.work import plans
from jetpack_git.work.plan_attributes import escape_title
from jetpack_git.work.plan_attributes import is_id
from jetpack_git.work.plan_attributes import quote
from jetpack_git.work.plan_items import one_line
from jetpack_git.work.plan_items import slug
from jetpack_git.work.plan_markdown import escape_body

DEEPEST_HEADING = 6
_INDENT = "  "


class Tree:
    """The tasks of a plan that are to be written, by parent, and what they are called in it."""

    def __init__(self, plan: Plan, tasks: Sequence[Task]) -> None:
        self.plan = plan
        self._mine = {task.id: task for task in tasks}
        self._below: dict[str, list[Task]] = defaultdict(list)
        for task in sorted(tasks, key=lambda one: (one.position, one.seq)):
            self._below[task.parent_id if task.parent_id in self._mine else ""].append(task)
        self._kept = {task.id for task in tasks if task.status != Status.CANCELLED}
        for task in tasks:
            above = task.parent_id if task.id in self._kept else None
            while above in self._mine and above not in self._kept:
                self._kept.add(above)
                above = self._mine[above].parent_id
        self._named = {other for one in tasks if one.id in self._kept for other in one.depends}

    def children(self, task: Task | None = None) -> list[Task]:
        """The tasks below that one, or at the top, in their order."""
        return [one for one in self._below[task.id if task else ""] if one.id in self._kept]

    def depends(self, task: Task) -> list[str]:
        """What the task waits for, by the names of the plan, or by the ids of other tasks."""
        known = (self._mine.get(other) for other in task.depends)
        found = [self._name(one) for one in known if one and one.id in self._kept]
        return sorted(found) + [other for other in task.depends if other not in self._mine]

    def given_id(self, task: Task) -> str | None:
        """The id that the item needs: it was given one, or another item names it."""
        name = self._name(task)
        return name if task.id in self._named or name not in (task.id, slug(task.title)) else None

    def _name(self, task: Task) -> str:
        """Its key in the plan, unless that is made of the titles above it; else its own id."""
        key = task.plan_key
        return key if key and "/" not in key and is_id(key) else task.id


def read(db: Database, plan_id: str) -> Tree:
    """The plan of that id. Raises NotFound."""
    plan = plans.known(db, plan_id)
    if plan is None:
        known = ", ".join(str(row["id"]) for row in db.all("plans.all")[:8])
        raise NotFound(
            f"There is no plan {plan_id!r:.60}.",
            hint=f"There are: {known}" if known else "Load one with: git jetpack load PLAN.md",
        )
    return Tree(plan, plans.tasks_of(db, plan.id))


def markdown(tree: Tree) -> Iterator[str]:
    """The lines of the plan in Markdown: headings where all siblings are parents, else lists."""
    head = {"id": tree.plan.id, "title": tree.plan.title}
    yield "---"
    yield yaml.safe_dump(head, allow_unicode=True, sort_keys=False, width=10**6).rstrip("\n")
    yield "---"
    yield from _section(tree, tree.children(), 1)


def _section(tree: Tree, tasks: list[Task], level: int) -> Iterator[str]:
    if level > DEEPEST_HEADING or not all(tree.children(task) for task in tasks):
        yield ""
        yield from _list(tree, tasks, "")
        return
    for task in tasks:
        yield ""
        title = _title(tree, task)
        yield f"{'#' * level} {title}{' #' if title.endswith('#') else ''}"
        if task.description:
            yield ""
            yield from escape_body(_unix(task.description))
        yield from _section(tree, tree.children(task), level + 1)


def _list(tree: Tree, tasks: list[Task], indent: str) -> Iterator[str]:
    for task in tasks:
        children = tree.children(task)
        done = task.status == Status.COMPLETED and not children
        yield f"{indent}- [{'x' if done else ' '}] {_title(tree, task)}"
        for line in escape_body(_unix(task.description)) if task.description else ():
            yield f"{indent}{_INDENT}{line}" if line.strip() else ""
        yield from _list(tree, children, indent + _INDENT)


def _title(tree: Tree, task: Task) -> str:
    """The title with the attributes behind it."""
    values = {
        "id": quote(tree.given_id(task) or ""),
        "depends": ", ".join(map(quote, tree.depends(task))),
        "skills": ", ".join(map(quote, task.skills)),
        "priority": str(task.priority) if task.priority != DEFAULT_PRIORITY else "",
        "files": ", ".join(map(quote, task.files)),
        "estimate": durations.text(task.estimate_s) if task.estimate_s else "",
    }
    said = [f"[{name}: {value}]" for name, value in values.items() if value]
    return " ".join([escape_title(one_line(task.title)), *said])


def as_json(tree: Tree) -> dict[str, object]:
    """The plan as JSON; each item has an id, its task's if the plan gave it none."""
    items = [_item(tree, task) for task in tree.children()]
    return {"id": tree.plan.id, "title": tree.plan.title, "items": items}


def _item(tree: Tree, task: Task) -> dict[str, object]:
    children = tree.children(task)
    item: dict[str, object] = {
        "id": tree.given_id(task) or task.id,
        "title": task.title,
        "description": task.description,
        "done": task.status == Status.COMPLETED and not children,
        "depends": tree.depends(task),
        "skills": list(task.skills),
        "priority": task.priority,
        "files": list(task.files),
        "estimate": durations.text(task.estimate_s) if task.estimate_s else None,
        "items": [_item(tree, one) for one in children],
    }
    return {name: value for name, value in item.items() if value not in ("", [], None, False)}


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").strip("\n")
