"""What is ink on a page: made once on a small copy, shared by every estimator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from ocr.grey import shrink, to_grey

if TYPE_CHECKING:
    from ocr.image import PageImage, Pixels

LONG_SIDE_PX: Final = 1100
_MIN_DEPTH = 18
_RULE_SHARE = 0.25
_PICTURE_SHARE = 0.06


@dataclass(frozen=True, slots=True, eq=False)
class InkMap:
    """A reduced page and the writing on it.

    Args:
        grey: ``uint8 HxW`` brightness.
        depth: ``uint8 HxW`` how much darker than the paper around it.
        ink: ``uint8 HxW`` 0 or 1: marks of the size of letters.
        scale: reduced px per source px.
        dpi: resolution of the reduced page.
    """

    grey: Pixels
    depth: Pixels
    ink: Pixels
    scale: float
    dpi: float


def ink_map(image: PageImage) -> InkMap:
    """Return the ink map of a page, long side at most 1100 px, equal resolution both ways."""
    dpi = max(image.dpi_x, image.dpi_y)
    width, height = image.width_px * dpi / image.dpi_x, image.height_px * dpi / image.dpi_y
    scale = min(1.0, LONG_SIDE_PX / max(width, height))
    grey = shrink(
        to_grey(image.pixels), max(1, round(width * scale)), max(1, round(height * scale))
    )
    paper = cv2.medianBlur(cv2.dilate(grey, np.ones((7, 7), np.uint8)), 21)
    depth = np.asarray(cv2.subtract(paper, grey), dtype=np.uint8)
    otsu, _ = cv2.threshold(depth, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    marks = (depth > max(_MIN_DEPTH, 0.8 * otsu)).astype(np.uint8)
    return InkMap(grey, depth, letters(marks), scale, dpi * scale)


def letters(marks: Pixels) -> Pixels:
    """Return ``marks`` without single pixels, long rules and large pictures."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(marks, connectivity=8)
    long_side = max(marks.shape)
    wide, tall = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    keep = (
        (stats[:, cv2.CC_STAT_AREA] > 1)
        & (np.maximum(wide, tall) <= _RULE_SHARE * long_side)
        & (np.minimum(wide, tall) <= _PICTURE_SHARE * long_side)
    )
    keep[0] = False
    return np.asarray(keep[labels], dtype=np.uint8)
