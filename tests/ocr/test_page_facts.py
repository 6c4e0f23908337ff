from __future__ import annotations

import json

import cv2
import numpy as np

from ocr.clean import CleanPage, clean
from ocr.decode import decode
from ocr.image import PageImage
from tests.ocr import drawn


def _scan(paper, seed=3, **how):
    return drawn.lay(paper, np.random.default_rng(seed), **how).pixels


def _reasons(pixels, dpi=300):
    return clean(PageImage(np.ascontiguousarray(pixels), dpi, dpi)).facts.reasons


def _letter(**more):
    return drawn.letter(np.random.default_rng(8), lines=14, **more)


def test_ordinary_pages_raise_no_alarm(sample):
    folder, truth = sample
    for page in truth.pages:
        image, _ = decode((folder / page.file).read_bytes())
        found = clean(image)
        allowed = {"page.shows_through"} if page.blank else set()
        assert set(found.facts.reasons) <= allowed, page.file
        assert found.geometry.crop is None
        assert found.facts.paper == "A4"


def test_a_blurred_page_is_named():
    assert "page.blurred" in _reasons(cv2.GaussianBlur(_scan(_letter()), (0, 0), 5))


def test_a_faint_page_is_named():
    page = _scan(_letter()).astype(np.float32)
    assert "page.faint" in _reasons((244 - (244 - page) * 0.14).clip(0, 255).astype(np.uint8))


def test_writing_cut_by_the_rim_is_named_with_its_side():
    facts = clean(PageImage(np.ascontiguousarray(_scan(_letter())[:, 420:]), 300, 300)).facts
    assert facts.cut_edges == ("left",)
    assert "page.cut_edge" in facts.reasons


def test_a_missing_corner_is_named():
    paper = drawn.letter(np.random.default_rng(9), drawn.A5, lines=12)
    pixels = drawn.lay(
        paper, np.random.default_rng(9), glass_mm=(216, 297), at_mm=(100, 130), bed=(38, 36, 35)
    )
    x, y = pixels.quad[1].astype(int)
    cut = np.array([(x - 230, y - 30), (x + 30, y - 30), (x + 30, y + 230)])
    cv2.fillPoly(pixels.pixels, [cut], (38, 36, 35))
    assert "page.folded" in _reasons(pixels.pixels)


def test_a_finger_at_the_rim_is_named():
    page = _scan(_letter())
    cv2.ellipse(page, (0, 2500), (230, 110), 0, 0, 360, (120, 150, 205), -1)
    assert "page.finger" in _reasons(page)


def test_a_coarse_scan_is_named():
    page = cv2.resize(_scan(_letter()), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    assert "page.low_resolution" in _reasons(page, 150)


def test_facts_written_before_there_were_so_many_still_load():
    page = clean(PageImage(np.full((1170, 830, 3), 240, np.uint8), 100, 100))
    old = json.loads(page.to_json())
    for name in (
        "ghost_peak",
        "paper",
        "width_mm",
        "height_mm",
        "crop_conf",
        "contrast",
        "cut_edges",
        "dpi",
    ):
        del old["facts"][name]
    del old["geometry"]["crop"]
    loaded = CleanPage.from_json(json.dumps(old).encode())
    assert loaded.facts.blank == page.facts.blank
    assert (loaded.facts.crop_conf, loaded.facts.paper, loaded.facts.cut_edges) == (0.0, None, ())
