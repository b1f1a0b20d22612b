"""Branches that change tasks, merged by git: with the driver, and where nobody set it up."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Repo
from sync_tools import NOTHING
from sync_tools import file

from jetpack_git.mirror import load
from jetpack_git.models.task import Task
from jetpack_git.workspace import open_workspace

BRANCHES = 8


@pytest.fixture
def tracked(repo: Repo) -> Repo:
    """A repository whose task files are committed."""
    repo.git("config", "user.name", "Ada")
    repo.git("config", "user.email", "ada@example.org")
    repo.add("Shared", "-d", "First")
    repo.commit("Set up")
    return repo


def without_driver(repo: Repo) -> None:
    """Git merges as on a server."""
    repo.git("config", "--remove-section", "merge.jetpack")


def merge(repo: Repo, name: str) -> str:
    """What git said on standard error as it merged the branch, without a conflict."""
    import subprocess

    done = subprocess.run(
        ["git", "merge", "--quiet", "--no-edit", name], cwd=repo.path, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert repo.git("status", "--porcelain", "--untracked-files=no") == ""
    return done.stderr


def shared(repo: Repo) -> str:
    """The id of the first task."""
    return str(repo.ok("list", "--limit", "1")["tasks"][0]["id"])


def on_branch(repo: Repo, name: str, *commands: tuple[str, ...]) -> None:
    """A branch from main on which these commands were committed; main is checked out again."""
    repo.git("checkout", "--quiet", "-b", name, "main")
    repo.ok("sync", "--from-files")
    for one in commands:
        repo.ok(*one)
    repo.commit(name)
    repo.git("checkout", "--quiet", "main")
    repo.ok("sync", "--from-files")


def test_two_branches_that_edit_one_task(tracked: Repo) -> None:
    """Fields beside each other merge; what both changed is told, and kept."""
    one = shared(tracked)
    on_branch(tracked, "a", ("edit", one, "--title", "A title", "-p", "0", "--label", "x"))
    on_branch(tracked, "b", ("edit", one, "--title", "Another", "--estimate", "2h"))
    merge(tracked, "a")
    said = merge(tracked, "b")
    assert f".tasks/{one}.md: {one}: title is 'A title' here and 'Another' there" in said
    text = file(tracked, one).read_text()
    for line in ("title: Another\n", "priority: 0\n", 'estimate: "2h"\n', "  - x\n"):
        assert line in text
    assert tracked.ok("sync") in (NOTHING, NOTHING | {"updated": [one]})
    (kept,) = tracked.ok("conflicts")["conflicts"]
    assert (kept["field"], kept["ours"], kept["theirs"]) == ("title", "A title", "Another")
    tracked.ok("resolve", str(kept["number"]), "--ours")
    assert "title: A title\n" in file(tracked, one).read_text()


def test_whoever_holds_the_task_has_mail_of_a_conflict(tracked: Repo) -> None:
    """Those who do on either branch, once."""
    one = shared(tracked)
    for name in ("maya", "noor"):
        tracked.ok("register", "--name", name)
    for branch, name in (("a", "maya"), ("b", "noor")):
        tracked.git("switch", "--quiet", "-c", branch, "main")
        tracked.ok("sync", "--from-files", one)
        tracked.ok("claim", one, "--as", name)
        tracked.ok("edit", one, "--title", f"By {name}", "--as", name)
        tracked.commit(branch)
    tracked.git("switch", "--quiet", "main")
    merge(tracked, "a")
    merge(tracked, "b")
    tracked.ok("sync")
    for name in ("maya", "noor"):
        found = tracked.ok("inbox", "--as", name)["messages"]
        mails = [each for each in found if each["type"] == "task.file_conflict"]
        assert [each["task_id"] for each in mails] == [one]
        assert mails[0]["subject"].startswith(f"Branches disagree on {one}: ")
        assert mails[0]["payload"] == {"files": [f".tasks/{one}.md"], "task_id": one}


def test_it_is_the_same_the_other_way_round(tracked: Repo) -> None:
    """Whoever merges whom."""
    one = shared(tracked)
    on_branch(tracked, "a", ("edit", one, "--title", "A title", "-p", "0", "--label", "x"))
    on_branch(tracked, "b", ("edit", one, "--title", "Another", "-d", "Second\nThird"))
    found = set()
    for first, second in (("a", "b"), ("b", "a")):
        tracked.git("checkout", "--quiet", "-B", "try", first)
        merge(tracked, second)
        found.add(file(tracked, one).read_bytes())
    assert len(found) == 1


def test_what_two_branches_add_to_a_text_is_there(tracked: Repo) -> None:
    """Whole and without a conflict, in a task and in a memory; and what is mended further up."""
    one = shared(tracked)
    memory = tracked.ok("remember", "A title\nOne\nTwo")["memory"]["id"]
    tracked.commit("A memory")
    on_branch(
        tracked, "a", ("edit", one, "-d", "First\n\nFrom a\n\nAnd more"),
        ("edit", memory, "--body", "Uno\nTwo"),
    )  # fmt: skip
    on_branch(
        tracked, "b", ("edit", one, "-d", "First\n\nBut b"),
        ("edit", memory, "--body", "One\nTwo\nThree"),
    )  # fmt: skip
    merge(tracked, "a")
    assert "1 updated, 1 memories" in merge(tracked, "b")
    tracked.ok("sync")
    found = tracked.ok("show", one)["task"]["description"]
    assert found == "First\n\nBut b\n\n---\n\nFrom a\n\nAnd more"
    assert file(tracked, one).read_text().endswith(f"---\n{found}\n")
    assert tracked.ok("show", memory)["memory"]["body"] == "Uno\nTwo\nThree"
    assert tracked.ok("conflicts")["total"] == 0


def test_eight_branches_that_add_and_finish_tasks(tracked: Repo) -> None:
    """Nothing conflicts where git knows no driver; with it, one task may be edited by all."""
    one = shared(tracked)
    workspace = open_workspace(str(tracked.path), name="Ada")
    tasks = workspace.tasks
    old = [tasks.add(Task(id="", title=f"Old {number}")).id for number in range(BRANCHES * 5)]
    tracked.commit("Tasks")
    for number in range(BRANCHES):
        tracked.git("checkout", "--quiet", "-b", f"plain-{number}", "main")
        load.load(workspace.db, str(tracked.path), force=())
        for at in range(5):
            tasks.add(Task(id="", title=f"New {number} {at}"))
            tasks.claim(old[number * 5 + at], agent="Ada")
            tasks.done(old[number * 5 + at], agent="Ada")
        tracked.commit("Plain")
        tracked.git("checkout", "--quiet", "-b", f"all-{number}")
        tasks.edit(one, {"title": f"By {number}", "labels": (f"l{number}",), "priority": 1})
        tracked.commit("Shared")
    workspace.close()
    tracked.git("checkout", "--quiet", "-b", "driven", "main")
    for number in range(BRANCHES):
        merge(tracked, f"all-{number}")
    assert len(file(tracked, one).read_text().split("labels:")[1].splitlines()) >= BRANCHES
    without_driver(tracked)
    tracked.git("checkout", "--quiet", "main")
    for number in range(BRANCHES):
        merge(tracked, f"plain-{number}")
    tracked.ok("sync", "--from-files")
    counts = tracked.ok("status")["counts"]
    assert (counts["completed"], sum(counts.values())) == (BRANCHES * 5, 1 + BRANCHES * 10)


def test_a_driver_that_cannot_run_leaves_it_to_git(tracked: Repo) -> None:
    """A merge by lines is better than one side that looks like a merge."""
    one = shared(tracked)
    on_branch(tracked, "a", ("edit", one, "--title", "A title"))
    on_branch(tracked, "b", ("edit", one, "--label", "x"))
    on_branch(tracked, "c", ("edit", one, "--title", "Another"))
    driver = tracked.git("config", "merge.jetpack.driver")
    tracked.git("config", "merge.jetpack.driver", "/gone/" + driver.lstrip("/"))
    merge(tracked, "a")
    merge(tracked, "b")
    assert "  - x\n" in file(tracked, one).read_text()
    tracked.git("merge", "c", check=False)
    assert "<<<<<<< ours" in file(tracked, one).read_text()
    tracked.git("merge", "--abort")
    assert "drivers" in tracked.jetpack("doctor").out
    assert tracked.git("config", "merge.jetpack.driver") == driver


def test_uninstall_takes_the_drivers_out(tracked: Repo) -> None:
    """And nothing else of the config."""
    tracked.git("config", "merge.other.driver", "true")
    tracked.ok("init")
    assert tracked.ok("uninstall")["drivers"] is True
    assert tracked.git("config", "--get-regexp", "^(merge|diff)\\.") == "merge.other.driver true"
    assert tracked.ok("uninstall")["drivers"] is False


def test_a_hunk_is_headed_by_the_title(tracked: Repo) -> None:
    """So a reviewer sees which task it is about."""
    one = shared(tracked)
    tracked.ok("edit", one, "-d", "\n".join(f"line {number}" for number in range(20)))
    tracked.git("add", ".")
    text = file(tracked, one).read_text().replace("line 15", "line fifteen")
    Path(file(tracked, one)).write_text(text)
    assert " @@ Shared\n" in tracked.git("diff")
