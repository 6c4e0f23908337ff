"""A black-and-white page becomes a PNG of one bit a pixel while its rows still come.

Rows are deflated as they arrive, so memory does not grow with the page; what is kept back when the
height is unknown is the compressed page, a fraction of a megabyte.
Source: W3C PNG 3rd edition, sections 5.3 (chunks), 9.2 (filters), 11.2.1 (header), 11.3.4.3
(physical size).
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

from scanner.images.png_parts import GRAY, chunk, head

if TYPE_CHECKING:
    from collections.abc import Iterator

_NO_FILTER: Final = b"\0"
_LEVEL: Final = 6
# The rows call black 1, as SANE does; PNG's grey calls it 0.
_INVERTED: Final = bytes(255 - value for value in range(256))


class LineartEncoder:
    """Turns rows of 1-bit pixels, 1 = black, most significant bit left, into one PNG.

    With a known height the bytes come as they are ready; with `height_px` None all of them come
    from `finish`, because the height stands in the header.
    """

    def __init__(self, *, width_px: int, height_px: int | None, dpi: int) -> None:
        self._width = width_px
        self._height = height_px
        self._dpi = dpi
        self._row_bytes = -(-width_px // 8)
        self._deflate = zlib.compressobj(_LEVEL)
        self._held: list[bytes] = [] if height_px is None else [self._head(height_px)]
        self.rows = 0

    def feed(self, rows: bytes | bytearray | memoryview) -> Iterator[bytes]:
        """PNG bytes that are ready after these whole rows (ceil(width / 8) bytes each)."""
        step = self._row_bytes
        pixels = bytes(rows).translate(_INVERTED)
        starts = range(0, len(pixels), step)
        self.rows += len(starts)
        packed = self._deflate.compress(
            b"".join(_NO_FILTER + pixels[at : at + step] for at in starts)
        )
        if packed:
            self._held.append(chunk(b"IDAT", packed))
        if self._height is not None:
            yield from self._held
            self._held = []

    def finish(self) -> Iterator[bytes]:
        """The last bytes; afterwards `rows` is the height of the image."""
        if self._height is None:
            yield self._head(self.rows)
        yield from self._held
        self._held = []
        yield chunk(b"IDAT", self._deflate.flush())
        yield chunk(b"IEND", b"")

    def _head(self, height_px: int) -> bytes:
        return head(self._width, height_px, bits=1, colour=GRAY, dpi=self._dpi)
