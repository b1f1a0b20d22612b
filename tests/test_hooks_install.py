"""Installing the guard's hooks, beside whatever else is there."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck
from hypothesis import assume
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from jetpack_git.errors import BadInput
from jetpack_git.git import hooks

SH = b"#!/bin/sh\n"
PYTHON_HOOK = f"#!{sys.executable}\nopen('theirs', 'a').write('ran')\n".encode()


@dataclass
class Repo:
    """A repository, and an interpreter that writes down how the hook starts it."""

    root: Path
    python: Path

    def git(self, *args: str, cwd: Path | None = None, ok: bool = True) -> str:
        done = subprocess.run(["git", *args], cwd=cwd or self.root, capture_output=True, text=True)
        assert (done.returncode == 0) is ok, (done.returncode, done.stdout, done.stderr)
        return done.stdout + done.stderr

    def commit(self, *, cwd: Path | None = None, ok: bool = True) -> str:
        return self.git("commit", "--allow-empty", "-m", "x", cwd=cwd, ok=ok)

    def hook(self, content: bytes, name: str = "pre-commit", mode: int = 0o755) -> Path:
        path = self.root / ".git/hooks" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        path.chmod(mode)
        return path

    def guard_says(self, code: int) -> None:
        self.python.with_name("code").write_text(str(code))

    def asked(self) -> list[str]:
        """The hooks that have called the guard."""
        log = self.python.with_name("log")
        return log.read_text().splitlines() if log.exists() else []

    def install(self, cwd: Path | None = None) -> list[str]:
        return [done.action for done in hooks.install(cwd or self.root, python=self.python)]

    def uninstall(self) -> list[str]:
        return [done.action for done in hooks.uninstall(self.root)]

    def states(self) -> list[str]:
        return [now.state for now in hooks.status(self.root, python=self.python)]

    def folder(self) -> dict[str, tuple[bytes | Path, int]]:
        """Everything in the hooks folder: the content or a link's target, and the mode."""
        found: dict[str, tuple[bytes | Path, int]] = {}
        for path in (self.root / ".git/hooks").iterdir():
            content = path.readlink() if path.is_symlink() else path.read_bytes()
            found[path.name] = content, path.lstat().st_mode & 0o7777
        return found


def interpreter(folder: Path) -> Path:
    """A script that logs its arguments and eats its stdin, in a folder that needs quoting."""
    folder.mkdir(parents=True)
    python, here = folder / "python", shlex.quote(str(folder))
    (folder / "code").write_text("0")
    python.write_text(
        f'#!/bin/sh\nif [ "$5" = --self-test ]; then echo git-jetpack guard ok; else\n'
        f'echo "$5" >>{here}/log; cat >/dev/null; fi\nexit "$(cat {here}/code)"\n'
    )
    python.chmod(0o755)
    return python


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    (tmp_path / "home").mkdir()
    for name in ("HOME", "PRE_COMMIT_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "home/config"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    root = tmp_path / "it's a $repo"
    root.mkdir()
    repo = Repo(root, interpreter(tmp_path / 'my "python" isn\'t $HOME `x`'))
    repo.git("init", "-q", "-b", "main", "--template=")
    repo.git("config", "user.name", "Ada")
    repo.git("config", "user.email", "ada@example.org")
    repo.commit()
    return repo


def test_both_hooks_ask_the_guard(repo: Repo, tmp_path: Path) -> None:
    """Installed from a linked worktree, it can stop commits and merges in each of them."""
    linked = tmp_path / "linked tree"
    repo.git("worktree", "add", "-q", "-b", "side", str(linked))
    repo.commit(cwd=linked)
    assert hooks.hooks_dir(linked) == hooks.hooks_dir(repo.root) == repo.root / ".git/hooks"
    assert repo.states() == ["missing", "missing", "missing"]
    assert repo.install(linked) == ["created", "created", "created"]
    assert repo.states() == ["installed", "installed", "installed"]
    for code in (0, 1):
        repo.guard_says(code)
        repo.commit(cwd=linked, ok=code == 0)
        repo.commit(ok=code == 0)
        repo.git("merge", "--no-ff", "side", ok=code == 0)
        repo.git("reset", "-q", "--hard", "HEAD~1")
    assert repo.asked() == ["pre-commit", "pre-commit", "pre-merge-commit"] * 2
    assert repo.uninstall() == ["removed", "removed", "removed"]
    assert repo.folder() == {}
    assert repo.uninstall() == ["absent", "absent", "absent"]


def test_an_older_interpreter_is_replaced(repo: Repo, tmp_path: Path) -> None:
    """The block is updated where it stands, in our hook and in somebody's."""
    repo.hook(SH + b"true\n", mode=0o750)
    old = interpreter(tmp_path / "old")
    hooks.install(repo.root, python=old)
    assert repo.states() == ["other-interpreter", "other-interpreter", "other-interpreter"]
    assert [now.interpreter for now in hooks.status(repo.root)] == [old, old, old]
    assert repo.install() == ["updated", "updated", "updated"]
    assert repo.states() == ["installed", "installed", "installed"]
    repo.uninstall()
    assert repo.folder() == {"pre-commit": (SH + b"true\n", 0o750)}


FIRST = [b"#!/bin/sh", b"#! /bin/sh -e", b"#!/usr/bin/env bash", b"#!/bin/zsh\r", b"#!/bin/awk -f"]
RECOGNISED = (b"generated by pre-commit", b"lefthook", b"jetpack")


@settings(deadline=None, database=None, suppress_health_check=list(HealthCheck), max_examples=60)
@given(st.sampled_from(FIRST), st.binary(), st.sampled_from([0o755, 0o700, 0o644, 0o555]))
def test_uninstall_restores_every_byte(repo: Repo, first: bytes, body: bytes, mode: int) -> None:
    """Whatever the hook was, it is the same after install, install, uninstall."""
    assume(not any(word in body.lower() for word in RECOGNISED))
    repo.hook(first + (body and b"\n" + body), mode=mode)
    before = repo.folder()
    assert repo.install() == ["added", "created", "created"]
    once = repo.folder()
    assert repo.install() == ["unchanged", "unchanged", "unchanged"]
    assert repo.folder() == once
    repo.uninstall()
    assert repo.folder() == before


@pytest.mark.parametrize("shell", ["/bin/sh", "/bin/sh -eu", "/usr/bin/env bash", "/bin/bash -eu"])
def test_a_shell_hook_keeps_running(repo: Repo, shell: str) -> None:
    """Its options, variables and status are as without us, and it can still say no."""
    body = 'set -eu\n[ $? = 0 ]\n[ -z "${python-}${code-}" ]\necho ran >>theirs\nexit 0\n'
    path = repo.hook(f"#!{shell}\n{body}".encode())
    repo.install()
    assert path.read_bytes().startswith(f"#!{shell}\n# >>> git-jetpack >>>\n".encode())
    repo.commit()
    assert (repo.root / "theirs").read_text() == "ran\n"
    path.write_bytes(path.read_bytes().replace(b"exit 0", b"exit 3"))
    repo.commit(ok=False)
    assert (repo.root / "theirs").read_text() == "ran\nran\n"


@pytest.mark.parametrize("content", [SH + b"exit 9\n", PYTHON_HOOK + b"exit(9)\n"])
def test_either_can_stop_the_commit(repo: Repo, content: bytes) -> None:
    """The guard comes first: when it says no, the hook of the user does not run."""
    path = repo.hook(content)
    repo.install()
    repo.commit(ok=False)
    assert subprocess.run([path], cwd=repo.root).returncode == 9
    repo.guard_says(7)
    repo.commit(ok=False)
    assert subprocess.run([path], cwd=repo.root).returncode == 7


@pytest.mark.parametrize("shell", ["dash", "bash", "sh"])
def test_stdin_is_left_alone(repo: Repo, shell: str) -> None:
    """The hook behind our block reads what was meant for it."""
    for name in ("pre-commit", "pre-push"):
        path = repo.hook(b"#!/bin/sh\ncat\n", name)
        repo.install()
        for fed in (b"", b"$HOME `x`\n\\t two\n"):
            assert subprocess.run([shell, path, "a"], input=fed, capture_output=True).stdout == fed


POLYGLOT = f"#!/bin/sh\n''':'\nexec {sys.executable} \"$0\" \"$@\"\n'''\nopen('theirs', 'w')\n"
OTHERS = [(PYTHON_HOOK, 0o711), (POLYGLOT.encode(), 0o755), (b"echo >theirs\n", 0o700)]


@pytest.mark.parametrize(("content", "mode"), [*OTHERS, (SH + b"touch theirs\n", 0o644)])
def test_a_hook_that_takes_no_block_is_kept(repo: Repo, content: bytes, mode: int) -> None:
    """In another language it still runs; one that git skips does not. Either comes back."""
    repo.hook(content, mode=mode)
    before = repo.folder()
    assert repo.install() == ["added", "created", "created"]
    assert repo.folder()["pre-commit.before-jetpack"] == before["pre-commit"]
    repo.commit()
    assert (repo.root / "theirs").exists() is (mode != 0o644)
    assert repo.uninstall() == ["restored", "removed", "removed"]
    assert repo.folder() == before


def test_a_kept_hook_is_found_from_its_own_folder(repo: Repo) -> None:
    """However the hook is called, what it was put before is beside it."""
    repo.hook(PYTHON_HOOK)
    repo.install()
    hooks_folder = repo.root / ".git/hooks"
    for name, where in (("pre-commit", hooks_folder), (".git/hooks/pre-commit", repo.root)):
        subprocess.run(["sh", name], cwd=where, check=True)
        assert (where / "theirs").exists()


@pytest.mark.parametrize("target", ["script", "/nowhere/at/all"])
def test_a_linked_hook_is_not_written_through(repo: Repo, target: str) -> None:
    """The link is kept as a link; what it points at stays as it is, and runs."""
    script = repo.hook(SH + b"touch theirs\n", "script")
    (repo.root / ".git/hooks/pre-commit").symlink_to(target)
    before = repo.folder()
    assert repo.install() == ["added", "created", "created"]
    assert script.read_bytes() == SH + b"touch theirs\n"
    repo.commit()
    assert (repo.root / "theirs").exists() is (target == "script")
    assert repo.uninstall() == ["restored", "removed", "removed"]
    assert repo.folder() == before


@pytest.mark.parametrize("content", [PYTHON_HOOK, b"", SH + b"# >>> git-jetpack >>>\n"])
def test_install_refuses_rather_than_loses_a_hook(repo: Repo, content: bytes) -> None:
    """A kept hook is in the way, or a block is broken: nothing is written."""
    repo.hook(b"kept earlier", "pre-merge-commit.before-jetpack")
    if content:
        repo.hook(content, "pre-merge-commit")
    before = repo.folder()
    with pytest.raises(BadInput):
        repo.install()
    assert repo.folder() == before


def test_lines_that_a_user_adds_to_our_hook_stay(repo: Repo) -> None:
    """Uninstall takes out our text alone."""
    repo.install()
    path = repo.root / ".git/hooks/pre-commit"
    path.write_bytes(path.read_bytes() + b"touch theirs\n")
    assert repo.uninstall() == ["trimmed", "removed", "removed"]
    assert repo.folder() == {"pre-commit": (SH + b"touch theirs\n", 0o755)}


def test_a_missing_interpreter_is_not_silent(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """It blocks with a message; a git-jetpack on PATH takes over, if it can start."""
    repo.install()
    repo.python.unlink()
    repo.python.with_name("git").symlink_to(str(shutil.which("git")))
    monkeypatch.setenv("PATH", f"{repo.python.parent}:/usr/bin:/bin")
    message = (
        f"error: git-jetpack's guard cannot run: {repo.python} is gone, or has no git-jetpack.\n"
    )
    message += 'hint: install git-jetpack and run "git jetpack init" again.\n'
    assert repo.commit(ok=False) == message
    program = repo.python.with_name("git-jetpack")
    program.write_text("#!/gone/with/its/environment\n")
    program.chmod(0o755)
    assert repo.commit(ok=False).endswith(message)
    program.write_text('#!/bin/sh\necho "asked: $*"\n')
    assert "asked: hook pre-commit\n" in repo.commit()
    program.write_text("#!/bin/sh\nexit 1\n")
    assert repo.commit(ok=False) == ""


def left(repo: Repo, manager: str) -> str:
    """The lines to add; install has written nothing."""
    before = sorted(repo.root.rglob("*"))
    results = hooks.install(repo.root, python=repo.python)
    assert [(r.action, r.found.manager) for r in results] == [("left", manager)] * 3
    assert repo.states() == ["managed-missing"] * 3
    assert sorted(repo.root.rglob("*")) == before
    return results[0].found.lines


def added_by_hand(repo: Repo) -> None:
    """The lines count as installed, and are left to the user who wrote them."""
    assert repo.states() == ["installed", "installed", "installed"]
    assert repo.install() == ["unchanged", "unchanged", "unchanged"]
    assert repo.uninstall() == ["left", "left", "left"]


def test_core_hooks_path_is_left_to_its_owner(repo: Repo) -> None:
    """The lines are the blocks; pasted, they run."""
    repo.git("config", "core.hooksPath", ".githooks")
    parts = left(repo, "hooks-path").split("# in ")[1:]
    (repo.root / ".githooks").mkdir()
    for part, name in zip(parts, hooks.HOOKS, strict=True):
        path, block = part.split(":\n", 1)
        assert path == str(repo.root / ".githooks" / name)
        Path(path).write_text(f"#!/bin/sh\n{block}")
        Path(path).chmod(0o755)
    added_by_hand(repo)
    repo.commit()
    assert repo.asked() == ["pre-commit"]


def test_core_hooks_path_that_names_the_usual_folder_is_no_manager(repo: Repo) -> None:
    """Hooks go there as always; a folder that is a link belongs to somebody else."""
    repo.git("config", "core.hooksPath", str(repo.root / ".git/hooks"))
    assert repo.install() == ["created", "created", "created"]
    repo.uninstall()
    repo.git("config", "--unset", "core.hooksPath")
    (repo.root / ".git/hooks").rename(repo.root / "shared")
    (repo.root / ".git/hooks").symlink_to("../shared")
    assert "/.git/hooks/pre-commit:\n# >>> git-jetpack >>>\n" in left(repo, "hooks-path")


@pytest.mark.parametrize("value", [".husky", ".husky/_"])
def test_husky_is_left_alone(repo: Repo, value: str) -> None:
    """The lines are for the files that the user writes, in either layout."""
    (repo.root / ".husky/_").mkdir(parents=True)
    repo.git("config", "core.hooksPath", value)
    files = [repo.root / ".husky" / name for name in hooks.HOOKS]
    lines = "".join(f"# in {file}:\ngit-jetpack hook {file.name}\n" for file in files)
    assert left(repo, "husky") == lines
    for file in files:
        file.write_text(f"npm test\ngit-jetpack hook {file.name}\n")
    added_by_hand(repo)


@pytest.mark.parametrize("name", ["lefthook.yml", ".lefthook.toml", ".config/lefthook.json", ""])
def test_lefthook_is_left_alone(repo: Repo, name: str) -> None:
    """The lines are in the language of its file, which may also be elsewhere."""
    file = repo.root / (name or "lefthook.yml")
    file.parent.mkdir(exist_ok=True)
    if name:
        file.write_text("")
    else:
        repo.hook(SH + b'call_lefthook run "pre-commit" "$@"\n')
    lines = left(repo, "lefthook")
    keys = tomllib.loads(lines) if file.suffix == ".toml" else yaml.safe_load(lines)
    guard: dict[str, dict[str, object]]
    guard = {h: {"run": f"git-jetpack hook {h}"} for h in hooks.HOOKS}
    guard["pre-push"]["use_stdin"] = True  # what is pushed stands there
    assert keys == {h: {"commands": {"git-jetpack-guard": guard[h]}} for h in hooks.HOOKS}
    file.write_text(lines)
    added_by_hand(repo)
