"""The manifest: the one page of facts that seals a dossier; its hash is the delivery's key."""

from __future__ import annotations

import datetime as dt
import json
import unicodedata
from collections.abc import Mapping, Sequence

from app.domain.dossier import SealedDossier
from app.domain.procedure import Procedure

Json = str | int | bool | None | Sequence["Json"] | Mapping[str, "Json"]
SCHEMA = "vn.counter.dossier/1"


def canonical_json(value: Json) -> bytes:
    """The one byte form of ``value``: sorted ASCII keys, no spaces, NFC text.

    Source: RFC 8785, restricted to integers below 2^53 and ASCII keys.
    """
    text = json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return unicodedata.normalize("NFC", text).encode()


def build(
    sealed: SealedDossier,
    procedure: Procedure,
    *,
    station: str,
    env: str,
    sealed_at: dt.datetime,
    sheets: Mapping[str, int],
    journal: tuple[int, str],
) -> dict[str, Json]:
    """The manifest's value.

    Args:
        sealed: the complete dossier.
        procedure: the catalogue version it was received under.
        station: name of this station.
        env: ``production`` or ``demo``; a portal refuses to mix them.
        sealed_at: the moment of reception at the counter.
        sheets: sheets of paper for each document id.
        journal: number and hash of the journal's head, anchored at the portal.
    """
    dossier = sealed.dossier
    cert = next((d.document.cert_sha256 for d in sealed.documents if d.document.cert_sha256), "")
    return {
        "schema": SCHEMA,
        "id": dossier.id,
        "rev": dossier.rev,
        "prev": dossier.prev,
        "station": station,
        "seq": dossier.seq,
        "temp_code": dossier.temp_code,
        "official_code": dossier.official_code,
        "opened_at": dossier.opened_at.isoformat(),
        "captured_at": sealed_at.isoformat(),
        "procedure": {"code": procedure.code, "version": procedure.version},
        "applicant": dossier.applicant.params(),
        "clerk": {"cert_sha256": cert},
        "components": _components(sealed, procedure),
        "documents": [
            {
                "id": item.document.id,
                "kind": item.document.kind,
                "title": item.document.title,
                "sheets": sheets[item.document.id],
                "pages": item.document.pages,
                "file": {
                    "sha256": item.signed,
                    "size": item.size_bytes,
                    "media": "application/pdf",
                    "pdfa": "2u",
                },
                "signatures": [
                    {
                        "field": "Clerk-1",
                        "level": "B",
                        "cert_sha256": item.document.cert_sha256,
                        "at": _iso(item.document.signing_at),
                    }
                ],
            }
            for item in sealed.documents
        ],
        "audit": {"n": journal[0], "head": journal[1]},
        "env": env,
    }


def _iso(at: dt.datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _components(sealed: SealedDossier, procedure: Procedure) -> list[Json]:
    rows: list[Json] = []
    for number, component in enumerate(procedure.components, 1):
        papers = [d.document.id for d in sealed.documents if d.document.component == component.id]
        row: dict[str, Json] = {"no": number, "code": component.id, "name": component.name}
        rows.append({**row, "acq": component.acq, "documents": papers})
    loose = [
        d.document.id for d in sealed.documents if not procedure.component(d.document.component)
    ]
    if loose:
        row = {"no": len(rows) + 1, "code": "other", "name": "Giấy tờ khác", "acq": "scan"}
        rows.append({**row, "documents": loose})
    return rows
