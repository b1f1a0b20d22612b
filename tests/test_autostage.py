"""Which task files a commit carries: those that this worktree's own writes have changed."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Repo
from sync_tools import file
from sync_tools import mend


@pytest.fixture
def begun(repo: Repo) -> Repo:
    """A repository with a first commit of what `init` made."""
    for name, value in (("user.name", "Ada"), ("user.email", "ada@example.org")):
        repo.git("config", name, value)
    repo.git("add", "--all")
    repo.git("commit", "--quiet", "-m", "Set up")
    return repo


def commit(repo: Repo, name: str, *args: str) -> list[str]:
    """The files of a commit for which that one alone was staged."""
    repo.write(name, "")
    repo.git("add", "--", name)
    repo.git("commit", "--quiet", "-m", name, *args)
    return sorted(repo.git("show", "--format=", "--name-only", "HEAD").splitlines())


def test_a_commit_carries_what_was_written_here(begun: Repo) -> None:
    """With the log and what git has to know of the files; the next one carries no more."""
    one = begun.add("One")
    begun.ok("claim", one)
    wanted = [".tasks/.gitattributes", f".tasks/{one}.log", f".tasks/{one}.md", "x.py"]
    assert commit(begun, "x.py") == wanted
    assert begun.git("status", "--porcelain") == ""
    assert commit(begun, "y.py") == ["y.py"]
    begun.ok("done", one)
    assert commit(begun, "z.py") == [f".tasks/{one}.log", f".tasks/{one}.md", "z.py"]


def test_what_somebody_has_staged_or_changed_stays_as_it_is(begun: Repo) -> None:
    """An older version that is staged, and a change by hand that is not loaded."""
    staged, by_hand, written = begun.add("Staged"), begun.add("By hand"), begun.add("Written")
    commit(begun, "a.py")
    for one in (staged, by_hand, written):
        begun.ok("edit", one, "-p", "0")
    begun.git("add", f".tasks/{staged}.md")
    begun.ok("edit", staged, "-p", "1")
    mend(begun, by_hand, "By hand", "By another hand")
    carried = {f".tasks/{staged}.md", f".tasks/{written}.md", "b.py"}
    assert set(commit(begun, "b.py")) == carried
    assert "priority: 0" in begun.git("show", f"HEAD:.tasks/{staged}.md")
    begun.jetpack("sync")
    begun.ok("edit", by_hand, "-p", "1")
    assert f".tasks/{by_hand}.md" in commit(begun, "c.py")


def test_other_worktrees_and_other_branches_keep_theirs(begun: Repo, tmp_path: Path) -> None:
    """What was written in a linked worktree goes into that one's commits."""
    begun.git("worktree", "add", "--quiet", str(tmp_path / "linked"))
    linked = Repo(tmp_path / "linked")
    here, there = begun.add("Here"), linked.add("There")
    assert f".tasks/{there}.md" not in commit(begun, "a.py")
    found = commit(linked, "b.py")
    assert f".tasks/{there}.md" in found
    assert f".tasks/{here}.md" not in found


@pytest.mark.parametrize("way", ["config", "partial", "ignored", "framework"])
def test_where_nothing_is_added(begun: Repo, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Switched off; a commit of named files; ignored files; under a framework that forbids it."""
    one = begun.add("One")
    args: tuple[str, ...] = ()
    if way == "config":
        begun.write(".jetpack/config.yaml", "mirror:\n  autostage: false\n")
    elif way == "partial":
        begun.write("x.py", "")
        begun.git("add", "x.py")
        args = ("--", "x.py")
    elif way == "ignored":
        begun.write(".git/info/exclude", ".tasks/\n")
    else:
        monkeypatch.setenv("PRE_COMMIT", "1")
    assert commit(begun, "x.py", *args) == ["x.py"]
    assert file(begun, one).exists()


def test_a_commit_that_the_guard_stops_stages_nothing(begun: Repo) -> None:
    """And one of all changes carries them as ever."""
    one = begun.add("One")
    begun.ok("reserve", "x.py", "--as", "maya")
    begun.write("x.py", "")
    begun.git("add", "x.py")
    begun.git("commit", "--quiet", "-m", "x", check=False)
    assert begun.git("diff", "--cached", "--name-only") == "x.py"
    begun.ok("unreserve", "--all", "--as", "maya")
    begun.git("commit", "--quiet", "-a", "-m", "x")
    assert f".tasks/{one}.md" in begun.git("show", "--format=", "--name-only", "HEAD")
