"""The portal's one SQLite connection: serialised, every commit on disk before it returns."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlcipher3 import dbapi2

from sync.errors import SyncError

SCHEMA = Path(__file__).with_name("schema.sql")
SCHEMA_VERSION = 1
_PRAGMAS = (
    "PRAGMA busy_timeout = 5000",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",
)
Row = tuple[Any, ...]
SqlError = dbapi2.Error
SqlIntegrityError = dbapi2.IntegrityError


class Tx:
    """Statements inside one transaction."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def run(self, sql: str, *values: object) -> int:
        """The number of rows ``sql`` changed."""
        count: int = self._connection.execute(sql, values).rowcount
        return count

    def all(self, sql: str, *values: object) -> list[Row]:
        """Every row ``sql`` finds."""
        rows: list[Row] = self._connection.execute(sql, values).fetchall()
        return rows

    def one(self, sql: str, *values: object) -> Row | None:
        """The first row ``sql`` finds."""
        row: Row | None = self._connection.execute(sql, values).fetchone()
        return row

    def value(self, sql: str, *values: object) -> Any:
        """The first column of the first row, None when there is none."""
        row = self.one(sql, *values)
        return None if row is None else row[0]


class Database:
    """One connection, used by one thread at a time.

    Args:
        path: of the database file; made with the schema when missing.
        create: whether it may be made.

    Raises:
        SyncError: ``sync.portal_data_bad`` when it cannot be read or is of another version.
    """

    def __init__(self, path: Path, *, create: bool = True) -> None:
        if not create and not path.is_file():
            raise SyncError("sync.portal_no_data", folder=path.parent.name)
        self._lock = threading.Lock()
        try:
            self._connection = dbapi2.connect(
                str(path), isolation_level=None, check_same_thread=False
            )
            for pragma in _PRAGMAS:
                self._connection.execute(pragma)
            self._migrate(create=create)
        except SqlError as error:
            raise SyncError("sync.portal_data_bad", folder=path.parent.name) from error

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """A transaction that is durable when the block ends, or never was when it raises."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield Tx(self._connection)
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """One consistent view."""
        with self._lock:
            self._connection.execute("BEGIN")
            try:
                yield Tx(self._connection)
            finally:
                self._connection.execute("ROLLBACK")

    def _migrate(self, *, create: bool) -> None:
        version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if version == SCHEMA_VERSION:
            return
        if version != 0 or not create:
            raise SyncError("sync.portal_data_bad", folder="portal")
        script = SCHEMA.read_text("utf-8")
        self._connection.executescript(
            f"BEGIN IMMEDIATE; {script} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
        )
