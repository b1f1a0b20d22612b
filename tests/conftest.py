"""Real repositories, real databases and real processes, away from the user's home."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import forked
import pytest

from jetpack_git.data.database import Database
from jetpack_git.data.database import open_database
from jetpack_git.git import run
from jetpack_git.work.tasks import Tasks

SCRIPT = Path(sys.executable).with_name("git-jetpack")
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it


def pytest_xdist_auto_num_workers() -> int:
    """Twice as many as there are processors: these tests wait for others half of the time."""
    return 2 * len(os.sched_getaffinity(0))


@cache
def forks() -> forked.Forks:
    """The process that this one's commands are forked from; it ends with this one."""
    return forked.Forks()


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees or touches the user's home, git config or agent name."""
    home = tmp_path_factory.mktemp("home")
    config = home / "gitconfig"
    config.write_text(
        "[user]\n\tname = Ada\n\temail = ada@example.invalid\n"
        "[init]\n\tdefaultBranch = main\n[commit]\n\tgpgSign = false\n"
    )
    for name in list(os.environ):
        if name.startswith(("GIT_", "JETPACK_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setattr(run, "_inherited", {})
    monkeypatch.setenv("PATH", f"{SCRIPT.parent}{os.pathsep}{os.environ['PATH']}")


@dataclass(frozen=True)
class Answer:
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The JSON document on stdout."""
        return json.loads(self.out)


@dataclass(frozen=True)
class Repo:
    """A worktree of a git repository, and both command lines in it."""

    path: Path

    def git(self, *args: str, check: bool = True, **env: str) -> str:
        """What git printed, without white space around it."""
        done = subprocess.run(
            ["git", *args],
            cwd=self.path,
            capture_output=True,
            text=True,
            env=os.environ | env,
            check=False,
        )
        assert done.returncode == 0 or not check, (args, done.stdout, done.stderr)
        return done.stdout.strip()

    def jetpack(self, *args: str, cwd: Path | None = None, **env: str) -> Answer:
        """What `git jetpack` said."""
        place = cwd or self.path
        if any(name.startswith(forked.AT_START) for name in env):
            done = subprocess.run(
                [SCRIPT, *args], cwd=place, env=os.environ | env, capture_output=True, check=False
            )
            code, out, err = done.returncode, done.stdout, done.stderr
        else:
            code, out, err = forks().run(args, cwd=place, env=os.environ | env)
        said, complained = (text.decode(errors="surrogateescape") for text in (out, err))
        assert "Traceback" not in complained, complained
        return Answer(code, said, complained)

    def ok(self, *args: str, **env: str) -> Any:
        """The JSON document of a command that must succeed."""
        answer = self.jetpack(*args, "--json", **env)
        assert answer.code == 0, (args, answer)
        return answer.json

    def add(self, title: str, *args: str) -> str:
        """The id of a new task."""
        return str(self.ok("add", title, *args)["task"]["id"])

    def write(self, name: str, text: str) -> None:
        """The file holds the text."""
        target = self.path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def commit(self, message: str = "change", **env: str) -> Answer:
        """What committing everything said."""
        self.git("add", "--all")
        done = subprocess.run(
            ["git", "commit", "-m", message],
            cwd=self.path,
            capture_output=True,
            text=True,
            env=os.environ | env,
            check=False,
        )
        return Answer(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where repositories are kept that many tests begin with."""
    return tmp_path_factory.mktemp("models")


@pytest.fixture
def bare_repo(tmp_path: Path, models: Path) -> Repo:
    """A repository with one commit, not set up."""
    model = Repo(models / "bare")
    if not model.path.exists():
        model.path.mkdir()
        model.git("init", "--quiet")
        model.write("a.py", "a = 1\n")
        model.commit("First")
    return Repo(shutil.copytree(model.path, tmp_path / "repo", symlinks=True))


@pytest.fixture
def repo(bare_repo: Repo, models: Path) -> Repo:
    """A repository with one commit, set up for git-jetpack."""
    model = models / "repo"
    if model.exists():
        shutil.copytree(model, bare_repo.path, symlinks=True, dirs_exist_ok=True)
    else:
        bare_repo.ok("init")
        shutil.copytree(bare_repo.path, model, symlinks=True)
    return bare_repo


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    """A database of its own."""
    found = open_database(str(tmp_path / "home" / "jetpack.db"), create=True)
    yield found
    found.close()


@pytest.fixture
def tasks(db: Database) -> Tasks:
    """An empty task list that mirrors nothing."""
    return Tasks(db)
