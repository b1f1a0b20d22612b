"""The guard at every move of a branch, where somebody asked for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Repo


@pytest.fixture
def strict(repo: Repo) -> Repo:
    """A repository with a commit, whose branches are guarded; maya holds a.py."""
    repo.write("a.py", "first\n")
    repo.commit("Set up")
    repo.ok("init", "--every-branch-update")
    repo.ok("reserve", "a.py", "--as", "maya")
    return repo


def tip(repo: Repo, name: str = "HEAD") -> str:
    """The commit of that name."""
    return repo.git("rev-parse", name)


def test_no_verify_does_not_help(strict: Repo) -> None:
    """The commit is made, and no branch gets it."""
    before = tip(strict)
    strict.write("a.py", "other\n")
    strict.git("commit", "--quiet", "--no-verify", "-am", "Past the guard", check=False)
    assert tip(strict) == before
    strict.ok("unreserve", "--all", "--as", "maya")
    strict.git("commit", "--quiet", "--no-verify", "-am", "Free")
    assert tip(strict) != before


def test_a_cherry_pick_and_a_rebase_are_looked_at(strict: Repo) -> None:
    """Both make commits without asking pre-commit."""
    strict.git("checkout", "--quiet", "-b", "side", "HEAD")
    strict.write("a.py", "side\n")
    strict.git("-c", "core.hooksPath=/dev/null", "commit", "--quiet", "-am", "On the side")
    strict.git("checkout", "--quiet", "main")
    strict.write("b.py", "")
    strict.git("add", "b.py")
    strict.git("commit", "--quiet", "-m", "Somewhere else")
    before = tip(strict)
    strict.git("cherry-pick", "side", check=False)
    assert tip(strict, "main") == before
    strict.git("cherry-pick", "--abort", check=False)
    strict.git("reset", "--quiet", "--hard", "main")
    side = tip(strict, "side")
    strict.git("rebase", "--quiet", "main", "side", check=False)
    assert tip(strict, "side") == side
    strict.git("rebase", "--abort", check=False)
    strict.ok("unreserve", "--all", "--as", "maya")
    strict.git("rebase", "--quiet", "main", "side")
    assert tip(strict, "side") != side


def test_what_others_have_committed_may_come_in(strict: Repo, tmp_path: Path) -> None:
    """A pull, a merge, a branch at an old commit and a tag bring nothing that is new."""
    strict.git("clone", "--quiet", str(strict.path), str(tmp_path / "other"))
    there = Repo(tmp_path / "other")
    there.write("a.py", "theirs\n")
    there.git("-c", "user.name=O", "-c", "user.email=o@x", "commit", "--quiet", "-am", "Theirs")
    strict.git("remote", "add", "origin", str(there.path))
    strict.git("pull", "--quiet", "--ff-only", "origin", "main")
    assert tip(strict) == tip(there)
    strict.git("branch", "old", "HEAD~1")
    strict.git("tag", "v1")
    strict.git("branch", "-D", "old")
    assert strict.git("stash", "list") == ""


def test_the_holder_is_not_stopped(strict: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is one's own may be committed in every way."""
    strict.write("a.py", "maya's\n")
    strict.git("-c", "user.name=maya", "-c", "jetpack.agent=maya", "commit", "-qam", "Mine")
    assert strict.git("log", "-1", "--format=%s") == "Mine"


def test_a_hook_that_was_there_gets_what_git_says(repo: Repo) -> None:
    """It is kept, runs in all states with all lines, and is back after uninstall."""
    kept = repo.path / ".git/hooks/reference-transaction"
    kept.write_text('#!/usr/bin/env python3\nimport sys\nopen(".git/seen", "a").write('
                    'sys.argv[1] + " " + sys.stdin.read())\n')  # fmt: skip
    kept.chmod(0o755)
    text = kept.read_text()
    repo.ok("init", "--every-branch-update")
    repo.write("a.py", "")
    repo.git("add", "a.py")
    repo.git("commit", "--quiet", "-m", "Free")
    seen = (repo.path / ".git/seen").read_text()
    assert "prepared " in seen
    assert "committed " in seen
    assert seen.count("refs/heads/main") >= 2
    repo.ok("uninstall")
    assert kept.read_text() == text


def test_it_stays_until_it_is_taken_out(strict: Repo) -> None:
    """Another init leaves it, doctor looks at it, and uninstall takes it."""
    hook = strict.path / ".git/hooks/reference-transaction"
    text = hook.read_text()
    strict.ok("init")
    assert hook.read_text() == text
    hook.write_text(text.replace("python=", "python=/gone"))
    assert "reference-transaction" in strict.jetpack("doctor").out
    strict.ok("init")
    assert hook.read_text() == text
    strict.ok("uninstall")
    assert not hook.exists()


def test_where_it_cannot_be_installed_that_is_said(repo: Repo) -> None:
    """No hooks at all, or somebody else's folder of them."""
    assert repo.jetpack("init", "--no-hooks", "--every-branch-update").code == 2
    (repo.path / "lefthook.yml").write_text("{}\n")
    answer = repo.jetpack("init", "--every-branch-update")
    assert answer.code == 2
    assert "lefthook" in answer.err
