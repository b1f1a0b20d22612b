"""Git as a process: what goes in, what comes out, and how it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import Repo
from swarm_tools import wait_for

from jetpack_git.errors import GitFailed
from jetpack_git.errors import StoreError
from jetpack_git.git.run import git
from jetpack_git.git.run import run


def shell(repo: Repo, script: str) -> str:
    """What git printed whose alias is this script."""
    return git("-c", f"alias.it=!{script}", "it", cwd=repo.path)


def test_much_goes_through_on_all_ways_at_once(repo: Repo) -> None:
    """More than a pipe holds."""
    given = b"x" * 3_000_000
    (repo.path / "it").write_text("import sys\nsys.stderr.write('e' * 2_000_000)\n"
        "data = sys.stdin.buffer.read()\nsys.stdout.buffer.write(data + data)\n")  # fmt: skip
    done = run("-c", f"alias.it=!{sys.executable} it", "it", cwd=repo.path, stdin=given)
    assert (done.returncode, done.stdout, done.stderr) == (0, 2 * given, b"e" * 2_000_000)
    assert run("-c", "alias.it=!cat", "it", cwd=repo.path).stdout == b""


def test_its_folder_and_its_group_are_as_asked(repo: Repo) -> None:
    """It runs in the folder, in a group of its own, and a broken pipe ends what it starts."""
    assert shell(repo, "pwd") == str(repo.path.resolve())
    assert shell(repo, "ps -o pgid= -p $$").strip() != str(os.getpgrp())
    assert shell(repo, "sh -c 'yes; echo $? >&2' | true; echo over") == "over"


def test_how_it_ends_is_told(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its status, or the signal; what was not there is named."""
    with pytest.raises(GitFailed, match="git rev-parse ended with status 128: fatal: Needed a sin"):
        git("rev-parse", "--verify", "nothing", cwd=repo.path)
    with pytest.raises(GitFailed, match="git commit ended with status 1: On branch main"):
        git("commit", "-m", "nothing", cwd=repo.path)
    killed = run("-c", "alias.it=!kill -9 $PPID", "it", cwd=repo.path, check=False)
    assert killed.returncode == -signal.SIGKILL
    with pytest.raises(StoreError, match="gone is not there"):
        run("status", cwd=tmp_path / "gone", check=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StoreError, match="git cannot be started: No such file or directory"):
        git("status", cwd=repo.path)


def test_who_keeps_its_output_open_holds_nobody_up(repo: Repo) -> None:
    """A hook may leave a process behind that lives on."""
    began = time.monotonic()
    pid = int(shell(repo, "sleep 60 & echo $!"))
    assert time.monotonic() - began < 30
    os.kill(pid, signal.SIGKILL)


def test_what_a_hook_says_by_opening_its_output_anew_is_read(repo: Repo) -> None:
    """As shell scripts do, to which git adds its own word."""
    script = "echo one >/dev/stderr; echo two >&2; echo three >/dev/stdout; exit 3"
    done = run("-c", f"alias.it=!{script}", "it", cwd=repo.path, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (3, b"three\n", b"one\ntwo\n")


def test_ctrl_c_leaves_no_git_behind(repo: Repo, tmp_path: Path) -> None:
    """It is asked to end, and takes its locks away."""
    there = tmp_path / "there"
    script = (
        "import sys; from pathlib import Path; from jetpack_git.git.run import git\n"
        f"git('-c', 'alias.it=!echo $PPID > {there}; exec sleep 60', 'it', cwd=Path(sys.argv[1]))"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(repo.path)], stderr=-3) as process:
        wait_for(lambda: there.exists() and there.read_text().endswith("\n"))
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == -signal.SIGINT
    with pytest.raises(ProcessLookupError):
        os.kill(int(there.read_text()), 0)
