"""A raw page becomes one JPEG strip by strip, so that memory stays flat in page length.

Each strip is encoded alone and its entropy-coded bytes become one restart interval of the whole:
a strip starts with fresh predictors and ends on a byte boundary, exactly what T.81 asks of an
interval. The tables of all strips are equal because the encoder uses its fixed ones.
Source: ITU-T T.81 sections B.2.2, B.2.4.4, F.1.1.5.2; JFIF 1.02.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import simplejpeg

if TYPE_CHECKING:
    from collections.abc import Iterator

QUALITY: Final = 92
STRIP_ROWS: Final = 64
MAX_SIDE_PX: Final = 65_500
_BLOCK: Final = 8
_SOF0: Final = 0xC0
_SOS: Final = 0xDA
_APP0: Final = 0xE0


class StripEncoder:
    """Turns rows of 8-bit gray or RGB into the bytes of one JPEG.

    With a known height the bytes come as strips are filled; with `height_px` None all of them come
    from `finish`, because the height stands in the header.
    """

    def __init__(self, *, width_px: int, samples: int, height_px: int | None, dpi: int) -> None:
        self._width = width_px
        self._samples = samples
        self._height = height_px
        self._dpi = dpi
        self._pending = bytearray()
        self._held: list[bytes] = []
        self._intervals = 0
        self.rows = 0

    def feed(self, rows: bytes | bytearray | memoryview) -> Iterator[bytes]:
        """JPEG bytes that are ready after these whole rows (width × samples bytes each)."""
        self._pending += rows
        strip_bytes = self._width * self._samples * STRIP_ROWS
        while len(self._pending) >= strip_bytes:
            strip = self._encode(memoryview(self._pending)[:strip_bytes], STRIP_ROWS)
            del self._pending[:strip_bytes]
            yield from self._ready(strip)

    def finish(self) -> Iterator[bytes]:
        """The last bytes; afterwards `rows` is the height of the image."""
        last = len(self._pending) // (self._width * self._samples)
        if last:
            yield from self._ready(self._encode(memoryview(self._pending), last))
            self._pending = bytearray()
        if self._held:
            self._held[0] = self._whole_header(self._held[0], self.rows)
            yield from self._held
        yield b"\xff\xd9"

    def _encode(self, raw: memoryview, rows: int) -> bytes:
        image = raw.cast("B", (rows, self._width, self._samples))
        gray = self._samples == 1
        encoded: bytes = simplejpeg.encode_jpeg(
            image,
            quality=QUALITY,
            colorspace="GRAY" if gray else "RGB",
            colorsubsampling="Gray" if gray else "444",
            fastdct=False,
        )
        image.release()
        raw.release()
        self.rows += rows
        return encoded

    def _ready(self, strip: bytes) -> Iterator[bytes]:
        data_at = _scan_data_at(strip)
        parts = [strip[data_at:-2]]
        if self._intervals == 0:
            header = strip[:data_at]
            known = self._height
            parts.insert(0, header if known is None else self._whole_header(header, known))
        else:
            parts.insert(0, bytes((0xFF, 0xD0 + (self._intervals - 1) % 8)))
        self._intervals += 1
        if self._height is None:
            self._held += parts
        else:
            yield b"".join(parts)

    def _whole_header(self, header: bytes, height_px: int) -> bytes:
        whole = bytearray(header)
        for marker, at in _segments(header):
            if marker == _SOF0:
                whole[at + 5 : at + 7] = height_px.to_bytes(2, "big")
            elif marker == _APP0:
                whole[at + 11] = 1
                whole[at + 12 : at + 16] = self._dpi.to_bytes(2, "big") * 2
            elif marker == _SOS:
                interval = -(-self._width // _BLOCK) * (STRIP_ROWS // _BLOCK)
                whole[at:at] = b"\xff\xdd\x00\x04" + interval.to_bytes(2, "big")
        return bytes(whole)


def _segments(data: bytes) -> Iterator[tuple[int, int]]:
    """Marker codes and offsets of the segments, up to and including the start of scan."""
    at = 2
    while at + 4 <= len(data):
        yield data[at + 1], at
        if data[at + 1] == _SOS:
            return
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")


def _scan_data_at(data: bytes) -> int:
    at = next(at for marker, at in _segments(data) if marker == _SOS)
    return at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
