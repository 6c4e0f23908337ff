"""Brightness of a page: what is writing keeps its darkness, what lies over it fades."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from ocr.image import Pixels

_SATURATED: Final = 50
_MIN_MARK_MM: Final = 9.0
_PAPER_LEVEL: Final = 278
_PAPER_DPI: Final = 25.0
_MM_PER_INCH: Final = 25.4


def to_grey(pixels: Pixels) -> Pixels:
    """Return ``uint8 HxW`` brightness."""
    if pixels.ndim == 2:  # noqa: PLR2004 - two axes mean one channel
        return pixels
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY), dtype=np.uint8)


def shrink(pixels: Pixels, width: int, height: int) -> Pixels:
    """Return ``pixels`` reduced by area means."""
    if (width, height) == (pixels.shape[1], pixels.shape[0]):
        return pixels
    return np.asarray(
        cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8
    )


def even_paper(grey: Pixels, dpi: float) -> Pixels:
    """Return ``grey`` divided by its paper: shadows, casts and patterns turn to even white.

    Paper lands above white, so that its grain, and pale writing that shines through from the
    back, are cut off: a recogniser spends seconds on them.

    Args:
        grey: ``uint8 HxW``.
        dpi: its resolution.
    """
    height, width = grey.shape
    step = max(1, round(dpi / _PAPER_DPI))
    small = shrink(grey, max(1, width // step), max(1, height // step))
    paper = cv2.medianBlur(cv2.dilate(small, np.ones((5, 5), np.uint8)), 15)
    paper = cv2.resize(paper, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.divide(grey, paper, scale=_PAPER_LEVEL, dst=paper), dtype=np.uint8)


def fade_marks(pixels: Pixels, dpi: float) -> Pixels:
    """Return the brightness of a page with coloured seals and signatures faded.

    Inside a coloured mark larger than any line of print only the brightest channel counts: red
    and blue ink turn pale there, black letters under them stay black. Coloured lines of print
    are no such mark and keep their darkness.

    Args:
        pixels: ``uint8 HxW`` or ``HxWx3`` BGR.
        dpi: their resolution.
    """
    grey = to_grey(pixels)
    if pixels.ndim == 2:  # noqa: PLR2004 - two axes mean one channel
        return grey
    brightest, spread = _brightest_and_spread(pixels)
    marks = _marks(spread, _MIN_MARK_MM * dpi / _MM_PER_INCH)
    if not marks:
        return grey
    inside = spread
    inside[:] = 0
    cv2.drawContours(inside, marks, -1, 255, thickness=cv2.FILLED)
    cv2.dilate(inside, np.ones((7, 7), np.uint8), dst=inside)
    return np.asarray(cv2.copyTo(brightest, inside, grey), dtype=np.uint8)


def _brightest_and_spread(pixels: Pixels) -> tuple[Pixels, Pixels]:
    """Return the largest channel of each px, and how far it lies above the smallest."""
    darkest, green, red = cv2.split(pixels)
    brightest = cv2.max(darkest, green)
    cv2.max(brightest, red, dst=brightest)
    cv2.min(darkest, green, dst=darkest)
    cv2.min(darkest, red, dst=darkest)
    cv2.subtract(brightest, darkest, dst=darkest)
    return np.asarray(brightest, dtype=np.uint8), np.asarray(darkest, dtype=np.uint8)


def _marks(spread: Pixels, least_px: float) -> list[npt.NDArray[np.int32]]:
    """Return the hulls of marks that measure ``least_px`` both ways; uses ``spread`` up."""
    cv2.threshold(spread, _SATURATED, 1, cv2.THRESH_BINARY, dst=spread)
    cv2.morphologyEx(spread, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8), dst=spread)
    outlines, _ = cv2.findContours(spread, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return [
        np.asarray(cv2.convexHull(outline), dtype=np.int32)
        for outline in outlines
        if min(cv2.boundingRect(outline)[2:]) >= least_px
    ]
