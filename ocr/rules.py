"""Rules, frames and dotted leaders: drawn for the pen, in the way of a recogniser.

Layout analysis takes a frame for a picture and a leader for a line of its own, and drops the
words in it. They are painted over on the copy that is read, never on the page that is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

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
_BAND_ROWS: Final = 128


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
    ink = np.asarray(cv2.threshold(copy, _INK_BELOW - 1, 1, cv2.THRESH_BINARY_INV)[1], np.uint8)
    lines, rules = _lines(ink, pixel_mm)
    rest = np.asarray(cv2.subtract(ink, lines, dst=ink), dtype=np.uint8)
    for side_mm, enough in ((_DOT_MM, _MIN_DOTS), (_LARGE_DOT_MM, _MIN_LARGE_DOTS)):
        dots = _leaders(rest, side_mm * pixel_mm, pixel_mm, enough)
        cv2.subtract(rest, dots, dst=rest)
        cv2.bitwise_or(lines, dots, dst=lines)
    painted = copy.copy()
    painted[cv2.dilate(lines, np.ones((3, 3), np.uint8)) > 0] = WHITE
    return Unruled(painted, rules)


def _lines(ink: Pixels, pixel_mm: float) -> tuple[Pixels, Pixels]:
    """Return 1 on rules where no letter passes through them, and 1 on all of the rules."""
    across, down = _runs(ink, pixel_mm, along=1), _runs(ink, pixel_mm, along=0)
    rules = np.asarray(cv2.bitwise_or(across, down), dtype=np.uint8)
    rest = np.asarray(cv2.subtract(ink, rules), dtype=np.uint8)
    reach = round(_RULE_THICK_MM * pixel_mm) + 2
    _drop_crossed(across, rest, _bar(reach, along=0))
    _drop_crossed(down, rest, _bar(reach, along=1))
    return np.asarray(cv2.bitwise_or(across, down, dst=across), dtype=np.uint8), rules


def _bar(length: int, *, along: int) -> Pixels:
    """Return a structuring element one px thick along an axis of the page."""
    return np.ones((1, length) if along == 1 else (length, 1), np.uint8)


def _runs(ink: Pixels, pixel_mm: float, *, along: int) -> Pixels:
    """Return 1 on long thin runs along rows (1) or columns (0)."""
    long_run = _bar(round(_RULE_MM * pixel_mm), along=along)
    thick = _bar(max(2, round(_RULE_THICK_MM * pixel_mm)), along=1 - along)
    runs = cv2.morphologyEx(ink, cv2.MORPH_OPEN, long_run)
    cv2.subtract(runs, cv2.morphologyEx(runs, cv2.MORPH_OPEN, thick), dst=runs)
    grown = cv2.dilate(runs, _bar(3, along=1 - along))
    return np.asarray(cv2.bitwise_and(grown, ink, dst=grown), dtype=np.uint8)


def _drop_crossed(runs: Pixels, rest: Pixels, bar: Pixels) -> None:
    """Take out of ``runs`` the places where a letter passes through them, in place."""
    height, width = bar.shape
    crossed = cv2.dilate(rest, bar, anchor=(0, 0))
    cv2.bitwise_and(crossed, cv2.dilate(rest, bar, anchor=(width - 1, height - 1)), dst=crossed)
    cv2.subtract(runs, crossed, dst=runs)


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
    on_dots = looked_up(small, labels)
    inked = np.flatnonzero(on_dots)
    dot_of_inked = labels.reshape(-1)[inked]
    del labels  # four bytes a px, and the rows need as many
    rows = cv2.morphologyEx(on_dots, cv2.MORPH_CLOSE, pitch, dst=on_dots)
    _, row_labels = cv2.connectedComponents(rows, connectivity=8)
    xs, ys = centres[dots].T
    row_of_dot = row_labels[np.rint(ys).astype(int), np.rint(xs).astype(int)]
    del row_labels
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
    found = np.zeros_like(ink)
    found.reshape(-1)[inked] = chosen[dot_of_inked]
    return found


def looked_up(table: npt.NDArray[np.bool_], labels: cv2.typing.MatLike) -> Pixels:
    """Return ``table`` at each label, some rows at a time: NumPy widens indices to eight bytes."""
    found = np.empty(labels.shape, np.uint8)
    for top in range(0, len(labels), _BAND_ROWS):
        found[top : top + _BAND_ROWS] = table[labels[top : top + _BAND_ROWS]]
    return found
