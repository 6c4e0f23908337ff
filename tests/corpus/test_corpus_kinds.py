"""Pages of every kind keep their word: what the truth says lies where the truth says it lies."""

from __future__ import annotations

import io
import unicodedata

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.corpus import barcodes, mrz, phrases
from tests.corpus.drafts import Draft
from tests.corpus.kinds import KINDS, iter_pages, make_pages
from tests.corpus.people import person
from tests.corpus.sample import TRUTH_FILE
from tests.corpus.severity import SEVERITIES, draw_plan
from tests.corpus.sheet import Sheet
from tests.corpus.test_corpus_sample import LETTERS, digests
from tests.corpus.truth import load_truth

SEED = 4


def pixels_of(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("L"))


def paper_of(data: bytes, page) -> np.ndarray:
    """Lay the paper out upright at 300 dpi, by nothing but the corners the truth gives."""
    corners = np.array([(0, 0), (page.width_px, 0), (page.width_px, page.height_px)], np.float32)
    half = np.float32(0.5)
    matrix = cv2.getAffineTransform(
        np.array(page.paper_quad[:3], np.float32) - half, corners - half
    )
    return cv2.warpAffine(
        pixels_of(data), matrix, (page.width_px, page.height_px), flags=cv2.INTER_LINEAR
    )


@pytest.fixture(scope="module")
def office():
    return list(iter_pages(SEED, severity="office"))


def test_all_kinds_are_drawn_and_their_sets_have_the_pages_they_promise(office):
    counts = {kind: sum(page.kind == kind for page, _ in office) for kind in KINDS}
    many = {"decision": 2, "page_labels": 4, "separator": 2, "blank_through": 2}
    assert counts == {kind: many.get(kind, 1) for kind in KINDS}


def test_equal_arguments_give_equal_bytes_and_the_truth_file_reads_back(tmp_path):
    kinds = ["receipt", "card_back", "one_line"]
    first = make_pages(tmp_path / "a", 9, kinds, severity="hard")
    assert make_pages(tmp_path / "b", 9, kinds, severity="hard") == first
    assert digests(tmp_path / "a") == digests(tmp_path / "b")
    assert load_truth(tmp_path / "a" / TRUTH_FILE) == first
    alone = make_pages(tmp_path / "c", 9, ["one_line"], severity="hard")
    assert alone.pages[0].lines == first.pages[-1].lines
    assert digests(tmp_path / "c")[alone.files[0]] == digests(tmp_path / "a")[first.files[-1]]


def test_severities_scan_the_same_print_and_the_undistorted_page_is_that_print(tmp_path):
    pages = [next(iter_pages(5, ["letter"], severity=s))[0] for s in SEVERITIES]
    flat, data = next(iter_pages(5, ["letter"], undistorted=True))
    assert {page.lines for page in (*pages, flat)} == {flat.lines}
    assert (flat.skew_deg, flat.rotation_deg, flat.scan_dpi) == (0, 0, (300, 300))
    pixels = pixels_of(data)
    assert pixels.shape == (flat.height_px, flat.width_px)
    x0, y0, x1, y1 = flat.lines[0].box
    assert pixels[y0:y1, x0:x1].min() < 40
    assert pixels[: flat.lines[0].box[1] - 60].min() == 255


def test_every_printed_line_lies_where_the_truth_says_after_the_corners_are_laid_out(office):
    for page, data in office:
        paper = paper_of(data, page).astype(np.float32)
        for line in page.lines:
            assert line.text == unicodedata.normalize("NFC", line.text)
            x0, y0, x1, y1 = line.box
            inside = paper[y0:y1, x0:x1]
            ground = float(np.percentile(inside, 90))
            ink = inside < ground - 40
            assert ink[:, :70].any(), (page.file, line)
            assert ink[:, -70:].any(), (page.file, line)


def test_the_corners_are_those_of_the_paper_on_its_bed(office):
    checked = 0
    for page, data in office:
        if page.bed != "black" or page.blank:
            continue
        grey = cv2.GaussianBlur(pixels_of(data), (0, 0), 1.2)
        quad = np.array(page.paper_quad)
        centre = quad.mean(0)
        for k in range(4):
            middle = (quad[k] + quad[(k + 1) % 4]) / 2
            inward = (centre - middle) / np.linalg.norm(centre - middle)
            step = 10 * page.scan_dpi[0] / 300
            (xi, yi), (xo, yo) = middle + inward * step, middle - inward * step
            assert int(grey[int(yi), int(xi)]) - int(grey[int(yo), int(xo)]) > 60, (page.file, k)
            checked += 1
    assert checked >= 8


def test_no_page_is_cut_where_it_has_ink(office):
    for page, _ in office:
        if page.bed == "none":
            assert abs(page.skew_deg) <= 3, page.file
        else:
            for x, y in page.paper_quad:
                assert x >= 0, page.file
                assert y >= 0, page.file


def test_turns_and_skew_agree_with_the_corners(office):
    for page, _ in office:
        (x0, y0), (x1, y1) = page.paper_quad[:2]
        across = np.degrees(np.arctan2(-(y1 - y0), x1 - x0))  # ccw of the upper edge
        wanted = page.skew_deg + page.rotation_deg
        assert (across - wanted + 180) % 360 - 180 == pytest.approx(0, abs=0.02), page.file


def test_blank_sides_have_no_ink_and_know_the_side_that_shines_through(office):
    pages = {page.file: page for page, _ in office}
    blanks = [page for page in pages.values() if page.blank]
    assert len(blanks) == 2
    for page in blanks:
        assert (page.lines, page.seals, page.codes, page.marks) == ((), (), (), ())
    back = next(page for page in blanks if page.kind == "blank_through")
    assert 0.05 <= back.through <= 0.15
    assert pages[back.partner].partner == back.file
    for kind in ("faint_stamp", "pencil_note", "signature_only"):
        page = next(page for page in pages.values() if page.kind == kind)
        assert not page.blank
        assert page.seals or page.signatures or page.marks


def test_kinds_carry_the_fields_and_codes_readers_are_asked_for(office):
    pages = {page.file.rsplit(".", 1)[0]: page for page, _ in office}
    names = {"number", "notation", "issue_date", "organ", "type", "subject"}
    assert {name for name, _ in pages["decision-01-1"].fields} == names
    assert {name for name, _ in pages["decision-01-2"].fields} == {"signer"}
    assert {name for name, _ in pages["letter-01-1"].fields} == names | {"signer"}
    labels = [dict(pages[f"page_labels-01-{n}"].fields)["page_label"] for n in (1, 2, 3, 4)]
    assert labels[1] == labels[2]
    assert [label.split("/")[0] for label in labels] == ["1", "2", "2", "4"]
    assert [c.format for c in pages["card-01-1"].codes] == ["qrcode", "mrz"]
    card = pages["card-01-1"]
    number = dict(card.fields)["identity_number"]
    fields = card.codes[0].text.split("|")
    assert (len(fields), fields[0], fields[1]) == (7, number, "")
    x0, _, x1, _ = card.codes[0].box
    assert (x1 - x0) * 25.4 / 300 == pytest.approx(12.5, abs=0.1)
    assert any(line.text == "MẪU" for line in card.lines)
    assert [c.text for c in pages["separator-01-1"].codes] == ["PATCHT", "PATCHT"]
    assert pages["separator-01-2"].codes[0].text.startswith("SEP1|")


def test_the_printed_codes_can_be_read_by_a_reader_nobody_here_wrote():
    zxingcpp = pytest.importorskip("zxingcpp")
    sheet = Sheet()
    barcodes.bars(sheet, "code39", "PATCHT", (300, 300), module_mm=0.5, height_mm=20)
    barcodes.bars(
        sheet, "code128", "H26.12-260101-0042 ~az", (300, 700), module_mm=0.3, height_mm=12
    )
    barcodes.qr(sheet, "031172234377||Nguyễn Thị Ngọc|Nữ", (300, 1100), 12.5)
    found = {hit.text for hit in zxingcpp.read_barcodes(np.asarray(sheet.image))}
    assert found == {code.text for code in sheet.codes}


def test_check_digits_agree_with_the_examples_of_the_standard():
    # ICAO Doc 9303-5, Appendix B: the specimen of the TD1 card.
    assert mrz.check_digit("D23145890") == "7"
    assert mrz.check_digit("740812") == "2"
    assert mrz.check_digit("120415") == "9"
    whole = "D231458907<<<<<<<<<<<<<<<" + "7408122" + "1204159" + "<" * 11
    assert mrz.check_digit(whole) == "6"
    rng = np.random.default_rng(3)
    for woman in (False, True):
        who = person(rng, woman=woman, year=1991)
        lines = mrz.td1(who, (3, 4, 2035))
        assert [len(line) for line in lines] == [30, 30, 30]
        assert all(set(line) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ<") for line in lines)
        assert lines[0][15:27] == who.number


def test_all_accented_letters_occur_small_and_large():
    wanted = {x for letter in LETTERS for x in (letter, letter.upper())} - set("aeiouyAEIOUY")
    assert len(wanted) == 134
    page, _ = next(iter_pages(SEED, ["dense"], undistorted=True))
    assert wanted <= set("".join(page.texts)) | set(" ".join(page.texts))
    assert len(phrases.EVERY_LETTER) == len(set(phrases.EVERY_LETTER))


def test_papers_of_any_seed_fit_their_pages():
    for seed in (20, 21):
        print("seed", seed)
        for kind in KINDS:
            if kind in {"faint_stamp", "photo_page", "blank"}:
                continue
            for one in KINDS[kind](Draft(np.random.default_rng([seed, 5]))):
                for x0, y0, x1, y1 in one.sheet.inked():
                    assert x0 >= 0, (kind, seed)
                    assert y0 >= 0, (kind, seed)
                    assert x1 <= one.sheet.width_px, (kind, seed)
                    assert y1 <= one.sheet.height_px, (kind, seed)


def test_severities_draw_from_their_ranges_and_angles_are_no_grid():
    plans = {
        s: [draw_plan(np.random.default_rng([7, i]), s) for i in range(300)] for s in SEVERITIES
    }
    assert all(abs(p.skew_deg) <= 10 for one in plans.values() for p in one)
    assert len({round(p.skew_deg * 100) % 10 for p in plans["office"]}) == 10
    assert {p.bed for p in plans["hard"]} == {"none", "white", "grey", "black"}
    assert {p.rotation_deg for p in plans["hard"]} == {0, 90, 180, 270}
    assert {p.rotation_deg for p in plans["clean"]} == {0}
    assert any(p.dpi[0] != p.dpi[1] for p in plans["hard"])
    assert {p.colour for p in plans["hard"]} == {"colour", "grey", "bilevel"}
    steep = [draw_plan(np.random.default_rng([8, i]), "hard", max_skew_deg=20) for i in range(200)]
    assert 15 < max(abs(p.skew_deg) for p in steep) <= 20


def test_an_unknown_severity_is_refused():
    with pytest.raises(KeyError):
        next(iter_pages(1, ["blank"], severity="awful"))
