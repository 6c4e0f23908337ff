"""Circular 01/2023/TT-VPCP art. 8(2)a: as many copies as originals, so the sheets are counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.desk import papers, reception, review
from app.domain.errors import Trouble
from tests.desk.desk_kit import Bench


def blocked(bench: Bench, dossier) -> str:
    with pytest.raises(Trouble) as caught:
        review.confirm(bench.office, dossier)
    return str(caught.value.params["finding"])


def ready(bench: Bench, files, **profile: object):
    dossier = bench.dossier()
    bench.feed(dossier, files, **profile)
    bench.work()
    papers.accept_papers(bench.office, dossier, papers.propose_papers(bench.office, dossier))
    return dossier


def test_without_a_count_nothing_is_confirmed(bench: Bench, files: tuple[Path, ...]):
    dossier = ready(bench, files)
    assert blocked(bench, dossier) == "rule.count_unconfirmed"
    reception.confirm_count(bench.office, dossier)
    review.confirm(bench.office, dossier)


def test_two_of_three_declared_sheets_block(bench: Bench, files: tuple[Path, ...]):
    dossier = ready(bench, files[:2], declared_sheets=3)
    assert blocked(bench, dossier) == "rule.count_mismatch"


def test_the_declared_number_needs_no_second_word(bench: Bench, files: tuple[Path, ...]):
    dossier = ready(bench, files, declared_sheets=3)
    review.confirm(bench.office, dossier)
