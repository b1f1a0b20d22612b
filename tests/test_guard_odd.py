"""The guard when things are odd: names, settings, a database in trouble, a bare environment."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw
import pytest
from conftest import Repo
from guarded import UNSURE
from guarded import conflicts
from guarded import git
from guarded import reserve
from guarded import set_up
from guarded import told
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from jetpack_git.git import hooks


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """A repository with one commit, set up, in which maya holds a.py and a.py is changed."""
    made = set_up(tmp_path / "repo")
    reserve(made, "a.py")
    made.write("a.py", "a = 2\n")
    made.git("add", "a.py")
    return made


STOPPED = (1, conflicts("a.py: maya holds a.py"))


def configure(repo: Repo, text: str) -> None:
    """The config of the repository is just this."""
    (repo.path / ".jetpack/config.yaml").write_text(text)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"held/caf\xc3\xa9", "held/café"),
        (b"held/a\xff\xfe.py", "held/a\\xff\\xfe.py"),
        (b"held/a\nerror: b", "held/a\\nerror: b"),
        (b"held/\"quoted\" \\ and 'so'", "held/\"quoted\" \\ and 'so'"),
        (b"held/\x1b]0;title\x07\x1b[2J\r", "held/\\x1b]0;title\\x07\\x1b[2J\\r"),
        ("held/\u202egnp.exe".encode(), "held/\\u202egnp.exe"),
        (b"held/ -rf", "held/ -rf"),
        (b"held/:(top)*", "held/:(top)*"),
    ],
)
def test_any_name_is_matched_and_harmless(repo: Repo, name: bytes, shown: str) -> None:
    """A path is matched byte for byte, and the terminal gets nothing that it would obey."""
    reserve(repo, "held/**")
    repo.git("reset", "-q")
    blob = repo.git("rev-parse", "HEAD:a.py").encode()
    subprocess.run(
        ["git", "update-index", "-z", "--index-info"], cwd=repo.path, check=True,
        input=b"100644 " + blob + b"\t" + name + b"\0",
    )  # fmt: skip
    assert told(git(repo, "commit", "-m", "x")) == (
        1,
        conflicts(f"{shown}: maya holds held/**"),
    )


NAMES = st.binary(min_size=1, max_size=12).map(lambda b: bytes(c for c in b if c not in b"\0/"))


@settings(deadline=None, max_examples=8, suppress_health_check=list(HealthCheck))
@given(st.lists(NAMES.filter(lambda name: name not in (b"", b".", b"..", b".git")), min_size=1))
def test_no_name_slips_through(repo: Repo, names: list[bytes]) -> None:
    """Every name below a reserved folder is stopped, one line each and printable."""
    repo.git("read-tree", "HEAD")
    reserve(repo, "held")
    blob = repo.git("rev-parse", "HEAD:a.py").encode()
    wanted = sorted({b"held/" + name for name in names if not name.lower().startswith(b".git")})
    subprocess.run(
        ["git", "update-index", "-z", "--index-info"], cwd=repo.path, check=True,
        input=b"".join(b"100644 %b\t%b\0" % (blob, name) for name in wanted),
    )  # fmt: skip
    answer = git(repo, "commit", "-m", "x")
    assert answer.code == 1
    lines = answer.err.splitlines()
    assert all(one.isprintable() for one in lines)
    assert sum(" maya holds held since " in one for one in lines) == min(len(wanted), 20)


def test_ignorecase_follows_the_repository(repo: Repo) -> None:
    """Where git ignores case, so does the guard, for ASCII letters."""
    reserve(repo, "docs/READ*")
    repo.git("reset", "-q")
    repo.write("DOCS/readme", "x")
    repo.git("add", "DOCS")
    assert git(repo, "commit", "-qm", "x").code == 0
    repo.git("config", "core.ignorecase", "true")
    repo.ok("init")
    repo.write("DOCS/readme", "y")
    repo.git("add", "DOCS")
    answer = told(git(repo, "commit", "-m", "x"))
    assert answer == (1, conflicts("DOCS/readme: maya holds docs/READ*"))


def test_the_modes(repo: Repo) -> None:
    """`warn` says it and lets the commit go, `off` says nothing; it holds from the next commit."""
    assert told(git(repo, "commit", "-qm", "x")) == STOPPED
    configure(repo, "guard:\n  mode: off\n")
    assert git(repo, "commit", "-qm", "x", "--dry-run").code == 0
    assert told(git(repo, "commit", "-qm", "x")) == (0, "")
    configure(repo, "guard:\n  mode: warn\n")
    said = STOPPED[1].replace(
        "error: the guard stopped this commit", "warning: this commit goes ahead"
    )
    assert told(git(repo, "commit", "-q", "--amend", "--allow-empty", "-m", "x")) == (0, "")
    repo.write("a.py", "a = 3\n")
    assert told(git(repo, "commit", "-qam", "x")) == (0, said)
    configure(repo, "guard:\n  mode: block\n")
    repo.write("a.py", "a = 4\n")
    assert told(git(repo, "commit", "-qam", "x")) == STOPPED
    (repo.path / ".jetpack/config.yaml").unlink()
    assert told(git(repo, "commit", "-qam", "x")) == STOPPED


def test_each_worktree_has_its_own_mode(repo: Repo, tmp_path: Path) -> None:
    """The config is that of the worktree in which the commit is made."""
    repo.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    side = Repo(tmp_path / "side")
    side.write(".jetpack/config.yaml", "guard: {mode: 'off'}\n")
    side.write("a.py", "a = 2\n")
    assert told(git(side, "commit", "-qm", "x", "a.py")) == (0, "")
    assert told(git(repo, "commit", "-qm", "x")) == STOPPED


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"guard:\n  mode: [\n", ":3: this is no YAML: "),
        (b"guard:\n  mode: sometimes\n", ":2: mode: "),
        (b"\xff\xfe", ":1: this is no UTF-8 text."),
    ],
)
def test_a_broken_config_is_said(repo: Repo, text: bytes, problem: str) -> None:
    """A conflict with a config that cannot be read is stopped, and the line is named."""
    config = repo.path / ".jetpack/config.yaml"
    config.write_bytes(text)
    answer = git(repo, "commit", "-qm", "x")
    assert answer.code == 1
    assert answer.err.startswith(f"error: the guard cannot tell: {config}{problem}")
    assert answer.err.endswith(UNSURE)
    config.unlink()
    config.mkdir()
    answer = git(repo, "commit", "-qm", "x")
    assert (answer.code, answer.err.splitlines()[0]) == (
        1,
        f"error: the guard cannot tell: {config} cannot be read: Is a directory.",
    )


@contextmanager
def locked(path: Path) -> Iterator[str]:
    other = apsw.Connection(str(path))
    other.pragma("locking_mode", "exclusive")
    other.execute("BEGIN EXCLUSIVE; CREATE TABLE t (x)")
    yield f"{path} has been locked for 0.1 s by "
    other.close()


@contextmanager
def damaged(path: Path) -> Iterator[str]:
    path.write_bytes(b"no database at all, " * 100)
    yield f"{path} is damaged: "


@contextmanager
def newer(path: Path) -> Iterator[str]:
    other = apsw.Connection(str(path))
    other.pragma("user_version", 999)
    other.close()
    yield f"{path} was written by a newer git-jetpack (schema 999; "


@contextmanager
def folder(path: Path) -> Iterator[str]:
    path.unlink()
    path.mkdir()
    yield f"{path} cannot be opened: "


@contextmanager
def emptied(path: Path) -> Iterator[str]:
    other = apsw.Connection(str(path))
    other.execute("DROP TABLE reservations")
    other.close()
    yield f"{path}: "


@contextmanager
def looping(path: Path) -> Iterator[str]:
    path.unlink()
    path.symlink_to(path)
    yield "OSError: [Errno 40] Too many levels of symbolic links: "


@pytest.mark.parametrize("trouble", [locked, damaged, newer, folder, emptied, looping])
def test_a_database_in_trouble_is_said(repo: Repo, trouble: object) -> None:
    """It is never silent; guard.on_error decides, and blocks if it says nothing."""
    path = repo.path / ".jetpack/jetpack.db"
    with trouble(path) as problem:  # type: ignore[operator]
        for on_error, code in (("block", 1), ("warn", 0), ("allow", 0)):
            configure(repo, f"guard: {{on_error: {on_error}}}\n")
            env = {"JETPACK_BUSY_TIMEOUT_S": "0.1"}
            answer = git(repo, "commit", "-qm", "x", "--allow-empty", **env)
            assert answer.code == code, answer
            word = "error" if code else "warning"
            assert answer.err.startswith(f"{word}: the guard cannot tell: {problem}"), answer
            assert answer.err.count("\nhint: ") == 1 + code
            assert answer.err.endswith(UNSURE) is (code == 1)
        configure(repo, "guard: {mode: 'off'}\n")
        assert git(repo, "commit", "-qm", "x", "--allow-empty", **env).err == ""
        (repo.path / ".jetpack/config.yaml").unlink()
        assert git(repo, "commit", "-qm", "x", "--allow-empty", **env).code == 1


def test_an_environment_that_is_nearly_empty_is_enough(repo: Repo) -> None:
    """The hook needs neither PATH nor HOME, nor a locale."""
    repo.git("config", "user.name", "Ada")
    repo.git("config", "user.email", "ada@example.invalid")
    done = subprocess.run(
        ["/usr/bin/env", "-i", shutil.which("git") or "git", "commit", "-m", "x"],
        cwd=repo.path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr.splitlines()[0]) == (1, STOPPED[1].splitlines()[0])
    done = subprocess.run(
        [repo.path / ".git/hooks/pre-commit"], cwd=repo.path, capture_output=True, text=True,
        check=False, env={},
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("error: the guard stopped this commit: 1 of its paths is ")


def test_closed_streams_do_not_change_the_answer(repo: Repo) -> None:
    """The guard says no even if nobody listens."""
    for close in ("<&- >&- 2>&-", ">&-", "2>&-", "2>/dev/full"):
        done = subprocess.run(
            ["/bin/sh", "-c", f".git/hooks/pre-commit {close}"], cwd=repo.path,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode, "Traceback" in done.stderr) == (1, False), close


def test_an_interpreter_without_git_jetpack_is_said(repo: Repo, tmp_path: Path) -> None:
    """When git-jetpack was taken out of its environment, the hook says what to do."""
    python = Path("/usr/bin/python3")
    if not python.exists():
        pytest.skip("there is no other Python here")
    hooks.install(repo.path, python=python)
    answer = git(repo, "commit", "-qm", "x", PATH="/usr/bin:/bin")
    assert (answer.code, answer.err) == (
        1,
        f"error: git-jetpack's guard cannot run: {python} is gone, or has no git-jetpack.\n"
        'hint: install git-jetpack and run "git jetpack init" again.\n',
    )


def test_the_command_is_the_same_guard(repo: Repo) -> None:
    """`git jetpack hook pre-commit` answers for hook managers; another name is refused."""
    assert told(repo.jetpack("hook", "pre-commit")) == STOPPED
    answer = repo.jetpack("hook", "post-commit")
    assert (answer.code, answer.err) == (2, "error: the guard knows no hook 'post-commit'.\n")
