"""One dossier as the window shows it, gathered in the desk's thread from committed rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from app.desk import reception, review, signing, submission
from app.desk.office import Office
from app.desk.reception import ScanStatus
from app.desk.review import PageView
from app.desk.signing import PaperStatus
from app.desk.submission import QueueRow
from app.domain.dossier import Dossier
from app.domain.ids import BlobId, DossierId, PageId
from app.domain.page import SEPARATOR
from app.domain.procedure import Procedure
from app.domain.rules import Finding
from app.store import catalogue, dossiers
from app.store.database import reading

PageState = Literal[
    "received", "cleaned", "read", "failed", "blank", "hidden", "separator", "dropped", "rescan"
]
OUT = frozenset({"hidden", "separator", "dropped"})
"""States of pages that take part in no paper."""
ALWAYS = frozenset({"new", "queue", "doctor", "send", "back", "scanner", "sides", "sheets"})
EDITS = frozenset(
    {"propose", "count", "blank", "drop", "left", "right", "as_scanned", "up", "down", "numbers",
     "paper", "assign", "undo", "redo"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PageRow:
    """A page in the grid.

    Attributes:
        number: as shown and as findings name it, from 1.
        sheet: which sheet of which batch it is a side of.
        paper: position of its paper from 1, or 0.
        confidence: mean confidence of its letters, 0 to 1.
        reasons: slugs of what a clerk should know about it.
    """

    id: PageId
    number: int
    sheet: tuple[int, int]
    paper: int
    thumb: BlobId | None
    screen: BlobId | None
    state: PageState
    angle_deg: float | None
    confidence: float | None
    failure: str | None
    reasons: tuple[str, ...] = ()


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
class FindingRow:
    """Findings of one kind: the first of them and how many more there are."""

    first: Finding
    more: int


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
    sending: QueueRow | None

    @property
    def to_do(self) -> tuple[FindingRow, ...]:
        """What blocks the signature, a line for each kind."""
        kinds: dict[str, list[Finding]] = {}
        for finding in self.findings:
            kinds.setdefault(finding.slug, []).append(finding)
        return tuple(FindingRow(found[0], len(found) - 1) for found in kinds.values())

    @property
    def scanning(self) -> bool:
        """Whether a batch is running."""
        return self.scan.state == "running"

    @property
    def sheets(self) -> int:
        """Sheets that take part, as the clerk can count them in the hand."""
        return len({page.sheet for page in self.pages if page.state != "dropped"})

    @property
    def current(self) -> int:
        """Pages that take part in a paper."""
        return sum(1 for page in self.pages if page.state not in OUT)

    @property
    def settled(self) -> int:
        """Pages among them that are read or have given up."""
        done = {"read", "blank", "failed", "rescan"}
        return sum(1 for page in self.pages if page.state in done)

    @property
    def blanks(self) -> int:
        """Pages that are blank, left out or not decided yet."""
        return sum(1 for page in self.pages if page.state in {"blank", "hidden"})

    @property
    def signable(self) -> bool:
        """Whether F9 would be accepted now."""
        if self.dossier.state == "draft":
            return bool(self.pages) and not self.findings
        return self.dossier.state in {"checked", "signing"}

    @property
    def allowed(self) -> frozenset[str]:
        """Names of the acts that make sense now; what is still lacking, the desk says itself."""
        acts = set(ALWAYS)
        if self.dossier.editable:
            acts |= {"sign", "next", "stop" if self.scanning else "scan"}
            acts |= EDITS if self.pages else set()
            acts -= {"count"} if self.scanning else set()
        elif self.dossier.state == "signing":
            acts.add("sign")
        else:
            acts.add("receipt")
        return frozenset(acts)


def take(office: Office, dossier: DossierId) -> Snapshot:
    """The present state of a dossier, all of it as it was at one moment.

    Raises:
        Trouble: dossier.unknown, catalogue.unknown, store.*.
    """
    with reading(office.vault.db):
        return _take(office, dossier)


def _take(office: Office, dossier: DossierId) -> Snapshot:
    db = office.vault.db
    found = dossiers.get(db, dossier)
    procedure = catalogue.procedure(found.procedure_code, found.procedure_version)
    statuses = signing.status(office, dossier)
    numbers = {status.document.id: n for n, status in enumerate(statuses, 1)}
    scan = reception.scan_status(office, dossier)
    rows = dossiers.pages(db, dossier)
    coming = rows[-1] if rows and scan.state == "running" else None
    pages = tuple(
        _page(
            review.view(office, page),
            numbers.get(page.document, 0) if page.document else 0,
            page is coming,
        )
        for page in rows
    )
    papers = tuple(
        _paper(number, status, pages, found) for number, status in enumerate(statuses, 1)
    )
    return Snapshot(
        dossier=found,
        procedure=procedure,
        pages=pages,
        papers=papers + _missing(procedure, statuses),
        findings=review.findings(office, dossier) if found.editable else (),
        scan=scan,
        waiting_for=review.waiting_for(office, dossier),
        sending=submission.row(office, found) if found.received_at is not None else None,
    )


def recent(office: Office, limit: int) -> tuple[QueueRow, ...]:
    """The newest dossiers, drafts too, each with where it stands."""
    found = dossiers.recent(office.vault.db, limit)
    return tuple(submission.row(office, row) for row in found if row.state != "abandoned")


def unfinished(office: Office) -> Dossier | None:
    """The newest dossier that waits for its clerk, or None."""
    open_states = {"draft", "checked", "signing"}
    found = dossiers.recent(office.vault.db, 50)
    return next((row for row in found if row.state in open_states), None)


def _page(view: PageView, paper: int, coming: bool) -> PageRow:  # noqa: FBT001 - a private pair
    page = view.page
    return PageRow(
        id=page.id,
        number=page.position + 1,
        sheet=(page.job, page.sheet),
        paper=paper,
        thumb=page.thumb,
        screen=page.screen,
        state=_page_state(view, coming),
        angle_deg=view.facts.angle_deg if view.facts else None,
        confidence=view.reading.mean_confidence if view.reading else None,
        failure=view.failure,
        reasons=_reasons(view),
    )


def _reasons(view: PageView) -> tuple[str, ...]:
    found = view.facts.reasons if view.facts else ()
    read = view.reading.reasons if view.reading else ()
    return tuple(sorted({*found, *read}))


def _page_state(view: PageView, coming: bool) -> PageState:  # noqa: FBT001 - a private pair
    """The first true row from the worst down; the back of a sheet ``coming`` is on its way."""
    page, facts = view.page, view.facts
    bad = {"double_feed"} if coming else {"double_feed", "half_sheet"}
    blank = facts is not None and facts.blank and "blank_kept" not in page.flags
    rows: tuple[tuple[PageState, bool], ...] = (
        ("dropped", page.dropped),
        ("separator", page.hidden and SEPARATOR in page.flags),
        ("hidden", page.hidden),
        ("rescan", bool(bad & set(page.flags))),
        ("failed", view.failure is not None),
        ("blank", blank),
        ("read", page.text is not None),
        ("cleaned", page.clean is not None),
    )
    return next((state for state, true in rows if true), "received")


def _paper(
    number: int, status: PaperStatus, pages: tuple[PageRow, ...], dossier: Dossier
) -> PaperRow:
    mine = [page for page in pages if page.paper == number and page.state != "dropped"]
    shown = sum(1 for page in mine if page.state not in OUT)
    state = _paper_state(status, {page.state for page in mine}, dossier)
    return PaperRow(number, status.document.title, shown, state, status.slug, status)


def _paper_state(status: PaperStatus, pages: set[PageState], dossier: Dossier) -> str:
    """The first true row from the worst down."""
    if not dossier.editable:
        return "delivered" if dossier.state == "delivered" else status.state
    checked = dossier.state == "checked"
    rows = (
        ("rescan", bool(pages & {"failed", "rescan"})),
        ("processing", bool(pages & {"received", "cleaned"})),
        ("review", "blank" in pages),
        ("failed", checked and status.state == "failed"),
        ("confirmed", checked),
    )
    return next((state for state, true in rows if true), "scanned")


def _missing(procedure: Procedure, statuses: tuple[PaperStatus, ...]) -> tuple[PaperRow, ...]:
    answered = {status.document.component for status in statuses}
    rows = []
    for component in procedure.components:
        if component.id in answered:
            continue
        if component.imaged:
            state = "missing" if component.required else "optional"
        else:
            state = {"data": "not_to_ask", "present": "presented"}.get(component.acq, "exempt")
        rows.append(PaperRow(0, component.name, 0, state, None, None))
    return tuple(rows)
