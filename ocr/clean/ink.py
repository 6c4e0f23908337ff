"""What is ink on a page: made once on small copies, shared by every estimator."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from ocr.grey import shrink, to_grey

if TYPE_CHECKING:
    import numpy.typing as npt

    from ocr.image import PageImage, Pixels

LONG_SIDE_PX: Final = 1100
MM_PER_INCH: Final = 25.4
_FINE_SIDE_PX: Final = 1400
_MIN_DEPTH = 18
_RULE_SHARE = 0.25
_PICTURE_SHARE = 0.06
_RIM_MM: Final = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class InkMap:
    """A reduced page and the writing on it.

    Args:
        fine: ``uint8 HxW`` brightness, long side 1400 to 2800 px (less only if the scan is).
        colour: ``uint8 HxW`` or ``HxWx3`` BGR, reduced to a long side of at most 1100 px.
        grey: ``uint8 HxW`` brightness of ``colour``.
        paper: ``uint8 HxW`` brightness of the paper, reduced.
        depth: ``uint8 HxW`` how much darker than the paper around it.
        ink: ``uint8 HxW`` 0 or 1: marks of the size of letters.
        threshold: least depth of ink.
        px_per_mm: resolution of the reduced page.
    """

    fine: Pixels
    colour: Pixels
    grey: Pixels
    paper: Pixels
    depth: Pixels
    ink: Pixels
    threshold: float
    px_per_mm: float

    def fine_ink(self) -> Pixels:
        """Return the writing on the fine copy: lines of print stay apart that melt here."""
        height, width = self.fine.shape
        paper = cv2.resize(self.paper, (width, height), interpolation=cv2.INTER_LINEAR)
        near = cv2.resize(
            cv2.dilate(self.ink, np.ones((3, 3), np.uint8)),
            (width, height),
            interpolation=cv2.INTER_NEAREST,
        )
        dark = cv2.subtract(paper, self.fine) > self.threshold
        return np.asarray(dark & (near > 0), dtype=np.uint8)

    def within(self, corners: npt.NDArray[np.float64]) -> InkMap:
        """Return the map with nothing but what lies on the paper, its very rim left out.

        Args:
            corners: ``float64 4x2`` px of the reduced page.
        """
        inside = np.zeros_like(self.grey)
        cv2.fillConvexPoly(inside, np.rint(corners).astype(np.int32), 1)
        rim = max(1, round(_RIM_MM * self.px_per_mm))
        inside = np.asarray(
            cv2.erode(inside, np.ones((2 * rim + 1, 2 * rim + 1), np.uint8), borderValue=1),
            dtype=np.uint8,
        )
        depth = np.asarray(self.depth * inside, dtype=np.uint8)
        threshold = _threshold(depth[inside > 0])
        marks = letters((depth > threshold).astype(np.uint8))
        return replace(self, depth=depth, ink=marks, threshold=threshold)


def ink_map(image: PageImage) -> InkMap:
    """Return the ink map of a page, equal resolution both ways."""
    dpi = max(image.dpi_x, image.dpi_y)
    width, height = image.width_px * dpi / image.dpi_x, image.height_px * dpi / image.dpi_y
    halved = _halved(image.pixels)
    colour = _fitted(halved, width, height, LONG_SIDE_PX)
    fine = _fitted(to_grey(halved), width, height, 2 * _FINE_SIDE_PX)
    grey = to_grey(colour)
    bright = cv2.dilate(grey, np.ones((7, 7), np.uint8))
    paper = np.asarray(cv2.medianBlur(bright, 21), dtype=np.uint8)
    depth = np.asarray(cv2.subtract(paper, grey), dtype=np.uint8)
    threshold = _threshold(depth)
    ink = letters((depth > threshold).astype(np.uint8))
    px_per_mm = colour.shape[1] / (image.width_px / image.dpi_x * MM_PER_INCH)
    return InkMap(fine, colour, grey, paper, depth, ink, threshold, px_per_mm)


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


def _threshold(depth: Pixels) -> float:
    """Return the least depth of ink."""
    if not depth.size:
        return float(_MIN_DEPTH)
    otsu, _ = cv2.threshold(depth, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    return max(float(_MIN_DEPTH), 0.8 * otsu)


def _halved(pixels: Pixels) -> Pixels:
    """Return ``pixels`` halved as often as the fine copy allows; exact halves cost little."""
    while max(pixels.shape[:2]) >= 2 * _FINE_SIDE_PX and min(pixels.shape[:2]) > 1:
        height, width = pixels.shape[0] // 2, pixels.shape[1] // 2
        pixels = shrink(pixels[: 2 * height, : 2 * width], width, height)
    return pixels


def _fitted(pixels: Pixels, width: float, height: float, long_side: int) -> Pixels:
    """Return ``pixels`` in the proportions of ``width`` to ``height``, no larger than told."""
    scale = min(max(pixels.shape[:2]) / max(width, height), long_side / max(width, height))
    return shrink(pixels, max(1, round(width * scale)), max(1, round(height * scale)))
