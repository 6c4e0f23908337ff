"""Directive 08/CT-UBND of Hanoi (29/4/2025): every paper digitised and signed at reception."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.desk import review
from app.domain.dossier import MOVES
from app.domain.errors import Defect
from app.pipeline import flow
from app.store import dossiers
from app.store.database import transaction
from tests.desk.desk_kit import Bench


def test_one_unsigned_paper_keeps_the_dossier_open(bench: Bench, files: tuple[Path, ...]):
    dossier = bench.read(files)
    review.confirm(bench.office, dossier)
    bench.work()
    one, two = dossiers.documents(bench.db, dossier)
    act = bench.office.act()
    with transaction(bench.db) as db:
        dossiers.move_state(db, dossier, "signing", act)
        dossiers.set_document(db, one.id, signed=one.unsigned, cert_sha256="ab" * 32)
        flow.seal_when_signed(db, dossier, act)
    assert "seal" not in bench.at_work(dossier)
    with transaction(bench.db) as db:
        dossiers.set_document(db, two.id, signed=two.unsigned, cert_sha256="ab" * 32)
        flow.seal_when_signed(db, dossier, act)
    assert "seal" in bench.at_work(dossier)


def test_there_is_no_way_to_the_portal_around_the_signature():
    assert [state for state, targets in MOVES.items() if "sealed" in targets] == ["signing"]
    assert [state for state, targets in MOVES.items() if "registered" in targets] == ["sealed"]


def test_a_draft_cannot_be_declared_sealed(bench: Bench):
    dossier = bench.dossier()
    with pytest.raises(Defect), transaction(bench.db) as db:
        dossiers.move_state(db, dossier, "sealed", bench.office.act())
    assert dossiers.get(bench.db, dossier).state == "draft"
