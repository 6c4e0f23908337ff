"""Rules, frames and dotted leaders: drawn for the pen, in the way of a recogniser.

Layout analysis takes a frame for a picture and a leader for a line of its own, and drops the
words in it. They are painted over on the copy that is read, never on the page that is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from ocr.image import Pixels

WHITE: Final = 255
_INK_BELOW: Final = 190
_RULE_MM: Final = 8.0
_RULE_THICK_MM: Final = 1.0
_DOT_MM: Final = 0.6
_LARGE_DOT_MM: Final = 0.8
_PITCH_MM: Final = 1.6
_MIN_DOTS: Final = 5
_MIN_LARGE_DOTS: Final = 10
_LEVEL_MM: Final = 0.25
_LARGER: Final = 1.7
_MM_PER_INCH: Final = 25.4


@dataclass(frozen=True, slots=True, eq=False)
class Unruled:
    """A copy without rules, and the rules.

    Args:
        pixels: ``uint8 HxW``, rules and leaders painted over.
        rules: ``uint8 HxW``, 1 where a rule was.
    """

    pixels: Pixels
    rules: Pixels


def without_rules(copy: Pixels, dpi: float) -> Unruled:
    """Return an upright even-paper copy with rules and dotted leaders painted over.

    Args:
        copy: ``uint8 HxW``, paper near white.
        dpi: its resolution.
    """
    pixel_mm = dpi / _MM_PER_INCH
    ink = (copy < _INK_BELOW).astype(np.uint8)
    across, down = _runs(ink, pixel_mm), _runs(ink.T, pixel_mm).T
    rest = ink & ~(across | down)
    reach = round(_RULE_THICK_MM * pixel_mm) + 2
    lines = _not_crossed(across, rest, reach) | _not_crossed(down.T, rest.T, reach).T
    rest = np.asarray(cv2.subtract(ink, np.ascontiguousarray(lines)), dtype=np.uint8)
    dots = _leaders(rest, _DOT_MM * pixel_mm, pixel_mm, _MIN_DOTS)
    rest = np.asarray(cv2.subtract(rest, dots), dtype=np.uint8)
    dots |= _leaders(rest, _LARGE_DOT_MM * pixel_mm, pixel_mm, _MIN_LARGE_DOTS)
    painted = copy.copy()
    painted[cv2.dilate(lines | dots, np.ones((3, 3), np.uint8)) > 0] = WHITE
    return Unruled(painted, np.ascontiguousarray(across | down))


def _runs(ink: Pixels, pixel_mm: float) -> Pixels:
    """Return 1 on long thin runs along rows."""
    ink = np.ascontiguousarray(ink)
    long_run = np.ones((1, round(_RULE_MM * pixel_mm)), np.uint8)
    thick = np.ones((max(2, round(_RULE_THICK_MM * pixel_mm)), 1), np.uint8)
    runs = cv2.morphologyEx(ink, cv2.MORPH_OPEN, long_run)
    runs = cv2.subtract(runs, cv2.morphologyEx(runs, cv2.MORPH_OPEN, thick))
    grown = cv2.dilate(runs, np.ones((3, 1), np.uint8))
    return np.asarray(cv2.bitwise_and(grown, ink), dtype=np.uint8)


def _not_crossed(runs: Pixels, rest: Pixels, reach: int) -> Pixels:
    """Return ``runs`` without the places where a letter passes through them."""
    runs, rest = np.ascontiguousarray(runs), np.ascontiguousarray(rest)
    column = np.ones((reach, 1), np.uint8)
    above = cv2.dilate(rest, column, anchor=(0, 0))
    below = cv2.dilate(rest, column, anchor=(0, reach - 1))
    crossed = cv2.bitwise_and(above, below)
    return np.asarray(cv2.subtract(runs, cv2.bitwise_and(crossed, runs)), dtype=np.uint8)


def _leaders(ink: Pixels, side: float, pixel_mm: float, enough: int) -> Pixels:
    """Return 1 on dots no larger than ``side`` px that stand in a row at a close pitch.

    ``enough`` of them make a leader, more of large ones, for full stops in 14 points are as large
    as the dots of letters. Two or more make a piece of one that descenders have cut, if they stand
    at the height of a leader and are no larger than its dots: the dot under a vowel is.
    """
    _, labels, stats, centres = cv2.connectedComponentsWithStats(ink, connectivity=8)
    small = (stats[:, cv2.CC_STAT_WIDTH] <= side) & (stats[:, cv2.CC_STAT_HEIGHT] <= side)
    small[0] = False
    dots = np.flatnonzero(small)
    if len(dots) < enough:
        return np.zeros_like(ink)
    pitch = np.ones((1, max(3, round(_PITCH_MM * pixel_mm))), np.uint8)
    rows = cv2.morphologyEx(small[labels].astype(np.uint8), cv2.MORPH_CLOSE, pitch)
    _, row_labels = cv2.connectedComponents(rows, connectivity=8)
    xs, ys = centres[dots].T
    row_of_dot = row_labels[np.rint(ys).astype(int), np.rint(xs).astype(int)]
    in_row = np.bincount(row_of_dot)
    in_row[0] = 0
    sure = in_row[row_of_dot] >= enough
    if not sure.any():
        return np.zeros_like(ink)
    area = stats[dots, cv2.CC_STAT_AREA]
    level = np.zeros(ink.shape[0] + 1, np.uint8)
    level[np.rint(ys[sure]).astype(int)] = 1
    reach = 2 * round(_LEVEL_MM * pixel_mm) + 1
    near = cv2.dilate(level[:, None], np.ones((reach, 1), np.uint8))[np.rint(ys).astype(int), 0] > 0
    fits = near & (area <= _LARGER * np.median(area[sure])) & (in_row[row_of_dot] > 1)
    chosen = np.zeros(len(stats), dtype=bool)
    chosen[dots[sure | fits]] = True
    return np.asarray(chosen[labels], dtype=np.uint8)
