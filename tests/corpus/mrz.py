"""The machine-readable zone of an invented identity card, with check digits that hold.

*Source:* ICAO Doc 9303-3 (check digits), 9303-5 (TD1).
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.corpus.people import Person

_VALUES = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def check_digit(field: str) -> str:
    """Give the check digit over a field: weights 7, 3, 1 in turn, a filler counts nought."""
    total = 0
    for place, letter in enumerate(field):
        value = 0 if letter == "<" else _VALUES.index(letter)
        total += value * (7, 3, 1)[place % 3]
    return str(total % 10)


def plain_letters(name: str) -> str:
    """Give a name in A to Z, without signs and with đ as D."""
    spread = unicodedata.normalize("NFD", name.upper().replace("Đ", "D"))
    return "".join(letter for letter in spread if not unicodedata.combining(letter))


def td1(who: Person, expiry: tuple[int, int, int]) -> tuple[str, str, str]:
    """Give the three lines; the card's number is the end of the personal number, and both stand."""
    short = who.number[-9:]
    first = f"IDVNM{short}{check_digit(short)}{who.number}<<"
    first += check_digit(first[15:29])
    born = f"{who.born[2] % 100:02d}{who.born[1]:02d}{who.born[0]:02d}"
    until = f"{expiry[2] % 100:02d}{expiry[1]:02d}{expiry[0]:02d}"
    sex = "F" if who.woman else "M"
    second = f"{born}{check_digit(born)}{sex}{until}{check_digit(until)}VNM" + "<" * 11
    second += check_digit(first[5:30] + second[0:7] + second[8:15] + second[18:29])
    family, *rest = plain_letters(who.name).split()
    third = f"{family}<<{'<'.join(rest)}"[:30].ljust(30, "<")
    return first, second, third
