"""Proof that a picture file is whole, from its container alone.

Decoders forgive: libjpeg fills a missing half with grey, libtiff with white. A page at a counter
must never lose its lower half in silence, so each container is walked before it is decoded.

*Source:* ITU-T T.81 annex B (JPEG markers) and G.1 (progressive), W3C PNG 5.3 (chunk layout),
TIFF 6.0 section 2, BigTIFF (the same with 8-byte offsets).
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

from ocr.errors import OcrError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SOI = 0xD8
_EOI = 0xD9
_SOS = 0xDA
_PROGRESSIVE = {0xC2, 0xC6, 0xCA, 0xCE}
_FRAMES = {0xC0, 0xC1, 0xC3, 0xC5, 0xC7, 0xC9, 0xCB, 0xCD, 0xCF} | _PROGRESSIVE
_STANDALONE = {0x01, _SOI, *range(0xD0, 0xD8)}
_PNG_HEADER = 8
_COEFFICIENTS = 64
_MAX_SCANS = 100
_BIG_TIFF = 0x2B
_MAX_DIRECTORIES = 20_000


def check_jpeg(data: bytes) -> None:
    """Return when every coefficient of a JPEG was sent and its end marker stands.

    A progressive picture cut between two scans decodes without a warning, only blurred; so the
    scans are added up. Each scan of a progressive picture costs a pass over all of it: a file of
    a few kilobytes with a thousand of them would keep a worker for hours.

    Raises:
        OcrError: ``image.truncated``, or ``image.damaged`` for a scan without its figures and for
            more scans than any writer makes.
    """
    missing: dict[int, set[int]] = {}
    scans = 0
    for marker, body in _segments(data):
        scans += marker == _SOS
        if scans > _MAX_SCANS:
            raise OcrError("image.damaged")
        if marker in _PROGRESSIVE:
            missing = {component: set(range(_COEFFICIENTS)) for component in body[6::3]}
        elif marker == _SOS and missing and body:
            count = body[0]
            if len(body) < 4 + 2 * count:
                raise OcrError("image.damaged")
            start, end, approximation = body[1 + 2 * count : 4 + 2 * count]
            if approximation & 0x0F == 0:
                for component in body[1 : 1 + 2 * count : 2]:
                    missing.get(component, set()).difference_update(range(start, end + 1))
    if any(missing.values()):
        raise OcrError("image.truncated")


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield marker code and body of each JPEG segment up to the end marker.

    Raises:
        OcrError: ``image.truncated`` when the file stops before the end marker.
    """
    at = 2
    try:
        while True:
            at = data.index(b"\xff", at)
            marker = data[at + 1]
            if marker in {0x00, 0xFF} or marker in _STANDALONE:
                at += 1 if marker == 0xFF else 2  # noqa: PLR2004 - fill byte before a marker
                continue
            if marker == _EOI:
                return
            length = struct.unpack_from(">H", data, at + 2)[0]
            body = data[at + 4 : at + 2 + length]
            if len(body) != length - 2:
                raise OcrError("image.truncated")
            yield marker, body
            at += 2 + length
    except (ValueError, IndexError, struct.error) as error:
        raise OcrError("image.truncated") from error


def check_png(data: bytes) -> None:
    """Return when all chunks of a PNG up to its end chunk are present and uncorrupted.

    Raises:
        OcrError: ``image.truncated`` or ``image.damaged``.
    """
    view = memoryview(data)
    at = _PNG_HEADER
    while True:
        if at + 12 > len(view):
            raise OcrError("image.truncated")
        length, kind = struct.unpack_from(">I4s", view, at)
        end = at + 12 + length
        if end > len(view):
            raise OcrError("image.truncated")
        (stored,) = struct.unpack_from(">I", view, end - 4)
        if zlib.crc32(view[at + 4 : end - 4]) != stored:
            raise OcrError("image.damaged")
        if kind == b"IEND":
            return
        at = end


def check_extents(offsets: Iterable[int], counts: Iterable[int], size_bytes: int) -> None:
    """Return when every strip or tile of a TIFF lies inside the file.

    Raises:
        OcrError: ``image.truncated``.
    """
    if any(
        offset <= 0 or count <= 0 or offset + count > size_bytes
        for offset, count in zip(offsets, counts, strict=False)
    ):
        raise OcrError("image.truncated")


def check_directories(data: bytes) -> None:
    """Return when every page directory of a TIFF that another one names lies inside the file.

    Readers stop at a directory that is cut off and count the pages before it: a file of fifty
    pages cut in the middle would be one of twenty-five.

    Raises:
        OcrError: ``image.truncated``, or ``image.damaged`` for more directories than a file has.
    """
    order = ">" if data[:1] == b"M" else "<"
    big = _BIG_TIFF in data[2:4]
    offset, count, entry_bytes = ("Q", "Q", 20) if big else ("I", "H", 12)
    at_first = 8 if big else 4
    seen: set[int] = set()
    try:
        (at,) = struct.unpack_from(order + offset, data, at_first)
        while at and at not in seen:
            seen.add(at)
            if len(seen) > _MAX_DIRECTORIES:
                raise OcrError("image.damaged")
            (entries,) = struct.unpack_from(order + count, data, at)
            behind = at + struct.calcsize(order + count) + entries * entry_bytes
            (at,) = struct.unpack_from(order + offset, data, behind)
    except (struct.error, OverflowError) as error:
        raise OcrError("image.truncated") from error
