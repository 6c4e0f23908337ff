"""One dossier as the window shows it, gathered in the desk's thread from committed rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from app.desk import reception, review, signing
from app.desk.office import Office
from app.desk.reception import ScanStatus
from app.desk.signing import PaperStatus
from app.domain.dossier import Dossier
from app.domain.ids import BlobId, DossierId, PageId
from app.domain.procedure import Procedure
from app.domain.rules import Finding
from app.store import catalogue, dossiers

PageState = Literal["received", "cleaned", "read", "failed", "blank", "hidden", "dropped"]


@dataclass(frozen=True, slots=True)
class PageRow:
    """A page in the grid.

    Attributes:
        number: as shown, from 1.
        paper: position of its paper from 1, or 0.
        rescan: the sheet must be fed again.
    """

    id: PageId
    number: int
    paper: int
    thumb: BlobId | None
    screen: BlobId | None
    state: PageState
    rescan: bool
    angle_deg: float | None
    confidence: float | None


@dataclass(frozen=True, slots=True)
class PaperRow:
    """A paper in the checklist, or a component that still lacks one."""

    number: int
    title: str
    pages: int
    state: str
    slug: str | None
    status: PaperStatus | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything the reception and the signing page show."""

    dossier: Dossier
    procedure: Procedure
    pages: tuple[PageRow, ...]
    papers: tuple[PaperRow, ...]
    findings: tuple[Finding, ...]
    scan: ScanStatus
    waiting_for: str | None

    @property
    def sheets(self) -> int:
        """Sheets that are whole in the vault."""
        return self.scan.safe_sheets

    @property
    def signable(self) -> bool:
        """Whether F9 would be accepted now."""
        return self.dossier.state in {"checked", "signing"} or not self.findings


def take(office: Office, dossier: DossierId) -> Snapshot:
    """The present state of a dossier."""
    db = office.vault.db
    found = dossiers.get(db, dossier)
    procedure = catalogue.procedure(found.procedure_code, found.procedure_version)
    statuses = signing.status(office, dossier)
    numbers = {status.document.id: n for n, status in enumerate(statuses, 1)}
    views = review.page_views(office, dossier)
    pages = tuple(
        _page(view, number, numbers.get(view.page.document, 0) if view.page.document else 0)
        for number, view in enumerate(views, 1)
    )
    papers = tuple(
        _paper(number, status, pages, found) for number, status in enumerate(statuses, 1)
    )
    editable = found.editable
    return Snapshot(
        dossier=found,
        procedure=procedure,
        pages=pages,
        papers=papers + _missing(procedure, statuses),
        findings=review.findings(office, dossier) if editable else (),
        scan=reception.scan_status(office, dossier),
        waiting_for=review.waiting_for(office, dossier),
    )


def _page(view: review.PageView, number: int, paper: int) -> PageRow:
    page = view.page
    return PageRow(
        id=page.id,
        number=number,
        paper=paper,
        thumb=page.thumb,
        screen=page.screen,
        state=_page_state(view),
        rescan=bool({"double_feed", "half_sheet"} & set(page.flags)),
        angle_deg=view.facts.angle_deg if view.facts else None,
        confidence=view.mean_confidence,
    )


def _page_state(view: review.PageView) -> PageState:
    page = view.page
    if page.dropped:
        return "dropped"
    if page.hidden:
        return "hidden"
    if view.failure:
        return "failed"
    if view.facts is not None and view.facts.blank and "blank_kept" not in page.flags:
        return "blank"
    if page.text is not None:
        return "read"
    return "cleaned" if page.clean is not None else "received"


def _paper(
    number: int, status: PaperStatus, pages: tuple[PageRow, ...], dossier: Dossier
) -> PaperRow:
    mine = [page for page in pages if page.paper == number and page.state != "dropped"]
    if dossier.state in {"draft", "checked"}:
        if any(page.state == "failed" or page.rescan for page in mine):
            state = "rescan"
        elif any(page.state in {"received", "cleaned"} for page in mine):
            state = "processing"
        elif any(page.state == "blank" for page in mine):
            state = "review"
        else:
            state = "confirmed" if dossier.state == "checked" else "scanned"
    elif dossier.state == "delivered":
        state = "delivered"
    else:
        state = status.state
    shown = sum(1 for page in mine if page.state != "hidden")
    return PaperRow(number, status.document.title, shown, state, status.slug, status)


def _missing(procedure: Procedure, statuses: tuple[PaperStatus, ...]) -> tuple[PaperRow, ...]:
    answered = {status.document.component for status in statuses}
    rows = []
    for component in procedure.components:
        if component.id in answered:
            continue
        if not component.imaged:
            state = {"data": "not_to_ask", "present": "presented"}.get(component.acq, "exempt")
        else:
            state = "missing" if component.required else "optional"
        rows.append(PaperRow(0, component.name, 0, state, None, None))
    return tuple(rows)
