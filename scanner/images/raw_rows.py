"""Rows as drivers deliver them, made into rows our encoders take.

They come padded, blue first, with ink as nought, or from the bottom of the page upwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from scanner.images.jpeg_strips import STRIP_ROWS, StripEncoder
from scanner.images.lineart import LineartEncoder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_RGB: Final = 3
_INVERTED: Final = bytes(255 - value for value in range(256))


class RowCutter:
    """Whole rows out of a stream of bytes: padding cut away, pixels made what an encoder takes.

    `stride` counts the bytes of a row as it comes, `convert` makes the useful bytes of one or
    more rows into pixels; it sees `useful` bytes a row.
    """

    def __init__(
        self, stride: int, useful: int, convert: Callable[[bytearray], bytes | bytearray]
    ) -> None:
        self._stride = stride
        self._useful = useful
        self._convert = convert
        self._rest = bytearray()

    @property
    def left(self) -> int:
        """Bytes of a row that is not whole."""
        return len(self._rest)

    def cut(self, data: bytes | bytearray | memoryview) -> bytes | bytearray:
        """The pixels of the rows that became whole."""
        self._rest += data
        whole = len(self._rest) // self._stride * self._stride
        ready = self._rest[:whole]
        del self._rest[:whole]
        if self._useful != self._stride:
            step = self._stride
            ready = bytearray().join(ready[at : at + self._useful] for at in range(0, whole, step))
        return self._convert(ready)


def as_they_are(rows: bytearray) -> bytearray:
    """The same bytes: what an encoder takes already."""
    return rows


def from_bgr(rows: bytearray) -> bytearray:
    """RGB out of blue, green, red."""
    out = bytearray(rows)
    out[0::3], out[2::3] = rows[2::3], rows[0::3]
    return out


def from_bgrx(rows: bytearray) -> bytearray:
    """RGB out of blue, green, red and a byte of no meaning."""
    out = bytearray(len(rows) // 4 * _RGB)
    out[0::3], out[1::3], out[2::3] = rows[2::4], rows[1::4], rows[0::4]
    return out


def from_levels(levels: bytes) -> Callable[[bytearray], bytearray]:
    """Gray out of indexes into a table of 256 levels."""
    return lambda rows: rows.translate(levels)


def inverted(rows: bytearray) -> bytearray:
    """Every bit turned: ink is 1 where it was 0."""
    return rows.translate(_INVERTED)


class RisingEncoder(StripEncoder):
    """Takes rows from the last to the first and gives the same JPEG as if they came in order.

    Restart intervals stand for themselves, so each strip is encoded as soon as it is there and
    only their order is turned at the end: what is held is a compressed page, never a raw one.
    """

    def __init__(self, *, width_px: int, samples: int, height_px: int, dpi: int) -> None:
        super().__init__(width_px=width_px, samples=samples, height_px=height_px, dpi=dpi)
        self._row_bytes = width_px * samples
        self._next_rows = height_px % STRIP_ROWS or STRIP_ROWS
        self._strips: list[bytes] = []

    def feed(self, rows: bytes | bytearray | memoryview) -> Iterator[bytes]:
        """Nothing yet: the first row of the page comes last."""
        self._pending += rows
        while len(self._pending) >= self._next_rows * self._row_bytes:
            self._turn(self._next_rows)
            self._next_rows = STRIP_ROWS
        yield from ()

    def finish(self) -> Iterator[bytes]:
        """The whole JPEG in parts; all rows must have come."""
        for strip in reversed(self._strips):
            yield from self._ready(strip)
        yield b"\xff\xd9"

    def _turn(self, rows: int) -> None:
        size, step = rows * self._row_bytes, self._row_bytes
        turned = bytearray().join(self._pending[at - step : at] for at in range(size, 0, -step))
        del self._pending[:size]
        self._strips.append(self._encode(memoryview(turned), rows))


class RisingLineart:
    """Takes rows of one bit a pixel from the last to the first; the same PNG as in order.

    A deflated stream cannot be turned, so the raw rows are held: an A4 page at 600 dpi is 4.4 MB.
    """

    def __init__(self, *, width_px: int, height_px: int, dpi: int) -> None:
        self._encoder = LineartEncoder(width_px=width_px, height_px=height_px, dpi=dpi)
        self._row_bytes = -(-width_px // 8)
        self._pending = bytearray()

    def feed(self, rows: bytes | bytearray | memoryview) -> Iterator[bytes]:
        """Nothing yet: the first row of the page comes last."""
        self._pending += rows
        yield from ()

    def finish(self) -> Iterator[bytes]:
        """The whole PNG in parts; all rows must have come."""
        step = self._row_bytes
        ends = range(len(self._pending), 0, -step)
        yield from self._encoder.feed(b"".join(self._pending[at - step : at] for at in ends))
        yield from self._encoder.finish()
