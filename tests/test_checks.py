"""What is merged was checked before, in a worktree of its own."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest
from conftest import Repo
from swarm_tools import add
from swarm_tools import check_clean
from swarm_tools import commit_tasks
from swarm_tools import end
from swarm_tools import events
from swarm_tools import finished
from swarm_tools import launch
from swarm_tools import marked
from swarm_tools import opened
from swarm_tools import shell
from swarm_tools import start
from swarm_tools import task
from swarm_tools import wait_for

from jetpack_git.swarm import checks

LOG = "runs"


def checked(repo: Repo, *lines: str, more: str = "") -> None:
    """The config demands that, and is committed with the tasks."""
    listed = "".join(f"    - {one}\n" for one in lines)
    repo.write(".jetpack/config.yaml", f"integration:\n{more}  checks:\n{listed}")
    commit_tasks(repo)


def last(repo: Repo, task_id: str) -> str:
    """What was said last of merging the task."""
    return events(repo, task_id)[-1]


def check_rests(repo: Repo) -> None:
    """The worktree of the checks is clean, on no branch, and nothing says that they run."""
    root = repo.path / ".jetpack/worktrees" / checks.NAME
    there = Repo(root)
    assert there.git("status", "--porcelain") == ""
    assert there.git("symbolic-ref", "-q", "HEAD", check=False) == ""
    assert str(root) in repo.git("worktree", "list")
    with opened(repo) as workspace:
        assert not checks.cut_short(workspace.db)
        assert workspace.db.all("landing.next", base="main", limit=9) == []


def test_the_base_gets_only_what_passes(repo: Repo) -> None:
    """A check that fails is named with the end of its output; the branch stays."""
    add(repo, "Good")
    checked(
        repo,
        "test -e b.txt",
        """sh -c 'git status > made; grep -q good b.txt || { echo "it is $0"; exit 7; }' 'a b'""",
    )
    before = repo.git("rev-parse", "main")
    bad = start(repo, shell("echo bad > b.txt"), "--integrate", "merge")
    (one,) = [line.split()[0] for line in repo.jetpack("list").out.splitlines()]
    assert bad.code == 1
    assert "failed, exit status 7: it is a b" in bad.out
    assert repo.git("rev-parse", "main") == before
    assert (task(repo, one).status, last(repo, one)) == ("completed", "integration.refused")
    log = (repo.path / ".jetpack/logs" / f"{one}.checks.log").read_text()
    assert log.startswith("$ test -e b.txt\n$ sh -c 'git status")
    assert log.endswith("\nit is a b\n")
    check_rests(repo)
    checked(repo, "test -e b.txt", "grep -q bad b.txt")
    again = start(repo, "true", "--integrate", "merge")
    assert (again.code, last(repo, one)) == (0, "integration.merged"), again
    assert (repo.path / "b.txt").read_text() == "bad\n"
    check_rests(repo)
    check_clean(repo)
    assert repo.jetpack("doctor").out == "Everything is in order.\n"


def test_whatever_a_check_leaves_gets_into_no_other_run(repo: Repo) -> None:
    """Only what git ignores stays; its processes end with it."""
    repo.write(".gitignore", "cache\n")
    ids = finished(repo, "x", "y")
    script = "test ! -e new && grep -q 1 a.py && echo $$ >> cache && echo 2 > a.py && touch new && "
    checked(repo, f"sh -c '{script} (sleep 60 &)'", more="  batch: 1\n")
    answer = start(repo, "true", "--integrate", "merge")
    assert answer.code == 0, answer
    assert [last(repo, one) for one in ids] == ["integration.merged"] * 2
    assert (repo.path / ".jetpack/worktrees/checks/cache").read_text().count("\n") == 2
    assert not marked(repo)
    check_rests(repo)


@pytest.mark.parametrize("check", ["rm .git", "sh -c 'rm .git && git init -q .'", "git init -q a"])
def test_a_check_that_spoils_its_worktree_harms_no_other(repo: Repo, check: str) -> None:
    """Somebody's unsaved work around it stays, and the next run finds the worktree as it was."""
    finished(repo, "x")
    checked(repo, check)
    repo.git("switch", "-q", "-c", "mine")
    repo.write("a.py", "precious\n")
    start(repo, "true", "--integrate", "merge", "--base", "main")
    assert (repo.git("branch", "--show-current"), (repo.path / "a.py").read_text()) == (
        "mine", "precious\n",
    )  # fmt: skip
    assert repo.git("diff", "HEAD", "--name-only") == "a.py"
    if "&&" not in check:  # else it is a repository of somebody's own, and left as it is
        check_rests(repo)


def test_a_check_that_does_not_end_is_ended(repo: Repo) -> None:
    """So is one that cannot even be begun; the task's branch waits."""
    (one,) = finished(repo, "x")
    checked(repo, "sleep 60", more="  check_timeout: 0.3\n")
    answer = start(repo, "true", "--integrate", "merge")
    assert "the check `sleep 60` failed, no end after 0.3 s: it said nothing" in answer.out
    checked(repo, "no-such-program --all")
    answer = start(repo, "true", "--integrate", "merge")
    assert (answer.code, last(repo, one)) == (1, "integration.refused")
    assert "no-such-program cannot be started" in answer.out
    check_rests(repo)
    assert str(repo.path / ".jetpack/worktrees/checks") in repo.ok("uninstall")["removed"]


def test_branches_that_wait_are_checked_together_and_the_culprit_is_found(repo: Repo) -> None:
    """Of eight with one bad among them seven land, after at most five runs."""
    ids = finished(repo, *["good"] * 4, "bad", *["good"] * 3)
    runs = repo.path.parent / LOG
    checked(repo, f"sh -c 'echo >> {runs}; ! grep -q bad *.txt'")
    answer = start(repo, "true", "--integrate", "merge")
    assert answer.code == 1
    said = [last(repo, one) == "integration.merged" for one in ids]
    assert said == [True] * 4 + [False] + [True] * 3
    assert runs.read_text().count("\n") == 5
    assert sorted(path.stem for path in repo.path.glob("jp-*.txt")) == sorted(
        one for one in ids if one != ids[4]
    )
    check_rests(repo)


def test_agents_that_wait_for_slow_checks_share_them(repo: Repo) -> None:
    """Four agents finish while the checks of the first one run: two runs are enough."""
    for number in range(4):
        add(repo, f"Task {number}")
    runs = repo.path.parent / LOG
    checked(repo, f"sh -c 'echo >> {runs}; sleep 1.5'")
    command = shell("echo > $JETPACK_TASK.txt; sleep 0.2")
    answer = start(repo, command, "-a", "4", "--integrate", "merge")
    assert (answer.code, answer.out.count("  merged  ")) == (0, 8), answer
    assert runs.read_text().count("\n") < 4
    check_rests(repo)
    check_clean(repo)


def test_a_swarm_killed_in_its_checks_leaves_nothing(repo: Repo) -> None:
    """The next one ends what still runs, clears what lies there, and merges."""
    (one,) = finished(repo, "x")
    ready = repo.path.parent / "ready"
    script = f"touch new; echo 2 > a.py; touch {ready}; [ -e {ready}2 ] || sleep 60"
    checked(repo, f"sh -c '{script}'")
    process = launch(repo, "true", "--integrate", "merge")
    wait_for(ready.exists)
    end(process, signal.SIGKILL)
    assert Path(repo.path, ".jetpack/worktrees/checks/new").exists()
    ready.with_name("ready2").touch()
    answer = start(repo, "true", "--integrate", "merge")
    assert (answer.code, last(repo, one)) == (0, "integration.merged"), answer
    assert repo.git("for-each-ref", "refs/jetpack/rescued") == ""
    check_rests(repo)
    check_clean(repo)


def test_uninstall_takes_a_worktree_away_whose_checks_were_killed(repo: Repo) -> None:
    """What lies there is no work."""
    finished(repo, "x")
    ready = repo.path.parent / "ready"
    checked(repo, f"sh -c 'touch new {ready}; sleep 60'")
    process = launch(repo, "true", "--integrate", "merge")
    wait_for(ready.exists)
    end(process, signal.SIGKILL)
    done = repo.ok("uninstall")
    assert (done["left"], len(done["removed"])) == ([], 1)
    assert not marked(repo)


def test_who_waits_for_others_checks_can_be_stopped(repo: Repo) -> None:
    """The second order is obeyed at once; the one whose checks run goes on."""
    finished(repo, "x", "y")
    ready = repo.path.parent / "ready"
    done = repo.path.parent / "done"
    checked(repo, f"sh -c 'touch {ready}; until [ -e {done} ]; do sleep 0.1; done'")
    first = launch(repo, "true", "--integrate", "merge")
    wait_for(ready.exists)
    second = launch(repo, "true", "--integrate", "merge")
    time.sleep(0.7)
    second.send_signal(signal.SIGINT)
    code, out = end(second)
    waits = first.poll() is None
    done.touch()
    ended = end(first, 0)[0]
    assert (code, waits, ended) == (130, True, 0), out


def test_a_swarm_that_is_stopped_ends_its_checks(repo: Repo) -> None:
    """The branch is left for the next one."""
    (one,) = finished(repo, "x")
    ready = repo.path.parent / "ready"
    checked(repo, f"sh -c 'touch {ready}; sleep 60'")
    process = launch(repo, "true", "--integrate", "merge")
    wait_for(ready.exists)
    code, out = end(process)
    assert (code, last(repo, one)) == (130, "integration.refused"), out
    assert "The swarm was stopped before the checks had passed." in out
    check_rests(repo)


def test_what_somebody_put_into_the_worktree_of_the_checks_is_kept(repo: Repo) -> None:
    """It is no part of what is checked, and reachable under refs/jetpack/rescued/."""
    first, second = finished(repo, "x", "y")
    checked(repo, "test ! -e mine.txt", more="  batch: 1\n")
    assert start(repo, "true", "--integrate", "merge").code == 0
    repo.write(".jetpack/worktrees/checks/mine.txt", "mine\n")
    third = finished(repo, "z")[0]
    assert start(repo, "true", "--integrate", "merge").code == 0
    assert [last(repo, one) for one in (first, second, third)] == ["integration.merged"] * 3
    kept = repo.git("for-each-ref", "--format=%(objectname)", "refs/jetpack/rescued")
    assert repo.git("show", f"{kept}:mine.txt") == "mine"
    check_rests(repo)


def test_an_open_quote_in_a_check_is_told_with_its_line(repo: Repo) -> None:
    """The config is refused before anything runs."""
    repo.write(".jetpack/config.yaml", "integration:\n  checks:\n    - make 'test\n")
    told = repo.jetpack("start", "--command", "true")
    assert told.code == 2
    assert "config.yaml:2: checks: must be command lines" in told.err
