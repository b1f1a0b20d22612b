"""Worktrees and branches are made and taken away without force, and nothing in them is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Repo

from jetpack_git.errors import GitFailed
from jetpack_git.git import worktrees


@pytest.fixture
def there(bare_repo: Repo) -> Repo:
    """A worktree of the clone, on a detached HEAD."""
    path = bare_repo.path / "pool/one"
    worktrees.ensure(path, clone=bare_repo.path, start="main")
    return Repo(path)


def test_ensure_makes_a_worktree_once(bare_repo: Repo, there: Repo) -> None:
    """It is detached at the start; a second call leaves it as it is."""
    assert there.git("rev-parse", "HEAD") == bare_repo.git("rev-parse", "main")
    assert worktrees.current_branch(there.path) is None
    there.write("b.py", "b\n")
    worktrees.ensure(there.path, clone=bare_repo.path, start="main")
    assert (there.path / "b.py").exists()


def test_a_folder_inside_the_main_worktree_is_no_worktree(bare_repo: Repo, there: Repo) -> None:
    """Git would take the main worktree for it; `ensure` refuses, or brings its link back."""
    assert worktrees.stands(there.path, clone=bare_repo.path)
    (there.path / ".git").unlink()
    assert not worktrees.stands(there.path, clone=bare_repo.path)
    worktrees.ensure(there.path, clone=bare_repo.path, start="main")
    assert worktrees.stands(there.path, clone=bare_repo.path)
    other = bare_repo.path / "pool/two"
    other.mkdir()
    (other / "mine").touch()
    with pytest.raises(GitFailed) as error:
        worktrees.ensure(other, clone=bare_repo.path, start="main")
    assert error.value.message == f"{other} is no worktree of this clone."


def test_commits_of_a_worktree_that_vanished_are_kept(bare_repo: Repo, there: Repo) -> None:
    """What only its detached HEAD held is kept under refs/jetpack/rescued/."""
    there.write("b.py", "b\n")
    there.commit("Alone")
    tip = there.git("rev-parse", "HEAD")
    there.path.rename(bare_repo.path.parent / "moved away")
    worktrees.ensure(there.path, clone=bare_repo.path, start="main")
    assert bare_repo.git("rev-parse", f"refs/jetpack/rescued/{tip[:12]}") == tip


STATES = {
    "merge": "merge x",
    "rebase": "rebase x",
    "cherry-pick": "cherry-pick x",
    "revert": "revert --no-edit HEAD~1",
    "bisect": "bisect start HEAD HEAD~1",
}


@pytest.mark.parametrize("state", STATES)
def test_save_leftovers_ends_what_git_is_in_the_middle_of(there: Repo, state: str) -> None:
    """All files are in a commit as they stood, and the worktree can go elsewhere."""
    there.git("switch", "-qc", "x")
    there.write("a.py", "x\n")
    there.commit("x")
    there.git("switch", "-qc", "y", "main")
    for text in ("y\n", "z\n"):
        there.write("a.py", text)
        there.commit(text)
    there.git(*STATES[state].split(), check=False)
    there.write("new.txt", "new\n")
    content = (there.path / "a.py").read_text()
    commit = worktrees.save_leftovers(there.path, "Unfinished\n")
    assert commit
    assert there.git("show", f"{commit}:a.py") + "\n" == content
    assert there.git("show", f"{commit}:new.txt") == "new"
    assert worktrees.is_clean(there.path)
    there.git("switch", "-q", "--detach", "main")


def test_save_leftovers_of_a_clean_worktree_is_nothing(there: Repo) -> None:
    """No commit is made."""
    assert worktrees.save_leftovers(there.path, "Unfinished\n") is None


def test_a_nested_repository_is_left_where_it_is(there: Repo) -> None:
    """The rest is saved; git cannot take the repository in."""
    for name in ("n", "m/:(odd) *"):
        (there.path / name).mkdir(parents=True)
        there.git("init", "-q", name)
    there.write("b.txt", "b\n")
    assert sorted(worktrees.nested(there.path)) == ["m/:(odd) */", "n/"]
    commit = worktrees.save_leftovers(there.path, "Unfinished\n")
    assert there.git("show", "--format=", "--name-only", str(commit)) == "b.txt"
    assert not worktrees.is_clean(there.path)


def test_only_what_is_clean_and_kept_is_removed(bare_repo: Repo, there: Repo) -> None:
    """Uncommitted files, commits that no branch holds, and strangers' folders stay."""
    clone = bare_repo.path
    there.write("b.py", "b\n")
    assert not worktrees.remove(there.path, clone=clone)
    there.commit("Alone")
    assert not worktrees.remove(there.path, clone=clone)
    assert not worktrees.remove(Path(clone, "pool"), clone=clone)
    there.git("branch", "kept")
    assert worktrees.remove(there.path, clone=clone)
    assert not there.path.exists()


def test_a_branch_goes_to_the_trash_under_its_name(bare_repo: Repo) -> None:
    """Its tip stays reachable."""
    worktrees.keep_in_trash("main", cwd=bare_repo.path)
    tip = bare_repo.git("rev-parse", "main")
    assert bare_repo.git("rev-parse", f"refs/jetpack/trash/main/{tip[:12]}") == tip
