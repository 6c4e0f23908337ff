"""Dossier codes: the station's temporary one and the patterns of the official ones.

An offline station never mints an official code: the system issues it (Decree 61/2018 art. 26).
"""

from __future__ import annotations

import datetime as dt
import re

TEMPORARY = re.compile(r"^TAM-[A-Z0-9]{2,8}-\d{6}-\d{4,}-\d{2}$")
OFFICIAL = (
    re.compile(r"^(\d{2,3}\.)?\d{2}\.(\d{2}\.)?[A-Y]\d{2}-\d{6}-\d{4}$"),
    re.compile(r"^[A-Y]\d{2}(\.\d{1,3}){0,3}-\d{6}-\d{4,}$"),
)
"""Circular 01/2018/TT-VPCP art. 19 and the form of Circular 03/2025/TT-VPCP art. 13."""


def check_digits(text: str) -> str:
    """The two check digits of ``text``, hyphens not counted.

    Source: ISO/IEC 7064 MOD 97-10 over the base-36 values of the characters.
    """
    digits = "".join(str(int(char, 36)) for char in text.replace("-", ""))
    return f"{98 - int(digits + '00') % 97:02d}"


def temporary_code(station: str, day: dt.date, number: int) -> str:
    """The code a citizen is given until the official one is bound.

    Args:
        station: short name of the station, upper-case letters and digits.
        day: day of reception in Vietnam.
        number: running number of that day, from 1.
    """
    body = f"TAM-{station}-{day:%y%m%d}-{number:04d}"
    return f"{body}-{check_digits(body)}"


def is_temporary(code: str) -> bool:
    """Whether ``code`` is a temporary code whose check digits hold."""
    return bool(TEMPORARY.match(code)) and check_digits(code[:-3]) == code[-2:]


def is_official(code: str) -> bool:
    """Whether ``code`` has an official form and names a day that exists."""
    if not any(pattern.match(code) for pattern in OFFICIAL):
        return False
    try:
        dt.datetime.strptime(code.split("-")[1], "%y%m%d").replace(tzinfo=dt.UTC)
    except ValueError:
        return False
    return True
