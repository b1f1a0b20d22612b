"""Changes that met files which nobody had loaded: none of them is lost, on either side."""

from __future__ import annotations

import subprocess
import sys

import pytest
from conftest import Repo

DIE = """
import os, sys
from jetpack_git.workspace import open_workspace
workspace = open_workspace(".", name="Ada")
workspace.paused = True
workspace.tasks.claim(sys.argv[1], agent="Ada")
workspace.tasks.done(sys.argv[1], agent="Ada", summary="Did it")
os._exit(9)
"""


def content(repo: Repo, task: str) -> str:
    """The file of the task."""
    return (repo.path / ".tasks" / f"{task}.md").read_text()


def clone(repo: Repo, name: str) -> Repo:
    """A clone that is set up."""
    path = repo.path.parent / name
    repo.git("clone", "--quiet", str(repo.path), str(path))
    found = Repo(path)
    found.ok("init")
    return found


@pytest.mark.parametrize("brought", ["hand", "cherry-pick", "squash"])
def test_a_completion_reaches_a_file_that_a_commit_has_changed(repo: Repo, brought: str) -> None:
    """Once that is loaded, the file says both."""
    task = repo.add("One")
    repo.commit()
    repo.git("checkout", "--quiet", "-b", "other")
    (repo.path / ".tasks" / f"{task}.md").write_text(
        content(repo, task).replace("priority: 2", "priority: 1")
    )
    repo.git("commit", "--quiet", "--all", "-m", "By hand")
    if brought != "hand":
        repo.git("-c", "core.hooksPath=/dev/null", "checkout", "--quiet", "main")
        command = ["cherry-pick"] if brought == "cherry-pick" else ["merge", "--squash"]
        repo.git("-c", "core.hooksPath=/dev/null", *command, "other")
    repo.ok("claim", task)
    repo.ok("done", task)
    repo.ok("sync")
    assert "status: completed\n" in content(repo, task)
    assert "priority: 1\n" in content(repo, task)
    assert repo.ok("doctor", "--dry-run")["findings"] == []


def test_a_parent_that_became_a_leaf_and_was_finished(repo: Repo) -> None:
    """In one pull."""
    parent = repo.add("Parent")
    child = repo.add("Child", "--parent", parent)
    repo.commit()
    there = clone(repo, "there")
    repo.ok("edit", child, "--parent", "")
    repo.ok("claim", parent)
    repo.ok("done", parent, "-m", "fin")
    repo.commit()
    there.git("pull", "--quiet")
    assert there.ok("show", parent)["task"]["status"] == "completed"
    there.ok("edit", parent, "-p", "1")
    assert "status: completed\n" in content(there, parent)


def test_a_rebuild_keeps_what_a_dead_process_left(repo: Repo) -> None:
    """What it had told the database, and not yet the files."""
    task = repo.add("One")
    done = subprocess.run([sys.executable, "-c", DIE, task], cwd=repo.path, check=False)
    assert done.returncode == 9
    assert "status: pending\n" in content(repo, task)
    repo.ok("doctor", "--rebuild")
    assert repo.ok("show", task)["task"]["status"] == "completed"


def test_a_commit_of_all_that_changed_has_the_log_too(repo: Repo) -> None:
    """Which is a new file, and would be left out."""
    task = repo.add("One")
    repo.commit()
    repo.ok("claim", task)
    repo.ok("done", task)
    (repo.path / ".tasks" / f"{task}.log").touch()
    repo.git("commit", "--quiet", "--all", "-m", "Work")
    assert repo.git("status", "--porcelain", "--", ".tasks") == ""


@pytest.mark.parametrize("status", ["claimed", "in_progress", "failed", "wobble", "pending"])
def test_a_finished_task_that_is_open_again_is_an_error(repo: Repo, status: str) -> None:
    """Whatever it is now."""
    task = repo.add("One")
    repo.ok("claim", task)
    repo.ok("done", task)
    repo.commit()
    repo.git("checkout", "--quiet", "-b", "work")
    path = repo.path / ".tasks" / f"{task}.md"
    path.write_text(content(repo, task).replace("status: completed", f"status: {status}"))
    repo.git("commit", "--quiet", "--no-verify", "--all", "-m", "Set back")
    answer = repo.jetpack("review", "main...work", "--check", "--json")
    assert answer.code == 1
    assert ("reopened", "error") in {(one["kind"], one["level"]) for one in answer.json["findings"]}


def test_what_waits_for_a_deleted_task_is_told(repo: Repo) -> None:
    """And a finished parent that is deleted is an error."""
    first = repo.add("First")
    parent = repo.add("Parent", "--depends", first)
    child = repo.add("Child", "--parent", parent)
    for one in (first, child):
        repo.ok("claim", one)
        repo.ok("done", one)
    repo.commit()
    repo.git("checkout", "--quiet", "-b", "work")
    for one in (first, parent):
        repo.git("rm", "--quiet", f".tasks/{one}.md")
    repo.git("commit", "--quiet", "--no-verify", "-m", "Gone")
    found = repo.ok("review", "main...work")["findings"]
    assert {one["place"] for one in found if one["kind"] == "deleted"} == {first, parent}
    assert [one["text"] for one in found if one["kind"] == "missing"] == [parent]
