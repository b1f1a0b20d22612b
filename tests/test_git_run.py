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


def test_who_goes_on_writing_costs_no_line(repo: Repo) -> None:
    """What git said itself is there in whole."""
    for _ in range(5):
        said = shell(repo, "timeout 0.3 yes bg & yes m | head -c 300000; true")
        assert said.replace("bg\n", "").count("m") == 150_000


def test_what_a_hook_says_by_opening_its_output_anew_is_read(repo: Repo) -> None:
    """As shell scripts do, to which git adds its own word; nothing said before goes."""
    script = "echo one >&2; echo two >/dev/stderr; echo three >&2; echo four | tee /dev/stdout"
    done = run("-c", f"alias.it=!{script}; exit 3", "it", cwd=repo.path, check=False)
    assert done.returncode == 3
    assert (done.stdout, done.stderr) == (b"four\nfour\n", b"one\ntwo\nthree\n")


def child(script: str, *args: str, before: str = "") -> subprocess.CompletedProcess[str]:
    """How that Python program ended, in a shell that has done something before."""
    program = f"import sys\nfrom pathlib import Path\nfrom jetpack_git.git.run import run\n{script}"
    return subprocess.run(
        ["bash", "-c", f'{before}\nexec "$0" -c "$@"', sys.executable, program, *args],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_who_started_us_changes_nothing(repo: Repo, tmp_path: Path) -> None:
    """Neither by ignoring its children, nor by a limit for files, nor by a lock that it holds."""
    here = str(repo.path)
    script = "done = run('rev-parse', '--verify', 'no', cwd=Path(sys.argv[1]), check=False)"
    said = child(f"{script}\nprint(done.returncode)", here, before="trap '' CHLD")
    assert (said.stdout, said.stderr) == ("128\n", "")
    much = "run('hash-object', '--stdin', cwd=Path(sys.argv[1]), stdin=b'x' * 3_000_000)"
    assert child(much, here, before="ulimit -f 1000").stderr == ""
    lock = tmp_path / "lock"
    left = "run('-c', 'alias.it=!echo x >&9', 'it', cwd=Path(sys.argv[1]))"
    assert child(left, here, before=f"exec 9>{lock}").returncode == 1, "it has no such file"
    assert lock.read_text() == ""


def test_descriptors_that_run_out_are_told(repo: Repo) -> None:
    """None is left open, and no child is left behind."""
    script = "run('status', cwd=Path(sys.argv[1]))"
    said = child(script, str(repo.path), before="ulimit -n 7").stderr
    assert "git cannot be started: Too many open files." in said


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


def test_ctrl_c_ends_what_waits_for_a_terminal(repo: Repo, tmp_path: Path) -> None:
    """It is stopped, and would hear nothing."""
    there = tmp_path / "there"
    script = (
        "import sys; from pathlib import Path; from jetpack_git.git.run import git\n"
        f"git('-c', 'alias.it=!echo $$ > {there}; kill -STOP $PPID $$', 'it',\n"
        "cwd=Path(sys.argv[1]))"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(repo.path)], stderr=-3) as process:
        wait_for(lambda: there.exists() and there.read_text().endswith("\n"))
        pid = int(there.read_text())
        wait_for(lambda: Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T")
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == -signal.SIGINT
