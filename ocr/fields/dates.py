"""Days written in words or figures, on the calendar and not in the future."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_DIGIT: Final = "[0-9oil|]"
IN_WORDS: Final = re.compile(
    rf"ng[ae]y\W{{0,3}}(?P<day>{_DIGIT}{{1,2}})\W{{0,3}}th[ao]ng\W{{0,3}}(?P<month>{_DIGIT}{{1,2}})"
    r"\W{0,3}n[ao]m\W{0,3}(?P<year>[0-9]{4})(?![0-9])"
)
IN_FIGURES: Final = re.compile(
    r"(?<![0-9/.\-])(?P<day>[0-9]{1,2})\s?([/.\-])\s?(?P<month>[0-9]{1,2})\s?\2\s?"
    r"(?P<year>[0-9]{4})(?![0-9/])"
)
_AS_DIGIT: Final = str.maketrans("oil|", "0111")
_FIRST_YEAR: Final = 1945


@dataclass(frozen=True, slots=True)
class Day:
    """A day in a text.

    Args:
        day: which.
        start: where its writing begins.
        stop: where it ends.
    """

    day: dt.date
    start: int
    stop: int


def days(folded: str, latest: dt.date | None = None) -> Iterator[Day]:
    """Yield the days that a text without tones and capitals names, from its start on.

    Args:
        folded: see :func:`ocr.fields.layout.fold_letters`.
        latest: a later day is none.
    """
    found = [*IN_WORDS.finditer(folded), *IN_FIGURES.finditer(folded)]
    for match in sorted(found, key=lambda one: one.start()):
        day = _day(match["year"], match["month"], match["day"])
        if day is not None and (latest is None or day <= latest):
            yield Day(day, match.start(), match.end())


def _day(year: str, month: str, day: str) -> dt.date | None:
    if int(year) < _FIRST_YEAR:
        return None
    try:
        return dt.date(*(int(part.translate(_AS_DIGIT)) for part in (year, month, day)))
    except ValueError:
        return None
