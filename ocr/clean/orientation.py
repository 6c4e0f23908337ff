"""Which way up the page is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from ocr.clean.ink import MM_PER_INCH, InkMap
from ocr.geometry import Crop, Geometry
from ocr.grey import to_grey
from ocr.image import PageImage
from ocr.warp import render

if TYPE_CHECKING:
    from ocr.engine import OrientationReader

LOOKING_DPI: Final = 150.0
CLOSE_DPI: Final = 300.0
UNDECIDED: Final = "orientation.undecided"
_SURE: Final = 0.5
_PART_SHARE: Final = 0.45


@dataclass(frozen=True, slots=True)
class Orientation:
    """The clockwise quarter turn that makes a page upright, trust 0 to 1, reason of doubt."""

    rotation_deg: int
    confidence: float
    reason: str | None


def find_orientation(
    image: PageImage,
    inked: InkMap,
    skew_deg: float,
    reader: OrientationReader | None,
    crop: Crop | None = None,
) -> Orientation:
    """Return the quarter turn to apply after the skew is undone.

    The part of the page with the most writing is looked at first, which takes a fraction of the
    time; where that leaves doubt, the whole page; small print, as on a card, at last close up.

    Args:
        image: the scan.
        inked: its ink map.
        skew_deg: that is undone first.
        reader: tells which way up a text is.
        crop: the paper on the straightened scan.
    """
    if reader is None:
        return Orientation(0, 0.0, None)
    dpi = inked.px_per_mm * MM_PER_INCH * inked.fine.shape[1] / inked.grey.shape[1]
    grey = PageImage(inked.fine, dpi, dpi)
    straight = render(grey, Geometry.plan(grey, skew_deg=skew_deg), min(dpi, LOOKING_DPI))
    part = _fullest(straight, inked)
    if part is not None:
        found = reader.detect_orientation(part)
        if found is not None and found[1] >= _SURE:
            return Orientation(found[0], found[1], None)
    found = reader.detect_orientation(straight)
    if found is None:
        grey = PageImage(to_grey(image.pixels), image.dpi_x, image.dpi_y)
        paper = Geometry.plan(grey, skew_deg=skew_deg, crop=crop)
        found = reader.detect_orientation(render(grey, paper, CLOSE_DPI))
    if found is None:
        return Orientation(0, 0.0, UNDECIDED)
    return Orientation(found[0], found[1], None)


def _fullest(page: PageImage, inked: InkMap) -> PageImage | None:
    """Return the square part of a page with the most writing, or None if that is most of it."""
    height, width = inked.ink.shape
    side = round(_PART_SHARE * max(height, width))
    if side >= min(height, width):
        return None
    density = cv2.boxFilter(
        inked.ink.astype(np.float32), -1, (side, side), borderType=cv2.BORDER_CONSTANT
    )
    row, column = np.unravel_index(int(np.argmax(density)), density.shape)
    top = int(np.clip(int(row) - side // 2, 0, height - side))
    left = int(np.clip(int(column) - side // 2, 0, width - side))
    scale_x, scale_y = page.width_px / width, page.height_px / height
    x0, x1 = round(left * scale_x), round((left + side) * scale_x)
    y0, y1 = round(top * scale_y), round((top + side) * scale_y)
    return PageImage(np.ascontiguousarray(page.pixels[y0:y1, x0:x1]), page.dpi_x, page.dpi_y)
