"""The invisible text: each word stretched over its own box, in reading order.

A word is set at its baseline in the size of its box and squeezed or widened to the box's
width; a blank fills the gap to the next word of the line, so that copied text has its blanks.

Source: ISO 32000-1, 9.3.6 (rendering mode 3), 9.4.2 (text positioning).
"""

from __future__ import annotations

import math
import unicodedata
from typing import TYPE_CHECKING

from app.packaging.errors import PackagingError
from app.packaging.geometry import pdf_number
from app.packaging.glyphless import ADVANCE, UNITS_PER_EM

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from app.packaging.geometry import Placement
    from app.packaging.model import WordBox

FONT_RESOURCE = "F0"
MIN_SIZE_PT = 2.0
MIN_WIDTH_PT = 0.1
MIN_STRETCH = 0.001
CODES_PER_STRING = 4000  # two bytes each; a string may have 32,767 bytes
LAST_CODE = 0xFFFE
REPLACEMENT = "\ufffd"
INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"})


def readable(text: str) -> str:
    """``text`` in NFC without what has no shape on paper; inner white space becomes one blank."""
    words = unicodedata.normalize("NFC", text).split()
    kept = ("".join(c for c in w if unicodedata.category(c) not in INVISIBLE) for w in words)
    return " ".join(w for w in kept if w)


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
    out = ["BT", "3 Tr"]
    for i, (word, text) in enumerate(cleaned):
        corners = (word.x0, word.y0, word.x1, word.y1, word.baseline_y)
        if not all(map(math.isfinite, corners)):
            raise PackagingError("pack.bad_geometry", page=number)
        following = cleaned[i + 1][0] if i + 1 < len(cleaned) else None
        out += _word(word, text, following, placement, codes)
    out.append("ET\n")
    return "\n".join(out).encode("ascii")


def _word(
    word: WordBox, text: str, following: WordBox | None, placement: Placement, codes: LetterCodes
) -> Iterator[str]:
    left, right = sorted((placement.x_pt(word.x0), placement.x_pt(word.x1)))
    lower, upper = sorted((placement.y_pt(word.y0), placement.y_pt(word.y1)))
    size = max(upper - lower, MIN_SIZE_PT)
    baseline = min(max(placement.y_pt(word.baseline_y), lower - size), upper)
    yield f"/{FONT_RESOURCE} {pdf_number(size)} Tf"
    yield f"1 0 0 1 {pdf_number(left)} {pdf_number(baseline)} Tm"
    yield from _stretched(text, right - left, size, codes)
    if following is not None and following.line == word.line:
        gap = placement.x_pt(min(following.x0, following.x1)) - right
        yield from _stretched(" ", gap, size, codes)


def _stretched(text: str, width_pt: float, size_pt: float, codes: LetterCodes) -> Iterator[str]:
    natural_pt = size_pt * len(text) * ADVANCE / UNITS_PER_EM
    stretch = max(100.0 * max(width_pt, MIN_WIDTH_PT) / natural_pt, MIN_STRETCH)
    yield f"{pdf_number(stretch)} Tz"
    for string in codes.strings(text):
        yield f"{string} Tj"
