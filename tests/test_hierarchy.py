"""The hierarchy: subtrees that move, parents that sum up, and parents that are closed."""

from __future__ import annotations

import pytest
from conftest import Repo

from jetpack_git.errors import BadInput
from jetpack_git.errors import Conflict
from jetpack_git.models.task import Task
from jetpack_git.work import dependencies
from jetpack_git.work import hierarchy
from jetpack_git.work.tasks import Tasks
from jetpack_git.work.why import reasons


def add(tasks: Tasks, title: str = "work", **values: object) -> str:
    """The id of a new task."""
    return tasks.add(Task(id="", title=title, **values)).id  # type: ignore[arg-type]


def finish(tasks: Tasks, task_id: str) -> None:
    """The task is completed."""
    tasks.claim(task_id, agent="ann")
    tasks.done(task_id, agent="ann")


def test_a_subtree_moves_with_all_that_it_waits_for(tasks: Tasks) -> None:
    """It waits for what its new parents wait for, and its old ones can be finished."""
    old, new, before = add(tasks, "old"), add(tasks, "new"), add(tasks, "before")
    group = add(tasks, "group", parent_id=old)
    leaf = add(tasks, "leaf", parent_id=group)
    other = add(tasks, "other", parent_id=old)
    add(tasks, "first", parent_id=new)
    dependencies.add(tasks.journal, new, before)
    finish(tasks, other)
    moved = hierarchy.move(tasks, group, new, agent="ann")
    assert (moved.parent_id, moved.position) == (new, 1)
    assert tasks.get(old).status == "completed"
    assert tasks.get(leaf).state == "blocked"
    assert hierarchy.move(tasks, group, None, agent="ann").parent_id is None
    assert tasks.get(leaf).state == "ready"
    assert tasks.db.all("tasks.wrong_counts") == []


def test_a_parent_that_loses_its_last_child_is_a_leaf(tasks: Tasks) -> None:
    """It can be claimed then."""
    parent = add(tasks)
    child = add(tasks, parent_id=parent)
    hierarchy.move(tasks, child, None, agent="ann")
    assert tasks.claim(parent, agent="ann").children == 0


def test_a_task_is_never_below_itself(tasks: Tasks) -> None:
    """The way down is shown."""
    top = add(tasks)
    middle = add(tasks, parent_id=top)
    leaf = add(tasks, parent_id=middle)
    with pytest.raises(BadInput, match=f"{leaf} < {middle} < {top}"):
        hierarchy.move(tasks, top, leaf, agent="ann")
    with pytest.raises(BadInput, match="which is below it"):
        hierarchy.move(tasks, top, top, agent="ann")
    assert tasks.get(top).parent_id is None


def test_a_move_that_would_be_a_cycle_is_refused_with_its_path(tasks: Tasks) -> None:
    """Through the parent that waits for its children, and through what children inherit."""
    epic, task = add(tasks, "epic"), add(tasks, "task")
    inside = add(tasks, "inside", parent_id=epic)
    dependencies.add(tasks.journal, task, epic)
    with pytest.raises(BadInput, match=f"{task} -> {epic}"):
        hierarchy.move(tasks, task, epic, agent="ann")
    other = add(tasks, "other")
    dependencies.add(tasks.journal, inside, other)
    dependencies.remove(tasks.journal, task, epic)
    needed = add(tasks, "needed")
    dependencies.add(tasks.journal, epic, needed)
    dependencies.add(tasks.journal, needed, task)
    with pytest.raises(BadInput, match="tasks would wait for each other"):
        hierarchy.move(tasks, task, epic, agent="ann")
    assert tasks.get(task).parent_id is None
    assert tasks.db.all("tasks.wrong_counts") == []


def test_a_child_may_wait_for_its_new_sibling(tasks: Tasks) -> None:
    """To be beside what one waits for is no cycle."""
    epic = add(tasks)
    sibling = add(tasks, parent_id=epic)
    task = add(tasks, depends=(sibling,))
    assert hierarchy.move(tasks, task, epic, agent="ann").parent_id == epic
    assert tasks.get(task).state == "blocked"


def test_a_parent_sums_up_its_leaves(tasks: Tasks) -> None:
    """At any depth: how many, how far, how long; cancelled ones count for nothing."""
    epic = add(tasks)
    group = add(tasks, parent_id=epic)
    one, two = (add(tasks, parent_id=group, estimate_s=600) for _ in "ab")
    three = add(tasks, parent_id=epic, estimate_s=1200)
    gone = add(tasks, parent_id=epic, estimate_s=7200)
    tasks.cancel(gone, agent="ann")
    finish(tasks, one)
    tasks.claim(two, agent="ann")
    tasks.progress(two, agent="ann", percent=50)
    found = tasks.rollups([tasks.get(epic), tasks.get(group), tasks.get(three)])
    assert list(found) == sorted([epic, group])
    whole = found[epic]
    assert (whole.leaves, whole.open, whole.completed, whole.estimate_s) == (4, 2, 1, 2400)
    assert (whole.percent, found[group].percent) == (50, 75)
    assert whole.state("pending") == "in_progress"
    tasks.fail(two, agent="ann", final=True)
    tasks.cancel(three, agent="ann")
    assert tasks.rollups([tasks.get(epic)])[epic].state("pending") == "failed"


def test_a_parent_with_open_children_is_closed_only_if_their_fate_is_told(tasks: Tasks) -> None:
    """Nothing changes before."""
    epic = add(tasks)
    one, two = (add(tasks, parent_id=epic) for _ in "ab")
    finish(tasks, one)
    with pytest.raises(BadInput, match="a parent of 1 open tasks"):
        hierarchy.close(tasks, epic, "done", children=None, agent="ann")
    assert tasks.get(two).state == "ready"
    closed = hierarchy.close(tasks, epic, "done", children="cancel", agent="ann")
    assert (closed.status, tasks.get(two).status) == ("completed", "cancelled")


def test_open_children_may_move_up(tasks: Tasks) -> None:
    """The parent keeps what is finished; without children it is closed as a leaf is."""
    top = add(tasks)
    epic = add(tasks, parent_id=top)
    one, two = (add(tasks, parent_id=epic) for _ in "ab")
    closed = hierarchy.close(tasks, epic, "cancel", children="move-up", agent="ann")
    assert closed.status == "cancelled"
    assert [one.id for one in tasks.children(top)] == [epic, one, two]
    assert tasks.get(top).status == "pending"
    late = add(tasks, parent_id=top)
    done = add(tasks, parent_id=late)
    left = add(tasks, parent_id=late)
    finish(tasks, done)
    assert hierarchy.close(tasks, late, "done", children="move-up", agent="ann").children == 1
    assert tasks.get(late).status == "completed"
    assert tasks.get(left).parent_id == top


def test_what_somebody_else_works_on_is_not_cancelled_with_its_parent(tasks: Tasks) -> None:
    """All or nothing."""
    epic = add(tasks)
    one, two = (add(tasks, parent_id=epic) for _ in "ab")
    tasks.claim(two, agent="bob")
    with pytest.raises(Conflict):
        hierarchy.close(tasks, epic, "cancel", children="cancel", agent="ann")
    assert (tasks.get(one).state, tasks.get(two).state) == ("ready", "claimed")


def test_moving_and_closing_on_the_command_line(repo: Repo) -> None:
    """The files of all that it touches are written."""
    epic, other = repo.add("Epic"), repo.add("Other")
    one = repo.add("One", "--parent", epic)
    assert repo.ok("edit", one, "--parent", other)["task"]["parent_id"] == other
    assert f"parent: {other}\n" in (repo.path / f".tasks/{one}.md").read_text()
    assert "status:" not in (repo.path / f".tasks/{other}.md").read_text()
    assert "status: pending\n" in (repo.path / f".tasks/{epic}.md").read_text()
    refused = repo.jetpack("done", other)
    assert (refused.code, "--children move-up" in refused.err) == (2, True)
    assert repo.ok("cancel", other, "--children", "cancel")["task"]["status"] == "cancelled"
    assert repo.jetpack("show", one, "--json").json["task"]["status"] == "cancelled"
    assert repo.jetpack("done", epic, "--children", "cancel").code == 2
    assert repo.ok("edit", one, "--parent", "")["task"]["parent_id"] is None


def test_links_are_told_and_hold_nothing_up(repo: Repo) -> None:
    """They stand in the task's file, and a clone that reads it knows them."""
    one, two = repo.add("One"), repo.add("Two")
    found = repo.add("Found", "--discovered-from", one)
    repo.ok("dep", "add", two, one, "--kind", "supersedes")
    repo.ok("dep", "add", two, found, "--kind", "related")
    assert repo.ok("ready")["total"] == 3
    text = (repo.path / f".tasks/{two}.md").read_text()
    assert f"related:\n  - {found}\nsupersedes:\n  - {one}\n" in text
    repo.ok("claim", one)
    assert f"{one}: {two} supersedes it" not in repo.jetpack("why", one).out
    repo.ok("cancel", one)
    assert f"{one}: {two} supersedes it" in repo.jetpack("why", one).out
    (repo.path / ".jetpack/jetpack.db").unlink()
    repo.jetpack("init")
    assert repo.ok("show", two)["task"]["links"] == [
        {"kind": "related", "id": found}, {"kind": "supersedes", "id": one},
    ]  # fmt: skip
    repo.ok("dep", "rm", two, one, "--kind", "supersedes")
    assert repo.jetpack("dep", "rm", two, one, "--kind", "supersedes").code == 1
    assert repo.jetpack("dep", "add", two, two, "--kind", "related").code == 2


def test_each_reason_is_a_line(tasks: Tasks) -> None:
    """What a task waits for on its own account, and what its parents wait for."""
    epic = add(tasks)
    one = add(tasks, parent_id=epic)
    held, failed = add(tasks), add(tasks)
    dependencies.add(tasks.journal, epic, held)
    dependencies.add(tasks.journal, one, failed)
    tasks.claim(held, agent="bob")
    tasks.claim(failed, agent="bob")
    tasks.fail(failed, agent="bob", final=True)
    said = {reason.text for reason in reasons(tasks.db, tasks.get(one))}
    assert said == {
        f"it waits for {held} (as {epic} does), which is claimed, held by bob",
        f"it waits for {failed}, which is failed for good",
    }
    assert [reason.kind for reason in reasons(tasks.db, tasks.get(epic))] == ["parent", "blocked"]
    assert [reason.kind for reason in reasons(tasks.db, tasks.get(held))] == ["held"]
    assert reasons(tasks.db, tasks.get(add(tasks))) == []


def test_a_failure_below_a_parent_is_seen_by_who_waits_for_it(repo: Repo) -> None:
    """In the listing and in the reason; a parent is shown as its children say."""
    parent = repo.add("Parent")
    child = repo.add("Child", "--parent", parent)
    waits = repo.add("Waits", "--depends", parent)
    repo.ok("claim", child)
    (why,) = repo.ok("why", waits)["why"]
    assert why["text"] == f"it waits for {parent}, which is in_progress"
    assert repo.ok("show", parent)["task"]["status"] == "in_progress"
    nodes = {one["id"]: one["status"] for one in repo.ok("graph")["nodes"]}
    assert nodes[parent] == "in_progress"
    for status in ("pending", "in_progress", "claimed"):
        found = repo.ok("list", "--status", status)["tasks"]
        assert parent not in [one["id"] for one in found]
    repo.ok("fail", child, "--final")
    (why,) = repo.ok("why", waits)["why"]
    assert why["text"].endswith(f"which is failed, because {child} failed for good")
    assert f"blocked: {child} failed" in repo.jetpack("list").out
    assert f"{child} failed for good" in repo.jetpack("ready", "--explain").out


def test_a_move_that_would_be_a_cycle_is_refused_with_the_whole_way(repo: Repo) -> None:
    """From a task back to itself."""
    one, two = repo.add("One"), repo.add("Two")
    repo.add("Part", "--parent", one)
    repo.ok("dep", "add", two, one)
    below = repo.add("Below", "--parent", two)
    for task, parent in ((one, below), (two, one)):
        said = repo.jetpack("edit", task, "--parent", parent).err
        way = said.split("wait for each other, ")[1].splitlines()[0].split(" -> ")
        assert len(way) > 1
        assert way[0] == way[-1] or {way[0], way[-1]} <= {task, parent, below}
