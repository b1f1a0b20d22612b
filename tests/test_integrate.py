"""The guard stands between an agent's work and the base, and so do a user's own hooks."""

from __future__ import annotations

import os
import subprocess

import pytest
from conftest import Repo
from swarm_tools import add
from swarm_tools import check_clean
from swarm_tools import commit_tasks
from swarm_tools import events
from swarm_tools import finished
from swarm_tools import opened
from swarm_tools import shell
from swarm_tools import start
from swarm_tools import task

WORK = {
    "declared": "echo agent > a.py",
    "committed": "echo agent > a.py; git commit -qam mine || git commit -qnam mine",
    "guard off": "printf 'guard:\\n  mode: off\\n' > .jetpack/config.yaml; echo agent > a.py; "
    "git commit -qnam mine",
    "completed": "echo agent > a.py; git jetpack done $JETPACK_TASK",
    "renamed": "git mv a.py b.py",
}


@pytest.mark.parametrize("how", WORK)
def test_the_guard_stops_what_somebody_reserved_before(repo: Repo, how: str) -> None:
    """The task waits, the base is untouched; the work goes on when the path is free."""
    repo.ok("reserve", "a.py", "--as", "maya")
    one = add(repo, "Change", files=("a.py",) if how == "declared" else ())
    after = add(repo, "Build on it", after=(one,))
    commit_tasks(repo)
    before = repo.git("rev-parse", "main")
    answer = start(repo, shell(WORK[how]), "--integrate", "merge")
    assert answer.code == 1
    assert "the guard stopped the commit: a.py is reserved by maya (a.py) until" in answer.out
    assert task(repo, one).status == "pending_retry"
    assert task(repo, after).state == "blocked"
    assert repo.git("rev-parse", "main") == before
    branch = str(task(repo, one).branch)
    assert repo.git("diff", "--name-only", "main", branch, "--", "a.py") == "a.py"
    log = repo.git("show", f"{branch}:.tasks/{one}.log")
    assert ("\tcompleted\t" in log) == (how == "completed")
    repo.ok("unreserve", "a.py", "--as", "maya")
    prompt = repo.path.parent / "prompt"
    again = start(repo, f"sh -c '[ -e {prompt} ] || cp {{prompt_file}} {prompt}'",
                  "--integrate", "merge")  # fmt: skip
    assert again.code == 0, again
    assert "An earlier attempt has left work on this branch." in prompt.read_text()
    assert [task(repo, each).status for each in (one, after)] == ["completed"] * 2
    assert not (repo.path / "a.py").exists() or (repo.path / "a.py").read_text() == "agent\n"
    check_clean(repo)


def test_a_later_reservation_does_not_stop_the_earlier_one(repo: Repo) -> None:
    """The agent reserved the file with its claim, and has the right of way."""
    one = add(repo, "Change", files=("a.py",))
    commit_tasks(repo)
    command = shell("git jetpack reserve a.py --as maya > /dev/null; echo agent > a.py")
    answer = start(repo, command, "--integrate", "merge")
    assert answer.code == 0, answer
    assert task(repo, one).status == "completed"


def test_a_users_own_hook_is_obeyed(repo: Repo) -> None:
    """Its failure sends the task back, with its words, and the work is kept."""
    hook = repo.path / ".git/hooks/pre-commit"
    hook.write_text('#!/bin/sh\n[ -e fixed ] || { echo "lint: no" >&2; exit 1; }\n')
    one = add(repo, "Change")
    repo.git("add", "-A")
    repo.git("commit", "-qnm", "Plan")
    answer = start(repo, shell("echo a > b.txt"), "--integrate", "merge")
    assert answer.code == 1
    assert "lint: no" in answer.out
    assert task(repo, one).status == "pending_retry"
    assert repo.git("show", f"{task(repo, one).branch}:b.txt") == "a"
    again = start(repo, shell("cat b.txt > fixed"), "--integrate", "merge")
    assert again.code == 0, again
    assert (repo.path / "fixed").read_text() == "a\n"
    check_clean(repo)


def test_task_files_never_conflict(repo: Repo) -> None:
    """A task may be edited in the main worktree while an agent is at work on its branch."""
    one = add(repo, "Change")
    commit_tasks(repo)
    assert start(repo, shell("echo a > b.txt; exit 1")).code == 1
    repo.ok("release", one)
    repo.ok("edit", one, "--title", "Change it well")
    commit_tasks(repo)
    command = shell("git -C ../../.. jetpack edit $JETPACK_TASK -d 'while it runs' > /dev/null; "
                    "git -C ../../.. commit -qam 'Edit'; echo c > c.txt")  # fmt: skip
    answer = start(repo, command, "--integrate", "merge")
    assert answer.code == 0, answer
    text = (repo.path / f".tasks/{one}.md").read_text()
    assert "Change it well" in text
    assert "while it runs" in text
    assert "\nstatus: completed\n" in text
    assert events(repo, one)[-1] == "integration.merged"
    repo.ok("sync")
    assert repo.git("status", "--porcelain") == ""
    check_clean(repo)


def test_a_conflict_is_a_task_that_is_made_once(repo: Repo) -> None:
    """It names both sides and waits for nothing; whoever does it has merged the branch as well."""
    one, other = finished(repo, "ours", "theirs", name="same.txt")
    before = repo.git("rev-parse", "main")
    idle = shell("exit 1")
    answer = start(repo, idle, "--integrate", "merge")
    assert answer.code == 1
    with opened(repo) as workspace:
        (made,) = [each for each in workspace.tasks.list()[0] if each.id not in (one, other)]
    branch = task(repo, other).branch
    assert made.title == f"Merge {branch} into main"
    for said in (f"{branch} ({other}, Task 1)", f"main\n({one}, Task 0)", "- same.txt"):
        assert said in made.description
    assert (made.links, made.depends, made.blockers) == ((("discovered-from", other),), (), 0)
    assert f"conflicts with main in same.txt; {made.id} is to merge them" in answer.out
    assert repo.git("rev-parse", "--verify", str(branch))
    assert repo.git("status", "--porcelain") == ""
    assert repo.git("log", "--format=%s", f"{before}..main", "--first-parent") == (
        f"Merge {task(repo, one).branch}"
    )
    assert f"{made.id} is to merge them" in start(repo, idle, "--integrate", "merge").out
    repo.ok("release", made.id)
    commit_tasks(repo)
    command = shell(f"git merge -q {branch}; echo both > same.txt; git commit -qam both")
    again = start(repo, command, "--integrate", "merge")
    assert (again.code, task(repo, made.id).status) == (0, "completed"), again
    assert events(repo, other)[-1] == "integration.merged"
    assert (repo.path / "same.txt").read_text() == "both\n"
    assert len(repo.ok("list")["tasks"]) == 3
    assert repo.ok("status")["unmerged"] == []
    check_clean(repo)


HOW = {
    "squashed": "git merge -q --squash {branch}; git commit -qm squashed",
    "rebased": "git cherry-pick {branch}~1 {branch}",
    "squashed, and changed since": "git merge -q --squash {branch}; git commit -qm squashed; "
    "echo later > {file}; git commit -qam later",
    "squashed, and reverted": "git merge -q --squash {branch}; git commit -qm squashed; "
    "git revert --no-edit HEAD",
    "half of it": "git cherry-pick {branch}~1",
}


@pytest.mark.parametrize("how", HOW)
def test_landing_is_judged_by_content(repo: Repo, how: str) -> None:
    """What got into the base in another way is merged; nothing is merged a second time."""
    one = finished(repo, "text")[0]
    branch = str(task(repo, one).branch)
    repo.git("switch", "-q", branch)
    repo.write("b.py", "b\n")
    repo.git("add", "b.py")
    repo.git("commit", "-qnm", "More")
    repo.git("switch", "-q", "main")
    with opened(repo) as workspace:
        workspace.tasks.set_commit(one, repo.git("rev-parse", branch))
    assert [each["id"] for each in repo.ok("status")["unmerged"]] == [one]
    commands = HOW[how].format(branch=branch, file=f"{one}.txt")
    subprocess.run(["sh", "-ec", commands], cwd=repo.path, check=True, capture_output=True,
                   env=os.environ | {"JETPACK_AGENT": "Ada"})  # fmt: skip
    whole = how != "half of it"
    assert [each["id"] for each in repo.ok("status")["unmerged"]] == ([] if whole else [one])
    before = repo.git("rev-parse", "main")
    assert start(repo, "true", "--integrate", "merge").code == 0
    assert events(repo, one)[-1] == "integration.merged"
    assert (repo.git("rev-parse", "main") == before) == whole


@pytest.mark.parametrize("staged", [True, False])
def test_a_base_with_uncommitted_changes_is_not_moved_under_anybody(
    repo: Repo, staged: bool
) -> None:
    """Not even where they are in no merge's way; untracked files do not matter."""
    (one,) = finished(repo, "text")
    repo.write("a.py", "mine\n")
    if staged:
        repo.git("add", "a.py")
    repo.write("loose.txt", "loose\n")
    before = repo.git("rev-parse", "main")
    answer = start(repo, "true", "--integrate", "merge")
    assert (answer.code, repo.git("rev-parse", "main")) == (1, before)
    said = f"main is checked out in {repo.path} with uncommitted changes in a.py; it is not moved"
    assert said in answer.err
    assert said in answer.out
    assert repo.git("diff", "HEAD", "--name-only") == "a.py"
    repo.git("checkout", "-q", "HEAD", "--", "a.py")
    assert start(repo, "true", "--integrate", "merge").code == 0
    assert events(repo, one)[-1] == "integration.merged"


def test_a_submodule_that_a_merge_has_moved_stops_no_later_one(repo: Repo) -> None:
    """It stands at its old commit until the person updates it; what is staged is a change."""
    other = Repo(repo.path.parent / "library")
    other.path.mkdir()
    other.git("init", "-q")
    for message in ("New", "Old"):
        other.git("commit", "-q", "--allow-empty", "-m", message)
    new = other.git("rev-parse", "HEAD^")
    repo.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(other.path), "sub")
    add(repo, "Move it")
    commit_tasks(repo)
    bump = f"git update-index --cacheinfo 160000,{new},sub && git commit -qm bump"
    assert start(repo, shell(bump), "--integrate", "merge").code == 0
    assert repo.git("status", "--porcelain", "sub") == "M sub"
    add(repo, "Go on")
    repo.git("add", ".tasks")
    repo.git("commit", "-qm", "Plan")
    answer = start(repo, shell("echo x > x.txt"), "--integrate", "merge")
    assert (answer.code, (repo.path / "x.txt").exists()) == (0, True), answer
    add(repo, "Wait")
    repo.git("add", ".tasks")
    repo.git("commit", "-qm", "Plan")
    repo.git("add", "sub")
    assert "uncommitted changes in" in start(repo, shell("true"), "--integrate", "merge").out


def test_the_base_is_moved_however_the_user_likes_to_merge(repo: Repo) -> None:
    """Nor does a tag of the branch's name hide what has not been merged."""
    one = add(repo, "Work")
    commit_tasks(repo)
    repo.git("config", "branch.main.mergeOptions", "--squash --no-ff")
    assert start(repo, shell("echo x > x.txt")).code == 0
    repo.git("tag", str(task(repo, one).branch))
    assert [each["id"] for each in repo.ok("status")["unmerged"]] == [one]
    assert start(repo, "true", "--integrate", "merge").code == 0
    assert repo.git("status", "--porcelain", "--untracked-files=no") == ""
    assert repo.ok("status")["unmerged"] == []


def test_a_base_that_is_being_rebased_is_not_moved(repo: Repo) -> None:
    """Git would find its branch elsewhere at the end of the rebase."""
    finished(repo, "text")
    before = repo.git("rev-parse", "main")
    repo.git("rebase", "-q", "--exec", "false", "HEAD~1", check=False)
    answer = start(repo, "true", "--integrate", "merge", "--base", "main")
    assert (answer.code, "main is being rebased; it is not moved" in answer.out) == (1, True)
    assert repo.git("rev-parse", "main") == before
    repo.git("rebase", "--abort")
    assert start(repo, "true", "--integrate", "merge").code == 0


def test_a_conflict_in_a_file_of_any_name_is_told(repo: Repo) -> None:
    """Bytes that are no UTF-8 and newlines are shown as what they are."""
    name = os.fsdecode(b"a\nb\xff.txt")
    finished(repo, "ours", "theirs", name=name)
    answer = start(repo, shell("exit 1"), "--integrate", "merge")
    assert answer.code == 1
    assert "conflicts with main in a\\nb\\xff.txt; " in answer.out
    (made,) = [one["id"] for one in repo.ok("list")["tasks"] if one["status"] != "completed"]
    repo.ok("cancel", made)
    commit_tasks(repo)
    assert f"{made} is cancelled" in start(repo, "true", "--integrate", "merge").out
    assert repo.jetpack("radar").out == "No branches conflict.\n"
