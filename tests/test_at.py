"""The state as of a commit, and a task's life over commits and events."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Repo
from sync_tools import mend


@pytest.fixture
def past(repo: Repo) -> Repo:
    """A repository whose tag `then` had an open task that another waited for."""
    one = repo.add("One", "-p", "high")
    repo.add("Two", "--depends", one)
    repo.commit("Tasks")
    repo.git("tag", "then")
    repo.ok("claim", one, "--as", "Maya")
    repo.ok("done", one, "--as", "Maya", "-m", "did it")
    repo.add("Three")
    repo.commit("Work", GIT_AUTHOR_NAME="Noor")
    return repo


def states(repo: Repo, *args: str) -> dict[str, str]:
    """The status of each task by its title."""
    return {one["title"]: one["status"] for one in repo.ok("list", *args)["tasks"]}


def test_the_state_as_of_a_commit(past: Repo) -> None:
    """Of a tag, a branch and a commit; without a checkout, and nothing is written."""
    now = {"One": "completed", "Two": "ready", "Three": "ready"}
    then = {"One": "ready", "Two": "blocked"}
    assert states(past) == states(past, "--at", "main") == states(past, "--at", "HEAD") == now
    assert states(past, "--at", "then") == states(past, "--at", "HEAD~1") == then
    assert [one["title"] for one in past.ok("ready", "--at", "then")["tasks"]] == ["One"]
    one = past.ok("list", "--at", "then")["tasks"][0]["id"]
    assert past.ok("show", one, "--at", "then")["task"]["status"] == "ready"
    assert past.ok("show", one)["task"]["status"] == "completed"
    graph = past.ok("graph", "--at", "then")
    assert [(node["title"], node["unblocks"]) for node in graph["nodes"]] == [
        ("One", 1),
        ("Two", 0),
    ]
    assert past.git("status", "--porcelain") == ""


def test_the_state_is_the_same_in_a_clone_that_is_not_set_up(past: Repo, tmp_path: Path) -> None:
    """It comes from the files alone."""
    past.git("clone", "--quiet", ".", str(tmp_path / "clone"))
    there = Repo(tmp_path / "clone")
    assert states(there, "--at", "origin/main") == states(past)
    bare = tmp_path / "bare.git"
    past.git("clone", "--quiet", "--bare", ".", str(bare))
    assert states(Repo(bare), "--at", "then") == states(past, "--at", "then")


def test_parents_and_plans_are_as_they_were(repo: Repo) -> None:
    """What follows from the files is derived: parents, progress, dependencies of parents."""
    repo.write("plan.md", "# Plan\n\n- Top\n  - One\n- Next [depends: previous]\n  - Two\n")
    repo.ok("load", "plan.md")
    plan = repo.ok("plan", "list")["plans"][0]["id"]
    repo.commit("Plan")
    one = next(each["id"] for each in repo.ok("list")["tasks"] if each["title"] == "One")
    before = repo.ok("list", "--plan", plan)["tasks"]
    repo.ok("claim", one)
    repo.ok("done", one)
    repo.commit("Work")
    for revision, wanted in (
        ("HEAD", repo.ok("list", "--plan", plan)["tasks"]),
        ("HEAD~1", before),
    ):
        found = repo.ok("list", "--plan", plan, "--at", revision)["tasks"]
        keys = ("id", "title", "status", "parent_id", "blockers", "children")
        assert [[each[key] for key in keys] for each in found] == [
            [each[key] for key in keys] for each in wanted
        ]


def test_a_file_that_cannot_be_used_is_told(past: Repo) -> None:
    """The others are there all the same; an unknown revision is bad input."""
    past.write(".tasks/jp-bad.md", "no front matter\n")
    past.commit("Bad")
    said = past.jetpack("list", "--at", "HEAD")
    assert said.code == 0
    assert "One" in said.out
    assert ".tasks/jp-bad.md:1: there is no front matter. (as of HEAD)" in said.err
    for wrong in ("nowhere", "--output=x", "HEAD:a.py"):
        assert past.jetpack("list", f"--at={wrong}").code == 2


def test_history_is_commits_and_events(past: Repo) -> None:
    """In the order of time, with what each commit changed, on whatever branch."""
    one = past.ok("list")["tasks"][0]["id"]
    past.git("switch", "--quiet", "-c", "other", "then")
    past.write(f".tasks/{one}.md", past.git("show", f"then:.tasks/{one}.md") + "\n")
    mend(past, one, "title: One", "title: Uno")
    past.commit("Elsewhere", GIT_COMMITTER_DATE="2099-01-01T00:00:00Z")
    past.git("switch", "--quiet", "main")
    found = past.ok("history", one)
    commits = [each for each in found["history"] if each["what"].startswith("commit.")]
    assert [(each["what"], each["subject"]) for each in commits] == [
        ("commit.added", "Tasks"), ("commit.changed", "Work"), ("commit.changed", "Elsewhere"),
    ]  # fmt: skip
    assert commits[1]["by"] == "Noor"
    assert {"field": "status", "before": "pending", "after": "completed"} in commits[1]["fields"]
    assert {"field": "title", "before": "One", "after": "Uno"} in commits[2]["fields"]
    events = [each["what"] for each in found["history"] if "event" in each]
    assert events[:3] == ["task.created", "task.claimed", "task.completed"]
    text = past.jetpack("history", one).out
    assert "status: pending -> completed" in text


def test_a_deleted_task_has_a_history(past: Repo) -> None:
    """Under its whole id; an id that never was is not found."""
    one = past.ok("list")["tasks"][0]["id"]
    for ending in ("md", "log"):
        (past.path / f".tasks/{one}.{ending}").unlink()
    past.commit("Gone")
    past.ok("doctor")
    assert "commit.deleted" in [each["what"] for each in past.ok("history", one)["history"]]
    assert past.jetpack("history", "jp-never").code == 2
