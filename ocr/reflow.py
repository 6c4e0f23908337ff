"""A table as a plain block of lines, and the way back.

Layout analysis reads a table down its columns and drops narrow ones. Laid out anew, the lines
of a row's cells beside each other on one writing line, it is a block that needs no analysis.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from ocr.rules import WHITE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ocr.image import Pixels
    from ocr.tables import PxBox, Table

_INK_BELOW: Final = 170
_MARGIN_PX: Final = 20
_SPACE_SHARE: Final = 0.34  # a word space, in heights of a line: a wider one upsets spacing
_BELOW_PX: Final = 14
_SPECK_PX: Final = 4
_LINE_GAP_PX: Final = 3
_LINE_MIN_PX: Final = 12
_TOO_TALL: Final = 1.7
_LEVEL_SHARE: Final = 0.4


@dataclass(frozen=True, slots=True)
class Strip:
    """One line of writing in one cell.

    Args:
        ink: its box on the page, px.
        cell: number of its cell in reading order.
        left: where its left edge stands in the block, px.
        top: where its upper edge stands in the block, px.
    """

    ink: PxBox
    cell: int
    left: int
    top: int

    @property
    def right(self) -> int:
        """Right edge in the block."""
        return self.left + self.ink[2] - self.ink[0]

    @property
    def bottom(self) -> int:
        """Lower edge in the block."""
        return self.top + self.ink[3] - self.ink[1]


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """A table laid out anew.

    Args:
        pixels: ``uint8 HxW``.
        strips: its lines, cell by cell in reading order.
    """

    pixels: Pixels
    strips: tuple[Strip, ...]

    def strip_at(self, x: float, y: float) -> int:
        """Return the number of the strip nearest to a point of the block."""

        def far(strip: Strip) -> tuple[float, float]:
            return (
                max(strip.top - y, y - strip.bottom, 0.0),
                max(strip.left - x, x - strip.right, 0.0),
            )

        return min(range(len(self.strips)), key=lambda at: sum(far(self.strips[at])))


def lay_out(page: Pixels, table: Table) -> Block | None:
    """Return a table's writing as a block of lines, or None when all its cells are empty.

    Args:
        page: ``uint8 HxW``, rules painted over, paper near white.
        table: a table on it.
    """
    cell = 0
    rows: list[list[tuple[int, list[PxBox]]]] = []
    for boxes in table.rows:
        row = []
        for box in boxes:
            if lines := _lines(page, box):
                row.append((cell, lines))
            cell += 1
        rows.append(row)
    heights = [y1 - y0 for row in rows for _, lines in row for _, y0, _, y1 in lines]
    if not heights:
        return None
    usual = float(np.median(heights))
    space = max(4, round(_SPACE_SHARE * usual))
    strips: list[Strip] = []
    top = _MARGIN_PX
    for row in rows:
        for level in range(max((len(lines) for _, lines in row), default=0)):
            level_lines = [(at, lines[level]) for at, lines in row if level < len(lines)]
            beside = [(at, box) for at, box in level_lines if box[3] - box[1] <= _TOO_TALL * usual]
            alone = [[(at, box)] for at, box in level_lines if box[3] - box[1] > _TOO_TALL * usual]
            for group in ([beside] if beside else []) + alone:
                placed = _beside_each_other(page, group, top, space)
                strips += placed
                top = max(strip.bottom for strip in placed) + _BELOW_PX
    strips.sort(key=lambda strip: (strip.cell, strip.ink[1]))
    return Block(_drawn(page, strips, top + _MARGIN_PX), tuple(strips))


def _beside_each_other(
    page: Pixels, lines: Sequence[tuple[int, PxBox]], top: int, space: int
) -> list[Strip]:
    """Return lines placed on one writing line, from left to right."""
    rises = _rises(page, [box for _, box in lines])
    highest = max(rises)
    left = _MARGIN_PX
    placed = []
    for (cell, box), rise in zip(lines, rises, strict=True):
        strip = Strip(box, cell, left, top + highest - rise)
        placed.append(strip)
        left = strip.right + space
    return placed


def _rises(page: Pixels, boxes: Sequence[PxBox]) -> list[int]:
    """Return how far below its top each line's letters stand.

    Cells of a row that stand nearly level do stand level: the foot of a single ``g`` is a guess.
    """
    feet = [box[1] + _writing_line(page, box) for box in boxes]
    level = int(np.median(feet))
    return [
        (level if abs(foot - level) <= _LEVEL_SHARE * (box[3] - box[1]) else foot) - box[1]
        for foot, box in zip(feet, boxes, strict=True)
    ]


def _writing_line(page: Pixels, box: PxBox) -> int:
    """Return how far below the top of a line its letters stand."""
    x0, y0, x1, y1 = box
    ink = np.count_nonzero(page[y0:y1, x0:x1] < _INK_BELOW, axis=1)
    return int(np.flatnonzero(ink >= 0.5 * ink.max())[-1])


def _lines(page: Pixels, cell: PxBox) -> list[PxBox]:
    """Return the boxes of the lines of writing in a cell."""
    x0, y0, x1, y1 = cell
    ink = (page[y0:y1, x0:x1] < _INK_BELOW).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    keep = stats[:, cv2.CC_STAT_AREA] > _SPECK_PX
    keep[0] = False
    marks = keep[labels]
    spans = _spans(np.flatnonzero(marks.any(axis=1)))
    boxes = []
    for top, bottom in spans:
        columns = np.flatnonzero(marks[top:bottom].any(axis=0))
        boxes.append(
            (
                max(x0, x0 + int(columns[0]) - 2),
                max(y0, y0 + top - 2),
                min(x1, x0 + int(columns[-1]) + 3),
                min(y1, y0 + bottom + 2),
            )
        )
    return boxes


def _spans(inked_rows: np.ndarray[tuple[int, ...], np.dtype[np.intp]]) -> list[tuple[int, int]]:
    """Return first and last row of each line; marks over and under letters join their line."""
    spans: list[tuple[int, int]] = []
    for row in inked_rows.tolist():
        if spans and row - spans[-1][1] <= _LINE_GAP_PX:
            spans[-1] = spans[-1][0], row + 1
        else:
            spans.append((row, row + 1))
    joined: list[tuple[int, int]] = []
    for top, bottom in spans:
        small = bottom - top < _LINE_MIN_PX
        after_small = joined and joined[-1][1] - joined[-1][0] < _LINE_MIN_PX
        if joined and (small or after_small):
            joined[-1] = joined[-1][0], bottom
        else:
            joined.append((top, bottom))
    return joined


def _drawn(page: Pixels, strips: Sequence[Strip], height: int) -> Pixels:
    width = max(strip.right for strip in strips) + _MARGIN_PX
    block = np.full((height, width), WHITE, np.uint8)
    for strip in strips:
        x0, y0, x1, y1 = strip.ink
        block[strip.top : strip.bottom, strip.left : strip.right] = page[y0:y1, x0:x1]
    return block
