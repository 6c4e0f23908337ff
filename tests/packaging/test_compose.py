"""One file for all pages: the same bytes every time, told the same twice, in bounded memory."""

from __future__ import annotations

import io
import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pikepdf
import pytest

from app.packaging.compose import compose
from app.packaging.errors import PackagingError
from app.packaging.model import Metadata, PageInput
from app.packaging.preview import page_count
from app.packaging.validate import gate
from tests.packaging import poppler
from tests.packaging.drawn import crooked, draw, jpeg, stored, straight

HANOI = timezone(timedelta(hours=7))
FULL = Metadata(
    title="Quyết định số 12/QĐ-UBND & <phụ lục>",
    author="Trần Thị Mẫu",
    organ="Ủy ban nhân dân phường Thử Nghiệm",
    doc_code="000.00.01.H01-261105-0001",
    subject="Về việc cấp giấy chứng nhận",
    created=datetime(2026, 11, 22, 9, 14, 5, 123456, tzinfo=HANOI),
)
ROOT = Path(__file__).resolve().parents[2]


def test_no_pages_are_refused():
    with pytest.raises(PackagingError) as caught:
        compose([], FULL)
    assert caught.value.slug == "pack.no_pages"


def test_a_time_without_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        Metadata("x", created=datetime(2026, 1, 1))  # noqa: DTZ001 - that is the point


def test_all_kinds_of_pages_together_pass_verapdf_with_and_without_dates(drawn, verapdf):
    small = draw(100, (148, 210))
    pages = [
        straight(drawn),
        crooked(drawn, 3.1),
        crooked(small, -7.2, 90),
        straight(small, stored(small.picture.convert("1"), "TIFF", compression="group4")),
        straight(small, jpeg(small.picture.convert("CMYK"))),
        straight(small, jpeg(small.picture.convert("L"))),
        straight(small, stored(small.picture.convert("RGBA"), "PNG")),
    ]
    pdfs = {
        "dated": compose(pages, FULL),
        "undated": compose(pages, Metadata("Giấy")),
        "nameless": compose(pages[:1], Metadata("")),
        "odd": compose(pages[:1], Metadata("\0\ufeff A\n\tB \ud800", author="\x07", subject="]]>")),
    }
    for pdf in pdfs.values():
        gate(pdf)
    assert verapdf(pdfs) == dict.fromkeys(pdfs, ())
    assert page_count(pdfs["dated"]) == len(pages)


def test_metadata_says_the_same_in_both_places(drawn):
    with pikepdf.open(io.BytesIO(compose([straight(drawn)], FULL))) as document:
        packet = document.Root.Metadata.read_raw_bytes().decode()
        info = document.docinfo
        with document.open_metadata() as xmp:
            assert xmp["dc:title"] == str(info.Title) == FULL.title
            assert xmp["dc:creator"] == [str(info.Author)] == [FULL.author]
            assert xmp["dc:description"] == str(info.Subject) == FULL.subject
            assert xmp["pdf:Producer"] == str(info.Producer) == "Counter Station"
            assert xmp["xmp:CreateDate"] == "2026-11-22T09:14:05+07:00"
            assert str(info.CreationDate) == "D:20261122091405+07'00'"
            assert xmp["dc:publisher"] == {FULL.organ}
            assert xmp["dc:identifier"] == FULL.doc_code
            assert (xmp["pdfaid:part"], xmp["pdfaid:conformance"]) == ("2", "U")
        assert packet.startswith('<?xpacket begin="\ufeff"')
        assert str(document.Root.Lang) == "vi-VN"
        assert document.Root.ViewerPreferences.DisplayDocTitle is True
        assert document.pdf_version == "1.7"


def test_without_a_time_no_date_stands_anywhere(drawn):
    pdf = compose([straight(drawn)], Metadata("Giấy"))
    assert b"Date" not in pdf


def test_equal_input_gives_equal_bytes_in_another_process_and_time_zone(drawn):
    pages = [straight(drawn), crooked(drawn, 1.7, 90)]
    first = compose(pages, FULL)
    assert compose(pages, FULL) == first
    code = (
        "import sys; from tests.packaging.test_compose import FULL;"
        "from tests.packaging.drawn import *; from app.packaging.compose import compose;"
        "d = draw(); sys.stdout.buffer.write(compose([straight(d), crooked(d, 1.7, 90)], FULL))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "77", "TZ": "America/Lima", "LC_ALL": "C"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == first


def test_another_title_time_or_word_gives_another_file_identifier(drawn):
    def identifier(page: PageInput, meta: Metadata) -> bytes:
        with pikepdf.open(io.BytesIO(compose([page], meta))) as document:
            return bytes(document.trailer.ID[0])

    later = Metadata("Giấy", created=datetime(2026, 1, 2, tzinfo=UTC))
    page = straight(drawn)
    shorter = PageInput(page.image, 150, 150, page.matrix, page.width_px, page.height_px)
    made = {
        identifier(page, Metadata("Giấy")),
        identifier(page, Metadata("Tờ")),
        identifier(page, later),
        identifier(shorter, Metadata("Giấy")),
    }
    assert len(made) == 4


class _Lazy(Sequence[PageInput]):
    """Two hundred pages of 400 kB that exist only while they are looked at."""

    def __init__(self) -> None:
        noise = np.random.default_rng(3).integers(0, 255, (480, 680), dtype=np.uint8)
        self._noise = noise
        self._words = draw(80).words
        self.bytes = 0

    def __len__(self) -> int:
        return 200

    def __getitem__(self, index):
        from PIL import Image

        if not 0 <= index < 200:
            raise IndexError(index)
        picture = Image.fromarray(np.roll(self._noise, index, axis=0))
        data = jpeg(picture) + bytes([index]) * 250_000
        self.bytes += len(data)
        return PageInput(data, 80, 80, (1, 0, 0, 0, 1, 0, 0, 0, 1), 680, 480, self._words)


def test_two_hundred_pages_take_memory_for_their_bytes_and_little_more():
    """In a process of its own: the peak counts input held by the writer and the result."""
    code = (
        "import resource\n"
        "from tests.packaging.test_compose import _Lazy, FULL\n"
        "from app.packaging.compose import compose\n"
        "pages = _Lazy(); compose([pages[0]], FULL)\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss; pages.bytes = 0\n"
        "size = len(compose(pages, FULL))\n"
        "after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "print(pages.bytes // 1024, size // 1024, after - before)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True, timeout=120
    )
    given, size, grown = map(int, done.stdout.split())
    print("KiB given, made, grown:", given, size, grown)
    assert abs(size - given) < 0.05 * given + 200 * 8
    assert grown < 2.6 * size + 40_000


def test_the_text_of_two_hundred_pages_is_complete(drawn):
    page = straight(draw(80), jpeg(draw(80).picture, dpi=(80, 80)))
    pdf = compose([page] * 200, FULL)
    pages = poppler.raw_text(pdf).split("\f")
    assert len([text for text in pages if text.strip("\n") == drawn.text]) == 200
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > 0
