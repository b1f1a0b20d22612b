"""Repositories that are set up fast, and what the guard says in them."""

from __future__ import annotations

import atexit
import functools
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from conftest import Answer
from conftest import Repo

from jetpack_git.data.database import Database
from jetpack_git.data.database import open_database
from jetpack_git.git.clone import find
from jetpack_git.work.reservations import Reservations

HINT = (
    "hint: leave these paths out of the commit, or agree with the holder. "
    "See all with: git jetpack reservations\n"
)
UNSURE = "hint: guard.on_error in .jetpack/config.yaml says what happens in this case.\n"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@functools.cache
def _template() -> str:
    """A repository with one commit, in which `git jetpack init` has run."""
    repo = Repo(Path(tempfile.mkdtemp(prefix="jetpack-test-")))
    atexit.register(shutil.rmtree, repo.path)
    repo.git("init", "--quiet")
    repo.write("a.py", "a = 1\n")
    repo.commit("First")
    repo.ok("init")
    return str(repo.path)


def set_up(path: Path) -> Repo:
    """A copy of such a repository; nothing in it names its folder."""
    return Repo(Path(shutil.copytree(_template(), path, symlinks=True)))


def database(repo: Repo) -> Database:
    """The repository's database, open."""
    return open_database(find(str(repo.path)).database)


def reserve(
    repo: Repo, *patterns: str, by: str = "maya", shared: bool = False, ttl_s: float = 60
) -> None:
    """Somebody has reserved the patterns, which are counted from the root."""
    db = database(repo)
    Reservations(db).reserve(patterns, agent=by, shared=shared, ttl_s=ttl_s)
    db.close()


def unreserve(repo: Repo, by: str = "maya") -> None:
    """Somebody has given all back."""
    db = database(repo)
    Reservations(db).release(agent=by)
    db.close()


def git(repo: Repo, *args: str, cwd: Path | None = None, **env: str) -> Answer:
    """What git said, whatever that was."""
    done = subprocess.run(
        ["git", *args], cwd=cwd or repo.path, capture_output=True, env=os.environ | env, check=False
    )
    said = [os.fsdecode(one) for one in (done.stdout, done.stderr)]
    assert "Traceback" not in said[1], said[1]
    return Answer(done.returncode, *said)


def conflicts(*lines: str) -> str:
    """What the guard says when it stops a commit, its times written as TIME."""
    count = "1 of its paths is" if len(lines) == 1 else f"{len(lines)} of its paths are"
    text = "".join(f"  {line} since TIME until TIME\n" for line in lines)
    return f"error: the guard stopped this commit: {count} reserved by somebody else.\n{text}{HINT}"


def told(answer: Answer) -> tuple[int, str]:
    """The code and stderr of a commit, its times written as TIME."""
    return answer.code, TIME.sub("TIME", answer.err)
