"""The graph: scores are what the formula says, on any tasks, and cycles break nothing."""

from __future__ import annotations

import random
from functools import cache

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from jetpack_git.data.database import Database
from jetpack_git.models.task import Task
from jetpack_git.work import claims
from jetpack_git.work import dependencies
from jetpack_git.work import graph
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


@settings(max_examples=300, deadline=None)
@given(projects())
def test_scores_equal_the_formula(
    project: tuple[dict[str, int], dict[str, str | None], list[tuple[str, str]]],
) -> None:
    """Dependencies of and on parents included."""
    estimates, parents, edges = project
    found = graph.scores(estimates, dict(parents), edges)
    assert found == pytest.approx(brute_force(estimates, parents, edges))


def add(tasks: Tasks, title: str, **values: object) -> str:
    """The id of a new task."""
    return tasks.add(Task(id="", title=title, **values)).id  # type: ignore[arg-type]


def scores(tasks: Tasks) -> dict[str, float]:
    """The kept score of each leaf, by title."""
    return {one.title: one.graph_score for one in tasks.list()[0] if not one.children}


def test_scores_are_kept_until_the_graph_changes(db: Database, tasks: Tasks) -> None:
    """Adding, depending and estimating make them stale; a claim does not."""
    one = add(tasks, "one")
    assert graph.refresh(db)
    assert scores(tasks) == {"one": 120.0}
    assert not graph.refresh(db)
    two = add(tasks, "two")
    dependencies.add(tasks.journal, two, one)
    assert graph.refresh(db)
    assert scores(tasks) == {"one": 130.0, "two": 100.0}
    tasks.claim(one, agent="ann")
    tasks.edit(one, {"title": "uno"})
    assert not graph.refresh(db)
    three = add(tasks, "three")
    tasks.edit(three, {"estimate_s": 100 * HOUR})
    assert graph.refresh(db)
    assert scores(tasks) == {"uno": 30.0, "two": 0.0, "three": 120.0}
    dependencies.remove(tasks.journal, two, one)
    assert graph.refresh(db)
    assert scores(tasks) == {"uno": 20.0, "two": 20.0, "three": 120.0}


def test_a_task_without_an_estimate_counts_as_half_an_hour(db: Database, tasks: Tasks) -> None:
    """So it shares the critical path with one of 30 minutes."""
    add(tasks, "half", estimate_s=1800)
    add(tasks, "none")
    add(tasks, "less", estimate_s=1799)
    graph.refresh(db)
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
    assert scores(tasks)["first"] == 130.0
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
    db.run("meta.set", name="graph", value="stale")
    taken = claims.claim_next(tasks, agent="ann", strategy="graph-prioritized")
    assert taken is not None
    assert taken.id == leaf


def test_five_thousand_tasks_are_scored() -> None:
    """All of them wait for the first, on which every longest chain begins."""
    dice = random.Random(7)
    estimates = {str(number): HOUR for number in range(5000)}
    edges = [(str(n), str(dice.randrange(max(0, n - 50), n))) for n in range(1, 5000)]
    found = graph.scores(estimates, dict.fromkeys(estimates), edges)
    assert found["0"] == 100 + 10 * 4999 + 20
