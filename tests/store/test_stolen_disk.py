"""Whoever carries the vault's folder away reads nothing in it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from app.domain.ids import DossierId
from app.store import journal
from app.store.blob_rows import record
from app.store.database import fetch, transaction
from app.store.jobs import NewJob
from app.store.keys import Keys, load_or_create_master
from app.store.migrations import MIGRATIONS, migrate
from app.store.vault import open_vault
from tests.store.promises import AT

MARK = "NGUYENVANMAU-079012345678"
SECOND = (*MIGRATIONS, ("CREATE TABLE extra(a TEXT) STRICT",))


def fill(home: Path, master: bytes):
    """A vault with the mark in every place that takes text or bytes, its log still unwritten."""
    vault = open_vault(home, master)
    vault.db.conn.execute("PRAGMA wal_autocheckpoint=0")
    page = (MARK * 5000).encode()
    with transaction(vault.db) as db:
        blob = vault.blobs.put(page)
        record(db, vault.blobs, blob)
        fetch(db, "INSERT INTO setting VALUES(?,?)", [MARK, MARK])
        vault.jobs.add(NewJob(MARK, MARK, "pure", DossierId(MARK), (blob,), {"name": MARK}))
        journal.append(
            db, at=AT, boot="b", mono=0.0, who=MARK, what=MARK, ref=MARK, body={"name": MARK}
        )
    assert vault.blobs.read(blob) == page
    return vault, blob


def everything(home: Path) -> bytes:
    paths = [path for path in home.rglob("*") if path.is_file()]
    names = " ".join(str(path.relative_to(home)) for path in paths)
    return names.encode() + b"".join(path.read_bytes() for path in paths)


def forms(text: str) -> list[bytes]:
    return [text.encode("utf-8"), text.encode("utf-16-le"), text.encode().hex().encode()]


def test_no_file_of_the_vault_holds_a_readable_word(tmp_path: Path):
    home, config = tmp_path / "home", tmp_path / "config"
    master = load_or_create_master(home, config)
    vault, blob = fill(home, master.value)
    migrate(vault.db, home / "vault.db", SECOND)
    writer = vault.blobs.writer()
    writer.write((MARK * 9000).encode())
    keys = Keys.derive(master.value)
    secrets = (master.value, keys.db, keys.blob, keys.name, keys.journal)
    seen = {path.suffix or path.name[-4:] for path in home.iterdir()}
    assert {".db", ".v1", "-wal", ".db-wal"} & seen
    assert len(list((home / "tmp").iterdir())) == 1
    for stored in (everything(home), (vault.close(), everything(home))[1]):
        assert len(stored) > 300_000
        for needle in (*forms(MARK), b"SQLite format 3", b"CREATE TABLE", *forms(blob)):
            assert needle not in stored, needle
        for secret in secrets:
            assert secret not in stored
            assert secret.hex().encode() not in stored
    writer.discard()


def test_the_words_would_be_found_if_they_were_there(tmp_path: Path):
    home = tmp_path / "home"
    vault, _ = fill(home, bytes(32))
    (home / "notes.txt").write_text(MARK)
    assert forms(MARK)[0] in everything(home)
    vault.close()


def test_the_same_paper_looks_different_each_time_and_in_each_vault(tmp_path: Path):
    stored = []
    for n in range(2):
        vault = open_vault(tmp_path / str(n), bytes([n]) * 32)
        for _ in range(2):
            path = vault.blobs._files.path_of(vault.blobs.put(b"the same paper"))
            stored.append(path.read_bytes())
        vault.close()
    assert len(set(stored)) == 4


def test_the_folders_belong_to_their_owner_only(tmp_path: Path):
    before = os.umask(0)
    try:
        vault, _ = fill(tmp_path / "home", bytes(32))
        for path in (tmp_path / "home", *(tmp_path / "home").rglob("*")):
            assert path.stat().st_mode & 0o077 == 0, path
        vault.close()
    finally:
        os.umask(before)


def test_no_key_stands_in_the_command_line_or_environment(tmp_path: Path):
    script = (
        "import sys; from pathlib import Path; from app.store.vault import open_vault\n"
        "open_vault(Path(sys.argv[1]), sys.stdin.buffer.read(32)); print('open', flush=True)\n"
        "sys.stdin.buffer.read()"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", script, tmp_path / "home"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert child.stdin is not None
    assert child.stdout is not None
    master = os.urandom(32)
    child.stdin.write(master)
    child.stdin.flush()
    started = time.monotonic()
    try:
        assert child.stdout.readline() == b"open\n"
        proc = Path("/proc", str(child.pid))
        if proc.is_dir():
            shown = (proc / "cmdline").read_bytes() + (proc / "environ").read_bytes()
            for key in (master, Keys.derive(master).db):
                assert key not in shown
                assert key.hex().encode() not in shown
    finally:
        child.communicate(timeout=30)
    assert time.monotonic() - started < 60
