"""Small print is read larger, a page without marks is not read at all, leaders do not join words."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
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

ROOT = Path(__file__).resolve().parents[2]
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


THREADS = """
import os, sys
import numpy as np
from pathlib import Path
import cv2
cv2.setNumThreads(1)
from ocr.engine import open_engine
from ocr.image import PageImage
import ocr.tesseract_api
engine = open_engine("api")
grey = cv2.imread(sys.argv[1], cv2.IMREAD_GRAYSCALE)
engine.read(PageImage(grey, 200.0, 200.0))
names = [p.read_text() for p in Path("/proc/self/task").glob("*/comm")]
print(len(names))
"""


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="threads are counted in /proc")
def test_recognition_starts_no_second_thread(tmp_path):
    picture = tmp_path / "page.png"
    cv2.imwrite(str(picture), np.ascontiguousarray(draw_page([LINE] * 6)[:900]))
    done = subprocess.run(
        [sys.executable, "-c", THREADS, str(picture)],
        capture_output=True,
        check=True,
        cwd=ROOT,
        timeout=120,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "OPENBLAS_NUM_THREADS": "1"},
    )
    assert done.stdout.strip() == b"1"
