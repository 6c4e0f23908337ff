from __future__ import annotations

import cv2
import numpy as np
import pytest

from ocr.decode import decode
from ocr.geometry import Geometry
from ocr.image import PageImage
from ocr.pictures import jpeg, screen, thumbnail
from ocr.warp import reading_copy, render

CASES = [
    (0, 0.0),
    (90, 0.0),
    (180, 0.0),
    (270, 0.0),
    (0, 3.37),
    (90, -7.21),
    (180, 0.04),
    (270, 19.9),
]


def _page(width: int = 1240, height: int = 1754, dpi: float = 150.0) -> PageImage:
    return PageImage(np.full((height, width, 3), 250, np.uint8), dpi, dpi)


@pytest.mark.parametrize(("rotation", "skew"), CASES)
def test_corners_come_back_within_half_a_pixel(rotation, skew):
    geometry = Geometry.plan(_page(), skew_deg=skew, rotation_deg=rotation)
    back = geometry.inverse()
    assert (back.width_px, back.height_px) == (1240, 1754)
    for corner in [(0, 0), (1240, 0), (0, 1754), (1240, 1754)]:
        there = geometry.point(*corner)
        again = back.point(*there)
        assert np.hypot(again[0] - corner[0], again[1] - corner[1]) < 0.5
    assert Geometry.from_dict(geometry.to_dict()) == geometry


@pytest.mark.parametrize(("rotation", "skew"), CASES)
@pytest.mark.parametrize("dpi", [None, 100.0])
def test_a_mark_is_drawn_where_the_geometry_says(rotation, skew, dpi):
    page = _page()
    cv2.rectangle(page.pixels, (400, 500), (419, 519), (0, 0, 0), -1)
    geometry = Geometry.plan(page, skew_deg=skew, rotation_deg=rotation)
    shown = render(page, geometry, dpi)
    ys, xs = np.nonzero(shown.pixels[:, :, 0] < 128)
    x, y = geometry.point(410, 510)
    assert abs(xs.mean() + 0.5 - x * shown.width_px / geometry.width_px) < 0.5
    assert abs(ys.mean() + 0.5 - y * shown.height_px / geometry.height_px) < 0.5


def test_a_quarter_turn_goes_clockwise_and_changes_no_pixel():
    rng = np.random.default_rng(1)
    page = PageImage(rng.integers(0, 255, (60, 40), np.uint8), 300, 300)
    geometry = Geometry.plan(page, rotation_deg=90)
    assert (geometry.width_px, geometry.height_px) == (60, 40)
    assert np.array_equal(render(page, geometry).pixels, np.rot90(page.pixels, -1))
    straight = Geometry.plan(page)
    assert straight.identity
    assert np.array_equal(render(page, straight).pixels, page.pixels)


def test_a_page_that_lay_counter_clockwise_is_turned_clockwise():
    page = _page()
    geometry = Geometry.plan(page, skew_deg=5)
    right = geometry.point(1240, 877)
    assert right[1] > 877


def test_unequal_resolution_keeps_the_millimetres():
    page = PageImage(np.zeros((1169, 1654), np.uint8), 200, 100)
    geometry = Geometry.plan(page)
    assert geometry.dpi == 200
    assert abs(geometry.width_px / 200 * 25.4 - 210) < 0.5
    assert abs(geometry.height_px / 200 * 25.4 - 297) < 0.5
    assert (geometry.inverse().width_px, geometry.inverse().height_px) == (1654, 1169)


def test_laid_bare_corners_take_the_colour_of_the_rim():
    page = PageImage(np.full((800, 600, 3), (10, 120, 200), np.uint8), 100, 100)
    shown = render(page, Geometry.plan(page, skew_deg=8))
    assert np.abs(shown.pixels.astype(int) - (10, 120, 200)).max() <= 1


def test_a_turn_that_is_none_is_refused():
    with pytest.raises(ValueError, match="quarter"):
        Geometry.plan(_page(), rotation_deg=45)
    with pytest.raises(ValueError, match="geometry"):
        Geometry.from_dict({"matrix": [1.0] * 9})


@pytest.mark.parametrize(("rotation", "skew"), CASES)
def test_pictures_for_people_have_their_sizes(rotation, skew):
    page = _page(2480, 3508, 300)
    geometry = Geometry.plan(page, skew_deg=skew, rotation_deg=rotation)
    small, _ = decode(thumbnail(page, geometry))
    assert small.width_px <= 150
    assert small.height_px <= 212
    assert small.width_px == 150 or small.height_px == 212
    assert decode(screen(page, geometry))[0].width_px == 1240


def test_a_jpeg_names_its_resolution():
    image, facts = decode(jpeg(_page(), 80))
    assert (image.dpi_x, facts.dpi_source) == (150, "file")
    grey = PageImage(np.full((30, 20), 90, np.uint8), 200, 200)
    assert decode(jpeg(grey, 90))[1].colour == "grey"


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (900, 4), (5, 700)])
def test_tiny_pages_pass_every_stage(size):
    from ocr.clean import clean

    page = PageImage(np.full((size[1], size[0]), 200, np.uint8), 300, 300)
    cleaned = clean(page)
    assert cleaned.facts.blank
    assert reading_copy(page, cleaned.geometry).pixels.size
    assert thumbnail(page, cleaned.geometry)
