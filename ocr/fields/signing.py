"""Who signed: the name below an office, in the same column.

*Source:* Decree 30/2020/NĐ-CP, appendix I: office, signature and name stand right below the body.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ocr.fields.layout import Layout, Piece, lowest_trust
from ocr.fields.terms import FAMILY_NAMES, OFFICES, PERSONS, TITLES_BEFORE_NAMES
from ocr.findings import FieldGuess
from ocr.text import Word

_NEAREST_MM: Final = 9.0
_FARTHEST_MM: Final = 65.0
_ASIDE: Final = 0.07  # of the page's width
_FROM: Final = 0.15
_WORDS: Final = (2, 6)
_LONGEST: Final = 7
_MIDDLE: Final = frozenset({"đình", "văn", "quang", "ngọc", "kim", "thị"})
_LEAST_TRUST: Final = 0.7  # a name has no context that would show a wrong letter
_LONG_ENOUGH: Final = 7
_RECIPIENTS: Final = "noi nhan"
_MM_PER_INCH: Final = 25.4


def guess_signer(layout: Layout, dpi: float) -> list[FieldGuess]:
    """Return the name in the signing block: an office's before a person's, right before left."""
    pixel_mm = max(dpi, 1.0) / _MM_PER_INCH
    blocks = [
        (rank, piece)
        for piece in layout.pieces
        if piece.y > _FROM * layout.height and (rank := _rank(piece)) is not None
    ]
    names = [(piece, words) for piece in layout.pieces if (words := _name(piece)) is not None]
    best: tuple[tuple[int, float, float], tuple[Word, ...], Piece] | None = None
    for piece, words in names:
        for rank, office in blocks:
            below = (piece.y - office.y) / pixel_mm
            aside = abs(piece.centre_x - office.centre_x) / layout.width
            if not (_NEAREST_MM <= below <= _FARTHEST_MM and aside <= _ASIDE):
                continue
            key = (-rank, piece.centre_x, piece.y)
            if best is None or key > best[0]:
                best = key, words, piece
    if best is None:
        return _beside_recipients(layout, names, pixel_mm)
    _, words, piece = best
    value = " ".join(word.text for word in words)
    return [FieldGuess("signer", value, lowest_trust(words), (piece.box,), "signer.block")]


def _beside_recipients(
    layout: Layout, names: Sequence[tuple[Piece, tuple[Word, ...]]], pixel_mm: float
) -> list[FieldGuess]:
    """Return the name right below the list of recipients whose office a seal has covered."""
    lists = [piece for piece in layout.pieces if piece.folded.startswith(_RECIPIENTS)]
    found = [
        (piece, words)
        for piece, words in names
        if piece.box[0] > layout.width / 2
        and any(
            _NEAREST_MM <= (piece.y - one.y) / pixel_mm <= _FARTHEST_MM
            and one.box[2] < piece.box[0]
            for one in lists
        )
    ]
    if len(found) != 1:
        return []
    piece, words = found[0]
    value = " ".join(word.text for word in words)
    return [FieldGuess("signer", value, lowest_trust(words), (piece.box,), "signer.recipients")]


def _rank(piece: Piece) -> int | None:
    """Return 0 for an office, 1 for a person's part in the paper, None for other lines."""
    if not piece.upper or len(piece.words) > _LONGEST:
        return None
    folded = piece.folded.lstrip(" _-*.")
    if folded.startswith(OFFICES) or any(_almost(folded, office) for office in OFFICES):
        return 0
    return 1 if piece.folded.startswith(PERSONS) else None


def _name(piece: Piece) -> tuple[Word, ...] | None:
    """Return the words of a person's name that stands alone on its line."""
    words = list(piece.words)
    while words and _before_name(words[0]):
        words.pop(0)
    low, high = _WORDS
    if not low <= len(words) <= high:
        return None
    if not all(_syllable(word.text) and word.conf >= _LEAST_TRUST for word in words):
        return None
    if len(words) == low and words[0].text.lower() in _MIDDLE:
        return None
    return tuple(words) if Piece((words[0],)).folded in FAMILY_NAMES else None


def _before_name(word: Word) -> bool:
    """Whether a word is a degree or rank before a name: ``ThS.``, ``Đại tá``."""
    folded = Piece((word,)).folded
    return folded.strip(".") in TITLES_BEFORE_NAMES and (
        word.text.endswith(".") or word.text.islower()
    )


def _syllable(text: str) -> bool:
    return text.isalpha() and len(text) <= _LONGEST and text == text.capitalize()


def _almost(read: str, office: str) -> bool:
    """Whether a line is an office but for one letter."""
    return len(read) == len(office) >= _LONG_ENOUGH and (
        sum(one != other for one, other in zip(read, office, strict=True)) <= 1
    )
