"""The parts every PNG is made of.

Source: W3C PNG 3rd edition, sections 5.2 (signature), 5.3 (chunks), 11.2.1 (IHDR), 11.3.4.3 (pHYs).
"""

from __future__ import annotations

import zlib
from typing import Final

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
GRAY: Final = 0
RGB: Final = 2
_INCH_M: Final = 0.0254
_METRE: Final = b"\x01"


def chunk(name: bytes, body: bytes) -> bytes:
    """One chunk with its length and checksum."""
    check = zlib.crc32(body, zlib.crc32(name))
    return len(body).to_bytes(4, "big") + name + body + check.to_bytes(4, "big")


def head(width_px: int, height_px: int, *, bits: int, colour: int, dpi: int) -> bytes:
    """Signature, header and physical size; `colour` is `GRAY` or `RGB`."""
    size = width_px.to_bytes(4, "big") + height_px.to_bytes(4, "big")
    dots = round(dpi / _INCH_M).to_bytes(4, "big")
    header = chunk(b"IHDR", size + bytes((bits, colour, 0, 0, 0)))
    return SIGNATURE + header + chunk(b"pHYs", dots + dots + _METRE)
