"""What follows from a finished job: rows change and the next rows are wanted.

Everything here runs inside the transaction that completes the job, so a result and its
consequences become true together.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import cast

from app.domain import dossier as domain
from app.domain import manifest
from app.domain.errors import Defect
from app.domain.ids import BlobId, DocumentId, DossierId, PageId
from app.domain.page import Page
from app.pipeline.stage import BATCH, CURRENT, PAGE_IN_VIEW, STAGES, Param
from app.store import catalogue, dossiers, journal
from app.store.database import fetch
from app.store.dossiers import Act
from app.store.driver import Database
from app.store.jobs import Job, Jobs, NewJob

STAMP_FIELD = "Clerk-1"


def want(db: Database, new: NewJob, act: Act) -> None:
    """Ask for a piece of work; one that was done before takes effect at once."""
    jobs = Jobs(db)
    job = jobs.get(jobs.add(new))
    if job.state == "done":
        after(db, job, act)


def after(db: Database, job: Job, act: Act) -> None:
    """Let the result of a finished job take effect."""
    step = _AFTER.get(job.stage)
    if step is not None:
        step(db, job, act)


# --- the jobs of a page ---------------------------------------------------------------------


def clean_job(db: Database, page: Page) -> NewJob:
    """Estimate how the page lies and whether it is blank, under its recipe.

    The back of a sheet is judged beside its front, which may shine through.
    """
    recipe = cast("dict[str, Param]", page.recipe.params())
    params: dict[str, Param] = {"recipe": recipe, "dpi": page.dpi}
    return STAGES["clean"].job(page.dossier, (page.blob, *_front(db, page)), params, CURRENT)


def _front(db: Database, page: Page) -> tuple[BlobId, ...]:
    if page.side != "back":
        return ()
    sql = "SELECT blob FROM page WHERE job=? AND sheet=? AND side='front' ORDER BY seq LIMIT 1"
    rows = fetch(db, sql, [page.job, page.sheet])
    return tuple(BlobId(str(row["blob"])) for row in rows)


def read_job(db: Database, page: Page) -> NewJob:
    """Recognise what stands on a cleaned page."""
    params: dict[str, Param] = {
        "dpi": page.dpi,
        "models": dossiers.setting(db, "ocr.models", "fast"),
    }
    return STAGES["read"].job(page.dossier, _cleaned(page), params, BATCH)


def page_arrived(db: Database, page: Page, act: Act) -> None:
    """A side is durable: its row, its journal line, its first pictures."""
    dossiers.insert_page(db, page)
    dossiers.note(db, act, "page.received", page.id, blob=page.blob, sheet=page.sheet)
    look_at(db, page, act)


def look_at(db: Database, page: Page, act: Act) -> None:
    """Ask for everything that is derived from a page under its present recipe."""
    dpi: dict[str, Param] = {"dpi": page.dpi}
    want(db, STAGES["thumb"].job(page.dossier, (page.blob,), dpi, PAGE_IN_VIEW), act)
    want(db, clean_job(db, page), act)


def _cleaned(page: Page) -> tuple[BlobId, BlobId]:
    if page.clean is None:
        raise Defect("flow.not_clean", page=page.id)
    return page.blob, page.clean


def _after_thumb(db: Database, job: Job, act: Act) -> None:
    del act
    if len(job.inputs) == 1:
        sql = "UPDATE page SET thumb=? WHERE blob=? AND clean IS NULL"
    else:
        sql = "UPDATE page SET thumb=? WHERE blob=? AND clean=?"
    db.execute(sql, [job.output, *job.inputs])


def _after_clean(db: Database, job: Job, act: Act) -> None:
    recipe = json.dumps(job.params["recipe"], sort_keys=True, separators=(",", ":"))
    sql = "SELECT id FROM page WHERE blob=? AND recipe=? AND dpi=? AND clean IS NOT ?"
    for row in fetch(db, sql, [job.inputs[0], recipe, cast("int", job.params["dpi"]), job.output]):
        page_id = PageId(str(row["id"]))
        dossiers.set_page(db, page_id, clean=job.output, text=None, screen=None)
        page = dossiers.page(db, page_id)
        cleaned, dpi = _cleaned(page), {"dpi": page.dpi}
        want(db, STAGES["thumb"].job(page.dossier, cleaned, dpi, PAGE_IN_VIEW), act)
        want(db, STAGES["screen"].job(page.dossier, cleaned, dpi, PAGE_IN_VIEW), act)
        want(db, read_job(db, page), act)


def _after_screen(db: Database, job: Job, act: Act) -> None:
    del act
    db.execute("UPDATE page SET screen=? WHERE blob=? AND clean=?", [job.output, *job.inputs])


def _after_read(db: Database, job: Job, act: Act) -> None:
    del act
    db.execute("UPDATE page SET text=? WHERE blob=? AND clean=?", [job.output, *job.inputs])


# --- the jobs of a paper --------------------------------------------------------------------


def compose_job(db: Database, document: domain.Document) -> NewJob:
    """Make the PDF/A of a paper from its current pages."""
    dossier = dossiers.get(db, document.dossier)
    inputs: list[BlobId] = []
    for page in dossiers.pages(db, document.dossier):
        if page.document == document.id and page.current:
            if page.text is None:
                raise Defect("flow.not_read", page=page.id)
            inputs += [*_cleaned(page), page.text]
    params: dict[str, Param] = {
        "document": document.id,
        "title": document.title,
        "created": dossier.opened_at.isoformat(),
        "packing": dossiers.setting(db, f"packing.{document.id}", "faithful"),
        "dpi": [
            page.dpi
            for page in dossiers.pages(db, document.dossier)
            if page.document == document.id and page.current
        ],
    }
    return STAGES["compose"].job(document.dossier, tuple(inputs), params, CURRENT)


def _document(db: Database, job: Job) -> domain.Document:
    return dossiers.document(db, DocumentId(str(job.params["document"])))


def _after_compose(db: Database, job: Job, act: Act) -> None:
    document = _document(db, job)
    state = dossiers.get(db, document.dossier).state
    if state not in {"checked", "signing"} or compose_job(db, document).key != job.key:
        return
    pages = len(job.inputs) // 3
    dossiers.set_document(db, document.id, unsigned=job.output, pages=pages)
    blob, packing = str(job.output), str(job.params["packing"])
    dossiers.note(
        db, act, "document.composed", document.id, blob=blob, pages=pages, packing=packing
    )
    if state == "signing":
        prepare(db, dossiers.document(db, document.id), act)


def prepare(db: Database, document: domain.Document, act: Act) -> None:
    """Ask for the bytes to be signed, once the clerk has chosen a certificate and a time."""
    if document.unsigned is None or document.signing_at is None or document.signed is not None:
        return
    signer = dossiers.setting(db, f"signer.{document.cert_sha256}")
    params: dict[str, Param] = {
        "document": document.id,
        "at": document.signing_at.isoformat(),
        "field": STAMP_FIELD,
        "signer": json.loads(signer),
        "anywhere": bool(dossiers.setting(db, f"stamp.anywhere.{document.id}")),
    }
    want(db, STAGES["prepare"].job(document.dossier, (document.unsigned,), params, CURRENT), act)


def _after_prepare(db: Database, job: Job, act: Act) -> None:
    document = _document(db, job)
    at = document.signing_at
    if at is None or at.isoformat() != job.params["at"] or job.output is None:
        return
    dossiers.set_document(db, document.id, prepared=job.output)
    params: dict[str, Param] = {"document": document.id}
    want(db, STAGES["sign"].job(document.dossier, (job.output,), params, CURRENT), act)


def _after_sign(db: Database, job: Job, act: Act) -> None:
    document = _document(db, job)
    if job.output is None or document.unsigned is None:
        raise Defect("flow.no_signature", document=document.id)
    dossiers.set_document(db, document.id, cms=job.output)
    dossiers.note(db, act, "document.cms_stored", document.id, blob=job.output)
    inputs = (document.unsigned, job.inputs[0], job.output)
    params: dict[str, Param] = {"document": document.id}
    want(db, STAGES["embed"].job(document.dossier, inputs, params, CURRENT), act)


def _after_embed(db: Database, job: Job, act: Act) -> None:
    document = _document(db, job)
    dossiers.set_document(db, document.id, signed=job.output)
    dossiers.note(db, act, "document.signed", document.id, blob=str(job.output))
    seal_when_signed(db, document.dossier, act)


# --- the jobs of a dossier ------------------------------------------------------------------


def seal_when_signed(db: Database, dossier_id: DossierId, act: Act) -> None:
    """Ask for the seal when the last paper is signed and proved."""
    dossier = dossiers.get(db, dossier_id)
    papers = dossiers.documents(db, dossier_id)
    if dossier.state != "signing" or not all(paper.signed for paper in papers):
        return
    sealed = domain.seal(
        dossier,
        tuple(
            domain.SignedDocument(paper, paper.signed, blob_size(db, paper.signed))
            for paper in papers
            if paper.signed is not None
        ),
    )
    value = manifest.build(
        sealed,
        catalogue.procedure(dossier.procedure_code, dossier.procedure_version),
        station=dossiers.setting(db, "station.name", "TRAM"),
        env=dossiers.setting(db, "env", "production"),
        sealed_at=act.at,
        sheets={paper.id: _sheets(db, paper) for paper in papers},
        journal=journal.head(db),
    )
    params: dict[str, Param] = {
        "dossier": dossier_id,
        "manifest": base64.b64encode(manifest.canonical_json(value)).decode(),
        "at": act.at.isoformat(),
    }
    pages = [page.blob for page in dossiers.pages(db, dossier_id) if not page.dropped]
    inputs = (*(item.signed for item in sealed.documents), *pages)
    want(db, STAGES["seal"].job(dossier_id, inputs, params, CURRENT), act)


def blob_size(db: Database, blob: BlobId) -> int:
    """Plain size of a stored blob in bytes."""
    return int(fetch(db, "SELECT size FROM blob WHERE id=?", [blob])[0]["size"])


def _sheets(db: Database, document: domain.Document) -> int:
    pages = dossiers.pages(db, document.dossier)
    return len({(p.job, p.sheet) for p in pages if p.document == document.id and not p.dropped})


def _after_seal(db: Database, job: Job, act: Act) -> None:
    dossier = DossierId(str(job.params["dossier"]))
    dossiers.move_state(db, dossier, "sealed", act)
    received_at = str(job.params["at"])
    dossiers.set_dossier(db, dossier, manifest=job.output, received_at=received_at)
    _send(db, "register", dossier, job.output, act)


def _after_register(db: Database, job: Job, act: Act) -> None:
    dossier = DossierId(str(job.params["dossier"]))
    if dossiers.get(db, dossier).state == "registered":
        _send(db, "deliver", dossier, job.inputs[0], act)


def _send(db: Database, stage: str, dossier: DossierId, blob: BlobId | None, act: Act) -> None:
    if blob is None:
        raise Defect("flow.no_manifest", dossier=dossier)
    rev = dossiers.get(db, dossier).rev
    want(db, STAGES[stage].job(dossier, (blob,), {"dossier": dossier, "rev": rev}, CURRENT), act)


_AFTER: dict[str, Callable[[Database, Job, Act], None]] = {
    "thumb": _after_thumb,
    "clean": _after_clean,
    "screen": _after_screen,
    "read": _after_read,
    "compose": _after_compose,
    "prepare": _after_prepare,
    "sign": _after_sign,
    "embed": _after_embed,
    "seal": _after_seal,
    "register": _after_register,
}
