"""A disk that gets full while a swarm is at work: when there is room again, it goes on."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Repo
from swarm_tools import add
from swarm_tools import check_clean
from swarm_tools import commit_tasks
from swarm_tools import shell
from swarm_tools import start
from swarm_tools import task

MOUNT = ("mount", "-t", "tmpfs", "-o", "size=12m", "none")


@pytest.fixture
def small(repo: Repo, tmp_path: Path) -> Iterator[Repo]:
    """A repository on a disk of its own, of 12 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    if subprocess.run([*MOUNT, place], capture_output=True, check=False).returncode != 0:
        pytest.skip("only root can make a small disk")
    try:
        shutil.copytree(repo.path, place / "repo", symlinks=True)
        yield Repo(place / "repo")
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


def test_a_full_disk_loses_nothing(small: Repo) -> None:
    """The work that was done before is on its branch, and the next swarm completes it."""
    one = add(small, "Task")
    commit_tasks(small)
    fill = "echo kept > kept.txt; cat /dev/zero > big.bin; exit 0"
    answer = start(small, shell(fill), "--integrate", "merge")
    assert answer.code != 0, answer
    said = answer.out + answer.err
    assert "the disk is full" in said or "No space left" in said
    subprocess.run(["mount", "-o", "remount,size=200m", small.path.parent], check=True)
    answer = start(small, shell("cat kept.txt"), "--integrate", "merge")
    assert answer.code == 0, answer
    assert (task(small, one).status, task(small, one).summary) == ("completed", "kept")
    assert small.git("status", "--porcelain") == ""
    check_clean(small)
