"""Which pages make which paper: proposed by separators, text and names, decided by the clerk."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from app.clock import unix_ms
from app.desk import edits, page_facts
from app.desk.office import Office
from app.domain.dossier import Document
from app.domain.grouping import Group, LoosePage, propose, separator_pages
from app.domain.ids import DocumentId, DossierId, uuid7
from app.domain.page import SEPARATOR, Page
from app.domain.separators import from_codes
from app.store import catalogue, dossiers
from app.store.database import transaction


def propose_papers(office: Office, dossier: DossierId) -> tuple[Group, ...]:
    """Which pages seem to make which paper; indexes count the pages that are not dropped."""
    found = dossiers.get(office.vault.db, dossier)
    procedure = catalogue.procedure(found.procedure_code, found.procedure_version)
    return propose(_loose(office, dossier), catalogue.paper_kinds(), procedure)


def _loose(office: Office, dossier: DossierId) -> list[LoosePage]:
    """What is known of each page that is not dropped."""
    loose = []
    for page in dossiers.pages(office.vault.db, dossier):
        if page.dropped:
            continue
        found, read = page_facts.facts(office, page), page_facts.reading(office, page)
        loose.append(
            LoosePage(
                lines=read.lines if read else (),
                blank=bool(found and found.blank),
                name=page.name,
                separator=from_codes(read.codes) if read else None,
                sheet=f"{page.job}/{page.sheet}",
            )
        )
    return loose


def accept_papers(office: Office, dossier: DossierId, groups: Sequence[Group]) -> None:
    """Make the proposed papers and put the pages into them; undoable page by page.

    Separator sheets belong to none: they are left out like blank sides, and never lost.
    """
    office.editable(dossier)
    pages = [p for p in dossiers.pages(office.vault.db, dossier) if not p.dropped]
    after: list[Page] = []
    for position, group in enumerate(groups):
        document = add_paper(
            office, dossier, group.kind, group.title, position, component=group.component
        )
        after += [dataclasses.replace(pages[i], document=document) for i in group.pages]
    after += [_set_aside(pages[i]) for i in separator_pages(_loose(office, dossier))]
    edits.replace(office, dossier, after, "page.assigned")
    for document_row in dossiers.documents(office.vault.db, dossier):
        if not any(page.document == document_row.id for page in after):
            with transaction(office.vault.db):
                dossiers.delete_document(office.vault.db, document_row.id)


def _set_aside(page: Page) -> Page:
    flags = page.flags if SEPARATOR in page.flags else (*page.flags, SEPARATOR)
    return dataclasses.replace(page, document=None, hidden=True, flags=flags)


def add_paper(
    office: Office,
    dossier: DossierId,
    kind: str,
    title: str,
    position: int,
    *,
    component: str | None = None,
) -> DocumentId:
    """A new paper of the dossier, under ``component`` or else the one its kind answers."""
    office.editable(dossier)
    db = office.vault.db
    found = dossiers.get(db, dossier)
    procedure = catalogue.procedure(found.procedure_code, found.procedure_version)
    answered = procedure.component_for(kind)
    document = Document(
        id=DocumentId(uuid7(unix_ms())),
        dossier=dossier,
        position=position,
        component=component or (answered.id if answered else None),
        kind=kind,
        title=title,
    )
    with transaction(db):
        dossiers.insert_document(db, document)
        dossiers.note(db, office.act(), "document.added", document.id, kind=kind)
    return document.id
