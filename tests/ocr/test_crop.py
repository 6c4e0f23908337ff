from __future__ import annotations

import cv2
import numpy as np
import pytest

from ocr.clean import clean
from ocr.image import PageImage
from tests.ocr import drawn

GLASS, LONG = (216.0, 297.0), (216.0, 356.0)
BEDS = {"dark": (38, 36, 35), "grey": (150, 152, 150), "white": (250, 250, 250)}


def _image(scan):
    return PageImage(scan.pixels, scan.dpi, scan.dpi)


@pytest.mark.parametrize("bed", list(BEDS))
@pytest.mark.parametrize("kind", ["A5", "ID-1"])
def test_a_paper_is_cut_out_within_a_millimetre_on_every_bed(bed, kind):
    rng = np.random.default_rng(71)
    angle = round(float(rng.uniform(-9, 9)), 2)
    paper = drawn.letter(rng, drawn.A5, lines=14) if kind == "A5" else drawn.card(rng)
    scan = drawn.lay(paper, rng, glass_mm=GLASS, at_mm=(100, 125), skew_deg=angle, bed=BEDS[bed])
    found = clean(_image(scan))
    assert found.geometry.crop is not None
    assert found.facts.paper == kind
    assert found.facts.crop_conf > 0.5
    assert drawn.side_error_mm(scan, found.geometry) <= 1.0
    assert drawn.crop_error_mm(scan, found.geometry) <= 1.0
    assert abs(found.facts.skew_deg - angle) <= 0.15


def test_a_page_that_sticks_out_at_the_corners_keeps_its_size():
    rng = np.random.default_rng(72)
    scan = drawn.lay(
        drawn.letter(rng), rng, glass_mm=GLASS, at_mm=(108, 148.5), skew_deg=3.1, bed=BEDS["dark"]
    )
    found = clean(_image(scan))
    assert found.facts.paper == "A4"
    assert drawn.side_error_mm(scan, found.geometry) <= 1.0


def test_a_page_in_a_long_feed_ends_where_its_paper_ends():
    rng = np.random.default_rng(73)
    scan = drawn.lay(
        drawn.letter(rng), rng, glass_mm=LONG, at_mm=(108, 150), skew_deg=0.6, bed=BEDS["dark"]
    )
    found = clean(_image(scan))
    assert drawn.side_error_mm(scan, found.geometry) <= 1.0


def test_paper_that_fills_the_scan_is_not_cropped(sample):
    rng = np.random.default_rng(74)
    scan = drawn.lay(drawn.letter(rng), rng, skew_deg=2.0, bed=BEDS["grey"])
    found = clean(_image(scan))
    assert found.geometry.crop is None
    assert found.facts.crop_conf == 0
    assert found.facts.paper == "A4"


def test_two_papers_on_one_glass_are_both_kept_and_that_is_said():
    rng = np.random.default_rng(75)
    scan = drawn.lay(drawn.card(rng), rng, glass_mm=GLASS, at_mm=(60, 60), bed=BEDS["dark"])
    other = drawn.lay(drawn.card(rng), rng, glass_mm=GLASS, at_mm=(140, 220), bed=BEDS["dark"])
    both = np.maximum(scan.pixels, other.pixels)
    found = clean(PageImage(both, 300, 300))
    assert found.geometry.crop is None
    assert "crop.unclear" in found.facts.reasons


def test_a_round_thing_is_no_paper():
    pixels = np.full((1754, 1276, 3), 40, np.uint8)
    cv2.circle(pixels, (600, 800), 350, (235, 236, 240), -1)
    found = clean(PageImage(pixels, 150, 150))
    assert found.geometry.crop is None
    assert "crop.unclear" in found.facts.reasons


def test_the_clerks_crop_overrides_what_is_found():
    rng = np.random.default_rng(76)
    scan = drawn.lay(drawn.card(rng), rng, glass_mm=GLASS, at_mm=(90, 90), bed=BEDS["dark"])
    assert clean(_image(scan)).geometry.crop is not None
    whole = clean(_image(scan), crop=(0, 0, 1, 1), skew_deg=0.0, rotation_deg=0)
    assert whole.geometry.identity
    hand = clean(_image(scan), crop=(0.25, 0.25, 0.75, 0.5), skew_deg=0.0)
    assert hand.geometry.crop == pytest.approx((0.25, 0.25, 0.75, 0.5), abs=1e-3)


def test_a_grey_picture_is_cropped_too():
    rng = np.random.default_rng(77)
    scan = drawn.lay(
        drawn.card(rng), rng, glass_mm=GLASS, at_mm=(90, 90), skew_deg=4, bed=BEDS["dark"]
    )
    grey = cv2.cvtColor(scan.pixels, cv2.COLOR_BGR2GRAY)
    found = clean(PageImage(grey, 300, 300))
    assert drawn.side_error_mm(scan, found.geometry) <= 1.0
