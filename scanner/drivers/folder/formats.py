"""Whether a file in a folder is whole, told from its bytes alone.

A file that another machine still writes looks like a file. Each format says by itself where it
ends; only PDF needs a reader besides, see `pages`.
Source: ITU-T T.81 annex B; W3C PNG 3rd edition, section 5; ISO 32000-1 section 7.5 and annex F.
"""

from __future__ import annotations

import os
import re
import zlib
from typing import BinaryIO, Final, Literal, TypeAlias

from scanner.errors import ScannerError
from scanner.images.png_parts import SIGNATURE
from scanner.images.validate import prove_jpeg

Kind: TypeAlias = Literal["jpeg", "png", "tiff", "pdf"]

HEAD_BYTES: Final = 1024
_BLOCK: Final = 1 << 16
_JPEG_START: Final = b"\xff\xd8\xff"
_TIFF_STARTS: Final = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_PDF_START: Final = b"%PDF-"
# A marker inside entropy-coded data: no stuffed zero, no restart, no fill byte (T.81 B.1.1.5).
_MARKER: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_SOF: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_BARE: Final = frozenset({0x01, *range(0xD0, 0xD9)})
_SOS: Final = 0xDA
_EOI: Final = 0xD9
_FILL: Final = 0xFF
_MAX_CHUNK: Final = (1 << 31) - 1
_PDF_TAIL: Final = 1024
_LENGTH_KEY: Final = re.compile(rb"/Linearized\b.{0,400}?/L\s+(\d+)", re.DOTALL)
_START_KEY: Final = re.compile(rb"startxref\s+(\d+)\s+%%EOF")


class Unfinished(Exception):
    """The file is not whole: it may become so, or it is damaged."""


class Foreign(Exception):
    """The file will never be one that can be taken."""


def kind_of(head: bytes) -> Kind:
    """The format that a file with these first `HEAD_BYTES` bytes has.

    Raises:
        Unfinished: Too little was written to say.
        Foreign: It is none of ours.
    """
    if head.startswith(_JPEG_START):
        return "jpeg"
    if head.startswith(SIGNATURE):
        return "png"
    if head.startswith(_TIFF_STARTS):
        return "tiff"
    if _PDF_START in head:
        return "pdf"
    starts = (_JPEG_START, SIGNATURE, *_TIFF_STARTS, _PDF_START)
    if not head.strip(b"\0") or any(start.startswith(head) for start in starts):
        raise Unfinished
    raise Foreign


def check_jpeg(file: BinaryIO) -> None:
    """The file is one JPEG from its start to its end marker, NULs behind it allowed.

    Raises:
        Unfinished: It has no end, or its segments do not follow each other.
        Foreign: A second picture stands behind the first.
    """
    file.seek(2)
    frame = scan = False
    while (marker := _marker(file)) != _EOI:
        if marker in _BARE:
            continue
        size = int.from_bytes(_exactly(file, 2), "big")
        file.seek(max(size, 2) - 2, os.SEEK_CUR)
        frame = frame or marker in _SOF
        if marker == _SOS:
            scan = True
            _to_next_marker(file)
    if not (frame and scan):
        raise Unfinished
    carry = b""
    while data := file.read(_BLOCK):
        if _JPEG_START in carry + data:
            # Taking the first picture only would lose a page.
            raise Foreign
        carry = data[-2:]


def check_pixels(jpeg: bytearray) -> None:
    """Every pixel of the JPEG that `check_jpeg` found whole is there; `jpeg` is used up.

    Raises:
        Unfinished: Some are missing or damaged.
    """
    try:
        prove_jpeg(jpeg, len(jpeg))
    except ScannerError as error:
        raise Unfinished from error


def _marker(file: BinaryIO) -> int:
    if _exactly(file, 1)[0] != _FILL:
        raise Unfinished
    while (code := _exactly(file, 1)[0]) == _FILL:
        continue
    return code


def _to_next_marker(file: BinaryIO) -> None:
    carry = b""
    while data := file.read(_BLOCK):
        window = carry + data
        if found := _MARKER.search(window):
            file.seek(found.start() - len(window), os.SEEK_CUR)
            return
        carry = b"\xff" if window.endswith(b"\xff") else b""
    raise Unfinished


def _exactly(file: BinaryIO, size: int) -> bytes:
    data = file.read(size)
    if len(data) < size:
        raise Unfinished
    return data


def check_png(file: BinaryIO) -> None:
    """Every chunk up to IEND is there and agrees with its checksum.

    Raises:
        Unfinished: A chunk is missing, cut or damaged.
    """
    file.seek(len(SIGNATURE))
    name = b""
    while name != b"IEND":
        size = int.from_bytes(_exactly(file, 4), "big")
        name = _exactly(file, 4)
        if size > _MAX_CHUNK or not name.isalpha():
            raise Unfinished
        check = zlib.crc32(name)
        while size:
            data = _exactly(file, min(size, _BLOCK))
            check = zlib.crc32(data, check)
            size -= len(data)
        if _exactly(file, 4) != check.to_bytes(4, "big"):
            raise Unfinished


def check_pdf(file: BinaryIO) -> None:
    """The file ends as a PDF does, and is as long as it says where it says so.

    Raises:
        Unfinished: The last `startxref` and `%%EOF` are missing, or bytes before them.
    """
    file.seek(0)
    head = file.read(HEAD_BYTES)
    end = _end_of_data(file)
    if (length := _LENGTH_KEY.search(head)) and end < int(length[1]):
        raise Unfinished
    file.seek(max(0, end - _PDF_TAIL))
    tail = file.read(min(end, _PDF_TAIL))
    starts = _START_KEY.findall(tail)
    if not starts or int(starts[-1]) >= end or tail.rfind(b"%%EOF") < tail.rfind(b"startxref"):
        raise Unfinished


def _end_of_data(file: BinaryIO) -> int:
    """Where the bytes end when the NULs of a reserved length are left out."""
    at = file.seek(0, os.SEEK_END)
    while at:
        size = min(at, _BLOCK)
        file.seek(at - size)
        data = file.read(size).rstrip(b"\0")
        if data:
            return at - size + len(data)
        at -= size
    return 0
