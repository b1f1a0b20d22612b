"""Bad days of a swarm: a clock that jumps, a full disk, endless output, agents that go astray."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from conftest import Repo
from swarm_tools import add
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

SETTINGS = "swarm:\n  heartbeat: 0.3\n  stale_after: 1.5\n  stop_grace: 0.5\n"
JUMPING = """\
import pathlib, time
_file = pathlib.Path(__file__).with_name("jump")
_time, _time_ns = time.time, time.time_ns
def _jump():
    return int(_file.read_text()) if _file.exists() else 0
time.time = lambda: _time() + _jump()
time.time_ns = lambda: _time_ns() + _jump() * 10**9
"""


@pytest.mark.parametrize("jump_s", [3600, -3600], ids=["a sleep", "set back"])
def test_a_clock_that_jumps_ends_no_agent(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jump_s: int
) -> None:
    """Neither swarm takes the other one's agents for dead, and both go on with their tasks."""
    repo.write(".jetpack/config.yaml", SETTINGS)
    ids = [add(repo, "One"), add(repo, "Two")]
    commit_tasks(repo)
    clock = tmp_path / "clock"
    clock.mkdir()
    (clock / "sitecustomize.py").write_text(JUMPING)
    monkeypatch.setenv("PYTHONPATH", str(clock))
    command = shell(f"touch {tmp_path}/ready$JETPACK_TASK; sleep 3; echo w > $JETPACK_TASK.txt")
    swarms = [launch(repo, command, "--integrate", "merge") for _ in ids]
    wait_for(lambda: len(list(tmp_path.glob("ready*"))) == 2)
    (clock / "set").write_text(str(jump_s))
    (clock / "set").rename(clock / "jump")
    for swarm in swarms:
        code, out = end(swarm, 0)
        assert code == 0, out
        assert f"it jumped by {jump_s} s" in out
    monkeypatch.delenv("PYTHONPATH")
    for one in ids:
        assert events(repo, one).count("claimed") == 1
        assert events(repo, one).count("completed") == 1
        assert (repo.path / f"{one}.txt").read_text() == "w\n"
    check_clean(repo)


def most_resident_kb(pid: int) -> int:
    """The most memory that the process ever had; 0 when it has ended."""
    with suppress(OSError):
        found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
        return int(found[1]) if found else 0
    return 0


def test_endless_output_is_ended_and_takes_no_memory(repo: Repo) -> None:
    """One line of output without an end costs neither the disk nor the memory of the machine."""
    repo.write(".jetpack/config.yaml", "swarm:\n  output_limit_mb: 40\n")
    one = add(repo, "Task")
    commit_tasks(repo)
    swarm = launch(repo, shell("echo w > kept.txt; tr '\\0' x < /dev/zero"))
    resident_kb = 0
    while swarm.poll() is None:
        resident_kb = max(resident_kb, most_resident_kb(swarm.pid))
        time.sleep(0.02)
    out, _ = swarm.communicate()
    assert swarm.returncode == 1, out
    assert "limit: more than 40 MB were printed" in out
    assert 10_000 < resident_kb < 150_000
    assert (repo.path / f".jetpack/logs/{one}.log").stat().st_size < 60_000_000
    assert task(repo, one).status == "pending_retry"
    assert repo.git("log", "--all", "--format=", "--name-only", "--", "kept.txt") == "kept.txt"
    check_clean(repo)


@pytest.fixture
def small(repo: Repo, tmp_path: Path) -> Iterator[Repo]:
    """The repository on a disk of 24 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=24m", "none", str(disk)]
    try:
        done = subprocess.run(command, capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount")
    if done.returncode:
        pytest.skip("a disk of our own takes root")
    try:
        subprocess.run(["cp", "-a", str(repo.path), str(disk / "repo")], check=True)
        yield Repo(disk / "repo")
    finally:
        wait_for(lambda: not marked(Repo(disk / "repo")))
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_full_disk_loses_nothing(small: Repo) -> None:
    """It is said what cannot be written; with room again the next swarm goes on."""
    small.write(".jetpack/config.yaml", SETTINGS + "tasks:\n  retry_delay: 0.1\n")
    ids = [add(small, f"Task {number}") for number in range(3)]
    commit_tasks(small)
    fill = small.path.parent / "fill"
    command = shell(f"echo w > $JETPACK_TASK.txt; cat /dev/zero > {fill}; exit 0")
    answer = start(small, command, "--integrate", "merge")
    assert answer.code in (1, 3), answer
    assert "No space left" in answer.out + answer.err or "full" in answer.out + answer.err
    fill.unlink()
    for _ in range(3):
        again = start(small, shell("echo w > $JETPACK_TASK.txt"), "--integrate", "merge")
        if all(task(small, one).status == "completed" for one in ids):
            break
        time.sleep(0.2)
    assert again.code == 0, again
    for one in ids:
        assert events(small, one).count("completed") == 1
        assert (small.path / f"{one}.txt").read_text() == "w\n"
    with opened(small) as workspace:
        assert workspace.db.all("meta.integrity") == [{"quick_check": "ok"}]
    assert small.git("status", "--porcelain") == ""
    check_clean(small)


def test_an_agent_that_rewrites_history_changes_its_own_branch_only(repo: Repo) -> None:
    """What it made of older commits is merged like anything else; the base keeps its own."""
    one = add(repo, "Task")
    commit_tasks(repo)
    before = repo.git("rev-parse", "main")
    rewrite = "echo w > w.txt; git add w.txt; git commit -q --amend --no-verify -m 'In new words'"
    answer = start(repo, shell(rewrite), "--integrate", "merge")
    assert answer.code == 0, answer
    assert (repo.path / "w.txt").read_text() == "w\n"
    repo.git("merge-base", "--is-ancestor", before, "main")
    assert events(repo, one).count("completed") == 1
    check_clean(repo)


def test_what_an_agent_writes_into_the_main_worktree_is_left_there(repo: Repo) -> None:
    """The base is not moved under it, and the branch waits."""
    one = add(repo, "Task")
    commit_tasks(repo)
    astray = f"echo w > w.txt; echo astray >> {repo.path}/a.py"
    answer = start(repo, shell(astray), "--integrate", "merge")
    assert answer.code == 1
    assert "main is checked out in" in answer.out
    assert "with uncommitted changes in a.py" in answer.out
    assert (repo.path / "a.py").read_text() == "a = 1\nastray\n"
    assert task(repo, one).status == "completed"
    repo.git("checkout", "-q", "a.py")
    assert start(repo, "true", "--integrate", "merge").code == 0
    assert (repo.path / "w.txt").read_text() == "w\n"
    check_clean(repo)


def test_what_an_agent_writes_into_anothers_worktree_is_kept(repo: Repo) -> None:
    """It gets into no task's branch, and is a commit of its own."""
    add(repo, "One")
    add(repo, "Two")
    commit_tasks(repo)
    assert start(repo, shell("sleep 0.5"), "-a", "2").code == 0
    add(repo, "Three")
    commit_tasks(repo)
    astray = "for one in ../agent-*; do [ $one = ../$JETPACK_AGENT ] || echo s > $one/s.txt; done"
    assert start(repo, shell(astray), "--integrate", "merge").code == 0
    add(repo, "Four")
    add(repo, "Five")
    commit_tasks(repo)
    assert start(repo, shell("sleep 0.5"), "-a", "2", "--integrate", "merge").code == 0
    assert not (repo.path / "s.txt").exists()
    assert repo.git("log", "--all", "--format=%s", "--", "s.txt")
    check_clean(repo)
