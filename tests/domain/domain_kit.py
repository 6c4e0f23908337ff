"""Values of the domain with everything filled in, to be changed by one thing at a time."""

from __future__ import annotations

import dataclasses
import datetime as dt

from app.domain.codes import temporary_code
from app.domain.dossier import Applicant, Document, Dossier
from app.domain.ids import BlobId, DocumentId, DossierId, JobId, PageId
from app.domain.page import Page
from app.domain.procedure import Component, Procedure

HANOI = dt.timezone(dt.timedelta(hours=7))
NOW = dt.datetime(2026, 11, 24, 9, 14, 5, tzinfo=HANOI)
BLOB = BlobId("ab" * 32)

DOSSIER = Dossier(
    id=DossierId("01935d6c-0000-7000-8000-000000000001"),
    rev=1,
    prev=None,
    state="draft",
    temp_code=temporary_code("HK03", NOW.date(), 1),
    official_code=None,
    procedure_code="0.000000",
    procedure_version="2026-01",
    applicant=Applicant("Nguyễn Văn Mẫu"),
    declared_sheets=2,
    counted_by="clerk",
    label=None,
    opened_at=NOW,
    received_at=None,
    portal_received_at=None,
    manifest=None,
    seq=1,
)
PAPER = Document(
    id=DocumentId("01935d6c-0000-7000-8000-00000000000a"),
    dossier=DOSSIER.id,
    position=0,
    component=None,
    kind="decision",
    title="Quyết định",
    pages=2,
    signing_at=NOW,
    cert_sha256="cd" * 32,
)
LOOSE = Procedure("0.000000", "2026-01", "Theo bộ", "chung", (), open_ended=True)
BIRTH = Procedure(
    "1.001193",
    "2026-01",
    "Đăng ký khai sinh",
    "ho-tich",
    (
        Component("to-khai", "Tờ khai", "form", required=True, kinds=("declaration",)),
        Component("chung-sinh", "Giấy chứng sinh", "scan", required=True, kinds=("birth-slip",)),
        Component("can-cuoc", "Căn cước", "present", required=False),
        Component("mat", "Tài liệu mật", "secret", required=False),
    ),
)


def page(position: int, **changes: object) -> Page:
    """Page ``position`` of the dossier, cleaned, read and in the paper."""
    made = Page(
        id=PageId(f"page-{position}"),
        dossier=DOSSIER.id,
        document=PAPER.id,
        position=position,
        job=JobId(1),
        seq=position + 1,
        sheet=position + 1,
        side="front",
        blob=BLOB,
        media="image/jpeg",
        width_px=2480,
        height_px=3508,
        dpi=300,
        clean=BLOB,
        text=BLOB,
    )
    return dataclasses.replace(made, **changes)
