"""Smaller rungs: far fewer bytes, nothing written on the page lost, colours kept."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from app.packaging.ladder import recompress, recompressed
from app.packaging.whiten import survey, whiten
from ocr.clean.blank import judge_blank
from ocr.clean.ink import ink_map
from ocr.engine import open_engine
from ocr.image import PageImage
from tests.corpus.metrics import line_errors
from tests.corpus.pages import blank_page, identity_card_sheet
from tests.corpus.scanbed import Look, scan, to_bgr
from tests.packaging.layered import (
    DPI,
    LINE,
    as_pdf,
    marked,
    patterned,
    pen_cover,
    photo,
    press,
    printed,
    seal_cover,
    shown,
)

PROFILES = ("standard", "compact")


@pytest.fixture(scope="module")
def sheet():
    return marked(look=Look(noise=4.0))


@pytest.fixture(scope="module")
def redrawn(sheet):
    return {name: shown(as_pdf(recompress(sheet.page, DPI, name), sheet.page)) for name in PROFILES}


@pytest.fixture(scope="module")
def reader():
    engine = open_engine("api")
    yield engine
    engine.close()


def size(layers):
    return len(layers.picture) + (len(layers.mask.data) if layers.mask else 0)


def usual_jpeg(page):
    out = io.BytesIO()
    Image.fromarray(page[..., ::-1]).save(out, "JPEG", quality=75, optimize=True)
    return len(out.getvalue())


def whitened(page):
    return whiten(page, survey(page, DPI))


def test_each_rung_keeps_its_share_of_bytes():
    page = scan(to_bgr(printed(38).image), Look(), 1)
    usual = usual_jpeg(page)
    assert size(recompress(page, DPI, "standard")) <= 0.5 * usual
    assert size(recompress(page, DPI, "compact")) <= 0.12 * usual


@pytest.mark.parametrize("profile", PROFILES)
def test_equal_pages_give_equal_layers_and_are_left_alone(sheet, profile):
    page = sheet.page.copy()
    assert recompress(page, DPI, profile) == recompress(page, DPI, profile)
    assert np.array_equal(page, sheet.page)


@pytest.mark.parametrize("profile", PROFILES)
def test_the_page_stays_what_it_was_everywhere(sheet, redrawn, profile):
    off = np.abs(redrawn[profile].astype(np.int16) - whitened(sheet.page)).mean(axis=2)
    tiles = cv2.resize(off, (2480 // 64, 3508 // 64), interpolation=cv2.INTER_AREA)
    assert off.mean() <= 8
    assert tiles.max() <= 30


@pytest.mark.parametrize("profile", PROFILES)
def test_seals_and_signatures_keep_hue_and_colour(sheet, redrawn, profile):
    def lab(page, ink):
        values = cv2.cvtColor(page.astype(np.float32) / 255, cv2.COLOR_BGR2LAB)[ink]
        return np.hypot(values[:, 1], values[:, 2]), np.arctan2(values[:, 2], values[:, 1])

    for ink in (sheet.red, sheet.blue):
        before, hue_before = lab(whitened(sheet.page), ink)
        after, hue_after = lab(redrawn[profile], ink)
        assert np.median(after / before) >= 0.88
        turned = np.degrees(np.abs(np.angle(np.exp(1j * (hue_after - hue_before)))))
        assert np.median(turned) <= 6


@pytest.mark.parametrize("profile", PROFILES)
def test_print_under_seals_and_signatures_is_still_read(sheet, redrawn, reader, profile):
    lines = [LINE] * 30
    before, characters = line_errors(lines, reader.read(PageImage(sheet.page, DPI, DPI)).text)
    after, _ = line_errors(lines, reader.read(PageImage(redrawn[profile], DPI, DPI)).text)
    assert after - before <= 0.003 * characters + 2


@pytest.mark.parametrize("profile", PROFILES)
def test_print_of_six_and_a_half_points_is_still_read(reader, profile):
    page = scan(to_bgr(printed(12, 6.5).image), Look(), 2)[:700]
    drawn = shown(as_pdf(recompress(page, DPI, profile), page))
    lines = [LINE] * 12
    before, characters = line_errors(lines, reader.read(PageImage(page, DPI, DPI)).text)
    after, _ = line_errors(lines, reader.read(PageImage(drawn, DPI, DPI)).text)
    assert after - before <= 0.003 * characters + 2


@pytest.mark.parametrize("profile", PROFILES)
def test_pencil_pale_seals_faded_signatures_and_dotted_lines_survive(profile):
    clean = to_bgr(printed(6).image)
    shape = clean.shape[:2]
    pencil, dots = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
    cv2.putText(pencil, "ghi chu 12/5", (400, 1500), 0, 4, 255, 3, cv2.LINE_AA)
    dots[2000:2003, 300:2200] = ((np.arange(1900) % 10) < 3) * 255
    marks = {
        "pencil": (pencil / np.float32(255), (200, 200, 201)),
        "dots": (dots / np.float32(255), (120, 120, 122)),
        "pale seal": (seal_cover(shape, (1800, 1500), 1), (250, 205, 210)),
        "faded pen": (pen_cover(shape, (400, 2500), 1), (190, 200, 235)),
    }
    page = clean.copy()
    for cover, ink in marks.values():
        press(page, cover, ink)
    page = scan(page, Look(specks=0), 1)
    before = cv2.blur(whitened(page).min(axis=2), (9, 9))
    after = cv2.blur(shown(as_pdf(recompress(page, DPI, profile), page)).min(axis=2), (9, 9))
    for name, (cover, _) in marks.items():
        here = cover > 0.5
        depths = [255 - picture[here].mean() for picture in (before, after)]
        assert depths[1] >= 0.75 * depths[0], (name, depths)


@pytest.mark.parametrize("profile", PROFILES)
def test_what_was_not_blank_does_not_become_blank(profile):
    page = np.full((3508, 2480, 3), 255, np.uint8)
    cv2.putText(page, "da nhan ban chinh", (600, 900), 0, 2, (120, 120, 122), 4, cv2.LINE_AA)
    page = scan(page, Look(specks=0), 3)
    drawn = shown(as_pdf(recompress(page, DPI, profile), page))
    for picture in (page, drawn):
        assert not judge_blank(ink_map(PageImage(picture, DPI, DPI))).blank


def test_an_empty_page_becomes_a_small_white_one():
    layers = recompress(blank_page(), DPI, "compact")
    assert layers.mask is None
    assert len(layers.picture) < 40_000


def test_cards_patterns_photos_and_coloured_paper_are_not_whitened():
    print_ = to_bgr(printed(20).image)
    album = to_bgr(printed(2).image).copy()
    album[600:3000, 300:2200] = photo(2400, 1900, 230)
    pink = cv2.min(print_, np.full_like(print_, (200, 190, 245)))
    pages = {
        "card": (identity_card_sheet(2), {"tinted"}),
        "pattern": (patterned(), {"patterned", "tinted"}),
        "album": (scan(album, Look(), 1), {"picture"}),
        "pink": (scan(pink, Look(), 1), {"tinted"}),
    }
    for name, (page, reasons) in pages.items():
        done = recompressed(page, DPI, "compact")
        assert (done.rung, done.layers.mask) == ("plain", None), name
        assert done.reason in reasons, name
        kept = cv2.imdecode(np.frombuffer(done.layers.picture, np.uint8), cv2.IMREAD_COLOR)
        assert cv2.absdiff(kept, page).mean() <= 6, name


def test_resolution_is_never_below_200_and_the_mask_keeps_the_pages_own_up_to_300(sheet):
    cases = {200: (1, 1, 1), 300: (1, 2 / 3, 1), 600: (0.5, 1 / 3, 0.5)}
    page = sheet.page[:1600]
    for dpi, (white, below, mask) in cases.items():
        with Image.open(io.BytesIO(recompress(page, dpi, "standard").picture)) as picture:
            assert picture.size == (round(2480 * white), round(1600 * white))
        layers = recompress(page, dpi, "compact")
        with Image.open(io.BytesIO(layers.picture)) as picture:
            assert picture.size == (round(2480 * below), round(1600 * below))
        assert layers.mask is not None
        assert (layers.mask.width_px, layers.mask.height_px) == (2480 * mask, 1600 * mask)


@pytest.mark.parametrize("profile", PROFILES)
def test_grey_stays_grey_and_colour_stays_colour(sheet, profile):
    black = scan(to_bgr(printed(8).image), Look(), 1)
    for page, mode in ((sheet.page[..., 1].copy(), "L"), (black, "RGB")):
        with Image.open(io.BytesIO(recompress(page, DPI, profile).picture)) as picture:
            assert picture.mode == mode


@pytest.mark.parametrize("profile", PROFILES)
def test_the_smallest_and_oddest_pages_are_drawn(profile):
    for shape in ((1, 1, 3), (3, 2), (5, 900, 3), (77, 13, 3)):
        for level in (0, 128, 255):
            layers = recompress(np.full(shape, level, np.uint8), DPI, profile)
            with Image.open(io.BytesIO(layers.picture)) as picture:
                assert min(picture.size) >= 1
