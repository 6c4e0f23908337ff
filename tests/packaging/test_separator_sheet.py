"""Printed separator sheets are PDF/A, searchable, and are read back however they are fed."""

from __future__ import annotations

import pypdfium2
import pytest

from app import paths
from app.domain.separators import Separator, encode
from app.packaging.model import Metadata
from app.packaging.separator_sheet import SheetFonts, SheetText, separator_sheets
from app.packaging.validate import validate
from tests.packaging import poppler

FONTS = SheetFonts(
    paths.resources() / "fonts" / "NotoSans-Regular.ttf",
    paths.resources() / "fonts" / "NotoSans-Bold.ttf",
)
NAMED = SheetText(
    encode(Separator("1.000894", "to-khai", "H12-261124-0007")),
    "TỜ PHÂN CÁCH",
    ("Giấy xác nhận tình trạng hôn nhân của người đi đăng ký kết hôn", "Hồ sơ H12-261124-0007"),
    ("Đặt tờ này ngay trước giấy tờ.",),
)
PLAIN = SheetText(None, "TỜ PHÂN CÁCH")
META = Metadata("Tờ phân cách")


def sheets(*wanted: SheetText) -> bytes:
    return separator_sheets(wanted, FONTS, META)


def test_veraPDF_accepts_the_sheets(verapdf):  # noqa: N802 - the referee's name
    data = sheets(NAMED, PLAIN, NAMED)
    assert validate(data).passed
    assert verapdf({"sheets": data}) == {"sheets": ()}


def test_the_words_can_be_searched_where_they_stand():
    data = sheets(NAMED)
    text = poppler.raw_text(data)
    assert text.startswith("TỜ PHÂN CÁCH\nGiấy xác nhận")
    assert "hôn nhân" in text
    assert poppler.page_sizes(data) == [
        (pytest.approx(595.2, abs=0.3), pytest.approx(841.9, abs=0.3))
    ]
    picture = poppler.render(data, 1, 72).convert("L")
    for word in poppler.words(data)[0]:
        box = picture.crop((int(word.x0), int(word.y0), int(word.x1) + 1, int(word.y1) + 1))
        assert box.getextrema()[0] < 128, f"no ink under {word.text}"


def test_equal_sheets_give_equal_bytes_and_copies_cost_pages_only():
    assert sheets(NAMED, PLAIN) == sheets(NAMED, PLAIN)
    assert len(pypdfium2.PdfDocument(sheets(*[NAMED] * 5))) == 5


def test_no_line_runs_into_the_margin_or_the_codes():
    long = SheetText(NAMED.payload, "TỜ PHÂN CÁCH", ("giấy tờ " * 16,), ("lời dặn " * 40,))
    for word in poppler.words(sheets(long))[0]:
        assert word.x0 > 40
        assert word.x1 < 555
        assert 260 < word.y0 < 620
