"""A page that comes as a Windows bitmap becomes a JPEG, or a PNG of one bit, while it comes.

WIA 2.0 asks every driver for this format and for no other, and it keeps every pixel; the quality
of a driver's own JPEG is unknown. Its rows usually rise from the bottom of the page, which
`RisingEncoder` turns without holding the raw page.
Source: Microsoft Win32 reference, BITMAPFILEHEADER and BITMAPINFOHEADER (wingdi.h).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from scanner.errors import ScannerError
from scanner.images.jpeg_strips import MAX_SIDE_PX, StripEncoder
from scanner.images.lineart import LineartEncoder
from scanner.images.raw_rows import (
    RisingEncoder,
    RisingLineart,
    RowCutter,
    as_they_are,
    from_bgr,
    from_bgrx,
    from_levels,
    inverted,
)
from scanner.images.validate import ImageFacts, size_flags

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_FILE_HEADER: Final = 14
_HEADS: Final = 54
_MAX_HEADS: Final = 4096
_BI_RGB: Final = 0
_METRE_PER_INCH: Final = 0.0254
_DPI_SLACK: Final = 1
_RGB_BITS: Final = (24, 32)


class BmpSide:
    """Takes the bytes of one bitmap in order and gives those of an image of the same pixels.

    With `page_px` (width, height) a bitmap of another size is refused by its header: a driver that
    lies about it must not fill the memory.
    """

    def __init__(self, dpi: int, page_px: tuple[int, int] | None = None) -> None:
        self._dpi = dpi
        self._page_px = page_px
        self._head = bytearray()
        self._cutter: RowCutter | None = None
        self._encoder: StripEncoder | LineartEncoder | RisingLineart | None = None
        self._bytes_left = 0
        self._facts: ImageFacts | None = None

    def feed(self, data: bytes | memoryview) -> Iterator[bytes]:
        """Image bytes that are ready after these bytes of the bitmap.

        Raises:
            ScannerError: `scan.page_wrong` when this is no bitmap, holds more rows than it said or
                has no size; `scan.unsupported` for pixels of a kind no scanner needs.
        """
        pixels: bytes | bytearray | memoryview = data
        if self._encoder is None:
            self._head += data
            start = self._start()
            if start is None:
                return
            pixels = self._head[start:]
            self._head.clear()
        if self._encoder is None or self._cutter is None:
            return
        self._bytes_left -= len(pixels)
        if self._bytes_left < 0:
            raise ScannerError("scan.page_wrong")
        yield from self._encoder.feed(self._cutter.cut(pixels))

    def finish(self) -> Iterator[bytes]:
        """The last bytes of the image.

        Raises:
            ScannerError: `scan.page_empty` when nothing came, `scan.page_truncated` without the
                last row.
        """
        if self._encoder is None:
            raise ScannerError("scan.page_truncated" if self._head else "scan.page_empty")
        if self._bytes_left:
            raise ScannerError("scan.page_truncated")
        yield from self._encoder.finish()

    @property
    def facts(self) -> ImageFacts:
        """Size and resolution as the bitmap says them.

        Raises:
            ScannerError: `scan.page_truncated` before they are known.
        """
        if self._facts is None:
            raise ScannerError("scan.page_truncated")
        return self._facts

    def _start(self) -> int | None:
        """Where the pixels start, None before the headers are whole."""
        head = self._head
        if not b"BM".startswith(head[:2]):
            raise ScannerError("scan.page_wrong")
        if len(head) < _HEADS:
            return None
        at, info_size, width, height = struct.unpack_from("<IIii", head, 10)
        bits, compression = struct.unpack_from("<HI", head, 28)
        per_metre, _, used = struct.unpack_from("<iiI", head, 38)
        if not _FILE_HEADER + info_size <= at <= _MAX_HEADS:
            raise ScannerError("scan.page_wrong")
        if len(head) < at:
            return None
        if not 0 < width <= MAX_SIDE_PX or not 0 < abs(height) <= MAX_SIDE_PX:
            raise ScannerError("scan.page_wrong")
        if compression != _BI_RGB:
            raise ScannerError("scan.unsupported", feature="bitmap compression")
        palette = bytes(head[_FILE_HEADER + info_size : at])[: 4 * (used or 256)]
        useful, convert = _kind(bits, width, palette)
        stride = -(-width * bits // 32) * 4
        self._cutter = RowCutter(stride, useful, convert)
        self._bytes_left = stride * abs(height)
        size = {"width_px": width, "height_px": abs(height), "dpi": self._dpi}
        if bits == 1:
            self._encoder = RisingLineart(**size) if height > 0 else LineartEncoder(**size)
        else:
            kind = RisingEncoder if height > 0 else StripEncoder
            self._encoder = kind(samples=3 if bits in _RGB_BITS else 1, **size)
        said = round(per_metre * _METRE_PER_INCH)
        dpi = self._dpi if abs(said - self._dpi) <= _DPI_SLACK else said or None
        self._facts = ImageFacts(
            "image/png" if bits == 1 else "image/jpeg", width, abs(height), dpi
        )
        if self._page_px is not None:
            size_flags(self._facts, self._page_px, self._dpi)
        return int(at)


def _kind(
    bits: int, width: int, palette: bytes
) -> tuple[int, Callable[[bytearray], bytes | bytearray]]:
    """Useful bytes of a row, and what makes pixels of them."""
    if bits == 24:  # noqa: PLR2004 - bits per pixel
        return width * 3, from_bgr
    if bits == 32:  # noqa: PLR2004 - bits per pixel
        return width * 4, from_bgrx
    if bits not in {1, 8}:
        raise ScannerError("scan.unsupported", feature=f"bitmap of {bits} bit")
    levels = [_gray(palette[at : at + 4]) for at in range(0, len(palette) - 3, 4)]
    if bits == 1:
        zero, one = levels if len(levels) == 2 else (0, 255)  # noqa: PLR2004 - a bit's two values
        return -(-width // 8), inverted if zero < one else as_they_are
    table = bytes((*levels, *range(len(levels), 256))[:256])
    return width, as_they_are if table == bytes(range(256)) else from_levels(table)


def _gray(entry: bytes) -> int:
    if len(set(entry[:3])) != 1:
        raise ScannerError("scan.unsupported", feature="bitmap of indexed colour")
    return entry[0]
