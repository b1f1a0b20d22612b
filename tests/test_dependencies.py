"""Dependencies: what is ready, what is blocked, and that nothing waits for itself."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

import pytest
from conftest import Repo
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from jetpack_git.data.database import Database
from jetpack_git.errors import BadInput
from jetpack_git.errors import JetpackError
from jetpack_git.errors import Negative
from jetpack_git.models.task import Task
from jetpack_git.work import dependencies
from jetpack_git.work.tasks import Tasks

FINISHED = ("completed", "cancelled")


def add(tasks: Tasks, title: str = "work", **values: object) -> str:
    """The id of a new task."""
    return tasks.add(Task(id="", title=title, **values)).id  # type: ignore[arg-type]


def depend(tasks: Tasks, task_id: str, depends_on: str) -> None:
    """The task waits for the other one."""
    dependencies.add(tasks.journal, task_id, depends_on)


def finish(tasks: Tasks, *task_ids: str) -> None:
    """The leaves are completed."""
    for task_id in task_ids:
        tasks.claim(task_id, agent="ann")
        tasks.done(task_id, agent="ann")


def states(tasks: Tasks, *task_ids: str) -> list[str]:
    """What a user sees of each."""
    return [str(tasks.get(one).state) for one in task_ids]


def test_a_task_is_blocked_until_all_that_it_waits_for_is_finished(tasks: Tasks) -> None:
    """Failing does not finish; cancelling does."""
    one, two = add(tasks), add(tasks)
    waiting = add(tasks, depends=(one, two))
    assert (tasks.get(waiting).state, tasks.get(waiting).blockers) == ("blocked", 2)
    finish(tasks, one)
    tasks.claim(two, agent="ann")
    tasks.fail(two, agent="ann", final=True)
    assert (tasks.get(waiting).state, tasks.get(waiting).blockers) == ("blocked", 1)
    tasks.cancel(two, agent="ann")
    assert (tasks.get(waiting).state, tasks.get(waiting).blockers) == ("ready", 0)


def test_to_wait_for_a_parent_is_to_wait_for_all_below_it(tasks: Tasks) -> None:
    """It opens when the last leaf is done."""
    epic = add(tasks)
    group = add(tasks, parent_id=epic)
    one, two = add(tasks, parent_id=group), add(tasks, parent_id=epic)
    waiting = add(tasks, depends=(epic,))
    finish(tasks, one)
    assert states(tasks, group, epic, waiting) == ["completed", "pending", "blocked"]
    finish(tasks, two)
    assert states(tasks, epic, waiting) == ["completed", "ready"]


def test_what_a_parent_waits_for_all_below_it_wait_for(tasks: Tasks) -> None:
    """Tasks that are added later too; the same blocker counts once."""
    before, epic = add(tasks), add(tasks)
    group = add(tasks, parent_id=epic)
    early = add(tasks, parent_id=group, depends=(before,))
    depend(tasks, epic, before)
    late = add(tasks, parent_id=group)
    assert [(one.state, one.blockers) for one in map(tasks.get, (early, late))] == [
        ("blocked", 1), ("blocked", 1),
    ]  # fmt: skip
    finish(tasks, before)
    assert states(tasks, early, late) == ["ready", "ready"]


def test_a_claimed_task_stays_claimed_when_it_gets_a_dependency(tasks: Tasks) -> None:
    """It is blocked only when it is given back."""
    before, task_id = add(tasks), add(tasks)
    tasks.claim(task_id, agent="ann")
    depend(tasks, task_id, before)
    assert tasks.get(task_id).state == "claimed"
    tasks.release(task_id, agent="ann")
    assert tasks.get(task_id).state == "blocked"
    dependencies.remove(tasks.journal, task_id, before)
    assert tasks.get(task_id).state == "ready"
    with pytest.raises(Negative, match=f"^{task_id} does not depend on {before}$"):
        dependencies.remove(tasks.journal, task_id, before)


def test_a_dependency_is_there_once(tasks: Tasks) -> None:
    """To add it again changes nothing."""
    before, task_id = add(tasks), add(tasks)
    depend(tasks, task_id, before)
    depend(tasks, task_id, before)
    assert (tasks.get(task_id).depends, tasks.get(task_id).blockers) == ((before,), 1)


def family(tasks: Tasks) -> dict[str, str]:
    """A is the parent of AA, which is the parent of AAA; B of BB; C stands alone."""
    found: dict[str, str] = {}
    for name, parent in (("A", ""), ("AA", "A"), ("AAA", "AA"), ("B", ""), ("BB", "B"), ("C", "")):
        found[name] = add(tasks, name, parent_id=found.get(parent))
    return found


@pytest.mark.parametrize(
    ("there", "wanted", "path"),
    [
        ([], "C C", "C C"),
        ([], "AAA A", "AAA A AA AAA"),
        ([], "A AAA", "A AAA A"),
        ([], "AA A", "AA A AA"),
        (["C B"], "B C", "B C B"),
        (["C B"], "BB C", "BB C B BB"),
        (["A B"], "B A", "B A B"),
        (["AAA B"], "BB AA", "BB AA AAA B BB"),
        (["A C"], "C AAA", "C AAA C"),
        (["AAA C", "C BB"], "B A", "B A AA AAA C BB B"),
    ],
)
def test_a_cycle_is_refused_with_its_path(
    tasks: Tasks, there: list[str], wanted: str, path: str
) -> None:
    """The hierarchy counts: parents wait for their children, which wait for what they do."""
    ids = family(tasks)
    for one in there:
        depend(tasks, *(ids[name] for name in one.split()))
    task_id, other = (ids[name] for name in wanted.split())
    with pytest.raises(BadInput) as found:
        depend(tasks, task_id, other)
    assert found.value.message == (
        f"{task_id} cannot depend on {other}: that would be a cycle, "
        + " -> ".join(ids[name] for name in path.split())
    )
    assert other not in tasks.get(task_id).depends


def test_a_task_that_would_be_born_into_a_cycle_is_not_added(tasks: Tasks) -> None:
    """Nothing of it remains."""
    parent = add(tasks)
    waiting = add(tasks, depends=(parent,))
    with pytest.raises(BadInput, match="that would be a cycle"):
        add(tasks, "child", parent_id=parent, depends=(waiting,))
    assert (tasks.list()[1], tasks.get(parent).children) == (2, 0)


def test_dep_on_the_command_line(repo: Repo) -> None:
    """Adding and removing say what holds now; what cannot be has its exit code."""
    one, two = repo.add("One"), repo.add("Two")
    assert repo.jetpack("dep", "add", two, one).out == f"{two} waits for {one}\n"
    assert repo.ok("show", two)["task"]["depends"] == [one]
    cycle = repo.jetpack("dep", "add", one, two)
    assert (cycle.code, cycle.err) == (
        2,
        f"error: {one} cannot depend on {two}: that would be a cycle, {one} -> {two} -> {one}\n"
        "hint: An arrow reads 'waits for'. Remove one of these dependencies first.\n",
    )
    assert repo.jetpack("dep", "rm", two, one).out == f"{two} waits for {one} no more\n"
    gone = repo.jetpack("dep", "rm", two, one, "--json")
    assert (gone.code, gone.json) == (
        1,
        {
            "schema": 1,
            "error": {
                "code": 1,
                "name": "negative",
                "message": f"{two} does not depend on {one}",
                "hint": "",
            },
        },
    )
    assert repo.ok("dep", "add", two, one)["task"]["blockers"] == 1


class Model:
    """The task list as anybody would write it who did not care for speed."""

    def __init__(self) -> None:
        self.parent: dict[str, str | None] = {}
        self.own: dict[str, str] = {}
        self.edges: set[tuple[str, str]] = set()

    def children(self, task: str) -> list[str]:
        return [one for one, parent in self.parent.items() if parent == task]

    def above(self, task: str) -> list[str]:
        """The task and its ancestors."""
        found = [task]
        while parent := self.parent[found[-1]]:
            found.append(parent)
        return found

    def status(self, task: str) -> str:
        below = [self.status(one) for one in self.children(task)]
        if not below:
            return self.own[task]
        if any(one not in FINISHED for one in below):
            return "pending"
        return "completed" if "completed" in below else "cancelled"

    def blockers(self, task: str) -> int:
        above = self.above(task)
        wanted = {other for one, other in self.edges if one in above}
        return sum(self.status(one) not in FINISHED for one in wanted)

    def waits_for(self, task: str) -> set[str]:
        above = self.above(task)
        return {other for one, other in self.edges if one in above} | set(self.children(task))

    def is_cyclic(self) -> bool:
        """Whether some task waits for itself."""
        for start in self.parent:
            seen: set[str] = set()
            queue = list(self.waits_for(start))
            while queue:
                node = queue.pop()
                if node == start:
                    return True
                if node not in seen:
                    seen.add(node)
                    queue.extend(self.waits_for(node))
        return False


def check(db: Database, tasks: Tasks, model: Model) -> None:
    """Every derived value is what it follows from."""
    assert db.all("tasks.wrong_counts") == []
    shown = Counter(str(one.state) for one in tasks.list()[0] if not one.children)
    assert tasks.counts() == shown
    found = {one.id: (one.status, one.blockers, one.children) for one in tasks.list()[0]}
    assert found == {
        one: (model.status(one), model.blockers(one), len(model.children(one)))
        for one in model.parent
    }
    ready = {
        one
        for one in model.parent
        if model.own[one] in ("pending", "pending_retry")
        and not model.children(one)
        and not model.blockers(one)
    }
    assert {one.id for one in tasks.ready()[0]} == ready


AFTER = {
    "claim": "claimed", "begin": "in_progress", "done": "completed", "fail": "failed",
    "retry": "pending_retry", "release": "pending", "cancel": "cancelled",
}  # fmt: skip


def step(tasks: Tasks, model: Model, dice: random.Random) -> None:
    """Something random happens to the task list, and to the model if it succeeded."""
    known = list(model.parent)
    kind = dice.choices(["add", "dep", "undep", "move"], [5, 6, 1, 14])[0] if known else "add"
    one, other = (dice.choice(known), dice.choice(known)) if known else ("", "")

    def attempt(call: Callable[[], object]) -> bool:
        try:
            call()
        except JetpackError:
            return False
        return True

    if kind == "add":
        parent = dice.choice([None, one]) if known else None
        try:
            made = tasks.add(Task(id="", title="work", parent_id=parent))
        except BadInput:
            return
        model.parent[made.id], model.own[made.id] = parent, "pending"
    elif kind == "dep":
        model.edges.add(edge := (one, other))
        cyclic = model.is_cyclic()
        assert attempt(lambda: depend(tasks, one, other)) is not cyclic
        if cyclic:
            model.edges.discard(edge)
    elif kind == "undep" and model.edges:
        edge = dice.choice(sorted(model.edges))
        dependencies.remove(tasks.journal, *edge)
        model.edges.discard(edge)
    elif kind == "move":
        verb = dice.choice(list(AFTER))
        more = {"final": True} if verb == "fail" else {}
        if attempt(lambda: getattr(tasks, verb)(one, agent="ann", **more)):
            model.own[one] = AFTER[verb]


@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 2**32), steps=st.integers(1, 60))
def test_derived_values_equal_a_recomputation(
    db: Database, tasks: Tasks, seed: int, steps: int
) -> None:
    """After any history; and a dependency is refused exactly when it would be a cycle."""

    class Undo(Exception):
        pass

    dice, model = random.Random(seed), Model()
    with pytest.raises(Undo), db.transaction():  # noqa: PT012
        for _ in range(steps):
            step(tasks, model, dice)
        check(db, tasks, model)
        raise Undo
