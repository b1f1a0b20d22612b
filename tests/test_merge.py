"""Three versions of one task become one: the rule alone."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import assume
from hypothesis import given
from hypothesis import strategies as st

from jetpack_git.mirror import keep
from jetpack_git.mirror.merge import UNFINISHED
from jetpack_git.mirror.merge import three_way
from jetpack_git.models.conflict import Clash
from jetpack_git.models.task import STORED
from jetpack_git.models.task import Status
from jetpack_git.models.task import Task

FEW = st.lists(st.sampled_from(["a", "b", "c", "d"]), unique=True, max_size=4)
SORTED = FEW.map(sorted).map(tuple)
MAYBE = st.sampled_from([None, "a", "b", "cc"])
NUMBERS = st.sampled_from([None, 1, 2, 60])
TASKS = st.builds(
    Task,
    id=st.just("jp-1"),
    title=st.sampled_from(["a", "b", "cc"]),
    description=st.sampled_from(["", "a\nb", "c", "a\nc\nb", "a\nb\n\nd", "b\na"]),
    status=st.sampled_from([*STORED, "from-later"]),
    priority=st.integers(0, 4),
    parent_id=MAYBE,
    position=st.integers(0, 2),
    plan_id=MAYBE,
    plan_key=MAYBE,
    skills=SORTED,
    files=FEW.map(tuple),
    depends=SORTED,
    links=st.lists(
        st.tuples(st.sampled_from(["related", "supersedes"]), st.sampled_from("ab")), unique=True
    ).map(lambda found: tuple(sorted(found))),
    estimate_s=NUMBERS,
    assignee=MAYBE,
    branch=MAYBE,
    summary=MAYBE,
    created_at=st.sampled_from(["", "2026-01-01", "2026-01-02"]),
    completed_at=MAYBE,
    max_attempts=NUMBERS,
    results=FEW.map(tuple),
    labels=SORTED,
    aliases=SORTED,
    extra=st.dictionaries(st.sampled_from(["x", "y"]), st.sampled_from(["x: 1", "x: 22"])),
)
BASES = st.none() | TASKS


def merged(base: Task | None, ours: Task, theirs: Task) -> Task:
    """The merged task."""
    return three_way(base, ours, theirs)[0]


@given(BASES, TASKS, TASKS)
def test_it_is_the_same_from_both_sides(base: Task | None, one: Task, other: Task) -> None:
    """So clones that merge each other's work agree, on what clashed as well."""
    left, lost = three_way(base, one, other)
    right, gained = three_way(base, other, one)
    assert left == right
    assert lost == [Clash(c.field, c.theirs, c.ours, c.chosen) for c in gained]


@given(BASES, TASKS, TASKS, TASKS)
def test_the_order_of_merging_does_not_matter(
    base: Task | None, one: Task, two: Task, three: Task
) -> None:
    """However many versions come from one base."""
    assert merged(base, merged(base, one, two), three) == merged(
        base, one, merged(base, two, three)
    )


@given(BASES, TASKS)
def test_merging_again_changes_nothing(base: Task | None, one: Task) -> None:
    """Nor does merging what has not changed."""
    assert three_way(base, one, one) == (one, [])


@given(TASKS, TASKS)
def test_one_side_that_changed_alone_holds(base: Task, one: Task) -> None:
    """In every field, and nothing clashes. Lists that are only in another order count as equal."""
    assume(base.status != Status.COMPLETED or one.status not in UNFINISHED)
    wanted = replace(
        one,
        files=one.files if set(one.files) != set(base.files) else base.files,
        results=one.results if set(one.results) != set(base.results) else base.results,
        created_at=min([x for x in (base.created_at, one.created_at) if x], default=""),
    )
    found, lost = three_way(base, base, one)
    assert (replace(found, files=wanted.files, results=wanted.results), lost) == (wanted, [])
    assert set(found.files) == set(one.files)


@given(TASKS, TASKS, TASKS)
def test_nothing_is_lost_silently(base: Task, one: Task, other: Task) -> None:
    """A value that one side gave, and that is not there now, is in a clash."""
    found, lost = three_way(base, one, other)
    for name in ("title", "priority", "plan_key"):
        for side in (one, other):
            value = getattr(side, name)
            if value not in (getattr(base, name), getattr(found, name)):
                assert any(value in (clash.ours, clash.theirs) for clash in lost), name


RANKS = [
    (Status.COMPLETED, Status.CANCELLED), (Status.CANCELLED, Status.FAILED),
    (Status.FAILED, Status.IN_PROGRESS), (Status.IN_PROGRESS, Status.CLAIMED),
    (Status.CLAIMED, Status.PENDING_RETRY), (Status.PENDING_RETRY, "from-later"),
]  # fmt: skip


@pytest.mark.parametrize(("later", "earlier"), RANKS)
def test_the_later_state_holds(later: str, earlier: str) -> None:
    """With all that belongs to it."""
    base = Task("jp-1", "T", status="pending")
    one = replace(base, status=later, assignee="maya", summary="Mine")
    two = replace(base, status=earlier, assignee="noor", summary="A longer one")
    found, lost = three_way(base, one, two)
    assert (found.status, found.assignee, found.summary) == (later, "maya", "Mine")
    assert {clash.field for clash in lost} == {"status", "assignee", "summary"}


def test_work_of_one_agent_that_went_on_is_no_clash() -> None:
    """It is claimed here, and finished there."""
    base = Task("jp-1", "T", status="pending")
    here = replace(base, status="claimed", assignee="maya")
    there = replace(base, status="completed", assignee="maya", summary="Done")
    assert three_way(base, here, there) == (there, [])


def test_reopening_holds_where_nobody_else_did_anything() -> None:
    """What was finished in the base may be open again on one side."""
    base = Task("jp-1", "T", status="completed", completed_at="2026-01-01")
    again = replace(base, status="pending_retry", completed_at=None)
    assert three_way(base, base, again) == (again, [])
    other = replace(base, title="Another title")
    assert three_way(base, other, again)[0].status == "pending_retry"


@pytest.mark.parametrize("status", UNFINISHED)
def test_a_finished_task_is_not_set_back_by_a_merge(status: Status) -> None:
    """As a revert would: whoever reopens a task says so otherwise."""
    base = Task("jp-1", "T", status="completed", assignee="maya", completed_at="2026-01-01")
    back = replace(base, status=status, assignee=None, completed_at=None)
    other = replace(base, title="Another title")
    for one, two in ((other, back), (back, other)):
        found, lost = three_way(base, one, two)
        assert (found, lost[0].field) == (other, "status")


def test_lists_merge_as_sets_and_values_by_weight() -> None:
    """What either took out is gone, what either put in is there."""
    base = Task("jp-1", "T", labels=("a", "b"), files=("z", "y"), priority=2, estimate_s=None)
    one = replace(base, labels=("b", "c"), files=("z", "y", "x"), priority=1, title="Tea")
    two = replace(base, labels=("a", "d"), files=("y",), priority=0, title="Tu", estimate_s=60)
    found, lost = three_way(base, one, two)
    assert (found.labels, found.files) == (("c", "d"), ("y", "x"))
    assert (found.priority, found.title, found.estimate_s) == (0, "Tea", 60)
    assert lost == [Clash("title", "Tea", "Tu", "Tea"), Clash("priority", 1, 0, 0)]


@pytest.mark.parametrize("late", ["from-later", Status.FAILED, Status.CANCELLED])
def test_what_was_set_back_gives_way_to_whatever_else_became_of_it(late: str) -> None:
    """In whatever order the three are merged."""
    base = Task("jp-1", "T", status=Status.COMPLETED)
    back, other = replace(base, status=Status.PENDING), replace(base, status=late)
    found = {
        merged(base, merged(base, one, two), three).status
        for one, two, three in permutations((base, back, other))
    }
    assert found == {late}


@given(TASKS, TASKS)
def test_other_tasks_follow_from_few_fields(ours: Task, theirs: Task) -> None:
    """Whether a task is over, where it stands, what it waits for, and how long it takes."""
    fields = ("status", "parent_id", "depends", "estimate_s")
    same = replace(theirs, **{name: getattr(ours, name) for name in fields})  # type: ignore[arg-type]
    assert not keep.is_moved(ours, same)
    assert keep.is_moved(None, theirs)
    for name in fields:
        value = getattr(theirs, name)
        assert keep.is_moved(ours, replace(ours, **{name: value})) == (value != getattr(ours, name))
