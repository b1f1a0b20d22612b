"""What two clones bring in alike is one task, not two."""

from __future__ import annotations

import json

import pytest
from conftest import Repo

ISSUES = [
    {"id": "bd-1", "title": "One", "created_at": "2026-01-01T00:00:00Z"},
    {"id": "bd-1.1", "title": "Part", "created_at": "2026-01-02T00:00:00Z",
     "dependencies": [{"depends_on_id": "bd-1", "type": "parent-child"}]},
]  # fmt: skip
NUMBERED = {"tasks": [{"id": 1, "title": "One", "subtasks": [{"id": 1, "title": "Part"}]}]}
PLAN = "# Big\n- One\n  - Part\n"


@pytest.fixture
def other(repo: Repo) -> Repo:
    """A clone of the repository, which has no task yet."""
    repo.commit("Set up")
    clone = Repo(repo.path.parent / "other")
    repo.git("clone", "--quiet", str(repo.path), str(clone.path))
    clone.ok("init")
    return clone


def bring_in(repo: Repo, *args: str) -> None:
    """The clone has the tasks, committed."""
    repo.write("issues.jsonl", "".join(json.dumps(one) + "\n" for one in ISSUES))
    repo.write("tasks.json", json.dumps(NUMBERED))
    repo.write("plan.md", PLAN)
    repo.ok(*args)
    repo.commit("Bring in")


@pytest.mark.parametrize(
    "args",
    [
        ("import", "beads", "issues.jsonl"), ("import", "tasks-json", "tasks.json"),
        ("load", "plan.md"),
    ],
)  # fmt: skip
def test_two_clones_that_bring_in_the_same_have_it_once(
    repo: Repo, other: Repo, args: tuple[str, ...]
) -> None:
    """Also where one of them has finished some of it before they met."""
    bring_in(repo, *args)
    bring_in(other, *args)
    listed = repo.ok("list")["tasks"]
    assert [one["id"] for one in other.ok("list")["tasks"]] == [one["id"] for one in listed]
    part = next(one["id"] for one in listed if one["title"] == "Part")
    other.ok("claim", part)
    other.ok("done", part)
    other.commit("Done")
    repo.git("pull", "--quiet", "--no-rebase", "--no-edit", str(other.path), "main")
    found = {one["id"]: one["status"] for one in repo.ok("list")["tasks"]}
    assert (len(found), found[part]) == (len(listed), "completed")
    assert repo.ok("doctor")["findings"] == []


def test_the_same_issues_need_no_driver(repo: Repo, other: Repo) -> None:
    """Their files are the same to the byte, whatever else came with them."""
    bring_in(repo, "import", "beads", "issues.jsonl")
    more = json.dumps({"id": "bd-0", "title": "None", "created_at": "2025-12-31T00:00:00Z"})
    other.write("more.jsonl", "".join(f"{one}\n" for one in (more, *map(json.dumps, ISSUES))))
    other.ok("import", "beads", "more.jsonl")
    files = {one.name: one.read_bytes() for one in (repo.path / ".tasks").glob("jp-*")}
    there = {one.name: one.read_bytes() for one in (other.path / ".tasks").glob("jp-*")}
    assert len(files) == 2
    assert files.items() < there.items()


def test_two_files_may_number_their_tasks_alike(repo: Repo) -> None:
    """What they call 1 is not the same task."""
    other = NUMBERED | {"tasks": [{"id": 1, "title": "Another"}]}
    repo.write("a.json", json.dumps(NUMBERED))
    repo.write("b.json", json.dumps(other))
    first = repo.ok("import", "tasks-json", "a.json")["added"]
    repo.git("clean", "-fdxq")
    repo.ok("init")
    repo.write("b.json", json.dumps(other))
    assert set(repo.ok("import", "tasks-json", "b.json")["added"]).isdisjoint(first)
