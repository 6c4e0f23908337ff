"""The row that says a blob is there; written only while the file is."""

from __future__ import annotations

from app.domain.errors import Defect
from app.domain.ids import BlobId
from app.store.blobs import BlobStore
from app.store.database import fetch
from app.store.driver import Database

_REFERENCES = """
SELECT id FROM blob WHERE state<>'purged'
UNION SELECT blob FROM page UNION SELECT clean FROM page UNION SELECT text FROM page
UNION SELECT thumb FROM page UNION SELECT screen FROM page
UNION SELECT unsigned FROM document UNION SELECT prepared FROM document
UNION SELECT cms FROM document UNION SELECT signed FROM document
UNION SELECT manifest FROM dossier UNION SELECT output FROM job
UNION SELECT value FROM job, json_each(job.inputs)"""


def record(db: Database, blobs: BlobStore, *ids: BlobId) -> None:
    """A row for each blob, in the caller's transaction; a blob that has one keeps it.

    The file is looked for under the write lock that a sweep needs too, so no row ever names a file
    that a sweep takes away.

    Raises:
        Trouble: ``store.blob_missing`` or ``store.blob_damaged``.
        Defect: ``store.no_transaction``.
    """
    if not db.conn.in_transaction:
        raise Defect("store.no_transaction")
    for blob in ids:
        fetch(
            db,
            "INSERT INTO blob(id,size) VALUES(?,?) ON CONFLICT(id) DO UPDATE SET state='present'",
            [blob, blobs.size(blob)],
        )


def referenced(db: Database) -> set[BlobId]:
    """Every blob that some row speaks of."""
    return {BlobId(row["id"]) for row in fetch(db, _REFERENCES) if row["id"] is not None}
