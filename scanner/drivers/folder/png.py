"""A page becomes one lossless PNG band by band, so that its memory is that of a band.

Source: W3C PNG 3rd edition, sections 5, 9 and 11 (IHDR, pHYs, IDAT, filter Sub).
"""

from __future__ import annotations

import zlib
from typing import Final

import numpy as np

from scanner.images.png_parts import GRAY, RGB, chunk, head

_LEVEL: Final = 1
_NONE, _SUB = 0, 1
_BITS: Final = 8


class PngBands:
    """Turns rows of 1-bit gray (bits packed, 1 is white), 8-bit gray or RGB into PNG bytes."""

    def __init__(self, *, width_px: int, height_px: int, samples: int, bits: int, dpi: int) -> None:
        self._samples = samples
        self._filter = _SUB if bits == _BITS else _NONE
        self._row_bytes = -(-width_px * samples * bits // _BITS)
        self._zip = zlib.compressobj(_LEVEL)
        colour = GRAY if samples == 1 else RGB
        self._head = head(width_px, height_px, bits=bits, colour=colour, dpi=dpi)

    def feed(self, rows: bytes) -> bytes:
        """PNG bytes that are ready after these whole rows; often none."""
        raw = np.frombuffer(rows, np.uint8).reshape(-1, self._row_bytes)
        band = np.empty((raw.shape[0], self._row_bytes + 1), np.uint8)
        band[:, 0] = self._filter
        band[:, 1:] = raw
        if self._filter == _SUB:
            band[:, 1 + self._samples :] -= raw[:, : -self._samples]
        packed = self._zip.compress(band.tobytes())
        begin, self._head = self._head, b""
        return begin + (chunk(b"IDAT", packed) if packed else b"")

    def finish(self) -> bytes:
        """The last bytes."""
        return chunk(b"IDAT", self._zip.flush()) + chunk(b"IEND", b"")
