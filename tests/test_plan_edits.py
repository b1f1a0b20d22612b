"""An edited plan: its items are the tasks that they were, and nothing finished is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from conftest import Repo

from jetpack_git.data.database import Database
from jetpack_git.errors import BadInput
from jetpack_git.models.task import Task
from jetpack_git.work.plan_files import parse
from jetpack_git.work.plan_load import Changes
from jetpack_git.work.plan_load import load as load_plan
from jetpack_git.work.tasks import Tasks


def by_title(tasks: Tasks) -> dict[str, Task]:
    """All tasks."""
    return {one.title: one for one in tasks.list()[0]}


def load(tasks: Tasks, text: str, *, drop_finished: bool = False) -> Changes:
    """What loading the text does."""
    document = parse(text.encode(), source="plan.md", title="plan")
    return load_plan(tasks, document, source="plan.md", agent="ann", drop_finished=drop_finished)


def ids(tasks: Tasks) -> dict[str, str]:
    """The ids of all tasks that are not cancelled, by title."""
    return {one.title: one.id for one in tasks.list()[0] if one.status != "cancelled"}


def finish(tasks: Tasks, task_id: str) -> Task:
    """The task, completed by bob."""
    tasks.claim(task_id, agent="bob")
    return tasks.done(task_id, agent="bob")


@pytest.fixture(autouse=True)
def _consistent(db: Database) -> Iterator[None]:
    """After every test all derived values are what they follow from."""
    yield
    assert db.all("tasks.wrong_counts") == []


PLAN = "# Parser\n- Read bytes\n- Read lines\n- Read it all\n# Printer\n- Print lines\n- Flush\n"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("- Read lines\n", "- Read the lines\n"),
        ("- Flush\n", "- Flush whatever is left when the program ends\n"),
        ("# Parser", "# The parser"),
        ("# Parser", "# Lexer and grammar"),
        ("# Parser", "# Front end\n## Parser"),
        ("- Read bytes\n- Read lines\n", "- Read lines\n- Read bytes\n"),
        ("- Flush\n", "- Flush\n- Read the bytes of others\n"),
        ("- Print lines\n", "- Print lines [id: print]\n"),
        ("- Read lines\n- Read it all\n# Printer\n", "- Read it all\n# Printer\n- Read lines\n"),
        ("# Printer\n- Print lines", "# Printing\n- Print all the lines"),
    ],
)
def test_every_task_is_found_again(tasks: Tasks, old: str, new: str) -> None:
    """Renamed, moved, reordered or given an id: nothing is cancelled, and no task doubled."""
    load(tasks, PLAN)
    before = set(ids(tasks).values())
    edited = PLAN.replace(old, new)
    assert edited != PLAN
    changes = load(tasks, edited)
    assert changes.retired == []
    assert before <= set(ids(tasks).values())
    assert len(changes.added) == edited.count("\n") - PLAN.count("\n")
    again = load(tasks, edited)
    assert (again.added, again.updated, again.retired) == ([], [], [])


def test_a_new_item_is_no_old_one(tasks: Tasks) -> None:
    """What only stands at the same place is another task."""
    load(tasks, PLAN)
    before = ids(tasks)
    changes = load(tasks, PLAN.replace("Flush", "Paint the margins red"))
    assert [one.title for one in changes.added] == ["Paint the margins red"]
    assert [one.id for one in changes.retired] == [before["Flush"]]
    assert tasks.log(before["Flush"])[-1].note == "no longer in the plan"


def test_titles_that_change_places_with_others_keep_their_tasks(tasks: Tasks) -> None:
    """Two keys are exchanged at once."""
    load(tasks, "# One\n- Same\n# Two\n- Same\n")
    one, two = (task for task in tasks.list()[0] if task.title == "Same")
    load(tasks, "# Two\n- Same\n# One\n- Same\n")
    parents = {task.id: tasks.get(str(task.parent_id)).title for task in (one, two)}
    assert {tasks.get(str(tasks.get(one.id).parent_id)).title} == {parents[one.id]}


def test_what_the_plan_has_no_more_is_cancelled_and_comes_back(tasks: Tasks) -> None:
    """With its id and its log; what a person cancelled stays so."""
    load(tasks, PLAN)
    before = ids(tasks)
    tasks.cancel(before["Flush"], agent="ann", reason="not needed")
    changes = load(tasks, "# Printer\n- Print lines\n- Flush\n")
    assert {one.title for one in changes.retired} == {"Read bytes", "Read lines", "Read it all"}
    assert tasks.get(before["Parser"]).status == "cancelled"
    changes = load(tasks, PLAN)
    assert changes.added == []
    assert {tasks.get(before[one]).status for one in ("Read bytes", "Parser")} == {"pending"}
    assert tasks.log(before["Read bytes"])[-1].kind == "task.revived"
    assert tasks.get(before["Flush"]).status == "cancelled"


def test_a_group_whose_items_moved_out_is_no_task_to_claim(tasks: Tasks) -> None:
    """It has nothing below it any more, and is cancelled."""
    load(tasks, PLAN)
    before = ids(tasks)
    changes = load(tasks, PLAN.replace("# Printer\n", ""))
    assert [one.id for one in changes.retired] == [before["Printer"]]
    assert tasks.get(before["Flush"]).parent_id == before["Parser"]
    assert all(one.title != "Printer" for one in tasks.ready()[0])


def test_a_task_in_somebodys_hands_is_left_to_them(tasks: Tasks) -> None:
    """And is cancelled by the next load after they gave it back."""
    load(tasks, PLAN)
    flush = ids(tasks)["Flush"]
    tasks.claim(flush, agent="bob")
    changes = load(tasks, PLAN.replace("- Flush\n", ""))
    assert ([one.id for one in changes.held], changes.retired) == ([flush], [])
    tasks.release(flush, agent="bob")
    assert [one.id for one in load(tasks, PLAN.replace("- Flush\n", "")).retired] == [flush]


def test_a_plan_without_its_finished_work_is_refused(tasks: Tasks) -> None:
    """Unless it is said that finished tasks may leave the plan; they stay finished."""
    load(tasks, PLAN)
    done = finish(tasks, ids(tasks)["Flush"])
    without = PLAN.replace("- Flush\n", "")
    with pytest.raises(BadInput) as found:
        load(tasks, without)
    assert found.value.message == (
        f"plan.md: the plan no longer has what is finished: {done.id} 'Flush'"
    )
    assert tasks.get(done.id) == done
    assert [one.id for one in load(tasks, without, drop_finished=True).dropped] == [done.id]
    after = tasks.get(done.id)
    assert (after.status, after.plan_id, after.plan_key) == ("completed", None, None)
    assert load(tasks, without).unchanged == 6


def test_finished_work_stays_under_any_edit(tasks: Tasks) -> None:
    """Its group may be renamed, and it may be moved: it is neither changed nor doubled."""
    load(tasks, PLAN)
    done = finish(tasks, ids(tasks)["Flush"])
    for old, new in (("# Printer", "# The printers"), ("# Parser\n", "# Parser\n- [x] Flush\n")):
        edited = PLAN.replace("- Flush\n", "") if "Flush" in new else PLAN
        changes = load(tasks, edited.replace(old, new))
        assert (changes.added, tasks.get(done.id)) == ([], done)


def test_tasks_put_below_by_hand_are_part_of_the_plan(tasks: Tasks) -> None:
    """A load neither doubles nor cancels them."""
    load(tasks, PLAN)
    own = tasks.add(Task(id="", title="By hand", parent_id=ids(tasks)["Printer"]))
    assert load(tasks, PLAN).retired == []
    changes = load(tasks, PLAN + "- By hand\n")
    assert (changes.added, tasks.get(own.id).plan_id) == ([], "plan")


def test_dependencies_by_place_and_on_other_tasks(repo: Repo) -> None:
    """`previous` is the item before, below the same parent; any task can be named by its id."""
    other = repo.add("Elsewhere")
    repo.write("p.md", f"# A\n- One\n- Two [depends: previous]\n- Three [depends: {other}]\n")
    added = {one["title"]: one for one in repo.ok("load", "p.md")["added"]}
    assert added["Two"]["depends"] == [added["One"]["id"]]
    assert added["Three"]["depends"] == [other]
    assert repo.ok("load", "p.md")["unchanged"] == 4
    refusals = {
        "- One [depends: previous]\n": "there is no item before this one",
        "- One [depends: jp-none]\n": "'jp-none' is no item of the plan and no task",
        f"# A\n- One\n- Two [depends: {added['A']['id']}]\n": "would be a cycle",
        f"# A\n- One [depends: {added['One']['id']}]\n- Two\n": "would be a cycle",
    }
    for text, said in refusals.items():
        repo.write("p.md", text)
        answer = repo.jetpack("load", "p.md")
        assert (answer.code, said in answer.err) == (2, True), answer


def test_a_dry_run_is_a_diff(repo: Repo) -> None:
    """Each line is one change; afterwards a load does just that."""
    repo.write("p.md", PLAN)
    before = {one["title"]: one["id"] for one in repo.ok("load", "p.md")["added"]}
    edited = (
        PLAN.replace("- Read lines\n", "")
        .replace("- Flush\n", "- Read lines [priority: 0]\n- New\n")
        .replace("Read it all", "Read all of it [estimate: 1h]\n  In one go.")
        .replace("- Print lines\n", "- Print lines [depends: New] [files: a.py]\n")
    )  # fmt: skip
    repo.write("p.md", edited)
    dry = repo.jetpack("load", "p.md", "--dry-run")
    assert sorted(dry.out.splitlines()) == sorted([
        "+ New, below 'Printer'",
        f"~ {before['Read it all']}  title: 'Read it all' becomes 'Read all of it'",
        f"~ {before['Read it all']}  description: new",
        f"~ {before['Read it all']}  estimate: none -> 1h",
        f"~ {before['Print lines']}  files: none -> a.py",
        f"~ {before['Print lines']}  depends: +'New'",
        f"~ {before['Read lines']}  moves from 'Parser' to 'Printer'",
        f"~ {before['Read lines']}  priority: medium -> critical",
        f"- {before['Flush']}  Flush",
        "plan p: 1 tasks would be added, 3 would be updated, 1 would be cancelled, 3 unchanged",
    ])  # fmt: skip
    told = json.loads(repo.jetpack("load", "p.md", "--dry-run", "--json").out)
    fields = {(one["id"], one["field"]) for one in told["changes"]}
    assert (before["Read lines"], "parent_id") in fields
    done = repo.jetpack("load", "p.md")
    assert done.out.splitlines()[0] == (
        "plan p: 1 tasks added, 3 updated, 1 cancelled, 3 unchanged"
    )


def test_an_item_that_loses_its_parts_can_be_claimed(tasks: Tasks) -> None:
    """What was below it is cancelled beside it, and comes back below it when it is named again."""
    load(tasks, "- A\n  - a\n    - deep\n- B [depends: A]\n")
    whole = by_title(tasks)
    changes = load(tasks, "- A\n- B [depends: A]\n")
    assert [one.title for one in changes.retired] == ["deep"]
    found = by_title(tasks)
    assert (found["A"].state, found["A"].children, found["B"].state) == ("ready", 0, "blocked")
    assert (found["a"].status, found["deep"].status) == ("cancelled", "cancelled")
    assert tasks.claim(found["A"].id, agent="bob").status == "claimed"
    tasks.release(found["A"].id, agent="bob")
    load(tasks, "- A\n  - a\n    - deep\n- B [depends: A]\n")
    again = by_title(tasks)
    assert {name: (one.id, one.parent_id, one.state) for name, one in again.items()} == {
        name: (one.id, one.parent_id, one.state) for name, one in whole.items()
    }


def test_an_item_whose_parts_are_held_stays_a_parent(tasks: Tasks) -> None:
    """Until their holder is done with them."""
    load(tasks, "- A\n  - a\n")
    tasks.claim(by_title(tasks)["a"].id, agent="bob")
    changes = load(tasks, "- A\n")
    assert [one.title for one in changes.held] == ["a"]
    assert by_title(tasks)["A"].children == 1


@pytest.mark.parametrize("title", ["Write parser docs", "Write parser tests for Windows"])
def test_finished_work_is_not_new_work_of_a_similar_name(tasks: Tasks, title: str) -> None:
    """Neither does the item vanish in the finished task, nor the finished task in the item."""
    load(tasks, "- Write parser tests\n- Z\n")
    finished = by_title(tasks)["Write parser tests"].id
    tasks.claim(finished, agent="bob")
    tasks.done(finished, agent="bob")
    with pytest.raises(BadInput, match="the plan no longer has what is finished"):
        load(tasks, f"- {title}\n- Z\n")
    changes = load(tasks, f"- [x] Write parser tests\n- {title}\n- Z\n")
    assert [one.title for one in changes.added] == [title]
    renamed = load(tasks, f"- [x] Write parsers tests\n- {title}\n- Z\n")
    assert (renamed.added, renamed.retired) == ([], [])


def test_gaps_between_siblings_are_no_change(tasks: Tasks) -> None:
    """A plan without what was cancelled stands in the same order; another order is a change."""
    load(tasks, "- A\n- B\n- C\n")
    tasks.cancel(by_title(tasks)["A"].id, agent="bob")
    assert load(tasks, "- B\n- C\n").updated == []
    assert [one.title for one in load(tasks, "- B\n- C\n- D\n").added] == ["D"]
    assert "C" in [one.after.title for one in load(tasks, "- C\n- B\n- D\n").updated]
    order = sorted(tasks.list(state="ready")[0], key=lambda one: one.position)
    assert [one.title for one in order] == ["C", "B", "D"]
