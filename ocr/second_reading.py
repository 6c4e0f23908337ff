"""Dates whose slashes were read as I or 1, set right by their shape where they are doubted."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ocr.text import Word

_DOUBTED_CONF: Final = 0.6
_DATE: Final = re.compile(r"(\d{2})[I1l|/](\d{2})[I1l|/](\d{4})([.,;)]?)")
_YEARS: Final = range(1900, 2100)


def slashes_restored(words: Iterable[Word]) -> tuple[Word, ...]:
    """Return the words, with the slashes of doubted dates in their places.

    On cards a thin slash between digits is read as ``I`` or ``1``, and the engine doubts it. Only
    a word that is ten characters of a real day is touched; place and trust stay as they were, so
    that a clerk is still asked to look.
    """
    return tuple(replace(word, text=_restored(word)) for word in words)


def _restored(word: Word) -> str:
    found = _DATE.fullmatch(word.text)
    if found is None or word.conf >= _DOUBTED_CONF:
        return word.text
    day, month, year, after = found.groups()
    return f"{day}/{month}/{year}{after}" if _is_day(int(day), int(month), int(year)) else word.text


def _is_day(day: int, month: int, year: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return year in _YEARS
