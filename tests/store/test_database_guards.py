"""Every connection is guarded, every error has its word, the schema is what is written down."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from app.domain.errors import Defect, Trouble
from app.store import database, journal, migrations
from app.store.database import connect, fetch, joined, map_errors, transaction
from app.store.driver import Database, dbapi2
from app.store.keys import Keys
from app.store.migrations import MIGRATIONS, check_guards, dump, migrate
from app.store.vault import Vault, open_vault
from tests.store.promises import line

EXPECTED = {
    "journal_mode": "wal",
    "synchronous": 2,
    "foreign_keys": 1,
    "recursive_triggers": 1,
    "trusted_schema": 0,
    "busy_timeout": 5000,
    "journal_size_limit": 67108864,
    "temp_store": 0,
}


def pragma(db: Database, name: str) -> object:
    return db.conn.execute(f"PRAGMA {name}").fetchall()[0][0]


def test_every_connection_has_every_setting(vault: Vault):
    found: list[dict[str, object]] = []

    def another() -> None:
        db = vault.connect()
        found.append({name: pragma(db, name) for name in EXPECTED})
        db.close()

    thread = threading.Thread(target=another)
    thread.start()
    thread.join(30)
    assert {name: pragma(vault.db, name) for name in EXPECTED} == EXPECTED
    assert found == [EXPECTED]
    options = {row[0] for row in vault.db.conn.execute("PRAGMA compile_options").fetchall()}
    assert {"HAS_CODEC", "ENABLE_FTS5", "TEMP_STORE=2"} <= options


def test_sqlite_has_no_known_way_to_corrupt_a_shared_log():
    version = tuple(int(part) for part in dbapi2.sqlite_version.split("."))
    assert version >= (3, 51, 3)


def test_the_schema_is_the_one_that_is_written_down(vault: Vault):
    written = Path(migrations.__file__).with_name("schema.sql").read_text("utf-8")
    assert dump(vault.db) == written


def test_every_table_is_strict(vault: Vault):
    rows = fetch(vault.db, "SELECT name, strict FROM pragma_table_list WHERE schema='main'")
    loose = [r["name"] for r in rows if not r["strict"] and not r["name"].startswith("sqlite_")]
    assert loose == []
    assert len(rows) >= 9


@pytest.mark.parametrize("trigger", migrations.GUARDS)
def test_a_missing_guard_stops_the_opening(home: Path, master: bytes, trigger: str):
    vault = open_vault(home, master)
    vault.db.conn.execute(f"DROP TRIGGER {trigger}")
    with pytest.raises(Defect, match="guard_missing"):
        check_guards(vault.db)
    vault.close()
    with pytest.raises(Defect, match=f"guard_missing name={trigger}"):
        open_vault(home, master)


def test_the_wrong_key_is_called_so_and_says_nothing_on_stderr(home: Path, master: bytes, capfd):
    open_vault(home, master).close()
    with pytest.raises(Trouble, match=r"store\.key_wrong"):
        open_vault(home, os.urandom(32))
    assert capfd.readouterr().err == ""
    open_vault(home, master).close()


def test_a_file_that_is_no_database_is_not_touched(home: Path, master: bytes):
    home.mkdir()
    rubbish = b"SQLite format 3\0" + os.urandom(8192)
    (home / "vault.db").write_bytes(rubbish)
    with pytest.raises(Trouble, match=r"store\.key_wrong"):
        open_vault(home, master)
    assert (home / "vault.db").read_bytes() == rubbish


def test_a_damaged_page_is_noticed(home: Path, master: bytes):
    vault = open_vault(home, master)
    with transaction(vault.db) as db:
        for n in range(500):
            line(db, n)
    vault.close()
    path = home / "vault.db"
    stored = bytearray(path.read_bytes())
    for page in range(8, len(stored) // 4096):
        stored[page * 4096 + 100] ^= 1
    path.write_bytes(stored)
    with pytest.raises(Trouble, match=r"store\.(damaged|key_wrong|io)"):
        journal.verify(open_vault(home, master).db)


def test_a_newer_schema_is_refused_and_left_alone(home: Path, master: bytes):
    vault = open_vault(home, master)
    vault.db.conn.execute("PRAGMA user_version=99")
    vault.close()
    with pytest.raises(Trouble, match=r"newer_schema found=99 known=1"):
        open_vault(home, master)


def test_a_transaction_is_whole_or_not_at_all(vault: Vault):
    class Stop(Exception):
        pass

    with pytest.raises(Stop), transaction(vault.db) as db:  # noqa: PT012 - two steps, one block
        line(db, 1)
        raise Stop
    assert journal.head(vault.db)[0] == 0
    assert not vault.db.conn.in_transaction


def test_a_transaction_in_a_transaction_is_our_mistake(vault: Vault):
    with pytest.raises(Defect, match="nested"), transaction(vault.db) as db, transaction(db):
        pass
    with transaction(vault.db) as db, joined(db):
        line(db, 1)
    with joined(vault.db) as db:
        line(db, 2)
    assert journal.verify(vault.db).rows == 2


def test_a_foreign_key_is_kept(vault: Vault):
    with pytest.raises(Defect, match="SQLITE_CONSTRAINT"), transaction(vault.db) as db:
        fetch(
            db,
            "INSERT INTO document(id,dossier,position,kind,title) VALUES('d','none',1,'k','t')",
        )
    assert fetch(vault.db, "SELECT * FROM document") == []


def test_whoever_waits_too_long_for_the_lock_is_told_busy(vault: Vault):
    other = vault.connect()
    other.conn.execute("PRAGMA busy_timeout=50")
    with transaction(vault.db), pytest.raises(Trouble, match=r"store\.busy"), transaction(other):
        pass
    other.close()


def test_an_unfinished_returning_leaves_no_lock(vault: Vault):
    other = vault.connect()
    other.conn.execute("PRAGMA busy_timeout=50")
    with transaction(vault.db) as db:
        for n in range(3):
            fetch(db, "INSERT INTO setting VALUES(?,'x')", [str(n)])
    fetch(vault.db, "UPDATE setting SET value='y' RETURNING key")
    with transaction(other) as db:
        fetch(db, "INSERT INTO setting VALUES('z','z')")
    other.close()


@pytest.mark.parametrize(
    ("name", "kind", "slug"),
    [
        ("SQLITE_FULL", Trouble, "store.disk_full"),
        ("SQLITE_IOERR_WRITE", Trouble, "store.io"),
        ("SQLITE_READONLY_DBMOVED", Trouble, "store.read_only"),
        ("SQLITE_BUSY_SNAPSHOT", Trouble, "store.busy"),
        ("SQLITE_CORRUPT_INDEX", Trouble, "store.damaged"),
        ("SQLITE_NOTADB", Trouble, "store.key_wrong"),
        ("SQLITE_CANTOPEN", Trouble, "store.cannot_open"),
        ("SQLITE_CONSTRAINT_UNIQUE", Defect, "store.sql"),
        ("SQLITE_ERROR", Defect, "store.sql"),
    ],
)
def test_every_error_of_the_database_has_its_word(name: str, kind: type[Exception], slug: str):
    error = dbapi2.OperationalError("x")
    error.sqlite_errorname = name
    with pytest.raises(kind, match=slug.replace(".", r"\.")), map_errors():
        raise error


def test_a_thread_may_not_use_the_connection_of_another(vault: Vault):
    caught: list[str] = []

    def stranger() -> None:
        try:
            fetch(vault.db, "SELECT 1")
        except Defect as defect:
            caught.append(defect.slug)

    thread = threading.Thread(target=stranger)
    thread.start()
    thread.join(30)
    assert caught == ["store.sql"]


def test_sqlite_utils_imported_too_early_is_our_mistake():
    run = subprocess.run(
        [sys.executable, "-c", "import sqlite_utils, app.store.driver"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert run.returncode != 0
    assert "store.driver" in run.stderr


# --- migrations ----------------------------------------------------------------------------

SECOND = (*MIGRATIONS, ("CREATE TABLE extra(a TEXT) STRICT", "INSERT INTO extra VALUES('new')"))
BROKEN = (*MIGRATIONS, ("CREATE TABLE extra(a TEXT) STRICT", "SELECT * FROM nowhere"))


def test_an_upgrade_keeps_a_copy_of_the_old_state_under_the_same_key(home: Path, master: bytes):
    vault = open_vault(home, master)
    with transaction(vault.db) as db:
        line(db, 1)
    path = home / "vault.db"
    assert migrate(vault.db, path, SECOND) == 2
    assert fetch(vault.db, "SELECT a FROM extra") == [{"a": "new"}]
    assert journal.verify(vault.db).rows == 1
    copy = connect(home / "vault.db.v1", Keys.derive(master))
    assert (migrations.version(copy), journal.verify(copy).rows) == (1, 1)
    copy.close()
    assert (home / "vault.db.v1").stat().st_mode & 0o077 == 0
    vault.close()
    with pytest.raises(Trouble, match="newer_schema"):
        open_vault(home, master)


def test_a_failed_upgrade_changes_nothing(home: Path, master: bytes):
    vault = open_vault(home, master)
    with pytest.raises(Defect, match=r"store\.sql"):
        migrate(vault.db, home / "vault.db", BROKEN)
    assert migrations.version(vault.db) == 1
    assert fetch(vault.db, "SELECT name FROM sqlite_schema WHERE name='extra'") == []
    vault.close()
    open_vault(home, master).close()
    assert [p.name for p in home.iterdir() if p.name.endswith(".tmp")] == []


def _open_at_once(home: Path, master: bytes, start, results) -> None:
    start.wait(30)
    try:
        db = connect(home / "vault.db", Keys.derive(master))
        migrate(db, home / "vault.db", SECOND)
        with transaction(db):
            number = line(db, os.getpid())
        db.close()
        results.put(number)
    except Exception as error:
        results.put(repr(error))


def test_processes_that_start_at_once_agree_on_one_database(home: Path, master: bytes):
    home.mkdir()
    context = multiprocessing.get_context("spawn")
    start, results = context.Event(), context.Queue()
    workers = [
        context.Process(target=_open_at_once, args=(home, master, start, results)) for _ in range(4)
    ]
    for worker in workers:
        worker.start()
    start.set()
    numbers = [results.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join(30)
    assert sorted(numbers, key=str) == [1, 2, 3, 4]
    assert database.BUSY_S == 5.0
