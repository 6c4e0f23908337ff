"""The invisible text: each word stretched over its own box, in reading order.

A word stands at its baseline, in the size of its line, squeezed or widened to its box's width;
a blank follows it in the same string unless the line ends, so that copied text has its blanks.
A letter alone always has its blank: PDFium measures empty glyphs, finds that a string of one has
no width and drops it.

Source: ISO 32000-1, 9.3.6 (rendering mode 3), 9.4.2 (text positioning).
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from app.packaging.errors import PackagingError
from app.packaging.geometry import pdf_number
from app.packaging.glyphless import ADVANCE, ASCENT, UNITS_PER_EM
from app.packaging.readable import readable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from app.packaging.geometry import Placement
    from app.packaging.model import WordBox

FONT_RESOURCE = "F0"
MIN_SIZE_PT = 2.0
MIN_WIDTH_PT = 1.0
MIN_STRETCH = 0.001
OUTLIER = 2.0  # times the usual height of a line: beyond it a box is no letter
WORD_GAP = 0.16  # of the size: poppler joins words that stand closer than 0.15
LEAST_SHARE = 0.6  # of its width that a word keeps when its neighbour is too close
CODES_PER_STRING = 4000  # two bytes each; a string may have 32,767 bytes
LAST_CODE = 0xFFFE
REPLACEMENT = "\ufffd"


class LetterCodes:
    """Two-byte codes for the letters of one document, given out in order of appearance."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}

    @property
    def letters(self) -> tuple[str, ...]:
        """The letters so far; the first has code 1."""
        return tuple(self._codes)

    def code(self, letter: str) -> int:
        """The code of one character; beyond 65,534 different ones, that of U+FFFD."""
        if letter not in self._codes and len(self._codes) >= LAST_CODE - 1:
            letter = REPLACEMENT
        return self._codes.setdefault(letter, len(self._codes) + 1)

    def strings(self, text: str) -> Iterator[str]:
        """``text`` as hexadecimal PDF strings of bounded length."""
        for start in range(0, len(text), CODES_PER_STRING):
            piece = text[start : start + CODES_PER_STRING]
            yield "<" + "".join(f"{self.code(c):04X}" for c in piece) + ">"


def text_operators(
    words: Sequence[WordBox], placement: Placement, codes: LetterCodes, number: int
) -> bytes:
    """The content operators of one page's invisible text, empty when there is none.

    Args:
        words: boxes in displayed px, in reading order.
        placement: of the page.
        codes: of the document; grows by the letters met here.
        number: of the page, from 1, for the error.

    Raises:
        PackagingError: ``pack.bad_geometry`` when a box is not made of finite numbers.
    """
    cleaned = [(word, text) for word in words if (text := readable(word.text))]
    if not cleaned:
        return b""
    for word, _ in cleaned:
        if not all(map(math.isfinite, (word.x0, word.y0, word.x1, word.y1, word.baseline_y))):
            raise PackagingError("pack.bad_geometry", page=number)
    out = ["BT", "3 Tr"]
    for _, line in groupby(cleaned, key=lambda pair: pair[0].line):
        out += _line([_on_page(word, text, placement) for word, text in line], codes)
    out.append("ET\n")
    return "\n".join(out).encode("ascii")


@dataclass(frozen=True, slots=True)
class _Placed:
    """A word on its page, in pt from the lower left corner."""

    text: str
    left: float
    right: float
    baseline: float
    ascent: float


def _on_page(word: WordBox, text: str, placement: Placement) -> _Placed:
    left, right = sorted((placement.x_pt(word.x0), placement.x_pt(word.x1)))
    lower, upper = sorted((placement.y_pt(word.y0), placement.y_pt(word.y1)))
    left = min(left, placement.width_pt - MIN_WIDTH_PT)
    right = max(right, left + MIN_WIDTH_PT)
    baseline = placement.y_pt(word.baseline_y)
    if not lower - (upper - lower) <= baseline < upper:
        baseline = lower
    return _Placed(text, left, right, baseline, upper - baseline)


def _line(words: Sequence[_Placed], codes: LetterCodes) -> Iterator[str]:
    """One size for the whole line: readers take a lone small dash for a line of its own."""
    ascents = [word.ascent for word in words]
    ascent = min(max(ascents), OUTLIER * statistics.median(ascents))
    size = max(ascent * UNITS_PER_EM / ASCENT, MIN_SIZE_PT)
    yield f"/{FONT_RESOURCE} {pdf_number(size)} Tf"
    for i, word in enumerate(words):
        following = words[i + 1] if i + 1 < len(words) else None
        natural_pt = size * len(word.text) * ADVANCE / UNITS_PER_EM
        stretch = 100.0 * _width(word, following, size) / natural_pt
        yield f"{pdf_number(max(stretch, MIN_STRETCH))} Tz"
        yield f"1 0 0 1 {pdf_number(word.left)} {pdf_number(word.baseline)} Tm"
        blank = "" if following is None and len(word.text) > 1 else " "
        for string in codes.strings(word.text + blank):
            yield f"{string} Tj"


def _width(word: _Placed, following: _Placed | None, size: float) -> float:
    """The width of a word, a little less where the next one would look like a part of it."""
    width = word.right - word.left
    if following is None or following.left <= word.left:
        return width
    room = following.left - WORD_GAP * size - word.left
    return min(width, max(room, width * LEAST_SHARE))
