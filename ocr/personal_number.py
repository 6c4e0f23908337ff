"""The personal number of a Vietnamese citizen: twelve digits ``ppp g yy nnnnnn``.

*Source:* Decree 137/2015/ND-CP art. 13; Circular 59/2021/TT-BCA art. 4 and its list of places.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import datetime as dt

NUMBER: Final = re.compile(r"[0-9]{12}")
OLD_NUMBER: Final = re.compile(r"[0-9]{9}|[0-9]{12}")
MALE: Final = "Nam"
FEMALE: Final = "Nữ"
SEXES: Final = (MALE, FEMALE)
_PLACES: Final = (
    "001 002 004 006 008 010 011 012 014 015 017 019 020 022 024 025 026 027 030 031 033 034 035"
    " 036 037 038 040 042 044 045 046 048 049 051 052 054 056 058 060 062 064 066 067 068 070 072"
    " 074 075 077 079 080 082 083 084 086 087 089 091 092 093 094 095 096"
)
PLACES: Final = frozenset(_PLACES.split())
"""Provinces as they were when numbers began to be given out; merged ones keep old numbers."""
_FIRST_ABROAD: Final = 100
_FIRST_CENTURY: Final = 1900


def birth_year(number: str) -> int:
    """Return the year of birth a number tells: its fourth digit the century, then two digits."""
    return _FIRST_CENTURY + int(number[3]) // 2 * 100 + int(number[4:6])


def sex(number: str) -> str:
    """Return ``Nam`` for an even fourth digit, ``Nữ`` for an odd one."""
    return SEXES[int(number[3]) % 2]


def warnings(number: str, birth_date: dt.date | None, told_sex: str) -> tuple[str, ...]:
    """Return slugs of what a number and its person disagree about, sorted.

    ``identity.place_unknown`` (neither a province nor a country's code),
    ``identity.sex_mismatch``, ``identity.year_mismatch``. What is not known disagrees with
    nothing.

    Args:
        number: twelve digits.
        birth_date: as told beside the number.
        told_sex: ``Nam``, ``Nữ`` or empty.
    """
    found = []
    if number[:3] not in PLACES and int(number[:3]) < _FIRST_ABROAD:
        found.append("identity.place_unknown")
    if told_sex and sex(number) != told_sex:
        found.append("identity.sex_mismatch")
    if birth_date is not None and birth_year(number) != birth_date.year:
        found.append("identity.year_mismatch")
    return tuple(found)
