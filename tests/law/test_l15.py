"""Circular 03/2025/TT-VPCP art. 5(2)b,d: presented and secret papers are not copied."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

import pytest

from app.desk import papers, review
from app.domain.errors import Trouble
from app.store import catalogue, dossiers
from app.store.database import transaction
from tests.corpus.pages import identity_card_sheet, jpeg
from tests.desk.desk_kit import Bench

DAY = dt.date(2026, 11, 24)


def test_only_papers_to_be_scanned_or_filled_in_leave_an_image():
    seen = set()
    procedures = catalogue.search("", DAY, limit=1000)
    for component in [c for procedure in procedures for c in procedure.components]:
        seen.add(component.acq)
        assert component.imaged == (component.acq in {"scan", "form"})
    assert {"scan", "form"} <= seen


@pytest.mark.parametrize("acq", ["present", "secret", "data"])
def test_no_kind_of_paper_is_put_under_a_component_that_is_not_copied(acq: str):
    procedure = catalogue.on("1.001193", DAY)
    turned = tuple(dataclasses.replace(c, acq=acq) for c in procedure.components)
    changed = dataclasses.replace(procedure, components=turned)
    for component in turned:
        for kind in component.kinds:
            assert changed.component_for(kind) is None


def test_an_identity_card_in_the_stack_blocks_the_signature(bench: Bench, tmp_path: Path):
    card = tmp_path / "can-cuoc.jpg"
    card.write_bytes(jpeg(identity_card_sheet()))
    dossier = bench.dossier()
    bench.feed(dossier, [card], declared_sheets=1)
    bench.work()
    papers.accept_papers(bench.office, dossier, papers.propose_papers(bench.office, dossier))
    (paper,) = dossiers.documents(bench.db, dossier)
    with transaction(bench.db) as db:  # the clerk says what it is if the heading was not read
        dossiers.set_document(db, paper.id, kind="identity-card")
    slugs = [finding.slug for finding in review.findings(bench.office, dossier)]
    assert slugs == ["rule.not_to_copy"]
    with pytest.raises(Trouble):
        review.confirm(bench.office, dossier)
    assert bench.at_work(dossier) == []


def test_the_heading_of_an_identity_card_is_known(bench: Bench, tmp_path: Path):
    """The proposal names the card, so that nobody signs a copy of one unawares."""
    card = tmp_path / "quet-1.jpg"
    card.write_bytes(jpeg(identity_card_sheet()))
    dossier = bench.dossier()
    bench.feed(dossier, [card])
    bench.work()
    (group,) = papers.propose_papers(bench.office, dossier)
    assert group.kind == "identity-card"
