"""A second import brings what has changed there, and leaves what was changed here."""

from __future__ import annotations

import json
from typing import Any

import pytest
from conftest import Answer
from conftest import Repo


def beads(repo: Repo, *records: dict[str, Any]) -> Answer:
    """What importing the issues said."""
    repo.write("b.jsonl", "".join(json.dumps(one) + "\n" for one in records))
    return repo.jetpack("import", "beads", "b.jsonl", "--json")


def task(repo: Repo, name: str) -> dict[str, Any]:
    """The task of that id there."""
    found: dict[str, Any] = repo.ok("show", name)["task"]
    return found


ONE = {"id": "bd-1", "title": "one"}
TWO = {
    "id": "bd-2", "title": "two", "labels": ["there"], "description": "First",
    "dependencies": [{"depends_on_id": "bd-3", "type": "blocks"}],
}  # fmt: skip
THREE = {"id": "bd-3", "title": "three"}


def test_what_was_changed_here_stays(repo: Repo) -> None:
    """Only the fields that have changed there since are changed here, and files may lie between."""
    beads(repo, ONE, TWO, THREE)
    repo.ok("dep", "add", "bd-2", "bd-1")
    repo.ok("edit", "bd-2", "--label", "there", "--label", "here", "--title", "two, here")
    path = next((repo.path / ".tasks").glob(f"{task(repo, 'bd-2')['id']}.md"))
    path.write_text(path.read_text().replace("First", "First here"))
    repo.ok("sync")
    there = TWO | {"priority": 3, "labels": ["there", "more"], "dependencies": []}
    assert beads(repo, ONE, there, THREE).json["updated"] == [task(repo, "bd-2")["id"]]
    found = task(repo, "bd-2")
    assert (found["title"], found["description"]) == ("two, here", "First here")
    assert (found["priority"], found["labels"]) == (3, ["here", "more", "there"])
    assert found["depends"] == [task(repo, "bd-1")["id"]]
    assert beads(repo, ONE, there | {"title": "two, there"}, THREE).code == 0
    assert task(repo, "bd-2")["title"] == "two, there"


def test_work_that_has_begun_there_is_nobody_elses_here(repo: Repo) -> None:
    """Unless somebody here has taken it since."""
    beads(repo, ONE, THREE)
    repo.ok("claim", "bd-3", "--as", "maya")
    begun = {"status": "in_progress", "assignee": "zoe"}
    beads(repo, ONE | begun, THREE | begun)
    assert (task(repo, "bd-1")["status"], task(repo, "bd-1")["assignee"]) == ("in_progress", "zoe")
    assert task(repo, "bd-3")["assignee"] == "maya"


def test_another_file_with_the_same_numbers_is_another_list(repo: Repo) -> None:
    """It is told, and no finished task is written over."""
    repo.write("t.json", '{"tasks": [{"id": 1, "title": "One", "status": "done"}]}')
    repo.write("u.json", '{"tasks": [{"id": 1, "title": "Another"}, {"id": 2, "title": "Two"}]}')
    repo.ok("import", "tasks-json", "t.json")
    told = repo.jetpack("import", "tasks-json", "u.json", "--json")
    assert (told.code, len(told.json["added"])) == (1, 1)
    assert "imported from another file" in told.json["troubles"][0]["message"]
    assert (task(repo, "1")["title"], task(repo, "1")["status"]) == ("One", "completed")
    (repo.path / "t.json").rename(repo.path / "moved.json")
    assert repo.ok("import", "tasks-json", "moved.json")["unchanged"] == 1


def test_the_same_id_twice_is_told(repo: Repo) -> None:
    """The first one counts, and the exit code says that something was left out."""
    tasks = [{"id": 2, "title": "first"}, {"id": 2, "title": "again"},
             {"id": 3, "title": "p", "subtasks": [{"id": 1, "title": "s"}] * 2}, "x"]  # fmt: skip
    repo.write("t.json", json.dumps({"tasks": tasks}, indent=1))
    told = repo.jetpack("import", "tasks-json", "t.json", "--json")
    assert (told.code, len(told.json["added"])) == (1, 3)
    said = [one["message"] for one in told.json["troubles"]]
    assert [one.split("; ")[0] for one in said[:2]] == [
        "the id 2 stands there again", "the id 3.1 stands there again",
    ]  # fmt: skip
    assert said[2] == "item 4 of the list that begins here is no task"
    for name in ("a", "b"):
        repo.write(f"folder/{name}.md", f"---\nid: m1\ntitle: {name}\n---\n")
    told = repo.jetpack("import", "markdown-folder", "folder", "--json")
    assert (told.code, told.json["troubles"][0]["where"]) == (1, "folder/b.md:1")


@pytest.mark.parametrize(
    ("field", "value"), [("estimated_minutes", -5), ("estimated_minutes", "soon"),
                         ("created_at", "garbage"), ("closed_at", "later")],
)  # fmt: skip
def test_what_cannot_be_read_is_told(repo: Repo, field: str, value: object) -> None:
    """With its line; the issue is brought in without it."""
    told = beads(repo, ONE, TWO | {field: value}, THREE)
    assert len(told.json["added"]) == 3
    assert [one["where"] for one in told.json["troubles"]] == ["b.jsonl:2"]


def test_odd_values_of_files_are_told(repo: Repo) -> None:
    """An estimate that is read is kept."""
    for name, more in (("a", "estimate: soon\npriority: 77"), ("b", "estimate: 2h")):
        repo.write(f"folder/{name}.md", f"---\nid: {name}\ntitle: {name}\n{more}\n---\n")
    told = repo.jetpack("import", "markdown-folder", "folder", "--json")
    assert [one["where"] for one in told.json["troubles"]] == ["folder/a.md:5", "folder/a.md:4"]
    assert task(repo, "b")["estimate_s"] == 7200


def test_an_id_and_a_title_have_an_end(repo: Repo) -> None:
    """As those that are added here."""
    told = beads(
        repo, ONE, {"id": "bd-x", "title": "x" * 70_000}, {"id": "y" * 70_000, "title": "y"}
    )
    assert (told.code, len(told.json["added"])) == (1, 1)
    assert [one["where"] for one in told.json["troubles"]] == ["b.jsonl:2", "b.jsonl:3"]
