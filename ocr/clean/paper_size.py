"""Which paper a size in millimetres is.

*Source:* ISO 216 (A series), ISO/IEC 7810 (ID-1), ANSI/ASME Y14.1 (Letter), US Legal.
"""

from __future__ import annotations

from typing import Final

SIZES_MM: Final[dict[str, tuple[float, float]]] = {
    "A3": (297.0, 420.0),
    "A4": (210.0, 297.0),
    "A5": (148.0, 210.0),
    "A6": (105.0, 148.0),
    "Letter": (215.9, 279.4),
    "Legal": (215.9, 355.6),
    "ID-1": (85.6, 53.98),
}
SNAP_MM: Final = 1.5
_NAMED_MM: Final = 3.0


def nearest(width_mm: float, height_mm: float) -> tuple[str, float, float, float] | None:
    """Return name, exact width and height as it lies, and the largest difference in mm."""
    best: tuple[str, float, float, float] | None = None
    for name, (wide, tall) in SIZES_MM.items():
        for w, h in ((wide, tall), (tall, wide)):
            off = max(abs(w - width_mm), abs(h - height_mm))
            if best is None or off < best[3]:
                best = (name, w, h, off)
    return best if best is not None and best[3] <= _NAMED_MM else None


def name_of(width_mm: float, height_mm: float) -> str | None:
    """Return the name of the paper within 3 mm both ways, or None."""
    found = nearest(width_mm, height_mm)
    return None if found is None else found[0]
