"""TaskGraph: tasks and what they wait for, as a graph that can be asked and drawn."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import NamedTuple

import networkx as nx

from jetpack_git.data.database import Database
from jetpack_git.data.database import Row
from jetpack_git.data.rows import dump
from jetpack_git.data.rows import to_rollup
from jetpack_git.errors import NotFound
from jetpack_git.models.task import CLOSED
from jetpack_git.work import metrics
from jetpack_git.work.find import resolve


class Node(NamedTuple):
    """One task. `unblocks` counts the tasks that would be ready if it were finished now."""

    id: str
    title: str
    status: str
    parent_id: str | None
    is_parent: bool
    estimate_s: int
    depth: int
    dependents: int
    critical: bool
    unblocks: int


class TaskGraph:
    """Some tasks with the dependencies among them; an edge runs to the task that waits.

    What `depth`, `dependents` and the critical path mean is said in `work.metrics`; within
    a part of all tasks, the critical path is the longest chain of that part.
    """

    def __init__(self, db: Database, rows: list[Row]) -> None:
        self._db = db
        self.rows = {str(row["id"]): row for row in rows}
        self._shape = metrics.shape(rows)
        edges = self._shape[2]
        self._measures = metrics.measure(*self._shape)
        self.graph: nx.DiGraph[str] = nx.DiGraph()
        self.graph.add_nodes_from(self.rows)
        self.graph.add_edges_from((other, task) for task, other in edges if other in self.rows)

    @cached_property
    def nodes(self) -> list[Node]:
        """The tasks in the order of their depth, parents before what they hold."""
        critical = {
            one for one, found in self._measures.items()
            if self.edges and found.path_s == self.critical_s
        }  # fmt: skip
        unblocks = self.unblocks()
        parents = [task_id for task_id, row in self.rows.items() if row["children"]]
        states = {
            str(row["id"]): to_rollup(row).state(str(self.rows[str(row["id"])]["status"]))
            for row in self._db.all("tasks.rollup", ids=dump(parents))
        }
        return [
            Node(
                task_id, str(row["title"]), states.get(task_id, str(row["state"])),
                _text(row["parent_id"]),
                bool(row["children"]), int(str(row["estimate_s"] or 0)),
                one.depth if one else 0, one.dependents if one else 0, task_id in critical,
                unblocks.get(task_id, 0),
            )
            for task_id, row in self.rows.items()
            for one in [self._measures.get(task_id)]
        ]  # fmt: skip

    @property
    def edges(self) -> list[tuple[str, str]]:
        """Pairs of a task and one that waits for it."""
        return list(self.graph.edges)

    @property
    def roots(self) -> list[str]:
        """The leaves of the hierarchy that wait for nothing."""
        return [one for one, found in self._measures.items() if found.depth == 0]

    @property
    def leaves(self) -> list[str]:
        """The leaves of the hierarchy that nothing waits for."""
        return [one for one, found in self._measures.items() if found.dependents == 0]

    @property
    def cycles(self) -> list[list[str]]:
        """Tasks that wait for each other, a group each."""
        knots = nx.strongly_connected_components(self.graph)
        return [sorted(one) for one in knots if len(one) > 1]

    @property
    def critical_path(self) -> list[str]:
        """The tasks of one longest chain by estimate, in their order; none without any edge."""
        return metrics.longest_chain(*self._shape) if self.edges else []

    @property
    def critical_s(self) -> int:
        """The seconds of the critical path."""
        return max((one.path_s for one in self._measures.values()), default=0)

    def unblocks(self) -> dict[str, int]:
        """How many tasks each open leaf would make ready, were it finished now."""
        found: dict[str, int] = {}
        for task_id, row in self.rows.items():
            if not row["children"] and row["status"] not in CLOSED:
                found[task_id] = sum(1 for _ in unblocked_by(self._db, task_id))
        return found


def unblocked_by(db: Database, task_id: str) -> Iterable[str]:
    """The tasks that wait for nothing but this leaf, and parents that it would close."""
    return [str(row["id"]) for row in db.all("graph.unblocked_by", id=task_id)]


def load(db: Database, text: str | None) -> TaskGraph:
    """The graph of a plan, of a task with all below it, or of all. Raises NotFound."""
    if text is None:
        return TaskGraph(db, db.all("graph.whole"))
    if db.one("plans.get", id=text) is not None:
        return TaskGraph(db, db.all("graph.of_plan", plan_id=text))
    try:
        task_id = resolve(db, text)
    except NotFound as error:
        raise NotFound(f"There is no plan or task {text!r}.", hint=error.hint) from error
    return TaskGraph(db, db.all("graph.below", id=task_id))


def _text(value: object) -> str | None:
    return None if value is None else str(value)
