"""Ruled tables and their cells, from the rules alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import cv2
import numpy as np

from ocr.image import Pixels

PxBox: TypeAlias = tuple[int, int, int, int]

_MM_PER_INCH: Final = 25.4
_MIN_TABLE_MM: Final = (40.0, 8.0)
_MIN_CELL_MM: Final = (3.0, 3.0)
_MIN_CELLS: Final = 4
_MIN_COVER: Final = 0.6
_ROW_MM: Final = 2.0


@dataclass(frozen=True, slots=True)
class Table:
    """A ruled table on a page.

    Args:
        box: outer box, px.
        rows: boxes of the cells, px, row by row and from left to right.
    """

    box: PxBox
    rows: tuple[tuple[PxBox, ...], ...]


def find_tables(rules: Pixels, dpi: float) -> tuple[Table, ...]:
    """Return the tables of a page from top to bottom.

    Args:
        rules: ``uint8 HxW``, 1 where a rule is.
        dpi: its resolution.
    """
    pixel_mm = dpi / _MM_PER_INCH
    tables = [Table(box, _rows(cells, pixel_mm)) for box, cells in _grids(rules, pixel_mm)]
    return tuple(sorted(tables, key=lambda table: table.box[1]))


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


def _rows(cells: list[PxBox], pixel_mm: float) -> tuple[tuple[PxBox, ...], ...]:
    """Return cells row by row: one starts where a top edge lies clearly below the last's."""
    rows: list[list[PxBox]] = []
    for cell in sorted(cells, key=lambda box: (box[1], box[0])):
        if not rows or cell[1] - rows[-1][0][1] > _ROW_MM * pixel_mm:
            rows.append([])
        rows[-1].append(cell)
    return tuple(tuple(sorted(row)) for row in rows)
