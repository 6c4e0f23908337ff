"""Proof that a PNG passing by is whole: checksums agree and every row is there.

Source: W3C PNG 3rd edition, sections 5 (chunks), 8 (interlacing), 10 (compression) and 11 (IHDR).
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

from scanner.errors import ScannerError
from scanner.images.png_parts import SIGNATURE

if TYPE_CHECKING:
    from collections.abc import Callable

# Devices fill their last block up; another image behind the first does not look like this.
PADDING: Final = b"\0\r\n\xff"
_CHUNK_MOST: Final = (1 << 31) - 1
_AT_ONCE: Final = 64 << 10
_SAMPLES: Final = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_BITS: Final = frozenset({1, 2, 4, 8, 16})
# First column and row, and their steps, of the seven passes of an interlaced image.
_PASSES: Final = (
    (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
    (0, 1, 1, 2),
)  # fmt: skip


class PngProof:
    """Watches a PNG pass: the checksum of every chunk, and the length of what they inflate to.

    More than `most_bytes` of raw rows are not even begun.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._pending = bytearray()
        self._read: Callable[[], bool] = self._start
        self._name = b""
        self._left = 0
        self._sum = 0
        self._zip = zlib.decompressobj()
        self._head = bytearray()
        self._inflated = 0
        self._wanted: int | None = None
        self._ended = False

    def feed(self, data: bytes) -> None:
        """The bytes are taken into account.

        Raises:
            ScannerError: `scan.page_truncated` when something is damaged, `scan.page_wrong` when
                the head means nothing or something else follows the end.
        """
        self._pending += data
        while self._read():
            continue

    def finish(self) -> None:
        """It was whole.

        Raises:
            ScannerError: `scan.page_truncated` when it was not.
        """
        self._inflated += len(self._zip.flush())
        if not self._ended or not self._zip.eof or self._inflated != self._wanted:
            raise ScannerError("scan.page_truncated")

    def _take(self, size: int) -> bytes:
        taken = bytes(self._pending[:size])
        del self._pending[:size]
        return taken

    def _start(self) -> bool:
        if len(self._pending) < len(SIGNATURE):
            return False
        if self._take(len(SIGNATURE)) != SIGNATURE:
            raise ScannerError("scan.page_wrong")
        self._read = self._chunk_head
        return True

    def _chunk_head(self) -> bool:
        if len(self._pending) < 8:  # noqa: PLR2004 - length and name
            return False
        self._left = int.from_bytes(self._take(4), "big")
        self._name = self._take(4)
        if self._left > _CHUNK_MOST or not (self._name.isascii() and self._name.isalpha()):
            raise ScannerError("scan.page_truncated")
        self._sum = zlib.crc32(self._name)
        self._read = self._chunk_data
        return True

    def _chunk_data(self) -> bool:
        if self._left == 0:
            self._read = self._chunk_sum
            return True
        data = self._take(min(self._left, _AT_ONCE))
        self._left -= len(data)
        self._sum = zlib.crc32(data, self._sum)
        if self._name == b"IDAT":
            self._inflate(data)
        elif self._name == b"IHDR":
            self._head += data
        return bool(data)

    def _chunk_sum(self) -> bool:
        if len(self._pending) < 4:  # noqa: PLR2004 - CRC-32
            return False
        if int.from_bytes(self._take(4), "big") != self._sum:
            raise ScannerError("scan.page_truncated")
        if self._name == b"IHDR":
            self._wanted = _raw_bytes(bytes(self._head))
            if self._wanted > self._most_bytes:
                raise ScannerError("scan.page_wrong")
        self._ended = self._name == b"IEND"
        self._read = self._padding if self._ended else self._chunk_head
        return True

    def _padding(self) -> bool:
        if self._pending.strip(PADDING):
            raise ScannerError("scan.page_wrong")
        self._pending.clear()
        return False

    def _inflate(self, data: bytes) -> None:
        try:
            while data and not self._zip.eof:
                self._inflated += len(self._zip.decompress(data, _AT_ONCE))
                data = self._zip.unconsumed_tail
                if self._inflated > (self._wanted or 0):
                    break
        except zlib.error as error:
            raise ScannerError("scan.page_truncated") from error
        if data or self._inflated > (self._wanted or 0):
            raise ScannerError("scan.page_truncated")


def _raw_bytes(head: bytes) -> int:
    """Bytes of all rows with their filter bytes, of an image with this IHDR."""
    if len(head) != 13:  # noqa: PLR2004 - PNG section 11.2.1
        raise ScannerError("scan.page_wrong")
    width, height = int.from_bytes(head[:4], "big"), int.from_bytes(head[4:8], "big")
    bits, colour, interlaced = head[8], head[9], head[12]
    if colour not in _SAMPLES or bits not in _BITS or interlaced > 1:
        raise ScannerError("scan.page_wrong")
    passes = _PASSES if interlaced else ((0, 0, 1, 1),)
    whole = 0
    for left, top, step_x, step_y in passes:
        columns, rows = -((left - width) // step_x), -((top - height) // step_y)
        if columns > 0 and rows > 0:
            whole += rows * (1 + -(-columns * bits * _SAMPLES[colour] // 8))
    return whole
