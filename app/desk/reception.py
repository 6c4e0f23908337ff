"""Reception: open a dossier, scan its papers, go on after a fault."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from app.clock import unix_ms
from app.desk.office import Office
from app.domain import rules
from app.domain.codes import temporary_code
from app.domain.dossier import Applicant, Dossier
from app.domain.errors import Trouble
from app.domain.ids import DossierId, JobId, uuid7
from app.domain.page import SUPERSEDED, Page
from app.domain.procedure import Procedure
from app.pipeline import leases
from app.pipeline.stage import PAGE_IN_VIEW, STAGES
from app.store import catalogue, dossiers
from app.store.database import fetch, transaction
from app.store.jobs import Job, Jobs

A4_MM = (210, 297)
A3_MM = (297, 420)
MIN_DPI, PLAIN_DPI = 200, 300
"""Decree 30/2020 appendix I: copies of at least 200 dpi. The default is 300, and less needs a
reason."""
NOTHING_FED = "scan.no_docs"


@dataclass(frozen=True, slots=True)
class ScanProfile:
    """How a batch is scanned.

    Attributes:
        multifeed: whether the device stops when it draws two sheets together.
        reason: why it is coarser than 300 dpi, as the office's profile says.
        declared_sheets: sheets of paper in the feeder now, as the clerk counted them.
    """

    device: str
    source: Literal["feeder", "flatbed"] = "feeder"
    duplex: bool = False
    dpi: int = 300
    page_mm: tuple[int, int] = A4_MM
    mode: Literal["color", "gray", "lineart"] = "color"
    multifeed: Literal["stop", "off"] = "stop"
    reason: str = ""
    declared_sheets: int | None = None


@dataclass(frozen=True, slots=True)
class ScanStatus:
    """Where the newest batch of a dossier stands.

    Attributes:
        state: ``none``, ``running``, ``complete`` or ``ended`` (early, for ``slug``).
        safe_sheets: sheets of that batch that are whole in the vault.
        refeed_sheet: the first sheet to put back, counted over the whole dossier.
    """

    state: Literal["none", "running", "complete", "ended"]
    job: JobId | None = None
    slug: str | None = None
    params: tuple[tuple[str, str | int], ...] = ()
    safe_sheets: int = 0
    refeed_sheet: int = 1


def search_procedures(office: Office, text: str) -> tuple[Procedure, ...]:
    """Procedures in force today that ``text`` may mean, best first."""
    return catalogue.search(text, office.now().date())


def open_dossier(
    office: Office, procedure_code: str, applicant: Applicant, *, label: str | None = None
) -> Dossier:
    """A new draft under today's version of the procedure, with a temporary code.

    Raises:
        Trouble: catalogue.unknown, dossier.no_applicant.
    """
    if not applicant.name.strip():
        raise Trouble("dossier.no_applicant")
    now = office.now()
    procedure = catalogue.on(procedure_code, now.date())
    db = office.vault.db
    with transaction(db):
        station = dossiers.setting(db, "station.name", "TRAM")
        number = dossiers.opened_on(db, now.date()) + 1
        dossier = Dossier(
            id=DossierId(uuid7(unix_ms())),
            rev=1,
            prev=None,
            state="draft",
            temp_code=temporary_code(station, now.date(), number),
            official_code=None,
            procedure_code=procedure.code,
            procedure_version=procedure.version,
            applicant=applicant,
            declared_sheets=None,
            counted_by=None,
            label=label,
            opened_at=now,
            received_at=None,
            portal_received_at=None,
            manifest=None,
            seq=dossiers.next_seq(db),
        )
        dossiers.insert(db, dossier)
        dossiers.note(db, office.act(), "dossier.opened", dossier.id, code=dossier.temp_code)
    return dossier


def start_scan(office: Office, dossier: DossierId, profile: ScanProfile) -> JobId:
    """Ask for a batch; its sheets are numbered after those already safe.

    A count that was declared for the whole stack still counts when a broken batch is continued;
    a count that was confirmed does not: more paper comes.

    Raises:
        Trouble: scan.resolution below the legal floor, or below 300 dpi without a reason;
            scan.running, dossier.not_editable.
    """
    least = MIN_DPI if profile.reason else PLAIN_DPI
    if profile.dpi < least:
        raise Trouble("scan.resolution", dpi=profile.dpi, least=least)
    office.editable(dossier)
    db = office.vault.db
    with transaction(db):
        before = scan_status(office, dossier)
        if before.state == "running":
            raise Trouble("scan.running")
        _supersede_doubtful(office, dossier)
        batches = _batches(office, dossier)
        first = _safe_sheets(dossiers.pages(db, dossier), batches) + 1
        batch = len(batches) + 1
        total = _total(dossiers.get(db, dossier), before, first, profile.declared_sheets)
        dossiers.set_dossier(db, dossier, counted_by=None)
        if total is not None:
            dossiers.set_dossier(db, dossier, declared_sheets=total)
        job = STAGES["scan"].job(
            dossier,
            (),
            {
                "dossier": dossier,
                "batch": batch,
                "device": profile.device,
                "source": profile.source,
                "duplex": profile.duplex,
                "dpi": profile.dpi,
                "mode": profile.mode,
                "multifeed": profile.multifeed,
                "page_mm": list(profile.page_mm),
                "declared_sheets": total,
                "first_sheet": first,
            },
            PAGE_IN_VIEW,
        )
        job_id = Jobs(db).add(job)
        dossiers.note(db, office.act(), "scan.started", dossier, batch=batch, first=first)
    office.wake()
    return job_id


def scan_status(office: Office, dossier: DossierId) -> ScanStatus:
    """Where the newest batch stands; reads only."""
    batches = _batches(office, dossier)
    if not batches:
        return ScanStatus("none")
    job = batches[-1]
    pages = dossiers.pages(office.vault.db, dossier)
    safe = _safe_sheets(pages, batches)
    if job.state in {"ready", "leased"}:
        return ScanStatus("running", job.id, safe_sheets=safe, refeed_sheet=safe + 1)
    if job.state == "done":
        return ScanStatus("complete", job.id, safe_sheets=safe, refeed_sheet=safe + 1)
    slug, params = _reason(job)
    return ScanStatus("ended", job.id, slug, params, safe, safe + 1)


def broken_off(office: Office, dossier: DossierId) -> rules.BrokenOff | None:
    """The newest batch that took paper, when it ended early and nobody has dealt with it.

    It is dealt with by a later batch that ends well, or by a person who counts the sheets after it.
    """
    if dossiers.get(office.vault.db, dossier).counted_by:
        return None
    status = scan_status(office, dossier)
    for job in reversed(_batches(office, dossier)):
        if job.state in {"ready", "leased", "done"}:
            return None
        slug, _ = _reason(job)
        if slug != NOTHING_FED:
            return rules.BrokenOff(slug, status.safe_sheets, status.refeed_sheet)
    return None


def _total(
    dossier: Dossier, before: ScanStatus, first: int, declared_now: int | None
) -> int | None:
    """Sheets that the whole stack must have after this batch, or None when nobody said."""
    if declared_now is not None:
        return first - 1 + declared_now
    said = dossier.declared_sheets
    continued = before.state == "ended" and dossier.counted_by is None
    return said if continued and said is not None and said >= first else None


def confirm_count(office: Office, dossier: DossierId) -> None:
    """The clerk counted the sheets in the hand: they are as many as shown.

    Source: Circular 01/2023/TT-VPCP art. 8(2)a.

    Raises:
        Trouble: scan.running while more may come, dossier.not_editable.
    """
    office.editable(dossier)
    if scan_status(office, dossier).state == "running":
        raise Trouble("scan.running")
    close_interrupted(office, dossier)
    db = office.vault.db
    with transaction(db):
        pages = [page for page in dossiers.pages(db, dossier) if not page.dropped]
        sheets = len({(page.job, page.sheet) for page in pages})
        dossiers.set_dossier(db, dossier, counted_by=office.clerk, declared_sheets=sheets)
        dossiers.note(db, office.act(), "dossier.counted", dossier, sheets=sheets)


def close_interrupted(office: Office, dossier: DossierId) -> None:
    """A batch whose worker died is over; what it stored stays, the clerk goes on from there."""
    for job in _batches(office, dossier):
        if job.state == "in_doubt":
            leases.resolve(office.vault.jobs, job.id, "failed", office.clerk, by_person=True)


def _batches(office: Office, dossier: DossierId) -> list[Job]:
    return [job for job in office.vault.jobs.by_dossier(dossier) if job.stage == "scan"]


def _reason(job: Job) -> tuple[str, tuple[tuple[str, str | int], ...]]:
    if job.state == "in_doubt" or job.error is None:
        return "scan.interrupted", ()
    return job.error.slug, tuple(job.error.params.items())


def _safe_sheets(pages: tuple[Page, ...], batches: list[Job]) -> int:
    """Sheets that are whole: both sides if fed in duplex, no fault flag, or thrown out by hand."""
    need = {job.id: 2 if job.params.get("duplex") else 1 for job in batches}
    missing: dict[int, int] = {}
    bad: set[int] = set()
    for page in pages:
        if SUPERSEDED in page.flags:
            continue
        missing[page.sheet] = missing.get(page.sheet, need[page.job]) - 1
        if not page.dropped and {"half_sheet", "double_feed"} & set(page.flags):
            bad.add(page.sheet)
    safe = 0
    while missing.get(safe + 1, 1) <= 0 and safe + 1 not in bad:
        safe += 1
    return safe


def _supersede_doubtful(office: Office, dossier: DossierId) -> None:
    """Sides of a sheet that must be fed again stay stored, but leave the papers."""
    db = office.vault.db
    pages = dossiers.pages(db, dossier)
    safe = _safe_sheets(pages, _batches(office, dossier))
    for page in pages:
        if page.sheet > safe and not page.dropped:
            flags = " ".join((*page.flags, SUPERSEDED))
            dossiers.set_page(db, page.id, dropped=1, document=None, flags=flags)
            dossiers.note(db, office.act(), "page.superseded", page.id, sheet=page.sheet)


def received_names(office: Office, dossier: DossierId) -> tuple[str, ...]:
    """Names under which the current sides came, in order (simulated feeders name them)."""
    sql = "SELECT name FROM page WHERE dossier=? AND dropped=0 ORDER BY position"
    return tuple(str(row["name"]) for row in fetch(office.vault.db, sql, [dossier]))
