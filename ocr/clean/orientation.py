"""Which way up the page is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from ocr.clean.ink import MM_PER_INCH, InkMap
from ocr.geometry import QUARTERS, Crop, Geometry
from ocr.grey import even_paper, to_grey
from ocr.image import PageImage
from ocr.warp import READING_DPI, render

if TYPE_CHECKING:
    from ocr.clean.deskew import Skew
    from ocr.engine import OcrEngine

LOOKING_DPI: Final = 150.0
UNDECIDED: Final = "orientation.undecided"
_SURE: Final = 0.5
_SURE_OF_FEW: Final = 0.75
_SURE_OF_MANY: Final = 0.8
_NEVER: Final = 2.0
_PART_SHARE: Final = 0.45
_FEW_MARKS: Final = 800
_DENSE_MARKS: Final = 1500
_SMALL_PRINT_MARKS: Final = 2400
_DENSE_SHARE: Final = 0.22
SMALL_PRINT_DPI: Final = 300.0
_TRUSTED: Final = 0.6
_WORD_LETTERS: Final = 2
_LEAST_SAID: Final = 8.0  # letters
_CLEARLY_MORE: Final = 1.4


@dataclass(frozen=True, slots=True)
class Orientation:
    """The clockwise quarter turn that makes a page upright, trust 0 to 1, reason of doubt."""

    rotation_deg: int
    confidence: float
    reason: str | None


def find_orientation(
    image: PageImage,
    inked: InkMap,
    skew: Skew,
    reader: OcrEngine | None,
    crop: Crop | None = None,
) -> Orientation:
    """Return the quarter turn to apply after the skew is undone.

    The part of the page with the most writing is looked at first, which takes a fraction of the
    time; where that leaves doubt, the whole page; what doubt is left, as on a card, is settled by
    reading it both ways.

    Args:
        image: the scan.
        inked: its ink map.
        skew: that is undone first, and whether the lines run down the scan.
        reader: tells which way up a text is, and reads it.
        crop: the paper on the straightened scan.
    """
    if reader is None:
        return Orientation(0, 0.0, None)
    dpi = inked.px_per_mm * MM_PER_INCH * inked.fine.shape[1] / inked.grey.shape[1]
    grey = PageImage(inked.fine, dpi, dpi)
    straight = render(grey, Geometry.plan(grey, skew_deg=skew.skew_deg), min(dpi, LOOKING_DPI))
    part = _fullest(straight, inked)
    marks = cv2.connectedComponents(inked.ink, connectivity=8)[0]
    sure = _sure(marks)
    found = None if part is None else reader.detect_orientation(part)
    if found is None or found[1] < sure:
        found = _surer(found, reader.detect_orientation(straight))
    if found is not None and found[1] >= sure:
        return Orientation(found[0], found[1], None)
    looked_at = _readable_part(image, inked, skew, crop, dense=marks >= _DENSE_MARKS)
    return _by_reading(looked_at, skew, reader, found)


def _sure(marks: int) -> float:
    """Return how sure an opinion from shapes alone must be on a page with so many marks.

    Few letters are little to go by, and of small print the shapes are lost.
    """
    if marks < _FEW_MARKS:
        return _SURE_OF_FEW
    if marks < _DENSE_MARKS:
        return _SURE
    return _SURE_OF_MANY if marks < _SMALL_PRINT_MARKS else _NEVER


def _surer(
    one: tuple[int, float] | None, other: tuple[int, float] | None
) -> tuple[int, float] | None:
    return max((each for each in (one, other) if each), key=lambda each: each[1], default=None)


def _readable_part(
    image: PageImage, inked: InkMap, skew: Skew, crop: Crop | None, *, dense: bool
) -> PageImage:
    """Return what is read of a doubtful page: of small print little, and close up."""
    grey = PageImage(to_grey(image.pixels), image.dpi_x, image.dpi_y)
    geometry = Geometry.plan(grey, skew_deg=skew.skew_deg, crop=crop)
    dpi = SMALL_PRINT_DPI if dense else READING_DPI
    page = render(grey, geometry, dpi)
    part = None
    # Where no lines were found, the fullest part may be a picture.
    if dense or (crop is None and skew.reason is None):
        part = _fullest(page, inked, _DENSE_SHARE if dense else _PART_SHARE)
    return PageImage(even_paper((part or page).pixels, dpi), dpi, dpi)


def _by_reading(
    shown: PageImage, skew: Skew, reader: OcrEngine, guess: tuple[int, float] | None
) -> Orientation:
    """Return the way in which a part of a page says most.

    Only doubtful pages come here: cards, receipts, a few lines. Lines whose slope was found leave
    two ways, one upside down; the others are tried too where it was not.
    """
    ways: tuple[int, ...] = (90, 270) if skew.sideways else (0, 180)
    if skew.reason is not None:
        ways = QUARTERS
    said = {way: _said(shown, way, reader) for way in ways}
    best, second = sorted(ways, key=lambda way: -said[way])[:2]
    if said[best] >= _LEAST_SAID and said[best] >= _CLEARLY_MORE * said[second]:
        return Orientation(best, _SURE, None)
    if guess is None:
        return Orientation(0, 0.0, UNDECIDED)
    return Orientation(guess[0], guess[1], UNDECIDED)


def _said(page: PageImage, way_deg: int, reader: OcrEngine) -> float:
    """Return how many letters of real words are read after a turn, weighed by their trust."""
    turned = np.ascontiguousarray(np.rot90(page.pixels, -way_deg // 90 % 4))
    # As a block: layout analysis reads lines that run down too, and would make all ways equal.
    words = reader.read(PageImage(turned, page.dpi_x, page.dpi_y), layout="block").words
    return sum(
        word.conf * len(word.text)
        for word in words
        if word.conf >= _TRUSTED and sum(map(str.isalnum, word.text)) >= _WORD_LETTERS
    )


def _fullest(page: PageImage, inked: InkMap, share: float = _PART_SHARE) -> PageImage | None:
    """Return the square part of a page with the most writing, or None if that is most of it."""
    height, width = inked.ink.shape
    side = round(share * max(height, width))
    if side >= min(height, width):
        return None
    density = cv2.boxFilter(
        inked.ink.astype(np.float32), -1, (side, side), borderType=cv2.BORDER_CONSTANT
    )
    row, column = np.unravel_index(int(np.argmax(density)), density.shape)
    top = int(np.clip(int(row) - side // 2, 0, height - side))
    left = int(np.clip(int(column) - side // 2, 0, width - side))
    scale_x, scale_y = page.width_px / width, page.height_px / height
    x0, x1 = round(left * scale_x), round((left + side) * scale_x)
    y0, y1 = round(top * scale_y), round((top + side) * scale_y)
    return PageImage(np.ascontiguousarray(page.pixels[y0:y1, x0:x1]), page.dpi_x, page.dpi_y)
