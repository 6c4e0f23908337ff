"""What the engine found out about pages reaches the clerk, and the clerk's hand outweighs it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import zxingcpp

from app.desk import edits, page_facts, papers, reception, review
from app.domain.page import AS_SCANNED, Recipe
from app.domain.separators import Separator, encode
from app.store import dossiers
from tests.corpus.pages import blank_page, draw_page, jpeg

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


def separator(text: str) -> bytes:
    """A scanned separator sheet: its code on white paper."""
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode)
    picture = np.asarray(code.to_image(scale=12), np.uint8)
    page = np.full((3508, 2480, 3), 250, np.uint8)
    height, width = picture.shape
    page[400 : 400 + height, 900 : 900 + width] = picture[:, :, None]
    return jpeg(page)


def test_a_separator_parts_papers_and_is_left_out_but_never_lost(
    bench: Bench, files: Files, tmp_path: Path
):
    sheet = tmp_path / "phan-cach.jpg"
    sheet.write_bytes(separator(encode(Separator(component="minutes"))))
    dossier = bench.dossier()
    bench.feed(dossier, [files[1], sheet, files[0]])
    bench.work()
    papers.accept_papers(bench.office, dossier, papers.propose_papers(bench.office, dossier))
    first, aside, last = bench.pages(dossier)
    kinds = {paper.id: paper.kind for paper in dossiers.documents(bench.db, dossier)}
    assert last.document is not None
    assert kinds[last.document] == "minutes", "the sheet says so, whatever the text looks like"
    assert first.document not in {None, last.document}
    assert (aside.document, aside.hidden, aside.dropped) == (None, True, False)
    slugs = {finding.slug for finding in review.findings(bench.office, dossier)}
    assert "rule.page_unassigned" not in slugs
    reception.confirm_count(bench.office, dossier)
    assert dossiers.get(bench.db, dossier).declared_sheets == 3, "it counts as a sheet fed"
    edits.undo(bench.office, dossier)
    assert not bench.pages(dossier)[1].hidden


def test_a_page_number_that_stands_too_late_blocks_until_the_clerk_confirms_it(
    bench: Bench, files: Files
):
    dossier = bench.read(files)
    last = bench.pages(dossier)[2]
    review.move(bench.office, dossier, last.id, -1)
    doubt = [f for f in review.findings(bench.office, dossier) if f.slug.startswith("rule.page_")]
    assert [finding.slug for finding in doubt] == ["rule.page_order"]
    review.settle_page_numbers(bench.office, dossier, [bench.pages(dossier)[2].id])
    assert review.findings(bench.office, dossier) == ()
    edits.undo(bench.office, dossier)
    assert review.findings(bench.office, dossier) != ()


def test_guessed_fields_say_where_on_the_page_they_stand(bench: Bench, files: Files):
    dossier = bench.read(files)
    read = page_facts.reading(bench.office, bench.pages(dossier)[1])
    assert read is not None
    assert read.label == "1/2"
    (field,) = [field for field in read.fields if field.name == "page_label"]
    width, height = read.size_px
    for x0, y0, x1, y1 in field.boxes:
        assert 0 <= x0 < x1 <= width
        assert 0 <= y0 < y1 <= height


def test_a_back_is_judged_beside_its_front(bench: Bench, tmp_path: Path):
    """Its front shines through as strongly as pale writing: by itself the side stays in doubt."""
    words = ["GIẤY XÁC NHẬN", *(f"{n}. Nội dung thứ {n} của giấy này, in đậm." for n in range(30))]
    (tmp_path / "1.jpg").write_bytes(jpeg(draw_page(words)))
    (tmp_path / "2.jpg").write_bytes(jpeg(blank_page(words, strength=0.18)))
    dossier = bench.dossier()
    bench.feed(dossier, [tmp_path / "1.jpg", tmp_path / "2.jpg"], duplex=True)
    bench.work()
    front, back = bench.pages(dossier)
    cleaned = [job for job in bench.vault.jobs.by_dossier(dossier) if job.stage == "clean"]
    assert [job.inputs for job in cleaned] == [(front.blob,), (back.blob, front.blob)]
    seen = [page_facts.facts(bench.office, page) for page in (front, back)]
    assert [facts.blank for facts in seen if facts] == [False, True]


def test_a_page_that_shows_an_identity_card_cannot_be_signed(bench: Bench, tmp_path: Path):
    """Circular 03/2025/TT-VPCP, art. 5(2): a card is presented, its image is not kept."""
    said = "042085001234||Nguyễn Văn Mẫu|01021985|Nam|Thôn Đồng Mận, xã Phú Lẫm|05062021"
    words = ["ĐƠN ĐỀ NGHỊ", "Kính gửi: Ủy ban nhân dân xã Suối Vặc"]
    page = draw_page(words)
    code = zxingcpp.create_barcode(said, zxingcpp.BarcodeFormat.QRCode)
    picture = np.asarray(code.to_image(scale=4), np.uint8)
    height, width = picture.shape
    page[1400 : 1400 + height, 1200 : 1200 + width] = picture[:, :, None]
    (tmp_path / "the.jpg").write_bytes(jpeg(page))
    dossier = bench.dossier()
    (card,) = bench.feed(dossier, [tmp_path / "the.jpg"])
    bench.work()
    slugs = [finding.slug for finding in review.findings(bench.office, dossier)]
    assert "rule.card_on_page" in slugs
    read = page_facts.reading(bench.office, bench.pages(dossier)[0])
    assert read is not None
    assert {f.name: f.value for f in read.fields}["identity_number"] == "042085001234"
    review.drop(bench.office, dossier, [card])
    slugs = [finding.slug for finding in review.findings(bench.office, dossier)]
    assert "rule.card_on_page" not in slugs
