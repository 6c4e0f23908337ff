"""From a scan and its geometry to the words of the displayed page."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ocr.codes import find_codes
from ocr.fields import guess_fields
from ocr.findings import PageReading
from ocr.image import PageImage
from ocr.missed import missed_lines
from ocr.quality import judge_reading
from ocr.reflow import lay_out
from ocr.rules import WHITE
from ocr.tables import Table, find_tables
from ocr.text import PageText, joined
from ocr.warp import READING_DPI, unruled_copy

if TYPE_CHECKING:
    from ocr.clean.facts import CleanPage
    from ocr.engine import OcrEngine
    from ocr.findings import CodeHit
    from ocr.geometry import Geometry
    from ocr.image import Pixels
    from ocr.text import Word

_MISSED_CONF: Final = 0.7


def recognise(image: PageImage, cleaned: CleanPage, engine: OcrEngine) -> PageReading:
    """Return all that reading a page finds, places in px of the displayed page.

    Args:
        image: the decoded scan.
        cleaned: how it becomes the displayed page.
        engine: the recogniser.

    Raises:
        OcrError: what the engine raises.
    """
    geometry = cleaned.geometry
    text = read_page(image, geometry, engine)
    return PageReading(
        text,
        _codes(image, geometry),
        guess_fields(text, geometry.dpi),
        judge_reading(text, geometry.dpi),
    )


def _codes(image: PageImage, geometry: Geometry) -> tuple[CodeHit, ...]:
    """Return the codes of the scan, which need no straight page, where they are displayed."""
    found = []
    for code in find_codes(image):
        a, b, c, d = (geometry.point(*corner) for corner in code.quad)
        found.append(replace(code, quad=(a, b, c, d)))
    return tuple(found)


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
    copy = unruled_copy(image, geometry)
    height, width = copy.pixels.shape
    tables = find_tables(copy.rules, READING_DPI)
    rest = copy.pixels.copy()
    for table in tables:
        x0, y0, x1, y1 = table.box
        rest[y0:y1, x0:x1] = WHITE
    words = list(engine.read(PageImage(rest, READING_DPI, READING_DPI)).words)
    missed = [Table(box, ((box,),)) for box in missed_lines(rest, words, READING_DPI)]
    parts = [words]
    for part in sorted([*tables, *missed], key=lambda table: table.box[1]):
        found = _read_table(copy.pixels, part, engine)
        if part in missed:
            found = [word for word in found if word.conf >= _MISSED_CONF]
        after = parts.pop()
        at = _first_below(after, (part.box[1] + part.box[3]) / 2)
        parts += [after[:at], found, after[at:]]
    text = PageText(joined(parts), width, height, engine.identity())
    scaled = text.scaled(geometry.width_px / width, geometry.height_px / height)
    return replace(scaled, width_px=geometry.width_px, height_px=geometry.height_px)


def _first_below(words: list[Word], y: float) -> int:
    """Return the index of the first word in reading order that stands below ``y``."""
    return next((at for at, word in enumerate(words) if word.box[1] > y), len(words))


def _read_table(page: Pixels, table: Table, engine: OcrEngine) -> list[Word]:
    """Return the words of a table, cell by cell, boxes in px of the page; a line per cell line."""
    block = lay_out(page, table)
    if block is None:
        return []
    text = engine.read(PageImage(block.pixels, READING_DPI, READING_DPI), layout="block")
    words = []
    for word in text.words:
        x0, y0, x1, y1 = word.box
        at = block.strip_at((x0 + x1) / 2, (y0 + y1) / 2)
        strip = block.strips[at]
        dx, dy = strip.ink[0] - strip.left, strip.ink[1] - strip.top
        box = (x0 + dx, y0 + dy, x1 + dx, y1 + dy)
        words.append(replace(word, box=box, line=at, block=0, baseline_y=word.baseline_y + dy))
    return sorted(words, key=lambda word: (word.line, word.box[0]))
