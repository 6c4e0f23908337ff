"""The corpus keeps its word: equal seeds give equal bytes, and the truth says what is on the page."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import unicodedata
from pathlib import Path

import cv2
import numpy as np
import pytest
from fontTools.ttLib import TTFont
from PIL import Image

from tests.corpus import fonts
from tests.corpus.pages import blank_page, draw_page, identity_card_sheet, make_small, print_sheet
from tests.corpus.papers_decision import birth_certificate, decision
from tests.corpus.papers_forms import application, inventory, power_of_attorney
from tests.corpus.people import draw_case
from tests.corpus.sample import SEED, TRUTH_FILE, make_sample
from tests.corpus.scanbed import to_bgr
from tests.corpus.truth import load_truth

VOWELS = "aăâeêioôơuưy"
TONES = ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
LETTERS = [unicodedata.normalize("NFC", v + t) for v in VOWELS for t in TONES] + ["đ"]


def digests(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir())}


def upright(path: Path, page) -> np.ndarray:
    """Undo the turn and the skew of the truth, giving the grey page its boxes refer to."""
    grey = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    grey = np.ascontiguousarray(np.rot90(grey, -(page.rotation_deg // 90)))
    height, width = grey.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -page.skew_deg, 1)
    return cv2.warpAffine(grey, matrix, (width, height), borderValue=240)


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    out = tmp_path_factory.mktemp("sample")
    return out, make_sample(out)


def test_equal_seeds_give_equal_bytes_and_another_seed_other_ones(sample, tmp_path):
    out, _ = sample
    subprocess.run(
        [sys.executable, "-m", "tests.corpus", "--out", str(tmp_path / "again")],
        check=True,
        capture_output=True,
        timeout=170,
    )
    assert digests(tmp_path / "again") == digests(out)
    make_small(tmp_path / "a", seed=1)
    make_small(tmp_path / "b", seed=2)
    a, b = digests(tmp_path / "a"), digests(tmp_path / "b")
    assert a.keys() == b.keys()
    assert not set(a.values()) & set(b.values())


def test_sorted_names_give_feeder_order_and_the_stem_groups_the_paper(sample):
    out, truth = sample
    assert truth.seed == SEED
    assert [p.name for p in sorted(out.glob("*.jpg"))] == list(truth.files)
    assert len(truth.pages) == 12
    stems = {page.paper: {page.file.rsplit("-", 1)[0]} for page in truth.pages}
    assert all({page.file.rsplit("-", 1)[0]} == stems[page.paper] for page in truth.pages)
    assert sorted(page.paper for page in truth.pages) == [1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 5]


def test_pages_are_colour_a4_at_300_dpi(sample):
    out, truth = sample
    for page in truth.pages:
        with Image.open(out / page.file) as image:
            assert image.mode == "RGB"
            assert image.info["dpi"] == (300, 300)
            size = image.size[::-1] if page.rotation_deg == 90 else image.size
            assert size == (page.width_px, page.height_px) == (2480, 3508)


def test_one_page_upside_down_one_sideways_one_blank_most_skewed(sample):
    _, truth = sample
    turns = {page.file: page.rotation_deg for page in truth.pages if page.rotation_deg}
    assert turns == {"02-to-khai-2.jpg": 180, "05-bang-ke-2.jpg": 90}
    assert [page.file for page in truth.pages if page.blank] == ["03-giay-khai-sinh-2.jpg"]
    skews = [page.skew_deg for page in truth.pages]
    assert all(abs(skew) <= 4 and round(skew, 2) == skew for skew in skews)
    assert sum(abs(skew) >= 0.3 for skew in skews) >= 7


def test_truth_is_nfc_and_every_box_holds_its_ink_once_turn_and_skew_are_undone(sample):
    out, truth = sample
    for page in truth.pages:
        assert bool(page.lines) != page.blank
        pixels = upright(out / page.file, page)
        paper = float(np.median(pixels))
        for line in page.lines:
            assert line.text == unicodedata.normalize("NFC", line.text)
            x0, y0, x1, y1 = line.box
            assert 0 <= x0 < x1 <= page.width_px
            assert 0 <= y0 < y1 <= page.height_px
            ink = pixels[y0:y1, x0:x1] < paper - 80
            assert ink[:, :60].any(), (page.file, line)
            assert ink[:, -60:].any(), (page.file, line)
            assert 0.04 < ink.mean() < 0.6, (page.file, line)


def test_truth_file_reads_back_as_written(sample):
    out, truth = sample
    assert load_truth(out / TRUTH_FILE) == truth


def test_labels_of_the_truth_are_printed_on_their_pages(sample):
    _, truth = sample
    labels = {page.file: page.label for page in truth.pages}
    assert labels["05-bang-ke-3.jpg"] == "Trang 3/3"
    assert labels["01-quyet-dinh-1.jpg"] is None
    for page in truth.pages:
        assert page.label is None or page.label in page.texts, page.file


def test_the_blank_back_shows_its_front_and_nothing_dark(sample):
    out, _ = sample
    inner = cv2.imread(str(out / "03-giay-khai-sinh-2.jpg"), cv2.IMREAD_GRAYSCALE)[
        400:3100, 400:2000
    ]
    smooth = cv2.GaussianBlur(inner, (0, 0), 4)
    assert float(np.percentile(smooth, 0.05)) > 170
    assert float(smooth.std()) > 1.5


@pytest.mark.parametrize("seeds", [range(1, 4), range(9_000_000, 9_000_003)])
def test_papers_of_any_seed_fit_their_pages(seeds):
    for seed in seeds:
        print("seed", seed)
        case = draw_case(seed)
        for draw in (decision, birth_certificate, application, power_of_attorney, inventory):
            for family in ("Tinos", "NotoSans"):
                assert all(sheet.lines for sheet in draw(case, family, seed))


def test_skew_is_counter_clockwise_and_rotation_is_the_clockwise_cure():
    page = draw_page(["CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"], skew_deg=3, noise=0)
    ys, xs = np.nonzero(cv2.cvtColor(page, cv2.COLOR_BGR2GRAY)[:800] < 100)
    slope = np.polyfit(xs, ys, 1)[0]
    assert np.degrees(np.arctan(-slope)) == pytest.approx(3, abs=0.4)
    line = print_sheet(["Trang 1/2"]).lines[0]
    for turn in (0, 90, 180, 270):
        page = draw_page(["Trang 1/2"], rotation_deg=turn, noise=1)
        x0, y0, x1, y1 = line.box
        assert (np.rot90(page, -turn // 90)[y0:y1, x0:x1] < 90).any(), turn


def test_single_pages_are_bgr_a4_and_the_card_is_coloured():
    for page in (blank_page(), blank_page(["ĐƠN"]), identity_card_sheet()):
        assert page.shape == (3508, 2480, 3)
        assert page.dtype == np.uint8
    blue, _, red = identity_card_sheet()[700:1000, 1150:1500].reshape(-1, 3).mean(0)
    assert blue > red + 5


def test_a_line_too_wide_and_a_page_too_full_are_refused():
    with pytest.raises(ValueError, match="too wide"):
        print_sheet(["chữ " * 60])
    with pytest.raises(ValueError, match="full"):
        print_sheet(["chữ"] * 80)


def test_every_face_has_every_vietnamese_letter():
    assert len(LETTERS) == 73
    for family in ("Tinos", "Arimo", "NotoSans", "NotoSerif"):
        for style in ("Regular", "Bold", "Italic", "BoldItalic"):
            with TTFont(fonts.font_path(family, style)) as face:
                glyphs = face.getBestCmap()
            missing = [x for low in LETTERS for x in (low, low.upper()) if ord(x) not in glyphs]
            assert missing == [], (family, style)


def test_a_missing_font_names_its_package(monkeypatch, tmp_path):
    monkeypatch.setitem(fonts._PLACES, "Mất", (tmp_path, "fonts-mat"))
    with pytest.raises(fonts.FontMissingError, match="apt-get install fonts-mat"):
        fonts.font_path("Mất")


def test_sheet_pixels_keep_ink_colours():
    sheet = print_sheet(["Ủy ban"])
    sheet.draw.rectangle((0, 0, 9, 9), fill=(200, 10, 20))
    assert to_bgr(sheet.image)[5, 5].tolist() == [20, 10, 200]
