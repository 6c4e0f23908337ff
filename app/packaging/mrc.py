"""Mixed raster content: neutral dark ink as one mask, everything else as a picture without it.

Whether a place is coloured is judged by the light that its surroundings of a third of a
millimetre take away in each channel: that ratio outlives the blurred colour of a JPEG and the
grain of the paper, for blurring moves light about but loses none.

Source: ITU-T T.44 (mixed raster content); here one mask of one colour over one picture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from app.packaging.raster import (
    WHITE,
    crowd,
    darkest,
    enlarged,
    is_grey,
    lightest,
    mean,
    near,
    over,
    put,
    reduced,
    scaled_size,
    size_of,
    spread,
    window_px,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from app.packaging.raster import Pixels
    from app.packaging.whiten import Survey

    Flags = NDArray[np.bool_]

_DPI: Final = 300.0
_EDGE: Final = 150  # the edge of a letter, half way between ink and paper
_CORE: Final = 125  # the middle of a stroke of print is as dark as this
_STROKE_REACH_PX: Final = 9
_COLOUR_WINDOW_PX: Final = 10
_COLOUR_SHARE: Final = 0.055  # of the light taken: more between two channels is colour
_COLOUR_LEAST: Final = 2
_BLACK_UNDER_RED: Final = 100  # red ink lets red light through, black takes it
_HALO_PX: Final = 5
_LEAST_PX: Final = 3
_BAND_PX: Final = 512  # rows at a time: the page is large, what is made of it must not be
_BAND_MARGIN_PX: Final = 32
_LEVELS: Final = (16, 4)  # sides in px
_KNOWN_AROUND: Final = 8  # of 255: the free share that is enough
_KNOWN: Final = 64


def neutral_ink(white: Pixels, found: Survey, dpi: float) -> Flags:
    """Return where black or grey-black ink stands, ``bool HxW``.

    Args:
        white: the whitened page, ``uint8 HxW`` grey or ``HxWx3`` BGR.
        found: its survey; places that are no paper bear no mask.
        dpi: its resolution.
    """
    height = len(white)
    ink = np.empty(white.shape[:2], np.bool_)
    for top in range(0, height, _BAND_PX):
        above = min(top, _BAND_MARGIN_PX)
        band = white[top - above : top + _BAND_PX + _BAND_MARGIN_PX]
        ink[top : top + _BAND_PX] = _dark_strokes(band, dpi)[above : above + _BAND_PX]
    ink &= enlarged(found.picture, size_of(white), smooth=False) == 0
    return ink


def _dark_strokes(white: Pixels, dpi: float) -> Flags:
    """Return the neutral dark strokes of a band of the page, ``bool hxW``."""
    light = lightest(white)
    reach = window_px(_STROKE_REACH_PX * dpi / _DPI)
    deepest = np.asarray(cv2.erode(light, np.ones((reach, reach), np.uint8)), np.uint8)
    # Half way between the paper and the stroke's own middle, which a thin one never gets dark.
    edge = np.maximum(deepest // 2 + np.uint8(WHITE // 2), np.uint8(_EDGE))
    dark = (light < edge) & (deepest < _CORE)
    if not is_grey(white):
        coloured, red = _colours(white, dpi)
        dark &= ~coloured | (red & (white[..., 2] < _BLACK_UNDER_RED))
    dark &= crowd(dark.astype(np.uint8)) >= _LEAST_PX
    return np.asarray(dark, np.bool_)


def without_ink(white: Pixels, ink: Flags, dpi: float, to_dpi: float) -> Pixels:
    """Return the whitened page at ``to_dpi`` with the ink's places filled by what lies around.

    Args:
        white: the whitened page; its ink is put out in place.
        ink: what the mask draws, ``bool HxW``.
        dpi: its resolution.
        to_dpi: resolution wanted; never above ``dpi``.
    """
    size = scaled_size(white, min(1.0, to_dpi / dpi))
    hidden = near(ink.astype(np.uint8), window_px(_HALO_PX * dpi / _DPI))
    free = (hidden - np.uint8(1)) & np.uint8(WHITE)
    for top in range(0, len(white), _BAND_PX):
        band = white[top : top + _BAND_PX]
        cv2.bitwise_and(band, spread(free[top : top + _BAND_PX], band), band)
    return _filled(reduced(white, size), reduced(free, size))


def ink_colour(white: Pixels, ink: Flags) -> tuple[int, int, int]:
    """Return the median red, green and blue inside the ink; black where there is none."""
    inside = np.asarray(cv2.erode(ink.astype(np.uint8), np.ones((3, 3), np.uint8))) > 0
    chosen = white[inside if inside.any() else ink]
    if not len(chosen):
        return (0, 0, 0)
    levels = [round(float(level)) for level in np.median(chosen.reshape(len(chosen), -1), axis=0)]
    return (levels[-1], levels[len(levels) // 2], levels[0])


def _colours(white: Pixels, dpi: float) -> tuple[Flags, Flags]:
    """Return where colour is, and where that colour is red, both ``bool HxW``."""
    small = reduced(white, scaled_size(white, 0.5))
    taken = mean(np.subtract(WHITE, small), window_px(_COLOUR_WINDOW_PX * dpi / _DPI / 2))
    most, least = lightest(taken), darkest(taken)
    limit = np.asarray(cv2.convertScaleAbs(most, alpha=_COLOUR_SHARE, beta=_COLOUR_LEAST))
    coloured = most - least > limit
    red = coloured & (taken[..., 2] == least)
    full = size_of(white)
    wide = [enlarged(flags.astype(np.uint8), full, smooth=False) > 0 for flags in (coloured, red)]
    return wide[0], wide[1]


def _filled(seen: Pixels, share: Pixels) -> Pixels:
    """Return a picture with what is hidden taken from what is seen near it; else white.

    Args:
        seen: the light of the px, less what is hidden in them.
        share: how much of each px is seen, 255 for all.
    """
    filled = np.full((1, 1, *seen.shape[2:]), WHITE, np.uint8)
    for level in _LEVELS:
        size = scaled_size(share, 1 / level)
        filled = enlarged(filled, size, smooth=True)
        _put_known(reduced(seen, size), reduced(share, size), filled, _KNOWN_AROUND)
    filled = enlarged(filled, size_of(share), smooth=True)
    for top in range(0, len(share), _BAND_PX):
        rows = slice(top, top + _BAND_PX)
        _put_known(seen[rows], share[rows], filled[rows], _KNOWN)
    return filled


def _put_known(seen: Pixels, share: Pixels, filled: Pixels, enough: int) -> None:
    """Put the mean colour of what is seen into ``filled`` where enough of a px is free."""
    put(over(seen, spread(share, seen)), (share >= enough).astype(np.uint8), filled)
