"""A disk that is full, locked or failing: the right word for it, and nothing half-written."""

from __future__ import annotations

import contextlib
import errno
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain.errors import Trouble
from app.domain.ids import BlobId
from app.store import journal
from app.store.database import fetch, transaction
from app.store.durable import trouble_of
from app.store.jobs import NewJob
from app.store.vault import open_vault
from tests.store.promises import line, unfinished

MASTER = bytes(range(32))


def mount(*args: str) -> bool:
    return (
        subprocess.run(["mount", *args], capture_output=True, timeout=30, check=False).returncode
        == 0
    )


@contextlib.contextmanager
def small_disk(folder: Path, size: str = "6m") -> Iterator[Path]:
    folder.mkdir(exist_ok=True)
    if os.geteuid() != 0 or not mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)):
        pytest.skip("mounting a small disk needs root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], timeout=30, check=False)


def test_a_full_disk_stores_nothing_half_and_keeps_the_rest(tmp_path: Path):
    random_bytes = random.Random(7)
    with small_disk(tmp_path / "disk") as disk:
        vault = open_vault(disk / "home", MASTER)
        stored: list[tuple[BlobId, bytes]] = []
        refused = 0
        while refused < 20:
            data = random_bytes.randbytes(300_000)
            try:
                stored.append((vault.blobs.put(data), data))
            except Trouble as trouble:
                refused += trouble.slug == "store.disk_full"
        assert len(stored) > 5
        assert unfinished(disk) == []
        assert len(list((disk / "home" / "blobs").glob("*/*"))) == len(stored)
        for blob, data in stored:
            assert vault.blobs.read(blob) == data
        vault.close()


def test_a_full_disk_leaves_no_half_transaction(tmp_path: Path):
    with small_disk(tmp_path / "disk", "3m") as disk:
        vault = open_vault(disk / "home", MASTER)
        lines, slug = 0, ""
        for n in range(100_000):
            try:
                with transaction(vault.db) as db:
                    for _ in range(20):
                        line(db, n)
                    vault.jobs.add(NewJob("clean", "1", "pure", None, (), {"n": n}))
                lines += 20
            except Trouble as trouble:
                slug = trouble.slug
                break
        assert slug == "store.disk_full"
        check = journal.verify(vault.db)
        assert (check.ok, check.rows) == (True, lines)
        assert fetch(vault.db, "SELECT count(*) AS n FROM job")[0]["n"] * 20 == lines
        vault.close()
        again = open_vault(disk / "home", MASTER)
        assert journal.verify(again.db).rows == lines
        again.close()


def test_a_read_only_disk_is_called_so_and_its_blobs_can_still_be_read(tmp_path: Path):
    with small_disk(tmp_path / "disk") as disk:
        vault = open_vault(disk / "home", MASTER)
        blob = vault.blobs.put(b"paper")
        vault.close()
        assert mount("-o", "remount,ro", str(disk))
        with pytest.raises(Trouble, match=r"store\.read_only"):
            vault.blobs.put(b"another")
        assert vault.blobs.read(blob) == b"paper"
        for home in ("home", "new"):
            with pytest.raises(Trouble, match=r"store\.read_only"):
                open_vault(disk / home, MASTER)
        assert mount("-o", "remount,rw", str(disk))
        again = open_vault(disk / "home", MASTER)
        assert journal.verify(again.db).ok
        again.close()


def test_a_database_that_may_not_be_written_is_called_read_only(tmp_path: Path):
    vault = open_vault(tmp_path / "home", MASTER)
    with transaction(vault.db) as db:
        line(db, 1)
    vault.db.conn.execute("PRAGMA query_only=ON")
    with pytest.raises(Trouble, match=r"store\.read_only"), transaction(vault.db) as db:
        line(db, 2)
    assert journal.verify(vault.db).rows == 1
    vault.close()


LIMITED = """
import os, resource, signal, sys
from pathlib import Path
from app.domain.errors import Trouble
from app.store.blobs import BlobStore
from app.store.keys import Keys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
blobs = BlobStore(Path(sys.argv[1]), Keys.derive(bytes(32)))
kept = blobs.put(b"small")
resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000))
try:
    blobs.put(os.urandom(400_000))
except Trouble as trouble:
    assert blobs.read(kept) == b"small"
    print(trouble.slug, len(list(Path(sys.argv[1], "tmp").iterdir())))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no file size limit there")
def test_a_write_that_stops_in_the_middle_leaves_nothing(tmp_path: Path):
    run = subprocess.run(
        [sys.executable, "-c", LIMITED, tmp_path],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert run.stdout.split() == ["store.disk_full", "0"]


@pytest.mark.parametrize(
    ("number", "slug"),
    [
        (errno.ENOSPC, "store.disk_full"),
        (errno.EDQUOT, "store.disk_full"),
        (errno.EROFS, "store.read_only"),
        (errno.EACCES, "store.denied"),
        (errno.EIO, "store.io"),
        (errno.ENODEV, "store.io"),
    ],
)
def test_every_error_of_a_disk_has_its_word(number: int, slug: str):
    assert trouble_of(OSError(number, os.strerror(number))).slug == slug
