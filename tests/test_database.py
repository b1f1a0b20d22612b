"""The database: made by many at once, locked, full, read-only, damaged or from the future."""

from __future__ import annotations

import ctypes
import os
import resource
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest
import races
from conftest import SCRIPT
from conftest import Answer
from conftest import Repo

from jetpack_git.data import database
from jetpack_git.data.database import Database
from jetpack_git.data.database import open_database
from jetpack_git.errors import BadInput
from jetpack_git.errors import StoreError
from jetpack_git.models.task import Task
from jetpack_git.work import metrics
from jetpack_git.work.tasks import Tasks

MIGRATIONS = Path(database.FOLDER) / "migrations"


def dump(path: Path) -> list[object]:
    """Everything in the database, and that it is sound."""
    connection = apsw.Connection(str(path), apsw.SQLITE_OPEN_READWRITE)
    assert connection.pragma("integrity_check") == "ok"
    found: list[object] = [connection.pragma("user_version")]
    for (name,) in list(connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")):
        found.append((name, list(connection.execute(f'SELECT * FROM "{name}" ORDER BY 1'))))  # noqa: S608
    connection.close()
    return found


def store(repo: Repo) -> Path:
    """Where the repository has its database."""
    return repo.path / ".jetpack" / "jetpack.db"


def limited(repo: Repo, *args: str, limit: Callable[[], None]) -> Answer:
    """What `git jetpack` says in a process with such a limit."""
    done = subprocess.run(
        [SCRIPT, *args], cwd=repo.path, capture_output=True, text=True, check=False,
        preexec_fn=limit,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return Answer(done.returncode, done.stdout, done.stderr)


def without_root() -> None:
    """File permissions count, for the superuser too (CAP_DAC_OVERRIDE is dropped)."""
    ctypes.CDLL(None).prctl(24, 1, 0, 0, 0)


def test_migrations_are_numbered_without_gaps() -> None:
    """The newest one is the schema that the code knows."""
    numbers = [int(path.name[:4]) for path in sorted(MIGRATIONS.iterdir())]
    assert numbers == list(range(1, database.SCHEMA + 1))


def test_every_statement_is_valid(db: Database) -> None:
    """Each named statement fits the schema, and its index hints fit the indexes."""
    for path in sorted(Path(database.FOLDER).glob("*.sql")):
        for part in path.read_text(encoding="utf-8").split("-- name: ")[1:]:
            name = f"{path.stem}.{part.split(chr(10), 1)[0].strip()}"
            connection = apsw.Connection(db.backend.path)
            connection.execute(f"EXPLAIN {database.statement(name)}", _Nulls())
            connection.close()


class _Nulls(dict[str, object]):
    def __missing__(self, key: str) -> object:
        return None


def test_a_migration_and_its_record_are_there_together_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A migration that fails half-way leaves the old schema, and the next start repeats it."""
    folder = tmp_path / "sql"
    (folder / "migrations").mkdir(parents=True)
    (folder / "migrations" / "0001_one.sql").write_text("CREATE TABLE one (x); CREATE TABEL two;")
    path = tmp_path / "jetpack.db"
    with monkeypatch.context() as patch:
        patch.setattr(database, "FOLDER", str(folder))
        with pytest.raises(StoreError):
            open_database(str(path), create=True)
    assert dump(path) == [0]
    open_database(str(path)).close()
    assert dump(path)[0] == database.SCHEMA


def test_a_newer_schema_is_refused(repo: Repo) -> None:
    """It is told what to do, and nothing is touched."""
    newer = database.SCHEMA + 1
    connection = apsw.Connection(str(store(repo)))
    connection.pragma("user_version", newer)
    connection.close()
    before = dump(store(repo))
    for args in (("list",), ("add", "x"), ("init",)):
        answer = repo.jetpack(*args)
        assert (answer.code, answer.out, answer.err) == (
            3,
            "",
            f"error: {store(repo)} was written by a newer git-jetpack "
            f"(schema {newer}; this one knows up to {database.SCHEMA}).\n"
            "hint: Upgrade with: pip install --upgrade git-jetpack\n",
        )
    assert dump(store(repo)) == before


def test_no_database_is_told_from_an_empty_one(bare_repo: Repo) -> None:
    """Whoever has not set up the clone is told how to."""
    answer = bare_repo.jetpack("list")
    assert (answer.code, answer.err) == (
        3,
        f"error: {store(bare_repo)} is not there.\n"
        "hint: Set up this clone with: git jetpack init\n",
    )
    assert not store(bare_repo).exists()


def test_many_processes_create_the_database_at_once(tmp_path: Path) -> None:
    """All succeed, and each finds what all have written."""
    path = tmp_path / "deep" / "jetpack.db"
    assert races.race(races.create, [(str(path),)] * 8) == [database.SCHEMA] * 8
    assert Tasks(open_database(str(path))).list()[1] == 8


def test_a_locked_database_is_waited_for(repo: Repo) -> None:
    """A writer that finishes in time is not even noticed."""
    process = races.SPAWN.Process(target=races.hold, args=(str(store(repo)), 0.6))
    process.start()
    races.wait_for(Path(f"{store(repo)}.held"))
    assert repo.jetpack("add", "x").code == 0
    process.join()


def test_a_database_that_stays_locked_is_told_with_who_holds_it(repo: Repo) -> None:
    """Reading goes on; a write fails after the time given, and harms nothing."""
    repo.add("One")
    repo.ok("remember", "Locks are slow")
    before = dump(store(repo))
    process = races.SPAWN.Process(target=races.hold, args=(str(store(repo)), 60))
    process.start()
    races.wait_for(Path(f"{store(repo)}.held"))
    try:
        env = {"JETPACK_BUSY_TIMEOUT_S": "0.3"}
        assert [one["title"] for one in repo.ok("list", **env)["tasks"]] == ["One"]
        assert [one["title"] for one in repo.ok("recall", "locks", **env)["memories"]] == [
            "Locks are slow"
        ]
        answer = repo.jetpack("add", "Two", **env)
        assert answer.code == 3
        first, second = answer.err.splitlines()
        start = f"error: {store(repo)} has been locked for 0.3 s by process {process.pid} ("
        assert first.startswith(start)
        assert second == "hint: Wait for it to finish, or end it, and run the command again."
        error = repo.jetpack("add", "Two", "--json", **env).json["error"]
        assert (error["code"], error["name"]) == (3, "store")
    finally:
        process.kill()
        process.join()
    assert dump(store(repo)) == before
    repo.add("Two")


def test_a_busy_timeout_that_is_no_number_is_refused(repo: Repo) -> None:
    """The variable is named."""
    answer = repo.jetpack("list", JETPACK_BUSY_TIMEOUT_S="soon")
    assert (answer.code, answer.err) == (
        2,
        "error: JETPACK_BUSY_TIMEOUT_S is 'soon'.\nhint: Give it a number of seconds, 0 or more.\n",
    )


@pytest.mark.parametrize("args", [("add", "Two"), ("list",)])
def test_a_read_only_database_is_told_and_kept(repo: Repo, args: tuple[str, ...]) -> None:
    """Reading needs the folder as well: that is where SQLite keeps its index of the WAL."""
    repo.add("One")
    before = dump(store(repo))
    files = [path for path in store(repo).parent.iterdir() if path.name.startswith("jetpack.db")]
    for path in files:
        path.chmod(0o444)
    store(repo).parent.chmod(0o555)
    try:
        answer = limited(repo, *args, limit=without_root)
    finally:
        store(repo).parent.chmod(0o755)
        for path in files:
            path.chmod(0o644)
    assert answer == Answer(
        3,
        "",
        f"error: {store(repo)} cannot be written: it is read-only for this user; "
        "nothing was changed.\nhint: Give this user write access to the file and its folder.\n",
    )
    assert dump(store(repo)) == before


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """The error is one of the store, not a traceback."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"file/deep cannot be made: Not a directory\."):
        open_database(str(tmp_path / "file" / "deep" / "jetpack.db"), create=True)


def test_a_folder_in_the_databases_place_is_named(repo: Repo) -> None:
    """It cannot be opened, and stays."""
    for path in store(repo).parent.glob("jetpack.db*"):
        path.unlink()
    store(repo).mkdir()
    answer = repo.jetpack("list")
    assert answer.code == 3
    assert answer.err.startswith(f"error: {store(repo)} cannot be opened: ")


def garbage(path: Path) -> None:
    path.write_bytes(b"This was a database once. " * 400)


def holes(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xa5" * (len(data) - 4096)
    path.write_bytes(data)


@pytest.mark.parametrize("damage", [garbage, holes])
def test_a_damaged_database_is_told_and_kept(repo: Repo, damage: Callable[[Path], None]) -> None:
    """Nothing is written over it; set aside, the clone is rebuilt from its files."""
    task_id = repo.add("One")
    connection = apsw.Connection(str(store(repo)))
    connection.pragma("wal_checkpoint(truncate)")
    connection.close()
    damage(store(repo))
    before = store(repo).read_bytes()
    for args in (("list",), ("add", "Two")):
        answer = repo.jetpack(*args)
        assert answer.code == 3, answer
        assert answer.err.startswith(f"error: {store(repo)} is damaged: ")
        assert answer.err.endswith(
            "\nhint: See what can be done with: git jetpack doctor --dry-run\n"
        )
    assert store(repo).read_bytes() == before
    store(repo).rename(store(repo).with_suffix(".bad"))
    for path in store(repo).parent.glob("jetpack.db-*"):
        path.unlink()
    repo.ok("init")
    assert repo.ok("show", task_id)["task"]["title"] == "One"


def test_a_full_disk_loses_nothing(db: Database, tasks: Tasks) -> None:
    """The transaction that does not fit is undone whole; what was there stays and works."""
    kept = tasks.add(Task(id="", title="One"))
    pages = db.backend.rows("PRAGMA page_count", {})[0]["page_count"]
    db.backend.rows(f"PRAGMA max_page_count = {int(str(pages)) + 4}", {})
    with pytest.raises(StoreError) as found:
        tasks.add(Task(id="", title="Two", description="x" * 200_000))
    assert (found.value.message, found.value.hint) == (
        f"{db.backend.path} cannot be written: the disk is full; nothing was changed.",
        "Make room and run the command again.",
    )
    assert tasks.list() == ([kept], 1)
    assert tasks.claim(kept.id, agent="ann").status == "claimed"


def test_a_file_that_may_not_grow_is_like_a_full_disk(repo: Repo) -> None:
    """Through the command line: code 3, and the database is as it was."""
    repo.add("One")
    before = dump(store(repo))
    room = store(repo).stat().st_size

    def no_growth() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    text = "".join(f"{number} " for number in range(100_000))
    (repo.path / "text").write_text(text)
    with (repo.path / "text").open() as file:
        done = subprocess.run(
            [SCRIPT, "add", "Two", "-d", "-", "--json"], cwd=repo.path, stdin=file,
            capture_output=True, text=True, check=False, preexec_fn=no_growth,
        )  # fmt: skip
    answer = Answer(done.returncode, done.stdout, done.stderr)
    assert (answer.code, answer.json["error"]["name"]) == (3, "store")
    assert answer.json["error"]["message"].startswith(f"{store(repo)}")
    assert dump(store(repo)) == before
    assert repo.ok("list")["total"] == 1


def test_a_transaction_is_all_or_nothing(db: Database, tasks: Tasks) -> None:
    """Nested ones too: only the outermost commits, and then the followers are called."""
    calls: list[int] = []
    db.after_commit.append(lambda: calls.append(tasks.list()[1]))
    with pytest.raises(BadInput), db.transaction():  # noqa: PT012
        tasks.add(Task(id="", title="lost"))
        raise BadInput("no")
    assert (tasks.list()[1], calls) == (0, [])
    with db.transaction():
        tasks.add(Task(id="", title="one"))
        with pytest.raises(BadInput), db.transaction():
            raise BadInput("inside")
        tasks.add(Task(id="", title="two"))
    assert (tasks.list()[1], calls) == (2, [2])
    with db.transaction_quietly():
        tasks.add(Task(id="", title="three"))
    assert (tasks.list()[1], calls) == (3, [2])


def test_text_that_is_no_utf8_is_refused(db: Database) -> None:
    """What came from the command line as other bytes never reaches a row."""
    with pytest.raises(BadInput, match=r"^'a\\udcff' is no UTF-8 text\.$"):
        db.all("tasks.get", id="a\udcff")


def test_the_database_is_not_for_others_to_write(repo: Repo) -> None:
    """No bit of its mode lets anybody but the user and the group write."""
    assert not stat.S_IMODE(os.stat(store(repo)).st_mode) & stat.S_IWOTH


def test_the_data_room_starts_fast() -> None:
    """It loads nothing that a hook would have to wait for."""
    code = "import jetpack_git.data.database, sys; print(*sys.modules)"
    out = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert not {"json", "dataclasses", "enum", "pathlib", "re"} & set(out.split())


def test_a_database_of_the_first_version_is_brought_up_to_date(tmp_path: Path) -> None:
    """With all that is in it, and all that follows from that."""
    path = tmp_path / "jetpack.db"
    old = apsw.Connection(str(path))
    old.execute((MIGRATIONS / "0001_initial.sql").read_text())
    old.execute("PRAGMA user_version = 1")
    for seq, (name, status) in enumerate((("jp-a", "pending"), ("jp-b", "completed")), 1):
        old.execute(
            "INSERT INTO tasks (seq, id, title, status, created_at, updated_at) "
            "VALUES (?, ?, 'Old', ?, '', '')",
            (seq, name, status),
        )
    old.close()
    db = open_database(str(path))
    tasks = Tasks(db)
    assert dump(path)[0] == database.SCHEMA
    assert tasks.counts() == {"ready": 1, "completed": 1}
    assert metrics.refresh(db)
    assert tasks.claim("jp-a", agent="ann").graph_score == 120.0
    db.close()
