"""What the engine found out about pages reaches the clerk, and the clerk's hand outweighs it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from app.desk import edits, page_facts, review
from app.domain.page import AS_SCANNED, Recipe
from app.store import dossiers

if TYPE_CHECKING:
    from pathlib import Path

    from tests.desk.desk_kit import Bench

    Files = tuple[Path, ...]


def test_a_page_can_be_had_exactly_as_it_lay_and_back(bench: Bench, files: Files):
    dossier = bench.read(files)
    page = bench.pages(dossier)[0]
    found = page_facts.facts(bench.office, page)
    assert found is not None
    assert abs(found.angle_deg) > 0.3
    review.toggle_as_scanned(bench.office, dossier, [page.id])
    bench.work()
    shown = dossiers.page(bench.db, page.id)
    assert shown.recipe == AS_SCANNED
    lies = page_facts.facts(bench.office, shown)
    assert lies is not None
    assert (lies.angle_deg, lies.rotation_deg) == (0.0, 0)
    assert page_facts.reading(bench.office, shown) is not None
    review.toggle_as_scanned(bench.office, dossier, [page.id])
    again = dossiers.page(bench.db, page.id)
    assert again.recipe == Recipe()
    assert (again.clean, again.text) == (page.clean, page.text), "nothing is worked out again"
    assert bench.at_work(dossier) == []


def test_a_crop_by_hand_survives_the_vault_and_undo(bench: Bench, files: Files):
    dossier = bench.read(files)
    page = bench.pages(dossier)[0]
    cropped = Recipe(rotation_deg=180, skew_deg=-0.25, crop=(0.125, 0.25, 0.5, 0.75))
    edits.replace(
        bench.office, dossier, [dataclasses.replace(page, recipe=cropped)], "page.cropped"
    )
    assert dossiers.page(bench.db, page.id).recipe == cropped
    bench.work()
    read = page_facts.reading(bench.office, dossiers.page(bench.db, page.id))
    assert read is not None
    width, height = read.size_px
    assert abs(width - 2480 * 0.375) <= 2
    assert abs(height - 3508 * 0.5) <= 2
    edits.undo(bench.office, dossier)
    assert dossiers.page(bench.db, page.id).recipe == page.recipe
