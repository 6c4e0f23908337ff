"""The paper of a page, and the page on white paper: ink keeps its depth, the paper's grain goes.

Nothing that is darker than the paper around it, averaged over a third of a millimetre, is
touched: pencil, faint stamps and pale signatures stay as they are. Only where nothing at all
stands does the paper become pure white. Where the page is no paper (a photo, a dark panel, the
bed of the scanner) only its lighting is evened.
"""

from __future__ import annotations

from dataclasses import dataclass
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
    reduced,
    scaled_size,
    size_of,
    spread,
    window_px,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from app.packaging.raster import Pixels

_DPI: Final = 300.0
_CELL_PX: Final = 8  # at 300 dpi: 0.7 mm
_WIDEST_LETTER_CELLS: Final = 5
_MEDIAN_CELLS: Final = 15
_PAPER_SHARE: Final = 0.85  # darker than this share of the page's paper is no paper
_TINT: Final = 28  # between the strongest and the weakest channel: coloured, not white paper
_AREA_TINT: Final = 12  # beside the page's own paper
_INK_CELLS: Final = 3  # no stroke is as wide: 2 mm
_SOLID: Final = 170  # as dark as this over more than a stroke: a panel or a part of a photo
_SOLID_REACH_CELLS: Final = 9
_TINTED_SHARE: Final = 0.06
_PALE: Final = (5, 45)  # depth of a cell in which a fine pattern lies, and nothing written
_PATTERNED_SHARE: Final = 0.25
_MID_TONES: Final = (50, 200)
_LINE_CELLS: Final = 7  # no line of print is as tall: 4.7 mm
_MID_TONE_SHARE: Final = 0.04
_MEAN_PX: Final = 6
_MARGIN_PX: Final = 18
_GRAIN_SIGMAS: Final = 4.0
_LEAST_DEPTH: Final = 6.0
_MOST_DEPTH: Final = 12.0
_MAD_TO_SIGMA: Final = 1.4826
_SAMPLE_STEP: Final = 3
_BAND_PX: Final = 256


@dataclass(frozen=True, slots=True, eq=False)
class Survey:
    """What lies where on a page, in cells of 0.7 mm.

    Args:
        paper: ``uint8 hxw`` or ``hxwx3``, colour of the paper in each cell.
        picture: map of the cells that are no paper, such as photos and dark panels.
        plain: why the page must not be whitened, or None: ``tinted``, ``patterned`` or
            ``picture``.
    """

    paper: Pixels
    picture: Pixels
    plain: str | None


def survey(page: Pixels, dpi: float) -> Survey:
    """Return the survey of a displayed page.

    Args:
        page: ``uint8 HxW`` grey or ``HxWx3`` BGR.
        dpi: its resolution.
    """
    small = reduced(page, scaled_size(page, min(1.0, _DPI / dpi / _CELL_PX)))
    local = np.asarray(cv2.medianBlur(near(small, _WIDEST_LETTER_CELLS), _MEDIAN_CELLS), np.uint8)
    whole = np.median(local, axis=(0, 1)).astype(np.uint8)
    picture = (lightest(local) < _PAPER_SHARE * whole.max()).astype(np.uint8)
    picture = near(picture, _WIDEST_LETTER_CELLS)
    local[picture > 0] = whole
    paper = mean(local, _WIDEST_LETTER_CELLS)
    solid = (lightest(over(small, paper)) < _SOLID).astype(np.uint8)
    solid = np.asarray(cv2.morphologyEx(solid, cv2.MORPH_OPEN, _square(_INK_CELLS)), np.uint8)
    picture |= near(solid, _SOLID_REACH_CELLS)
    return Survey(paper, picture, _no_white_paper(small, whole, paper, picture))


def whiten(page: Pixels, found: Survey) -> Pixels:
    """Return the page with its paper divided out: the paper's mean becomes 255, inks stay.

    What is left is a reflectance: the light of each place over the light of bare paper there.
    """
    return over(page, enlarged(found.paper, size_of(page), smooth=True))


def clear_paper(white: Pixels, found: Survey, dpi: float) -> Pixels:
    """Make the empty places of a whitened page pure white, in place, and return it.

    Empty is what, averaged over a third of a millimetre, is no deeper than the page's own grain,
    and lies a millimetre from anything that is.
    """
    small = reduced(white, scaled_size(white, 0.5))
    per_px = dpi / _DPI / 2
    depth = mean(np.subtract(WHITE, darkest(small)), window_px(_MEAN_PX * per_px))
    picture = enlarged(found.picture, size_of(small), smooth=False)
    marks = ((depth > _grain(depth)) | (picture > 0)).astype(np.uint8)
    marks &= crowd(marks) > 1  # grain may reach the limit in one px, a stroke goes on
    kept = near(marks, window_px(_MARGIN_PX * per_px))
    empty = enlarged((kept - np.uint8(1)) & np.uint8(WHITE), size_of(white), smooth=False)
    for top in range(0, len(white), _BAND_PX):
        band = white[top : top + _BAND_PX]
        cv2.bitwise_or(band, spread(empty[top : top + _BAND_PX], band), band)
    return white


def _grain(depth: Pixels) -> float:
    """Return the depth that the paper's own grain does not reach."""
    paper = depth[::_SAMPLE_STEP, ::_SAMPLE_STEP]
    paper = paper[paper < 2 * _MOST_DEPTH]
    if not paper.size:
        return _LEAST_DEPTH
    middle = int(np.median(paper))
    off = np.median(cv2.absdiff(paper, np.full_like(paper, middle)))
    return float(np.clip(middle + _GRAIN_SIGMAS * _MAD_TO_SIGMA * off, _LEAST_DEPTH, _MOST_DEPTH))


def _no_white_paper(small: Pixels, whole: Pixels, found: Pixels, picture: Pixels) -> str | None:
    """Return why a page must keep its paper, or None.

    Args:
        small: the page in cells.
        whole: colour of the page's paper.
        found: colour of the paper in each cell.
        picture: map of the cells that are no paper.
    """
    if _tinted(small, whole):
        return "tinted"
    depth = np.subtract(WHITE, darkest(over(small, found)))
    inked = near((depth > _PALE[1]).astype(np.uint8), _WIDEST_LETTER_CELLS)
    bare = (inked == 0) & (picture == 0)
    if bare.any() and (depth[bare] > _PALE[0]).mean() > _PATTERNED_SHARE:
        return "patterned"
    middle = (depth > WHITE - _MID_TONES[1]) & (depth < WHITE - _MID_TONES[0])
    return "picture" if _areas(middle, _LINE_CELLS) > _MID_TONE_SHARE else None


def _tinted(small: Pixels, whole: Pixels) -> bool:
    """Return whether the paper is coloured, or large areas on it are."""
    if is_grey(small):
        return False
    if int(whole.max()) - int(whole.min()) > _TINT:
        return True
    beside = over(small, np.full_like(small, whole))
    high = lightest(beside)
    coloured = (high - darkest(beside) > _AREA_TINT) & (high > WHITE // 2)
    return _areas(coloured, _INK_CELLS) > _TINTED_SHARE


def _areas(flags: NDArray[np.bool_], cells: int) -> float:
    """Return the share of the page under marked areas at least so many cells wide and tall."""
    marks = flags.astype(np.uint8)
    return float(np.mean(cv2.morphologyEx(marks, cv2.MORPH_OPEN, _square(cells))))


def _square(cells: int) -> Pixels:
    return np.ones((cells, cells), np.uint8)
