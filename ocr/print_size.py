"""How large the print of a page is, from its marks alone, and what resolution reading it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    from ocr.geometry import Geometry
    from ocr.image import Pixels

USUAL_DPI: Final = 200.0
SMALL_PRINT_DPI: Final = 300.0
_INK_BELOW: Final = 150
_MM_PER_INCH: Final = 25.4
_LETTER_MM: Final = (0.7, 7.5)
_ENOUGH_LETTERS: Final = 1000
_SMALL_MM: Final = 1.35
_SLIP_WIDTH_MM: Final = 100.0


def is_slip(geometry: Geometry) -> bool:
    """Return whether a page is narrow and tall like a till receipt.

    Its amounts stand in columns of dotted noughts that layout analysis tears apart at the points,
    and at 200 dpi the nought's dot makes it a six or a nine.
    """
    width_mm = geometry.width_px * _MM_PER_INCH / geometry.dpi
    return width_mm <= _SLIP_WIDTH_MM and geometry.width_px < geometry.height_px


def reading_dpi(copy: Pixels, dpi: float) -> float:
    """Return the resolution at which the letters of a page are large enough for a recogniser.

    At 200 dpi most print is: reading it larger takes half as long again and finds no more. A page
    full of print below eight points is not, and is read at 300; a card is read better at 200.

    Args:
        copy: ``uint8 HxW`` upright, paper near white, without rules.
        dpi: its resolution.
    """
    ink = (copy < _INK_BELOW).astype(np.uint8)
    stats = cv2.connectedComponentsWithStats(ink, connectivity=8)[2][1:]
    tall_mm = stats[:, cv2.CC_STAT_HEIGHT] * (_MM_PER_INCH / dpi)
    wide_mm = stats[:, cv2.CC_STAT_WIDTH] * (_MM_PER_INCH / dpi)
    least, most = _LETTER_MM
    letters = tall_mm[(tall_mm >= least) & (tall_mm <= most) & (wide_mm <= most)]
    if len(letters) < _ENOUGH_LETTERS or float(np.median(letters)) > _SMALL_MM:
        return USUAL_DPI
    return SMALL_PRINT_DPI
