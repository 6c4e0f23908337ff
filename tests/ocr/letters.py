"""How many printed letters a reader found: each true line against its best window of the text."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def plain(text: str) -> str:
    """Give ``text`` composed, with single blanks and without dotted leaders."""
    words = unicodedata.normalize("NFC", text).split()
    return " ".join(word for word in words if word.strip("."))


def distance(line: str, text: str) -> int:
    """Give the fewest letters to change so that ``line`` stands somewhere in ``text``.

    Myers 1999, the bit-parallel form with a free start and end in ``text``.
    """
    size = len(line)
    if not size:
        return 0
    places: dict[str, int] = {}
    for at, letter in enumerate(line):
        places[letter] = places.get(letter, 0) | 1 << at
    full, top = (1 << size) - 1, 1 << (size - 1)
    up, down, score = full, 0, size
    best = size
    for letter in text:
        here = places.get(letter, 0)
        diagonal = (((here & up) + up) ^ up) | here | down
        plus = (down | ~(diagonal | up)) & full
        minus = up & diagonal
        score += bool(plus & top) - bool(minus & top)
        plus, minus = (plus << 1) & full, (minus << 1) & full
        up = (minus | ~(diagonal | plus)) & full
        down = plus & diagonal
        best = min(best, score)
    return best


def errors(lines: Iterable[str], text: str) -> tuple[int, int]:
    """Give wrong letters and all letters of the true lines."""
    found = plain(text)
    wrong = total = 0
    for line in lines:
        true = plain(line)
        wrong += distance(true, found)
        total += len(true)
    return wrong, total
