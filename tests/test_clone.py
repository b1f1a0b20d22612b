"""Where a clone keeps things is the same for us, from anywhere, as for git."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Repo

from jetpack_git.errors import BadInput
from jetpack_git.git.clone import find


def place(path: Path) -> tuple[str | None, str]:
    """The worktree and the home that are found from the folder."""
    clone = find(str(path))
    return clone.worktree, clone.home


def test_every_folder_of_a_worktree_leads_to_its_clone(bare_repo: Repo, tmp_path: Path) -> None:
    """From the root, below it, through a link, and from a linked worktree."""
    root = bare_repo.path
    (root / "a/b").mkdir(parents=True)
    (tmp_path / "link").symlink_to(root / "a")
    home = f"{root}/.jetpack"
    assert place(root) == place(root / "a/b") == place(tmp_path / "link/b") == (str(root), home)
    bare_repo.git("worktree", "add", "-q", str(tmp_path / "side"))
    assert place(tmp_path / "side") == (str(tmp_path / "side"), home)
    assert find(str(tmp_path / "side")).main_worktree == str(root)
    assert place(root / ".git/hooks") == (None, home)
    assert place(root / ".git/worktrees/side") == (None, home)


def test_a_git_folder_elsewhere_is_the_home(bare_repo: Repo, tmp_path: Path) -> None:
    """By --separate-git-dir or by a link, all worktrees find one home, inside of it."""
    root, git_dir = bare_repo.path, tmp_path / "store/repo.git"
    git_dir.parent.mkdir()
    bare_repo.git("init", "-q", f"--separate-git-dir={git_dir}")
    bare_repo.git("worktree", "add", "-q", str(tmp_path / "side"))
    expected = f"{git_dir}/jetpack"
    assert place(root) == (str(root), expected)
    assert place(tmp_path / "side") == (str(tmp_path / "side"), expected)
    (root / ".git").unlink()
    (root / ".git").symlink_to(git_dir)
    assert place(root) == (str(root), expected)
    assert find(str(root)).main_worktree is None


@pytest.mark.parametrize(
    "text",
    [
        "[core]\n\tbare = true\n", "[core]\n\tbare\n", "[core] bare = yes # so\n",
        "[CORE]\nBare=1\n", "[core]\nbare = false\n[x]\ny = z\n[core]\nbare = \"on\"\n",
    ],
)  # fmt: skip
def test_bare_is_read_as_git_reads_it(bare_repo: Repo, tmp_path: Path, text: str) -> None:
    """A `.git` folder that is bare has no worktree, however its config is written."""
    repo = Repo(tmp_path / "proj")
    repo.path.mkdir()
    bare_repo.git("clone", "-q", "--bare", str(bare_repo.path), str(repo.path / ".git"))
    text = f"[core]\nrepositoryFormatVersion = 0\n{text}"
    (repo.path / ".git/config").write_text(text)
    assert repo.git("rev-parse", "--is-bare-repository") == "true"
    assert place(repo.path) == (None, f"{repo.path}/.git/jetpack")
    (repo.path / ".git/config").write_text(text + "[core]\n\tbare = no\n")
    assert repo.git("rev-parse", "--is-bare-repository") == "false"
    assert place(repo.path) == (str(repo.path), f"{repo.path}/.jetpack")


def test_what_git_does_not_take_for_a_repository_is_none(bare_repo: Repo) -> None:
    """An empty `.git` folder is passed by, as git does; a `.git` file that leads nowhere is not."""
    (bare_repo.path / "sub/.git").mkdir(parents=True)
    assert place(bare_repo.path / "sub")[0] == str(bare_repo.path)
    (bare_repo.path / "sub/.git").rmdir()
    (bare_repo.path / "sub/.git").write_text("gitdir: nowhere\n")
    with pytest.raises(BadInput, match=r"points at .*/sub/nowhere, which is not there"):
        find(str(bare_repo.path / "sub"))
    with pytest.raises(BadInput, match="/ is not in a git repository"):
        find("/")
