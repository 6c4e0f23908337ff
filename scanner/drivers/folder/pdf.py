"""The pages of a PDF file as sides: the scanner's own JPEG where a page is one, else drawn anew.

Pages are drawn band by band: memory does not grow with the page.
Source: ISO 32000-1 sections 7.4.8 (DCTDecode), 7.6 (encryption), 8.9 (images), 9.3.6 (text mode).
"""

from __future__ import annotations

import io
import math
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final, cast

import pypdfium2
from PIL import Image
from pypdfium2 import internal, raw

from scanner.drivers.folder.formats import Foreign, Unfinished, check_jpeg, check_pixels
from scanner.drivers.folder.leaf import LEAST_DPI, Leaf, bounded

if TYPE_CHECKING:
    from collections.abc import Iterator

POINTS_PER_INCH: Final = 72.0
# Every band costs the decoding of the whole picture: A4 at 300 dpi is one, at 600 dpi four.
BAND_BYTES: Final = 28_000_000
SLICE_ROWS: Final = 128
NEAR: Final = 0.02
# Below this part of the page a picture is an ornament; its resolution says nothing of the scan.
MOST_OF_PAGE: Final = 0.5
_PLAIN: Final = frozenset(
    {
        raw.FPDF_COLORSPACE_DEVICEGRAY,
        raw.FPDF_COLORSPACE_DEVICERGB,
        raw.FPDF_COLORSPACE_CALGRAY,
        raw.FPDF_COLORSPACE_CALRGB,
        raw.FPDF_COLORSPACE_ICCBASED,
    }
)
_PLAIN_BITS: Final = frozenset({8, 24})
_WHITE: Final = (255, 255, 255, 255)
_HALF: Final = 128


def pdf_leaves(file: BinaryIO, asked_dpi: int) -> Iterator[Leaf]:
    """The pages of the file in order.

    Raises:
        Unfinished: The file cannot be opened, or a picture in it is cut.
        Foreign: It asks for a password, has no page, or a page is beyond all limits.
    """
    index, count = 0, 1
    while index < count:
        # A document keeps what was read of it: opened anew it needs no more than one page.
        with _opened(file) as document:
            count = len(document)
            page = document[index]
            try:
                yield _leaf(page, asked_dpi)
            finally:
                page.close()
        index += 1


@contextmanager
def _opened(file: BinaryIO) -> Iterator[pypdfium2.PdfDocument]:
    access, held = internal.get_bufreader(file)
    handle = raw.FPDF_LoadCustomDocument(access, None)
    if not handle:
        # Only now PDFium's last error is that of this file: opening without trouble leaves it.
        raise Foreign if raw.FPDF_GetLastError() == raw.FPDF_ERR_PASSWORD else Unfinished
    try:
        with pypdfium2.PdfDocument(handle) as document:
            if not len(document):
                raise Foreign
            yield document
    except pypdfium2.PdfiumError as error:
        raise Unfinished from error
    finally:
        del access, held  # PDFium reads through them up to here


@dataclass(frozen=True, slots=True)
class _Picture:
    """A picture on a page: its object, size in pixels, and size and resolution on the paper."""

    found: pypdfium2.PdfImage
    width_px: int
    height_px: int
    matrix: tuple[float, float, float, float, float, float]

    @property
    def area_pt2(self) -> float:
        a, b, c, d, _, _ = self.matrix
        return abs(a * d - b * c)

    @property
    def dpi(self) -> float:
        """Dots per inch on the paper, whichever way the picture is turned."""
        pixels = self.width_px * self.height_px
        return POINTS_PER_INCH * math.sqrt(pixels / self.area_pt2) if self.area_pt2 else 0.0


def _leaf(page: pypdfium2.PdfPage, asked_dpi: int) -> Leaf:
    width_pt, height_pt = page.get_size()
    pictures, alone = _pictures(page)
    for picture in pictures:
        bounded(picture.width_px, picture.height_px)
        _prove_jpeg(picture)
    _refuse_coarse(pictures, width_pt * height_pt)
    only = pictures[0] if alone and len(pictures) == 1 else None
    if only is not None and _covers(only, page):
        jpeg = _own_jpeg(only)
        if jpeg is not None:
            dpi = round(only.dpi)
            return Leaf("image/jpeg", only.width_px, only.height_px, dpi, (), lambda: iter((jpeg,)))
        if only.found.get_metadata().bits_per_pixel == 1:
            return _two_tone(page, only)
    size = (
        round(width_pt / POINTS_PER_INCH * asked_dpi),
        round(height_pt / POINTS_PER_INCH * asked_dpi),
    )
    bounded(*size)
    return Leaf("image/jpeg", *size, asked_dpi, (), lambda: _drawn(page, size, asked_dpi))


def _pictures(page: pypdfium2.PdfPage) -> tuple[list[_Picture], bool]:
    """The pictures of a page, and whether they are all that can be seen on it."""
    pictures: list[_Picture] = []
    alone = True
    for found in page.get_objects():
        if isinstance(found, pypdfium2.PdfImage):
            width, height = found.get_px_size()
            pictures.append(_Picture(found, width, height, found.get_matrix().get()))
            alone = alone and found.level == 0
        elif found.type == raw.FPDF_PAGEOBJ_TEXT:
            # Recognised text lies invisibly under the picture of many scanners.
            mode = raw.FPDFTextObj_GetTextRenderMode(found)
            alone = alone and mode == raw.FPDF_TEXTRENDERMODE_INVISIBLE
        else:
            alone = False
    return pictures, alone and not raw.FPDFPage_GetAnnotCount(page)


def _refuse_coarse(pictures: list[_Picture], page_pt2: float) -> None:
    """A page that is a scan must have been scanned finely enough; drawing it anew hides that."""
    covered = max((picture.area_pt2 for picture in pictures), default=0.0)
    finest = max((picture.dpi for picture in pictures), default=0.0)
    if covered >= MOST_OF_PAGE * page_pt2 and round(finest) < LEAST_DPI:
        raise Foreign


def _covers(picture: _Picture, page: pypdfium2.PdfPage) -> bool:
    """Whether the picture fills the page, upright or turned with it, and nothing shows through."""
    left, bottom, right, top = page.get_cropbox()
    seen = picture.found.get_bounds()
    room = NEAR * max(right - left, top - bottom)
    inside = zip(seen, (left, bottom, right, top), strict=True)
    near = all(abs(is_at - should_be) <= room for is_at, should_be in inside)
    return near and not raw.FPDFPageObj_HasTransparency(picture.found)


def _prove_jpeg(picture: _Picture) -> None:
    """A JPEG on the page is whole; PDFium would draw half of one without a word.

    Raises:
        Unfinished: Pixels of it are missing.
    """
    if picture.found.get_filters()[-1:] != ["DCTDecode"]:
        return
    data = bytearray(picture.found.get_data(decode_simple=True))
    try:
        check_jpeg(io.BytesIO(data))
    except Foreign as error:
        raise Unfinished from error
    check_pixels(data)


def _own_jpeg(picture: _Picture) -> bytes | None:
    """The JPEG the scanner put there, when showing it as it is shows the page."""
    found = picture.found
    if found.get_filters() != ["DCTDecode"]:
        return None
    a, b, c, d, _, _ = picture.matrix
    upright = a > 0 and d > 0 and abs(b) + abs(c) < NEAR * min(a, d)
    if not upright or raw.FPDFPage_GetRotation(found.page):
        return None
    square = abs(picture.width_px / a - picture.height_px / d) <= NEAR * picture.width_px / a
    facts = found.get_metadata()
    plain = facts.colorspace in _PLAIN and facts.bits_per_pixel in _PLAIN_BITS
    return bytes(found.get_data()) if square and plain else None


def _two_tone(page: pypdfium2.PdfPage, picture: _Picture) -> Leaf:
    """A page of black and white dots keeps its own dots."""
    a, b, _, _, _, _ = picture.matrix
    size = (picture.width_px, picture.height_px)
    quarter = (raw.FPDFPage_GetRotation(page) + (abs(b) > abs(a))) % 2
    size = size[::-1] if quarter else size
    dpi = round(picture.dpi)

    def chunks() -> Iterator[bytes]:
        from scanner.drivers.folder.png import PngBands  # noqa: PLC0415 - brings NumPy

        out = PngBands(width_px=size[0], height_px=size[1], samples=1, bits=1, dpi=dpi)
        for rows, data in _bands(page, size, gray=True):
            band = Image.frombytes("L", (size[0], rows), data)
            yield out.feed(band.point(lambda level: 255 * (level >= _HALF), "1").tobytes())
        yield out.finish()

    return Leaf("image/png", *size, dpi, (), chunks)


def _drawn(page: pypdfium2.PdfPage, size: tuple[int, int], dpi: int) -> Iterator[bytes]:
    from scanner.images.jpeg_strips import StripEncoder  # noqa: PLC0415 - brings NumPy

    encoder = StripEncoder(width_px=size[0], samples=3, height_px=size[1], dpi=dpi)
    for _, data in _bands(page, size, gray=False):
        yield from encoder.feed(data)
    yield from encoder.finish()


def _bands(
    page: pypdfium2.PdfPage, size: tuple[int, int], *, gray: bool
) -> Iterator[tuple[int, memoryview]]:
    """Rows and their bytes (8-bit gray or RGB), from the top of the page drawn at this size."""
    width, height = size
    kind = raw.FPDFBitmap_Gray if gray else raw.FPDFBitmap_BGR
    flags = raw.FPDF_ANNOT | (raw.FPDF_GRAYSCALE if gray else raw.FPDF_REVERSE_BYTE_ORDER)
    row_bytes = width * (1 if gray else 3)
    band_rows = max(SLICE_ROWS, BAND_BYTES // row_bytes)
    for top in range(0, height, band_rows):
        rows = min(band_rows, height - top)
        bitmap = pypdfium2.PdfBitmap.new_native(width, rows, kind, rev_byteorder=not gray)
        try:
            bitmap.fill_rect(_WHITE, 0, 0, width, rows)
            raw.FPDF_RenderPageBitmap(bitmap, page, 0, -top, width, height, 0, flags)
            drawn = memoryview(cast("bytearray", bitmap.buffer)).cast("B")
            for at in range(0, rows, SLICE_ROWS):
                some = min(SLICE_ROWS, rows - at)
                yield some, drawn[at * row_bytes : (at + some) * row_bytes]
        finally:
            bitmap.close()
