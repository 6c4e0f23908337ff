"""From a scan and its geometry to the words of the displayed page, and all that they tell."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ocr.codes import find_codes
from ocr.fields import guess_fields
from ocr.figure_vote import voted
from ocr.findings import CodeHit, PageReading
from ocr.grey import to_grey
from ocr.identity import identity_fields
from ocr.image import PageImage
from ocr.missed import missed_lines
from ocr.print_size import SMALL_PRINT_DPI, USUAL_DPI, is_slip, reading_dpi
from ocr.quality import judge_reading
from ocr.reflow import lay_out
from ocr.rules import WHITE
from ocr.second_reading import slashes_restored
from ocr.tables import Table, find_tables
from ocr.text import PageText, joined
from ocr.warp import unruled_copy

if TYPE_CHECKING:
    from ocr.clean.facts import CleanPage
    from ocr.engine import Layout, OcrEngine
    from ocr.geometry import Geometry
    from ocr.image import Pixels
    from ocr.rules import Unruled
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
    codes = _codes(image, geometry)
    fields = (*guess_fields(text, geometry.dpi), *identity_fields(codes, text))
    return PageReading(text, codes, fields, judge_reading(text, geometry.dpi))


def _codes(image: PageImage, geometry: Geometry) -> tuple[CodeHit, ...]:
    """Return the codes of the displayed page.

    They are looked for on the scan as it lies, for which way a code is turned is all the same to
    its reader, and nothing is blurred by resampling.
    """
    scan = PageImage(to_grey(image.pixels), image.dpi_x, image.dpi_y)
    hits = []
    for hit in find_codes(scan):
        a, b, c, d = (geometry.point(x, y) for x, y in hit.quad)
        x, y = (a[0] + c[0]) / 2, (a[1] + c[1]) / 2
        if 0 <= x < geometry.width_px and 0 <= y < geometry.height_px:
            hits.append(replace(hit, quad=(a, b, c, d)))
    return tuple(sorted(hits, key=lambda hit: (hit.quad[0][1], hit.quad[0][0])))


def read_page(image: PageImage, geometry: Geometry, engine: OcrEngine) -> PageText:
    """Return the words of a page, boxes in px of the displayed page.

    Tables are read apart, row by row, and stand in the text where they stand on the page. Slips
    are read line after line, enlarged if need be, and their figures by vote. A page on which
    nothing is as large as a letter is not shown to the engine at all.

    Args:
        image: the decoded scan.
        geometry: where its pixels lie on the displayed page.
        engine: the recogniser.

    Raises:
        OcrError: what the engine raises.
    """
    slip = is_slip(geometry)
    dpi = SMALL_PRINT_DPI if slip else USUAL_DPI
    copy = unruled_copy(image, geometry, dpi)
    finer = dpi if slip else reading_dpi(copy.pixels, dpi)
    if dpi < finer <= geometry.dpi:
        dpi = finer
        copy = unruled_copy(image, geometry, dpi)
    height, width = copy.pixels.shape
    words = _words(copy, dpi, engine, "block" if slip else "page")
    if slip:
        words = voted(words, copy.pixels, dpi, engine)
    text = PageText(words, width, height, engine.identity())
    scaled = text.scaled(geometry.width_px / width, geometry.height_px / height)
    return replace(scaled, width_px=geometry.width_px, height_px=geometry.height_px)


def _words(copy: Unruled, dpi: float, engine: OcrEngine, layout: Layout) -> tuple[Word, ...]:
    """Return the words of a copy in reading order, boxes in its px."""
    page = copy.pixels
    tables = find_tables(copy.rules, dpi)
    rest = page.copy()
    for table in tables:
        x0, y0, x1, y1 = table.box
        rest[y0:y1, x0:x1] = WHITE
    words: list[Word] = []
    missed = [Table(box, ((box,),)) for box in missed_lines(rest, words, dpi)]
    if missed:
        words = list(engine.read(PageImage(rest, dpi, dpi), layout=layout).words)
        missed = [Table(box, ((box,),)) for box in missed_lines(rest, words, dpi)]
    parts = [words]
    for part in sorted([*tables, *missed], key=lambda table: table.box[1]):
        found = _read_table(page, part, dpi, engine)
        if part in missed:
            found = [word for word in found if word.conf >= _MISSED_CONF]
        after = parts.pop()
        at = _first_below(after, (part.box[1] + part.box[3]) / 2)
        parts += [after[:at], found, after[at:]]
    return slashes_restored(joined(parts))


def _first_below(words: list[Word], y: float) -> int:
    """Return the index of the first word in reading order that stands below ``y``."""
    return next((at for at, word in enumerate(words) if word.box[1] > y), len(words))


def _read_table(page: Pixels, table: Table, dpi: float, engine: OcrEngine) -> list[Word]:
    """Return the words of a table, cell by cell, boxes in px of the page; a line per cell line."""
    block = lay_out(page, table)
    if block is None:
        return []
    text = engine.read(PageImage(block.pixels, dpi, dpi), layout="block")
    words = []
    for word in text.words:
        x0, y0, x1, y1 = word.box
        at = block.strip_at((x0 + x1) / 2, (y0 + y1) / 2)
        strip = block.strips[at]
        dx, dy = strip.ink[0] - strip.left, strip.ink[1] - strip.top
        box = (x0 + dx, y0 + dy, x1 + dx, y1 + dy)
        words.append(replace(word, box=box, line=at, block=0, baseline_y=word.baseline_y + dy))
    return sorted(words, key=lambda word: (word.line, word.box[0]))
