"""Proof that the bytes a device sent are one whole image of the asked size.

Only headers and trailers are read: the bytes stream through and are never decoded here.
Source: ITU-T T.81 B.2 (JPEG markers), JFIF 1.02 (density), W3C PNG 3rd edition section 5 and 11.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from scanner.errors import ScannerError

TOLERANCE: Final = 0.02
SMALLEST_AREA: Final = 0.45
MAX_HEAD_BYTES: Final = 1 << 20
_TAIL_BYTES: Final = 4096
_JPEG_START: Final = b"\xff\xd8\xff"
_JPEG_END: Final = b"\xff\xd9"
_PNG_START: Final = b"\x89PNG\r\n\x1a\n"
_PNG_END: Final = b"IEND\xaeB`\x82"
_PNG_SIZE_AT: Final = 16
_PNG_HEAD: Final = 24
_SOF: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_BARE: Final = frozenset({0x01, *range(0xD0, 0xD9)})
_DOTS_PER_INCH: Final = 1
_DOTS_PER_CM: Final = 2


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """Media type, size in pixels and, when the file itself says it, dots per inch."""

    media: str
    width_px: int
    height_px: int
    dpi: int | None


def image_facts(head: bytes) -> ImageFacts | None:
    """What the first bytes of an image tell, or None when more bytes are needed.

    Raises:
        ScannerError: `scan.page_wrong` when these bytes cannot start a JPEG or PNG.
    """
    if head.startswith(_PNG_START):
        if len(head) < _PNG_HEAD:
            return None
        width = int.from_bytes(head[_PNG_SIZE_AT : _PNG_SIZE_AT + 4], "big")
        height = int.from_bytes(head[_PNG_SIZE_AT + 4 : _PNG_HEAD], "big")
        return ImageFacts("image/png", width, height, None)
    if head.startswith(_JPEG_START):
        return _jpeg_facts(head)
    if _JPEG_START.startswith(head[:3]) or _PNG_START.startswith(head[:8]):
        return None
    raise ScannerError("scan.page_wrong")


def _jpeg_facts(head: bytes) -> ImageFacts | None:
    at, dpi = 2, None
    while at + 4 <= len(head):
        marker = head[at + 1]
        if head[at] != 0xFF:  # noqa: PLR2004 - the marker prefix of T.81
            raise ScannerError("scan.page_wrong")
        if marker == 0xFF:  # noqa: PLR2004 - fill byte
            at += 1
            continue
        if marker in _BARE:
            at += 2
            continue
        size = int.from_bytes(head[at + 2 : at + 4], "big")
        body = head[at + 4 : at + 2 + size]
        if marker in _SOF:
            if len(body) < 5:  # noqa: PLR2004 - precision, height, width
                return None
            height, width = int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big")
            return ImageFacts("image/jpeg", width, height, dpi)
        if marker == 0xE0 and body[:5] == b"JFIF\0" and len(body) >= 12:  # noqa: PLR2004 - APP0
            dpi = _jfif_dpi(body)
        at += 2 + max(size, 2)
    return None


def _jfif_dpi(body: bytes) -> int | None:
    unit, density = body[7], int.from_bytes(body[8:10], "big")
    if unit == _DOTS_PER_INCH and density > 1:
        return density
    if unit == _DOTS_PER_CM and density > 1:
        return round(density * 2.54)
    return None


class ImageProof:
    """Watches one side pass and says at its end what it is."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._head = bytearray()
        self._tail = b""
        self._facts: ImageFacts | None = None
        self._look_again_at = 0
        self.size_bytes = 0

    def feed(self, data: bytes) -> None:
        """The bytes are taken into account.

        Raises:
            ScannerError: `scan.page_wrong` when this is no image or grows beyond all reason.
        """
        self.size_bytes += len(data)
        if self.size_bytes > self._max_bytes:
            raise ScannerError("scan.page_wrong")
        self._tail = (self._tail + data)[-_TAIL_BYTES:]
        if self._facts is None:
            self._head += data
            # Looked at anew only when doubled: a drip of bytes must not cost their square.
            if len(self._head) >= self._look_again_at:
                self._look()
            if self._facts is None and len(self._head) > MAX_HEAD_BYTES:
                raise ScannerError("scan.page_wrong")

    def _look(self) -> None:
        self._look_again_at = 2 * len(self._head)
        self._facts = image_facts(bytes(self._head))
        if self._facts is not None:
            self._head.clear()

    def finish(self) -> ImageFacts:
        """What the whole side is.

        Raises:
            ScannerError: `scan.page_empty` without any byte, `scan.page_truncated` without end.
        """
        if self.size_bytes == 0:
            raise ScannerError("scan.page_empty")
        if self._facts is None:
            self._look()
        if self._facts is None:
            raise ScannerError("scan.page_truncated")
        end = _PNG_END if self._facts.media == "image/png" else _JPEG_END
        if not self._tail.rstrip(b"\0\r\n").endswith(end):
            raise ScannerError("scan.page_truncated")
        return self._facts


def size_flags(facts: ImageFacts, page_px: tuple[int, int], dpi: int) -> tuple[str, ...]:
    """Flags of a side whose size can be right for a page of `page_px` (width, height).

    A page may lie turned by 90 degrees. Paper smaller than the page is believed only when the
    image itself claims the asked resolution; it is flagged `short_page`.

    Raises:
        ScannerError: `scan.page_wrong` when the size or resolution is not what was asked.
    """
    width, height = facts.width_px, facts.height_px
    for page in (page_px, page_px[::-1]):
        if _near(width, page[0]) and _near(height, page[1]):
            return ()
    fits = any(
        width <= page[0] * (1 + TOLERANCE) and height <= page[1] * (1 + TOLERANCE)
        for page in (page_px, page_px[::-1])
    )
    if facts.dpi == dpi and fits and width * height >= SMALLEST_AREA * page_px[0] * page_px[1]:
        return ("short_page",)
    raise ScannerError("scan.page_wrong")


def _near(pixels: int, wanted: int) -> bool:
    return abs(pixels - wanted) <= max(1, wanted * TOLERANCE)
