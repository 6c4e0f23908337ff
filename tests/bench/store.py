"""The vault: what a durable page costs, beside plain SQLite on the same disk.

A page counts as kept when its blob is on the disk and its row is committed with synchronous=FULL,
encrypted, with its journal line. Plain SQLite commits one row with the same synchronous=FULL.
"""

from __future__ import annotations

import datetime as dt
import functools
import os
import sqlite3
import statistics
import time
from typing import TYPE_CHECKING

from app.domain.dossier import Applicant, Dossier
from app.domain.ids import BlobId, DossierId
from app.store import dossiers
from app.store.blob_rows import record
from app.store.database import transaction
from app.store.jobs import NewJob, boot_id
from app.store.vault import Vault, open_vault
from tests.bench import machine

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable
    from pathlib import Path

SIZES = {"150 kB": 150_000, "1.3 MB": 1_300_000, "3 MB": 3_000_000}
DOSSIERS, JOBS, TIMES = 20_000, 300, 60
_NOW = dt.datetime(2026, 1, 5, 8, tzinfo=dt.timezone(dt.timedelta(hours=7)))
_ACT = dossiers.Act("bench", _NOW)


def run(options: argparse.Namespace) -> dict[str, object]:
    """Give milliseconds at the median and the 95th percentile."""
    os.environ["COUNTER_STATION_KEYRING"] = "off"
    home, master = options.work / "home", os.urandom(32)
    vault = open_vault(home, master)
    try:
        plain_ms, commit_ms = _commits(vault, options.work / "plain.db")
        kept = {name: _spread(_kept(vault, size)) for name, size in SIZES.items()}
        reads = {name: _spread(_read(vault, size)) for name, size in SIZES.items()}
        jobs_s = _jobs(vault)
        _fill(vault)
        recent_ms = _times(lambda: dossiers.recent(vault.db), 30)
    finally:
        vault.close()
    reopen_ms = _times(lambda: open_vault(home, master).close(), 10)
    return {
        "commit_ms": _spread(commit_ms),
        "plain_sqlite_commit_ms": _spread(plain_ms),
        "commit_ratio": statistics.median(commit_ms) / statistics.median(plain_ms),
        "page_kept_ms": kept,
        "blob_read_ms": reads,
        "jobs_per_s": JOBS / jobs_s,
        "queue_500_of_20000_ms": _spread(recent_ms),
        "reopen_ms": _spread(reopen_ms),
    }


def _times(act: Callable[[], object], times: int = TIMES) -> list[float]:
    spent = []
    for _ in range(times):
        start = time.perf_counter()
        act()
        spent.append((time.perf_counter() - start) * 1000)
    return spent


def _spread(ms: list[float]) -> dict[str, float]:
    return {"p50": statistics.median(ms), "p95": sorted(ms)[round(0.95 * (len(ms) - 1))]}


def _commits(vault: Vault, path: Path) -> tuple[list[float], list[float]]:
    """Alternate one plain row and one journal line of the vault, so that both see the same disk."""
    plain = sqlite3.connect(path, isolation_level=None)
    plain.execute("PRAGMA journal_mode=WAL")
    plain.execute("PRAGMA synchronous=FULL")
    plain.execute("CREATE TABLE line(id INTEGER PRIMARY KEY, what TEXT, ref TEXT, body TEXT)")

    def plain_row() -> None:
        plain.execute("INSERT INTO line(what,ref,body) VALUES('page.kept','bench','{}')")

    def journal_line() -> None:
        with transaction(vault.db):
            dossiers.note(vault.db, _ACT, "page.kept", "bench")

    pairs = [(_times(plain_row, 1)[0], _times(journal_line, 1)[0]) for _ in range(3 * TIMES)]
    plain.close()
    return [a for a, _ in pairs], [b for _, b in pairs]


def _kept(vault: Vault, size: int) -> list[float]:
    def keep(data: bytes) -> None:
        blob = vault.blobs.put(data)
        with transaction(vault.db):
            record(vault.db, vault.blobs, blob)
            dossiers.note(vault.db, _ACT, "page.kept", blob)

    # Fresh bytes each time: a blob that is already there would cost nothing.
    pages = [os.urandom(size) for _ in range(TIMES)]
    return [_times(functools.partial(keep, data), 1)[0] for data in pages]


def _read(vault: Vault, size: int) -> list[float]:
    blobs: list[BlobId] = [vault.blobs.put(os.urandom(size)) for _ in range(10)]
    return [ms for blob in blobs for ms in _times(functools.partial(vault.blobs.read, blob), 3)]


def _jobs(vault: Vault) -> float:
    """Give the seconds to claim and complete all jobs, one transaction each, by one worker."""
    with transaction(vault.db):
        for number in range(JOBS):
            vault.jobs.add(NewJob("bench", "1", "pure", None, (), {"n": number}))
    start = time.perf_counter()
    for _ in range(JOBS):
        job = vault.jobs.claim("bench-1", boot_id(), ("bench",), time.monotonic(), 60)
        assert job is not None
        vault.jobs.complete(job.id, "bench-1", None)
    return time.perf_counter() - start


def _fill(vault: Vault) -> None:
    with transaction(vault.db):
        for number in range(DOSSIERS):
            dossiers.insert(
                vault.db,
                Dossier(
                    id=DossierId(f"bench-{number}"),
                    rev=1,
                    prev=None,
                    state="draft",
                    temp_code=f"TAM-BENCH-{number}",
                    official_code=None,
                    procedure_code="1.001193",
                    procedure_version="2026-01",
                    applicant=Applicant("Lò Thị Mẩy"),
                    declared_sheets=None,
                    counted_by=None,
                    label=None,
                    opened_at=_NOW,
                    received_at=None,
                    portal_received_at=None,
                    manifest=None,
                    seq=number + 1,
                ),
            )


def table(result: dict[str, object]) -> str:
    """Give the figures as Markdown."""
    rows = [f"{machine.line(result['machine'])}.", "", "| | p50, ms | p95, ms |", "|---|---:|---:|"]
    measured = {
        "vault commit (row + journal line, encrypted)": result["commit_ms"],
        "plain SQLite commit, synchronous=FULL": result["plain_sqlite_commit_ms"],
        **{f"page kept, {size}": ms for size, ms in result["page_kept_ms"].items()},
        **{f"blob read, {size}": ms for size, ms in result["blob_read_ms"].items()},
        f"newest 500 of {DOSSIERS:,} dossiers": result["queue_500_of_20000_ms"],
        "vault opened again": result["reopen_ms"],
    }
    rows += [f"| {name} | {ms['p50']:.2f} | {ms['p95']:.2f} |" for name, ms in measured.items()]
    rows += [
        "",
        (
            f"Vault commit / plain commit: {result['commit_ratio']:.2f}. "
            f"Jobs claimed and completed: {result['jobs_per_s']:.0f} per second."
        ),
    ]
    return "\n".join(rows)
