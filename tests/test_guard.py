"""The guard in git's own hooks: what it stops, what it lets through, and what it says."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from conftest import Answer
from conftest import Repo
from guarded import conflicts
from guarded import git
from guarded import reserve
from guarded import set_up
from guarded import told
from guarded import unreserve


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """A repository with one commit, set up."""
    return set_up(tmp_path / "repo")


def heads(repo: Repo) -> int:
    """How many commits there are."""
    return int(repo.git("rev-list", "--count", "--all"))


def test_no_reservation_is_not_ours(repo: Repo) -> None:
    """Nothing is said of a commit that no reservation touches."""
    reserve(repo, "b.py")
    repo.write("c.py", "c")
    repo.git("add", "c.py")
    assert git(repo, "commit", "-qm", "x") == Answer(0, "", "")


def test_no_jetpack_here_is_not_ours(repo: Repo, tmp_path: Path) -> None:
    """Hooks that outlive the set-up say nothing."""
    (repo.path / ".jetpack").rename(tmp_path / "away")
    repo.write("b.py", "b")
    repo.git("add", "b.py")
    assert git(repo, "commit", "-qm", "x") == Answer(0, "", "")
    assert not (repo.path / ".jetpack").exists()


def test_a_conflict_says_everything(repo: Repo) -> None:
    """Path, holder, task, since, until, and what to do; the commit is not made."""
    task = repo.add("Mend a")
    assert repo.jetpack("reserve", "a.py", "--task", task, "--as", "maya").code == 0
    repo.write("a.py", "a = 2\n")
    repo.git("add", "a.py")
    answer = git(repo, "commit", "-m", "x")
    assert told(answer) == (1, conflicts(f"a.py: maya holds a.py for {task}"))
    held = repo.ok("reservations")["reservations"][0]
    assert f"since {held['created_at']} until {held['expires_at']}" in answer.err
    assert heads(repo) == 1
    assert git(repo, "commit", "-qm", "x", "--no-verify").code == 0


def test_many_conflicts_are_cut_short_aloud(repo: Repo) -> None:
    """Twenty paths are shown, and how many are left out."""
    reserve(repo, "src/**")
    for number in range(23):
        repo.write(f"src/{number:02}.py", "")
    answer = told(repo.commit())
    assert answer[0] == 1
    lines = answer[1].splitlines()
    shown = [f"  src/{one:02}.py: maya holds src/** since TIME until TIME" for one in range(20)]
    assert lines[1:-1] == [*shown, "  … and 3 more"]


@pytest.mark.parametrize("by", ["Ada", "maya"])
def test_own_shared_released_and_expired_stop_nobody(repo: Repo, by: str) -> None:
    """Of all reservations only somebody else's, exclusive and active, stops a commit."""
    reserve(repo, "a.py", by="Ada")
    reserve(repo, "**", shared=True, by="maya")
    reserve(repo, "b.py", by="zoe")
    unreserve(repo, by="zoe")
    reserve(repo, "c.py", by="zoe", ttl_s=0.001)
    for name in ("a.py", "b.py"):
        repo.write(name, "new\n")
    repo.git("add", "a.py", "b.py")
    if by == "Ada":
        assert git(repo, "commit", "-qm", "x", JETPACK_AGENT=by) == Answer(0, "", "")
    else:
        assert told(git(repo, "commit", "-qm", "x", JETPACK_AGENT=by)) == (
            1,
            conflicts("a.py: Ada holds a.py"),
        )
    repo.git("reset", "-q")
    repo.write("c.py", "c")
    repo.git("add", "c.py")
    time.sleep(0.01)
    assert git(repo, "commit", "-qm", "x", JETPACK_AGENT=by) == Answer(0, "", "")


def test_the_earlier_holder_has_the_right_of_way(repo: Repo) -> None:
    """Where two hold the same path only the later one is stopped, even after a renewal."""
    reserve(repo, "*.py", by="maya")
    reserve(repo, "a.py", by="zoe")
    reserve(repo, "*.py", by="maya")
    repo.write("a.py", "a = 2\n")
    repo.git("add", "a.py")
    answer = git(repo, "commit", "-qm", "x", JETPACK_AGENT="zoe")
    assert told(answer) == (1, conflicts("a.py: maya holds *.py"))
    assert git(repo, "commit", "-qm", "x", JETPACK_AGENT="maya") == Answer(0, "", "")


def test_both_sides_of_a_rename_count(repo: Repo) -> None:
    """Neither the old nor the new name of a file is free."""
    reserve(repo, "a.py", "new/**")
    repo.git("mv", "a.py", "b.py")
    assert told(git(repo, "commit", "-m", "x")) == (1, conflicts("a.py: maya holds a.py"))
    unreserve(repo)
    reserve(repo, "new/**")
    (repo.path / "new").mkdir()
    repo.git("mv", "b.py", "new/a.py")
    assert told(git(repo, "commit", "-m", "x")) == (1, conflicts("new/a.py: maya holds new/**"))


@pytest.mark.parametrize("diff", ["renames=copies", "relative=true", "ignoreSubmodules=all"])
def test_settings_of_git_diff_hide_nothing(repo: Repo, diff: str) -> None:
    """Whatever git's config says of diffs, every path that is changed is looked at."""
    name, value = diff.split("=")
    repo.git("config", f"diff.{name}", value)
    repo.git("config", "diff.external", "false")
    reserve(repo, "a.py", "sub")
    repo.git("rm", "-q", "a.py")
    commit = repo.git("rev-parse", "HEAD")
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{commit},sub")
    lines = conflicts("a.py: maya holds a.py", "sub: maya holds sub")
    assert told(git(repo, "commit", "-m", "x")) == (1, lines)


def test_deletion_mode_and_kind_count(repo: Repo) -> None:
    """A file that is deleted, made executable or replaced by a link is changed."""
    for name in ("gone", "mode", "kind"):
        repo.write(name, "x")
    repo.commit()
    reserve(repo, "gone", "mode", "kind")
    repo.git("rm", "-q", "gone")
    repo.git("update-index", "--chmod=+x", "mode")
    (repo.path / "kind").unlink()
    (repo.path / "kind").symlink_to("mode")
    repo.git("add", "kind")
    lines = [f"{name}: maya holds {name}" for name in ("gone", "kind", "mode")]
    assert told(git(repo, "commit", "-m", "x")) == (1, conflicts(*lines))


def test_a_submodule_is_a_path_of_its_own(repo: Repo, tmp_path: Path) -> None:
    """A new commit of a submodule is stopped; inside of it, other reservations hold."""
    other = Repo(tmp_path / "other")
    other.path.mkdir()
    other.git("init", "-q")
    other.write("x", "x")
    other.commit()
    repo.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(other.path), "lib")
    repo.commit("Add lib")
    reserve(repo, "lib")
    lib = Repo(repo.path / "lib")
    assert lib.ok("init")["database"] == f"{repo.path}/.git/modules/lib/jetpack/jetpack.db"
    reserve(lib, "x", by="zoe")
    lib.write("x", "y")
    assert told(lib.commit()) == (1, conflicts("x: zoe holds x"))
    assert lib.commit(JETPACK_AGENT="zoe").code == 0
    repo.git("add", "lib")
    assert told(git(repo, "commit", "-m", "x")) == (1, conflicts("lib: maya holds lib"))


def test_every_way_to_commit_is_looked_at(repo: Repo) -> None:
    """With -a, with a file, with --amend, from a subfolder, with -C and with GIT_DIR."""
    (repo.path / "sub").mkdir()
    repo.write("sub/b.py", "b")
    repo.commit()
    reserve(repo, "a.py")
    repo.write("a.py", "a = 2\n")
    repo.write("sub/b.py", "b = 2\n")
    expected = (1, conflicts("a.py: maya holds a.py"))
    sub, place = repo.path / "sub", str(repo.path)
    assert told(git(repo, "commit", "-qam", "x")) == expected
    assert told(git(repo, "commit", "-qm", "x", "a.py")) == expected
    assert told(git(repo, "commit", "-qm", "x", "../a.py", cwd=sub)) == expected
    assert told(git(repo, "-C", place, "commit", "-qam", "x", cwd=Path("/"))) == expected
    where = {"GIT_DIR": f"{place}/.git", "GIT_WORK_TREE": place}
    assert told(git(repo, "commit", "-qam", "x", cwd=Path("/"), **where)) == expected
    where = {"GIT_DIR": "../.git", "GIT_WORK_TREE": ".."}
    assert told(git(repo, "commit", "-qam", "x", cwd=sub, **where)) == expected
    assert heads(repo) == 2
    repo.git("add", "a.py")
    assert git(repo, "commit", "-qm", "x", "sub/b.py") == Answer(0, "", "")
    assert told(git(repo, "commit", "-q", "--amend", "-m", "x")) == expected
    assert git(repo, "commit", "-q", "--amend", "-m", "x", JETPACK_AGENT="maya").code == 0


def test_the_first_commit_of_all_is_looked_at(tmp_path: Path) -> None:
    """Before there is any HEAD, everything in the index is a change."""
    repo = Repo(tmp_path / "new")
    repo.path.mkdir()
    repo.git("init", "-q")
    repo.ok("init")
    reserve(repo, "a.py")
    repo.write("a.py", "a")
    repo.write("b.py", "b")
    assert told(repo.commit()) == (1, conflicts("a.py: maya holds a.py"))
    repo.git("reset", "-q", "a.py")
    assert git(repo, "commit", "-qm", "x") == Answer(0, "", "")


def test_a_linked_worktree_has_its_own_index(repo: Repo, tmp_path: Path) -> None:
    """What is staged in one worktree is what is looked at there, and only there."""
    repo.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    side = Repo(tmp_path / "side")
    reserve(side, "a.py", by="zoe")
    side.write("a.py", "a = 2\n")
    side.git("add", "a.py")
    repo.write("b.py", "b")
    repo.git("add", "b.py")
    assert git(repo, "commit", "-qm", "x") == Answer(0, "", "")
    assert told(git(side, "commit", "-qm", "x")) == (1, conflicts("a.py: zoe holds a.py"))


@pytest.mark.parametrize("name", ["proj.git", "proj/.git"])
def test_worktrees_of_a_bare_repository_are_guarded(repo: Repo, tmp_path: Path, name: str) -> None:
    """The database lies in the bare repository, wherever its settings are kept."""
    bare = tmp_path / name
    repo.git("clone", "-q", "--bare", str(repo.path), str(bare))
    for number in range(2):
        Repo(bare).git("worktree", "add", "-q", "-b", f"b{number}", str(tmp_path / f"w{number}"))
    one, two = (Repo(tmp_path / f"w{number}") for number in range(2))
    assert one.ok("init")["database"] == f"{bare}/jetpack/jetpack.db"
    reserve(two, "a.py")
    one.write("a.py", "a = 2\n")
    assert told(git(one, "commit", "-qam", "x")) == (1, conflicts("a.py: maya holds a.py"))
    one.git("config", "extensions.worktreeConfig", "true")
    Repo(bare).git("config", "--unset", "core.bare")
    Repo(bare).git("config", "--worktree", "core.bare", "true")
    assert told(git(one, "commit", "-qam", "x")) == (1, conflicts("a.py: maya holds a.py"))
    assert Repo(bare).ok("reservations")["total"] == 1


def test_a_merge_is_looked_at(repo: Repo) -> None:
    """What a merge would bring in meets the same guard, with or without conflicts."""
    repo.git("checkout", "-qb", "side")
    repo.write("a.py", "a = 2\n")
    repo.commit("side")
    repo.git("checkout", "-q", "main")
    repo.write("b.py", "b")
    repo.commit("main")
    reserve(repo, "a.py")
    expected = (1, conflicts("a.py: maya holds a.py"))
    answer = git(repo, "merge", "-q", "--no-edit", "side")
    assert told(answer) == (
        1,
        f"{expected[1]}Not committing merge; use 'git commit' to complete the merge.\n",
    )
    assert told(git(repo, "commit", "-qm", "x")) == expected
    assert git(repo, "commit", "-qm", "x", JETPACK_AGENT="maya") == Answer(0, "", "")


def test_a_merge_takes_over_what_the_holder_committed(repo: Repo) -> None:
    """That alone: not what others did to the file as well, nor what the merge does to it."""
    repo.git("checkout", "-qb", "side")
    repo.write("b.py", "b")
    repo.commit("side")
    repo.git("checkout", "-q", "main")
    reserve(repo, "a.py")
    repo.write("a.py", "a = 2\n")
    assert git(repo, "commit", "-qam", "hers", JETPACK_AGENT="maya").code == 0
    repo.git("commit", "-q", "--amend", "--no-edit", "--author=maya <m@x>", "--no-verify")
    repo.git("checkout", "-q", "side")
    assert git(repo, "merge", "-q", "--no-edit", "main") == Answer(0, "", "")
    repo.git("reset", "-q", "--hard", "HEAD~")
    repo.write("b.py", "c")
    repo.git("commit", "-qam", "c", "--no-verify")
    repo.git("merge", "-q", "--no-commit", "main")
    assert git(repo, "commit", "-qm", "x") == Answer(0, "", "")
    repo.git("reset", "-q", "--hard", "HEAD~")
    repo.git("merge", "-q", "--no-commit", "main")
    repo.write("a.py", "a = 3\n")
    expected = (1, conflicts("a.py: maya holds a.py"))
    assert told(git(repo, "commit", "-qam", "x")) == expected
    repo.git("reset", "-q", "--hard")
    repo.git("checkout", "-q", "main")
    repo.write("a.py", "a = 4\n")
    repo.git("commit", "-qam", "his", "--no-verify")
    repo.git("checkout", "-q", "side")
    assert git(repo, "merge", "-q", "--no-edit", "main").code == 1


def test_a_lost_database_is_not_passed_over_in_silence(repo: Repo) -> None:
    """What was reserved is not known: `guard.on_error` says what happens."""
    repo.jetpack("reserve", "a.py", "--as", "Grace")
    path = repo.path / ".jetpack/jetpack.db"
    for one in path.parent.glob("jetpack.db*"):
        one.unlink()
    path.write_bytes(b"")
    repo.write("a.py", "x\n")
    stopped = repo.commit()
    assert (stopped.code, "the guard cannot tell" in stopped.err) == (1, True)
    path.unlink()
    stopped = repo.commit()
    assert (stopped.code, "jetpack.db is not there" in stopped.err) == (1, True)
    repo.ok("init")
    assert repo.commit().code == 0
