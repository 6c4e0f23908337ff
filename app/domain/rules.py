"""What still stands between a dossier and the clerk's signature.

A finding names its slug and the article behind it; sealing is impossible while one is open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from app.domain.dossier import Document, Dossier
from app.domain.ids import PageId
from app.domain.page import Page
from app.domain.page_labels import LabelDoubt, label_doubts
from app.domain.procedure import Procedure


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend; ``params`` fill its sentence."""

    slug: str
    article: str
    params: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BrokenOff:
    """A batch that ended early and was not dealt with.

    Attributes:
        slug: why it ended.
        safe_sheets: whole sheets from the first on.
        refeed_sheet: the sheet to put back first.
    """

    slug: str
    safe_sheets: int
    refeed_sheet: int


PAPER_LEFT = "scan.ended_with_paper"
COPY = "Thông tư 01/2023/TT-VPCP, Điều 8(2)"
NOT_COPIED = "Thông tư 03/2025/TT-VPCP, Điều 5(2)"
NO_LABELS: Mapping[PageId, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class PageDoubt:
    """A doubt about a paper's page numbers and the page whose flag settles it."""

    page: Page
    doubt: LabelDoubt


def check(
    dossier: Dossier,
    procedure: Procedure,
    documents: Sequence[Document],
    pages: Sequence[Page],
    *,
    scanning: bool,
    blanks: frozenset[str],
    broken_off: BrokenOff | None = None,
    labels: Mapping[PageId, str] = NO_LABELS,
    cards: frozenset[PageId] = frozenset(),
) -> tuple[Finding, ...]:
    """Every open finding, in the order a clerk mends them.

    Args:
        dossier: the dossier.
        procedure: the catalogue version it was received under.
        documents: its papers.
        pages: all its pages, hidden and dropped ones too.
        scanning: whether a batch is still running.
        blanks: ids of the pages the engine flagged as blank.
        broken_off: the last batch, if it ended early and nobody has dealt with it.
        labels: printed page numbers as far as they were read.
        cards: ids of the pages that show an identity card.
    """
    found: list[Finding] = []
    if scanning:
        found.append(Finding("rule.scanning", COPY))
    elif broken_off is not None:
        left = broken_off.slug == PAPER_LEFT
        params = {"safe": broken_off.safe_sheets, "sheet": broken_off.refeed_sheet}
        found.append(Finding("rule.paper_left" if left else "rule.scan_ended", COPY, params))
    if not pages:
        found.append(Finding("rule.no_pages", COPY))
    found += _pages(pages, blanks, coming=pages[-1] if scanning and pages else None)
    found += [
        Finding("rule.card_on_page", NOT_COPIED, {"page": page.position + 1})
        for page in pages
        if page.current and page.id in cards
    ]
    found += _count(dossier, pages)
    if not scanning and all(page.document for page in pages if page.current):
        found += label_findings(documents, pages, blanks, labels)
    found += _papers(procedure, documents, pages)
    return tuple(found)


def _pages(pages: Sequence[Page], blanks: frozenset[str], coming: Page | None) -> list[Finding]:
    """Findings of each page; the back of ``coming``, the newest, may still be on its way."""
    found = []
    for page in pages:
        number = page.position + 1
        if page.current and (page.clean is None or page.text is None):
            slug = "rule.page_failed" if page.trouble else "rule.page_unread"
            found.append(Finding(slug, COPY, {"page": number}))
        if page.current and page.document is None:
            found.append(Finding("rule.page_unassigned", COPY, {"page": number}))
        if page.current and page.id in blanks and "blank_kept" not in page.flags:
            found.append(Finding("rule.blank_undecided", COPY, {"page": number}))
        if not page.dropped and "double_feed" in page.flags:
            found.append(Finding("rule.double_feed", COPY, {"sheet": page.sheet}))
        if not page.dropped and "half_sheet" in page.flags and page is not coming:
            found.append(Finding("rule.half_sheet", COPY, {"sheet": page.sheet}))
    return found


def label_doubts_of(
    documents: Sequence[Document],
    pages: Sequence[Page],
    blanks: frozenset[str],
    labels: Mapping[PageId, str],
) -> tuple[PageDoubt, ...]:
    """Doubts about the page numbers of each paper that the clerk has not settled."""
    found = []
    for document in documents:
        members = [
            page
            for page in sorted(pages, key=lambda page: page.position)
            if page.current and page.document == document.id and page.id not in blanks
        ]
        for doubt in label_doubts([labels.get(page.id) for page in members]):
            page = members[doubt.index]
            if doubt.flag not in page.flags:
                found.append(PageDoubt(page, doubt))
    return tuple(found)


def label_findings(
    documents: Sequence[Document],
    pages: Sequence[Page],
    blanks: frozenset[str],
    labels: Mapping[PageId, str],
) -> list[Finding]:
    """Pages that the printed page numbers say are missing, twice there or out of order."""
    found = []
    for open_doubt in label_doubts_of(documents, pages, blanks, labels):
        number, doubt = open_doubt.page.position + 1, open_doubt.doubt
        params: dict[str, str | int] = {"page": number, "number": doubt.number}
        if doubt.kind == "gap":
            found.append(Finding("rule.page_gap", COPY, params | {"missing": doubt.missing}))
        elif doubt.kind == "repeated":
            found.append(Finding("rule.page_repeated", COPY, params))
        elif doubt.kind == "order":
            found.append(Finding("rule.page_order", COPY, params))
        else:
            params |= {"total": doubt.total, "missing": doubt.missing}
            found.append(Finding("rule.pages_short", COPY, params))
    return found


def _count(dossier: Dossier, pages: Sequence[Page]) -> list[Finding]:
    sheets = len({(page.job, page.sheet) for page in pages if not page.dropped})
    if not pages:
        return []
    if dossier.declared_sheets is None:
        return [Finding("rule.count_unconfirmed", COPY, {"sheets": sheets})]
    if dossier.declared_sheets != sheets:
        params = {"declared": dossier.declared_sheets, "sheets": sheets}
        return [Finding("rule.count_mismatch", COPY, params)]
    return []


def _papers(
    procedure: Procedure, documents: Sequence[Document], pages: Sequence[Page]
) -> list[Finding]:
    found = []
    for document in documents:
        component = procedure.component(document.component)
        if document.kind == "identity-card" or (component is not None and not component.imaged):
            found.append(Finding("rule.not_to_copy", NOT_COPIED, {"title": document.title}))
        if not any(page.document == document.id and page.current for page in pages):
            found.append(Finding("rule.paper_empty", COPY, {"title": document.title}))
    answered = {document.component for document in documents}
    found += [
        Finding("rule.component_missing", COPY, {"name": component.name})
        for component in procedure.components
        if component.required and component.imaged and component.id not in answered
    ]
    return found
