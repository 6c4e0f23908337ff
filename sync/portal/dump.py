"""Reading a portal's folder from outside: what was received, and the files as received."""

from __future__ import annotations

import os
import re
import unicodedata
from dataclasses import dataclass, replace
from pathlib import Path

from sync.errors import SyncError
from sync.manifest import parse_manifest
from sync.portal.database import Database, Tx
from sync.portal.dossiers import Record, every
from sync.portal.folder import Folder, file_sha256, sync_folder
from sync.portal.verdict import CHECK_FAILED, DocumentVerdict

_TITLE_LETTERS = 40


@dataclass(frozen=True, slots=True)
class DumpPaper:
    """A paper whose file the portal holds.

    Attributes:
        title: as the manifest says.
        sha256: of the file.
        bytes: of the file.
        pdfa: flavour the portal found; None when it found none or did not look.
        signed: intact over the whole file; None when the portal did not look.
        file: where ``export`` wrote it.
    """

    title: str
    sha256: str
    bytes: int
    pdfa: str | None
    signed: bool | None
    file: Path | None = None


@dataclass(frozen=True, slots=True)
class DumpRow:
    """One revision of one dossier and the papers of it that have arrived."""

    dossier: str
    rev: int
    state: str
    code: str
    papers: tuple[DumpPaper, ...]


def dump(data: Path) -> list[DumpRow]:
    """Every dossier in the folder, in order of arrival; the portal may be running.

    Raises:
        SyncError: ``sync.portal_no_data``, ``sync.portal_data_bad``.
    """
    database = Database(data / "portal.db", create=False)
    try:
        with database.read() as tx:
            return [_row(tx, record) for record in every(tx)]
    finally:
        database.close()


def export(data: Path, out: Path) -> list[DumpRow]:
    """As ``dump``, with every file that has arrived copied below ``out``, whole or not at all.

    Raises:
        SyncError: ``sync.portal_no_data``, ``sync.portal_data_bad``, ``sync.portal_file_bad``.
    """
    folder = Folder(data)
    rows: list[DumpRow] = []
    for row in dump(data):
        target = out / f"{row.code}-r{row.rev}"
        papers = tuple(
            replace(paper, file=_copy(folder, paper, target, number))
            for number, paper in enumerate(row.papers, 1)
        )
        rows.append(replace(row, papers=papers))
    return rows


def _row(tx: Tx, record: Record) -> DumpRow:
    held = {
        row[0]: (row[1], row[2])
        for row in tx.all(
            "SELECT sha256, size, verdict FROM blobs WHERE station = ?", record.station
        )
    }
    papers = [
        _paper(paper.title, paper.file.sha256, *held[paper.file.sha256])
        for paper in parse_manifest(record.manifest).documents
        if paper.file.sha256 in held
    ]
    return DumpRow(record.id, record.rev, record.state, record.official_code, tuple(papers))


def _paper(title: str, sha256: str, size: int, stored: str | None) -> DumpPaper:
    verdict = DocumentVerdict.from_json(stored) if stored else None
    if verdict is None or verdict.reason == CHECK_FAILED:
        return DumpPaper(title, sha256, size, None, None)
    return DumpPaper(title, sha256, size, verdict.pdfa, verdict.signed)


def _copy(folder: Folder, paper: DumpPaper, target: Path, number: int) -> Path:
    found = next(iter(folder.blobs.glob(f"*/{paper.sha256[:2]}/{paper.sha256}")), None)
    if found is None:
        raise SyncError("sync.portal_file_bad", sha256=paper.sha256)
    target.mkdir(parents=True, exist_ok=True)
    path = target / f"{number:02d}-{_file_name(paper.title)}.pdf"
    partial = path.with_suffix(".part")
    with partial.open("wb") as file:
        file.write(found.read_bytes())
        file.flush()
        os.fsync(file.fileno())
    if file_sha256(partial) != paper.sha256:
        partial.unlink()
        raise SyncError("sync.portal_file_bad", sha256=paper.sha256)
    partial.replace(path)
    sync_folder(target)
    return path


def _file_name(title: str) -> str:
    """``title`` in letters any file system takes; a title never names a folder."""
    plain = unicodedata.normalize("NFD", title.replace("đ", "d").replace("Đ", "D"))
    letters = re.sub(r"[^A-Za-z0-9]+", "-", plain.encode("ascii", "ignore").decode("ascii"))
    return letters.strip("-")[:_TITLE_LETTERS].strip("-") or "giay-to"
