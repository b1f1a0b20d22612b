"""The SQLite backend, through apsw. The only module that knows the driver.

The hook imports this, so it may load nothing heavy.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

import apsw

from jetpack_git import clock
from jetpack_git.errors import BadInput
from jetpack_git.errors import StoreError

Row = dict[str, object]
BUSY_TIMEOUT_S = 10.0
STATEMENTS = 400  # that stay planned: more than there are, and a swarm's worker runs 120 of them
CHECKPOINT_PAGES = 4000  # of 4 KiB: most writes change the same pages again and again


class Sqlite:
    """One connection to one database file."""

    def __init__(self, path: str, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> None:
        self.path = path
        self._timeout_s = busy_timeout_s
        self._waiting_since = 0.0
        self._has_vectors = False
        try:
            self._connection = apsw.Connection(path, statementcachesize=STATEMENTS)
            self._connection.set_busy_handler(self._wait)
            # Without this a statement is planned anew whenever its values change.
            self._connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
            self._connection.pragma("synchronous", "NORMAL")
            self._connection.wal_autocheckpoint(CHECKPOINT_PAGES)
        except apsw.Error as error:
            raise self._translate(error) from error

    def rows(self, sql: str, values: Mapping[str, object]) -> list[Row]:
        """The rows that the statement returns, by column name."""
        try:
            cursor = self._connection.execute(sql, values)
            first = cursor.fetchone()
            if first is None:
                return []
            names = [column[0] for column in cursor.get_description()]
            found = [dict(zip(names, first, strict=True))]
            found.extend(dict(zip(names, row, strict=True)) for row in cursor)
        except apsw.Error as error:
            raise self._translate(error) from error
        except UnicodeEncodeError as error:
            raise BadInput(
                f"{error.object!r:.80} is no UTF-8 text.", hint="Convert it to UTF-8."
            ) from error
        return found

    def many(self, sql: str, values: list[dict[str, object]]) -> None:
        """The statement has run once for each mapping."""
        try:
            for _ in self._connection.executemany(sql, values):
                pass  # a statement that returns rows goes on only when they are taken
        except apsw.Error as error:
            raise self._translate(error) from error

    def begin(self) -> None:
        """A transaction is open, and this connection is the only writer."""
        self.script("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """What the transaction wrote is there for everybody."""
        self.script("COMMIT")

    def rollback(self) -> None:
        """Nothing of the transaction remains."""
        if not self._connection.get_autocommit():
            self.script("ROLLBACK")

    def script(self, sql: str) -> None:
        """The statements have run."""
        try:
            self._connection.execute(sql)
        except apsw.Error as error:
            raise self._translate(error) from error

    def version(self) -> int:
        """The schema version that the file bears."""
        return int(self.rows("PRAGMA user_version", {})[0]["user_version"])  # type: ignore[call-overload, no-any-return]

    def use_wal(self) -> None:
        """The database is in WAL mode, so readers and the writer do not wait for each other."""
        try:
            self._connection.pragma("journal_mode", "wal")
        except apsw.Error as error:
            raise self._translate(error) from error

    def load_vectors(self) -> None:
        """SQLite knows sqlite-vec's functions and tables. Raises StoreError."""
        if self._has_vectors:
            return
        from importlib.util import find_spec

        # To import the package would load numpy, where that is there.
        found = find_spec("sqlite_vec")
        try:
            if found is None or not found.submodule_search_locations:
                raise apsw.ExtensionLoadingError("it is not installed")
            self._connection.enable_load_extension(True)
            self._connection.load_extension(f"{found.submodule_search_locations[0]}/vec0")
            self._connection.enable_load_extension(False)
        except (apsw.Error, AttributeError) as error:
            raise StoreError(
                f"SQLite cannot load sqlite-vec: {error}",
                hint="Install it anew: pip install --force-reinstall sqlite-vec apsw",
            ) from error
        self._has_vectors = True

    def changes(self) -> int:
        """How many rows this connection has changed since it was opened."""
        return self._connection.total_changes()

    def written(self) -> int:
        """A number that is another one once another connection has written."""
        return int(self.rows("PRAGMA data_version", {})[0]["data_version"])  # type: ignore[call-overload, no-any-return]

    def close(self) -> None:
        """The file is closed."""
        self._connection.close()

    def _wait(self, tries: int) -> bool:
        """Whether to try again to get a lock, after a pause.

        SQLite's own pauses grow to 100 ms, which is long where many write a millisecond each.
        """
        now = clock.monotonic()
        if tries == 0:
            self._waiting_since = now
        waited = now - self._waiting_since
        if waited >= self._timeout_s:
            return False
        # Whoever waits together does not try again together.
        pause = 0.001 + (os.getpid() + 7 * tries) % 10 * 0.0003
        clock.sleep(min(pause if waited < 1 else 0.02, self._timeout_s - waited))
        return True

    def _translate(self, error: apsw.Error) -> StoreError:
        """Our error for one of the driver's."""
        if isinstance(error, apsw.BusyError):
            return StoreError(
                f"{self.path} has been locked for {self._timeout_s:g} s by {_writer(self.path)}.",
                hint="Wait for it to finish, or end it, and run the command again.",
            )
        folder = os.path.dirname(self.path)
        if isinstance(error, apsw.FullError) or (
            isinstance(error, apsw.IOError) and _free_bytes(folder) == 0
        ):
            return StoreError(
                f"{self.path} cannot be written: the disk is full; nothing was changed.",
                hint="Make room and run the command again.",
            )
        if isinstance(error, (apsw.ReadOnlyError, apsw.PermissionsError)) or (
            isinstance(error, apsw.CantOpenError) and not os.access(folder, os.W_OK)
        ):
            return StoreError(
                f"{self.path} cannot be written: it is read-only for this user; "
                "nothing was changed.",
                hint="Give this user write access to the file and its folder.",
            )
        if isinstance(error, (apsw.NotADBError, apsw.CorruptError)):
            return StoreError(
                f"{self.path} is damaged: {error}",
                hint="See what can be done with: git jetpack doctor --dry-run",
                damaged=True,
            )
        if isinstance(error, apsw.CantOpenError):
            return StoreError(
                f"{self.path} cannot be opened: {error}",
                hint="Check that its folder exists and may be written.",
            )
        return StoreError(f"{self.path}: {error}", hint="Run: git jetpack doctor")


def _free_bytes(folder: str) -> int:
    """How much room is left for this user."""
    found = os.statvfs(folder or ".")
    return found.f_bavail * found.f_frsize


def _writer(path: str) -> str:
    """Who holds the write lock, as far as the system tells."""
    try:
        inode = str(os.stat(f"{path}-shm").st_ino)
        with open("/proc/locks", encoding="ascii", errors="replace") as file:
            for line in file:
                fields = line.split()
                # WAL_WRITE_LOCK is byte 120 of the shared-memory file (sqlite.org/walformat.html).
                if "WRITE" in fields and fields[-3].endswith(f":{inode}") and fields[-2] == "120":
                    return f"process {fields[-4]} ({_command(fields[-4])})"
    except (OSError, IndexError):
        pass
    return "another process"


def _command(pid: str) -> str:
    """The command line of a process, in short."""
    with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="replace") as file:
        return file.read(200).replace("\0", " ").strip()[:80]
