"""The slope that the words of a page share, each word and each line with a height of its own.

A value typed two pixels above its label turns the sharpest histogram by a tenth of a degree, but
not the slope within label and value. Long lines measure a slope best, short words are free of such
steps: where the two disagree by more than chance, the words are believed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from ocr.image import Pixels

    Floats = npt.NDArray[np.float64]

_MIN_WORDS: Final = 4
_MIN_FEET: Final = 3
_GAP_SHARE: Final = 0.9
_LINE_SHARE: Final = 0.35
_ROUNDS: Final = 4
_OFF_PX: Final = (4.0, 2.5, 1.6, 1.3)
_BEYOND_CHANCE: Final = 3.0
_SURE_DEG: Final = 0.03
_LETTER_PX: Final = (5, 90)


@dataclass(frozen=True, slots=True)
class LineAngle:
    """A slope, counter-clockwise positive, its standard error, the share of letters on lines."""

    angle_deg: float
    error_deg: float
    share: float


def line_angle(ink: Pixels, near_deg: float) -> LineAngle | None:
    """Return the common slope of the lines of a page near ``near_deg``, or None without lines.

    Args:
        ink: ``uint8 HxW`` 0 or 1.
        near_deg: counter-clockwise positive.
    """
    feet = _letter_feet(ink)
    if feet is None:
        return None
    x, y, tall = feet
    radians = math.radians(near_deg)
    c, s = math.cos(radians), math.sin(radians)
    along, down = x * c - y * s, y * c + x * s
    size = float(np.median(tall))
    line = _lines(down, size)
    words = _words(along, line, size)
    by_line = _common_slope(along, down, line)
    by_word = _common_slope(along, down, words)
    if by_line is None:
        return None
    slope, error, share = by_line
    if by_word is not None:
        doubt = math.hypot(by_word[1], error)
        sure = math.degrees(by_word[1]) <= _SURE_DEG
        if sure and abs(by_word[0] - slope) > _BEYOND_CHANCE * doubt:
            slope, error = by_word[:2]
    return LineAngle(near_deg - math.degrees(math.atan(slope)), math.degrees(error), share)


def _letter_feet(ink: Pixels) -> tuple[Floats, Floats, Floats] | None:
    """Return x, y and height of the letters, by the lowest row of each."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    tall, wide = stats[:, cv2.CC_STAT_HEIGHT], stats[:, cv2.CC_STAT_WIDTH]
    letter = (tall >= _LETTER_PX[0]) & (tall <= _LETTER_PX[1]) & (wide <= 6 * tall)
    letter[0] = False
    if int(letter.sum()) < _MIN_WORDS * _MIN_FEET:
        return None
    usual = float(np.median(tall[letter]))
    letter &= (tall >= 0.6 * usual) & (tall <= 2.2 * usual)
    # The foot of a letter: the mean of its lowest rows, where most of its lower edge lies.
    rows, columns = np.nonzero((ink[:-1] == 1) & (ink[1:] == 0))
    owner = labels[rows, columns]
    kept = letter[owner]
    rows, columns, owner = rows[kept], columns[kept], owner[kept]
    bottom = stats[owner, cv2.CC_STAT_TOP] + stats[owner, cv2.CC_STAT_HEIGHT] - 1
    low = rows >= bottom - 1
    rows, columns, owner = rows[low], columns[low], owner[low]
    many = np.bincount(owner, minlength=len(stats)).astype(np.float64)
    ids = np.flatnonzero(many)
    x = np.bincount(owner, columns, len(stats))[ids] / many[ids]
    y = np.bincount(owner, rows, len(stats))[ids] / many[ids]
    if len(ids) < _MIN_WORDS * _MIN_FEET:
        return None
    return x, y, tall[ids].astype(np.float64)


def _lines(down: Floats, size: float) -> npt.NDArray[np.int64]:
    """Return the number of the line each foot stands on: gaps in height part lines."""
    order = np.argsort(down, kind="stable")
    step = np.diff(down[order], prepend=down[order[0]]) > max(1.0, _LINE_SHARE * size / 2)
    line = np.empty(len(down), np.int64)
    line[order] = np.cumsum(step)
    return line


def _words(along: Floats, line: npt.NDArray[np.int64], size: float) -> npt.NDArray[np.int64]:
    """Return the number of the word each foot belongs to: wide gaps part words of a line."""
    order = np.lexsort((along, line))
    new_line = np.diff(line[order], prepend=-1) != 0
    apart = np.diff(along[order], prepend=along[order[0]]) > _GAP_SHARE * 2 * size
    word = np.empty(len(along), np.int64)
    word[order] = np.cumsum(new_line | apart)
    return word


def _common_slope(
    along: Floats, down: Floats, group: npt.NDArray[np.int64]
) -> tuple[float, float, float] | None:
    """Return slope, standard error and share of feet kept of parallel lines through the groups."""
    kept = np.ones(len(along), np.bool_)
    slope = error = 0.0
    for limit in _OFF_PX[:_ROUNDS]:
        many = np.bincount(group[kept], minlength=int(group.max()) + 1)
        kept &= many[group] >= _MIN_FEET
        if int(kept.sum()) < _MIN_WORDS * _MIN_FEET:
            return None
        ids = np.unique(group[kept], return_inverse=True)[1]
        x, y = along[kept], down[kept]
        counts = np.bincount(ids)
        dx = x - (np.bincount(ids, x) / counts)[ids]
        dy = y - (np.bincount(ids, y) / counts)[ids]
        spread = float(dx @ dx)
        if spread <= 0:
            return None
        slope = float(dx @ dy) / spread
        off = down - slope * along
        middle = np.array([np.median(off[kept][ids == each]) for each in range(len(counts))])
        level = np.full(int(group.max()) + 1, np.inf)
        level[group[kept]] = middle[ids]
        rest = dy - slope * dx
        error = math.sqrt(float(rest @ rest) / max(1, len(x) - len(counts) - 1) / spread)
        kept = np.abs(off - level[group]) <= limit
    return slope, error, float(kept.mean())
