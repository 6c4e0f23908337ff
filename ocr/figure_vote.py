"""Figures by the vote of three readings: for dotted noughts that any single one takes for nines."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from ocr.image import PageImage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ocr.engine import OcrEngine
    from ocr.image import Pixels
    from ocr.text import Word

_SOFT_PX: Final = 0.7
_LARGER: Final = 1.2
_SURE_CONF: Final = 0.9
_MIN_DIGITS: Final = 2
_CONF_DIGITS: Final = 4


def voted(words: tuple[Word, ...], page: Pixels, dpi: float, engine: OcrEngine) -> tuple[Word, ...]:
    """Return the words with every figure as most readings have it.

    Nothing is read again when all figures are sure. A figure that the readings have differently
    is trusted as much as its share of the votes.

    Args:
        words: the first reading.
        page: ``uint8 HxW`` the copy it was made from.
        dpi: its resolution.
        engine: the recogniser.
    """
    if all(word.conf >= _SURE_CONF for word in words if _is_figure(word.text)):
        return words
    soft = np.asarray(cv2.GaussianBlur(page, (0, 0), _SOFT_PX), dtype=np.uint8)
    large = cv2.resize(page, None, fx=_LARGER, fy=_LARGER, interpolation=cv2.INTER_CUBIC)
    readings = [
        engine.read(PageImage(soft, dpi, dpi), layout="block").words,
        engine.read(PageImage(np.asarray(large, dtype=np.uint8), dpi, dpi), layout="block")
        .scaled(1 / _LARGER, 1 / _LARGER)
        .words,
    ]
    return by_vote(words, readings)


def by_vote(words: Sequence[Word], readings: Sequence[Sequence[Word]]) -> tuple[Word, ...]:
    """Return ``words`` with every figure as most readings, this one among them, have it."""
    return tuple(_by_vote(word, readings) if _is_figure(word.text) else word for word in words)


def _is_figure(text: str) -> bool:
    return sum(letter.isdigit() for letter in text) >= _MIN_DIGITS


def _by_vote(word: Word, readings: Sequence[Sequence[Word]]) -> Word:
    x, y = (word.box[0] + word.box[2]) / 2, (word.box[1] + word.box[3]) / 2
    votes: dict[str, float] = defaultdict(float, {word.text: word.conf})
    for reading in readings:
        for other in reading:
            x0, y0, x1, y1 = other.box
            if x0 <= x <= x1 and y0 <= y <= y1:
                votes[other.text] += other.conf
                break
    if len(votes) == 1:
        return word
    best = max(votes, key=lambda text: (votes[text], text == word.text))
    trust = round(votes[best] / (1 + len(readings)), _CONF_DIGITS)
    return replace(word, text=best, conf=trust)
