"""What the graph says of tasks: exactly the formula, however it has changed, cycles included."""

from __future__ import annotations

import random
from functools import cache

import pytest
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from jetpack_git.data.database import Database
from jetpack_git.errors import JetpackError
from jetpack_git.models.task import Task
from jetpack_git.work import claims
from jetpack_git.work import dependencies
from jetpack_git.work import hierarchy
from jetpack_git.work import metrics
from jetpack_git.work.tasks import Tasks

HOUR = 3600


def brute_force(
    estimates: dict[str, int], parents: dict[str, str | None], edges: list[tuple[str, str]]
) -> dict[str, float]:
    """The documented formula, leaf by leaf, with every path looked at."""

    def leaves(task: str) -> list[str]:
        if task in estimates:
            return [task]
        below = [one for one, parent in parents.items() if parent == task]
        return [leaf for one in below for leaf in leaves(one)]

    before: dict[str, set[str]] = {leaf: set() for leaf in estimates}
    after: dict[str, set[str]] = {leaf: set() for leaf in estimates}
    for task, other in edges:
        for late in leaves(task):
            for early in leaves(other):
                before[late].add(early)
                after[early].add(late)

    @cache
    def depth(leaf: str) -> int:
        return max((depth(one) + 1 for one in before[leaf]), default=0)

    @cache
    def upstream(leaf: str) -> int:
        return estimates[leaf] + max((upstream(one) for one in before[leaf]), default=0)

    @cache
    def downstream(leaf: str) -> int:
        return estimates[leaf] + max((downstream(one) for one in after[leaf]), default=0)

    @cache
    def dependents(leaf: str) -> frozenset[str]:
        return frozenset(after[leaf]).union(*(dependents(one) for one in after[leaf]))

    longest = max(map(upstream, estimates), default=0)
    deepest = max(map(depth, estimates), default=0) or 1
    return {
        leaf: 100.0 * (upstream(leaf) + downstream(leaf) - estimates[leaf] == longest)
        + 10.0 * len(dependents(leaf))
        + 20.0 * (1 - depth(leaf) / deepest)
        for leaf in estimates
    }


@st.composite
def projects(
    draw: st.DrawFn,
) -> tuple[dict[str, int], dict[str, str | None], list[tuple[str, str]]]:
    """Tasks in a tree, each with dependencies on what stands before it in the tree."""
    size = draw(st.integers(0, 14))
    parents: dict[str, str | None] = {}
    for number in range(size):
        at = draw(st.integers(-1, number - 1))
        parents[str(number)] = None if at < 0 else str(at)
    above = {one: _line(one, parents) for one in parents}
    order = sorted(parents, key=lambda one: [int(step) for step in reversed(above[one])])
    edges = []
    for _ in range(draw(st.integers(0, 2 * size))):
        one, other = draw(st.sampled_from(order)), draw(st.sampled_from(order))
        late, early = (one, other) if order.index(one) > order.index(other) else (other, one)
        if early not in above[late] and late not in above[early]:
            edges.append((late, early))
    inner = {parent for parent in parents.values() if parent}
    estimates = {one: draw(st.integers(1, 5)) * HOUR for one in parents if one not in inner}
    return estimates, parents, edges


def _line(task: str, parents: dict[str, str | None]) -> list[str]:
    """The task and its ancestors."""
    parent = parents[task]
    return [task, *(_line(parent, parents) if parent else [])]


def of_formula(measures: dict[str, metrics.Measures]) -> dict[str, float]:
    """The scores that follow from the measures."""
    longest = max((one.path_s for one in measures.values()), default=0)
    deepest = max((one.depth for one in measures.values()), default=0) or 1
    return {
        leaf: 100.0 * (one.path_s == longest)
        + 10.0 * one.dependents
        + 20.0 * (1 - one.depth / deepest)
        for leaf, one in measures.items()
    }


@settings(max_examples=300, deadline=None)
@given(projects())
def test_scores_equal_the_formula(
    project: tuple[dict[str, int], dict[str, str | None], list[tuple[str, str]]],
) -> None:
    """Dependencies of and on parents included."""
    estimates, parents, edges = project
    found = of_formula(metrics.measure(estimates, parents, edges))
    assert found == pytest.approx(brute_force(estimates, parents, edges))


def add(tasks: Tasks, title: str, **values: object) -> str:
    """The id of a new task."""
    return tasks.add(Task(id="", title=title, **values)).id  # type: ignore[arg-type]


def scores(tasks: Tasks) -> dict[str, float]:
    """The kept score of each claimable task, by title."""
    return {one.title: one.graph_score for one in tasks.ready()[0]}


def test_scores_follow_the_graph(db: Database, tasks: Tasks) -> None:
    """Adding, depending and estimating change them; a claim does not."""
    one = add(tasks, "one")
    assert metrics.refresh(db)
    assert scores(tasks) == {"one": 120.0}
    two = add(tasks, "two")
    dependencies.add(tasks.journal, two, one)
    assert metrics.refresh(db)
    assert scores(tasks) == {"one": 130.0}
    tasks.claim(one, agent="ann")
    tasks.edit(one, {"title": "uno"})
    assert db.one("graph.any_dirty") is None
    tasks.done(one, agent="ann")
    assert scores(tasks) == {"two": 100.0}
    three = add(tasks, "three")
    tasks.edit(three, {"estimate_s": 100 * HOUR})
    assert metrics.refresh(db)
    assert scores(tasks) == {"two": 0.0, "three": 120.0}
    dependencies.remove(tasks.journal, two, one)
    assert metrics.refresh(db)
    assert scores(tasks) == {"two": 20.0, "three": 120.0}


def test_a_task_without_an_estimate_counts_as_half_an_hour(db: Database, tasks: Tasks) -> None:
    """So it shares the critical path with one of 30 minutes."""
    add(tasks, "half", estimate_s=1800)
    add(tasks, "none")
    add(tasks, "less", estimate_s=1799)
    metrics.refresh(db)
    assert scores(tasks) == {"half": 120.0, "none": 120.0, "less": 20.0}


def test_a_cycle_that_came_in_through_files_stops_no_claim(db: Database, tasks: Tasks) -> None:
    """The tasks on it stay blocked; all others are scored and claimed."""
    one, two, three = (add(tasks, title) for title in ("one", "two", "three"))
    first = add(tasks, "first")
    add(tasks, "second", depends=(first,))
    for task_id, other in ((one, two), (two, three), (three, one)):
        db.run("dependencies.add", task_id=task_id, depends_on=other)
    db.run("tasks.refresh_blockers", ids=f'["{one}","{two}","{three}"]')
    taken = claims.claim_next(tasks, agent="ann", strategy="graph-prioritized")
    assert taken is not None
    assert taken.id == first
    assert taken.graph_score == 130.0
    assert [tasks.get(task_id).state for task_id in (one, two, three)] == ["blocked"] * 3
    assert claims.claim_next(tasks, agent="ann", strategy="graph-prioritized") is None


def test_parents_in_a_loop_stop_no_claim(db: Database, tasks: Tasks) -> None:
    """They came in through files, and have no leaf."""
    leaf = add(tasks, "leaf")
    one, two = add(tasks, "one"), add(tasks, "two")
    for task_id, parent in ((one, two), (two, one)):
        row = tasks.get(task_id)
        assert row.parent_id is None
        db.backend.rows(
            "UPDATE tasks SET parent_id = :parent, children = 1 WHERE id = :id",
            {"parent": parent, "id": task_id},
        )
    db.run("graph.changed", ids=f'["{one}","{leaf}"]')
    taken = claims.claim_next(tasks, agent="ann", strategy="graph-prioritized")
    assert taken is not None
    assert taken.id == leaf


def test_five_thousand_tasks_are_scored() -> None:
    """All of them wait for the first, on which every longest chain begins."""
    dice = random.Random(7)
    estimates = {str(number): HOUR for number in range(5000)}
    edges = [(str(n), str(dice.randrange(max(0, n - 50), n))) for n in range(1, 5000)]
    found = metrics.measure(estimates, dict.fromkeys(estimates), edges)
    assert (found["0"].depth, found["0"].dependents) == (0, 4999)
    assert found["0"].path_s == max(one.path_s for one in found.values())


def whole(db: Database) -> dict[str, metrics.Measures]:
    """All measures, made from all that there is."""
    return metrics.measure(*metrics.shape(db.all("graph.nodes")))


def step(tasks: Tasks, dice: random.Random) -> None:
    """Something random happens to the graph, or is refused."""
    known = [one.id for one in tasks.list()[0]]
    one, other = (dice.choice(known), dice.choice(known)) if known else ("", "")
    kind = dice.choice(
        ["add", "add", "child", "dep", "dep", "dep", "rm", "move", "out", "estimate"]
    )
    if kind == "add" or not known:
        add(tasks, "root")
        return
    try:
        if kind == "child":
            add(tasks, "child", parent_id=one)
        elif kind == "dep":
            dependencies.add(tasks.journal, one, other)
        elif kind == "rm":
            edges = tasks.db.all("dependencies.all")
            edge = dice.choice(edges) if edges else {"task_id": one, "depends_on": other}
            dependencies.remove(tasks.journal, str(edge["task_id"]), str(edge["depends_on"]))
        elif kind == "estimate":
            tasks.edit(one, {"estimate_s": dice.randrange(1, 5) * HOUR})
        else:
            hierarchy.move(tasks, one, other if kind == "move" else None, agent="ann")
    except JetpackError:
        pass


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 2**32), steps=st.integers(1, 40))
def test_what_is_kept_equals_a_whole_measurement(
    db: Database, tasks: Tasks, seed: int, steps: int
) -> None:
    """After any changes, though only what is connected with them is measured."""
    for table in ("tasks", "dependencies", "events", "graph_dirty"):
        db.backend.script(f"DELETE FROM {table}")  # noqa: S608
    db.run("graph.set_totals", longest_s=0, deepest=0)
    dice = random.Random(seed)
    for _ in range(steps):
        step(tasks, dice)
        if dice.random() < 0.7:
            assert metrics.refresh(db, at_most=1000)
    metrics.refresh(db)
    rows = {one["id"]: one for one in db.backend.rows("SELECT * FROM tasks", {})}
    wanted = whole(db)
    assert {
        leaf: (rows[leaf]["depth"], rows[leaf]["dependents"], rows[leaf]["path_s"])
        for leaf in wanted
    } == wanted
    right = of_formula(wanted)
    ready = {one.id: one.graph_score for one in tasks.ready()[0]}
    assert ready == pytest.approx({leaf: right[leaf] for leaf in ready})


def test_a_large_change_waits_for_whoever_needs_it(db: Database, tasks: Tasks) -> None:
    """Until then the task waits to be measured; a claim by score measures it first."""
    first = add(tasks, "first")
    for number in range(12):
        add(tasks, str(number), depends=(first,))
    assert not metrics.refresh(db, at_most=10)
    taken = claims.claim_next(tasks, agent="ann", strategy="graph-prioritized")
    assert taken is not None
    assert taken.graph_score == 100 + 10 * 12 + 20
    assert metrics.refresh(db, at_most=1)


def test_what_is_cancelled_is_no_part_of_the_graph(tasks: Tasks) -> None:
    """It takes no time and waits for nobody."""
    a = add(tasks, "A", estimate_s=3600)
    b = add(tasks, "B", depends=(a,), estimate_s=7200)
    x = add(tasks, "X", estimate_s=360_000)
    y = add(tasks, "Y", depends=(a, x), estimate_s=360_000)
    metrics.refresh(tasks.db)
    assert tasks.get(a).graph_score < tasks.get(x).graph_score
    for one in (y, x):
        tasks.cancel(one, agent="bob")
    metrics.refresh(tasks.db)
    assert (tasks.get(a).graph_score, tasks.get(x).graph_score) == (130, 20)
    assert tasks.get(b).graph_score == 100
    assert set(whole(tasks.db)) == {a, b}
