"""Cycles: tasks that wait for each other, be it by way of the hierarchy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from itertools import groupby

from jetpack_git.data.database import Database
from jetpack_git.models.task import CLOSED


def all_cycles(db: Database) -> Iterator[list[str]]:
    """Paths of tasks that wait for each other, by id: the first is again the last.

    A finished task waits for nothing, whatever it depends on.
    """
    rows = db.all("graph.nodes")
    place = {str(row["id"]): number for number, row in enumerate(rows)}
    parents = [place.get(str(row["parent_id"]), -1) for row in rows]
    depends: dict[int, list[int]] = {}
    for edge in db.all("dependencies.all"):
        task, other = place.get(str(edge["task_id"])), place.get(str(edge["depends_on"]))
        if task is not None and other is not None and rows[task]["status"] not in CLOSED:
            depends.setdefault(task, []).append(other)
    for numbers in cycles(parents, depends):
        yield [str(rows[number]["id"]) for number in numbers]


def cycles(parents: list[int], depends: dict[int, list[int]]) -> Iterator[list[int]]:
    """Paths of items that wait for each other: the first is again the last.

    Each item has two nodes: its start, 2 * index, waits for the start of its parent and
    for the end of what it depends on; its end, the next number, waits for the ends of its
    children. So a dependency of or on a parent is one edge, not one for each leaf.
    """
    children: dict[int, list[int]] = defaultdict(list)
    for index, parent in enumerate(parents):
        children[parent].append(index)

    def waits_for(node: int) -> Iterator[int]:
        index, is_end = divmod(node, 2)
        if is_end:
            return iter([2 * child + 1 for child in children.get(index, ())] or [2 * index])
        above = [2 * parents[index]] if parents[index] >= 0 else []
        return iter([2 * other + 1 for other in depends.get(index, ())] + above)

    for nodes in _cycles((2 * index for index in depends), waits_for):
        pairs = zip(nodes, [*nodes[1:], nodes[0]], strict=True)
        edges = [(node // 2, after // 2) for node, after in pairs if node % 2 < after % 2]
        if not edges:  # tasks that are each other's parents, which no plan can say
            continue
        first = edges.index(min(edges))
        ends = (index for edge in edges[first:] + edges[:first] for index in edge)
        path = [index for index, _ in groupby(ends)]
        yield path if path[-1] == path[0] else [*path, path[0]]


def _cycles(roots: Iterable[int], waits_for: Callable[[int], Iterator[int]]) -> Iterator[list[int]]:
    """One cycle of each knot of nodes that wait for each other, without recursion."""
    place: dict[int, int] = {}
    named: set[int] = set()
    for root in roots:
        path: list[int] = []
        ahead = [iter((root,))]
        while ahead:
            node = next(ahead[-1], None)
            if node is None:
                ahead.pop()
                if path:
                    place[path.pop()] = -1
            elif node not in place:
                place[node] = len(path)
                path.append(node)
                ahead.append(waits_for(node))
            elif place[node] >= 0 and named.isdisjoint((node, path[-1])):
                named.update(path[place[node] :])
                yield path[place[node] :]
