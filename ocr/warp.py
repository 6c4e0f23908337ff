"""The displayed page and the copy the recogniser reads: one resampling each."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from ocr.geometry import WHOLE, Geometry
from ocr.grey import even_paper, fade_marks, shrink
from ocr.image import PageImage, Pixels
from ocr.rules import Unruled, without_rules

cv2.setNumThreads(1)

READING_DPI: Final = 200.0
_SHRINK_FIRST = 0.75
_WHOLE_PX = 0.01


def render(image: PageImage, geometry: Geometry, dpi: float | None = None) -> PageImage:
    """Return the displayed page, upright and straight.

    Args:
        image: the decoded scan that ``geometry`` was planned for.
        geometry: source px to displayed px.
        dpi: resolution wanted; the page's own when None.

    Returns:
        The page with the colour of the sheet's rim in the corners that turning laid bare.
        Quarter turns alone move pixels and change none.
    """
    target = geometry.dpi if dpi is None else dpi
    scale = target / geometry.dpi
    width = max(1, round(geometry.width_px * scale))
    height = max(1, round(geometry.height_px * scale))
    return PageImage(_resample(image.pixels, geometry, width, height), target, target)


def reading_copy(image: PageImage, geometry: Geometry) -> PageImage:
    """Return the page for the recogniser: grey, 200 dpi, even white paper, no rules."""
    return PageImage(unruled_copy(image, geometry).pixels, READING_DPI, READING_DPI)


def unruled_copy(image: PageImage, geometry: Geometry, dpi: float = READING_DPI) -> Unruled:
    """Return the page for the recogniser, and where its rules were."""
    return without_rules(even_paper(_faded(image, geometry, dpi), dpi), dpi)


def _faded(image: PageImage, geometry: Geometry, dpi: float) -> Pixels:
    """Return the brightness of the displayed page, marks faded while it is still in colour."""
    faded = fade_marks(render(image, Geometry.plan(image), dpi).pixels, dpi)
    grey = PageImage(faded, dpi, dpi)
    return render(grey, geometry.at(grey)).pixels


def _resample(pixels: Pixels, geometry: Geometry, width: int, height: int) -> Pixels:
    straight = geometry.skew_deg == 0.0
    cut = _slice(pixels, geometry) if straight else None
    if cut is not None:
        # Straight pages need area means and array turns only: nothing is interpolated twice.
        turned = geometry.rotation_deg in {90, 270}
        fitted = _fit(cut, height, width) if turned else _fit(cut, width, height)
        return np.ascontiguousarray(np.rot90(fitted, -geometry.rotation_deg // 90 % 4))
    rim = _rim(pixels)
    scale_x, scale_y = width / geometry.width_px, height / geometry.height_px
    matrix = np.diag([scale_x, scale_y, 1.0]) @ geometry.array()
    if max(scale_x, scale_y) < _SHRINK_FIRST:
        source_height, source_width = pixels.shape[:2]
        across, down = geometry.straight_px()
        small_width = max(1, round(across * scale_x))
        small_height = max(1, round(down * scale_y))
        pixels = _fit(pixels, small_width, small_height)
        matrix = matrix @ np.diag([source_width / small_width, source_height / small_height, 1.0])
    half = np.array([[1.0, 0.0, 0.5], [0.0, 1.0, 0.5], [0.0, 0.0, 1.0]])
    centred = (np.linalg.inv(half) @ matrix @ half)[:2]
    return np.asarray(
        cv2.warpAffine(
            pixels,
            centred,
            (width, height),
            flags=cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=rim,
        ),
        dtype=np.uint8,
    )


def _slice(pixels: Pixels, geometry: Geometry) -> Pixels | None:
    """Return the part of a straight scan that is shown, or None if it is no whole pixels of it."""
    height, width = pixels.shape[:2]
    x0, y0, x1, y1 = geometry.crop or WHOLE
    edges = np.array([x0 * width, y0 * height, x1 * width, y1 * height])
    whole = np.rint(edges).astype(np.int64)
    if np.abs(edges - whole).max() > _WHOLE_PX or whole.min() < 0:
        return None
    left, top, right, bottom = whole.tolist()
    if right > width or bottom > height or left >= right or top >= bottom:
        return None
    return pixels[top:bottom, left:right]


def _fit(pixels: Pixels, width: int, height: int) -> Pixels:
    source_height, source_width = pixels.shape[:2]
    if width <= source_width and height <= source_height:
        return shrink(pixels, width, height)
    return np.asarray(
        cv2.resize(pixels, (width, height), interpolation=cv2.INTER_CUBIC), dtype=np.uint8
    )


def _rim(pixels: Pixels) -> tuple[float, ...]:
    """Return the median colour of the outermost pixels: paper, or the bed around it."""
    height, width = pixels.shape[:2]
    deep = max(1, min(height, width) // 200)
    planes = pixels.reshape(height, width, -1)
    rim = np.concatenate(
        [
            part.reshape(-1, planes.shape[2])
            for part in (
                planes[:deep],
                planes[-deep:],
                planes[:, :deep],
                planes[:, -deep:],
            )
        ]
    )
    return tuple(float(value) for value in np.median(rim, axis=0))
