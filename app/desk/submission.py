"""Submission: what waits for the portal, what it answered."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from app.desk.office import Office
from app.domain.dossier import Dossier
from app.domain.errors import Trouble
from app.domain.ids import DossierId
from app.store import dossiers
from app.store.database import fetch, transaction

_SENDING = ("sealed", "registered", "uploading")


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One dossier on its way.

    Attributes:
        bytes_left: bytes the portal has not acknowledged yet.
        slug: why the last try ended, or None.
    """

    dossier: Dossier
    bytes_left: int
    bytes_total: int
    slug: str | None
    next_try: dt.datetime | None
    params: Mapping[str, str | int] = field(default_factory=dict)

    def trouble(self) -> Trouble:
        """The trouble that keeps it, as an error for a person."""
        slug = (self.slug or "sync.offline").split(":")[0]
        return Trouble.of(slug, {"code": self.dossier.temp_code, **self.params})


def queue(office: Office, limit: int = 500) -> tuple[QueueRow, ...]:
    """Every dossier from sealing on, newest first."""
    return tuple(
        row(office, dossier)
        for dossier in dossiers.recent(office.vault.db, limit)
        if dossier.received_at is not None
    )


def row(office: Office, dossier: Dossier) -> QueueRow:
    """Where one sealed dossier stands; a try under way or being reconciled is no trouble yet."""
    db = office.vault.db
    total = sum(
        int(found["size"])
        for found in fetch(
            db,
            "SELECT blob.size FROM document JOIN blob ON blob.id=document.signed"
            " WHERE document.dossier=?",
            [dossier.id],
        )
    )
    known = dossiers.setting(db, f"left.{dossier.id}.{dossier.rev}", str(total))
    left = int(known) if dossier.state in _SENDING else 0
    sql = (
        "SELECT error, not_before FROM job WHERE dossier=? AND stage IN('register','deliver')"
        " AND (state IN('failed','quarantined') OR (state='ready' AND not_before IS NOT NULL))"
        " ORDER BY id DESC LIMIT 1"
    )
    slug, next_try = None, None
    params: dict[str, str | int] = {}
    for found in fetch(db, sql, [dossier.id]):
        if found["error"]:
            error = json.loads(str(found["error"]))
            slug, params = str(error["slug"]), error["params"]
        if found["not_before"] is not None:
            next_try = dt.datetime.fromtimestamp(float(found["not_before"]), office.now().tzinfo)
    return QueueRow(dossier, left, total, dossier.trouble or slug, next_try, params)


def use_portal(office: Office, url: str) -> None:
    """Deliver to the portal at ``url`` from now on."""
    with transaction(office.vault.db):
        dossiers.set_setting(office.vault.db, "sync.url", url.rstrip("/"))


def send_now(office: Office) -> None:
    """Try everything that waits, now."""
    with transaction(office.vault.db):
        office.vault.db.execute(
            "UPDATE job SET not_before=NULL, error=NULL"
            " WHERE stage IN('register','deliver') AND state='ready'"
        )
    office.wake()


def receipt(office: Office, dossier: DossierId, kind: str = "custody") -> bytes | None:
    """The stored receipt as the portal signed it, or None."""
    found = dossiers.get(office.vault.db, dossier)
    return dossiers.receipt(office.vault.db, dossier, found.rev, kind)
