"""Printed separator sheets come back from the scanner as what they were printed for."""

from __future__ import annotations

import numpy as np
import pypdfium2
import pytest
from zxingcpp import BarcodeFormat

from app import paths
from app.domain.separators import Separator, encode, from_codes
from app.packaging.model import Metadata
from app.packaging.separator_sheet import SheetFonts, SheetText, separator_sheets
from ocr.codes import find_codes
from ocr.image import PageImage, Pixels
from tests.ocr.codes_kit import modules, printed, scanned, turned

SHEET = Separator("1.000894", "to-khai", "H12-261124-0007")


@pytest.fixture(scope="module")
def pdf() -> bytes:
    fonts = paths.resources() / "fonts"
    return separator_sheets(
        [SheetText(encode(SHEET), "TỜ PHÂN CÁCH", ("Tờ khai",)), SheetText(None, "TỜ PHÂN CÁCH")],
        SheetFonts(fonts / "NotoSans-Regular.ttf", fonts / "NotoSans-Bold.ttf"),
        Metadata("Tờ phân cách"),
    )


def drawn(pdf: bytes, page: int, dpi: float) -> Pixels:
    document = pypdfium2.PdfDocument(pdf)
    picture = document[page].render(scale=dpi / 72).to_pil().convert("L")
    document.close()
    return np.asarray(picture, dtype=np.uint8)


def separator(page: PageImage) -> Separator | None:
    return from_codes((hit.format, hit.text) for hit in find_codes(page))


@pytest.mark.parametrize("dpi", [150, 200, 300])
def test_a_printed_sheet_is_known_whichever_way_it_is_fed(pdf: bytes, dpi: int):
    for quarters in range(4):
        page = turned(scanned(drawn(pdf, 0, dpi), dpi, quarters, noise=7, quality=70), quarters)
        hits = find_codes(page)
        assert separator(page) == SHEET
        kinds = [hit.format for hit in hits]
        assert (kinds.count("qrcode"), kinds.count("code39")) == (2, 2)


@pytest.mark.parametrize("dpi", [150, 300])
def test_a_patch_t_sheet_cuts_whichever_way_it_is_fed(pdf: bytes, dpi: int):
    for quarters in range(4):
        page = turned(scanned(drawn(pdf, 1, dpi), dpi, quarters, noise=7, quality=70), quarters)
        assert separator(page) == Separator()


def test_half_a_sheet_is_enough(pdf: bytes):
    page = scanned(drawn(pdf, 0, 200), 200, 1)
    page.pixels[page.height_px // 2 :] = 240
    assert separator(page) == SHEET


def test_a_sheet_turned_by_eight_degrees_is_known(pdf: bytes):
    page = scanned(drawn(pdf, 0, 200), 200, 1)
    import cv2

    turn = cv2.getRotationMatrix2D((page.width_px / 2, page.height_px / 2), 8, 0.95)
    seen = cv2.warpAffine(page.pixels, turn, page.pixels.shape[::-1], borderValue=200)
    assert separator(PageImage(seen, 200, 200)) == SHEET


@pytest.mark.parametrize(
    "text",
    [encode(SHEET)[:-1] + "0", "SEP1|1.000894|to-khai||00000000", "https://example.vn", "PATCHT"],
)
def test_a_wrong_checksum_or_any_other_code_parts_nothing(text: str):
    assert text != encode(SHEET)
    page = PageImage(printed(modules(BarcodeFormat.QRCode, text), 200, width_mm=50.0), 200, 200)
    assert [hit.text for hit in find_codes(page)] == [text]
    assert separator(page) is None
