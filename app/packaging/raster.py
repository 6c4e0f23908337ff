"""Pictures as bytes of light: planes, reductions and neighbourhoods.

A picture is ``uint8 HxW`` grey or ``HxWx3`` BGR; a map is ``uint8 HxW`` of 0 and 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]
    Size = tuple[int, int]

WHITE: Final = 255
_GREY_AXES: Final = 2
_LEAST_WINDOW_PX: Final = 3


def is_grey(page: Pixels) -> bool:
    """Return whether the picture has one plane."""
    return page.ndim == _GREY_AXES


def planes(page: Pixels) -> list[Pixels]:
    """Return the channels, each ``uint8 HxW``: one of a grey picture, blue, green and red else."""
    return [page] if is_grey(page) else [np.asarray(p, np.uint8) for p in cv2.split(page)]


def lightest(page: Pixels) -> Pixels:
    """Return the strongest channel of each px."""
    strongest, *others = planes(page)
    for plane in others:
        strongest = np.maximum(strongest, plane)
    return strongest


def darkest(page: Pixels) -> Pixels:
    """Return the weakest channel of each px."""
    weakest, *others = planes(page)
    for plane in others:
        weakest = np.minimum(weakest, plane)
    return weakest


def scaled_size(page: Pixels, factor: float) -> Size:
    """Return width and height of the picture times a factor, at least one px each."""
    height, width = page.shape[:2]
    return max(1, round(width * factor)), max(1, round(height * factor))


def size_of(page: Pixels) -> Size:
    """Return width and height."""
    height, width = page.shape[:2]
    return width, height


def reduced(page: Pixels, size: Size) -> Pixels:
    """Return the picture at a smaller size, each px the mean of those it stands for."""
    return np.asarray(cv2.resize(page, size, interpolation=cv2.INTER_AREA), np.uint8)


def enlarged(page: Pixels, size: Size, *, smooth: bool) -> Pixels:
    """Return the picture at a larger size: smooth between its px, or in blocks."""
    how = cv2.INTER_LINEAR if smooth else cv2.INTER_NEAREST
    return np.asarray(cv2.resize(page, size, interpolation=how), np.uint8)


def window_px(length_px: float) -> int:
    """Return the odd length next to ``length_px``, at least 3."""
    return max(_LEAST_WINDOW_PX, round(length_px) | 1)


def near(marks: Pixels, window: int) -> Pixels:
    """Return the map of what has a mark within a square of ``window`` px around it."""
    return np.asarray(cv2.dilate(marks, np.ones((window, window), np.uint8)), np.uint8)


def mean(page: Pixels, window: int) -> Pixels:
    """Return the mean over a square of ``window`` px around each px."""
    return np.asarray(cv2.blur(page, (window, window)), np.uint8)


def crowd(marks: Pixels) -> Pixels:
    """Return how many of the nine px in and around each are marked."""
    return np.asarray(cv2.boxFilter(marks, -1, (3, 3), normalize=False), np.uint8)


def over(page: Pixels, under: Pixels) -> Pixels:
    """Return the share that each px is of the one in ``under``, 255 for the whole."""
    return np.asarray(cv2.divide(page, under, scale=float(WHITE)), np.uint8)


def spread(plane: Pixels, page: Pixels) -> Pixels:
    """Return the plane once for each channel of ``page``."""
    return plane if is_grey(page) else np.asarray(cv2.merge([plane] * page.shape[2]), np.uint8)


def put(page: Pixels, where: Pixels, onto: Pixels) -> None:
    """Copy the px of ``page`` that the map marks into the same places of ``onto``."""
    cv2.copyTo(page, where, onto)
