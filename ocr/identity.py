"""Identity cards: what their QR code says, and whether a personal number fits its person.

A number that does not fit earns a warning, never an error: offices know of real cards that
carry one. Cards are mostly only presented, so all of this works without keeping their picture.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ocr.findings import FieldGuess
from ocr.identity_text import written_numbers
from ocr.mrz import read_mrz
from ocr.personal_number import NUMBER, OLD_NUMBER, SEXES, warnings
from ocr.vietnamese import normalise

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ocr.findings import CodeHit, Quad
    from ocr.mrz import MrzHit
    from ocr.text import PageText, WordBox

QR_RULE: Final = "cccd_qr"
MRZ_RULE: Final = "mrz"
MRZ_GUESS_RULE: Final = "mrz_guess"
_FIELDS: Final = 7
_MAX_NAME: Final = 100
_MAX_ADDRESS: Final = 400
_FIRST_YEAR: Final = 1900
_DATE: Final = re.compile(r"[0-9]{8}")
_ODD_CONF: Final = 0.7
_UNVERIFIED: Final = 0.6


@dataclass(frozen=True, slots=True)
class IdentityCard:
    """What an identity card says of its holder.

    Args:
        number: twelve digits.
        old_number: the nine digits (or twelve) of the card before, or empty.
        name: as printed, with its marks.
        birth_date: None where the card knows only the year.
        sex: ``Nam`` or ``Nữ``.
        address: place of residence, or empty.
        issue_date: None where the code is silent.
    """

    number: str
    old_number: str
    name: str
    birth_date: dt.date | None
    sex: str
    address: str
    issue_date: dt.date | None

    @property
    def warnings(self) -> tuple[str, ...]:
        """Slugs of what does not fit together, sorted; see :func:`personal_number.warnings`."""
        found = set(warnings(self.number, self.birth_date, self.sex))
        if self.birth_date and self.issue_date and self.issue_date < self.birth_date:
            found.add("identity.issued_before_birth")
        return tuple(sorted(found))


def parse_card(text: str) -> IdentityCard | None:
    """Return what the QR code of an identity card says, or None when it is no such code.

    The code reads ``number|old number|name|ddmmyyyy|sex|address|ddmmyyyy``; fields after the
    seventh are newer than this and are passed over. Error correction lets no half-read code
    through, so a field of a wrong form means another kind of code, not a damaged card.
    """
    fields = [normalise(field).strip() for field in text.split("|")]
    if len(fields) < _FIELDS:
        return None
    number, old, name, born, sex, address, issued = fields[:_FIELDS]
    sound = (
        NUMBER.fullmatch(number)
        and (not old or OLD_NUMBER.fullmatch(old))
        and _is_name(name)
        and sex.capitalize() in SEXES
        and len(address) <= _MAX_ADDRESS
        and born
    )
    if not sound:
        return None
    try:
        birth_date, issue_date = _date(born), _date(issued)
    except ValueError:
        return None
    return IdentityCard(number, old, name, birth_date, sex.capitalize(), address, issue_date)


def identity_fields(codes: Iterable[CodeHit], text: PageText) -> tuple[FieldGuess, ...]:
    """Return what a page says of persons' identity, from codes, machine lines and text.

    A page may show several persons; the fields of one stand together. What two sources agree on
    is told once, by the surer one.

    Args:
        codes: the codes of the page.
        text: its words, in px of the same page.
    """
    found: list[FieldGuess] = []
    known: set[str] = set()
    for code in codes:
        card = parse_card(code.text) if code.format == "qrcode" else None
        if card is not None and card.number not in known:
            known |= {card.number, card.old_number}
            found += _of_card(card, _quad_box(code.quad))
    for hit in read_mrz(text):
        told = hit.mrz.number != "" and hit.mrz.number in known
        found += [guess for guess in _of_mrz(hit) if not told or guess.name == "expiry"]
        known.add(hit.mrz.number)
    found += [guess for guess in written_numbers(text) if guess.value not in known]
    return tuple(found)


def _is_name(text: str) -> bool:
    letters = text.replace(" ", "").replace("'", "").replace("-", "").replace(".", "")
    return letters.isalpha() and len(text) <= _MAX_NAME


def _date(ddmmyyyy: str) -> dt.date | None:
    """Return the date; None when there is none or the day was never known (``0000yyyy``).

    Raises:
        ValueError: for anything that is no date.
    """
    if not ddmmyyyy:
        return None
    if not _DATE.fullmatch(ddmmyyyy) or int(ddmmyyyy[4:]) < _FIRST_YEAR:
        raise ValueError("no date")
    if ddmmyyyy[:4] == "0000":
        return None
    return dt.date(int(ddmmyyyy[4:]), int(ddmmyyyy[2:4]), int(ddmmyyyy[:2]))


def _quad_box(quad: Quad) -> WordBox:
    xs, ys = [x for x, _ in quad], [y for _, y in quad]
    return min(xs), min(ys), max(xs), max(ys)


def _of_card(card: IdentityCard, box: WordBox) -> Iterator[FieldGuess]:
    conf = _ODD_CONF if card.warnings else 1.0
    values = (
        ("identity_number", card.number),
        ("old_number", card.old_number),
        ("identity_name", card.name),
        ("birth_date", _iso(card.birth_date)),
        ("sex", card.sex),
        ("address", card.address),
        ("issue_date", _iso(card.issue_date)),
    )
    for name, value in values:
        if value:
            yield FieldGuess(name, value, conf, (box,), QR_RULE)


def _of_mrz(hit: MrzHit) -> Iterator[FieldGuess]:
    """Yield the fields of machine-readable lines; never surer than their words were read."""
    mrz = hit.mrz
    rule = MRZ_RULE if mrz.verified else MRZ_GUESS_RULE
    conf = round(hit.conf * (1.0 if mrz.verified else _UNVERIFIED), 4)
    first, second, *name = hit.boxes
    values = (
        ("identity_number", mrz.number, first),
        ("identity_name", mrz.name, name[0] if name else first),
        ("birth_date", _iso(mrz.birth_date), second),
        ("sex", mrz.sex, second),
        ("expiry", _iso(mrz.expiry), second),
    )
    for field, value, box in values:
        if value:
            yield FieldGuess(field, value, conf, (box,), rule)


def _iso(date: dt.date | None) -> str:
    return date.isoformat() if date else ""
