from __future__ import annotations

import cv2
import numpy as np
import pytest

from ocr.clean import clean
from ocr.clean.blank import judge_blank
from ocr.clean.ink import ink_map
from ocr.decode import decode
from ocr.image import PageImage
from tests.ocr import drawn


def _image(paper, seed=5):
    scan = drawn.lay(paper, np.random.default_rng(seed))
    return PageImage(scan.pixels, scan.dpi, scan.dpi)


def _note(ink):
    paper = drawn.Paper()
    return paper.text(50, 100, "đã nhận đủ hồ sơ, hẹn ngày 12", 18, style="Italic", ink=ink)


def _stamp(ink):
    paper = drawn.Paper()
    for r in (18, 16):
        box = [v * paper.k for v in (100 - r, 150 - r, 100 + r, 150 + r)]
        paper.pen.ellipse(box, outline=ink, width=5)
    return paper.text(100, 152, "UBND XÃ", 14, style="Bold", ink=ink, anchor="ms")


def _signature(ink):
    paper, t = drawn.Paper(), np.linspace(0, 6, 300)
    xs, ys = 60 + 9 * t + 3 * np.sin(t * 5), 200 + 6 * np.cos(t * 7)
    paper.pen.line(
        [(x * paper.k, y * paper.k) for x, y in zip(xs, ys, strict=True)], fill=ink, width=4
    )
    return paper


PALE = {
    "pencil": _note((225, 225, 225)),
    "hard pencil": _note((237, 237, 237)),
    "faint red stamp": _stamp((255, 225, 225)),
    "pale signature": _signature((225, 228, 245)),
    "grey signature": _signature((220, 220, 220)),
}


@pytest.mark.parametrize("name", list(PALE))
def test_a_pale_mark_made_by_hand_is_never_called_blank(name):
    assert not judge_blank(ink_map(_image(PALE[name]))).blank


def test_a_pale_mark_out_of_focus_is_not_called_blank():
    image = _image(_stamp((250, 200, 200)))
    soft = PageImage(np.asarray(cv2.GaussianBlur(image.pixels, (0, 0), 2)), 300, 300)
    assert not judge_blank(ink_map(soft)).blank


def test_what_shines_through_is_blank_without_the_other_side(sample):
    folder, _ = sample
    image, _ = decode((folder / "03-giay-khai-sinh-2.jpg").read_bytes())
    assert clean(image).facts.blank


def test_the_other_side_explains_what_shines_through():
    rng = np.random.default_rng(11)
    front = drawn.lay(drawn.letter(rng), rng).pixels
    behind = cv2.GaussianBlur(cv2.flip(front, 1), (0, 0), 4).astype(np.float32)
    back = np.clip(244 - 0.25 * (244 - behind) + rng.normal(0, 2, behind.shape), 0, 255).astype(
        np.uint8
    )
    image, partner = PageImage(back, 300, 300), PageImage(front, 300, 300)
    told = judge_blank(ink_map(image), ink_map(partner))
    assert told.blank
    assert told.ghost_peak > 0.25
    cv2.putText(back, "Da nhan du ho so", (500, 3000), cv2.FONT_HERSHEY_SIMPLEX, 3, (90, 80, 80), 7)
    assert not judge_blank(ink_map(PageImage(back, 300, 300)), ink_map(partner)).blank


def test_dust_and_punched_holes_are_no_writing():
    rng = np.random.default_rng(6)
    paper = drawn.Paper()
    for x, y in rng.uniform(15, 190, (40, 2)):
        paper.pen.ellipse([v * paper.k for v in (x, y, x + 0.4, y + 0.4)], fill=(120, 120, 120))
    for y in (108, 188):
        paper.pen.ellipse([v * paper.k for v in (9, y, 15, y + 6)], fill=(30, 30, 30))
    assert judge_blank(ink_map(_image(paper))).blank


def test_a_black_page_is_not_surely_blank():
    facts = clean(PageImage(np.full((1754, 1240), 8, np.uint8), 150, 150)).facts
    assert facts.blank_conf <= 0.5
    assert "page.maybe_blank" in facts.reasons


def test_a_card_on_a_dark_bed_is_not_blank():
    rng = np.random.default_rng(12)
    scan = drawn.lay(drawn.card(rng), rng, glass_mm=(216, 297), at_mm=(90, 90), bed=(38, 36, 35))
    assert not clean(PageImage(scan.pixels, 300, 300)).facts.blank
