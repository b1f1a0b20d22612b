"""Merges into the base that were cut short, and worktrees that an agent left odd."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from conftest import Repo
from swarm_tools import add
from swarm_tools import check_clean
from swarm_tools import commit_tasks
from swarm_tools import end
from swarm_tools import events
from swarm_tools import launch
from swarm_tools import opened
from swarm_tools import shell
from swarm_tools import start
from swarm_tools import task
from swarm_tools import wait_for

from jetpack_git.data.rows import dump
from jetpack_git.errors import GitFailed
from jetpack_git.swarm import base


@pytest.fixture
def two(repo: Repo) -> tuple[str, str]:
    """A repository whose branch `next` changes, adds and deletes a file; main and next."""
    repo.write("kept.txt", "old\n")
    repo.write("gone.txt", "gone\n")
    assert repo.commit("First").code == 0
    old = repo.git("rev-parse", "HEAD").strip()
    repo.git("checkout", "-qb", "next")
    repo.write("kept.txt", "new\n")
    repo.write("dir/added.txt", "added\n")
    (repo.path / "gone.txt").unlink()
    assert repo.commit("Second").code == 0
    new = repo.git("rev-parse", "HEAD").strip()
    repo.git("checkout", "-q", "main")
    return old, new


def status(repo: Repo) -> str:
    """What git finds changed."""
    return repo.git("status", "--porcelain", "--untracked-files=all")


def note(repo: Repo, old: str, new: str, *own: str) -> None:
    """A process died while it moved main."""
    value = dump({"where": str(repo.path), "old": old, "new": new, "own": list(own)})
    with opened(repo) as workspace:
        workspace.db.run("meta.set", name=base.MOVING, value=value)


def test_a_merge_that_fails_changes_nothing(repo: Repo, two: tuple[str, str]) -> None:
    """Git has written the files when it finds that it cannot move the branch."""
    lock = repo.path / ".git/refs/heads/main.lock"
    lock.touch()
    repo.write("mine.txt", "mine\n")
    with opened(repo) as workspace, pytest.raises(GitFailed):
        base.move(workspace.db, "main", *two, clone=repo.path)
    assert (status(repo), (repo.path / "gone.txt").exists()) == ("?? mine.txt", True)
    lock.unlink()
    with opened(repo) as workspace:
        base.move(workspace.db, "main", *two, clone=repo.path)
        assert base.cut_short(workspace.db) is None
    assert repo.git("rev-parse", "main").strip() == two[1]
    assert status(repo) == "?? mine.txt"


def test_somebody_elses_lock_is_left_alone(repo: Repo, two: tuple[str, str]) -> None:
    """Git gets nowhere then, and nothing has to be put back; an open pager hinders nobody."""
    lock = repo.path / ".git/index.lock"
    lock.touch()
    with opened(repo) as workspace:
        with pytest.raises(GitFailed):
            base.move(workspace.db, "main", *two, clone=repo.path)
        assert (lock.exists(), base.cut_short(workspace.db)) == (True, None)
    lock.unlink()
    assert status(repo) == ""
    pager = subprocess.Popen(["git", "cat-file", "--batch"], cwd=repo.path, stdin=subprocess.PIPE)
    with opened(repo) as workspace:
        base.move(workspace.db, "main", *two, clone=repo.path)
    pager.communicate(b"")
    assert repo.git("rev-parse", "main").strip() == two[1]


def test_what_a_killed_merge_left_is_put_back(repo: Repo, two: tuple[str, str]) -> None:
    """Some of the files, of which git has written one half, and its lock; `doctor` does it."""
    note(repo, *two)
    repo.write("kept.txt", "ne")
    repo.write("dir/added.txt", "")
    lock = repo.path / ".git/index.lock"
    lock.touch()
    with (
        opened(repo) as workspace,
        pytest.raises(GitFailed, match=r"locked by git \(index"),
    ):
        base.settle(workspace.db, grace_s=0)
    os.utime(lock, (time.time() - 5, time.time() - 5))
    told = repo.jetpack("doctor", "--dry-run")
    assert "was cut short" in told.out
    assert repo.jetpack("doctor").code == 0
    assert status(repo) == ""
    assert (repo.path / "kept.txt").read_text() == "old\n"
    assert not (repo.path / "dir/added.txt").exists()


def test_the_lock_of_a_killed_merge_does_not_outlive_the_next_try(
    repo: Repo, two: tuple[str, str]
) -> None:
    """Git alone was killed: who started it tries again, and is not in its own way for good."""
    note(repo, *two)
    lock = repo.path / ".git/index.lock"
    lock.touch()
    with opened(repo) as workspace:
        base.move(workspace.db, "main", *two, clone=repo.path)
        assert base.cut_short(workspace.db) is None
    assert (lock.exists(), status(repo)) == (False, "")
    assert repo.git("rev-parse", "main") == two[1]


def test_a_merge_whose_branch_was_moved_is_completed(repo: Repo, two: tuple[str, str]) -> None:
    """The files follow the branch, whichever way it went."""
    note(repo, *two)
    repo.git("update-ref", "refs/heads/main", two[1])
    with opened(repo) as workspace:
        assert len(base.settle(workspace.db, grace_s=0)) == 1
    assert status(repo) == ""
    assert (repo.path / "dir/added.txt").read_text() == "added\n"
    assert not (repo.path / "gone.txt").exists()


def test_what_somebody_wrote_since_is_left_alone(repo: Repo, two: tuple[str, str]) -> None:
    """So is what was there before the merge."""
    note(repo, *two)
    repo.write("kept.txt", "by hand\n")
    repo.write("dir/added.txt", "added\n")
    with opened(repo) as workspace:
        assert "kept.txt was changed since" in base.settle(workspace.db, grace_s=0)[0]
    assert (repo.path / "kept.txt").read_text() == "by hand\n"
    assert (repo.path / "dir/added.txt").exists()
    note(repo, *two, "kept.txt", "dir/added.txt")
    with opened(repo) as workspace:
        assert base.settle(workspace.db, grace_s=0) == []
    assert (repo.path / "dir/added.txt").exists()


def test_a_word_that_recovery_took_back_is_not_believed_later(repo: Repo) -> None:
    """The agent said it was done, died before its commit, and the next one died, too."""
    one = add(repo, "Task")
    commit_tasks(repo)
    ready = repo.path.parent / "ready"
    for command in (f"echo half > w; git jetpack done $JETPACK_TASK; touch {ready}; sleep 60",
                    f"touch {ready}; sleep 60"):  # fmt: skip
        process = launch(repo, shell(command), "--integrate", "merge")
        wait_for(ready.exists)
        ready.unlink()
        end(process, signal.SIGKILL)
    assert start(repo, shell("echo proper > w"), "--integrate", "merge").code == 0
    assert (repo.path / "w").read_text() == "proper\n"
    assert events(repo, one).count("completed") == 2
    check_clean(repo)


ODD = {
    "taken out of the index": "git rm -rq --cached .tasks",
    "ignored": "git rm -rq --cached .tasks; echo .tasks >> .gitignore",
    "a file": "rm -rf .tasks; echo hi > .tasks",
    "a link": "rm -rf .tasks; ln -s /tmp .tasks",
    "an unborn branch": "git checkout -q --orphan other",
    "a sparse checkout": "git sparse-checkout set --no-cone dir",
}


@pytest.mark.parametrize("name", ODD)
def test_whatever_an_agent_does_to_its_worktree_its_task_is_completed(
    repo: Repo, name: str
) -> None:
    """And what is merged says so."""
    one = add(repo, "Task")
    commit_tasks(repo)
    answer = start(repo, shell(f"{ODD[name]}; echo w > w.txt"), "--integrate", "merge")
    assert answer.code == 0, answer
    assert (repo.path / "w.txt").read_text() == "w\n"
    assert "\nstatus: completed\n" in repo.git("show", f"main:.tasks/{one}.md")
    check_clean(repo)


def test_a_worktree_that_is_spoiled_between_two_tasks_harms_no_other(repo: Repo) -> None:
    """The next task does not begin in the worktree around it."""
    one = add(repo, "First")
    commit_tasks(repo)
    process = launch(repo, shell("echo w > w.txt"), "--stay")
    wait_for(lambda: task(repo, one).status == "completed")
    time.sleep(1)
    (repo.path / ".jetpack/worktrees/agent-1/.git").unlink()
    other = add(repo, "Second")
    wait_for(lambda: task(repo, other).status == "completed")
    end(process)
    assert repo.git("branch", "--show-current") == "main"
    assert not (repo.path / "w.txt").exists()


def test_a_worktree_whose_making_was_killed_is_made_anew(repo: Repo) -> None:
    """Git leaves it locked; one that a person has locked is passed over."""
    one = add(repo, "Task")
    commit_tasks(repo)
    for name, reason in (("agent-1", "by hand"), ("agent-2", "initializing")):
        path = repo.path / ".jetpack/worktrees" / name
        repo.git("worktree", "add", "-q", "--detach", "--lock", "--reason", reason, str(path))
        shutil.rmtree(path)
    answer = start(repo, shell("echo w > w.txt"), "-a", "1")
    assert (answer.code, "agent-1  skipped" in answer.out) == (0, True), answer
    assert task(repo, one).assignee == "agent-2"


def test_a_foretold_completion_leaves_no_line_when_the_agent_dies(repo: Repo) -> None:
    """The swarm is killed by a hook, between the files and the commit."""
    one = add(repo, "Task")
    commit_tasks(repo)
    hook = Path(repo.path / ".git/hooks/prepare-commit-msg")
    hook.write_text(
        "#!/bin/sh\n[ -e ../kill ] || exit 0\nrm ../kill; kill -9 $(ps -o ppid= -p $PPID); exit 1\n"
    )
    hook.chmod(0o755)
    command = shell("echo w > w.txt")
    (repo.path / ".jetpack/worktrees").mkdir()
    (repo.path / ".jetpack/worktrees/kill").touch()
    assert start(repo, command).code == -signal.SIGKILL
    repo.jetpack("doctor")
    assert "completed" not in repo.git("show", f"{task(repo, one).branch}:.tasks/{one}.log")
    assert start(repo, command).code == 0
    assert events(repo, one).count("completed") == 1


def test_what_cannot_be_saved_yet_is_saved_by_the_next_swarm(repo: Repo) -> None:
    """Git is killed while it saves a dead agent's work: its affairs stay open, not half settled."""
    ids = [add(repo, f"Task {number}") for number in range(2)]
    commit_tasks(repo)
    ready = repo.path.parent / "ready"
    working = shell(f"echo begun > $JETPACK_TASK.txt; touch {ready}$JETPACK_TASK; sleep 60")
    process = launch(repo, working, "-a", "2")
    wait_for(lambda: len(list(repo.path.parent.glob("ready*"))) == 2)
    end(process, signal.SIGKILL)
    shim = repo.path.parent / "bin/git"
    shim.parent.mkdir()
    shim.write_text(
        '#!/bin/sh\ncase "$2:$3" in */agent-2:write-tree) kill -9 $$;; esac\n'
        f'exec {shutil.which("git")} "$@"\n'
    )
    shim.chmod(0o755)
    path = f"{shim.parent}{os.pathsep}{os.environ['PATH']}"
    answer = start(repo, shell("cat $JETPACK_TASK.txt"), PATH=path)
    assert answer.code == 1, answer
    assert "agent-2 died, and cannot be settled yet: git write-tree ended" in answer.out
    answer = start(repo, shell("cat $JETPACK_TASK.txt"))
    assert answer.code == 0, answer
    assert [(task(repo, one).status, task(repo, one).summary) for one in ids] == [
        ("completed", "begun"), ("completed", "begun"),
    ]  # fmt: skip
    check_clean(repo)


def test_a_git_that_is_killed_after_its_commit_has_made_it(repo: Repo) -> None:
    """What git did counts, not its exit status: the work is not done a second time."""
    one = add(repo, "Task")
    commit_tasks(repo)
    hook = repo.path / ".git/hooks/post-commit"
    hook.write_text("#!/bin/sh\nkill -9 $PPID\n")
    hook.chmod(0o755)
    answer = start(repo, shell("echo once >> $JETPACK_TASK.txt"), "--integrate", "merge")
    assert answer.code == 0, answer
    assert (repo.path / f"{one}.txt").read_text() == "once\n"
    assert events(repo, one) == [
        "created", "claimed", "begun", "completed", "integration.merged",
    ]  # fmt: skip
    check_clean(repo)


def test_locks_on_branches_that_nobody_needs_now_are_gone(repo: Repo) -> None:
    """The next swarm takes them away, unless they are fresh: somebody may be at work."""
    folder = repo.path / ".git/refs/heads/jetpack"
    folder.mkdir(parents=True)
    old, fresh = folder / "jp-old.lock", folder / "jp-fresh.lock"
    for one in (old, fresh):
        one.touch()
    os.utime(old, (time.time() - 5, time.time() - 5))
    start(repo, shell("true"))
    assert (old.exists(), fresh.exists()) == (False, True)


def test_a_lock_that_a_killed_git_left_on_a_tasks_branch_is_gone(repo: Repo) -> None:
    """The swarm lives on: the attempt that meets the lock takes it away, and the next goes well."""
    one = add(repo, "Task")
    commit_tasks(repo)
    lock = repo.path / f".git/refs/heads/jetpack/{one}-task.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    start(repo, shell("echo w > w.txt"))
    assert not lock.exists()
    assert start(repo, shell("echo w > w.txt")).code == 0
    assert task(repo, one).status == "completed"
    check_clean(repo)
