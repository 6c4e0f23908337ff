"""Page number, dossier code, last day of validity, and days that do not stand in the head."""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

from ocr.fields.dates import Day, days
from ocr.fields.layout import Layout, Piece, lowest_trust, union
from ocr.findings import FieldGuess
from ocr.text import Word

_EDGE: Final = 0.12
_MOST_PAGES: Final = 999
_OF_TOTAL: Final = re.compile(
    r"^\W*trang\s*(?:so\s*)?[:.]?\s*([0-9]{1,3})\s*(?:/|tren|cua)\s*([0-9]{1,3})\W*$"
)
_SLASHED: Final = re.compile(r"^\W{0,2}([0-9]{1,3})\s?/\s?([0-9]{1,3})\W{0,2}$")
_DASHED: Final = re.compile(r"^[-–—]\s?([0-9]{1,3})\s?[-–—]$")
_PLAIN: Final = re.compile(r"^(?:trang\s*)?([0-9]{1,3})\.?$")
_CODES: Final = (
    re.compile(
        r"(?<![\w.])((?:[0-9]{2,3}\.)?[0-9]{2}\.(?:[0-9]{2}\.)?[A-Y][0-9]{2}-([0-9]{6})-[0-9]{4})(?![\w-])"
    ),
    re.compile(r"(?<![\w.])([A-Y][0-9]{2}(?:\.[0-9]{1,3}){0,3}-([0-9]{6})-[0-9]{4,})(?![\w-])"),
)
_UNTIL: Final = re.compile(
    r"(?:co )?gia tri (?:su dung )?(?:den|toi)|het han"
    r"|thoi han (?:su dung )?(?:den|toi)|hieu luc den|han su dung|date of expiry|expiry date"
    r"|valid until"
)
_OTHERS_PAPER: Final = re.compile(r"can cuoc|cmnd|cccd|chung minh|ho chieu|dinh danh")
_REGISTERED: Final = re.compile(r"ngay, thang, nam dang ky\W{0,3}$|ngay dang ky\W{0,3}$")
_TODAY: Final = re.compile(r"^\W{0,2}hom nay\W{0,3}$")
_PLACE: Final = re.compile(r"^[^0-9:;]{0,40},\s*$")
_NEAR: Final = 12
_LABEL_REACH: Final = 6.0


def guess_label(layout: Layout) -> list[FieldGuess]:
    """Return the printed page number as ``n/m`` or ``n``."""
    for piece in layout.pieces:
        if (match := _OF_TOTAL.match(piece.folded)) and (value := _of(match)):
            return [_guess("page_label", value, piece, "label.total")]
    edges = [
        piece
        for piece in layout.pieces
        if not _EDGE * layout.height < piece.y < (1 - _EDGE) * layout.height
    ]
    for piece in edges:
        match = _SLASHED.match(piece.folded)
        if match and _outermost(layout, piece) and (value := _of(match)):
            return [_guess("page_label", value, piece, "label.slash")]
    for piece in edges:
        match = _DASHED.match(piece.folded) or _PLAIN.match(piece.folded)
        middle = layout.centred(piece, 0.08) or piece.folded.startswith("trang")
        if match and middle and _outermost(layout, piece) and int(match[1]) > 0:
            return [_guess("page_label", str(int(match[1])), piece, "label.plain")]
    return []


def _of(match: re.Match[str]) -> str:
    number, total = int(match[1]), int(match[2])
    return f"{number}/{total}" if 1 <= number <= total <= _MOST_PAGES else ""


def _outermost(layout: Layout, piece: Piece) -> bool:
    """Whether a line is the first or the last of its page, nothing beside it."""
    if any(
        other is not piece and abs(other.y - piece.y) < layout.unit / 2 for other in layout.pieces
    ):
        return False
    if piece.y < layout.height / 2:
        return all(other.y >= piece.y for other in layout.pieces)
    return all(other.y <= piece.y for other in layout.pieces)


def guess_code(layout: Layout) -> list[FieldGuess]:
    """Return the code of a dossier whose day exists.

    *Source:* Circular 01/2018/TT-VPCP, article 19; Circular 03/2025/TT-VPCP, article 13.
    """
    for piece in layout.pieces:
        for pattern in _CODES:
            for match in pattern.finditer(piece.text):
                if _day_exists(match[2]):
                    words = piece.between(match.start(1), match.end(1))
                    return [_of_words("dossier_code", match[1], words, "code.form")]
    return []


def _day_exists(yymmdd: str) -> bool:
    try:
        dt.date(2000 + int(yymmdd[:2]), int(yymmdd[2:4]), int(yymmdd[4:]))
    except ValueError:
        return False
    return True


def guess_expiry(layout: Layout) -> list[FieldGuess]:
    """Return the last day a paper is good for; not that of another paper it speaks of."""
    for piece in layout.pieces:
        for day in days(piece.folded):
            before = _before(layout, piece, day)
            until = list(_UNTIL.finditer(before))
            if not until or _OTHERS_PAPER.search(before):
                continue
            if len(before) - until[-1].end() <= _NEAR:
                words = piece.between(day.start, day.stop)
                return [_of_words("expiry", day.day.isoformat(), words, "expiry.until")]
    return []


def _before(layout: Layout, piece: Piece, day: Day) -> str:
    """Return what stands before a day, the label of a form's line too, without tones."""
    label = layout.left_of(piece, _LABEL_REACH)
    start = f"{label.folded} " if label is not None else ""
    return start + piece.folded[: day.start]


def guess_day(layout: Layout, today: dt.date | None) -> list[FieldGuess]:
    """Return the day of issue of a paper whose head bears none.

    The day of registration, else the first "place, day" above the signatures, else "today".
    """
    ways: dict[str, FieldGuess] = {}
    for piece in layout.pieces:
        for day in days(piece.folded, today):
            before, inline = _before(layout, piece, day), piece.folded[: day.start]
            words = piece.between(day.start, day.stop)
            value = day.day.isoformat()
            alone = len(piece.text) - day.stop <= 2  # noqa: PLR2004 - a stop and a speck
            if _REGISTERED.search(before):
                ways.setdefault("1", _of_words("issue_date", value, words, "date.registered"))
            elif _PLACE.match(inline) and alone and piece.centre_x > layout.width / 2:
                ways.setdefault("2", _of_words("issue_date", value, words, "date.foot"))
            elif _TODAY.match(inline):
                ways.setdefault("3", _of_words("issue_date", value, words, "date.today"))
    return [ways[min(ways)]] if ways else []


def _guess(name: str, value: str, piece: Piece, rule: str) -> FieldGuess:
    return _of_words(name, value, piece.words, rule)


def _of_words(name: str, value: str, words: tuple[Word, ...], rule: str) -> FieldGuess:
    return FieldGuess(name, value, lowest_trust(words), (union(w.box for w in words),), rule)
