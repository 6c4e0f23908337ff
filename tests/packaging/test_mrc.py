"""Only neutral dark ink leaves the picture; every coloured stroke and every photo stays in it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from app.packaging.mrc import ink_colour, neutral_ink, without_ink
from app.packaging.whiten import survey, whiten
from tests.corpus.scanbed import Look, scan, to_bgr
from tests.packaging.layered import DPI, as_jpeg, marked, photo, printed

MOST_RED, MOST_BLUE, LEAST_BLACK = 0.002, 0.01, 0.9
INKS = {
    "fresh": ((214, 40, 52), (30, 52, 158)),
    "typed": ((190, 50, 60), (38, 44, 120)),
    "dark": ((178, 30, 45), (22, 30, 84)),
}


def masked(page):
    found = survey(page, DPI)
    assert found.plain is None
    white = whiten(page, found)
    return white, neutral_ink(white, found, DPI)


@pytest.mark.parametrize(("red", "blue"), INKS.values(), ids=INKS)
def test_red_and_blue_strokes_never_move_to_the_mask(red, blue):
    sheet = marked(red, blue, Look(noise=4.5, blur_px=0.9))
    assert sheet.red.sum() > 50_000
    assert sheet.blue.sum() > 20_000
    for page in (as_jpeg(sheet.page, 75), as_jpeg(sheet.page, 85, chroma_blur_px=1.5)):
        _, ink = masked(page)
        assert ink[sheet.red].mean() <= MOST_RED
        assert ink[sheet.blue].mean() <= MOST_BLUE
        assert ink[sheet.black].mean() >= LEAST_BLACK


def test_black_print_under_a_red_seal_stays_in_the_mask():
    sheet = marked()
    _, ink = masked(as_jpeg(sheet.page, 85))
    under = sheet.black & (cv2.dilate(sheet.red.astype(np.uint8), np.ones((9, 9))) > 0)
    assert under.sum() > 5_000
    assert ink[under].mean() >= 0.75


def test_nothing_of_a_dark_photo_moves_to_the_mask():
    page = to_bgr(printed(12).image).copy()
    places = []
    for left, brightest in ((300, 60), (900, 120), (1500, 230)):
        page[1500:1972, left : left + 354] = photo(472, 354, brightest)
        places.append((slice(1500, 1972), slice(left, left + 354)))
    _, ink = masked(scan(page, Look(), 1))
    assert ink.any()
    for place in places:
        assert ink[place].mean() <= 0.001


def test_pencil_and_grey_print_stay_in_the_picture():
    page = to_bgr(printed(6).image).copy()
    cv2.putText(page, "ghi chu 12/5", (400, 1500), 0, 4, (165, 165, 166), 4, cv2.LINE_AA)
    _, ink = masked(scan(page, Look(), 1))
    assert not ink[1350:1560].any()


def test_the_ink_leaves_no_shadow_in_the_picture():
    white, ink = masked(scan(to_bgr(printed().image), Look(specks=0), 1))
    below = without_ink(white, ink, DPI, 200)
    inside = below[100:-100, 100:-100]
    assert below.shape == (2339, 1653, 3)
    assert np.mean(inside.min(axis=2) < 225) < 0.0003


def test_the_mask_has_the_colour_of_the_ink():
    grey = scan(to_bgr(printed(10).image), Look(specks=0), 1)
    white, ink = masked(grey)
    assert all(20 <= part <= 50 for part in ink_colour(white, ink))
    one = white[..., 1].copy()
    assert len(set(ink_colour(one, ink))) == 1
    assert ink_colour(white, np.zeros_like(ink)) == (0, 0, 0)
