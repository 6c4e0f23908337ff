"""Small print is read larger, a page without marks is not read at all, leaders do not join words."""

from __future__ import annotations

import pytest

from ocr.geometry import Geometry
from ocr.image import PageImage
from ocr.page import read_page
from ocr.print_size import SMALL_PRINT_DPI, USUAL_DPI, reading_dpi
from ocr.warp import unruled_copy
from tests.corpus.metrics import line_errors
from tests.corpus.pages import draw_page, print_sheet
from tests.corpus.scanbed import Look, scan, to_bgr
from tests.corpus.sheet import Sheet

LINE = "Hộ gia đình ông Lò Văn Páo có diện tích 392 m² đất ở, sử dụng ổn định từ năm 2002"


def _dpi(size_pt: float) -> float:
    sheet = print_sheet([LINE] * 48, size_pt=size_pt)
    page = PageImage(scan(to_bgr(sheet.image), Look(specks=0), 5), 300.0, 300.0)
    return reading_dpi(unruled_copy(page, Geometry.plan(page), USUAL_DPI).pixels, USUAL_DPI)


@pytest.mark.parametrize(
    ("size_pt", "dpi"), [(6.5, SMALL_PRINT_DPI), (9, USUAL_DPI), (11, USUAL_DPI)]
)
def test_only_small_print_is_read_at_300_dpi(size_pt, dpi):
    assert _dpi(size_pt) == dpi


def test_a_page_without_marks_is_not_shown_to_the_engine(api):
    class Watched:
        def __init__(self) -> None:
            self.shown = 0

        def identity(self) -> str:
            return api.identity()

        def read(self, image, layout="page"):
            self.shown += 1
            return api.read(image, layout)

    engine = Watched()
    blank = PageImage(draw_page([], noise=3.0), 300.0, 300.0)
    assert read_page(blank, Geometry.plan(blank), engine).words == ()
    assert engine.shown == 0
    one = PageImage(draw_page(["Trang 2/3"], noise=3.0), 300.0, 300.0)
    assert read_page(one, Geometry.plan(one), engine).text == "Trang 2/3"
    assert engine.shown > 0


@pytest.mark.parametrize("size_pt", [12, 14])
def test_leaders_of_full_stops_leave_the_words_between_them(api, size_pt):
    sheet = Sheet("Tinos", size_pt)
    for label, value in (
        ("Họ và tên:", "Quách Thị Ngọc Yến"),
        ("Ngày, tháng, năm sinh:", "06/05/1972"),
        ("Số định danh cá nhân:", "031172234377"),
        ("Nghề nghiệp:", "làm ruộng"),
    ):
        sheet.dotted(label, value, "period")
    page = PageImage(scan(to_bgr(sheet.image), Look(noise=3.5), 7), 300.0, 300.0)
    text = read_page(page, Geometry.plan(page), api).text
    errors, letters = line_errors([line.text for line in sheet.lines], text)
    assert errors / letters <= 0.02
    assert "031172234377" in text
    assert "06/05/1972" in text
