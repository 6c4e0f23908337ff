"""A till receipt is read line after line, amounts whole, whatever it was scanned at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from ocr.decode import decode
from ocr.geometry import Geometry
from ocr.image import PageImage
from ocr.page import read_page
from ocr.print_size import is_slip
from tests.corpus.kinds import iter_pages
from tests.corpus.metrics import line_errors

if TYPE_CHECKING:
    from tests.corpus.truth import PageTruth


@pytest.fixture(scope="module")
def receipt() -> tuple[PageTruth, PageImage]:
    truth, data = next(iter_pages(5203, ["receipt"], undistorted=True))
    return truth, decode(data)[0]


@pytest.mark.parametrize("scan_dpi", [200.0, 300.0])
def test_amounts_of_a_receipt_are_read_whole(api, receipt, scan_dpi):
    truth, print_ = receipt
    share = scan_dpi / print_.dpi_x
    pixels = cv2.resize(print_.pixels, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    scan = PageImage(np.ascontiguousarray(pixels), scan_dpi, scan_dpi)
    geometry = Geometry.plan(scan)
    text = read_page(scan, geometry, api)
    errors, letters = line_errors(truth.texts, text.text)
    assert errors / letters <= 0.02
    amounts = [line for line in truth.texts if line.endswith(".000") and " " not in line]
    assert len(amounts) > 3
    wrong, digits = line_errors(amounts, text.text)
    assert wrong / digits <= 0.05
    scale = truth.dpi / geometry.dpi
    on_place = 0
    for line in truth.lines:
        x0, y0, x1, y1 = line.box
        on_place += line.text in amounts and any(
            word.text == line.text
            and x0 - 12 <= (word.box[0] + word.box[2]) / 2 * scale <= x1 + 12
            and y0 - 12 <= (word.box[1] + word.box[3]) / 2 * scale <= y1 + 12
            for word in text.words
        )
    assert on_place >= 0.8 * len(amounts)


@pytest.mark.parametrize(
    ("size_mm", "slip"),
    [((80, 200), True), ((58, 120), True), ((85.6, 54), False), ((148, 210), False)],
)
def test_only_narrow_and_tall_papers_are_slips(size_mm, slip):
    width, height = (round(length / 25.4 * 200) for length in size_mm)
    page = PageImage(np.full((height, width), 255, np.uint8), 200.0, 200.0)
    assert is_slip(Geometry.plan(page)) is slip
