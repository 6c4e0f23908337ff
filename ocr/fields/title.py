"""What a paper calls itself and what it is about.

*Source:* Decree 30/2020/NĐ-CP, appendix I: type and subject stand bold in the middle above the
body; a letter has no type and says "V/v …" below its number.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from ocr.fields.heading import Head
from ocr.fields.layout import Layout, Piece, fold_letters, mean_trust
from ocr.fields.terms import OFFICES, TYPES
from ocr.findings import FieldGuess

SUBJECT_MAX: Final = 500
LETTER: Final = "Công văn"
_TITLE_WITHIN: Final = 0.5
_LINES: Final = 6
_PITCH: Final = 2.3  # of the lines of a subject, in heights of a word
_LOOSER: Final = 1.4
_WIDER: Final = 1.12
_LONGER: Final = 1.05
_INDENT: Final = 0.06
_PLACES: Final = ("xa ", "phuong ", "thi tran ", "huyen ", "quan ", "tinh ", "thanh pho ", "thon ")
_ABOUT: Final = re.compile(r"^\W{0,2}(?:v\s?[/|l]?\s?[vwy]\b|ve viec)\s?[:.]?\s*")
_LETTER_ABOUT: Final = re.compile(r"^\W{0,2}v\s?[/|l]?\s?[vwy]\b")
_MISREAD_ABOUT: Final = re.compile(r"^v[^aeiouy\s]{1,2}\s")
_END: Final = re.compile(
    r"^\W{0,2}(can cu|kinh gui|dieu \d|chuong|phan|so\s?[:.]|ho va ten|ho, chu dem|hom nay|theo "
    r"|xet |\(?kem theo|\(?ban hanh|nam \d|ten|noi|chung toi|cap cho|chung nhan|cong hoa|ngay"
    r"|\d+\s?[.)])"
)
_FOLDED: Final = tuple(
    sorted(((fold_letters(name), name) for name in TYPES), key=lambda pair: -len(pair[0]))
)


def guess_title(layout: Layout, head: Head) -> list[FieldGuess]:
    """Return type and subject as far as the page shows them."""
    for piece in layout.above(_TITLE_WITHIN):
        name = _type(layout, piece)
        if name is None:
            continue
        found = FieldGuess("type", name, mean_trust(piece.words), (piece.box,), "type.title")
        rest = _rest(piece, name)
        lines = _below(layout, piece)
        if lines and not _stands_in(layout, lines[0]):
            lines = []
        if rest is not None:
            lines = [rest, *(line for line in lines if line.upper)]
        return [found, *_subject(lines, "subject.title")]
    return _letter(layout, head)


def _stands_in(layout: Layout, line: Piece) -> bool:
    """Whether a line is no paragraph of the body: it says so, or it is set in farther than one."""
    if _ABOUT.match(line.folded.lstrip("(")):
        return True
    set_in = line.box[0] > layout.left_margin(line) + _INDENT * layout.width
    return line.text.lstrip("(")[:1].isupper() and ":" not in line.text and set_in


def _rest(piece: Piece, name: str) -> Piece | None:
    """Return what a title says beyond its type: the subject of "TỜ KHAI ĐĂNG KÝ KHAI SINH"."""
    words = piece.words[len(name.split()) :]
    return Piece(words) if words and any(map(str.isalpha, Piece(words).text)) else None


def _type(layout: Layout, piece: Piece) -> str | None:
    """Return the name of the type that a line in the middle, in capitals, says."""
    if not piece.upper or not layout.centred(piece):
        return None
    folded = piece.folded.strip(" .:-*_")
    for start, name in _FOLDED:
        if folded == start or folded.startswith(f"{start} "):
            return name
    return None


def _below(layout: Layout, title: Piece) -> list[Piece]:
    """Return the lines of the subject below a title, which stand in the middle as it does."""
    lines = [
        piece
        for piece in layout.pieces
        if piece.y > title.y + layout.unit / 2 and layout.centred(piece, 0.1)
    ]
    taken: list[Piece] = []
    for piece in lines:
        if _ends(title, taken, piece, layout.unit) or len(taken) == _LINES:
            break
        taken.append(piece)
    return taken


def _ends(title: Piece, taken: Sequence[Piece], piece: Piece, unit: float) -> bool:
    """Whether a line no longer belongs to the subject above it."""
    before = taken[-1] if taken else title
    step = piece.y - before.y
    steps = [below.y - above.y for above, below in pairwise([title, *taken])]
    far = step > _PITCH * max(unit, title.box[3] - title.box[1])
    looser = bool(steps) and step > _LOOSER * steps[-1]
    restyled = bool(taken) and piece.upper != taken[0].upper
    if (
        far
        or looser
        or restyled
        or (
            steps
            and step > _WIDER * steps[-1]
            and _begins_anew(taken[-1] if taken else None, piece)
        )
    ):
        return True
    if piece.text[0].islower():
        return False
    place = not piece.upper and piece.folded.startswith(_PLACES)
    return place or bool(_END.match(piece.folded)) or piece.folded.startswith(OFFICES)


def _begins_anew(before: Piece | None, piece: Piece) -> bool:
    """Whether a line with a capital is longer than the one above, as a paragraph's first is."""
    if before is None or not piece.text[0].isupper():
        return False
    return piece.box[2] - piece.box[0] > _LONGER * (before.box[2] - before.box[0])


def _subject(lines: Sequence[Piece], rule: str) -> list[FieldGuess]:
    if not lines:
        return []
    joined = " ".join(piece.text for piece in lines)
    about = _ABOUT.match(fold_letters(joined).lstrip("("))
    value = joined.strip(" ()*_–-:")
    if about is None and rule == "subject.letter":
        about = _MISREAD_ABOUT.match(fold_letters(joined))
    if about is not None:
        value = joined.lstrip("(")[about.end() :].strip(" ()*_–-:")
    if not any(letter.isalpha() for letter in value) or len(value) > SUBJECT_MAX:
        return []
    words = [word for piece in lines for word in piece.words]
    return [FieldGuess("subject", value, mean_trust(words), tuple(p.box for p in lines), rule)]


def _says_about(layout: Layout, head: Head, piece: Piece) -> bool:
    """Whether a line begins with "V/v"; right below the number a misread one counts too."""
    if _LETTER_ABOUT.match(piece.folded):
        return True
    below = piece.y - head.number.y if head.number is not None else 0.0
    return 0 < below <= _PITCH * layout.unit and bool(_MISREAD_ABOUT.match(piece.folded))


def _letter(layout: Layout, head: Head) -> list[FieldGuess]:
    """Return type and subject of a letter: "V/v" in the left column below the number."""
    middle = head.middle_x
    if middle is None:
        return []
    column = [piece for piece in layout.pieces if piece.box[0] < middle and piece.centre_x < middle]
    start = next((at for at, one in enumerate(column) if _says_about(layout, head, one)), None)
    if start is None or column[start].y > _TITLE_WITHIN * layout.height:
        return []
    first = column[start]
    taken = [first]
    for piece in column[start + 1 :]:
        if _ends(first, taken[1:], piece, layout.unit) or len(taken) == _LINES:
            break
        taken.append(piece)
    kind = FieldGuess("type", LETTER, mean_trust(first.words), (first.box,), "type.letter")
    return [kind, *_subject(taken, "subject.letter")]
