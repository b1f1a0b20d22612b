"""What may be wrong between tasks that came as files: each is sound, their whole is not."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable

from jetpack_git.data.database import Database
from jetpack_git.data.rows import dump
from jetpack_git.models.task import Task


def missing(db: Database, ids: Iterable[str]) -> set[str]:
    """Those of the ids that no task bears."""
    return {str(row["id"]) for row in db.all("mirror.missing", ids=dump(sorted(set(ids))))}


def loops(db: Database, ids: Iterable[str]) -> list[list[str]]:
    """Ways from a task back to itself, which can be reached from these tasks.

    A task waits for its own dependencies, its ancestors' and its children.
    """

    def after(task_id: str) -> list[str]:
        return [str(row["id"]) for row in db.all("dependencies.edges_from", id=task_id)]

    return ways(ids, after)


def ways(ids: Iterable[str], after: Callable[[str], Iterable[str]]) -> list[list[str]]:
    """Ways from a task back to itself, where each waits for those `after` it.

    Each way begins and ends with the same id. Every task is looked at once.
    """
    found: list[list[str]] = []
    done: set[str] = set()
    for start in ids:
        way: list[str] = []
        place: dict[str, int] = {}
        rest: list[list[str]] = [[start]]
        while rest:
            if not rest[-1]:
                rest.pop()
                if way:
                    done.add(way.pop())
                    del place[next(reversed(place))]
                continue
            node = rest[-1].pop()
            if node in place:
                found.append([*way[place[node] :], node])
            elif node not in done:
                place[node] = len(way)
                way.append(node)
                rest.append(sorted(after(node), reverse=True))
    return found


def by_age(found: Iterable[Task]) -> list[Task]:
    """The tasks in the order in which they were made, as far as they say it.

    Tasks of one moment come from one plan: they stand as in the plan, parents first.
    """
    tasks = {one.id: one for one in found}

    def place(task: Task) -> tuple[tuple[int, str], ...]:
        steps = [(task.position, task.id)]
        above = {task.id}
        while task.parent_id in tasks and task.parent_id not in above:
            above.add(task.parent_id)
            task = tasks[task.parent_id]
            steps.append((task.position, task.id))
        return tuple(reversed(steps))

    # A file without a time was written by hand, after the others.
    return sorted(tasks.values(), key=lambda one: (one.created_at or "~", place(one)))
