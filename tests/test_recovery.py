"""Whoever is killed, and whenever: the next swarm goes on, and nothing is lost or done twice."""

from __future__ import annotations

import os
import random
import signal
import socket
import time

import pytest
from conftest import Repo
from swarm_tools import add
from swarm_tools import agent
from swarm_tools import check_clean
from swarm_tools import commit_tasks
from swarm_tools import end
from swarm_tools import events
from swarm_tools import launch
from swarm_tools import marked
from swarm_tools import opened
from swarm_tools import shell
from swarm_tools import start
from swarm_tools import task
from swarm_tools import wait_for

from jetpack_git import clock
from jetpack_git.errors import Conflict
from jetpack_git.swarm.recover import recover
from jetpack_git.work.agents import Agents

WAITING = "echo begun > begun.txt; touch {ready}; sleep 60"


def kill(repo: Repo, command: str, *args: str) -> None:
    """A swarm was killed (and only its coordinator) while its agents were at work."""
    ready = repo.path.parent / "ready"
    process = launch(repo, shell(command.replace("{ready}", str(ready))), *args)
    wait_for(ready.exists)
    ready.unlink()
    end(process, signal.SIGKILL)


def test_half_of_a_switch_is_nobodys_work(repo: Repo) -> None:
    """Git is killed while it goes to a task's branch: no file of one tree gets into another."""
    repo.write(".jetpack/config.yaml", "tasks:\n  retry_delay: 1\n")
    repo.write(".gitattributes", "*.kill filter=kill\n")
    one = add(repo, "Task")
    commit_tasks(repo)
    assert start(repo, shell("echo half > x.kill; exit 1"), "--integrate", "merge").code == 1
    repo.write("a.py", "a = 2\n")
    assert repo.commit("Meanwhile").code == 0
    Repo(repo.path / ".jetpack/worktrees/agent-1").git("switch", "-q", "--detach", "main")
    flag = repo.path.parent / "flag"
    smudge = f"[ -e {flag} ] || {{ touch {flag}; kill -9 $PPID; }}; cat"
    repo.git("config", "filter.kill.smudge", smudge)
    time.sleep(1)
    assert start(repo, shell("echo whole > y.txt"), "--integrate", "merge").code == 1
    assert flag.exists()
    assert task(repo, one).status == "pending_retry"
    branch = str(task(repo, one).branch)
    assert repo.git("show", f"{branch}:a.py") == "a = 2"
    assert repo.git("show", f"{branch}:x.kill") == "half"
    time.sleep(1)
    assert start(repo, shell("echo whole > y.txt"), "--integrate", "merge").code == 0
    texts = [(repo.path / name).read_text() for name in ("a.py", "x.kill", "y.txt")]
    assert texts == ["a = 2\n", "half\n", "whole\n"]
    check_clean(repo)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_the_swarm_in_order(repo: Repo, number: int) -> None:
    """Agents get SIGTERM and time; tasks go back with their work kept, and can be gone on with."""
    ids = [add(repo, f"Task {n}") for n in range(3)]
    commit_tasks(repo)
    ready = repo.path.parent / "ready"
    trap = "trap 'sleep 0.3; echo saved > $JETPACK_TASK.saved; exit 1' TERM"
    command = shell(f"{trap}; touch {ready}$JETPACK_TASK; sleep 60 & wait")
    process = launch(repo, command, "-a", "2", "--integrate", "merge")
    wait_for(lambda: len(list(repo.path.parent.glob("ready*"))) == 2)
    code, out = end(process, number)
    assert code == 130, out
    assert "stopping: agents get 10 s to end, and tasks go back" in out
    assert "2 stopped" in out
    assert [task(repo, one).status for one in ids] == ["pending"] * 3
    kept = repo.git("log", "--all", "--format=", "--name-only", "--", "*.saved").split()
    assert len(kept) == 2
    check_clean(repo)
    assert repo.git("status", "--porcelain") == ""
    assert start(repo, agent("write"), "-a", "2", "--integrate", "merge").code == 0
    assert len(list(repo.path.glob("*.saved"))) == 2
    check_clean(repo)


def test_a_second_signal_ends_the_agents_at_once(repo: Repo) -> None:
    """Nobody has to wait for an agent that does not listen."""
    one = add(repo, "Task")
    commit_tasks(repo)
    ready = repo.path.parent / "ready"
    process = launch(repo, shell(f"trap '' TERM; touch {ready}; sleep 60; sleep 60"))
    wait_for(ready.exists)
    begin = time.monotonic()
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    assert process.poll() is None
    code, out = end(process)
    assert (code, time.monotonic() - begin < 8) == (130, True), out
    assert task(repo, one).status == "pending"
    check_clean(repo)


def test_a_signal_that_is_ignored_stays_ignored(repo: Repo) -> None:
    """Under nohup a swarm outlives its terminal."""
    one = add(repo, "Task")
    commit_tasks(repo)
    command = shell("kill -HUP $PPID; sleep 0.5")
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        process = launch(repo, command)
    finally:
        signal.signal(signal.SIGHUP, before)
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 0, out
    assert task(repo, one).status == "completed"


def test_what_a_killed_swarm_left_is_gone_on_with(repo: Repo) -> None:
    """Its commands are ended, its uncommitted work is a commit, its locks and prompts are gone."""
    one = add(repo, "Task", files=("a.py",))
    commit_tasks(repo)
    kill(repo, "setsid sleep 61 & " + WAITING)
    assert len(marked(repo)) == 3  # the shell, and both of its commands
    worktree = repo.path / ".jetpack/worktrees/agent-1"
    ours = repo.path / ".git/worktrees/agent-1/index.lock"
    theirs = repo.path / ".git/index.lock"
    ours.touch()
    theirs.touch()
    answer = start(repo, shell("cat begun.txt"), "--integrate", "leave")
    assert answer.code == 0, answer
    assert f"{one} was left by agent-1, which died; it can be claimed again" in answer.out
    assert "its uncommitted work is kept as " in answer.out
    assert (ours.exists(), theirs.exists(), worktree.is_dir()) == (False, True, True)
    theirs.unlink()
    assert task(repo, one).summary == "begun"
    assert [kind for kind in events(repo, one) if kind != "created"] == [
        "claimed", "begun", "retried", "claimed", "begun", "completed",
    ]  # fmt: skip
    check_clean(repo)


@pytest.mark.parametrize("word", ["", "git jetpack done $JETPACK_TASK; "], ids=["", "said done"])
def test_work_that_left_its_branch_is_gone_on_with(repo: Repo, word: str) -> None:
    """The dead agent was on no branch, and what it had not committed is on that of its task."""
    one = add(repo, "Task")
    commit_tasks(repo)
    leave = "git switch -q --detach; echo a > a.txt; git add a.txt; git commit -qm mine; "
    kill(repo, leave + word + WAITING)
    answer = start(repo, shell("cat a.txt begun.txt"), "--integrate", "merge")
    assert answer.code == 0, answer
    assert task(repo, one).summary == "begun"
    assert (repo.path / "a.txt").read_text() == "a\n"
    assert (repo.path / "begun.txt").read_text() == "begun\n"
    check_clean(repo)


def test_a_kill_between_commit_and_database_is_no_second_attempt(repo: Repo) -> None:
    """The commit says that the task is completed, and is believed."""
    one = add(repo, "Task")
    commit_tasks(repo)
    hook = repo.path / ".git/hooks/post-commit"
    parent = "$(cut -d' ' -f4 /proc/$PPID/stat)"
    hook.write_text(f'#!/bin/sh\ncase "$PWD" in */worktrees/agent-*) kill -9 {parent};; esac\n')
    hook.chmod(0o755)
    answer = start(repo, shell("echo once >> $JETPACK_TASK.txt"), "--integrate", "merge")
    assert answer.code == -signal.SIGKILL
    assert task(repo, one).status == "in_progress"
    again = start(repo, shell("echo twice >> $JETPACK_TASK.txt"), "--integrate", "merge")
    assert again.code == 0, again
    assert f"{one} was completed by agent-1 before it died" in again.out
    assert (repo.path / f"{one}.txt").read_text() == "once\n"
    assert events(repo, one).count("completed") == 1
    repo.ok("sync")
    assert events(repo, one).count("completed") == 1
    assert repo.git("status", "--porcelain") == ""
    check_clean(repo)


def test_an_agents_own_word_counts_only_with_its_commit(repo: Repo) -> None:
    """It said `done` and was killed before its work was committed: the next one goes on."""
    one = add(repo, "Task")
    commit_tasks(repo)
    kill(repo, "git jetpack done $JETPACK_TASK; " + WAITING)
    assert task(repo, one).status == "completed"
    answer = start(repo, shell("cat begun.txt"), "--integrate", "merge")
    assert answer.code == 0, answer
    assert f"{one} was not committed by agent-1, which died" in answer.out
    assert (task(repo, one).status, task(repo, one).summary) == ("completed", "begun")
    assert (repo.path / "begun.txt").exists()
    assert repo.git("status", "--porcelain") == ""
    check_clean(repo)


def test_a_kill_at_any_moment_loses_nothing(repo: Repo) -> None:
    """Eight swarms are killed one after the other; each task is completed exactly once."""
    ids = [add(repo, f"Task {n}", files=(f"{n}.txt",)) for n in range(16)]
    commit_tasks(repo)
    dice = random.Random(7)
    for _ in range(8):
        process = launch(repo, agent("write"), "-a", "2", "--integrate", "merge")
        process.stdout.readline()  # type: ignore[union-attr]
        time.sleep(dice.uniform(0, 0.6))
        end(process, signal.SIGKILL)
    answer = start(repo, agent("write"), "-a", "2", "--integrate", "merge")
    for _ in range(3):  # a git of the dead that was still at work may have been in the way
        if answer.code == 0:
            break
        answer = start(repo, agent("write"), "-a", "2", "--integrate", "merge")
    assert answer.code == 0, answer
    for number, one in enumerate(ids):
        assert task(repo, one).status == "completed"
        assert events(repo, one).count("completed") == 1
        trailers = (f"--grep=Jetpack-Task: {one}", "--grep=Jetpack-Agent:", "--all-match")
        found = repo.git("log", "--format=%H", "--no-merges", "--fixed-strings", *trailers)
        assert len(found.split()) == 1, number
        assert (repo.path / f"{number}.txt").read_text() == f"{one}\n"
    repo.ok("sync")
    assert repo.git("status", "--porcelain") == ""
    check_clean(repo)


def test_a_worktree_deleted_by_hand_is_made_anew(repo: Repo) -> None:
    """So is one whose .git file is gone; other worktrees that are missing are not touched."""
    add(repo, "One")
    commit_tasks(repo)
    elsewhere = repo.path.parent / "stick"
    repo.git("worktree", "add", "-q", str(elsewhere))
    elsewhere.rename(repo.path.parent / "unplugged")
    kill(repo, WAITING)
    repo.git("branch", "keep")
    (repo.path / ".jetpack/worktrees/agent-1").rename(repo.path.parent / "deleted")
    answer = start(repo, agent("write"))
    assert answer.code == 0, answer
    (repo.path / ".jetpack/worktrees/agent-1/.git").unlink()
    add(repo, "Two")
    assert start(repo, agent("write")).code == 0
    assert str(elsewhere) in repo.git("worktree", "list")
    check_clean(repo)


def test_a_silent_agent_of_another_host_is_dead_after_a_while(repo: Repo) -> None:
    """Its task is offered again, but nobody looks for its processes or folders here."""
    one = add(repo, "Task")
    with opened(repo) as workspace:
        agents = Agents(workspace.db)
        there = os.path.realpath(repo.path)
        assert agents.start("far", worktree=there)
        far = agents.get("far")
        workspace.tasks.claim(one, agent="far", incarnation=far.incarnation)
        sql = "UPDATE agents SET host = 'elsewhere', pid = 1, heartbeat_at = "
        workspace.db.backend.script(f"{sql} '{clock.now()}'")
        assert recover(workspace, stale_after_s=90, grace_s=0) == []
        workspace.db.backend.script(f"{sql} '{clock.after(-91)}'")
        told = recover(workspace, stale_after_s=90, grace_s=0)
        assert told == [f"{one} was left by far, which died; it can be claimed again"]
        assert not agents.beat(far)
        assert recover(workspace, stale_after_s=90, grace_s=0) == []
    assert task(repo, one).status == "pending_retry"
    assert socket.gethostname() != "elsewhere"


def test_a_late_word_of_the_dead_changes_nothing(repo: Repo) -> None:
    """What a new life of the same agent holds, the old one cannot release or complete."""
    one = add(repo, "Task", files=("a.py",))
    with opened(repo) as workspace:
        agents = Agents(workspace.db)
        old = agents.start("agent-1", worktree=str(repo.path))
        assert old
        workspace.tasks.claim(one, agent="agent-1", incarnation=old.incarnation)
        agents.expire(old)
        assert not agents.beat(old)
        assert agents.start("agent-1", worktree=str(repo.path)) is None
        recover(workspace, stale_after_s=90, grace_s=0)
        new = agents.start("agent-1", worktree=str(repo.path))
        assert new
        workspace.tasks.claim(one, agent="agent-1", incarnation=new.incarnation)
        workspace.reservations.reserve(["a.py"], agent="agent-1", incarnation=new.incarnation)
        for verb in (workspace.tasks.done, workspace.tasks.release, workspace.tasks.fail):
            with pytest.raises(Conflict):
                verb(one, agent="agent-1", incarnation=old.incarnation)
        workspace.reservations.release(agent="agent-1", incarnation=old.incarnation)
        assert not agents.finish(old)
        assert workspace.reservations.active()[1] == 1
        assert agents.beat(new)
    assert task(repo, one).status == "claimed"


QUICK = "swarm:\n  heartbeat: 0.3\n  stale_after: 1.5\n  stop_grace: 0.5\n"


def test_a_living_swarm_takes_over_from_a_killed_one(repo: Repo) -> None:
    """It does not have to be started anew."""
    repo.write(".jetpack/config.yaml", QUICK)
    one = add(repo, "One")
    commit_tasks(repo)
    ready = repo.path.parent / "ready"
    first = launch(repo, shell(f"touch {ready}; sleep 60"))
    wait_for(ready.exists)
    add(repo, "Two")
    second = launch(repo, shell("sleep 3"))
    wait_for(lambda: len(list(repo.path.glob(".jetpack/worktrees/*"))) == 2)
    end(first, signal.SIGKILL)
    code, out = end(second, 0)
    assert code == 0, out
    assert f"{one} was left by agent-1, which died" in out
    assert (task(repo, one).status, task(repo, one).assignee) == ("completed", "agent-2")
    check_clean(repo)


def test_a_swarm_that_slept_too_long_gives_way(repo: Repo) -> None:
    """Its task was done by another one meanwhile, and it touches nothing of that any more."""
    repo.write(".jetpack/config.yaml", QUICK)
    one = add(repo, "One")
    commit_tasks(repo)
    ready = repo.path.parent / "ready"
    first = launch(repo, shell(f"echo kept > kept.txt; touch {ready}; sleep 60"))
    wait_for(ready.exists)
    first.send_signal(signal.SIGSTOP)
    time.sleep(2)
    second = launch(repo, shell("cat kept.txt; sleep 1"))
    time.sleep(0.5)
    code, out = end(second, 0)
    first.send_signal(signal.SIGCONT)
    late, said = end(first, 0)
    assert (code, late) == (0, 1), (out, said)
    assert "lost" in said
    assert events(repo, one).count("completed") == 1
    assert task(repo, one).summary == "kept"
    check_clean(repo)


def test_an_agent_whose_life_breaks_off_leaves_nothing_held(repo: Repo) -> None:
    """What was the matter is told, and its task can be claimed again."""
    one = add(repo, "One")
    commit_tasks(repo)
    (repo.path / ".jetpack/logs").touch()
    answer = start(repo, "true")
    assert answer.code == 1
    assert "agent-1  broke: FileExistsError: " in answer.out
    assert f"{one} was left by agent-1, which died; it can be claimed again" in answer.out
    assert task(repo, one).status == "pending_retry"
    check_clean(repo)
    (repo.path / ".jetpack/logs").unlink()
    assert start(repo, "true").code == 0
