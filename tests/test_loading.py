"""What comes with git is loaded by its hooks: a pull, a checkout, a rebase."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from conftest import Repo
from sync_tools import file
from sync_tools import title

from jetpack_git.mirror import load
from jetpack_git.workspace import open_workspace


@pytest.fixture
def clones(repo: Repo, tmp_path: Path) -> tuple[Repo, Repo]:
    """A repository with a task, and a clone of it that is set up."""
    for name, value in (("user.name", "Ada"), ("user.email", "ada@example.org")):
        repo.git("config", name, value)
    repo.add("Shared")
    repo.commit("Set up")
    repo.git("clone", "--quiet", str(repo.path), str(tmp_path / "clone"))
    other = Repo(tmp_path / "clone")
    for name, value in (("user.name", "Bob"), ("user.email", "bob@example.org")):
        other.git("config", name, value)
    other.ok("init")
    return repo, other


def shared(repo: Repo) -> str:
    """The id of the first task."""
    return str(repo.ok("list", "--limit", "1")["tasks"][0]["id"])


def said(repo: Repo, *args: str) -> str:
    """What git, which ended well, said on standard error."""
    done = subprocess.run(
        ["git", *args], cwd=repo.path, capture_output=True, text=True, check=False, env=os.environ
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_a_pull_brings_the_news(clones: tuple[Repo, Repo]) -> None:
    """New tasks, and what became of others."""
    here, there = clones
    one = shared(here)
    here.ok("claim", one)
    here.ok("done", one)
    new = here.add("New")
    here.commit("Work")
    assert "tasks: 1 tasks added, 1 updated" in said(there, "pull", "--quiet")
    assert there.ok("show", one)["task"]["status"] == "completed"
    assert there.ok("show", new)["task"]["title"] == "New"
    assert said(there, "pull", "--quiet") == ""


def test_both_sides_of_a_merge_and_of_a_rebase(clones: tuple[Repo, Repo]) -> None:
    """What was done here is still done, and what was done there too."""
    for way in ("--no-rebase", "--rebase"):
        here, there = clones
        one, two = here.add("One"), there.add(f"Two {way}")
        here.commit("One")
        there.commit("Two")
        there.git("pull", "--quiet", "--no-edit", way, "origin", "main")
        assert there.ok("show", one)["task"]["title"] == "One"
        assert there.ok("show", two)["task"]["title"] == f"Two {way}"
        here.git("pull", "--quiet", str(there.path), "main")
        assert here.ok("show", two)["task"]["title"] == f"Two {way}"
        assert there.jetpack("doctor").out == "Everything is in order.\n"


def test_another_branch_is_loaded_by_its_checkout(clones: tuple[Repo, Repo]) -> None:
    """And an older commit changes nothing, nor does a file that is checked out alone."""
    here, there = clones
    one = shared(here)
    there.git("switch", "--quiet", "-c", "side")
    there.ok("edit", one, "--title", "On the side")
    there.commit("Side")
    here.git("fetch", "--quiet", str(there.path), "side:side")
    assert "1 updated" in said(here, "switch", "--quiet", "side")
    assert title(here, one) == "On the side"
    for back in ("main", "side", "HEAD~1"):
        assert said(here, "checkout", "--quiet", back) == ""
        assert title(here, one) == "On the side"
    here.git("checkout", "--quiet", "side")
    here.git("checkout", "--quiet", "HEAD~1", "--", ".tasks")
    assert title(here, one) == "On the side"


def test_git_goes_on_whatever_comes(clones: tuple[Repo, Repo]) -> None:
    """A file that cannot be used, a database that is gone, an interpreter that is gone."""
    here, there = clones
    one = shared(here)
    here.write(f".tasks/{one}.md", "no task at all\n")
    here.commit("Broken")
    assert f".tasks/{one}.md:1: there is no front matter" in said(there, "pull", "--quiet")
    for number, breaks in enumerate(("database", "interpreter")):
        here.write(f"{number}.txt", "")
        here.add(f"Another {number}")
        here.commit("More")
        if breaks == "database":
            (there.path / ".jetpack/jetpack.db").write_bytes(b"broken" * 1000)
        else:
            hook = there.path / ".git/hooks/post-merge"
            hook.write_text(hook.read_text().replace("python=", "python=/gone"))
        told = said(there, "pull", "--quiet")
        assert "Traceback" not in told
        assert (there.path / f"{number}.txt").exists()


def test_what_others_wrote_in_such_hooks_still_runs(repo: Repo) -> None:
    """With what git tells it; and it is back after uninstall."""
    hook = repo.path / ".git/hooks/post-checkout"
    hook.write_text('#!/bin/sh\nset -e\necho "$3" >>.git/seen\n')
    hook.chmod(0o755)
    before = hook.read_text()
    repo.ok("init")
    repo.commit("Set up")
    repo.git("switch", "--quiet", "-c", "side")
    assert (repo.path / ".git/seen").read_text() == "1\n"
    repo.ok("uninstall")
    assert hook.read_text() == before


def test_our_own_git_commands_load_nothing(repo: Repo) -> None:
    """A linked worktree that git makes for us starts no second process."""
    task = repo.add("One")
    repo.commit("Set up")
    text = file(repo, task).read_text()
    assert "JETPACK_NO_LOAD" in (repo.path / ".git/hooks/post-checkout").read_text()
    repo.git("worktree", "add", "--quiet", "../linked", JETPACK_NO_LOAD="1")
    assert (repo.path.parent / "linked/.tasks" / f"{task}.md").read_text() == text


def drop(repo: Repo, task_id: str) -> None:
    """A commit that deletes the task's files."""
    repo.git("rm", "--quiet", "--ignore-unmatch", f".tasks/{task_id}.md", f".tasks/{task_id}.log")
    repo.git("commit", "--quiet", "-m", f"Drop {task_id}")


@pytest.mark.parametrize("way", ["--ff-only", "--no-rebase", "--rebase"])
def test_what_newer_commits_delete_is_deleted(clones: tuple[Repo, Repo], way: str) -> None:
    """And stays so when something older is checked out; a revert brings it back."""
    here, there = clones
    one = shared(here)
    there.git("branch", "old")
    waits = there.add("Waits", "--depends", one)
    there.commit("Waits")
    here.git("pull", "--quiet", str(there.path), "main")
    drop(here, one)
    if way != "--ff-only":
        there.write("other.txt", "")
        there.commit("Something else")
    assert "1 deleted" in said(there, "pull", "--quiet", "--no-edit", way, "origin", "main")
    assert there.jetpack("show", one).code == 2
    assert "which is not here" in there.jetpack("why", waits).out
    for name in ("old", "HEAD~1", "main"):
        there.git("checkout", "--quiet", name)
        there.ok("sync") if name == "old" else there.jetpack("sync")
        assert there.jetpack("show", one).code == 2
    assert here.ok("sync")["deleted"] == [one]
    here.git("revert", "--no-edit", "HEAD")
    here.ok("sync")
    assert here.ok("show", one)["task"]["title"] == "Shared"
    there.git("pull", "--quiet", "--no-edit", "--no-rebase", "origin", "main")
    assert there.ok("show", one)["task"]["title"] == "Shared"
    assert there.jetpack("doctor").out == "Everything is in order.\n"


def test_what_was_changed_here_is_not_deleted_by_others(clones: tuple[Repo, Repo]) -> None:
    """Nor is what somebody works on; that is told, and the file is back."""
    here, there = clones
    one = shared(here)
    drop(here, one)
    there.git("switch", "--quiet", "-c", "mine")
    there.ok("claim", one)
    there.commit("Mine")
    there.git("switch", "--quiet", "main")
    assert f"{one} 'Shared' was deleted by others" in said(there, "pull", "--quiet", "--ff-only")
    assert there.ok("show", one)["task"]["status"] == "claimed"
    assert "status: claimed" in file(there, one).read_text()


def test_a_file_that_is_only_missing_deletes_nothing(clones: tuple[Repo, Repo]) -> None:
    """Nobody has committed that."""
    here, _ = clones
    one = shared(here)
    file(here, one).unlink()
    assert here.ok("sync")["deleted"] == []
    here.write("x.txt", "")
    here.git("add", "x.txt")
    here.git("commit", "--quiet", "-m", "Something else")
    assert here.ok("sync")["deleted"] == []
    assert here.ok("show", one)["task"]["title"] == "Shared"


def test_a_deletion_on_a_new_branch_is_one(repo: Repo) -> None:
    """Though the branch was never loaded; to look at somebody else's branch deletes nothing."""
    one, two = repo.add("One"), repo.add("Two")
    repo.commit("Tasks")
    repo.ok("sync")
    repo.git("switch", "--quiet", "-c", "mine")
    file(repo, one).unlink()
    repo.commit("Delete one")
    assert repo.ok("sync")["deleted"] == [one]
    repo.git("branch", "theirs", "main")
    repo.git("switch", "--quiet", "main")
    tree = repo.git(
        "commit-tree", "-p", "theirs", "-m", "Empty", "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
    )
    repo.git("branch", "--force", "theirs", tree)
    repo.git("branch", "seen", tree)
    repo.git("switch", "--quiet", "seen")
    assert repo.ok("sync")["deleted"] == []
    repo.git("switch", "--quiet", "main")
    assert [each["id"] for each in repo.ok("list")["tasks"]] == [two]


def test_a_fresh_clone_tells_how_far_it_is(repo: Repo) -> None:
    """From the first file to the last row; a bar is shown to a person at a terminal alone."""
    for number in range(250):
        text = f"---\nid: jp-{number:04}\ntitle: Task {number}\n---\n"
        repo.write(f".tasks/jp-{number:04}.md", text)
    told: list[tuple[int, int]] = []
    workspace = open_workspace(str(repo.path), name="Ada")
    load.load(workspace.db, str(repo.path), progress=lambda *one: told.append(one))
    workspace.close()
    assert told == [(0, 500), (100, 500), (200, 500), (300, 500), (400, 500), (500, 500)]
