"""Signing: the clerk's certificate and one confirmation for all papers of a dossier."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from app.desk.office import Office
from app.domain.dossier import Document
from app.domain.errors import Trouble
from app.domain.ids import DocumentId, DossierId
from app.pipeline import flow, leases
from app.store import dossiers
from app.store.database import fetch, transaction
from app.store.jobs import Job

STALE = dt.timedelta(minutes=10)
"""A prepared signature older than this is prepared anew; a time is never set back."""

PaperState = Literal[
    "composing", "preparing", "waits_for_token", "signing", "in_doubt", "embedding", "signed",
    "failed",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Signer:
    """The certificate the clerk signs with.

    Attributes:
        cert: DER of the certificate; ``chain`` holds the ones above it.
        name: full name for the conversion mark (Decree 137/2024 art. 4).
    """

    cert: bytes
    chain: tuple[bytes, ...]
    cert_sha256: str
    name: str


@dataclass(frozen=True, slots=True)
class PaperStatus:
    """How far the signature of one paper has come."""

    document: Document
    state: PaperState
    slug: str | None = None


def start(office: Office, dossier: DossierId, signer: Signer) -> None:
    """The clerk confirms: every paper is prepared for this certificate, now.

    Papers already signed stay; a signature in doubt goes back to the token by this very act.

    Raises:
        Trouble: dossier.incomplete when the dossier was not confirmed.
    """
    db = office.vault.db
    now = office.now()
    _settle_pending(office, dossier, signer, now)
    with transaction(db):
        found = dossiers.get(db, dossier)
        if found.state not in {"checked", "signing"}:
            raise Trouble("dossier.incomplete", finding=found.state, n=1)
        dossiers.set_setting(db, f"signer.{signer.cert_sha256}", _dump(signer))
        if found.state == "checked":
            dossiers.move_state(db, dossier, "signing", office.act())
        dossiers.note(db, office.act(), "signing.confirmed", dossier, cert=signer.cert_sha256)
        for document in dossiers.documents(db, dossier):
            if document.signed is None:
                _confirm(office, document, signer, now)
    _take_up_again(office, dossier)
    office.wake()


def _confirm(office: Office, document: Document, signer: Signer, now: dt.datetime) -> None:
    db = office.vault.db
    pending = _job(office, document, "sign")
    waiting = pending is not None and pending.state in {"ready", "leased"}
    if document.cms is not None or (waiting and _fresh(document, signer, now)):
        return
    at = now.isoformat()
    dossiers.set_document(
        db, document.id, signing_at=at, cert_sha256=signer.cert_sha256, prepared=None
    )
    flow.prepare(db, dossiers.document(db, document.id), office.act())


def _settle_pending(office: Office, dossier: DossierId, signer: Signer, now: dt.datetime) -> None:
    """The clerk's act decides what waits or is in doubt: the same bytes again, or new ones.

    A PIN is for one dossier: what waits in others must be confirmed again there.
    """
    for job in leases.in_state(office.vault.db, "ready", ("sign",)):
        if job.dossier != dossier:
            _resolve(office, job, "cancelled")
    for document in dossiers.documents(office.vault.db, dossier):
        pending = _job(office, document, "sign")
        if pending is None or document.cms is not None:
            continue
        fresh = _fresh(document, signer, now)
        if pending.state == "in_doubt" and fresh:
            _resolve(office, pending, "ready")
        elif pending.state in {"ready", "in_doubt", "failed"} and not fresh:
            _resolve(office, pending, "cancelled")


def _take_up_again(office: Office, dossier: DossierId) -> None:
    """Within one second the same bytes may be asked for that were put aside: they are due again."""
    for document in dossiers.documents(office.vault.db, dossier):
        job = _job(office, document, "sign")
        if job is None or document.prepared is None or job.state not in {"cancelled", "failed"}:
            continue
        if job.inputs[0] == document.prepared:
            _resolve(office, job, "ready")


def _fresh(document: Document, signer: Signer, now: dt.datetime) -> bool:
    """Whether what was prepared may still be signed: same certificate, not long ago."""
    at = document.signing_at
    return at is not None and now - at < STALE and document.cert_sha256 == signer.cert_sha256


def _resolve(office: Office, job: Job, to: Literal["ready", "cancelled"]) -> None:
    leases.resolve(office.vault.jobs, job.id, to, office.clerk, by_person=True)


def place_anywhere(office: Office, document_id: DocumentId) -> None:
    """The clerk was asked and agrees: the mark may stand inside the page, still over no ink.

    Source: Decree 30/2020 appendix I asks for the top right; a framed form leaves no room there.
    """
    db = office.vault.db
    with transaction(db):
        dossiers.set_setting(db, f"stamp.anywhere.{document_id}", "1")
        dossiers.note(db, office.act(), "stamp.anywhere", document_id)
        flow.prepare(db, dossiers.document(db, document_id), office.act())
    office.wake()


def postpone(office: Office, dossier: DossierId) -> None:
    """Sign later: nothing is lost, the dossier can be edited again unless a paper is signed.

    Raises:
        Trouble: dossier.partly_signed.
    """
    db = office.vault.db
    papers = dossiers.documents(db, dossier)
    if any(paper.cms or paper.signed for paper in papers):
        raise Trouble("dossier.partly_signed")
    for paper in papers:
        job = _job(office, paper, "sign")
        if job is not None and job.state in {"ready", "in_doubt"}:
            _resolve(office, job, "cancelled")
    with transaction(db):
        for paper in papers:
            dossiers.set_document(db, paper.id, signing_at=None, prepared=None)
        dossiers.move_state(db, dossier, "draft", office.act())


def status(office: Office, dossier: DossierId) -> tuple[PaperStatus, ...]:
    """Each paper's way to its signature; reads only."""
    return tuple(
        _status(office, document) for document in dossiers.documents(office.vault.db, dossier)
    )


def _status(office: Office, document: Document) -> PaperStatus:
    if document.signed is not None:
        return PaperStatus(document, "signed")
    steps: Sequence[tuple[str, PaperState]] = (
        ("embed", "embedding"),
        ("sign", "waits_for_token"),
        ("prepare", "preparing"),
        ("compose", "composing"),
    )
    for stage, state in steps:
        job = _job(office, document, stage)
        if stage == "sign" and job is not None and job.state == "cancelled" and document.prepared:
            return PaperStatus(document, "in_doubt", "sign.confirm_again")
        if job is None or job.state in {"done", "cancelled"}:
            continue
        return _of_job(document, job, state)
    return PaperStatus(document, "composing")


def _of_job(document: Document, job: Job, waiting: PaperState) -> PaperStatus:
    """The status that an unfinished job means."""
    if job.state == "in_doubt":
        return PaperStatus(document, "in_doubt", "sign.in_doubt")
    if job.state == "quarantined":
        return PaperStatus(document, "failed", "job.quarantined")
    if job.state == "failed":
        slug = job.error.slug if job.error else "defect.unexpected"
        return PaperStatus(document, "failed", slug)
    signing = job.stage == "sign" and job.state == "leased"
    return PaperStatus(document, "signing" if signing else waiting)


def _job(office: Office, document: Document, stage: str) -> Job | None:
    """The newest job of ``stage`` for this paper."""
    sql = (
        "SELECT id FROM job WHERE stage=? AND json_extract(params,'$.document')=?"
        " ORDER BY id DESC LIMIT 1"
    )
    rows = fetch(office.vault.db, sql, [stage, document.id])
    return office.vault.jobs.get(rows[0]["id"]) if rows else None


def _dump(signer: Signer) -> str:
    return json.dumps(
        {
            "cert": base64.b64encode(signer.cert).decode(),
            "chain": [base64.b64encode(cert).decode() for cert in signer.chain],
            "name": signer.name,
        },
        sort_keys=True,
    )
