"""Ruled tables: their cells, and one column of text made of them.

Layout analysis reads a table down its columns and drops narrow ones. Its cells, laid below each
other in reading order, are a plain block of lines that a recogniser cannot get wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import cv2
import numpy as np

from ocr.image import Pixels
from ocr.rules import WHITE, Unruled

PxBox: TypeAlias = tuple[int, int, int, int]

_INK_BELOW: Final = 170
_MM_PER_INCH: Final = 25.4
_MIN_TABLE_MM: Final = (40.0, 8.0)
_MIN_CELL_MM: Final = (3.0, 3.0)
_MIN_CELLS: Final = 4
_MIN_COVER: Final = 0.6
_ROW_MM: Final = 2.0
_MARGIN_PX: Final = 20
_GAP_PX: Final = 14
_SPECK_PX: Final = 4


@dataclass(frozen=True, slots=True)
class Cell:
    """The writing of one cell and where it stands in the column of cells.

    Args:
        ink: box of the writing on the page, px.
        top: where the box starts in the column, px.
    """

    ink: PxBox
    top: int


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A table taken off a page.

    Args:
        box: its outer box on the page, px.
        cells: in reading order, empty ones left out.
        column: ``uint8 HxW``: the cells below each other.
    """

    box: PxBox
    cells: tuple[Cell, ...]
    column: Pixels

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Return where a point of the column stands on the page."""
        cell = self.cells[0]
        for candidate in self.cells:
            if candidate.top - _GAP_PX / 2 > y:
                break
            cell = candidate
        return x - _MARGIN_PX + cell.ink[0], y - cell.top + cell.ink[1]


def take_tables(copy: Unruled, dpi: float) -> tuple[Pixels, tuple[Table, ...]]:
    """Return the page with its tables whitened, and the tables from top to bottom."""
    pixel_mm = dpi / _MM_PER_INCH
    page = copy.pixels
    tables = []
    for box, cells in _grids(copy.rules, pixel_mm):
        inked = [ink for cell in _reading_order(cells, pixel_mm) if (ink := _ink_box(page, cell))]
        if inked:
            tables.append(_stacked(page, box, inked))
    rest = page.copy()
    for table in tables:
        x0, y0, x1, y1 = table.box
        rest[y0:y1, x0:x1] = WHITE
    return rest, tuple(sorted(tables, key=lambda table: table.box[1]))


def _grids(rules: Pixels, pixel_mm: float) -> list[tuple[PxBox, list[PxBox]]]:
    """Return outer box and cells of everything ruled that has the cells of a table."""
    drawn = cv2.dilate(rules, np.ones((5, 5), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(drawn, connectivity=8)
    found = []
    for number in range(1, count):
        x, y, w, h = (int(value) for value in stats[number, :4])
        if w < _MIN_TABLE_MM[0] * pixel_mm or h < _MIN_TABLE_MM[1] * pixel_mm:
            continue
        inside = (labels[y : y + h, x : x + w] != number).astype(np.uint8)
        _, _, holes, _ = cv2.connectedComponentsWithStats(inside, connectivity=4)
        cells = [
            (x + left, y + top, x + left + wide, y + top + tall)
            for left, top, wide, tall, area in holes[1:].tolist()
            if wide >= _MIN_CELL_MM[0] * pixel_mm
            and tall >= _MIN_CELL_MM[1] * pixel_mm
            and area >= 0.9 * wide * tall
            and left > 0
            and top > 0
            and left + wide < w
            and top + tall < h
        ]
        cover = sum((x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in cells) / (w * h)
        if len(cells) >= _MIN_CELLS and cover >= _MIN_COVER:
            found.append(((x, y, x + w, y + h), cells))
    return found


def _reading_order(cells: list[PxBox], pixel_mm: float) -> list[PxBox]:
    """Return cells row by row: a row starts where a top edge lies clearly below the last row's."""
    ordered: list[PxBox] = []
    row: list[PxBox] = []
    for cell in sorted(cells, key=lambda box: (box[1], box[0])):
        if row and cell[1] - row[0][1] > _ROW_MM * pixel_mm:
            ordered += sorted(row)
            row = []
        row.append(cell)
    return ordered + sorted(row)


def _ink_box(page: Pixels, cell: PxBox) -> PxBox | None:
    x0, y0, x1, y1 = cell
    ink = (page[y0:y1, x0:x1] < _INK_BELOW).astype(np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    marks = stats[1:][stats[1:, cv2.CC_STAT_AREA] > _SPECK_PX]
    if not len(marks):
        return None
    left, top = marks[:, 0].min(), marks[:, 1].min()
    right, bottom = (marks[:, 0] + marks[:, 2]).max(), (marks[:, 1] + marks[:, 3]).max()
    return (
        max(x0, x0 + int(left) - 2),
        max(y0, y0 + int(top) - 2),
        min(x1, x0 + int(right) + 2),
        min(y1, y0 + int(bottom) + 2),
    )


def _stacked(page: Pixels, box: PxBox, inked: list[PxBox]) -> Table:
    width = max(x1 - x0 for x0, _, x1, _ in inked) + 2 * _MARGIN_PX
    height = sum(y1 - y0 + _GAP_PX for _, y0, _, y1 in inked) + 2 * _MARGIN_PX
    column = np.full((height, width), WHITE, np.uint8)
    cells = []
    top = _MARGIN_PX
    for x0, y0, x1, y1 in inked:
        column[top : top + y1 - y0, _MARGIN_PX : _MARGIN_PX + x1 - x0] = page[y0:y1, x0:x1]
        cells.append(Cell((x0, y0, x1, y1), top))
        top += y1 - y0 + _GAP_PX
    return Table(box, tuple(cells), column)
