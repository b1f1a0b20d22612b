"""The seam to the store: named SQL in, list of rows out.

A statement is named `<noun>.<verb>` and stands in `sql/<noun>.sql` below a line
`-- name: <verb>`. The hook imports this, so it may load nothing heavy.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from jetpack_git.data.sqlite import BUSY_TIMEOUT_S
from jetpack_git.data.sqlite import Row as Row
from jetpack_git.data.sqlite import Sqlite
from jetpack_git.errors import StoreError

FOLDER = os.path.join(os.path.dirname(__file__), "sql")
SCHEMA = 17


class Database:
    """The store of one clone."""

    def __init__(self, backend: Sqlite) -> None:
        self.backend = backend
        self.memo: dict[str, object] = {}  # what does not change while a connection is open
        self.before_commit: list[Callable[[], None]] = []
        self.after_commit: list[Callable[[], None]] = []
        self._depth = 0
        self._seen = -1

    def all(self, name: str, /, **values: object) -> list[Row]:
        """All rows of the named statement."""
        return self.backend.rows(statement(name), values)

    def one(self, name: str, /, **values: object) -> Row | None:
        """The first row of the named statement, if there is any."""
        rows = self.all(name, **values)
        return rows[0] if rows else None

    def run(self, name: str, /, **values: object) -> None:
        """The named statement has run."""
        self.backend.rows(statement(name), values)

    def count(self, name: str, /, **values: object) -> int:
        """The number in the only column of the named statement's only row."""
        (row,) = self.all(name, **values)
        (number,) = row.values()
        return int(str(number))

    def many(self, name: str, values: list[dict[str, object]]) -> None:
        """The named statement has run once for each mapping."""
        if values:
            self.backend.many(statement(name), values)

    def transaction(self) -> Transaction:
        """All that is written inside is there at its end, or nothing of it.

        Transactions nest: only the outermost one commits. It calls `before_commit`, whose
        writes belong to it, and then `after_commit`.
        """
        return Transaction(self, quiet=False)

    def transaction_quietly(self) -> Transaction:
        """The same, for writes that nobody needs to follow: neither is called."""
        return Transaction(self, quiet=True)

    def changed(self) -> bool:
        """Whether another connection has written since this was asked last; at first, yes."""
        before, self._seen = self._seen, self.backend.written()
        return self._seen != before

    def close(self) -> None:
        """The connection is closed."""
        self.backend.close()

    def enter(self) -> None:
        """One more transaction is open."""
        if self._depth == 0:
            self.backend.begin()
        self._depth += 1

    def leave(self, *, failed: bool, quiet: bool) -> None:
        """One transaction fewer is open."""
        if self._depth > 1 or failed:
            self._depth -= 1
            if self._depth == 0:
                self.backend.rollback()
            return
        try:
            for call in () if quiet else self.before_commit:
                call()
            self.backend.commit()
        except BaseException:
            self.backend.rollback()
            raise
        finally:
            self._depth = 0
        if not quiet:
            for call in tuple(self.after_commit):
                call()


class Transaction:
    """A context manager around one transaction."""

    __slots__ = ("_db", "_quiet")

    def __init__(self, db: Database, *, quiet: bool) -> None:
        self._db = db
        self._quiet = quiet

    def __enter__(self) -> None:
        self._db.enter()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: object,
    ) -> None:
        self._db.leave(failed=kind is not None, quiet=self._quiet)


_statements: dict[str, str] = {}


def statement(name: str) -> str:
    """The SQL of that name."""
    if name not in _statements:
        noun = name.split(".", 1)[0]
        with open(os.path.join(FOLDER, f"{noun}.sql"), encoding="utf-8") as file:
            for part in file.read().split("-- name: ")[1:]:
                verb, sql = part.split("\n", 1)
                _statements[f"{noun}.{verb.strip()}"] = sql
    return _statements[name]


def open_database(
    path: str, *, create: bool = False, busy_timeout_s: float = BUSY_TIMEOUT_S
) -> Database:
    """The database at `path`, its schema up to date.

    Any number of processes may create it at once. Raises StoreError when it is not
    there (unless `create`), cannot be read, or was written by a newer version.
    """
    if create:
        _make_folder(os.path.dirname(path))
    else:
        _check_there(path)
    backend = Sqlite(path, busy_timeout_s=busy_timeout_s)
    db = Database(backend)
    try:
        version = backend.version()
        if version > SCHEMA:
            raise StoreError(
                f"{path} was written by a newer git-jetpack "
                f"(schema {version}; this one knows up to {SCHEMA}).",
                hint="Upgrade with: pip install --upgrade git-jetpack",
            )
        if version < SCHEMA:
            _migrate(db)
    except StoreError:
        backend.close()
        raise
    return db


def in_memory() -> Database:
    """An empty database that is nowhere else and ends with its connection."""
    db = Database(Sqlite(":memory:"))
    _bring_up(db)
    return db


def _check_there(path: str) -> None:
    """The file is there and holds something. Raises StoreError."""
    try:
        size = os.stat(path).st_size
    except (FileNotFoundError, NotADirectoryError) as error:
        hint = "Set up this clone with: git jetpack init"
        raise StoreError(f"{path} is not there.", hint=hint) from error
    if not size:
        hint = "Make it anew from the task files with: git jetpack doctor"
        raise StoreError(f"{path} is empty: what it held is lost.", hint=hint)


def _make_folder(path: str) -> None:
    """The folder is there. Raises StoreError."""
    try:
        os.makedirs(path, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"{path} cannot be made: {error.strerror}.",
            hint="Give this user write access to the folder above it.",
        ) from error


def _migrate(db: Database) -> None:
    """The schema is the newest; every migration and its record were committed together.

    SQLite refuses at once when two connections turn WAL mode on together, so one does.
    """
    from pathlib import Path

    from jetpack_git.locks import alone

    with alone(Path(db.backend.path).parent):
        db.backend.use_wal()
        _bring_up(db)


def _bring_up(db: Database) -> None:
    names = sorted(os.listdir(os.path.join(FOLDER, "migrations")))
    with db.transaction():
        for name in names[db.backend.version() :]:
            with open(os.path.join(FOLDER, "migrations", name), encoding="utf-8") as file:
                db.backend.script(file.read())
            db.backend.script(f"PRAGMA user_version = {int(name.split('_', 1)[0])}")
