"""How many pages a TIFF holds: every directory of its chain, or none when the chain is broken.

A reader of pictures stops at the first directory that it cannot find; of a file that was cut off it
would give the first pages and keep silent about the rest.

Source: TIFF 6.0, section 2 (image file directory); BigTIFF, awaresystems.be (64-bit offsets).
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO, Final

from app.domain.errors import Trouble

MAX_PAGES: Final = 10_000
_BIG: Final = 43


def page_count(path: Path) -> int:
    """Length of the chain of directories.

    Raises:
        Trouble: image.truncated when it leads out of the file or back into itself, or the file
            holds more than 10,000 pages.
        OSError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return _walk(file)
    except struct.error as error:
        raise Trouble("image.truncated", name=path.name) from error


def _walk(file: BinaryIO) -> int:
    """Length of the chain.

    Raises:
        struct.error: it leads out of the file, or is endless.
    """
    order = {b"II": "<", b"MM": ">"}[file.read(2)]
    big = _number(file, order + "H") == _BIG
    offset, count, entry_bytes = ("Q", "Q", 20) if big else ("I", "H", 12)
    if big:
        file.seek(8)
    seen: set[int] = set()
    at = _number(file, order + offset)
    while at:
        if at in seen or len(seen) >= MAX_PAGES:
            raise struct.error
        seen.add(at)
        file.seek(at)
        file.seek(_number(file, order + count) * entry_bytes, 1)
        at = _number(file, order + offset)
    return len(seen)


def _number(file: BinaryIO, form: str) -> int:
    (value,) = struct.unpack(form, file.read(struct.calcsize(form)))
    return int(value)
