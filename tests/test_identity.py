"""Who acts: the order in which a name is looked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Repo
from guarded import conflicts
from guarded import database
from guarded import git
from guarded import reserve
from guarded import set_up
from guarded import told

from jetpack_git.work.agents import Agents


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """A repository with one commit, set up."""
    return set_up(tmp_path / "repo")


def acts(repo: Repo, *args: str, **env: str) -> str:
    """Who reserves here, by the command line."""
    return str(
        repo.jetpack("reserve", "x", "--json", *args, **env).json["reservations"][0]["agent"]
    )


def commits(repo: Repo, names: list[str], **env: str) -> str:
    """Who commits here, by the hook: the only one whom his own reservation lets through."""
    for name in names:
        reserve(repo, f"held-by/{name}", by=name)
        repo.write(f"held-by/{name}", "x")
    repo.git("add", "held-by")
    said = told(git(repo, "commit", "-qm", "x", **env))[1]
    return next(name for name in names if f"held-by/{name}: " not in said)


def test_the_order_of_names(repo: Repo) -> None:
    """--as, JETPACK_AGENT, the worktree's agent, jetpack.agent, user.name; hook and CLI agree."""
    names = ["Ada", "config", "worker", "env", "flag"]
    assert acts(repo) == "Ada"
    assert commits(repo, names) == "Ada"
    repo.git("config", "jetpack.agent", "config")
    assert acts(repo) == "config"
    assert commits(repo, names) == "config"
    db = database(repo)
    worker = Agents(db).start("worker", worktree=str(repo.path))
    assert worker is not None
    assert acts(repo) == "worker"
    assert commits(repo, names) == "worker"
    assert acts(repo, JETPACK_AGENT="env") == "env"
    assert commits(repo, names, JETPACK_AGENT="env") == "env"
    assert acts(repo, "--as", "flag", JETPACK_AGENT="env") == "flag"
    assert Agents(db).finish(worker)
    db.close()
    assert acts(repo, JETPACK_AGENT="") == "config"
    assert commits(repo, names, JETPACK_AGENT="") == "config"


def test_nobody_is_an_error_for_a_command_but_not_for_a_commit(repo: Repo) -> None:
    """Without any name a command asks for one; a commit is checked as somebody unknown."""
    env = {
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_AUTHOR_NAME": "x", "GIT_AUTHOR_EMAIL": "x@example.invalid",
        "GIT_COMMITTER_NAME": "x", "GIT_COMMITTER_EMAIL": "x@example.invalid",
    }  # fmt: skip
    answer = repo.jetpack("reserve", "x", **env)
    assert (answer.code, answer.out, answer.err) == (
        2,
        "",
        "error: It is not known who you are.\n"
        "hint: Say it with --as NAME, or once and for all: git config jetpack.agent NAME\n",
    )
    reserve(repo, "b.py")
    for name in ("b.py", "c.py"):
        repo.write(name, "x")
    repo.git("add", "c.py")
    assert git(repo, "commit", "-qm", "x", **env).code == 0
    repo.git("add", "b.py")
    answer = git(repo, "commit", "-qm", "x", **env)
    assert told(answer) == (1, conflicts("b.py: maya holds b.py"))


@pytest.mark.parametrize("name", ["", " ", "a\nb", "\x1b[2J", "x" * 201])
def test_what_is_no_name_is_refused(repo: Repo, name: str) -> None:
    """An empty --as never means somebody else; control characters are no name."""
    answer = repo.jetpack("reserve", "x", "--as", name, JETPACK_AGENT="env")
    assert (answer.code, answer.out) == (2, "")
    assert repo.ok("reservations")["total"] == 0


def test_git_may_be_told_a_name_for_one_command(repo: Repo) -> None:
    """`git -c jetpack.agent=…` counts for a command as for a commit."""
    reserve(repo, "b.py", by="maya")
    repo.write("b.py", "x")
    repo.git("add", "b.py")
    assert git(repo, "-c", "jetpack.agent=maya", "commit", "-qm", "x").code == 0
    out = repo.git("-c", "jetpack.agent=maya", "jetpack", "reservations", "--mine", "--json")
    assert '"agent": "maya"' in out


def test_a_name_with_anything_in_it_is_one_name(repo: Repo) -> None:
    """Spaces, letters of any script and signs are kept as they are."""
    name = "Zoë = O'Hara  [bot]"
    repo.git("config", "user.name", name)
    assert acts(repo) == name
    assert commits(repo, [name, "maya"]) == name
