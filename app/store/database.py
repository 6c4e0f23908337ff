"""A guarded connection to the encrypted database, transactions, and its errors as ours.

Every connection gets the same settings and is asked whether it took them. One connection belongs
to one thread. Writes go through `transaction`; reads through `fetch`, which leaves no cursor half
read: an unfinished ``UPDATE … RETURNING`` keeps the write lock although no transaction shows.

Source: SQLite, "Write-Ahead Logging" and "PRAGMA Statements"; SQLCipher API, ``PRAGMA key``.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from app.domain.errors import Defect, Trouble
from app.store.driver import Database, dbapi2
from app.store.keys import Keys, subkey

BUSY_S = 5.0
_SETTINGS: tuple[tuple[str, str, object], ...] = (
    ("synchronous", "FULL", 2),
    ("foreign_keys", "ON", 1),
    ("recursive_triggers", "ON", 1),  # else INSERT OR REPLACE walks past the no-delete triggers
    ("trusted_schema", "OFF", 0),
    ("busy_timeout", "5000", 5000),
    ("journal_size_limit", "67108864", 67108864),
    ("mmap_size", "0", 0),
)
_TROUBLES = (
    ("SQLITE_FULL", "store.disk_full"),
    ("SQLITE_READONLY", "store.read_only"),
    ("SQLITE_IOERR", "store.io"),
    ("SQLITE_BUSY", "store.busy"),
    ("SQLITE_LOCKED", "store.busy"),
    ("SQLITE_CORRUPT", "store.damaged"),
    ("SQLITE_NOTADB", "store.key_wrong"),
    ("SQLITE_CANTOPEN", "store.cannot_open"),
)

Value: TypeAlias = str | int | float | bytes | None
Row: TypeAlias = dict[str, Any]
"""Column name to value; what a value is, the STRICT schema says."""
Params: TypeAlias = Sequence[Value] | Mapping[str, Value]


@contextlib.contextmanager
def map_errors(path: Path | None = None) -> Iterator[None]:
    """A block whose database errors come out as `Trouble` (the world) or `Defect` (us).

    Args:
        path: the database file, to tell a read-only disk from other reasons not to open.

    Raises:
        Trouble: ``store.disk_full store.read_only store.io store.busy store.damaged
            store.key_wrong store.cannot_open``.
        Defect: ``store.sql`` with the name of the error.
    """
    try:
        yield
    except dbapi2.Error as error:
        raise _meaning(error, path) from error


def _meaning(error: Exception, path: Path | None) -> Trouble | Defect:
    name = str(getattr(error, "sqlite_errorname", "") or type(error).__name__)
    for prefix, slug in _TROUBLES:
        if name == prefix or name.startswith(prefix + "_"):
            hidden = slug in {"store.cannot_open", "store.io"} and _read_only(path)
            return Trouble("store.read_only" if hidden else slug, error=name)
    return Defect("store.sql", error=name)


def _read_only(path: Path | None) -> bool:
    return path is not None and path.parent.is_dir() and not os.access(path.parent, os.W_OK)


def connect(path: Path, keys: Keys) -> Database:
    """A connection for the calling thread, with every setting and guard in place.

    Raises:
        Trouble: wrong key (``store.key_wrong``), or the disk (see `map_errors`).
        Defect: a setting did not take.
    """
    with map_errors(path):
        raw = dbapi2.connect(str(path), timeout=BUSY_S, isolation_level=None)
        try:
            return _guard(raw, keys)
        except BaseException:
            raw.close()
            raise


def _guard(raw: Any, keys: Keys) -> Database:
    # SQLCipher would write lines about a wrong key to stderr; the error says it all.
    raw.execute("PRAGMA cipher_log_level=NONE").fetchall()
    # Raw key and salt: no passphrase stretching, and two processes that create the file at the
    # same moment agree on its salt.
    salt = subkey(keys.db, "salt", length=16)
    raw.execute(f"PRAGMA key=\"x'{keys.db.hex()}{salt.hex()}'\"").fetchall()
    _write_ahead(raw)
    for name, value, _ in _SETTINGS:
        raw.execute(f"PRAGMA {name}={value}").fetchall()
    for name, _, expected in _SETTINGS:
        rows = raw.execute(f"PRAGMA {name}").fetchall()
        if rows and rows[0][0] != expected:
            raise Defect("store.pragma", name=name)
    return Database(raw)


def _write_ahead(raw: Any) -> None:
    """Write-ahead logging is on. The switch itself does not wait for others: we do."""
    deadline = time.monotonic() + BUSY_S
    pause = threading.Event()
    while True:
        try:
            mode = raw.execute("PRAGMA journal_mode=WAL").fetchall()[0][0]
        except dbapi2.OperationalError as error:
            busy = str(error.sqlite_errorname).startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))
            if not busy or time.monotonic() > deadline:
                raise
            pause.wait(0.02)
        else:
            if mode != "wal":
                raise Trouble("store.no_wal")
            return


def fetch(db: Database, sql: str, params: Params = ()) -> list[Row]:
    """All rows of a statement, read to the end, as dictionaries.

    Raises:
        Trouble: the world, see `map_errors`.
        Defect: us.
    """
    with map_errors():
        cursor = db.conn.execute(sql, params)
        rows = cursor.fetchall()
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in rows]


@contextlib.contextmanager
def transaction(db: Database) -> Iterator[Database]:
    """A block that takes the write lock first and is committed whole or not at all.

    Raises:
        Trouble: the world, see `map_errors`; nothing of the block stays.
        Defect: ``store.nested`` inside another transaction, or us.
    """
    if db.conn.in_transaction:
        raise Defect("store.nested")
    with map_errors():
        db.conn.execute("BEGIN IMMEDIATE")
        try:
            yield db
            db.conn.execute("COMMIT")
        except BaseException:
            # A full disk has already rolled back; asking again would hide the reason.
            if db.conn.in_transaction:
                db.conn.execute("ROLLBACK")
            raise


@contextlib.contextmanager
def reading(db: Database) -> Iterator[None]:
    """A block whose reads all see the same moment, whatever others commit meanwhile.

    Raises:
        Trouble: the world, see `map_errors`.
        Defect: ``store.nested`` inside a transaction.

    Source: SQLite, "Isolation In SQLite": a read transaction in WAL mode sees one snapshot.
    """
    if db.conn.in_transaction:
        raise Defect("store.nested")
    with map_errors():
        db.conn.execute("BEGIN")
        try:
            yield
        finally:
            if db.conn.in_transaction:
                db.conn.execute("COMMIT")


@contextlib.contextmanager
def joined(db: Database) -> Iterator[Database]:
    """A block inside the caller's transaction, or in one of its own if there is none."""
    if db.conn.in_transaction:
        with map_errors():
            yield db
        return
    with transaction(db):
        yield db
