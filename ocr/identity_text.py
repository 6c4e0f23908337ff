"""Personal numbers written in running text, known by the words before them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from ocr import personal_number
from ocr.findings import FieldGuess
from ocr.text import PageText, Word
from ocr.vietnamese import fold

RULE: Final = "personal_number"
_CARD: Final = (
    r"can cuoc(?: cong dan)?|dinh danh(?: ca nhan)?|cccd|cmnd|cmtnd|chung minh(?: nhan dan)?"
)
_LABEL: Final = re.compile(
    rf"\b(?:so )?(?:the )?(?:{_CARD})(?:\s*[/,]\s*(?:the )?(?:{_CARD}))*(?:\s+so)?\s*[:.]*\s*"
)
_DIGITS: Final = re.compile(r"([0-9](?:[ .]?[0-9]){7,13})(?![0-9])")
_OLD_LENGTH: Final = 9
_ODD: Final = 0.7
_MAX_FOUND: Final = 16


def written_numbers(text: PageText) -> tuple[FieldGuess, ...]:
    """Return the personal numbers (twelve digits) and old ones (nine) that labels announce.

    Names are ``identity_number`` and ``old_number``; each number once, at most 16.
    """
    found: dict[str, FieldGuess] = {}
    for line in _lines(text):
        for guess in _in_line(line):
            found.setdefault(guess.value, guess)
    return tuple(found.values())[:_MAX_FOUND]


def _lines(text: PageText) -> Iterator[list[Word]]:
    line: list[Word] = []
    for word in text.words:
        if line and word.line != line[-1].line:
            yield line
            line = []
        line.append(word)
    if line:
        yield line


def _in_line(line: list[Word]) -> Iterator[FieldGuess]:
    folded, owner = "", list[int]()
    for at, word in enumerate(line):
        part = fold(word.text) + " "
        folded += part
        owner += [at] * len(part)
    for label in _LABEL.finditer(folded):
        number = _DIGITS.match(folded, label.end())
        value = re.sub(r"[ .]", "", number.group()) if number else ""
        if number is None or not personal_number.OLD_NUMBER.fullmatch(value):
            continue
        words = line[owner[number.start()] : owner[number.end() - 1] + 1]
        conf = min(word.conf for word in words)
        name = "old_number" if len(value) == _OLD_LENGTH else "identity_number"
        if name == "identity_number" and personal_number.warnings(value, None, ""):
            conf *= _ODD
        boxes = [word.box for word in words]
        x0, y0, x1, y1 = zip(*boxes, strict=True)
        box = min(x0), min(y0), max(x1), max(y1)
        yield FieldGuess(name, value, round(conf, 4), (box,), RULE)
