"""Plans: loading one twice updates it, and nothing is ever half loaded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Repo

from jetpack_git.data.database import Database
from jetpack_git.errors import BadInput
from jetpack_git.models.task import Task
from jetpack_git.work import dependencies
from jetpack_git.work import plans
from jetpack_git.work.plan_files import parse
from jetpack_git.work.plan_load import Changes
from jetpack_git.work.plan_load import load as load_plan
from jetpack_git.work.tasks import Tasks

PLAN = """\
# Parser [id: epic]
## Reading
- Read bytes [skills: python] [priority: high] [files: src/read.py] [estimate: 30m]
- Read lines [depends: Read bytes]
  All of them.
  - Unix
  - [x] Windows
# Release [depends: epic]
- Publish
"""


def load(tasks: Tasks, text: str, *, title: str = "plan", dry_run: bool = False) -> Changes:
    """What loading the text does."""
    document = parse(text.encode(), source="plan.md", title=title)
    return load_plan(tasks, document, source="plan.md", agent="ann", dry_run=dry_run)


def by_title(tasks: Tasks) -> dict[str, Task]:
    """All tasks."""
    return {one.title: one for one in tasks.list()[0]}


def contents(db: Database) -> list[object]:
    """Every row of every table."""
    names = db.backend.rows("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY 1", {})
    return [
        (one["name"], db.backend.rows(f'SELECT * FROM "{one["name"]}" ORDER BY 1', {}))  # noqa: S608
        for one in names
    ]


def summary(changes: Changes) -> tuple[list[str], list[str], int, list[str]]:
    """The titles added and updated, how many stayed, and the titles retired or held."""
    return (
        [one.title for one in changes.added],
        [one.after.title for one in changes.updated],
        changes.unchanged,
        [one.title for one in (*changes.retired, *changes.held)],
    )


@pytest.fixture(autouse=True)
def _consistent(db: Database) -> Iterator[None]:
    """After every test all derived values are what they follow from."""
    yield
    assert db.all("tasks.wrong_counts") == []


def test_a_new_plan_becomes_a_tree_of_tasks(tasks: Tasks) -> None:
    """With all that it says, in its order; what is derived is told with it."""
    changes = load(tasks, PLAN)
    titles = ["Parser", "Reading", "Read bytes", "Read lines", "Unix", "Windows", "Release",
              "Publish"]  # fmt: skip
    assert summary(changes) == (titles, [], 0, [])
    found = by_title(tasks)
    assert changes.added == [found[title] for title in titles]
    parents = {one.id: one.title for one in found.values()}
    assert {title: parents.get(one.parent_id or "") for title, one in found.items()} == {
        "Parser": None, "Reading": "Parser", "Read bytes": "Reading", "Read lines": "Reading",
        "Unix": "Read lines", "Windows": "Read lines", "Release": None, "Publish": "Release",
    }  # fmt: skip
    one = found["Read bytes"]
    assert (one.skills, one.priority, one.files, one.estimate_s, one.plan_id) == (
        ("python",), 1, ("src/read.py",), 1800, "plan",
    )  # fmt: skip
    assert {title: str(one.state) for title, one in found.items()} == {
        "Parser": "pending", "Reading": "pending", "Read bytes": "ready", "Read lines": "pending",
        "Unix": "blocked", "Windows": "completed", "Release": "pending", "Publish": "blocked",
    }  # fmt: skip
    assert found["Read lines"].description == "All of them."


def test_the_same_plan_again_changes_nothing(db: Database, tasks: Tasks) -> None:
    """Not a row, not an event, not a file that would be due."""
    load(tasks, PLAN)
    before = contents(db)
    assert summary(load(tasks, PLAN)) == ([], [], 8, [])
    assert contents(db) == before


def test_a_dry_run_changes_nothing(db: Database, tasks: Tasks) -> None:
    """It tells what a load would do, and each row is as it was."""
    empty = contents(db)
    assert len(load(tasks, PLAN, dry_run=True).added) == 8
    assert contents(db) == empty
    load(tasks, PLAN)
    before = contents(db)
    edited = PLAN.replace("- Publish", "- Publish it").replace("30m", "1h")
    assert summary(load(tasks, edited, dry_run=True)) == (
        [], ["Read bytes", "Publish it"], 6, [],
    )  # fmt: skip
    assert contents(db) == before


def test_an_edited_item_updates_its_task(tasks: Tasks) -> None:
    """The task keeps its id; its event names what changed."""
    load(tasks, PLAN)
    before = by_title(tasks)
    edited = PLAN.replace("30m", "1h").replace("All of them.", "Each.").replace("high", "low")
    changes = load(tasks, edited)
    assert summary(changes) == ([], ["Read bytes", "Read lines"], 6, [])
    after = by_title(tasks)
    assert (after["Read bytes"].estimate_s, after["Read bytes"].priority) == (3600, 3)
    assert after["Read lines"].description == "Each."
    assert {title: one.id for title, one in after.items()} == {
        title: one.id for title, one in before.items()
    }
    assert tasks.log(after["Read bytes"].id)[-1].data == {"fields": ["priority", "estimate_s"]}


def test_dependencies_follow_the_plan(tasks: Tasks) -> None:
    """Those that it names no more go; those with tasks outside of it stay."""
    outside = tasks.add(Task(id="", title="outside")).id
    load(tasks, "- A\n- B [depends: A]\n- C\n")
    found = by_title(tasks)
    dependencies.add(tasks.journal, found["B"].id, outside)
    assert summary(load(tasks, "- A\n- B [depends: C]\n- C\n"))[1] == ["B"]
    assert tasks.get(found["B"].id).depends == tuple(sorted((found["C"].id, outside)))


def test_an_item_with_an_id_may_be_renamed_and_moved(tasks: Tasks) -> None:
    """It is the same task, below its new parent; both parents know."""
    load(tasks, "# One\n- Task [id: t]\n- Other\n# Two\n- Last\n")
    task_id = by_title(tasks)["Task"].id
    changes = load(tasks, "# One\n- Other\n# Two\n- Last\n- Renamed [id: t]\n")
    assert summary(changes) == ([], ["Renamed"], 4, [])
    found = by_title(tasks)
    assert (found["Renamed"].id, found["Renamed"].parent_id) == (task_id, found["Two"].id)
    assert (found["One"].children, found["Two"].children) == (1, 2)


def test_moving_the_last_open_child_away_completes_the_parent(tasks: Tasks) -> None:
    """And what waited for that parent is ready."""
    load(tasks, "# One\n- [x] Done\n- Open [id: open]\n# Two\n- After [depends: One]\n")
    assert by_title(tasks)["After"].state == "blocked"
    load(tasks, "# One\n- [x] Done\n# Two\n- After [depends: One]\n- Open [id: open]\n")
    found = by_title(tasks)
    assert (found["One"].status, found["After"].state) == ("completed", "ready")


def test_a_tick_completes_a_task_that_nobody_holds(tasks: Tasks) -> None:
    """A held one is its holder's to finish; a tick taken away reopens nothing."""
    load(tasks, "- A\n- B\n- C\n")
    ids = {title: one.id for title, one in by_title(tasks).items()}
    tasks.claim(ids["B"], agent="bob")
    tasks.claim(ids["C"], agent="bob")
    tasks.fail(ids["C"], agent="bob", final=True)
    assert summary(load(tasks, "- [x] A\n- [x] B\n- [x] C\n"))[1] == ["A", "C"]
    assert {title: one.status for title, one in by_title(tasks).items()} == {
        "A": "completed", "B": "claimed", "C": "completed",
    }  # fmt: skip
    assert tasks.log(ids["A"])[-1].kind == "task.completed"
    assert summary(load(tasks, "- A\n- B\n- C\n")) == ([], [], 3, [])


def test_finished_tasks_are_left_as_they_are(tasks: Tasks) -> None:
    """Whatever the plan says of them now."""
    load(tasks, "- A [id: a]\n- B [id: b]\n")
    done = by_title(tasks)["A"].id
    tasks.claim(done, agent="bob")
    before = tasks.done(done, agent="bob", summary="Did it.")
    text = "- B [id: b]\n- Another title [id: a] [priority: 0] [depends: b]\n  Text.\n"
    assert summary(load(tasks, text)) == ([], ["B"], 1, [])
    assert tasks.get(done) == before


def test_a_new_part_opens_a_completed_parent(tasks: Tasks) -> None:
    """But what was done in one piece gets none."""
    load(tasks, "# One\n- [x] A\n- [x] B\n")
    assert by_title(tasks)["One"].status == "completed"
    load(tasks, "# One\n- [x] A\n- [x] B\n- Part\n")
    found = by_title(tasks)
    assert [found[title].status for title in ("One", "A", "B", "Part")] == [
        "pending", "completed", "completed", "pending",
    ]  # fmt: skip
    message, hint = refused(tasks, "# One\n- [x] A\n- [x] B\n  - More\n- Part\n")
    assert message == f"plan.md:3: 'B' gets parts, but {found['B'].id} is completed."
    assert hint == "Put the new items beside it."


def refused(tasks: Tasks, text: str) -> tuple[str, str]:
    """The message and hint of the refusal, which changes nothing."""
    before = contents(tasks.db)
    with pytest.raises(BadInput) as found:
        load(tasks, text)
    assert contents(tasks.db) == before
    return found.value.message, found.value.hint


def test_a_held_leaf_gets_no_parts(tasks: Tasks) -> None:
    """The line and the holder are named."""
    load(tasks, "- A\n- B\n")
    task_id = by_title(tasks)["B"].id
    tasks.claim(task_id, agent="bob")
    assert refused(tasks, "- New\n- A\n- B\n  - Part\n") == (
        f"plan.md:3: 'B' gets parts, but {task_id} is claimed, held by bob.",
        "Finish or release it first, or put the new items beside it.",
    )


def test_a_cycle_by_way_of_other_tasks_is_refused(tasks: Tasks) -> None:
    """A new dependency inside the plan closes it."""
    load(tasks, "- A\n- B\n")
    found = by_title(tasks)
    outside = tasks.add(Task(id="", title="outside", depends=(found["B"].id,))).id
    dependencies.add(tasks.journal, found["A"].id, outside)
    message, _ = refused(tasks, "- A\n- B [depends: A]\n")
    start = "plan.md: with what other tasks depend on, this plan would be a cycle: "
    assert message.startswith(start)
    path = message.removeprefix(start).split(" -> ")
    assert path[0] == path[-1]
    assert set(path) == {found["A"].id, found["B"].id, outside}


def test_a_cycle_by_way_of_a_new_parent_is_refused(tasks: Tasks) -> None:
    """A task cannot move below what waits for something that waits for it."""
    load(tasks, "# One\n- A\n# Two\n- B [id: b]\n- C\n")
    found = by_title(tasks)
    outside = tasks.add(Task(id="", title="outside", depends=(found["One"].id,))).id
    dependencies.add(tasks.journal, found["B"].id, outside)
    message, _ = refused(tasks, "# One\n- A\n- B [id: b]\n# Two\n- C\n")
    assert set(message.rpartition(": ")[2].split(" -> ")) == {
        found["One"].id, found["B"].id, outside,
    }  # fmt: skip


def test_a_cycle_by_way_of_a_removed_item_is_refused(tasks: Tasks) -> None:
    """It is still there, and still waits."""
    load(tasks, "# One\n- A\n- Removed [depends: T]\n# Two\n- T\n")
    message, _ = refused(tasks, "# One\n- A\n# Two\n- T [depends: One]\n")
    assert "would be a cycle" in message


def test_a_cycle_elsewhere_does_not_stop_a_load(db: Database, tasks: Tasks) -> None:
    """What came in through files is not this plan's fault."""
    one, two = (tasks.add(Task(id="", title=name)).id for name in ("one", "two"))
    load(tasks, "- A\n- B\n")
    dependencies.add(tasks.journal, by_title(tasks)["A"].id, one)
    for task_id, other in ((one, two), (two, one)):
        db.run("dependencies.add", task_id=task_id, depends_on=other)
    db.run("tasks.refresh_blockers", ids=f'["{one}","{two}"]')
    assert summary(load(tasks, "- A\n- B\n- C\n"))[0] == ["C"]


def test_a_bad_pattern_is_told_with_its_line(tasks: Tasks) -> None:
    """Nothing of the plan is loaded."""
    message, _ = refused(tasks, "- A\n- B [files: ../outside]\n")
    assert message.startswith("plan.md:2: ")


@pytest.mark.parametrize(
    ("title", "wanted"),
    [
        ("My plan, v2!", "my-plan-v2"),
        ("plan", "plan"),
        ("計画", "plan-5a025aa4"),
        ("設計", "plan-19f4b272"),
        ("Über", "ber-32b332a3"),
        ("...", "plan-ab5df625"),
        ("x" * 61, "x" * 60 + "-c508e75f"),
    ],
)
def test_plans_of_different_names_have_different_ids(title: str, wanted: str) -> None:
    """Where ASCII letters and digits do not tell them apart, a digest does."""
    assert plans.plan_id_of(title) == wanted


BAD = {
    b"- A [depends: B]\n- B [depends: A]\n": (
        "error: p.md:1: a cycle: A (line 1) -> B (line 2) -> A (line 1)\n"
    ),
    b"- Parser\n- B [depends: Parsr]\n": (
        "error: p.md:2: depends: 'Parsr' is no item of the plan and no task\n"
        "hint: Did you mean 'Parser'?\n"
    ),
    b"- A [id: x]\n- B [id: x]\n": "error: p.md:2: the id x is given in lines 1 and 2\n",
    b"- A\n\x00\x01": "error: p.md:2: byte 4 is a NUL byte\n",
    b"- A\n- \xff\n": "error: p.md:2: byte 6 is not UTF-8\n",
    b"- A\n" * 2_500_000: "error: p.md:1: the plan has more than 5,000,000 bytes\n",
    b"": "error: p.md:1: the plan has no items\n",
}


def test_a_bad_plan_is_told_with_file_and_line(repo: Repo) -> None:
    """Code 2, and nothing is half loaded."""
    for data, said in BAD.items():
        (repo.path / "p.md").write_bytes(data)
        answer = repo.jetpack("load", "p.md")
        assert (answer.code, answer.out) == (2, "")
        assert answer.err.startswith(said)
    document = repo.jetpack("load", "p.md", "--json")
    assert (document.code, document.json["error"]["message"]) == (
        2, "p.md:1: the plan has no items",
    )  # fmt: skip
    assert repo.ok("list")["total"] == 0


def test_load_on_the_command_line(repo: Repo) -> None:
    """People read counts, programs whole tasks; a dry run writes neither row nor file."""
    repo.write("docs/Big Plan.md", PLAN)

    def state() -> tuple[object, dict[Path, bytes]]:
        files = {p: p.read_bytes() for p in (repo.path / ".tasks").rglob("*") if p.is_file()}
        return repo.ok("list", "-n", "0"), files

    before = state()
    dry = repo.jetpack("load", "docs/Big Plan.md", "--dry-run", "--as", "stranger")
    assert dry.out.splitlines() == [
        "+ Parser", "+ Reading, below 'Parser'", "+ Read bytes, below 'Reading'",
        "+ Read lines, below 'Reading'", "+ Unix, below 'Read lines'",
        "+ Windows, below 'Read lines'", "+ Release", "+ Publish, below 'Release'",
        "plan big-plan: 8 tasks would be added, 0 would be updated, 0 would be cancelled, "
        "0 unchanged",
    ]  # fmt: skip
    assert state() == before
    assert "stranger" not in repo.jetpack("status", "--json").out
    loaded = repo.ok("load", "docs/Big Plan.md")
    assert list(loaded) == [
        "schema", "plan_id", "dry_run", "added", "updated", "changes", "retired", "held",
        "dropped", "unchanged",
    ]  # fmt: skip
    shown = [repo.ok("show", one["id"])["task"] for one in loaded["added"]]
    counts = [one["progress"]["leaves"] for one in shown if one["children"]]
    assert counts == [3, 3, 2, 1]
    assert loaded["added"] == shown
    after = state()
    again = repo.jetpack("load", str(repo.path / "docs/Big Plan.md"))
    assert again.out == "plan big-plan: 0 tasks added, 0 updated, 0 cancelled, 8 unchanged\n"
    assert state() == after
    other = repo.jetpack("load", "docs/Big Plan.md", "--name", "other")
    assert other.out == "plan other: 8 tasks added, 0 updated, 0 cancelled, 0 unchanged\n"
    assert repo.ok("list", "--plan", "other")["total"] == 8
    assert repo.ok("load", "docs/Big Plan.md")["plan_id"] == "big-plan"
    gone = repo.jetpack("load", "no\x1b[31m.md")
    assert (gone.code, gone.err) == (
        2,
        "error: no\\x1b[31m.md cannot be read: No such file or directory.\n"
        "hint: Name a Markdown, JSON or YAML file.\n",
    )


def test_two_files_of_one_name_are_two_plans(repo: Repo) -> None:
    """The second needs a name; a file that was moved away does not count."""
    repo.write("a/plan.md", "- A\n")
    repo.write("b/plan.md", "- B\n")
    repo.ok("load", "a/plan.md")
    answer = repo.jetpack("load", "b/plan.md")
    assert (answer.code, answer.err) == (
        2,
        "error: The plan plan is a/plan.md, and b/plan.md is another file.\n"
        "hint: Give this one a name of its own with --name; "
        "to replace the other, use its name: --name plan\n",
    )
    assert repo.ok("load", "b/plan.md", "--name", "b")["plan_id"] == "b"
    (repo.path / "a").rename(repo.path / "c")
    assert repo.ok("load", "c/plan.md")["unchanged"] == 1


def test_a_plan_that_is_too_deep_for_file_names_is_refused(repo: Repo) -> None:
    """With the line; the same holds for a task that is added below others."""
    repo.write("deep.md", "# Big\n" + "".join(f"{'  ' * n}- task {n}\n" for n in range(80)))
    told = repo.jetpack("load", "deep.md")
    assert (told.code, "deep.md:4" in told.err, "levels deep" in told.err) == (2, True, True)
    assert repo.ok("list")["total"] == 0
