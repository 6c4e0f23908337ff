from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from ocr.geometry import Geometry
from ocr.image import PageImage
from ocr.warp import reading_copy, render

CROP = (0.1, 0.2, 0.8, 0.7)
CASES = [(0, 0.0), (90, 0.0), (180, 0.0), (270, 0.0), (0, 3.37), (90, -7.21), (270, 12.9)]


def _page(width: int = 1240, height: int = 1754, dpi: float = 150.0) -> PageImage:
    return PageImage(np.full((height, width, 3), 250, np.uint8), dpi, dpi)


@pytest.mark.parametrize(("rotation", "skew"), CASES)
@pytest.mark.parametrize("dpi", [None, 100.0])
def test_a_mark_on_a_cropped_page_is_drawn_where_the_geometry_says(rotation, skew, dpi):
    page = _page()
    cv2.rectangle(page.pixels, (600, 700), (619, 719), (0, 0, 0), -1)
    geometry = Geometry.plan(page, skew_deg=skew, rotation_deg=rotation, crop=CROP)
    sides = (868, 877) if rotation in {0, 180} else (877, 868)
    assert (geometry.width_px, geometry.height_px) == sides
    shown = render(page, geometry, dpi)
    ys, xs = np.nonzero(shown.pixels[:, :, 0] < 128)
    x, y = geometry.point(610, 710)
    assert abs(xs.mean() + 0.5 - x * shown.width_px / geometry.width_px) < 0.5
    assert abs(ys.mean() + 0.5 - y * shown.height_px / geometry.height_px) < 0.5


@pytest.mark.parametrize(("rotation", "skew"), CASES)
def test_a_cropped_geometry_finds_its_way_back_and_survives_json(rotation, skew):
    page = _page(1241, 1753)
    geometry = Geometry.plan(page, skew_deg=skew, rotation_deg=rotation, crop=(0.33, 0.1, 0.34, 1))
    back = geometry.inverse()
    assert (back.width_px, back.height_px) == (1241, 1753)
    for corner in [(0, 0), (1241, 0), (0, 1753), (1241, 1753)]:
        again = back.point(*geometry.point(*corner))
        assert np.hypot(again[0] - corner[0], again[1] - corner[1]) < 0.01
    assert Geometry.from_dict(json.loads(json.dumps(geometry.to_dict()))) == geometry
    assert not geometry.identity


def test_a_geometry_written_before_there_were_crops_still_loads():
    geometry = Geometry.plan(_page(), skew_deg=1.0)
    old = geometry.to_dict()
    del old["crop"]
    assert Geometry.from_dict(old) == geometry


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_cropping_a_straight_page_changes_no_pixel(rotation):
    rng = np.random.default_rng(3)
    page = PageImage(rng.integers(0, 255, (200, 100), np.uint8), 300, 300)
    geometry = Geometry.plan(page, crop=(0.1, 0.2, 0.9, 0.7), rotation_deg=rotation)
    expected = np.rot90(page.pixels[40:140, 10:90], -rotation // 90 % 4)
    assert np.array_equal(render(page, geometry).pixels, expected)


def test_no_crop_by_hand_is_the_whole_page():
    page = _page()
    assert Geometry.plan(page, crop=(0, 0, 1, 1)) == Geometry.plan(page)
    assert Geometry.plan(page, crop=(0, 0, 1, 1)).identity


def test_the_same_crop_fits_every_resolution_of_a_scan():
    fine = _page(2480, 3508, 300)
    cv2.rectangle(fine.pixels, (1000, 1200), (1019, 1219), (0, 0, 0), -1)
    geometry = Geometry.plan(fine, skew_deg=4.2, rotation_deg=90, crop=CROP)
    coarse = render(fine, Geometry.plan(fine), 200.0)
    again = geometry.at(coarse)
    assert (again.skew_deg, again.rotation_deg) == (4.2, 90)
    a, b = render(coarse, again), render(fine, geometry, 200.0)
    assert abs(a.width_px - b.width_px) <= 1
    marks = [np.argwhere(shown.pixels[:, :, 0] < 128).mean(axis=0) for shown in (a, b)]
    assert np.abs(marks[0] - marks[1]).max() < 1


def test_a_crop_may_reach_over_the_rim_where_turning_carries_paper():
    page = _page()
    geometry = Geometry.plan(page, skew_deg=5, crop=(-0.05, -0.02, 0.5, 0.5))
    shown = render(page, geometry)
    assert (shown.width_px, shown.height_px) == (geometry.width_px, geometry.height_px)
    assert geometry.inverse().width_px == 1240


@pytest.mark.parametrize("crop", [(0.5, 0, 0.5, 1), (0, 0.9, 1, 0.1), (-3, 0, 1, 1), (0, 0, 9, 1)])
def test_a_crop_that_is_no_rectangle_is_refused(crop):
    with pytest.raises(ValueError, match="crop"):
        Geometry.plan(_page(), crop=crop)


def test_the_reading_copy_shows_the_crop_only():
    page = _page(2480, 3508, 300)
    copy = reading_copy(page, Geometry.plan(page, crop=(0.25, 0.25, 0.75, 0.5)))
    assert abs(copy.width_px - 827) <= 1
    assert abs(copy.height_px - 585) <= 1
