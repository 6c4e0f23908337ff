"""Dossiers, papers and pages as rows, and back.

Reads are free; every change is made inside the caller's transaction, with its journal line.
"""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from app.domain.dossier import Applicant, Document, Dossier, State, move
from app.domain.errors import Trouble
from app.domain.ids import BlobId, DocumentId, DossierId, JobId, PageId
from app.domain.page import Page, Recipe, Side
from app.store import journal
from app.store.database import fetch
from app.store.driver import Database
from app.store.jobs import boot_id

Value = str | int | None


@dataclass(frozen=True, slots=True)
class Act:
    """Who does something, and when: what every journal line begins with."""

    who: str
    at: dt.datetime


def note(db: Database, act: Act, what: str, ref: str, **body: str | int) -> None:
    """One journal line: ids, counts and slugs, never personal data."""
    journal.append(
        db,
        at=act.at.isoformat(),
        boot=boot_id(),
        mono=time.monotonic(),
        who=act.who,
        what=what,
        ref=ref,
        body=body,
    )


# --- rows to values -------------------------------------------------------------------------


def _time(value: object) -> dt.datetime | None:
    return None if value is None else dt.datetime.fromisoformat(str(value))


def _blob(value: object) -> BlobId | None:
    return None if value is None else BlobId(str(value))


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _int(value: object) -> int | None:
    return None if value is None else int(str(value))


def _dossier(row: Mapping[str, object]) -> Dossier:
    applicant = json.loads(str(row["applicant"]))
    return Dossier(
        id=DossierId(str(row["id"])),
        rev=int(str(row["rev"])),
        prev=_text(row["prev"]),
        state=cast("State", row["state"]),
        temp_code=str(row["temp_code"]),
        official_code=_text(row["official_code"]),
        procedure_code=str(row["procedure_code"]),
        procedure_version=str(row["procedure_version"]),
        applicant=Applicant(**applicant),
        declared_sheets=_int(row["declared_sheets"]),
        counted_by=_text(row["counted_by"]),
        label=_text(row["label"]),
        opened_at=dt.datetime.fromisoformat(str(row["opened_at"])),
        received_at=_time(row["received_at"]),
        portal_received_at=_time(row["portal_received_at"]),
        manifest=_blob(row["manifest"]),
        seq=int(str(row["seq"])),
        trouble=_text(row["trouble"]),
    )


def _document(row: Mapping[str, object]) -> Document:
    return Document(
        id=DocumentId(str(row["id"])),
        dossier=DossierId(str(row["dossier"])),
        position=int(str(row["position"])),
        component=_text(row["component"]),
        kind=str(row["kind"]),
        title=str(row["title"]),
        unsigned=_blob(row["unsigned"]),
        prepared=_blob(row["prepared"]),
        cms=_blob(row["cms"]),
        signed=_blob(row["signed"]),
        pages=_int(row["pages"]),
        signing_at=_time(row["signing_at"]),
        cert_sha256=_text(row["cert_sha256"]),
        trouble=_text(row["trouble"]),
    )


def _page(row: Mapping[str, object]) -> Page:
    document = _text(row["document"])
    return Page(
        id=PageId(str(row["id"])),
        dossier=DossierId(str(row["dossier"])),
        document=None if document is None else DocumentId(document),
        position=int(str(row["position"])),
        job=JobId(int(str(row["job"]))),
        seq=int(str(row["seq"])),
        sheet=int(str(row["sheet"])),
        side=cast("Side", row["side"]),
        blob=BlobId(str(row["blob"])),
        media=str(row["media"]),
        width_px=int(str(row["width_px"])),
        height_px=int(str(row["height_px"])),
        dpi=int(str(row["dpi"])),
        name=_text(row["name"]),
        flags=tuple(str(row["flags"]).split()),
        recipe=Recipe.of(json.loads(str(row["recipe"]))),
        clean=_blob(row["clean"]),
        text=_blob(row["text"]),
        thumb=_blob(row["thumb"]),
        screen=_blob(row["screen"]),
        hidden=bool(row["hidden"]),
        dropped=bool(row["dropped"]),
        trouble=_text(row["trouble"]),
    )


# --- reads ----------------------------------------------------------------------------------


def get(db: Database, dossier: DossierId) -> Dossier:
    """The dossier.

    Raises:
        Trouble: dossier.unknown.
    """
    rows = fetch(db, "SELECT * FROM dossier WHERE id=?", [dossier])
    if not rows:
        raise Trouble("dossier.unknown", dossier=dossier)
    return _dossier(rows[0])


def find_label(db: Database, label: str) -> Dossier | None:
    """The newest dossier that carries ``label``, or None."""
    rows = fetch(db, "SELECT * FROM dossier WHERE label=? ORDER BY seq DESC LIMIT 1", [label])
    return _dossier(rows[0]) if rows else None


def recent(db: Database, limit: int = 500) -> tuple[Dossier, ...]:
    """The newest dossiers, newest first."""
    rows = fetch(db, "SELECT * FROM dossier ORDER BY seq DESC LIMIT ?", [limit])
    return tuple(_dossier(row) for row in rows)


def documents(db: Database, dossier: DossierId) -> tuple[Document, ...]:
    """The papers of a dossier in their order."""
    rows = fetch(db, "SELECT * FROM document WHERE dossier=? ORDER BY position, id", [dossier])
    return tuple(_document(row) for row in rows)


def document(db: Database, document_id: DocumentId) -> Document:
    """One paper.

    Raises:
        Trouble: dossier.unknown.
    """
    rows = fetch(db, "SELECT * FROM document WHERE id=?", [document_id])
    if not rows:
        raise Trouble("dossier.unknown", dossier=document_id)
    return _document(rows[0])


def pages(db: Database, dossier: DossierId) -> tuple[Page, ...]:
    """All pages of a dossier in their order, hidden and dropped ones too."""
    sql = "SELECT * FROM page WHERE dossier=? ORDER BY position, job, seq"
    return tuple(_page(row) for row in fetch(db, sql, [dossier]))


def page(db: Database, page_id: PageId) -> Page:
    """One page.

    Raises:
        Trouble: page.unknown.
    """
    rows = fetch(db, "SELECT * FROM page WHERE id=?", [page_id])
    if not rows:
        raise Trouble("page.unknown", page=page_id)
    return _page(rows[0])


def next_seq(db: Database) -> int:
    """The running number of the next dossier of this station."""
    return int(fetch(db, "SELECT coalesce(max(seq),0)+1 AS n FROM dossier", [])[0]["n"])


def opened_on(db: Database, day: dt.date) -> int:
    """How many dossiers were opened on ``day`` (Vietnam)."""
    sql = "SELECT count(*) AS n FROM dossier WHERE substr(opened_at,1,10)=?"
    return int(fetch(db, sql, [day.isoformat()])[0]["n"])


# --- changes (inside the caller's transaction) ----------------------------------------------


def insert(db: Database, dossier: Dossier) -> None:
    """A new row for ``dossier``."""
    db.execute(
        "INSERT INTO dossier(id,rev,prev,state,temp_code,procedure_code,procedure_version,"
        "applicant,declared_sheets,label,opened_at,seq) VALUES(?,?,?,?,?,?,?,?,?,?,?,?)",
        [
            dossier.id,
            dossier.rev,
            dossier.prev,
            dossier.state,
            dossier.temp_code,
            dossier.procedure_code,
            dossier.procedure_version,
            json.dumps(dossier.applicant.params(), ensure_ascii=False),
            dossier.declared_sheets,
            dossier.label,
            dossier.opened_at.isoformat(),
            dossier.seq,
        ],
    )


def set_dossier(db: Database, dossier: DossierId, **columns: Value) -> None:
    """Set ``columns`` of one dossier; the state goes through :func:`move_state`."""
    _set(db, "dossier", dossier, columns)


def move_state(db: Database, dossier: DossierId, to: State, act: Act) -> None:
    """Move a dossier to another state and journal it.

    Raises:
        Defect: dossier.move.
    """
    now = get(db, dossier).state
    move(now, to)
    _set(db, "dossier", dossier, {"state": to})
    note(db, act, f"dossier.{to}", dossier, before=now)


def insert_document(db: Database, document_row: Document) -> None:
    """A new row for a paper."""
    db.execute(
        "INSERT INTO document(id,dossier,position,component,kind,title) VALUES(?,?,?,?,?,?)",
        [
            document_row.id,
            document_row.dossier,
            document_row.position,
            document_row.component,
            document_row.kind,
            document_row.title,
        ],
    )


def set_document(db: Database, document_id: DocumentId, **columns: Value) -> None:
    """Set ``columns`` of one paper."""
    _set(db, "document", document_id, columns)


def delete_document(db: Database, document_id: DocumentId) -> None:
    """Forget a paper that has no page and was never signed."""
    db.execute("UPDATE page SET document=NULL WHERE document=?", [document_id])
    db.execute("DELETE FROM document WHERE id=? AND signed IS NULL AND cms IS NULL", [document_id])


def insert_page(db: Database, row: Page) -> None:
    """A new row for a page whose blob is durable."""
    db.execute(
        "INSERT INTO page(id,dossier,document,position,job,seq,sheet,side,blob,media,width_px,"
        "height_px,dpi,name,flags) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        [
            row.id,
            row.dossier,
            row.document,
            row.position,
            row.job,
            row.seq,
            row.sheet,
            row.side,
            row.blob,
            row.media,
            row.width_px,
            row.height_px,
            row.dpi,
            row.name,
            " ".join(row.flags),
        ],
    )


def set_page(db: Database, page_id: PageId, **columns: Value) -> None:
    """Set ``columns`` of one page."""
    _set(db, "page", page_id, columns)


def complete_sheet(db: Database, job: JobId, sheet: int) -> None:
    """The back of ``sheet`` has come in that batch: its front is no half sheet any more."""
    db.execute(
        "UPDATE page SET flags=trim(replace(' '||flags||' ',' half_sheet ',' '))"
        " WHERE job=? AND sheet=? AND side='front'",
        [job, sheet],
    )


def next_position(db: Database, dossier: DossierId) -> int:
    """The position after the last page of the dossier."""
    sql = "SELECT coalesce(max(position),-1)+1 AS n FROM page WHERE dossier=?"
    return int(fetch(db, sql, [dossier])[0]["n"])


def _set(db: Database, table: str, row_id: str, columns: Mapping[str, Value]) -> None:
    names = ", ".join(f"{name}=?" for name in columns)
    db.execute(f"UPDATE {table} SET {names} WHERE id=?", [*columns.values(), row_id])  # noqa: S608 - names are ours


# --- receipts and settings ------------------------------------------------------------------


def add_receipt(db: Database, dossier: Dossier, kind: str, body: bytes, at: dt.datetime) -> None:
    """Keep a receipt as it came; a repeat of the same one is no change."""
    db.execute(
        "INSERT INTO receipt(dossier,rev,kind,body,at) VALUES(?,?,?,?,?) ON CONFLICT DO NOTHING",
        [dossier.id, dossier.rev, kind, body.decode("ascii"), at.isoformat()],
    )


def receipt(db: Database, dossier: DossierId, rev: int, kind: str) -> bytes | None:
    """The stored receipt, or None."""
    sql = "SELECT body FROM receipt WHERE dossier=? AND rev=? AND kind=?"
    rows = fetch(db, sql, [dossier, rev, kind])
    return str(rows[0]["body"]).encode("ascii") if rows else None


def setting(db: Database, key: str, default: str = "") -> str:
    """A setting of this vault."""
    rows = fetch(db, "SELECT value FROM setting WHERE key=?", [key])
    return str(rows[0]["value"]) if rows else default


def set_setting(db: Database, key: str, value: str) -> None:
    """Set a setting of this vault."""
    db.execute(
        "INSERT INTO setting(key,value) VALUES(?,?)"
        " ON CONFLICT(key) DO UPDATE SET value=excluded.value",
        [key, value],
    )
