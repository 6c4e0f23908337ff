"""The head of a paper: number, notation, day and place of issue, issuing organ.

*Source:* Decree 30/2020/NĐ-CP, appendix I: the organ stands left on top, its number below it, the
name of the state right on top, place and day below it.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from ocr.fields.dates import days
from ocr.fields.layout import Layout, Piece, fold_letters, lowest_trust, mean_trust, union
from ocr.fields.spelling import place_spelled
from ocr.fields.terms import ORGAN_HEADS, SHORT_TYPES
from ocr.findings import FieldGuess
from ocr.text import Word

NUMBER_MAX: Final = 11
NOTATION_MAX: Final = 30
ORGAN_MAX: Final = 200
_HEAD: Final = 0.4
_SIDE: Final = 0.55
_REACH: Final = 8.0
_ORGAN_LINES: Final = 4
_ORGAN_PITCH: Final = 2.6
_NUMBER_SIGN: Final = re.compile(r"^\W{0,2}(?:s[o06]|\$o)\s?[:.;,]?\s*")
_FOOT_NUMBER: Final = re.compile(r"^\W{0,2}so\s?[:.]\s*[0-9]{1,6}\s?/\s?[a-z0-9&.\-]+$")
_FIGURES: Final = re.compile(r"([0-9]{1,6})\s*(?=/|$)")
_NOTATION: Final = re.compile(
    r"\s*/\s*((?:(?:19|20)[0-9]{2}\s*/\s*)?[A-ZĐƯ][A-Za-zĐđƯư0-9&.]*"
    r"(?:\s?[-–]\s?[A-ZĐƯ0-9][A-Za-zĐđƯư0-9&.]*)*)"
)
_REGISTER_YEAR: Final = re.compile(r"/\s*((?:19|20)[0-9]{2})$")
_REGISTRAR: Final = re.compile(r"^\W{0,2}noi dang ky(?: khai sinh| ket hon| khai tu)?\s?:\s*")
_PLACE: Final = re.compile(r"^[^0-9:;]{0,40}[,.]?\s*$")
_STATE: Final = ("cong hoa xa hoi", "cong hoa xa", "dang cong san")
_SHORT: Final = {fold_letters(short).upper(): short for short in SHORT_TYPES}


@dataclass(frozen=True, slots=True)
class Head:
    """Where the parts of a letter's head stand.

    Args:
        state: the name of the state.
        number: the line that begins with the sign "Số".
        columns: whether the organ stands left of the state's name.
    """

    state: Piece | None
    number: Piece | None
    columns: bool

    @property
    def middle_x(self) -> float | None:
        """The left end of the right column, px; None when there are no columns."""
        return self.state.box[0] if self.state is not None and self.columns else None


def find_head(layout: Layout) -> Head:
    """Return the parts of a page's head as far as they were read."""
    pieces = layout.above(_HEAD)
    state = next((piece for piece in pieces if piece.folded.startswith(_STATE)), None)
    columns = state is not None and state.centre_x > _SIDE * layout.width
    numbers = [piece for piece in pieces if _NUMBER_SIGN.match(piece.folded)]
    if state is not None and columns:
        numbers = [piece for piece in numbers if piece.box[0] < state.box[0]]
    if not numbers:
        numbers = _at_foot(layout)
    numbers = [piece for piece in numbers if _number_in(layout, piece) is not None]
    return Head(state, numbers[0] if numbers else None, columns)


def _at_foot(layout: Layout) -> list[Piece]:
    """Return the lines with the sign left below the body, where certificates bear their number."""
    return [
        piece
        for piece in layout.pieces
        if piece.y >= _HEAD * layout.height
        and piece.box[2] < layout.width / 2
        and _FOOT_NUMBER.match(piece.folded)
    ]


def guess_head(layout: Layout, head: Head, today: dt.date | None) -> list[FieldGuess]:
    """Return number, notation, day of issue and organ as far as the head shows them."""
    found: list[FieldGuess] = []
    if head.number is not None:
        found += _number_in(layout, head.number) or []
    found += _date(layout, head, today)
    found += _organ(layout, head)
    return found


def _number_in(layout: Layout, piece: Piece) -> list[FieldGuess] | None:
    """Return number and notation of a line that begins with the sign; None if it holds neither."""
    sign = _NUMBER_SIGN.match(piece.folded)
    if sign is None:
        return None
    rest = piece.text[sign.end() :]
    if not rest or rest.isdigit():
        following = layout.right_of(piece, _REACH)
        if following is not None and following.text.startswith("/"):
            piece = Piece((*piece.words, *following.words))
    figures = _FIGURES.match(piece.text, sign.end())
    at = figures.end() if figures else sign.end()
    words = list(piece.between(figures.start(1), figures.end(1))) if figures else []
    notation = _NOTATION.match(piece.text, at)
    if notation is not None:
        value = _notation(notation[1])
        if not value:
            return [_guess("number", figures[1], words, "number.sign")] if figures else None
        noted = piece.between(notation.start(1), notation.end(1))
        found = [_guess("notation", value, noted, "number.notation")]
        return [_guess("number", figures[1], words, "number.sign"), *found] if figures else found
    if figures is None:
        return None
    year = _REGISTER_YEAR.match(piece.text, at)
    if year is not None:
        words = list(piece.between(figures.start(1), year.end(1)))
        return [_guess("number", f"{figures[1]}/{year[1]}", words, "number.register")]
    return None


def _notation(printed: str) -> str:
    """Return a notation without blanks, known short forms with their stroke; "" if it is none."""
    value = re.sub(r"\s+", "", printed).replace("–", "-").strip(".-&")
    parts = re.split(r"([-/])", value)
    value = "".join(_SHORT.get(part, part) if part.isalpha() else part for part in parts)
    capitals = sum(letter.isupper() for letter in value)
    odd = any(part[:1].isalpha() and _odd(part) for part in re.split(r"[-/&.]", value))
    alone = "-" not in value and value.rsplit("/", 1)[-1] not in SHORT_TYPES
    good = capitals > 1 and not odd and not alone and len(value) <= NOTATION_MAX
    return value if good else ""


def _odd(part: str) -> bool:
    """Whether a part of a notation is misread: small letters, or a short form's letter doubled."""
    if part in SHORT_TYPES:
        return False
    shorter = (
        part[:at] + part[at + 1 :] for at, (one, other) in enumerate(pairwise(part)) if one == other
    )
    return not part.isupper() or any(short in SHORT_TYPES for short in shorter)


def _date(layout: Layout, head: Head, today: dt.date | None) -> list[FieldGuess]:
    """Return the day beside the number or below the name of the state."""
    best: tuple[float, FieldGuess] | None = None
    left = head.middle_x if head.middle_x is not None else 0.4 * layout.width
    for piece in layout.above(_HEAD):
        for day in days(piece.folded, today):
            words = piece.between(day.start, day.stop)
            box = union(word.box for word in words)
            place = _after_number(piece.text[: day.start])
            alone = len(piece.text) - day.stop <= 2  # noqa: PLR2004 - a stop and a speck
            if not (_PLACE.match(place) and alone and "ngay" in piece.folded[day.start :]):
                continue
            if (box[0] + box[2]) / 2 < left:
                continue
            anchor = head.number or head.state
            far = abs(piece.y - anchor.y) if anchor is not None else piece.y
            guess = _guess("issue_date", day.day.isoformat(), words, "date.head")
            if best is None or far < best[0]:
                best = far, guess
    return [best[1]] if best else []


def _after_number(text: str) -> str:
    """Return ``text`` without a number and notation that stand close before a place."""
    sign = _NUMBER_SIGN.match(fold_letters(text))
    notation = _NOTATION.search(text, sign.end()) if sign else None
    return text[notation.end() :] if notation else text


def _organ(layout: Layout, head: Head) -> list[FieldGuess]:
    """Return the lower organ of the left column: from the last line up to one that opens a name."""
    if head.state is None or not head.columns:
        return _registrar(layout)
    floor = head.number.y if head.number else head.state.y + 4 * layout.unit
    lines = [
        piece
        for piece in layout.above(_HEAD)
        if piece.box[2] <= head.state.box[0] + layout.unit
        and head.state.y - 2 * layout.unit <= piece.y < floor - layout.unit / 2
        and piece.upper
    ]
    lines = lines[-_ORGAN_LINES:]
    taken: list[Piece] = []
    for piece in reversed(lines):
        if taken and taken[0].y - piece.y > _ORGAN_PITCH * layout.unit:
            break
        taken.insert(0, piece)
        if _opens(piece):
            break
    if not taken or not _opens(taken[0]):
        return []
    words = [word for piece in taken for word in piece.words]
    value = place_spelled(layout, words).strip(" -–—_.*")
    if len(value) > ORGAN_MAX:
        return []
    boxes = tuple(piece.box for piece in taken)
    return [FieldGuess("organ", value, mean_trust(words), boxes, "organ.head")]


def _registrar(layout: Layout) -> list[FieldGuess]:
    """Return the office that a paper of the civil register names as the one that keeps it."""
    for piece in layout.pieces:
        label = _REGISTRAR.match(piece.folded)
        if label is None:
            continue
        words = piece.between(label.end(), len(piece.text))
        value = piece.text[label.end() :].strip()
        if words and len(value) <= ORGAN_MAX and _opens(Piece(words)):
            box = union(word.box for word in words)
            return [FieldGuess("organ", value, mean_trust(words), (box,), "organ.registrar")]
    return []


def _opens(piece: Piece) -> bool:
    """Whether a line begins the name of an organ."""
    return any(piece.folded.startswith(f"{head} ") for head in ORGAN_HEADS)


def _guess(name: str, value: str, words: tuple[Word, ...] | list[Word], rule: str) -> FieldGuess:
    box = union(word.box for word in words)
    return FieldGuess(name, value, lowest_trust(words), (box,), rule)
