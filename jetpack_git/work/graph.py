"""The graph of tasks: what each is worth to the rest.

Scores are kept with the tasks and computed anew when the graph has changed, so that a
claim reads them and loads no graph library.

    score = 100 on the critical path + 10 * transitive dependents + 20 * (1 - depth / max depth)

Nodes are the tasks that have no children. An edge runs to the task that waits: a dependency
on a parent stands for all the tasks below it, and a parent's own holds for all below it.
Depth is the longest chain of dependencies before a task; the critical path is the longest
chain by estimate, where a task without one counts as `DEFAULT_ESTIMATE_S`. Edges within a
cycle, which can only come in through files, are left out: no task on it can become ready.
"""

from __future__ import annotations

from typing import Any

from jetpack_git.data.database import Database

DEFAULT_ESTIMATE_S = 1800
CRITICAL = 100.0
PER_DEPENDENT = 10.0
EARLY = 20.0


def refresh(db: Database) -> bool:
    """The scores fit the graph; whether they had to be computed."""
    row = db.one("meta.get", name="graph")
    if row is not None and row["value"] == "fresh":
        return False
    with db.transaction():
        nodes = db.all("graph.nodes")
        edges = [
            (str(row["task_id"]), str(row["depends_on"])) for row in db.all("dependencies.all")
        ]
        parents = {str(row["id"]): row["parent_id"] for row in nodes}
        estimates = {
            str(row["id"]): int(str(row["estimate_s"] or DEFAULT_ESTIMATE_S))
            for row in nodes
            if not row["children"]
        }
        found = scores(estimates, parents, edges)
        db.many("graph.set_score", [{"id": key, "score": value} for key, value in found.items()])
        db.run("meta.set", name="graph", value="fresh")
    return True


def scores(
    estimates: dict[str, int],
    parents: dict[str, object],
    edges: list[tuple[str, str]],
) -> dict[str, float]:
    """The score of each leaf.

    `estimates` gives the leaves with their seconds, `parents` the parent of every task,
    `edges` the pairs (task, what it depends on).
    """
    graph = _graph(estimates, parents, edges)
    import networkx as nx

    order = list(nx.topological_sort(graph))
    depth: dict[object, int] = {}
    early: dict[object, int] = {}
    for node in order:
        before = list(graph.predecessors(node))
        step = 1 if node in estimates else 0
        depth[node] = max((depth[one] for one in before), default=-1) + step
        early[node] = max((early[one] for one in before), default=0) + estimates.get(str(node), 0)
    late: dict[object, int] = {}
    for node in reversed(order):
        after = list(graph.successors(node))
        late[node] = max((late[one] for one in after), default=0) + estimates.get(str(node), 0)
    longest = max(early.values(), default=0)
    deepest = max(depth.values(), default=0) or 1
    dependents = _dependents(graph, order, estimates)
    return {
        leaf: (CRITICAL if early[leaf] + late[leaf] - estimates[leaf] == longest else 0.0)
        + PER_DEPENDENT * dependents[leaf]
        + EARLY * (1 - max(depth[leaf], 0) / deepest)
        for leaf in estimates
    }


def _graph(
    estimates: dict[str, int], parents: dict[str, object], edges: list[tuple[str, str]]
) -> Any:
    """The graph in which a parent is two nodes: its start before its children, its end after."""
    import networkx as nx

    graph: Any = nx.DiGraph()
    graph.add_nodes_from(estimates)

    def start(task: str) -> object:
        return task if task in estimates else ("start", task)

    def end(task: str) -> object:
        return task if task in estimates else ("end", task)

    for task, parent in parents.items():
        if parent is not None:
            graph.add_edge(("start", parent), start(task))
            graph.add_edge(end(task), ("end", parent))
    for task, depends_on in edges:
        if task in parents and depends_on in parents:
            graph.add_edge(end(depends_on), start(task))
    if not nx.is_directed_acyclic_graph(graph):
        for knot in list(nx.strongly_connected_components(graph)):
            graph.remove_edges_from(list(graph.subgraph(knot).edges))
    return graph


def _dependents(graph: Any, order: list[object], estimates: dict[str, int]) -> dict[str, int]:
    """How many leaves wait for each leaf, directly or not.

    Sets are the bits of one integer a node, counted within its connected component.
    """
    import networkx as nx

    counts: dict[str, int] = {}
    place = {node: index for index, node in enumerate(order)}
    for component in nx.weakly_connected_components(graph):
        below: dict[object, int] = {}
        for bit, node in enumerate(sorted(component, key=place.__getitem__, reverse=True)):
            reach = 0
            for after in graph.successors(node):
                reach |= below[after]
            if node in estimates:
                counts[node] = reach.bit_count()
                reach |= 1 << bit
            below[node] = reach
    return counts
