"""Landed: what is said of a branch holds, however its work got into the base, or did not."""

from __future__ import annotations

import os
import subprocess

import pytest
from conftest import Repo
from swarm_tools import commit_tasks
from swarm_tools import events
from swarm_tools import finished
from swarm_tools import opened
from swarm_tools import shell
from swarm_tools import start
from swarm_tools import task

QUICK = "git -c core.hooksPath=/dev/null "
HOW = {
    "the same but for white space": (
        "sed -i 's/^  /    /' code.py; {git} commit -qam wide",
        "sed -i 's/^  /        /' code.py; {git} commit -qam wider",
        False,
    ),
    "all but what a merge brought": (
        "echo 1 > one; git add one; {git} commit -qm one; {git} merge -q --no-commit aside; "
        "echo more > more; git add more; {git} commit -qm both",
        "{git} cherry-pick {branch}^ aside; echo 2 > other; git add other; {git} commit -qm later",
        False,
    ),
    "all, and the merge brought nothing": (
        "echo 1 > one; git add one; {git} commit -qm one; {git} merge -q --no-edit aside",
        "{git} cherry-pick {branch}^ aside; echo 2 > one; {git} commit -qam later",
        True,
    ),
    "a file whose name ends as a line may": (
        "printf 1 > \"$(printf 'Icon\\r')\"; git add -A; {git} commit -qm icon",
        "{git} cherry-pick {branch}; printf 2 > \"$(printf 'Icon\\r')\"; {git} commit -qam later",
        True,
    ),
    "a mode": (
        "chmod +x code.py; {git} commit -qam mode",
        "{git} cherry-pick {branch}; chmod -x code.py; {git} commit -qam back",
        True,
    ),
}
MERGEABLE = ("all but what a merge brought",)


@pytest.fixture
def based(repo: Repo) -> Repo:
    """Its base has a file with indented lines, and a branch `aside` has one more file."""
    repo.write("code.py", "if x:\n  a()\n  b()\n")
    commit_tasks(repo)
    run(repo, "git switch -qc aside; echo x > aside.txt; git add aside.txt; {git} commit -qm x")
    repo.git("switch", "-q", "main")
    return repo


def run(repo: Repo, commands: str, branch: str = "") -> None:
    """The commands have run in the repository, each well."""
    text = commands.replace("{git} ", QUICK).replace("{branch}", branch)
    subprocess.run(["sh", "-ec", text], cwd=repo.path, check=True, capture_output=True,
                   env=os.environ)  # fmt: skip


def on(repo: Repo, task_id: str, commands: str) -> str:
    """The task's branch, made anew from the base by the commands; the task knows its tip."""
    branch = str(task(repo, task_id).branch)
    repo.git("switch", "-q", "-C", branch, "main")
    run(repo, commands)
    repo.git("switch", "-q", "main")
    with opened(repo) as workspace:
        workspace.tasks.set_commit(task_id, repo.git("rev-parse", branch))
    return branch


def unmerged(repo: Repo) -> list[str]:
    """The tasks whose work the base does not have, as `status` says."""
    return [str(each["id"]) for each in repo.ok("status")["unmerged"]]


@pytest.mark.parametrize("how", HOW)
def test_the_same_work_is_told_from_what_looks_like_it(based: Repo, how: str) -> None:
    """`status` and the swarm are of one mind, and nothing is given up for merged that is not."""
    (one,) = finished(based, "text")
    ours, theirs, landed = HOW[how]
    branch = on(based, one, ours)
    run(based, theirs, branch)
    before = based.git("rev-parse", "main")
    assert unmerged(based) == ([] if landed else [one])
    start(based, shell("exit 1"), "--integrate", "merge")
    merged = landed or how in MERGEABLE
    assert (events(based, one)[-1] == "integration.merged") == merged
    assert (based.git("rev-parse", "main") != before) == (how in MERGEABLE)


def test_a_branch_that_builds_on_the_squashed_one_does_not_hide_it(repo: Repo) -> None:
    """The base is as far as the other branch knows it, which has come later."""
    one, other = finished(repo, "first", "second")
    run(repo, "git merge -q --squash {branch}; {git} commit -qm squashed",
        str(task(repo, one).branch))  # fmt: skip
    on(repo, other, "echo more > more; git add more; {git} commit -qm more")
    assert unmerged(repo) == [other]


def test_a_branch_that_shares_nothing_is_left_and_stops_nobody(repo: Repo) -> None:
    """`status` and `radar` go on; what is in the way of the merge is said."""
    one, other = finished(repo, "mine", "theirs", name="same.txt")
    branch = str(task(repo, one).branch)
    on(repo, one, "git switch -q --orphan new; echo new > same.txt; git add same.txt; "
       f"{{git}} commit -qm new; git branch -qf {branch} new")  # fmt: skip
    assert unmerged(repo) == [one, other]
    assert repo.jetpack("radar").out == "No branches conflict.\n"
    answer = start(repo, shell("exit 1"), "--integrate", "merge")
    assert answer.code == 1
    tip = repo.git("rev-parse", branch)[:12]
    assert f"{tip} and {repo.git('rev-parse', 'main~1')[:12]} have no commit" in answer.out
    assert unmerged(repo) == [one]
