"""How sharp the writing is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from ocr.grey import to_grey

if TYPE_CHECKING:
    from ocr.clean.ink import InkMap
    from ocr.image import PageImage

_PATCH_PX = 768


def sharpness(image: PageImage, inked: InkMap) -> float:
    """Return the slope at the edges of the writing over its contrast, 0 to 255.

    Measured at full size on the patch with the most ink: a reduced page hides blur.
    """
    if not inked.ink.any():
        return 0.0
    side = max(1, round(_PATCH_PX * inked.grey.shape[0] / image.height_px))
    density = cv2.boxFilter(
        inked.ink.astype(np.float32), -1, (side, side), borderType=cv2.BORDER_CONSTANT
    )
    row, column = np.unravel_index(int(np.argmax(density)), density.shape)
    y = int(row * image.height_px / density.shape[0])
    x = int(column * image.width_px / density.shape[1])
    top, left = max(0, y - _PATCH_PX // 2), max(0, x - _PATCH_PX // 2)
    patch = to_grey(
        np.ascontiguousarray(image.pixels[top : top + _PATCH_PX, left : left + _PATCH_PX])
    )
    slope_x = cv2.Sobel(patch, cv2.CV_32F, 1, 0)
    slope_y = cv2.Sobel(patch, cv2.CV_32F, 0, 1)
    slopes = cv2.magnitude(slope_x, slope_y) / 4
    contrast = float(np.percentile(patch, 95) - np.percentile(patch, 1))
    if contrast < 1:
        return 0.0
    edges = slopes[slopes > contrast / 8]
    if not edges.size:
        return 0.0
    return round(min(255.0, float(np.percentile(edges, 90)) / contrast * 255), 1)
