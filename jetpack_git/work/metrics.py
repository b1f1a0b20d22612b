"""What the graph of tasks says of each: measured where it changed, and kept with the tasks.

    score = 100 on the critical path + 10 * transitive dependents + 20 * (1 - depth / deepest)

The tasks that have no children and are not cancelled are measured. An edge runs to the task
that waits: a dependency on a parent stands for all the tasks below it, and a parent's own holds
for all below it.
Depth is the longest chain of dependencies before a task, in tasks; the critical path is the
longest chain by estimate, where a task without one counts as `DEFAULT_ESTIMATE_S`. Edges within
a cycle, which can only come in through files, are left out: no task on it can become ready.

Example: A (1 h) <- B (2 h) <- C (1 h), and D (1 h) that waits for A. The longest chain is
A, B, C with 4 h, and the deepest task is C at 2. So A scores 100 + 10 * 3 + 20 * (1 - 0) = 150,
B 100 + 10 + 20 * (1 - 1/2) = 120, C 100 + 0 + 0 = 100, and D 0 + 0 + 10 = 10.

A change marks the tasks around which it happened. What is measured anew is all that is
connected with them; where that is more than `AT_ONCE` tasks, it waits for whoever needs it.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from operator import add
from typing import NamedTuple

from jetpack_git.data.database import Database
from jetpack_git.data.database import Row
from jetpack_git.models.task import Status

DEFAULT_ESTIMATE_S = 1800
AT_ONCE = 1500  # of the order of twenty milliseconds
LARGE = 20_000  # from here on, to ask what is connected costs more than to measure all


class Measures(NamedTuple):
    """Of one task: the tasks on the longest chain before it, those that wait for it at last,
    and the seconds of the longest chain that it is on."""

    depth: int
    dependents: int
    path_s: int


NONE = Measures(0, 0, 0)


def refresh(db: Database, *, at_most: int | None = None) -> bool:
    """Whether the kept measures and scores fit the graph now.

    They do not if that would mean to measure more than `at_most` tasks.
    """
    if db.one("graph.any_dirty") is None:
        return True
    limit = LARGE if at_most is None else at_most
    with db.transaction():
        rows = db.all("graph.region", limit=2 * limit)
        if len(rows) >= limit:
            if at_most is not None:
                return False
            rows = db.all("graph.nodes")
        _keep(db, rows)
    return True


def _keep(db: Database, rows: list[Row]) -> None:
    """The tasks of the rows bear their measures, and what follows for others is done."""
    found = measure(*shape(rows))
    news = []
    for row in rows:
        one = found.get(row["id"], None if row["children"] else NONE)  # type: ignore[call-overload]
        if one and one != (row["depth"], row["dependents"], row["path_s"]):
            news.append({"id": row["id"], **one._asdict()})
    db.many("graph.measure", news)
    before, after = db.one("graph.totals"), db.one("graph.new_totals")
    assert before is not None
    assert after is not None
    if before != after:
        db.run("graph.set_totals", **after)
        if before["longest_s"] != after["longest_s"]:
            db.run("graph.rescore_critical", old=before["longest_s"], new=after["longest_s"])
        if before["deepest"] != after["deepest"]:
            db.run("graph.rescore_deep")
    db.run("graph.clean")


def shape(rows: list[Row]) -> tuple[dict[str, int], dict[str, str | None], list[tuple[str, str]]]:
    """What `measure` takes, of rows of `graph.nodes` or `graph.region`."""
    estimates: dict[str, int] = {}
    parents: dict[str, str | None] = {}
    edges: list[tuple[str, str]] = []
    for row in rows:
        if row["status"] == Status.CANCELLED and not row["children"]:
            continue  # nothing waits for it, and it takes no time
        task_id: str = row["id"]  # type: ignore[assignment]
        parents[task_id] = row["parent_id"]  # type: ignore[assignment]
        if not row["children"]:
            estimates[task_id] = row["estimate_s"] or DEFAULT_ESTIMATE_S  # type: ignore[assignment]
        if row["depends"]:
            edges += [(task_id, other) for other in str(row["depends"]).split("\n")]
    return estimates, parents, edges


def measure(
    estimates: Mapping[str, int],
    parents: Mapping[str, str | None],
    edges: Iterable[tuple[str, str]],
) -> dict[str, Measures]:
    """The measures of each leaf.

    `estimates` gives the leaves with their seconds, `parents` the parent of every task,
    `edges` the pairs (task, what it depends on).
    """
    after = _successors(estimates, parents, edges)
    order = _in_order(after)
    depth, early, tail = _lengths(estimates, after, order)
    dependents = _dependents(after, order, len(estimates))
    paths = map(add, early, tail)
    return dict(zip(estimates, map(Measures, depth, dependents, paths), strict=False))


def longest_chain(
    estimates: Mapping[str, int],
    parents: Mapping[str, str | None],
    edges: Iterable[tuple[str, str]],
) -> list[str]:
    """The tasks of one longest chain by estimate, each waiting for the one before it."""
    after = _successors(estimates, parents, edges)
    _, early, tail = _lengths(estimates, after, _in_order(after))
    longest = max(tail, default=0)
    names = list(estimates)
    found: list[str] = []
    at = next((node for node, length in enumerate(tail) if length == longest), None)
    while at is not None:
        if at < len(names):
            found.append(names[at])
        ready = early[at] + (estimates[names[at]] if at < len(names) else 0)
        left = longest - ready
        at = next((one for one in after[at] if early[one] == ready and tail[one] == left), None)
    return found


def _lengths(
    estimates: Mapping[str, int], after: list[list[int]], order: list[int]
) -> tuple[list[int], list[int], list[int]]:
    """Of each node: the leaves before it, the seconds before it, and those from it on."""
    size = len(estimates)
    seconds = [*estimates.values()] + [0] * (len(after) - size)
    depth, early = [0] * len(after), [0] * len(after)
    for node in order:
        if after[node]:
            deep, ready = depth[node] + (node < size), early[node] + seconds[node]
            for one in after[node]:
                if depth[one] < deep:
                    depth[one] = deep
                if early[one] < ready:
                    early[one] = ready
    tail = seconds.copy()
    for node in reversed(order):
        longest = 0
        for one in after[node]:
            if tail[one] > longest:
                longest = tail[one]
        tail[node] += longest
    return depth, early, tail


def _successors(
    estimates: Mapping[str, int],
    parents: Mapping[str, str | None],
    edges: Iterable[tuple[str, str]],
) -> list[list[int]]:
    """The nodes that wait for each node: first the leaves, then the parents that matter.

    A parent that waits, or one above it, is a node before what is below it; one that is
    waited for, or one above it, is another node behind that.
    """
    place = {leaf: node for node, leaf in enumerate(estimates)}
    known = [edge for edge in edges if edge[0] in parents and edge[1] in parents]
    starts = _spread({one for one, _ in known if one not in place}, parents)
    ends = _spread({other for _, other in known if other not in place}, parents)
    start = place | {one: len(place) + at for at, one in enumerate(starts)}
    end = place | {one: len(start) + at for at, one in enumerate(ends)}
    after: list[list[int]] = [[] for _ in range(len(start) + len(ends))]
    if starts or ends:
        for task, parent in parents.items():
            if parent in starts and task in start:
                after[start[parent]].append(start[task])
            if parent in ends and task in end:
                after[end[task]].append(end[parent])
    for task, other in known:
        if task in start and other in end:
            after[end[other]].append(start[task])
    return after


def _spread(marked: set[str], parents: Mapping[str, str | None]) -> dict[str, None]:
    """The marked parents and all parents below them."""
    if not marked:
        return {}
    inner = dict.fromkeys(parent for parent in parents.values() if parent in parents)
    found: dict[str, None] = {}
    for one in inner:
        way: list[str] = []
        above: str | None = one
        while above is not None and above not in found and above not in marked:
            if above in way:
                break
            way.append(above)
            above = parents.get(above)
        if above in found or above in marked:
            found |= dict.fromkeys([*way, above])
    return found | dict.fromkeys(one for one in marked if one in inner)


def _in_order(after: list[list[int]]) -> list[int]:
    """All nodes, each before those that wait for it; edges within a cycle are taken out."""
    while True:
        waiting = [0] * len(after)
        for ones in after:
            for one in ones:
                waiting[one] += 1
        order = [node for node, number in enumerate(waiting) if not number]
        for node in order:
            for one in after[node]:
                waiting[one] -= 1
                if not waiting[one]:
                    order.append(one)
        if len(order) == len(after):
            return order
        _cut_cycles(after)


def _cut_cycles(after: list[list[int]]) -> None:
    import networkx as nx

    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_edges_from((node, one) for node, ones in enumerate(after) for one in ones)
    for knot in nx.strongly_connected_components(graph):
        for node in knot:
            after[node] = [one for one in after[node] if one not in knot]


def _dependents(after: list[list[int]], order: list[int], size: int) -> list[int]:
    """How many leaves wait for each node, directly or not.

    Sets are the bits of one integer a node, numbered within what is connected, and dropped
    as soon as all that they are part of are made.
    """
    group = _groups(after)
    used = [0] * len(after)
    unread = [0] * len(after)
    for ones in after:
        for one in ones:
            unread[one] += 1
    reach = [0] * len(after)  # a leaf is in its own
    found = [0] * len(after)
    for node in reversed(order):
        below = 0
        for one in after[node]:
            below |= reach[one]
            unread[one] -= 1
            if not unread[one]:
                reach[one] = 0
        found[node] = below.bit_count()
        if unread[node]:
            if node < size:
                below |= 1 << used[group[node]]
                used[group[node]] += 1
            reach[node] = below
    return found


def _groups(after: list[list[int]]) -> list[int]:
    """A number for each node, the same for those that are connected."""
    group = list(range(len(after)))

    def root(node: int) -> int:
        while group[node] != node:
            group[node] = node = group[group[node]]
        return node

    for node, ones in enumerate(after):
        for one in ones:
            mine, other = root(node), root(one)
            if mine != other:
                group[mine] = other
    return [root(node) for node in range(len(after))]
