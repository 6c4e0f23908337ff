"""From a scan and its geometry to the words of the displayed page."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ocr.image import PageImage
from ocr.tables import take_tables
from ocr.text import PageText, joined
from ocr.warp import READING_DPI, unruled_copy

if TYPE_CHECKING:
    from ocr.engine import OcrEngine
    from ocr.geometry import Geometry
    from ocr.tables import Table
    from ocr.text import Word


def read_page(image: PageImage, geometry: Geometry, engine: OcrEngine) -> PageText:
    """Return the words of a page, boxes in px of the displayed page.

    Tables are read apart, row by row, and stand in the text where they stand on the page.

    Args:
        image: the decoded scan.
        geometry: where its pixels lie on the displayed page.
        engine: the recogniser.

    Raises:
        OcrError: what the engine raises.
    """
    rest, tables = take_tables(unruled_copy(image, geometry), READING_DPI)
    height, width = rest.shape
    parts = [list(engine.read(PageImage(rest, READING_DPI, READING_DPI)).words)]
    for table in tables:
        _, top, _, bottom = table.box
        after = parts.pop()
        at = _first_below(after, (top + bottom) / 2)
        parts += [after[:at], _read_table(table, engine), after[at:]]
    text = PageText(joined(parts), width, height, engine.identity())
    scaled = text.scaled(geometry.width_px / width, geometry.height_px / height)
    return replace(scaled, width_px=geometry.width_px, height_px=geometry.height_px)


def _first_below(words: list[Word], y: float) -> int:
    """Return the index of the first word in reading order that stands below ``y``."""
    return next((at for at, word in enumerate(words) if word.box[1] > y), len(words))


def _read_table(table: Table, engine: OcrEngine) -> list[Word]:
    """Return the words of a table row by row, boxes in px of the page it was taken off."""
    column = PageImage(table.column, READING_DPI, READING_DPI)
    words = []
    for word in engine.read(column, layout="block").words:
        x0, y0, x1, y1 = word.box
        middle = (y0 + y1) / 2
        left, level = table.place(x0, middle)
        dx, dy = left - x0, level - middle
        box = (x0 + dx, y0 + dy, x1 + dx, y1 + dy)
        words.append(replace(word, box=box, baseline_y=word.baseline_y + dy))
    return words
