"""The graph that users see: what it says, and that titles forge nothing in any format."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from conftest import Repo

from jetpack_git.data.database import Database
from jetpack_git.models.task import Task
from jetpack_git.work import dependencies
from jetpack_git.work import graph
from jetpack_git.work.tasks import Tasks

NASTY = "x\"]\nend\n<script>alert('1')</script> --> \\ \x1b[31m; }"


def add(tasks: Tasks, title: str = "work", **values: object) -> str:
    """The id of a new task."""
    return tasks.add(Task(id="", title=title, **values)).id  # type: ignore[arg-type]


def test_it_says_what_finishing_a_task_would_unblock(db: Database, tasks: Tasks) -> None:
    """Also by way of parents that close with it; not what waits for something else as well."""
    epic = add(tasks, "epic")
    one, two = add(tasks, "one", parent_id=epic), add(tasks, "two", parent_id=epic)
    after = add(tasks, "after", depends=(epic,))
    both = add(tasks, "both", depends=(epic, one))
    group = add(tasks, "group")
    inside = add(tasks, "inside", parent_id=group)
    dependencies.add(tasks.journal, group, one)
    unblocks = graph.load(db, None).unblocks()
    assert unblocks == {one: 1, two: 0, after: 0, both: 0, inside: 0}
    tasks.cancel(two, agent="ann")
    assert sorted(graph.unblocked_by(db, one)) == sorted([inside, after, both])
    tasks.claim(one, agent="ann")
    before = {task.id for task in tasks.ready()[0]}
    foretold = set(graph.unblocked_by(db, one))
    tasks.done(one, agent="ann")
    assert {task.id for task in tasks.ready()[0]} - before == foretold


def test_the_critical_path_and_the_ends_of_the_graph(db: Database, tasks: Tasks) -> None:
    """The documented example."""
    a = add(tasks, "A", estimate_s=3600)
    b = add(tasks, "B", estimate_s=7200, depends=(a,))
    c = add(tasks, "C", estimate_s=3600, depends=(b,))
    d = add(tasks, "D", estimate_s=3600, depends=(a,))
    found = graph.load(db, None)
    assert (found.critical_path, found.critical_s) == ([a, b, c], 4 * 3600)
    assert (found.roots, found.leaves, found.cycles) == ([a], [c, d], [])
    by_id = {node.id: node for node in found.nodes}
    assert [(by_id[one].depth, by_id[one].dependents) for one in (a, b, c, d)] == [
        (0, 3), (1, 1), (2, 0), (1, 0),
    ]  # fmt: skip


def test_of_two_longest_chains_one_is_shown(db: Database, tasks: Tasks) -> None:
    """And it is a chain, also by way of a parent; all tasks on either are marked."""
    one, two = add(tasks, "one"), add(tasks, "two")
    epic = add(tasks, "epic")
    inside = add(tasks, "inside", parent_id=epic)
    after = add(tasks, "after", depends=(two,))
    dependencies.add(tasks.journal, epic, one)
    found = graph.load(db, None)
    assert found.critical_path == [one, inside]
    assert {node.id for node in found.nodes if node.critical} == {one, two, inside, after}


def test_a_cycle_from_files_is_shown(db: Database, tasks: Tasks) -> None:
    """It neither hides nor hangs."""
    one, two = add(tasks, "one"), add(tasks, "two")
    for task_id, other in ((one, two), (two, one)):
        db.run("dependencies.add", task_id=task_id, depends_on=other)
    assert graph.load(db, None).cycles == [sorted([one, two])]


@pytest.mark.parametrize("form", ["text", "mermaid", "dot", "svg"])
def test_a_title_forges_nothing(repo: Repo, form: str) -> None:
    """Whatever it holds, it stays within its label."""
    epic = repo.add(NASTY)
    one = repo.add(NASTY, "--parent", epic)
    repo.add("Plain", "--depends", one)
    told = repo.jetpack("graph", "--format", form)
    assert told.code == 0
    assert "\x1b" not in told.out
    if form == "svg":
        root = ElementTree.fromstring(told.out)  # noqa: S314 (it is our own)
        assert {node.tag.rpartition("}")[2] for node in root.iter()} == {
            "svg", "rect", "text", "line",
        }  # fmt: skip
    if form == "mermaid":
        assert told.out.count("-->") == 1
        assert told.out.splitlines().count("  end") == 1
    if form == "dot":
        labels = [line for line in told.out.splitlines() if "label=" in line]
        assert len(labels) == 3
        assert all(line.count('"') - line.count('\\"') == 6 for line in labels)


def test_the_graph_of_a_plan_and_of_a_subtree(repo: Repo) -> None:
    """Only what belongs to it; an unknown name is told."""
    repo.write("p.md", "# Epic\n- One\n- Two [depends: One]\n")
    repo.ok("load", "p.md")
    repo.add("Other")
    found = repo.ok("graph", "p")
    assert {node["title"] for node in found["nodes"]} == {"Epic", "One", "Two"}
    assert len(found["edges"]) == 1
    epic = next(node["id"] for node in found["nodes"] if node["title"] == "Epic")
    assert repo.jetpack("graph", epic, "--format", "json").json["nodes"] == found["nodes"]
    assert len(repo.ok("graph")["nodes"]) == 4
    assert repo.jetpack("graph", "nothing").code == 2
