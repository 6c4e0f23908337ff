"""Dossiers at the portal: registration, custody, rejection. Each change is one transaction."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable
from dataclasses import dataclass

from sync.canonical import JsonValue
from sync.manifest import NO_COPY, Manifest, parse_manifest
from sync.portal.codes import bind
from sync.portal.database import Database, Tx
from sync.portal.folder import Folder
from sync.portal.problems import FieldReason, Problem, sentence
from sync.portal.receipts import Facts, Pen, iso
from sync.portal.verdict import DocumentVerdict, reasons_of, signatures_of
from sync.protocol import BASE_PATH

PDF = "application/pdf"
_log = logging.getLogger("sync")


@dataclass(frozen=True, slots=True)
class Record:
    """One dossier as the portal keeps it."""

    id: str
    rev: int
    station: str
    manifest: bytes
    manifest_sha256: str
    received_at: str
    state: str
    reception: str
    custody: str | None
    decision: str | None
    official_code: str


_COLUMNS = (
    "d.id, d.rev, d.station, d.manifest, d.manifest_sha256, d.received_at, d.state,"
    " d.reception, d.custody, d.decision, c.official"
)
_FROM = "FROM dossiers d JOIN codes c ON c.dossier = d.id"


class Dossiers:
    """Everything the portal does with manifests.

    Args:
        database: of the portal.
        folder: where uploads lie.
        pen: signs receipts.
        clock: the wall clock.
        checks_documents: whether verdicts on the files are to be awaited before custody.
    """

    def __init__(
        self,
        database: Database,
        folder: Folder,
        pen: Pen,
        clock: Callable[[], dt.datetime],
        *,
        checks_documents: bool,
    ) -> None:
        self._database = database
        self._folder = folder
        self._pen = pen
        self._clock = clock
        self._checks = checks_documents

    def register(self, station: str, office: str, manifest: Manifest) -> tuple[Record, bool]:
        """The record of ``manifest`` and whether it is new.

        Raises:
            Problem: 409 for other bytes under the same key, 422 for what cannot be registered.
        """
        with self._database.write() as tx:
            known = find(tx, manifest.id, manifest.rev)
            if known is not None:
                if (known.station, known.manifest_sha256) != (station, manifest.sha256):
                    raise Problem(409, "rev-conflict")
                return known, False
            _check(tx, station, manifest)
            self._insert(tx, station, office, manifest)
            self._folder.hop("put-before-commit")
        self._folder.hop("put-committed")
        with self._database.read() as tx:
            fresh = find(tx, manifest.id, manifest.rev)
        if fresh is None:
            raise Problem(500, "portal-defect")
        return fresh, True

    def _insert(self, tx: Tx, station: str, office: str, manifest: Manifest) -> None:
        now = self._clock()
        official = bind(tx, manifest.id, manifest.temp_code, office, now)
        facts = Facts(manifest, iso(now), official)
        tx.run(
            "INSERT INTO dossiers (id, rev, station, manifest, manifest_sha256, received_at,"
            " state, reception) VALUES (?, ?, ?, ?, ?, ?, 'registered', ?)",
            manifest.id,
            manifest.rev,
            station,
            manifest.raw,
            manifest.sha256,
            facts.received_at,
            self._pen.reception(facts, now),
        )
        for one in manifest.files:
            tx.run(
                "INSERT INTO wanted (id, rev, station, sha256, size) VALUES (?, ?, ?, ?, ?)",
                manifest.id,
                manifest.rev,
                station,
                one.sha256,
                one.size,
            )
        tx.run("INSERT OR IGNORE INTO meta (key, value) VALUES ('env', ?)", manifest.env)
        self.settle(tx, manifest.id, manifest.rev)

    def get(self, station: str, dossier: str, rev: int) -> Record:
        """The record of one dossier of ``station``.

        Raises:
            Problem: 404.
        """
        with self._database.read() as tx:
            record = find(tx, dossier, rev)
        if record is None or record.station != station:
            raise Problem(404, "not-known")
        return record

    def body(self, record: Record) -> dict[str, JsonValue]:
        """What the station is told of a dossier."""
        manifest = parse_manifest(record.manifest)
        with self._database.read() as tx:
            rows = tx.all(
                "SELECT sha256, size FROM wanted w WHERE id = ? AND rev = ? AND NOT EXISTS ("
                "SELECT 1 FROM blobs b WHERE b.station = w.station AND b.sha256 = w.sha256)"
                " ORDER BY sha256",
                record.id,
                record.rev,
            )
        missing: list[JsonValue] = [
            {
                "sha256": sha256,
                "size": size,
                "upload_url": f"{BASE_PATH}/uploads/{record.station}-{sha256}",
                "offset": min(size, self._folder.spooled_bytes(record.station, sha256)),
            }
            for sha256, size in rows
        ]
        body: dict[str, JsonValue] = {
            "id": record.id,
            "rev": record.rev,
            "state": record.state,
            "received_at": record.received_at,
            "temp_code": manifest.temp_code,
            "official_code": record.official_code,
            "reception_receipt": record.reception,
            "missing": missing,
            "warnings": _warnings(manifest),
        }
        if record.custody is not None:
            body["custody_receipt"] = record.custody
        if record.decision is not None:
            body["decision"] = record.decision
        return body

    def arrived(self, station: str, sha256: str, size: int) -> None:
        """A whole file is durable: its row, and whatever that completes."""
        with self._database.write() as tx:
            tx.run(
                "INSERT OR IGNORE INTO blobs (station, sha256, size, arrived_at)"
                " VALUES (?, ?, ?, ?)",
                station,
                sha256,
                size,
                iso(self._clock()),
            )
            self._settle_all(tx, station, sha256)
            self._folder.hop("row-before-commit")
        self._folder.hop("row-committed")

    def judged(self, station: str, sha256: str, verdict: DocumentVerdict) -> None:
        """A file was looked at: its verdict, and whatever that completes."""
        with self._database.write() as tx:
            tx.run(
                "UPDATE blobs SET verdict = ? WHERE station = ? AND sha256 = ?",
                verdict.to_json(),
                station,
                sha256,
            )
            self._settle_all(tx, station, sha256)
        self._folder.hop("verdict-committed")

    def vanished(self, station: str, sha256: str) -> None:
        """A file that has a row is gone: an open dossier waits for it again."""
        _log.error("a file is missing from the portal's folder", extra={"sha256": sha256})
        with self._database.write() as tx:
            tx.run(
                "DELETE FROM blobs WHERE station = ?1 AND sha256 = ?2 AND NOT EXISTS (SELECT 1"
                " FROM wanted w JOIN dossiers d ON d.id = w.id AND d.rev = w.rev"
                " WHERE w.station = ?1 AND w.sha256 = ?2 AND d.custody IS NOT NULL)",
                station,
                sha256,
            )

    def unjudged(self) -> list[tuple[str, str]]:
        """Station and hash of every file still to be looked at."""
        if not self._checks:
            return []
        with self._database.read() as tx:
            rows = tx.all("SELECT station, sha256 FROM blobs WHERE verdict IS NULL")
        return [(station, sha256) for station, sha256 in rows]

    def settle_open(self) -> None:
        """Bring every open dossier to where its files already are (after a start)."""
        with self._database.write() as tx:
            for dossier, rev in tx.all("SELECT id, rev FROM dossiers WHERE custody IS NULL"):
                self.settle(tx, dossier, rev)

    def _settle_all(self, tx: Tx, station: str, sha256: str) -> None:
        rows = tx.all(
            "SELECT id, rev FROM wanted WHERE station = ? AND sha256 = ?", station, sha256
        )
        for dossier, rev in rows:
            self.settle(tx, dossier, rev)

    def settle(self, tx: Tx, dossier: str, rev: int) -> None:
        """Move one dossier on as far as its files and their verdicts allow."""
        record = find(tx, dossier, rev)
        if record is None or record.custody is not None:
            return
        rows = tx.all(
            "SELECT w.sha256, b.sha256 IS NOT NULL, b.verdict FROM wanted w LEFT JOIN blobs b"
            " ON b.station = w.station AND b.sha256 = w.sha256 WHERE w.id = ? AND w.rev = ?",
            dossier,
            rev,
        )
        held = sum(bool(row[1]) for row in rows)
        if held < len(rows):
            _move(tx, record, "uploading" if held else "registered")
        elif self._checks and any(row[2] is None for row in rows):
            _move(tx, record, "checking")
        else:
            self._complete(tx, record, {row[0]: row[2] for row in rows})

    def _complete(self, tx: Tx, record: Record, stored: dict[str, str | None]) -> None:
        now = self._clock()
        facts = Facts(parse_manifest(record.manifest), record.received_at, record.official_code)
        verdicts = {
            sha256: DocumentVerdict.from_json(text) for sha256, text in stored.items() if text
        }
        reasons = reasons_of(facts.manifest, verdicts)
        custody = self._pen.custody(facts, now, signatures_of(facts.manifest, verdicts))
        decision = self._pen.rejection(facts, now, reasons) if reasons else None
        tx.run(
            "UPDATE dossiers SET state = ?, custody = ?, decision = ? WHERE id = ? AND rev = ?",
            "rejected" if reasons else "delivered",
            custody,
            decision,
            record.id,
            record.rev,
        )


def find(tx: Tx, dossier: str, rev: int) -> Record | None:
    """The record of one revision."""
    row = tx.one(f"SELECT {_COLUMNS} {_FROM} WHERE d.id = ? AND d.rev = ?", dossier, rev)
    return None if row is None else Record(*row)


def every(tx: Tx) -> list[Record]:
    """Every record, in order of arrival."""
    rows = tx.all(f"SELECT {_COLUMNS} {_FROM} ORDER BY d.received_at, c.official, d.rev")
    return [Record(*row) for row in rows]


def latest(tx: Tx, most: int) -> list[Record]:
    """The ``most`` latest records, newest first."""
    order = "ORDER BY d.received_at DESC, c.official DESC, d.rev DESC LIMIT ?"
    rows = tx.all(f"SELECT {_COLUMNS} {_FROM} {order}", most)
    return [Record(*row) for row in rows]


def _move(tx: Tx, record: Record, state: str) -> None:
    if state != record.state:
        tx.run(
            "UPDATE dossiers SET state = ? WHERE id = ? AND rev = ?", state, record.id, record.rev
        )


def _check(tx: Tx, station: str, manifest: Manifest) -> None:
    """Return only for a manifest that may become a new revision."""
    before = find(tx, manifest.id, manifest.rev - 1) if manifest.rev > 1 else None
    if manifest.rev > 1 and (
        before is None or before.station != station or before.manifest_sha256 != manifest.prev
    ):
        raise Problem(422, "rev-gap", fields=[FieldReason("prev", "rev-gap", {})])
    bound = before.official_code if before else None
    if manifest.official_code is not None and manifest.official_code != bound:
        place = FieldReason("official_code", "code-mismatch", {})
        raise Problem(422, "code-mismatch", fields=[place])
    holder = tx.value("SELECT dossier FROM codes WHERE temporary = ?", manifest.temp_code)
    if holder not in {None, manifest.id}:
        raise Problem(422, "temp-code-taken", code=manifest.temp_code)
    if manifest.rev > 1 and holder is None:
        place = FieldReason("temp_code", "code-mismatch", {})
        raise Problem(422, "code-mismatch", fields=[place])
    env = tx.value("SELECT value FROM meta WHERE key = 'env'")
    if env not in {None, manifest.env}:
        raise Problem(422, "env-mixed", fields=[FieldReason("env", "env-mixed", {})])
    _check_files(tx, station, manifest)


def _check_files(tx: Tx, station: str, manifest: Manifest) -> None:
    wrong: list[FieldReason] = []
    for index, paper in enumerate(manifest.documents):
        where = f"documents[{index}].file"
        if paper.file.media != PDF:
            wrong.append(FieldReason(f"{where}.media", "media-not-pdf", {}))
        sizes = tx.all(
            "SELECT size FROM wanted WHERE station = ? AND sha256 = ? AND size <> ?",
            station,
            paper.file.sha256,
            paper.file.size,
        )
        if sizes:
            wrong.append(FieldReason(f"{where}.size", "size-mismatch", {}))
    if wrong:
        raise Problem(422, wrong[0].code, fields=wrong)


def _warnings(manifest: Manifest) -> list[JsonValue]:
    return [
        {
            "path": f"components[{index}]",
            "code": "presented-copied",
            "vi": sentence("presented-copied", {}),
        }
        for index, part in enumerate(manifest.components)
        if part.acq in NO_COPY and part.documents
    ]
