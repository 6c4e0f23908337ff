"""Review: what the engine found, what the clerk decides, what is still missing."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass

from app.desk import edits, page_facts, paper_files, reception
from app.desk.office import Office
from app.desk.page_facts import PageFacts, Reading
from app.domain import rules
from app.domain.errors import Trouble
from app.domain.ids import DocumentId, DossierId, PageId
from app.domain.page import AS_SCANNED, Page, Recipe
from app.pipeline import flow
from app.store import catalogue, dossiers
from app.store.database import fetch, transaction


@dataclass(frozen=True, slots=True)
class PageView:
    """A page with what is known of it.

    Attributes:
        failure: slug of the stage that gave up, or None.
    """

    page: Page
    facts: PageFacts | None
    reading: Reading | None
    failure: str | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How many pages are there, understood and read."""

    pages: int
    cleaned: int
    read: int
    failed: int

    @property
    def settled(self) -> bool:
        """Whether every page is read or has given up."""
        return self.read + self.failed >= self.pages


def page_views(office: Office, dossier: DossierId) -> tuple[PageView, ...]:
    """Every page of the dossier with what is known of it, in order."""
    return tuple(view(office, page) for page in dossiers.pages(office.vault.db, dossier))


def view(office: Office, page: Page) -> PageView:
    """One page with what is known of it."""
    found, read = page_facts.facts(office, page), page_facts.reading(office, page)
    return PageView(page, found, read, failure(office, page))


def progress(office: Office, dossier: DossierId) -> Progress:
    """Counts over the current pages; cheap enough to ask at every bell."""
    pages = [p for p in dossiers.pages(office.vault.db, dossier) if p.current]
    cleaned = sum(1 for page in pages if page.clean)
    read = sum(1 for page in pages if page.text)
    failed = sum(1 for page in pages if not page.text and failure(office, page))
    return Progress(len(pages), cleaned, read, failed)


def waiting_for(office: Office, dossier: DossierId) -> str | None:
    """Slug of what keeps work of this dossier waiting (a full disk), or None."""
    sql = (
        "SELECT error FROM job WHERE dossier=? AND state='ready' AND error IS NOT NULL"
        " AND not_before IS NOT NULL AND stage NOT IN('register','deliver')"
    )
    for row in fetch(office.vault.db, sql, [dossier]):
        return str(json.loads(str(row["error"]))["slug"])
    return None


def failure(office: Office, page: Page) -> str | None:
    """Why cleaning or reading gave this page up, or None."""
    if page.text is not None:
        return None
    db = office.vault.db
    keys = [flow.clean_job(db, page).key]
    if page.clean is not None:
        keys.append(flow.read_job(db, page).key)
    for key in keys:
        rows = fetch(db, "SELECT state, error FROM job WHERE key=?", [key])
        if rows and rows[0]["state"] == "quarantined":
            return "page.quarantined"
        if rows and rows[0]["state"] == "failed":
            return str(json.loads(str(rows[0]["error"]))["slug"])
    return None


# --- the clerk's hand -----------------------------------------------------------------------


def hide_blank(office: Office, dossier: DossierId, pages: Sequence[PageId]) -> None:
    """Leave flagged blank sides out of the papers; the images stay, one key restores them."""
    edits.change(
        office, dossier, pages, lambda p: dataclasses.replace(p, hidden=True), "page.hidden"
    )


def keep_blank(office: Office, dossier: DossierId, pages: Sequence[PageId]) -> None:
    """Keep blank sides in their papers, knowingly."""
    edits.change(
        office,
        dossier,
        pages,
        lambda p: dataclasses.replace(p, hidden=False, flags=(*p.flags, "blank_kept")),
        "page.blank_kept",
    )


def rotate(office: Office, dossier: DossierId, pages: Sequence[PageId], by_deg: int) -> None:
    """Turn the shown pages clockwise by a multiple of 90 degrees."""

    def turned(page: Page) -> Page:
        found = page_facts.facts(office, page)
        shown = page.recipe.rotation_deg
        if shown is None:
            shown = found.rotation_deg if found else 0
        return dataclasses.replace(page, recipe=page.recipe.turned(by_deg, shown))

    edits.change(office, dossier, pages, turned, "page.rotated")


def toggle_as_scanned(office: Office, dossier: DossierId, pages: Sequence[PageId]) -> None:
    """Show pages exactly as they lay on the glass; such pages go back to what the engine found."""

    def toggled(page: Page) -> Page:
        recipe = Recipe() if page.recipe == AS_SCANNED else AS_SCANNED
        return dataclasses.replace(page, recipe=recipe)

    edits.change(office, dossier, pages, toggled, "page.as_scanned")


def assign(
    office: Office, dossier: DossierId, pages: Sequence[PageId], document: DocumentId | None
) -> None:
    """Put pages into a paper (or out of all)."""
    edits.change(
        office,
        dossier,
        pages,
        lambda p: dataclasses.replace(p, document=document),
        "page.assigned",
    )


def drop(office: Office, dossier: DossierId, pages: Sequence[PageId]) -> None:
    """Move pages to the tray; they can be had back until the dossier is sealed."""
    edits.change(
        office,
        dossier,
        pages,
        lambda p: dataclasses.replace(p, dropped=True, document=None),
        "page.dropped",
    )


def restore(office: Office, dossier: DossierId, pages: Sequence[PageId]) -> None:
    """Take dropped or hidden pages back."""
    edits.change(
        office,
        dossier,
        pages,
        lambda p: dataclasses.replace(p, dropped=False, hidden=False),
        "page.restored",
    )


def move(office: Office, dossier: DossierId, page: PageId, by: int) -> None:
    """Move one page ``by`` places in the order of the dossier."""
    order = [p for p in dossiers.pages(office.vault.db, dossier) if not p.dropped]
    index = next(i for i, p in enumerate(order) if p.id == page)
    target = max(0, min(len(order) - 1, index + by))
    order.insert(target, order.pop(index))
    slots = sorted(p.position for p in order)
    after = [dataclasses.replace(p, position=s) for p, s in zip(order, slots, strict=True)]
    edits.replace(office, dossier, after, "page.moved")


# --- confirmation ---------------------------------------------------------------------------


def findings(office: Office, dossier: DossierId) -> tuple[rules.Finding, ...]:
    """Everything that still blocks the signature, in the order to mend it."""
    db = office.vault.db
    found = dossiers.get(db, dossier)
    pages = dossiers.pages(db, dossier)
    marked = [dataclasses.replace(page, trouble=failure(office, page)) for page in pages]
    return rules.check(
        found,
        catalogue.procedure(found.procedure_code, found.procedure_version),
        dossiers.documents(db, dossier),
        marked,
        scanning=reception.scan_status(office, dossier).state == "running",
        blanks=_blanks(office, pages),
        broken_off=reception.broken_off(office, dossier),
        labels=_labels(office, pages),
        cards=_cards(office, pages),
    )


def _blanks(office: Office, pages: Sequence[Page]) -> frozenset[str]:
    seen = {page.id: page_facts.facts(office, page) for page in pages}
    return frozenset(page for page, lies in seen.items() if lies is not None and lies.blank)


def _labels(office: Office, pages: Sequence[Page]) -> dict[PageId, str]:
    read = {page.id: page_facts.reading(office, page) for page in pages}
    return {page: found.label for page, found in read.items() if found and found.label}


def _cards(office: Office, pages: Sequence[Page]) -> frozenset[PageId]:
    read = {page.id: page_facts.reading(office, page) for page in pages}
    return frozenset(page for page, found in read.items() if found and found.card)


def settle_page_numbers(
    office: Office, dossier: DossierId, pages: Sequence[PageId] | None = None
) -> None:
    """Confirm that the printed page numbers of ``pages`` (of all, when None) are as on paper."""
    db = office.vault.db
    rows = dossiers.pages(db, dossier)
    doubts = rules.label_doubts_of(
        dossiers.documents(db, dossier), rows, _blanks(office, rows), _labels(office, rows)
    )
    flags: dict[PageId, tuple[str, ...]] = {}
    for open_doubt in doubts:
        page = open_doubt.page
        if pages is None or page.id in pages:
            flags[page.id] = (*flags.get(page.id, page.flags), open_doubt.doubt.flag)
    edits.change(
        office,
        dossier,
        tuple(flags),
        lambda page: dataclasses.replace(page, flags=flags[page.id]),
        "page.number_confirmed",
    )


def confirm(office: Office, dossier: DossierId) -> None:
    """The dossier is complete: its papers are composed for signing.

    Raises:
        Trouble: dossier.incomplete with the first finding's slug.
    """
    open_findings = findings(office, dossier)
    if open_findings:
        raise Trouble("dossier.incomplete", finding=open_findings[0].slug, n=len(open_findings))
    db = office.vault.db
    choices = paper_files.load()
    with transaction(db):
        if dossiers.get(db, dossier).state == "draft":
            dossiers.move_state(db, dossier, "checked", office.act())
        for document in dossiers.documents(db, dossier):
            if document.unsigned is None:
                packing = choices.packing_of(document.kind)
                dossiers.set_setting(db, f"packing.{document.id}", packing)
                flow.want(db, flow.compose_job(db, document), office.act())
    office.wake()
