"""Finds the machine-readable lines among the words of a page.

Recognisers split these lines, join them, and read ``<`` as many things; so whole rows of the
page are searched for the pattern of digits and letters, whatever words they came in.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ocr.mrz_format import CardLines, Mrz, PassportLine, card, name_of, passport
from ocr.text import PageText, Word, WordBox

_ALIKE: Final = {
    **dict.fromkeys("«≪", "<<"),
    **dict.fromkeys("‹〈⟨＜({[‚", "<"),
    **dict.fromkeys("đĐ", "D"),
    **dict.fromkeys("øØ∅", "0"),
}
_LETTER_FOR: Final = str.maketrans("01852", "OIBSZ")
_D: Final = "[0-9OIBSZ]"
_F: Final = "[<KCELSXT]"  # how fillers are read
_CARD_1: Final = re.compile(rf"([A-Z]{{3}})({_D}{{9}})({_D})({_D}{{12}}){_F}{{0,5}}({_D})")
_CARD_2: Final = re.compile(
    rf"({_D}{{6}})({_D})([MFN<])({_D}{{6}})({_D})([A-Z]{{3}}){_F}{{2,16}}({_D})(?![0-9])"
)
_PASSPORT_1: Final = re.compile(r"P[A-Z<]VNM([A-Z<]{5,39})")
_PASSPORT_2: Final = re.compile(
    rf"([A-Z0-9<]{{9}})({_D})(VNM)({_D}{{6}})({_D})([MFN<])({_D}{{6}})({_D})"
    rf"([0-9OIBSZ<]{{14}})([0-9OIBSZ<])({_D})"
)
_NAME: Final = re.compile(r"[A-Z]{1,20}<<[A-Z][A-Z<]*")
_MAX_FOUND: Final = 8
_NEXT_ROWS: Final = 3
_SAME_ROW: Final = 0.5


@dataclass(frozen=True, slots=True)
class MrzHit:
    """Lines that were read, and where they stand.

    Args:
        mrz: what they say.
        boxes: one for each line, px of the page; the name's line last when it was read.
        conf: the least trust in a word of the first two lines.
    """

    mrz: Mrz
    boxes: tuple[WordBox, ...]
    conf: float


def read_mrz(text: PageText) -> tuple[MrzHit, ...]:
    """Return the machine-readable lines on a page, from top to bottom; at most 8 documents."""
    rows = _rows(text.words)
    found: list[MrzHit] = []
    for at, row in enumerate(rows):
        near = rows[at : at + 1 + _NEXT_ROWS]
        for first in _CARD_1.finditer(row.text):
            found += _card(row, first, near)
        for second in _PASSPORT_2.finditer(row.text):
            found += _passport(row, second, rows[max(0, at - _NEXT_ROWS) : at + 1])
    return tuple(found[:_MAX_FOUND])


@dataclass(frozen=True, slots=True)
class _Row:
    """The letters of one row of the page and the word each came from."""

    text: str
    words: tuple[Word, ...]

    def box(self, start: int, end: int) -> WordBox:
        boxes = [word.box for word in self.words[start:end]]
        x0, y0, x1, y1 = zip(*boxes, strict=True)
        return min(x0), min(y0), max(x1), max(y1)

    def conf(self, start: int, end: int) -> float:
        return min(word.conf for word in self.words[start:end])


def _rows(words: Sequence[Word]) -> list[_Row]:
    """Return words that stand at one height as rows, from top to bottom."""
    rows: list[list[Word]] = []
    for word in sorted(words, key=_middle):
        height = word.box[3] - word.box[1]
        if rows and _middle(word) - _middle(rows[-1][-1]) <= _SAME_ROW * height:
            rows[-1].append(word)
        else:
            rows.append([word])
    return [_row(sorted(row, key=lambda word: word.box[0])) for row in rows]


def _middle(word: Word) -> float:
    return (word.box[1] + word.box[3]) / 2


def _row(words: Sequence[Word]) -> _Row:
    pairs = [(char, word) for word in words for char in _cleaned(word.text)]
    return _Row("".join(char for char, _ in pairs), tuple(word for _, word in pairs))


def _cleaned(text: str) -> str:
    """Return capitals, digits and fillers only; accents are what a recogniser imagined."""
    alike = "".join(_ALIKE.get(char, char) for char in text)
    bare = unicodedata.normalize("NFD", alike).upper()
    return "".join(char for char in bare if char.isascii() and (char.isalnum() or char == "<"))


def _card(row: _Row, first: re.Match[str], near: Sequence[_Row]) -> Iterator[MrzHit]:
    """Yield the card whose first line was found, once its second is found too."""
    for at, below in enumerate(near):
        second = _CARD_2.search(below.text, first.end() if below is row else 0)
        if second is None:
            continue
        names = [(below, second.end()), *((other, 0) for other in near[at + 1 : at + 2])]
        name, name_box = _name(names)
        state, document, document_check, optional, optional_check = first.groups()
        birth, birth_check, sex, expiry, expiry_check, nation, composite = second.groups()
        lines = CardLines(
            state=state,
            document=(document, document_check),
            optional=(optional, optional_check),
            birth=(birth, birth_check),
            sex=sex,
            expiry=(expiry, expiry_check),
            nationality=nation,
            composite=composite,
        )
        mrz = card(lines, name)
        if mrz is not None:
            boxes = (row.box(*first.span()), below.box(*second.span()), *name_box)
            conf = min(row.conf(*first.span()), below.conf(*second.span()))
            yield MrzHit(mrz, boxes, conf)
        return


def _name(places: Sequence[tuple[_Row, int]]) -> tuple[str, tuple[WordBox, ...]]:
    for row, start in places:
        # A name holds no digits, and no check digit either: it always stays a reading.
        found = _NAME.search(row.text.translate(_LETTER_FOR), start)
        if found is not None:
            return name_of(found.group()), (row.box(*found.span()),)
    return "", ()


def _passport(row: _Row, second: re.Match[str], near: Sequence[_Row]) -> Iterator[MrzHit]:
    """Yield the passport whose second line was found, with the name of the line above."""
    name, name_box = "", tuple[WordBox, ...]()
    for above in reversed(near):
        first = _PASSPORT_1.search(above.text, 0, second.start() if above is row else 2**16)
        if first is not None:
            name, name_box = name_of(first.group(1)), (above.box(*first.span(1)),)
            break
    groups = second.groups()
    document, document_check, nation, birth, birth_check, sex, expiry, expiry_check = groups[:8]
    optional, optional_check, composite = groups[8:]
    line = PassportLine(
        document=(document, document_check),
        nationality=nation,
        birth=(birth, birth_check),
        sex=sex,
        expiry=(expiry, expiry_check),
        optional=(optional, optional_check),
        composite=composite,
    )
    box = row.box(*second.span())
    yield MrzHit(passport(line, name), (box, box, *name_box), row.conf(*second.span()))
