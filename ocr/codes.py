"""Bar codes and matrix codes of a displayed page: what they say and where they stand.

Every kind is looked for on a copy at 150 dpi, small codes again at up to 300 dpi, and patches
as busy as a matrix code that nothing was read from once more, enlarged: the QR of an identity
card has modules of a quarter of a millimetre, a pixel and a half at 150 dpi.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
import zxingcpp
from zxingcpp import BarcodeFormat, BarcodeFormats, ContentType, TextMode

from ocr.findings import CodeHit, Quad
from ocr.vietnamese import normalise

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ocr.image import PageImage, Pixels

cv2.setNumThreads(1)

MAX_CODES: Final = 32
MAX_TEXT_BYTES: Final = 4096
_COARSE_DPI: Final = 150.0
_FINE_DPI: Final = 300.0
_PATCH_DPI: Final = 600.0
_PATCH_MM: Final = 24.0
_CODE_MM: Final = 9.0
_MAX_PATCHES: Final = 3
_MAX_PATCHES_CARDS: Final = 8
_EDGE_SHARE: Final = 0.2
_MIN_EDGE: Final = 12
_STEP_PX: Final = 2
_BUSY: Final = 0.38
_BUSY_CARDS: Final = 0.3
_BAND_MM: Final = 10.0
_MM_PER_INCH: Final = 25.4
_MIN_ITF_DIGITS: Final = 6
_SMOOTH_PX: Final = 1.2
_SHARPEN: Final = ((4.0, 2.0), (6.0, 6.0))
"""Sigma in px and gain of the tries at a patch: the second for what is badly out of focus."""

_LINEAR = (
    BarcodeFormat.Code39,
    BarcodeFormat.Code93,
    BarcodeFormat.Code128,
    BarcodeFormat.EAN13,
    BarcodeFormat.EAN8,
    BarcodeFormat.ITF,
)
_MATRIX = (
    BarcodeFormat.QRCode,
    BarcodeFormat.DataMatrix,
    BarcodeFormat.PDF417,
    BarcodeFormat.Aztec,
)
_ALL = BarcodeFormats([*_LINEAR, *_MATRIX])
_SMALL = BarcodeFormats([*_LINEAR, BarcodeFormat.QRCode])
_QR = BarcodeFormats([BarcodeFormat.QRCode])


def find_codes(page: PageImage, *, cards: bool | None = None) -> tuple[CodeHit, ...]:
    """Return the codes on a displayed page, from the upper left to the lower right.

    Args:
        page: the displayed page; any way up will do.
        cards: whether identity cards are expected: True looks harder for small QR codes, False
            only at large ones, None judges by the page.

    Returns:
        At most 32 hits; one for each code, quads in px of ``page``. What holds no readable text
        or more than 4 kB of it is left out.
    """
    grey = page.pixels if page.grey else cv2.cvtColor(page.pixels, cv2.COLOR_BGR2GRAY)
    view = _View(np.asarray(grey, dtype=np.uint8), page.dpi_x, page.dpi_y)
    hits: list[CodeHit] = []
    coarse = view.at(_COARSE_DPI)
    _add(hits, coarse.read(_ALL, downscale=True))
    if cards is not False:
        fine = view.at(_FINE_DPI)
        if fine.pixels.size > coarse.pixels.size:
            _add(hits, fine.read(_SMALL, downscale=False))
        for patch in _busy_patches(coarse, hits, cards=bool(cards)):
            for sharpen in _SHARPEN:
                found = list(view.patch(patch, *sharpen).read(_QR, downscale=True))
                _add(hits, found)
                if found:
                    break
    return tuple(_in_order(hits, _BAND_MM * page.dpi_y / _MM_PER_INCH)[:MAX_CODES])


class _View:
    """A grey picture and how its px lie on the page: ``page = px / scale + offset``."""

    def __init__(
        self,
        pixels: Pixels,
        dpi_x: float,
        dpi_y: float,
        scale: tuple[float, float] = (1.0, 1.0),
        offset: tuple[float, float] = (0.0, 0.0),
    ) -> None:
        self.pixels = pixels
        self.dpi = dpi_x, dpi_y
        self.scale = scale
        self.offset = offset

    def at(self, dpi: float) -> _View:
        """Return the view reduced to ``dpi``; one that is no finer stays as it is."""
        height, width = self.pixels.shape
        x, y = (min(1.0, dpi / own) for own in self.dpi)
        size = max(1, round(width * x)), max(1, round(height * y))
        if size == (width, height):
            return self
        small = cv2.resize(self.pixels, size, interpolation=cv2.INTER_AREA)
        scale = size[0] / width, size[1] / height
        pixels = np.asarray(small, dtype=np.uint8)
        return _View(pixels, self.dpi[0] * scale[0], self.dpi[1] * scale[1], scale)

    def patch(self, centre: tuple[float, float], sigma_px: float, gain: float) -> _View:
        """Return a square round a place on the page, enlarged and sharpened."""
        height, width = self.pixels.shape
        half_x, half_y = (_PATCH_MM / 2 * dpi / _MM_PER_INCH for dpi in self.dpi)
        x0, x1 = max(0, round(centre[0] - half_x)), min(width, round(centre[0] + half_x))
        y0, y1 = max(0, round(centre[1] - half_y)), min(height, round(centre[1] + half_y))
        scale = max(1.0, _PATCH_DPI / self.dpi[0]), max(1.0, _PATCH_DPI / self.dpi[1])
        large = cv2.resize(
            self.pixels[y0:y1, x0:x1],
            None,
            fx=scale[0],
            fy=scale[1],
            interpolation=cv2.INTER_CUBIC,
        )
        large = cv2.normalize(large, np.empty(0), 0, 255, cv2.NORM_MINMAX)
        large = cv2.GaussianBlur(large, (0, 0), _SMOOTH_PX)
        soft = cv2.GaussianBlur(large, (0, 0), sigma_px)
        sharp = cv2.addWeighted(large, 1 + gain, soft, -gain, 0)
        pixels = np.asarray(sharp, dtype=np.uint8)
        return _View(pixels, _PATCH_DPI, _PATCH_DPI, scale, (float(x0), float(y0)))

    def read(self, formats: BarcodeFormats, *, downscale: bool) -> Iterator[CodeHit]:
        """Yield what zxing reads, places in px of the page."""
        found = zxingcpp.read_barcodes(
            np.ascontiguousarray(self.pixels),
            formats=formats,
            try_downscale=downscale,
            try_invert=False,
            text_mode=TextMode.HRI,
        )
        for code in found:
            text = _text(code)
            if text:
                yield CodeHit(_name(code.format), text, self._quad(code.position))

    def _quad(self, at: zxingcpp.Position) -> Quad:
        a, b, c, d = (
            (
                round(point.x / self.scale[0] + self.offset[0], 1),
                round(point.y / self.scale[1] + self.offset[1], 1),
            )
            for point in (at.top_left, at.top_right, at.bottom_right, at.bottom_left)
        )
        return a, b, c, d


def _name(kind: BarcodeFormat) -> str:
    return kind.name.lower()


def _text(code: zxingcpp.Barcode) -> str:
    """Return what a code says, composed; empty for binary data and for what is too long."""
    if not code.valid or len(code.bytes) > MAX_TEXT_BYTES:
        return ""
    if code.content_type == ContentType.GS1:
        raw: str | None = code.text
    else:
        raw = _decoded(code)
    text = normalise(raw or "").strip()
    if len(text.encode("utf-8", "replace")) > MAX_TEXT_BYTES:
        return ""
    if code.format == BarcodeFormat.ITF and len(text) < _MIN_ITF_DIGITS:
        return ""  # two thin bars between two thick ones are everywhere in a ruled table
    return "" if any(_unprintable(char) for char in text) else text


def _decoded(code: zxingcpp.Barcode) -> str | None:
    """Return the text in bytes that may name the wrong character set or none."""
    data = code.bytes
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        try:
            return data.decode("utf-16")
        except UnicodeDecodeError:
            return None
    if code.content_type != ContentType.Binary:
        return code.text
    try:
        text = unicodedata.normalize("NFC", data.decode("cp1258"))
    except UnicodeDecodeError:
        return None
    odd = [char for char in text if not char.isascii()]
    letters = all(char.isalpha() for char in odd)
    return text if letters and 2 * len(odd) <= len(text) else None


def _unprintable(char: str) -> bool:
    return unicodedata.category(char) in {"Cc", "Cs", "Co", "Cn"} and char not in "\t\n\r"


def _add(hits: list[CodeHit], found: Iterable[CodeHit]) -> None:
    """Add what is not there yet; the same code is found at several resolutions."""
    for hit in found:
        if not any(_same(hit, other) for other in hits):
            hits.append(hit)


def _same(one: CodeHit, other: CodeHit) -> bool:
    if (one.format, one.text) != (other.format, other.text):
        return False
    (x, y), (ox, oy) = _centre(one.quad), _centre(other.quad)
    reach = max(_extent(one.quad), _extent(other.quad)) / 2
    return abs(x - ox) <= reach and abs(y - oy) <= reach


def _centre(quad: Quad) -> tuple[float, float]:
    return sum(x for x, _ in quad) / 4, sum(y for _, y in quad) / 4


def _extent(quad: Quad) -> float:
    xs, ys = [x for x, _ in quad], [y for _, y in quad]
    return max(max(xs) - min(xs), max(ys) - min(ys))


def _in_order(hits: list[CodeHit], band_px: float) -> list[CodeHit]:
    """Return hits row by row; what stands at nearly one height is one row, left to right."""
    rows: list[list[CodeHit]] = []
    for hit in sorted(hits, key=lambda hit: _centre(hit.quad)[1]):
        if rows and _centre(hit.quad)[1] - _centre(rows[-1][0].quad)[1] <= band_px:
            rows[-1].append(hit)
        else:
            rows.append([hit])
    return [hit for row in rows for hit in sorted(row, key=lambda hit: _centre(hit.quad)[0])]


def _busy_patches(
    view: _View, hits: list[CodeHit], *, cards: bool
) -> Iterator[tuple[float, float]]:
    """Yield places, in px of the page, where edges crowd in both directions as in a matrix code.

    Text has white between its lines, a photograph has soft edges, a ruling runs one way.
    """
    grey = view.pixels
    side = max(3, round(_CODE_MM * view.dpi[0] / _MM_PER_INCH))
    if min(grey.shape) < side:
        return
    ink, paper = np.percentile(grey[::7, ::7], (1, 90))
    edge = max(_MIN_EDGE, _EDGE_SHARE * (paper - ink))
    back, on = slice(None, -_STEP_PX), slice(_STEP_PX, None)
    across = cv2.absdiff(grey[back, on], grey[back, back]) > edge
    down = cv2.absdiff(grey[on, back], grey[back, back]) > edge
    dense = np.minimum(*(_share(edges, side) for edges in (across, down)))
    for hit in hits:
        (x, y), reach = _centre(hit.quad), _extent(hit.quad) / 2
        _clear(dense, (x * view.scale[0], y * view.scale[1]), reach * view.scale[0] + side)
    for _ in range(_MAX_PATCHES_CARDS if cards else _MAX_PATCHES):
        _, most, _, (px, py) = cv2.minMaxLoc(dense)
        if most < (_BUSY_CARDS if cards else _BUSY):
            return
        yield px / view.scale[0], py / view.scale[1]
        _clear(dense, (px, py), 1.5 * side)


def _share(edges: np.ndarray, side: int) -> np.ndarray:
    return np.asarray(cv2.boxFilter(edges.astype(np.float32), -1, (side, side)))


def _clear(dense: np.ndarray, centre: tuple[float, float], reach: float) -> None:
    x, y = centre
    y0, x0 = max(0, round(y - reach)), max(0, round(x - reach))
    dense[y0 : round(y + reach) + 1, x0 : round(x + reach) + 1] = 0
