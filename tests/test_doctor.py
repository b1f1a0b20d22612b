"""`git jetpack doctor`: every fault is made for real, found, and repaired where it can be."""

from __future__ import annotations

import hashlib
import re
import shutil
import sys
from pathlib import Path

import apsw
import pytest

from tests.conftest import Repo

FINE = "Everything is in order.\n"


def spoil(repo: Repo, *statements: str) -> None:
    """The database is changed behind the program's back."""
    connection = apsw.Connection(str(repo.path / ".jetpack/jetpack.db"))
    for one in statements:
        connection.execute(one)
    connection.close()


_TABLES = "SELECT name FROM sqlite_master WHERE type <> 'trigger'"


def everything(repo: Repo) -> dict[str, object]:
    """All rows of the database, and the hash and time of all other files."""
    connection = apsw.Connection(str(repo.path / ".jetpack/jetpack.db"))
    tables = [
        row[0]
        for row in connection.execute("SELECT name FROM sqlite_master WHERE type <> 'trigger'")
    ]
    found: dict[str, object] = {
        name: list(connection.execute(f"SELECT * FROM {name}"))  # noqa: S608 (no user's text)
        for name in tables
        if not name.startswith("sqlite_autoindex") and name not in _indexes(connection)
    }
    connection.close()
    for path in sorted(repo.path.rglob("*")):
        if path.is_file() and not path.name.startswith("jetpack.db"):
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            found[str(path)] = (digest, path.stat().st_mtime_ns)
    return found


def _indexes(connection: apsw.Connection) -> set[str]:
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'index'")
    return {str(row[0]) for row in rows}


def wrong_counts(repo: Repo, tmp_path: Path) -> None:
    """Derived values that do not follow from anything."""
    parent = repo.add("Parent")
    repo.add("Child", "--parent", parent)
    spoil(repo, "UPDATE tasks SET blockers = 7, children = children + 3")


def wrong_parent(repo: Repo, tmp_path: Path) -> None:
    """A parent that is completed although its child is not."""
    repo.add("Child", "--parent", repo.add("Parent"))
    spoil(repo, "UPDATE tasks SET status = 'completed' WHERE children = 1")


def dead_agent(repo: Repo, tmp_path: Path) -> None:
    """An agent whose process is gone."""
    repo.add("One")
    spoil(
        repo,
        "INSERT INTO agents (name, kind, status, incarnation, host, pid, pid_started, started_at,"
        " heartbeat_at) VALUES ('w1', 'program', 'working', 'i', 'elsewhere', 1, 'x',"
        " '2020-01-01T00:00:00.000Z', '2020-01-01T00:00:00.000Z')",
        "UPDATE tasks SET status = 'claimed', assignee = 'w1', incarnation = 'i'",
    )


def lost_worktree(repo: Repo, tmp_path: Path) -> None:
    """A worktree of the pool that was deleted by hand."""
    path = repo.path / ".jetpack/worktrees/w1"
    repo.git("worktree", "add", "--quiet", str(path))
    shutil.rmtree(path)


def forgotten_worktree(repo: Repo, tmp_path: Path) -> None:
    """A worktree that wrote files, and was removed."""
    path = tmp_path / "gone"
    repo.git("worktree", "add", "--quiet", str(path))
    Repo(path).add("One")
    repo.git("worktree", "remove", "--force", str(path))


def due_files(repo: Repo, tmp_path: Path) -> None:
    """A file whose writing was cut short."""
    one = repo.add("One")
    (repo.path / f".tasks/{one}.md").unlink()
    spoil(
        repo,
        "INSERT INTO mirror_pending (worktree, kind, id) SELECT worktree, 'task', "
        "substr(path, 8, length(path) - 10) FROM mirror_seen WHERE path LIKE '%.md'",
    )


def no_hook(repo: Repo, tmp_path: Path) -> None:
    """A hook that somebody deleted."""
    (repo.path / ".git/hooks/pre-commit").unlink()


REPAIRED = {
    "counts": (wrong_counts, "counts"),
    "a parent": (wrong_parent, "counts"),
    "an agent": (dead_agent, "agents"),
    "a worktree": (lost_worktree, "worktrees"),
    "memory of a worktree": (forgotten_worktree, "files"),
    "due files": (due_files, "files"),
    "a hook": (no_hook, "hooks"),
}


@pytest.mark.parametrize("name", REPAIRED)
def test_a_fault_is_found_and_repaired(repo: Repo, tmp_path: Path, name: str) -> None:
    """A dry run tells it and changes nothing at all; a run repairs it."""
    spoiled, check = REPAIRED[name]
    repo.commit("Set up", JETPACK_AGENT="Ada")
    spoiled(repo, tmp_path)
    before = everything(repo)
    told = repo.jetpack("doctor", "--dry-run", "--json")
    assert everything(repo) == before
    assert (told.code, told.json["dry_run"]) == (1, True)
    found = [(one["check"], one["outcome"]) for one in told.json["findings"]]
    assert (check, "would be repaired") in found
    repaired = repo.jetpack("doctor", "--json")
    assert repaired.code in (0, 1)
    assert "failed" not in repaired.out
    left = repo.jetpack("doctor", "--json")
    assert (left.code, {one["outcome"] for one in left.json["findings"]} - {"note"}) == (0, set())


def test_what_only_a_person_can_decide_is_left_to_one(repo: Repo) -> None:
    """A file changed by hand, an unknown key, a stray folder: told, and left alone."""
    one = repo.add("One")
    path = repo.path / f".tasks/{one}.md"
    path.write_text(path.read_text().replace("title: One", "title: Two"))
    repo.write(".tasks/zz-new.md", "---\nid: zz-new\ntitle: New\n---\n")
    repo.write(".jetpack/config.yaml", "gard: {}\n")
    (repo.path / ".jetpack/worktrees/stray").mkdir(parents=True)
    before = everything(repo)
    told = repo.jetpack("doctor")
    assert (told.code, told.out) == (
        1,
        f"""\
config: The config has an unknown key 'gard'.
  yours: Check its spelling.
worktrees: {repo.path}/.jetpack/worktrees/stray is no worktree of this clone.
  yours: Look at what it holds, and move it away.
files: .tasks/{one}.md was changed since it was last loaded or written.
  yours: Let the file win with: git jetpack sync --from-files {one} — or the database with: \
git jetpack sync --from-database {one}
files: .tasks/zz-new.md is not in the database.
  yours: Load it with: git jetpack sync
""",
    )
    assert everything(repo) == before


def test_a_file_that_was_set_back_is_a_note(repo: Repo) -> None:
    """It may be meant: the exit code is 0, and nothing writes it forward."""
    one = repo.add("One")
    repo.commit("One", JETPACK_AGENT="Ada")
    repo.ok("edit", one, "--title", "Two")
    repo.git("checkout", "--quiet", "--", ".tasks")
    told = repo.jetpack("doctor")
    assert told.code == 0
    assert told.out.startswith(f"files: .tasks/{one}.md is another version than the database has.")
    assert "title: One\n" in (repo.path / f".tasks/{one}.md").read_text()
    repo.ok("sync", "--from-files", one)
    assert repo.ok("show", one)["task"]["title"] == "One"
    assert repo.jetpack("doctor").out == FINE


def test_a_damaged_database_is_told_and_left_alone(repo: Repo) -> None:
    """Exit 1 or 3 with what to do, and never a traceback."""
    for number in range(30):
        repo.write(f".tasks/jp-{number}.md", f"---\nid: jp-{number}\ntitle: T\n---\nlong\n")
    repo.ok("sync")
    path = repo.path / ".jetpack/jetpack.db"
    data = bytearray(path.read_bytes())
    for start in range(8192, len(data), 4096):
        data[start : start + 300] = b"\xff" * 300
    path.write_bytes(bytes(data))
    told = repo.jetpack("doctor", "--dry-run")
    assert told.code == 1
    assert "damaged" in told.out
    assert "et it aside" in told.out
    assert path.read_bytes() == bytes(data)


@pytest.mark.parametrize("damage", ["gone", "emptied", "garbage"])
def test_a_lost_database_is_made_anew_from_the_files(repo: Repo, damage: str) -> None:
    """What was lost with it is told, and what there was is set aside."""
    task_id = repo.add("One")
    memory = repo.ok("remember", "Locks are slow")["memory"]["id"]
    path = repo.path / ".jetpack/jetpack.db"
    for ending in ("-wal", "-shm"):
        path.with_name(f"jetpack.db{ending}").unlink(missing_ok=True)
    path.unlink()
    if damage != "gone":
        path.write_bytes(b"" if damage == "emptied" else b"no database at all" * 1000)
    refused = repo.jetpack("list")
    assert (refused.code, "git jetpack" in refused.err) == (3, True)
    for _ in range(2):
        dry = repo.jetpack("doctor", "--dry-run")
        assert dry.code == 1
        assert "Claims in flight, reservations, mail and agents are lost with it" in dry.out
    file = repo.path / f".memories/agent_learning/{memory}.md"
    whole = file.read_text()
    file.write_text(f"<<<<<<< HEAD\n{whole}")
    said = repo.jetpack("doctor")
    assert (said.code, "repaired" in said.out, memory in said.out) == (1, True, True)
    file.write_text(whole)
    assert repo.jetpack("sync").code == 0
    assert repo.ok("show", memory)["memory"]["title"] == "Locks are slow"
    assert repo.ok("show", task_id)["task"]["title"] == "One"
    aside = [one for one in path.parent.glob("jetpack.db.*") if one.suffix not in ("-wal", "-shm")]
    assert len(aside) == (damage != "gone")
    assert repo.jetpack("doctor").out == "Everything is in order.\n"


def test_a_hook_may_run_under_another_python(repo: Repo) -> None:
    """It is left alone as long as that one can run the guard."""
    other = repo.path.parent / "python"
    other.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    other.chmod(0o755)
    hook = repo.path / ".git/hooks/pre-commit"
    installed = hook.read_text()
    before = re.sub("(?m)python=.*$", lambda _: f"python={other}", installed)
    assert before != installed
    hook.write_text(before)
    assert (repo.jetpack("doctor").out, hook.read_text()) == ("Everything is in order.\n", before)
    other.write_text("#!/bin/sh\nexit 1\n")
    assert "hooks: The guard does not stand in pre-commit," in repo.jetpack("doctor").out
    assert hook.read_text() == installed


def test_an_embedder_that_cannot_answer_is_told(repo: Repo) -> None:
    """Though each memory has its vector: searches are degraded. Nothing is made of nothing."""
    repo.ok("remember", "A fact")
    command = f"{sys.executable} broken.py"
    repo.write(
        ".jetpack/config.yaml",
        f"memory:\n  embedder: command\n  command: {command}\n  dimension: 3\n",
    )
    repo.git("config", "jetpack.embedder", command)
    repo.write("broken.py", "import sys\nfor _ in sys.stdin: print([1, 2, 3])\n")
    repo.ok("recall", "fact")
    assert repo.jetpack("doctor", "--dry-run").out == FINE
    repo.write("broken.py", "raise SystemExit('no model')\n")
    repo.ok("remember", "Quite another matter")
    told = repo.jetpack("doctor")
    assert told.code == 1
    assert "ended with status 1: no model" in told.out
    assert "1 memories have no vector" in told.out
