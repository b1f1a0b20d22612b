"""The guard for commits that are made already, and asked by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import Repo

from jetpack_git.work.guard_commits import commits


@pytest.fixture
def pushing(repo: Repo, tmp_path: Path) -> Repo:
    """A repository with a remote that has its first commit."""
    repo.git("init", "--quiet", "--bare", str(tmp_path / "remote"))
    repo.git("remote", "add", "origin", str(tmp_path / "remote"))
    repo.git("add", "--all")
    repo.git("commit", "--quiet", "-m", "Set up")
    repo.git("push", "--quiet", "-u", "origin", "main")
    return repo


def push(repo: Repo, *args: str) -> tuple[bool, str]:
    """Whether the push went through, and what it said."""
    said = repo.git("-c", "push.default=current", "push", *args, check=False)
    ahead = repo.git("status", "--porcelain", "--branch").splitlines()[0]
    return "ahead" not in ahead, said


def bypass(repo: Repo, name: str, message: str = "Past the guard") -> None:
    """A commit that no hook has seen."""
    repo.write(name, repo.git("rev-parse", "HEAD"))
    repo.git("add", "--", name)
    repo.git("commit", "--quiet", "--no-verify", "-m", message)


def test_a_commit_past_the_guard_is_not_pushed(pushing: Repo) -> None:
    """Until its holder has released what it changed."""
    pushing.ok("reserve", "a.py", "--as", "maya")
    bypass(pushing, "a.py")
    assert not push(pushing)[0]
    told = pushing.git("push", check=False)
    assert told == ""
    pushing.ok("unreserve", "--all", "--as", "maya")
    assert push(pushing)[0]


@pytest.mark.parametrize("mode", ["block", "warn", "off"])
def test_the_mode_of_the_guard_counts(pushing: Repo, mode: str) -> None:
    """As it does for commits."""
    config = pushing.path / ".jetpack/config.yaml"
    config.write_text(config.read_text().replace("mode: block", f"mode: {mode}"))
    pushing.ok("reserve", "a.py", "--as", "maya")
    bypass(pushing, "a.py")
    assert push(pushing)[0] is (mode != "block")


def test_what_was_reserved_later_is_no_matter(pushing: Repo) -> None:
    """The commit was right when it was made."""
    pushing.write("b.py", "")
    pushing.commit("Free then")
    pushing.ok("reserve", "b.py", "--as", "maya")
    db_time = "UPDATE reservations SET created_at = '2100-01-01T00:00:00.000Z'"
    from jetpack_git.data.database import open_database

    db = open_database(str(pushing.path / ".jetpack/jetpack.db"))
    db.backend.script(db_time)
    db.close()
    assert push(pushing)[0]


def test_the_holders_own_work_may_be_pushed_by_anybody(pushing: Repo) -> None:
    """A commit that names its task is that of who has it; a new branch is looked at as well."""
    task = pushing.add("Task")
    pushing.ok("claim", task, "--as", "maya")
    pushing.ok("reserve", "a.py", "--as", "maya")
    bypass(pushing, "a.py", f"Work\n\nJetpack-Task: {task}")
    assert push(pushing)[0]
    pushing.git("switch", "--quiet", "-c", "side")
    bypass(pushing, "a.py")
    said = pushing.git("push", "origin", "side", check=False)
    assert pushing.git("ls-remote", "origin", "side") == "", said
    pushing.git("push", "origin", "--delete", "main", check=False)


def test_nothing_to_push_is_no_matter(pushing: Repo) -> None:
    """Nor is a tag, or a branch that goes."""
    pushing.ok("reserve", "**", "--as", "maya")
    pushing.git("tag", "v1")
    pushing.git("push", "--quiet", "origin", "v1")
    pushing.git("push", "--quiet", "origin", "main:other")
    pushing.git("push", "--quiet", "origin", "--delete", "other")


def test_asked_by_hand(repo: Repo) -> None:
    """For paths, for what is staged, and for a range; as one document."""
    repo.ok("reserve", "src/**", "--as", "maya")
    (repo.path / "src").mkdir()
    assert repo.jetpack("guard", "a.py").out == "clear\n"
    whole = str(repo.path / "src/a.py")
    for place, name in ((repo.path, "src/a.py"), (repo.path / "src", "a.py"), (repo.path, whole)):
        answer = repo.jetpack("guard", name, "b.py", "--json", cwd=place)
        document = json.loads(answer.out)
        assert (answer.code, document["clear"], document["paths"]) == (1, False, 2)
        (found,) = [one for one in document["conflicts"] if one["path"] == "src/a.py"]
        assert (found["holder"], found["pattern"]) == ("maya", "src/**")
    assert repo.jetpack("guard", "src/a.py", "--as", "maya").code == 0
    assert repo.jetpack("guard").out == "clear\n"
    repo.write("src/a.py", "x")
    repo.git("add", "src/a.py")
    assert repo.jetpack("guard", "--staged").out.startswith("src/a.py: maya holds src/** until ")
    before = repo.git("rev-parse", "HEAD")
    repo.git("commit", "--quiet", "--no-verify", "-m", "x")
    assert repo.jetpack("guard", "--range", f"{before}..HEAD").code == 1
    assert repo.jetpack("guard", "--range", "HEAD..HEAD").code == 0
    for wrong in (["../x"], ["--range", "--output=x"], ["--staged", "a.py"], [""]):
        assert repo.jetpack("guard", *wrong).code == 2, wrong
    assert repo.jetpack("guard", "--range", "none..HEAD").code == 2
    assert not (repo.path / "x").exists()


def test_odd_names_in_commits(repo: Repo) -> None:
    """A path may look like a line of git's output."""
    names = [":100644 100644", "a\nb", "\x01x", " y", "ü"]
    for name in names:
        repo.write(name, "x")
    repo.commit("Odd\n\nJetpack-Task: jp-1\nJetpack-Task: jp-2")
    import subprocess

    from jetpack_git.work.guard_commits import LOG

    out = subprocess.run(["git", *LOG, "-1"], cwd=repo.path, capture_output=True, check=True)
    (one,) = commits(out.stdout)
    assert set(names) <= set(one.paths)
    assert (one.task_id, one.at.endswith("Z")) == ("jp-2", True)
