"""Identifiers, each its own type so that one cannot stand in for another."""

from __future__ import annotations

import secrets
from typing import NewType

BlobId = NewType("BlobId", str)
"""Lower-case hex SHA-256 of the plain bytes."""
JobId = NewType("JobId", int)
DossierId = NewType("DossierId", str)
DocumentId = NewType("DocumentId", str)
PageId = NewType("PageId", str)


def uuid7(unix_ms: int) -> str:
    """A time-ordered identifier.

    Args:
        unix_ms: the wall clock in milliseconds since 1970, passed in by the caller.

    Source: RFC 9562 section 5.7.
    """
    value = (unix_ms & (2**48 - 1)) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    text = f"{value:032x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
