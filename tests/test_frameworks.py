"""The guard under pre-commit and prek, really installed and run by git."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import SCRIPT
from conftest import Answer
from conftest import Repo

FRAMEWORKS = ["pre-commit", "prek"]
CONFIG = "repos: [{repo: local, hooks: [{id: x, name: x, entry: 'true', language: system}]}]\n"
STAGES = ("-t", "pre-commit", "-t", "pre-merge-commit", "-t", "pre-push")


def framework(name: str, *args: str, cwd: Path) -> None:
    """The framework has done that."""
    program = str(Path(sys.executable).with_name(name))
    done = subprocess.run([program, *args], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def framed(bare_repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """A repository with a remote, in which `git-jetpack` is found."""
    for name in ("HOME", "PRE_COMMIT_HOME", "PREK_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.setenv("PATH", f"{Path(SCRIPT).parent}:{os.environ['PATH']}")
    bare_repo.git("config", "user.name", "Ada")
    bare_repo.git("config", "user.email", "ada@example.org")
    bare_repo.git("init", "--quiet", "--bare", str(tmp_path / "remote"))
    bare_repo.git("remote", "add", "origin", str(tmp_path / "remote"))
    return bare_repo


def change(repo: Repo, name: str) -> Answer:
    """What it said to commit a change of that file alone."""
    repo.write(name, (repo.path / name).read_text() + "#\n" if (repo.path / name).exists() else "")
    repo.git("add", "--", name)
    done = subprocess.run(
        ["git", "commit", "-m", name], cwd=repo.path, capture_output=True, text=True, check=False
    )
    repo.git("reset", "--quiet", "--hard")
    return Answer(done.returncode, done.stdout, done.stderr)


def guarded(repo: Repo) -> None:
    """Commits, merges and pushes of what maya holds are stopped, and no others."""
    repo.git("branch", "--quiet", "before")
    assert change(repo, "b.py").code == 0
    repo.git("push", "--quiet", "origin", "HEAD:main")
    repo.ok("reserve", "a.py", "--as", "maya")
    said = change(repo, "a.py")
    assert (said.code, "a.py: maya holds a.py" in said.out + said.err) == (1, True), said
    assert change(repo, "b.py").code == 0
    repo.git("checkout", "--quiet", "-b", "side", "before")
    repo.write("a.py", "other\n")
    repo.git("commit", "--quiet", "--no-verify", "-am", "Past the guard")
    repo.git("checkout", "--quiet", "-")
    before = repo.git("rev-parse", "HEAD")
    repo.git("merge", "side", check=False)
    assert repo.git("rev-parse", "HEAD") == before
    repo.git("merge", "--abort", check=False)
    repo.git("push", "--quiet", "origin", "side", check=False)
    assert repo.git("ls-remote", "origin", "side") == ""


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_the_lines_that_init_prints_are_enough(framed: Repo, name: str) -> None:
    """Where the framework is there first its hooks are left alone, and it runs the guard."""
    config = framed.path / ".pre-commit-config.yaml"
    config.write_text(CONFIG)
    framework(name, "install", cwd=framed.path)
    hook = framed.path / ".git/hooks/pre-commit"
    text = hook.read_text()
    told = framed.ok("init")
    assert (told["guard"], hook.read_text()) == ("to be added by hand", text)
    assert f"# {name} install -t pre-commit" in told["lines"]
    config.write_text(told["lines"])
    framework(name, "install", *STAGES, cwd=framed.path)
    framed.git("add", "--all")
    framed.git("commit", "--quiet", "-m", "Set up")
    assert framed.ok("init")["guard"] == "on"
    guarded(framed)
    framed.ok("uninstall")
    assert hook.read_text() == text


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_a_framework_that_comes_later_goes_on_running_ours(framed: Repo, name: str) -> None:
    """It moves our hooks aside and runs them first; they come out from there."""
    hooks = framed.path / ".git/hooks"
    theirs = f"#!{sys.executable}\nopen('.git/theirs', 'a').write('ran')\n"
    (hooks / "pre-commit").write_text(theirs)
    (hooks / "pre-commit").chmod(0o711)
    framed.ok("init")
    (framed.path / ".pre-commit-config.yaml").write_text(CONFIG)
    framework(name, "install", *STAGES, cwd=framed.path)
    framed.git("add", "--all")
    framed.git("commit", "--quiet", "-m", "Set up")
    assert (framed.path / ".git/theirs").exists()
    guarded(framed)
    framed.ok("uninstall")
    assert (hooks / "pre-commit.legacy").read_text() == theirs
    assert not (hooks / "pre-push.legacy").exists()


def test_the_manifest_for_frameworks_is_valid() -> None:
    """`.pre-commit-hooks.yaml`, which they read from our own repository."""
    root = Path(__file__).parents[1]
    framework("pre-commit", "validate-manifest", str(root / ".pre-commit-hooks.yaml"), cwd=root)
    framework("prek", "validate-manifest", str(root / ".pre-commit-hooks.yaml"), cwd=root)
