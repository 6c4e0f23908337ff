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
        full: ``uint8 HxW`` brightness of the page at its own size.
        grey: ``uint8 HxW`` brightness, reduced.
        paper: ``uint8 HxW`` brightness of the paper, reduced.
        depth: ``uint8 HxW`` how much darker than the paper around it.
        ink: ``uint8 HxW`` 0 or 1: marks of the size of letters.
        threshold: least depth of ink.
    """

    full: Pixels
    grey: Pixels
    paper: Pixels
    depth: Pixels
    ink: Pixels
    threshold: float

    def fine_ink(self) -> Pixels:
        """Return the writing at twice the size: lines of print stay apart that melt here."""
        height, width = (2 * side for side in self.grey.shape)
        grey = shrink(self.full, width, height)
        paper = cv2.resize(self.paper, (width, height), interpolation=cv2.INTER_LINEAR)
        near = cv2.resize(
            cv2.dilate(self.ink, np.ones((3, 3), np.uint8)),
            (width, height),
            interpolation=cv2.INTER_NEAREST,
        )
        dark = cv2.subtract(paper, grey) > self.threshold
        return np.asarray(dark & (near > 0), dtype=np.uint8)


def ink_map(image: PageImage) -> InkMap:
    """Return the ink map of a page, long side at most 1100 px, equal resolution both ways."""
    dpi = max(image.dpi_x, image.dpi_y)
    width, height = image.width_px * dpi / image.dpi_x, image.height_px * dpi / image.dpi_y
    scale = min(1.0, LONG_SIDE_PX / max(width, height))
    full = to_grey(image.pixels)
    grey = shrink(full, max(1, round(width * scale)), max(1, round(height * scale)))
    bright = cv2.dilate(grey, np.ones((7, 7), np.uint8))
    paper = np.asarray(cv2.medianBlur(bright, 21), dtype=np.uint8)
    depth = np.asarray(cv2.subtract(paper, grey), dtype=np.uint8)
    otsu, _ = cv2.threshold(depth, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    threshold = max(float(_MIN_DEPTH), 0.8 * otsu)
    ink = letters((depth > threshold).astype(np.uint8))
    return InkMap(full, grey, paper, depth, ink, threshold)


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
