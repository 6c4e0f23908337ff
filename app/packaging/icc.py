"""Colour profiles: our sRGB, computed from the standard's numbers, and which others may stay.

Ours is of version 2: readers of PDF/A-1 know no other, and every later part takes it.

Source: IEC 61966-2-1 (transfer curve), ICC.1:2001-04 (file layout).
"""

from __future__ import annotations

import struct
from functools import lru_cache
from io import BytesIO

from PIL import ImageCms

CURVE_POINTS = 1024
# The primaries of sRGB adapted to D50 by the Bradford transform, the profile connection space.
RED = (0.43607, 0.22249, 0.01392)
GREEN = (0.38515, 0.71687, 0.09708)
BLUE = (0.14307, 0.06061, 0.71410)
D50 = (0.96420, 1.00000, 0.82491)
DESCRIPTION = b"sRGB IEC61966-2.1"
CLASSES = frozenset({b"scnr", b"mntr", b"prtr", b"spac"})
SPACES = {"RGB": b"RGB ", "L": b"GRAY"}
MAX_VERSION = 4
HEADER_BYTES = 128
MAX_BYTES = 4_000_000
COPYRIGHT = b"No copyright, use freely"


def _fixed(value: float) -> bytes:
    return struct.pack(">i", round(value * 65536))


def _xyz(values: tuple[float, float, float]) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(map(_fixed, values))


def _linear(encoded: float) -> float:
    """Light of an encoded value, both 0..1."""
    knee = 0.04045
    return encoded / 12.92 if encoded <= knee else ((encoded + 0.055) / 1.055) ** 2.4


def _curve() -> bytes:
    last = CURVE_POINTS - 1
    points = (round(_linear(i / last) * 65535) for i in range(CURVE_POINTS))
    return b"curv\0\0\0\0" + struct.pack(f">I{CURVE_POINTS}H", CURVE_POINTS, *points)


def _description() -> bytes:
    text = DESCRIPTION + b"\0"
    no_unicode_no_mac_script = b"\0" * (4 + 4 + 2 + 1 + 67)
    return b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + no_unicode_no_mac_script


@lru_cache(maxsize=1)
def srgb_profile() -> bytes:
    """The bytes of an ICC version 2 display profile, RGB, three components."""
    tags = [
        (b"desc", _description()),
        (b"cprt", b"text\0\0\0\0" + COPYRIGHT + b"\0"),
        (b"wtpt", _xyz(D50)),
        (b"rXYZ", _xyz(RED)),
        (b"gXYZ", _xyz(GREEN)),
        (b"bXYZ", _xyz(BLUE)),
        (b"rTRC", _curve()),
        (b"gTRC", b""),
        (b"bTRC", b""),
    ]
    table, body = [], b""
    start = 128 + 4 + 12 * len(tags)
    offset, size = 0, 0
    for name, data in tags:
        if data:  # an empty one shares the place of the tag before it
            offset, size = start + len(body), len(data)
            body += data + b"\0" * (-len(data) % 4)
        table.append(struct.pack(">4sII", name, offset, size))
    total = start + len(body)
    header = struct.pack(
        ">I4sI4s4s4s6H4s4sI4sIQI12s4s44x",
        total,
        b"\0\0\0\0",
        0x02100000,
        b"mntr",
        b"RGB ",
        b"XYZ ",
        *(2000, 1, 1, 0, 0, 0),
        b"acsp",
        b"\0\0\0\0",
        0,
        b"\0\0\0\0",
        0,
        0,
        0,
        b"".join(map(_fixed, D50)),
        b"\0\0\0\0",
    )
    return header + struct.pack(">I", len(tags)) + b"".join(table) + body


def usable_profile(profile: object, mode: str) -> bytes | None:
    """The profile of a picture when PDF/A-2 takes it, else None: then its colours are sRGB.

    Args:
        profile: what the picture file holds, if anything.
        mode: ``RGB`` or ``L``; a picture of another kind gets none.

    *Source:* ISO 19005-2, 6.2.4.2.
    """
    if not isinstance(profile, bytes) or not HEADER_BYTES <= len(profile) <= MAX_BYTES:
        return None
    sound = (
        int.from_bytes(profile[:4], "big") == len(profile)
        and profile[8] <= MAX_VERSION
        and profile[12:16] in CLASSES
        and profile[16:20] == SPACES.get(mode)
        and profile[36:40] == b"acsp"
    )
    if not sound:
        return None
    try:
        ImageCms.getOpenProfile(BytesIO(profile))
    except ImageCms.PyCMSError:
        return None
    return profile
