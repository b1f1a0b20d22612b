"""Setting up a clone, in every kind of repository, and taking it away again."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import SCRIPT
from conftest import Repo
from guarded import conflicts
from guarded import database
from guarded import git
from guarded import reserve
from guarded import set_up
from guarded import told

from jetpack_git.git.hooks import LOADERS
from jetpack_git.setup import CONFIG
from jetpack_git.setup import IGNORED
from jetpack_git.work.agents import Agents


def files(folder: Path) -> dict[str, bytes]:
    """Every file below the folder with its content, but for the database's."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith("jetpack.db")
    }


def test_init_says_what_it_made_and_twice_changes_nothing(bare_repo: Repo) -> None:
    """Config, ignore file, database and the hooks; the second time nothing at all."""
    hooks = bare_repo.path / ".git/hooks"
    first = bare_repo.jetpack("init")
    assert (first.code, first.err) == (0, "")
    assert first.out.splitlines() == [
        "made .jetpack/.gitignore",
        "made .jetpack/config.yaml",
        f"hook pre-commit: created ({hooks}/pre-commit)",
        f"hook pre-merge-commit: created ({hooks}/pre-merge-commit)",
        f"hook pre-push: created ({hooks}/pre-push)",
        *(f"hook {name}: created ({hooks}/{name})" for name in LOADERS),
        f"This clone is set up; its database is {bare_repo.path}/.jetpack/jetpack.db",
    ]
    before = files(bare_repo.path)
    assert before[".jetpack/config.yaml"] == CONFIG.encode()
    again = bare_repo.ok("init")
    assert (again["made"], again["guard"]) == ([], "on")
    assert [one["action"] for one in again["hooks"]] == ["unchanged"] * 6
    assert files(bare_repo.path) == before
    bare_repo.git("add", "--all")
    assert bare_repo.git("status", "--short").splitlines() == [
        "A  .jetpack/.gitignore",
        "A  .jetpack/config.yaml",
    ]


def test_init_overwrites_nothing(bare_repo: Repo) -> None:
    """A config, an ignore file and hooks that are there stay as they are."""
    bare_repo.write(".jetpack/config.yaml", "guard:\n  mode: warn\n")
    bare_repo.write(".jetpack/.gitignore", "*.db*\n")
    hook = bare_repo.path / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho theirs >>ran\n")
    hook.chmod(0o755)
    assert bare_repo.ok("init")["made"] == []
    assert (bare_repo.path / ".jetpack/config.yaml").read_text() == "guard:\n  mode: warn\n"
    assert (bare_repo.path / ".jetpack/.gitignore").read_text() == "*.db*\n"
    bare_repo.git("commit", "-q", "--allow-empty", "-m", "x")
    assert (bare_repo.path / "ran").read_text() == "theirs\n"
    bare_repo.ok("uninstall")
    assert hook.read_text() == "#!/bin/sh\necho theirs >>ran\n"


def test_a_linked_worktree_shares_the_database(bare_repo: Repo, tmp_path: Path) -> None:
    """From a worktree, a subfolder and a detached HEAD it is the same clone."""
    bare_repo.git("worktree", "add", "-q", "--detach", str(tmp_path / "side"))
    side = Repo(tmp_path / "side")
    (side.path / "sub").mkdir()
    made = side.jetpack("init", "--json", cwd=side.path / "sub").json
    assert made["database"] == f"{bare_repo.path}/.jetpack/jetpack.db"
    assert (bare_repo.path / ".jetpack/.gitignore").read_text() == IGNORED
    assert {one["path"] for one in made["hooks"]} == {
        f"{bare_repo.path}/.git/hooks/pre-commit",
        f"{bare_repo.path}/.git/hooks/pre-merge-commit",
        f"{bare_repo.path}/.git/hooks/pre-push",
        *(f"{bare_repo.path}/.git/hooks/{name}" for name in LOADERS),
    }
    reserve(side, "a.py")
    bare_repo.write("a.py", "x")
    assert told(git(bare_repo, "commit", "-qam", "x")) == (1, conflicts("a.py: maya holds a.py"))


def test_a_bare_repository_keeps_it_inside(tmp_path: Path) -> None:
    """There is no worktree, so no config and no files; no commit is needed either."""
    repo = Repo(tmp_path / "bare.git")
    repo.path.mkdir()
    repo.git("init", "-q", "--bare")
    made = repo.ok("init")
    assert (made["database"], made["made"]) == (
        f"{repo.path}/jetpack/jetpack.db",
        ["jetpack/.gitignore"],
    )
    assert repo.ok("list")["total"] == 0


def test_an_interpreter_in_a_linked_worktree_is_refused(bare_repo: Repo, tmp_path: Path) -> None:
    """It would go away with the worktree; nothing is written, wherever init is run."""
    side = tmp_path / "side"
    bare_repo.git("worktree", "add", "-q", str(side))
    (side / "bin").mkdir()
    (side / "bin/python").symlink_to(sys.executable)
    site = os.path.dirname(os.path.dirname(os.__file__))
    program = "import sys; from jetpack_git.cli.main import main; main(['init'])"
    paths = os.pathsep.join(one for one in sys.path if one and not one.startswith(site + "/lib/p"))
    for where in (side, bare_repo.path):
        done = subprocess.run(
            [side / "bin/python", "-c", program], cwd=where, capture_output=True, text=True,
            check=False, env=os.environ | {"PYTHONPATH": paths},
        )  # fmt: skip
        assert (done.returncode, done.stdout, done.stderr) == (
            2,
            "",
            f"error: {side}/bin/python goes away with the worktree {side}.\n"
            "hint: Use a git-jetpack from outside of it: pipx install git-jetpack\n",
        )
        assert not (where / ".jetpack").exists()
    assert not (bare_repo.path / ".git/hooks/pre-commit").exists()


def test_no_repository_is_bad_input(tmp_path: Path) -> None:
    """Every command says so, and what to do."""
    for verb in ("init", "status", "uninstall"):
        answer = Repo(tmp_path).jetpack(verb)
        assert (answer.code, answer.out, answer.err) == (
            2,
            "",
            f"error: {tmp_path} is not in a git repository.\n"
            "hint: Change to a repository, or make one with: git init\n",
        )


def test_without_hooks_nothing_is_enforced(bare_repo: Repo) -> None:
    """`--no-hooks` leaves the hooks folder alone, and says that the guard is off."""
    before = files(bare_repo.path / ".git/hooks")
    made = bare_repo.ok("init", "--no-hooks")
    assert (made["hooks"], made["guard"]) == ([], "off")
    assert files(bare_repo.path / ".git/hooks") == before


@pytest.mark.parametrize("manager", ["hooks-path", "husky", "lefthook", "pre-commit"])
def test_a_hook_manager_gets_lines(bare_repo: Repo, manager: str) -> None:
    """It is recognised and left alone, and init prints the lines to add."""
    if manager == "lefthook":
        bare_repo.write("lefthook.yml", "pre-commit: {}\n")
    elif manager == "pre-commit":
        hook = bare_repo.path / ".git/hooks/pre-commit"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/usr/bin/env bash\n# File generated by pre-commit: x\n")
    else:
        folder = ".husky" if manager == "husky" else "my-hooks"
        (bare_repo.path / folder).mkdir()
        bare_repo.git("config", "core.hooksPath", folder)
    before = files(bare_repo.path)
    answer = bare_repo.jetpack("init")
    assert answer.code == 0
    assert answer.err == (
        f"warning: the hooks here are managed by {manager}, and were left alone. "
        "The guard stands once you have added these lines:\n"
    )
    made = bare_repo.ok("init")
    assert made["guard"] == "to be added by hand"
    assert answer.out.endswith(f"{made['lines']}\n")
    bare_repo.git("config", "--remove-section", "merge.jetpack")  # what init adds, and no more
    bare_repo.git("config", "--remove-section", "diff.jetpack")
    after = files(bare_repo.path)
    assert after.keys() - before.keys() == {".jetpack/config.yaml", ".jetpack/.gitignore"}
    assert {name: after[name] for name in before} == before


@pytest.mark.parametrize("version", ["git version 2.37.9", "git version 1.8", "nonsense"])
def test_an_old_git_is_refused(bare_repo: Repo, tmp_path: Path, version: str) -> None:
    """The version that is needed is named, and nothing is written."""
    (tmp_path / "bin").mkdir()
    fake = tmp_path / "bin/git"
    fake.write_text(f"#!/bin/sh\necho '{version}'\n")
    fake.chmod(0o755)
    answer = bare_repo.jetpack("init", PATH=f"{fake.parent}:{os.environ['PATH']}")
    assert (answer.code, answer.out, answer.err) == (
        2,
        "",
        f"error: This is {version}; git-jetpack needs 2.38 or newer.\nhint: Upgrade git.\n",
    )
    assert not (bare_repo.path / ".jetpack").exists()


def test_what_stands_in_the_way_is_named(bare_repo: Repo) -> None:
    """A file where the folder should be, or a folder without the right to write, is an error."""
    bare_repo.write(".jetpack", "in the way")
    answer = bare_repo.jetpack("init")
    assert (answer.code, answer.out, answer.err) == (
        3,
        "",
        f"error: {bare_repo.path}/.jetpack cannot be written: File exists.\n"
        "hint: Check what stands there, and the folder's rights.\n",
    )
    assert files(bare_repo.path)[".jetpack"] == b"in the way"


def test_two_at_once_both_succeed(bare_repo: Repo) -> None:
    """Neither breaks what the other makes."""
    hook = bare_repo.path / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\ntrue\n")
    hook.chmod(0o755)
    started = [
        subprocess.Popen(
            [SCRIPT, "init"], cwd=bare_repo.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(4)
    ]
    said = [process.communicate(timeout=60)[1] for process in started]
    assert (said, [process.returncode for process in started]) == ([b""] * 4, [0] * 4)
    assert hook.read_text().count("# >>> git-jetpack >>>") == 1
    assert bare_repo.ok("doctor")["findings"] == []


def test_uninstall_takes_away_only_what_is_ours(tmp_path: Path) -> None:
    """Hooks and clean worktrees go; unsaved work, config, tasks and database stay."""
    repo = set_up(tmp_path / "repo")
    repo.add("Stay")
    pool = repo.path / ".jetpack/worktrees"
    for name in ("clean", "dirty"):
        repo.git("worktree", "add", "-q", "--detach", str(pool / name))
    (pool / "dirty/new.py").write_text("unsaved")
    (pool / "notes").mkdir()
    answer = repo.jetpack("uninstall")
    assert answer.code == 0
    assert answer.out.splitlines() == [
        f"hook pre-commit: removed ({repo.path}/.git/hooks/pre-commit)",
        f"hook pre-merge-commit: removed ({repo.path}/.git/hooks/pre-merge-commit)",
        f"hook pre-push: removed ({repo.path}/.git/hooks/pre-push)",
        *(f"hook {name}: removed ({repo.path}/.git/hooks/{name})" for name in LOADERS),
        "drivers of task files: removed",
        f"removed {pool}/clean",
        f"What holds your work stays: {repo.path}/.jetpack, {repo.path}/.tasks",
    ]
    why = "holds work that is nowhere else, or is none of ours; it stays."
    assert answer.err == f"warning: {pool}/dirty {why}\nwarning: {pool}/notes {why}\n"
    assert (pool / "dirty/new.py").read_text() == "unsaved"
    assert repo.ok("list")["total"] == 1
    assert repo.jetpack("uninstall").code == 0


def test_uninstall_waits_for_nobody_and_ends_nobody(tmp_path: Path) -> None:
    """While agents work it is refused; a database that is broken or gone is no obstacle."""
    repo = set_up(tmp_path / "repo")
    db = database(repo)
    agent = Agents(db).start("worker", worktree=str(repo.path))
    assert agent is not None
    answer = repo.jetpack("uninstall")
    assert (answer.code, answer.out, answer.err) == (
        4,
        "",
        "error: worker still work here.\n"
        "hint: Stop the swarm first: Ctrl-C where it was started.\n",
    )
    assert (repo.path / ".git/hooks/pre-commit").exists()
    db.close()
    (repo.path / ".jetpack/jetpack.db").write_bytes(b"broken" * 1000)
    assert repo.jetpack("uninstall").code == 0
    assert not (repo.path / ".git/hooks/pre-commit").exists()
