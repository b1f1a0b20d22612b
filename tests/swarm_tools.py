"""What the tests of the swarm share: starting one, and looking at what it left."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from conftest import SCRIPT
from conftest import Answer
from conftest import Repo

from jetpack_git.models.task import Task
from jetpack_git.work.agents import Agents
from jetpack_git.workspace import Workspace
from jetpack_git.workspace import open_workspace

AGENTS = Path(__file__).with_name("agents")
MARK = "JETPACK_TEST_MARK"


def agent(name: str, *args: str) -> str:
    """The command that runs a script of `tests/agents` on the task's prompt."""
    return shlex.join([sys.executable, "-S", str(AGENTS / f"{name}.py"), "{prompt_file}", *args])


def shell(text: str) -> str:
    """The command that runs a line of shell."""
    return shlex.join(["sh", "-c", text])


def start(repo: Repo, command: str, *args: str, **env: str) -> Answer:
    """What `git jetpack start` said, and it left no process.

    One that was killed could not see to that; its git may still have a moment to go.
    """
    env |= {MARK: str(repo.path)}
    answer = repo.jetpack("start", "--command", command, *args, **env)
    if answer.code < 0:
        wait_for(lambda: not marked(repo))
    assert not marked(repo), answer
    return answer


def launch(repo: Repo, command: str, *args: str) -> subprocess.Popen[str]:
    """A `git jetpack start` that runs beside the test, in a group of its own."""
    return subprocess.Popen(
        [SCRIPT, "start", "--command", command, *args],
        cwd=repo.path,
        env=os.environ | {MARK: str(repo.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        process_group=0,
    )


def end(process: subprocess.Popen[str], number: int = signal.SIGINT) -> tuple[int, str]:
    """The exit code and output of the process, after the signal."""
    process.send_signal(number)
    out, _ = process.communicate(timeout=30)
    return process.returncode, out


def marked(repo: Repo) -> set[int]:
    """The processes that a swarm of this repository has left."""
    wanted = f"{MARK}={repo.path}".encode()
    found = set()
    for one in Path("/proc").iterdir():
        try:
            if one.name.isdecimal() and wanted in (one / "environ").read_bytes().split(b"\0"):
                found.add(int(one.name))
        except OSError:
            continue
    return found - {os.getpid()}


def wait_for(what: Callable[[], object], timeout_s: float = 20) -> None:
    """The function has come true."""
    deadline = time.monotonic() + timeout_s
    while not what():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)


@contextmanager
def opened(repo: Repo) -> Iterator[Workspace]:
    """The clone, open in this process."""
    workspace = open_workspace(str(repo.path), name="Ada")
    yield workspace
    workspace.close()


def add(repo: Repo, title: str, *, files: tuple[str, ...] = (), after: tuple[str, ...] = ()) -> str:
    """The id of a new task."""
    with opened(repo) as workspace:
        return workspace.tasks.add(Task("", title, files=files, depends=after)).id


def finished(repo: Repo, *texts: str, name: str = "") -> list[str]:
    """The ids of finished tasks, each with a branch that writes its text into a file.

    The file is named after the task, or has that `name`.
    """
    quick = ("-c", "core.hooksPath=/dev/null")
    ids = []
    with opened(repo) as workspace:
        for number in range(len(texts)):
            one = workspace.tasks.add(Task("", f"Task {number}")).id
            workspace.tasks.set_branch(one, f"jetpack/{one}")
            ids.append(one)
    commit_tasks(repo)
    for one, text in zip(ids, texts, strict=True):
        repo.git(*quick, "switch", "-q", "-c", f"jetpack/{one}")
        repo.write(name or f"{one}.txt", f"{text}\n")
        repo.git("add", name or f"{one}.txt")
        repo.git(*quick, "commit", "-qm", f"{one}\n\nJetpack-Task: {one}")
        repo.git(*quick, "switch", "-q", "main")
        with opened(repo) as workspace:
            workspace.tasks.claim(one, agent="Ada")
            commit = repo.git("rev-parse", f"jetpack/{one}")
            workspace.tasks.done(one, agent="Ada", commit_id=commit)
    commit_tasks(repo)
    return ids


def events(repo: Repo, task_id: str) -> list[str]:
    """What happened to the task, in order; not to its reservations."""
    with opened(repo) as workspace:
        kinds = [one.kind.removeprefix("task.") for one in workspace.tasks.log(task_id)]
    return [one for one in kinds if not one.startswith("reservation.")]


def task(repo: Repo, task_id: str) -> Task:
    """The task."""
    with opened(repo) as workspace:
        return workspace.tasks.get(task_id)


def commit_tasks(repo: Repo) -> None:
    """What `.tasks` holds is committed."""
    answer = repo.commit("Plan the work")
    assert answer.code == 0, answer


def check_clean(repo: Repo) -> None:
    """Nothing is broken, held, left over or in the way."""
    assert repo.git("fsck", "--full", "--strict", "--no-dangling") == ""
    with opened(repo) as workspace:
        assert workspace.tasks.held() == []
        assert Agents(workspace.db).running() == []
        assert workspace.reservations.active() == ([], 0)
        assert workspace.db.count("mirror.pending_total") == 0
    home = repo.path / ".jetpack"
    assert not list((home / "prompts").glob("*"))
    for worktree in sorted((home / "worktrees").glob("agent-*")):
        there = Repo(worktree)
        assert there.git("status", "--porcelain") == "", worktree
        assert there.git("symbolic-ref", "-q", "HEAD", check=False) == "", worktree
    assert not marked(repo)
