"""How well a page was read: figures for the desk, and reasons where a clerk should look."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Final

from ocr.findings import ReadQuality

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ocr.text import PageText, Word

LOW_CONFIDENCE: Final = "page.low_confidence"
SMALL_PRINT: Final = "page.small_print"
LEAST_MEDIAN: Final = 0.75
LOW_CONF: Final = 0.6
MOST_LOW_SHARE: Final = 0.15
LEAST_X_HEIGHT_PX: Final = 12.0
_ENOUGH_WORDS: Final = 8
_ENOUGH_TELLING: Final = 3
_LOW_LETTERS: Final = frozenset("acemnorsuvwxzơư")
_CAPITAL_TO_X: Final = 1.44
_AT_DPI: Final = 300.0
_DIGITS: Final = 4


def judge_reading(text: PageText, dpi: float) -> ReadQuality:
    """Return how well a page was read.

    With fewer than eight words nothing is said against a page: a stamp or a stroke of a pen read
    as letters is no bad scan.

    Args:
        text: its words.
        dpi: resolution that their boxes are measured in.
    """
    confs = [word.conf for word in text.words]
    if not confs:
        return ReadQuality()
    middle = round(median(confs), _DIGITS)
    low = round(sum(conf < LOW_CONF for conf in confs) / len(confs), _DIGITS)
    x_height = _x_height(text.words, dpi)
    reasons = []
    if len(confs) >= _ENOUGH_WORDS:
        if middle < LEAST_MEDIAN or low > MOST_LOW_SHARE:
            reasons.append(LOW_CONFIDENCE)
        if 0 < x_height < LEAST_X_HEIGHT_PX:
            reasons.append(SMALL_PRINT)
    return ReadQuality(middle, low, x_height, tuple(reasons))


def _x_height(words: Iterable[Word], dpi: float) -> float:
    """Return the height of small letters at 300 dpi, 0 when no word tells it.

    Words of letters without marks, risers and tails have it; else figures and bare capitals do.
    """
    trusted = [word for word in words if word.conf >= LOW_CONF]
    small = [_height(word) for word in trusted if set(word.text) <= _LOW_LETTERS]
    if len(small) < _ENOUGH_TELLING:
        small = [_height(word) / _CAPITAL_TO_X for word in trusted if _bare_capitals(word.text)]
    if len(small) < _ENOUGH_TELLING or not dpi > 0:
        return 0.0
    return round(median(small) * _AT_DPI / dpi, 1)


def _height(word: Word) -> float:
    return max(0.0, word.box[3] - word.box[1])


def _bare_capitals(text: str) -> bool:
    return text.isascii() and (
        text.isdigit() or (text.isalpha() and text.isupper() and "Q" not in text)
    )
