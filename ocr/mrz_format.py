"""The machine-readable lines of identity cards and passports: places, check digits, doubt.

*Source:* ICAO Doc 9303 part 3 (check digits, 4.9), part 4 (passports, TD3), part 5 (cards, TD1).
Vietnam puts the last nine digits of the personal number into the place of the document number
and all twelve with a check digit of their own behind it.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Final

from ocr import personal_number
from ocr.personal_number import FEMALE, MALE, PLACES

FILLER: Final = "<"
NO_EXPIRY: Final = "991231"
STATE: Final = "VNM"
_WEIGHTS: Final = (7, 3, 1)
_DIGIT_FOR: Final = str.maketrans("OIBSZ", "01852")
_RENEWAL_AGES: Final = frozenset({14, 25, 40, 60})
_TD1_OPTIONAL: Final = 11
_YOUNGEST_PASSPORT_YEARS: Final = 5
_LEAP = (2, 29)


@dataclass(frozen=True, slots=True)
class Mrz:
    """What the lines say.

    Args:
        kind: ``td1`` for a card, ``td3`` for a passport.
        number: the personal number, or empty.
        birth_date: None when it is no date.
        sex: ``Nam``, ``Nữ`` or empty.
        expiry: None when it is no date or the card does not expire.
        name: capitals without marks, family name first; empty when not read.
        checked: whether every check digit holds.
        verified: whether a card's check digits hold *and* everything it says twice agrees:
            both numbers, year and sex with the number, expiry with a birthday of renewal.
            A passport, and a card without expiry, say too little twice and are never verified.
        warnings: slugs of what does not fit, sorted.
    """

    kind: str
    number: str
    birth_date: dt.date | None
    sex: str
    expiry: dt.date | None
    name: str
    checked: bool
    verified: bool
    warnings: tuple[str, ...]


def check_digit(text: str) -> int:
    """Return the check digit of ``text``: weights 7, 3, 1; letters from 10, filler 0; mod 10."""
    return sum(_value(char) * _WEIGHTS[at % 3] for at, char in enumerate(text)) % 10


def _value(char: str) -> int:
    return 0 if char == FILLER else int(char, 36)


def _checked(text: str, digit: str) -> bool:
    return digit.isdigit() and check_digit(text) == int(digit)


def _digits(text: str, digit: str) -> tuple[str, str, bool]:
    """Return ``text`` and its check digit in digits, and whether the check holds.

    Letters are taken for the digits they look like only if the check then holds.
    """
    plain, check = text.translate(_DIGIT_FOR), digit.translate(_DIGIT_FOR)
    if _checked(plain, check):
        return plain, check, True
    return text, digit, False


@dataclass(frozen=True, slots=True)
class CardLines:
    """The parts of a card's first two lines, as read.

    Args:
        state: three letters.
        document: nine places, and their check digit.
        optional: twelve places, and the check digit over them and two fillers.
        birth: ``yymmdd`` and its check digit.
        sex: one place.
        expiry: ``yymmdd`` and its check digit.
        nationality: three letters.
        composite: the last place of line 2.
    """

    state: str
    document: tuple[str, str]
    optional: tuple[str, str]
    birth: tuple[str, str]
    sex: str
    expiry: tuple[str, str]
    nationality: str
    composite: str


def card(lines: CardLines, name: str = "") -> Mrz | None:
    """Return what a card's lines say; None when its number is not even twelve digits."""
    document, document_check, document_holds = _digits(*lines.document)
    optional, optional_check, optional_holds = _digits(*lines.optional)
    birth, birth_check, birth_holds = _digits(*lines.birth)
    expiry, expiry_check, expiry_holds = _digits(*lines.expiry)
    if not optional.isdecimal():
        return None
    upper = f"{document}{document_check}{optional}{FILLER * 2}{optional_check}"
    whole = f"{upper}{birth}{birth_check}{expiry}{expiry_check}{FILLER * _TD1_OPTIONAL}"
    holds = document_holds and optional_holds and birth_holds and expiry_holds
    checked = holds and _checked(whole, lines.composite.translate(_DIGIT_FOR))
    sex, born = _sex(lines.sex), _born(birth, optional)
    ends = None if expiry == NO_EXPIRY else _date(expiry, 2000)
    warnings = set(personal_number.warnings(optional, born, sex))
    if document != optional[3:]:
        warnings.add("identity.numbers_differ")
    if not (expiry == NO_EXPIRY or _at_renewal(born, ends)):
        warnings.add("identity.expiry_odd")
    # The place stands on the card once: it must be read in digits, not mended into them.
    complete = ends is not None and bool(sex) and lines.optional[0][:3] in PLACES
    own = lines.state == lines.nationality == STATE
    verified = checked and own and complete and not warnings
    return Mrz("td1", optional, born, sex, ends, name, checked, verified, tuple(sorted(warnings)))


@dataclass(frozen=True, slots=True)
class PassportLine:
    """The parts of a passport's second line, as read; pairs are a value and its check digit."""

    document: tuple[str, str]
    nationality: str
    birth: tuple[str, str]
    sex: str
    expiry: tuple[str, str]
    optional: tuple[str, str]
    composite: str


def passport(line: PassportLine, name: str = "") -> Mrz:
    """Return what a passport's line says; never verified, see :class:`Mrz`."""
    birth, birth_check, birth_holds = _digits(*line.birth)
    expiry, expiry_check, expiry_holds = _digits(*line.expiry)
    optional, optional_check, optional_holds = _digits(*line.optional)
    if not optional.strip(FILLER):
        optional_holds = optional_check in {FILLER, "0"}
    document, document_check = line.document[0], line.document[1].translate(_DIGIT_FOR)
    dates = f"{birth}{birth_check}{expiry}{expiry_check}"
    whole = f"{document}{document_check}{dates}{optional}{optional_check}"
    holds = birth_holds and expiry_holds and optional_holds
    checked = (
        holds
        and _checked(document, document_check)
        and _checked(whole, line.composite.translate(_DIGIT_FOR))
    )
    number = optional.strip(FILLER)
    number = number if personal_number.NUMBER.fullmatch(number) else ""
    ends, sex = _date(expiry, 2000), _sex(line.sex)
    born = _born(birth, number) if number else _born_before(birth, ends)
    warnings = personal_number.warnings(number, born, sex) if number else ()
    return Mrz("td3", number, born, sex, ends, name, checked, verified=False, warnings=warnings)


def name_of(line: str) -> str:
    """Return the name in ``FAMILY<<GIVEN<NAMES<<<``, blanks for single fillers."""
    family, _, given = line.strip(FILLER).partition(FILLER * 2)
    given = given.split(FILLER * 2)[0]
    return re.sub(FILLER + "+", " ", f"{family}{FILLER}{given}").strip()


def _sex(char: str) -> str:
    return {"M": MALE, "F": FEMALE}.get(char, "")


def _date(yymmdd: str, century: int) -> dt.date | None:
    if not yymmdd.isdecimal():
        return None
    try:
        return dt.date(century + int(yymmdd[:2]), int(yymmdd[2:4]), int(yymmdd[4:]))
    except ValueError:
        return None


def _born(yymmdd: str, number: str) -> dt.date | None:
    """Return the date of birth, the century as the personal number tells it."""
    return _date(yymmdd, personal_number.birth_year(number) // 100 * 100)


def _born_before(yymmdd: str, expiry: dt.date | None) -> dt.date | None:
    """Return the latest such date before the passport can have been issued."""
    if expiry is None:
        return None
    found = _date(yymmdd, 2000)
    if found is not None and found.year <= expiry.year - _YOUNGEST_PASSPORT_YEARS:
        return found
    return _date(yymmdd, 1900)


def _at_renewal(born: dt.date | None, expiry: dt.date | None) -> bool:
    """Whether a card ends on a birthday at which cards are renewed.

    *Source:* Law on Identity 26/2023/QH15 art. 21(1).
    """
    if born is None or expiry is None:
        return False
    same_day = (expiry.month, expiry.day) == (born.month, born.day)
    leap = (born.month, born.day) == _LEAP and (expiry.month, expiry.day) in {(2, 28), (3, 1)}
    return (same_day or leap) and expiry.year - born.year in _RENEWAL_AGES
