"""Imports from other tools: what they say is here, their ids work, broken lines lose no others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Repo

from jetpack_git.data.database import Database
from jetpack_git.models.foreign import moment
from jetpack_git.work import imports
from jetpack_git.work.agents import Agents
from jetpack_git.work.import_beads import read
from jetpack_git.work.tasks import Tasks

BEADS: list[dict[str, Any]] = [
    {"id": "bd-a1", "title": "Sign in", "issue_type": "epic", "priority": 1,
     "created_at": "2025-01-09T12:00:00.5+01:00", "labels": ["web", "auth"]},
    {"id": "bd-a1.1", "title": "Ask for a password", "status": "closed", "assignee": "ann",
     "closed_at": "2025-02-01T08:00:00Z", "close_reason": "Done with a form.",
     "description": "A form.", "design": "Two fields.", "acceptance_criteria": "It works.",
     "comments": [{"id": 7, "author": "bob", "text": "Looks\tgood.\nShip it.",
                   "created_at": "2025-01-20T00:00:00Z"}]},
    {"id": "bd-a1.2", "title": "Remember it", "priority": 0, "estimated_minutes": 90,
     "dependencies": [{"issue_id": "bd-a1.2", "depends_on_id": "bd-a1.1", "type": "blocks"},
                      {"depends_on_id": "bd-b2", "type": "discovered-from"}]},
    {"id": "bd-b2", "title": "A bug", "issue_type": "bug", "status": "in_progress",
     "assignee": "cy", "external_ref": "gh-9",
     "dependencies": [{"depends_on_id": "bd-a1", "type": "parent-child"}]},
    {"id": "bd-c3", "title": "Later", "status": "deferred",
     "dependencies": [{"depends_on_id": "bd-gone", "type": "blocks"},
                      {"depends_on_id": "bd-b2", "type": "related"}]},
    {"id": "bd-gone", "title": "(deleted)", "status": "tombstone"},
]  # fmt: skip


def lines(records: list[dict[str, Any]]) -> list[bytes]:
    """The records as JSONL."""
    return [json.dumps(one).encode() + b"\n" for one in records]


def bring(tasks: Tasks, records: list[dict[str, Any]]) -> imports.Imported:
    """What importing the records did, with all troubles."""
    found, troubles = read(lines(records), "x.jsonl")
    done = imports.bring_in(tasks, found, tool="beads", agent="ann")
    done.troubles[:0] = troubles
    return done


def changed(number: int, **fields: object) -> list[dict[str, Any]]:
    """All records, one of them with other fields."""
    return [*BEADS[:number], BEADS[number] | fields, *BEADS[number + 1 :]]


@pytest.fixture(autouse=True)
def _consistent(db: Database) -> Iterator[None]:
    """After every test all derived values are what they follow from."""
    yield
    assert db.all("tasks.wrong_counts") == []


def test_beads_become_tasks(tasks: Tasks) -> None:
    """With hierarchy, kinds of dependencies, statuses, times, labels and comments."""
    done = bring(tasks, BEADS)
    assert (len(done.added), done.skipped, done.troubles) == (5, 1, [])
    epic, one, two, bug, later = (tasks.get(str(record["id"])) for record in BEADS[:5])
    assert (epic.title, epic.priority, epic.labels, epic.children) == (
        "Sign in",
        1,
        ("auth", "web"),
        3,
    )
    assert epic.created_at == "2025-01-09T11:00:00.500Z"
    assert (one.parent_id, one.status, one.completed_at, one.summary) == (
        epic.id, "completed", "2025-02-01T08:00:00.000Z", "Done with a form.",
    )  # fmt: skip
    assert one.description == (
        "A form.\n\n## Design\n\nTwo fields.\n\n## Acceptance criteria\n\nIt works."
    )
    said = tasks.log(one.id)[0]
    assert (said.kind, said.at, said.agent, said.note) == (
        "task.commented", "2025-01-20T00:00:00.000Z", "bob", "Looks\tgood.\nShip it.",
    )  # fmt: skip
    assert (two.state, two.depends, two.links, two.estimate_s, two.priority) == (
        "ready", (one.id,), (("discovered-from", bug.id),), 5400, 0,
    )  # fmt: skip
    assert (bug.parent_id, bug.status, bug.assignee, bug.labels) == (
        epic.id, "in_progress", "cy", ("bug",),
    )  # fmt: skip
    assert (later.depends, later.priority, later.labels) == ((), 4, ("deferred",))
    assert tasks.get("bd-a1.2").aliases == ("bd-a1.2",)


def test_a_second_import_updates(tasks: Tasks) -> None:
    """What has not changed there since is not looked at; what was edited here stays then."""
    bring(tasks, BEADS)
    tasks.edit("bd-c3", {"title": "Mine"})
    again = bring(tasks, BEADS)
    assert (again.added, again.updated, again.unchanged) == ([], [], 5)
    assert tasks.get("bd-c3").title == "Mine"
    done = bring(tasks, changed(2, title="Remember me", status="closed", priority=3,
                                dependencies=[{"depends_on_id": "bd-c3"}]))  # fmt: skip
    two = tasks.get("bd-a1.2")
    assert done.updated == [two.id]
    assert (two.title, two.status, two.priority) == ("Remember me", "completed", 3)
    assert two.depends == (tasks.get("bd-c3").id,)
    comments = [one for one in tasks.log("bd-a1.1") if one.kind == "task.commented"]
    bring(tasks, changed(1, title="Ask"))
    assert [one for one in tasks.log("bd-a1.1") if one.kind == "task.commented"] == comments


def test_finished_work_is_never_opened_again(tasks: Tasks) -> None:
    """Nor taken from who holds it."""
    bring(tasks, BEADS)
    two = tasks.get("bd-a1.2").id
    Agents(tasks.db).meet("bob")
    tasks.claim(two, agent="bob")
    done = bring(tasks, changed(2, status="closed"))
    assert (tasks.get(two).status, tasks.get(two).assignee) == ("claimed", "bob")
    assert [one.message for one in done.troubles] == [
        f"it is completed there, but bob holds {two}; left to them"
    ]
    tasks.done(two, agent="bob")
    bring(tasks, changed(2, status="open", title="New"))
    assert (tasks.get(two).status, tasks.get(two).title) == ("completed", "New")
    bring(tasks, changed(4, status="tombstone"))
    assert tasks.get("bd-c3").status == "cancelled"


def test_who_began_it_there_may_finish_it_there(tasks: Tasks) -> None:
    """Also where somebody has cloned what the first import brought."""
    bring(tasks, changed(2, status="in_progress", assignee="bob"))
    two = tasks.get("bd-a1.2")
    assert (two.status, two.assignee) == ("in_progress", "bob")
    assert bring(tasks, changed(2, status="closed")).troubles == []
    assert tasks.get(two.id).status == "completed"
    tasks.reopen(two.id, agent="ada", reason="not yet")
    Agents(tasks.db).meet("bob")
    tasks.claim(two.id, agent="bob")
    done = bring(tasks, changed(2, status="closed", assignee="bob", priority=0))
    assert (done.troubles, tasks.get(two.id).status) == ([], "completed")


def test_what_cannot_be_brought_in_is_told(tasks: Tasks) -> None:
    """By line; the rest is there."""
    bad = [
        b"{not json}\n", b'["a"]\n', b"\xff\n", b'{"id": 3, "title": "A"}\n', b'{"id": "x"}\n',
        b'{"title": "x"}\n', b"\n", b"[" * 100_000 + b"\n",
        b'{"id": "l", "title": "A", "labels": "b"}\n',
        b'{"id": "z", "title": "\\u0000"}\n', b'{"id": "z", "title": "\\ud800"}\n',
        b'{"id": "z", "title": "Z", "labels": ["\\ud800"]}\n',
        b'{"id": "z", "title": "Z", "comments": [{"id": "\\ud800", "text": "y"}]}\n',
    ]  # fmt: skip
    odd = lines([
        {"id": "a", "title": "A", "status": "odd", "priority": 9},
        {"id": "b", "title": "B", "dependencies": [{"depends_on_id": "none"}, {"type": "blocks"},
                                                   {"depends_on_id": "b"}]},
        {"id": "c", "title": "C", "dependencies": [{"depends_on_id": "a", "type": "new-kind"},
                                                   {"depends_on_id": "d"}]},
        {"id": "d", "title": "D", "dependencies": [{"depends_on_id": "c"}]},
        {"id": "e", "title": "E", "dependencies": [{"depends_on_id": "f", "type": "parent-child"}]},
        {"id": "f", "title": "F", "dependencies": [{"depends_on_id": "e", "type": "parent-child"}]},
        {"id": "g", "title": "G", "dependencies": [{"depends_on_id": "h", "type": "parent-child"}]},
        {"id": "g.1", "title": "G1", "dependencies": [{"depends_on_id": "g"}]},
        {"id": "a", "title": "A again"},
    ])  # fmt: skip
    found, troubles = read([*bad, *odd], "x.jsonl")
    assert [one.where for one in troubles if one.broken] == [
        f"x.jsonl:{number}" for number in (1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13)
    ]
    done = imports.bring_in(tasks, found, tool="beads", agent="ann")
    assert len(done.added) == 8
    said = {(one.where, one.message.split(";")[0].split(" on jp-")[0])
            for one in (*troubles, *done.troubles) if not one.broken}  # fmt: skip
    assert {
        ("x.jsonl:14", "the status 'odd' is not known"),
        ("x.jsonl:14", "the priority 9 is not 0 to 4"),
        ("x.jsonl:15", "it depends on 'none', which is not there"),
        ("x.jsonl:15", "a dependency names no issue"),
        ("x.jsonl:15", "it depends on itself"),
        ("x.jsonl:16", "dependencies of the kind 'new-kind' are taken as related"),
        ("x.jsonl:20", "its parent 'h' is not there"),
        ("x.jsonl:21", "its dependency"),
        ("x.jsonl:22", "the issue a stands there again: it counts"),
    } <= said
    assert sum("its parent" in message for _, message in said) == 2
    assert tasks.get("a").title == "A again"
    states = {tasks.get(one).state for one in ("c", "d")}
    assert states == {"ready", "blocked"}


def test_ids_work_everywhere_and_in_another_clone(repo: Repo, tmp_path: Path) -> None:
    """They are in the files, which a fresh clone is made of."""
    repo.write("issues.jsonl", b"".join(lines(BEADS)).decode())
    dry = repo.ok("import", "beads", "issues.jsonl", "--dry-run")
    assert (len(dry["added"]), repo.ok("list")["total"]) == (5, 0)
    said = repo.jetpack("import", "beads", "issues.jsonl")
    assert said.out == "5 tasks added, 0 updated, 0 unchanged\n1 were deleted there, and left out\n"
    assert repo.ok("claim", "bd-a1.2")["task"]["title"] == "Remember it"
    assert repo.ok("done", "bd-a1.2")["task"]["aliases"] == ["bd-a1.2"]
    assert repo.ok("dep", "add", "bd-c3", "bd-b2")
    assert repo.ok("show", "bd-c")["task"]["title"] == "Later"
    repo.commit("Import", JETPACK_AGENT="ann")
    clone = Repo(tmp_path / "clone")
    repo.git("clone", "--quiet", ".", str(clone.path))
    clone.ok("init")
    assert clone.ok("show", "bd-a1.1")["task"]["status"] == "completed"
    assert "commented" in clone.jetpack("log", "bd-a1.1").out
    again = clone.ok("import", "beads", "issues.jsonl")
    assert (again["added"], again["updated"], again["unchanged"]) == ([], [], 5)
    assert clone.jetpack("log", "bd-a1.1").out.count("Ship it") == 1
    repo.write("broken.jsonl", '{"id": "n", "title": "N"}\n{oops\n')
    answer = repo.jetpack("import", "beads", "broken.jsonl")
    assert (answer.code, answer.err.splitlines()[0]) == (
        1,
        "warning: broken.jsonl:2: this is no JSON: Expecting property name enclosed in double "
        "quotes in column 2",
    )
    assert repo.ok("show", "n")["task"]["title"] == "N"


def test_a_tasks_json(repo: Repo) -> None:
    """Subtasks wait for siblings by their short ids; every tag is read."""
    repo.write("tasks.json", json.dumps({
        "master": {"tasks": [
            {"id": 1, "title": "Set up", "description": "First.", "status": "done",
             "priority": "high", "dependencies": [], "details": "How.", "testStrategy": "Look."},
            {"id": 2, "title": "Build", "status": "in-progress", "dependencies": [1],
             "subtasks": [{"id": 1, "title": "Walls", "status": "pending"},
                          {"id": 2, "title": "Roof", "dependencies": [1]},
                          {"id": 3, "title": "Paint", "dependencies": ["2.2", 9]}]},
            {"id": 3},
            {"id": 4, "title": "Half", "details": "\ud800"},
            {"id": 5, "title": "Nothing", "notes": [{"a\0": 1}]},
        ], "metadata": {"created": "x"}},
        "side": {"tasks": [{"id": 1, "title": "Aside", "status": "cancelled"}]},
    }))  # fmt: skip
    answer = repo.jetpack("import", "tasks-json", "tasks.json", "--json")
    told = answer.json
    assert (answer.code, len(told["added"])) == (1, 6)
    assert {one["message"].split(";")[0] for one in told["troubles"]} == {
        "the task has no title", "it depends on '9', which is not there",
        "a text here holds half a character", "a text here holds a NUL character",
    }  # fmt: skip
    found = {name: repo.ok("show", name)["task"] for name in ("1", "2", "2.1", "2.2", "2.3")}
    assert found["1"]["status"] == "completed"
    assert found["1"]["description"] == "First.\n\n## details\n\nHow.\n\n## testStrategy\n\nLook."
    assert found["2"]["depends"] == [found["1"]["id"]]
    assert found["2.2"]["parent_id"] == found["2"]["id"]
    assert found["2.2"]["depends"] == [found["2.1"]["id"]]
    assert found["2.3"]["depends"] == [found["2.2"]["id"]]
    assert repo.ok("show", "side/1")["task"]["status"] == "cancelled"
    again = repo.jetpack("import", "tasks-json", "tasks.json", "--json").json
    assert (again["added"], again["updated"], again["unchanged"]) == ([], [], 6)
    repo.write("other.jsonl", '{"id": "1", "title": "Not that one"}\n')
    other = repo.jetpack("import", "beads", "other.jsonl")
    assert (other.code, "which was imported from elsewhere" in other.err) == (1, True)
    repo.write("bad.json", "{")
    bad = repo.jetpack("import", "tasks-json", "bad.json")
    assert (bad.code, bad.err.startswith("error: bad.json:1: this is no JSON")) == (2, True)


def test_a_folder_of_markdown(repo: Repo) -> None:
    """One task a file; ids are compared without regard to case."""
    repo.write("b/task-8 - Big.md", "---\nid: TASK-8\ntitle: Big\nstatus: To Do\n---\n\nAll.\n")
    repo.write("b/task-8.1 - Part.md", (
        "---\nid: TASK-8.1\ntitle: 'Part: one'\nstatus: Done\nassignee:\n  - '@ann'\n"
        "created_date: '2026-06-15 02:43'\nlabels:\n  - a\ndependencies: []\n"
        "parent_task_id: task-8\npriority: high\n---\n## Description\n\nText.\n"
    ))  # fmt: skip
    repo.write("b/more/task-9.md", (
        "---\nid: TASK-9\nstatus: Won't Do\ndependencies: [task-8.1]\n---\n# Nine\n"
    ))  # fmt: skip
    repo.write("b/readme.md", "# Not a task\n")
    repo.write("b/bad.md", "---\nid: [\n---\n")
    answer = repo.jetpack("import", "markdown-folder", "b", "--json")
    assert (answer.code, len(answer.json["added"])) == (1, 3)
    assert {one["where"] for one in answer.json["troubles"]} == {"b/readme.md:1", "b/bad.md:3"}
    part, nine = (repo.ok("show", name)["task"] for name in ("TASK-8.1", "TASK-9"))
    assert (part["title"], part["status"], part["priority"], part["created_at"]) == (
        "Part: one", "completed", 1, "2026-06-15T02:43:00.000Z",
    )  # fmt: skip
    assert part["parent_id"] == repo.ok("show", "TASK-8")["task"]["id"]
    assert (nine["title"], nine["status"], nine["depends"]) == ("Nine", "cancelled", [part["id"]])
    assert repo.jetpack("import", "markdown-folder", "none").code == 2


def test_export_as_jsonl(repo: Repo) -> None:
    """One document a line, all of them."""
    ids = [repo.add(f"Task\u2028{number}") for number in range(3)]
    out = repo.jetpack("export", "jsonl").out
    assert [json.loads(line)["id"] for line in out.rstrip("\n").split("\n")] == ids
    assert repo.ok("export", "jsonl")["total"] == 3


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2025-01-09T12:00:00Z", "2025-01-09T12:00:00.000Z"),
        ("2025-01-09T12:00:00.123456789-05:00", "2025-01-09T17:00:00.123Z"),
        ("2025-01-09", "2025-01-09T00:00:00.000Z"),
        ("0001-01-01T00:00:00+14:00", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_moments_of_others(text: str, wanted: str | None) -> None:
    """In UTC and milliseconds."""
    assert moment(text) == wanted
