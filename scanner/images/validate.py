"""Proof that the bytes a device sent are one whole image of the asked size.

Head and size are told while the bytes stream through. A PNG is inflated as it passes and its
checksums compared. A JPEG has none: its bytes are held once, walked to the end marker, and its
entropy-coded data decoded at an eighth of the size, because half of an image may well end in an
end marker.
Source: ITU-T T.81 B.1 and B.2 (JPEG markers), JFIF 1.02 (density), W3C PNG 3rd edition section 11.
"""

from __future__ import annotations

import mmap
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from scanner.errors import ScannerError
from scanner.images.png_parts import SIGNATURE
from scanner.images.png_proof import PADDING, PngProof

if TYPE_CHECKING:
    from collections.abc import Callable

TOLERANCE: Final = 0.02
SMALLEST_AREA: Final = 0.45
MAX_HEAD_BYTES: Final = 1 << 20
_JPEG_START: Final = b"\xff\xd8\xff"
_PNG_SIZE_AT: Final = 16
_PNG_HEAD: Final = 24
_SOF: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_BARE: Final = frozenset({0x01, *range(0xD0, 0xD9)})
_DOTS_PER_INCH: Final = 1
_DOTS_PER_CM: Final = 2
_SOS: Final = 0xDA
_EOI: Final = 0xD9
_LABELS: Final = frozenset({*range(0xE0, 0xF0), 0xFE})
_CMYK_SAMPLES: Final = 4
_RAW_MOST: Final = 4
# A marker inside entropy-coded data: no stuffed zero, no restart, no fill byte (T.81 B.1.1.5).
_MARKER: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_PADDED_END: Final = re.compile(r"(\d+) extraneous bytes before marker 0xd9")


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
    if head.startswith(SIGNATURE):
        if len(head) < _PNG_HEAD:
            return None
        width = int.from_bytes(head[_PNG_SIZE_AT : _PNG_SIZE_AT + 4], "big")
        height = int.from_bytes(head[_PNG_SIZE_AT + 4 : _PNG_HEAD], "big")
        return ImageFacts("image/png", width, height, None)
    if head.startswith(_JPEG_START):
        return _jpeg_facts(head)
    if _JPEG_START.startswith(head[:3]) or SIGNATURE.startswith(head[:8]):
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
    """Watches one side of at most `max_bytes` pass and says at its end what it is."""

    def __init__(self, max_bytes: int) -> None:
        # A mapping costs only what was written to it, never moves, and goes back as a whole.
        self._held: mmap.mmap | None = mmap.mmap(-1, max_bytes)
        self._max_bytes = max_bytes
        self._png: PngProof | None = None
        self._facts: ImageFacts | None = None
        self._look_again_at = 0
        self.size_bytes = 0

    def feed(self, data: bytes) -> None:
        """The bytes are taken into account.

        Raises:
            ScannerError: `scan.page_wrong` when this is no image, is followed by something else or
                grows beyond all reason, `scan.page_truncated` when a PNG is damaged.
        """
        before, self.size_bytes = self.size_bytes, self.size_bytes + len(data)
        if self.size_bytes > self._max_bytes:
            raise ScannerError("scan.page_wrong")
        if self._held is None:
            if self._png is not None:
                self._png.feed(data)
            return
        self._held[before : self.size_bytes] = data
        if self._facts is None:
            # Looked at anew only when doubled: a drip of bytes must not cost their square.
            if self.size_bytes >= self._look_again_at:
                self._look(self._held)
            if self._facts is None and self.size_bytes > MAX_HEAD_BYTES:
                raise ScannerError("scan.page_wrong")

    def _look(self, held: mmap.mmap) -> None:
        self._look_again_at = 2 * self.size_bytes
        head = held[: min(self.size_bytes, MAX_HEAD_BYTES)]
        self._facts = image_facts(head)
        if self._facts is not None and self._facts.media == "image/png":
            self._png = PngProof(_RAW_MOST * self._max_bytes)
            self._png.feed(held[: self.size_bytes])
            held.close()
            self._held = None

    def finish(self) -> ImageFacts:
        """What the whole side says it is; whether a JPEG keeps its word `prove_pixels` tells.

        Raises:
            ScannerError: `scan.page_empty` without any byte, `scan.page_truncated` without end,
                `scan.page_wrong` when something else follows.
        """
        if self.size_bytes == 0:
            raise ScannerError("scan.page_empty")
        if self._facts is None and self._held is not None:
            self._look(self._held)
        if self._facts is None:
            raise ScannerError("scan.page_truncated")
        if self._png is not None:
            self._png.finish()
        elif self._held is not None:
            end = _jpeg_walk(self._held, self.size_bytes).end
            if self._held[end : self.size_bytes].strip(PADDING):
                raise ScannerError("scan.page_wrong")
        return self._facts

    def prove(self, page_px: tuple[int, int], dpi: int) -> tuple[ImageFacts, tuple[str, ...]]:
        """Facts and flags of a side that is whole to its last pixel and as large as was asked.

        Raises:
            ScannerError: As `finish`, `size_flags` and `prove_pixels`, in this order.
        """
        facts = self.finish()
        flags = size_flags(facts, page_px, dpi)
        self.prove_pixels()
        return facts, flags

    def prove_pixels(self) -> None:
        """Every pixel was sent; to be asked once, after `finish` and when the size is believed.

        Raises:
            ScannerError: `scan.page_truncated` when pixels are missing or damaged.
        """
        if self._held is not None:
            with self._held as held:
                self._held = None
                prove_jpeg(held, self.size_bytes)


def prove_jpeg(data: bytearray | mmap.mmap, size_bytes: int) -> None:
    """Every block of the JPEG in the first `size_bytes` can be decoded; `data` is used up.

    Memory beside `data` is a few rows, but that of all coefficients (up to six bytes a pixel) when
    the image is progressive. What follows the end marker is not looked at.

    Raises:
        ScannerError: `scan.page_truncated` when any block is missing or damaged.
    """
    decode = pixel_decoder()
    walk = _jpeg_walk(data, size_bytes)
    colorspace = "CMYK" if walk.samples == _CMYK_SAMPLES else "GRAY"
    with memoryview(data) as whole:
        end = walk.end
        # Labels say nothing about pixels, and an odd one would hide the warning that follows it.
        for start, stop in reversed(walk.labels):
            whole[start : end - (stop - start)] = whole[stop:end]
            end -= stop - start
        with whole[:end] as bare:
            try:
                decode(bare, colorspace, fastdct=True, min_height=1, min_width=1, min_factor=8)
            except ValueError as error:
                padded = _PADDED_END.search(str(error))
                count = int(padded[1]) if padded else 0
                if not count or bytes(bare[-2 - count : -2]).strip(b"\0"):
                    raise ScannerError("scan.page_truncated") from error


def pixel_decoder() -> Callable[..., object]:
    """The strict decoder; it takes a while to load, which is well spent while paper feeds."""
    from simplejpeg import decode_jpeg  # noqa: PLC0415 - a listing of devices needs no pixels

    decoder: Callable[..., object] = decode_jpeg
    return decoder


@dataclass(frozen=True, slots=True)
class _Walk:
    """Offsets of the labels (APPn and comments) and behind the end marker; samples a pixel."""

    labels: tuple[tuple[int, int], ...]
    end: int
    samples: int


def _jpeg_walk(data: bytearray | mmap.mmap, size_bytes: int) -> _Walk:
    at, samples, scans = 2, 0, 0
    labels: list[tuple[int, int]] = []
    while at + 2 <= size_bytes and data[at] == 0xFF:  # noqa: PLR2004 - the marker prefix of T.81
        marker = data[at + 1]
        if marker == 0xFF:  # noqa: PLR2004 - fill byte
            at += 1
        elif marker in _BARE:
            at += 2
        elif marker == _EOI:
            if not (samples and scans):
                break
            return _Walk(tuple(labels), at + 2, samples)
        else:
            size = int.from_bytes(data[at + 2 : at + 4], "big")
            start, at = at, at + 2 + max(size, 2)
            if marker in _LABELS:
                labels.append((start, at))
            elif marker in _SOF and start + 9 < size_bytes:
                samples = data[start + 9]
            elif marker == _SOS:
                scans += 1
                found = _MARKER.search(data, at, size_bytes)
                at = found.start() if found else size_bytes
    raise ScannerError("scan.page_truncated")


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
