"""The words of a page as pieces of line by place: what field rules look at.

The engine's reading order is not used beyond its lines: the two columns of a letter's head come
in either order, or as one line. A piece ends where the gap is wider than a line is high.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from statistics import fmean, median
from typing import Final

from ocr.text import PageText, Word, WordBox
from ocr.vietnamese import fold, normalise

_GAP: Final = 1.0  # in heights of a usual word: wider than any space of justified text
_SPACES: Final = 2.0
_WIDEST: Final = 2.0
_LEVEL: Final = 0.35
_UPPER_SHARE: Final = 0.8
_STATE: Final = ("cong hoa xa", "doc lap -", "doc lap tu", "dang cong san viet")
_CONF_DIGITS: Final = 4
_LONG_LINE: Final = 7
_BODY: Final = 0.5  # of the page's width


def fold_letters(text: str) -> str:
    """Return ``text`` without tones, marks and capitals, letter for letter of equal length."""
    return "".join((fold(letter) or letter)[0] for letter in text)


@dataclass(frozen=True)
class Piece:
    """Words beside each other on one writing line.

    Args:
        words: from left to right, never empty; their texts composed.
    """

    words: tuple[Word, ...]

    @cached_property
    def text(self) -> str:
        """The words, a space between them."""
        return " ".join(word.text for word in self.words)

    @cached_property
    def folded(self) -> str:
        """The text without tones and capitals; same length as :attr:`text`."""
        return fold_letters(self.text)

    @cached_property
    def box(self) -> WordBox:
        """Where it stands."""
        return union(word.box for word in self.words)

    @cached_property
    def centre_x(self) -> float:
        """Middle between its ends."""
        return (self.box[0] + self.box[2]) / 2

    @property
    def y(self) -> float:
        """Height of its writing line at its first word."""
        return self.words[0].baseline_y

    @cached_property
    def upper(self) -> bool:
        """Whether it is written in capitals."""
        letters = [letter for letter in self.text if letter.isalpha()]
        capitals = sum(letter.isupper() for letter in letters)
        return len(letters) > 1 and capitals >= _UPPER_SHARE * len(letters)

    def between(self, start: int, stop: int) -> tuple[Word, ...]:
        """Return the words that the letters from ``start`` to ``stop`` of the text belong to."""
        found, at = [], 0
        for word in self.words:
            end = at + len(word.text)
            if at < stop and end > start:
                found.append(word)
            at = end + 1
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Layout:
    """A page as pieces of line.

    Args:
        pieces: from top to bottom, then from left to right.
        width: of the page, px.
        height: of the page, px.
        unit: height of a usual word, px.
    """

    pieces: tuple[Piece, ...]
    width: float
    height: float
    unit: float

    def above(self, share: float) -> list[Piece]:
        """Return the pieces in the upper ``share`` of the page."""
        return [piece for piece in self.pieces if piece.y < share * self.height]

    def left_margin(self, but: Piece) -> float:
        """Return where the body's lines begin, px, one line not counted; 0 without a body."""
        long = [one for one in self.pieces if len(one.words) >= _LONG_LINE and one is not but]
        left = min((piece.box[0] for piece in long), default=0.0)
        right = max((piece.box[2] for piece in long), default=0.0)
        return left if right - left > _BODY * self.width else 0.0

    def centred(self, piece: Piece, off: float = 0.12) -> bool:
        """Whether a piece stands in the middle of the page, give or take ``off`` of its width."""
        return abs(piece.centre_x / self.width - 0.5) <= off

    def right_of(self, piece: Piece, reach: float) -> Piece | None:
        """Return the next piece on the same writing line within ``reach`` units."""
        fits = [
            other
            for other in self.pieces
            if abs(other.y - piece.words[-1].baseline_y) <= _LEVEL * self.unit
            and 0 <= other.box[0] - piece.box[2] <= reach * self.unit
        ]
        return min(fits, key=lambda other: other.box[0], default=None)

    def left_of(self, piece: Piece, reach: float) -> Piece | None:
        """Return the piece before on the same writing line within ``reach`` units."""
        fits = [
            other
            for other in self.pieces
            if abs(other.words[-1].baseline_y - piece.y) <= _LEVEL * self.unit
            and 0 <= piece.box[0] - other.box[2] <= reach * self.unit
        ]
        return max(fits, key=lambda other: other.box[2], default=None)


def union(boxes: Iterable[WordBox]) -> WordBox:
    """Return the smallest box around ``boxes``."""
    x0s, y0s, x1s, y1s = zip(*boxes, strict=True)
    return min(x0s), min(y0s), max(x1s), max(y1s)


def lowest_trust(words: Sequence[Word]) -> float:
    """Return the trust in the least trusted word, 0 to 1: for values where each letter counts."""
    return _rounded_down(min(word.conf for word in words))


def mean_trust(words: Sequence[Word]) -> float:
    """Return the mean trust in words, 0 to 1: for sentences, which survive a wrong letter."""
    return _rounded_down(fmean(word.conf for word in words))


def _rounded_down(trust: float) -> float:
    """Return a trust with few digits that is never more than it was."""
    scale = 10**_CONF_DIGITS
    return math.floor(min(1.0, max(0.0, trust)) * scale) / scale


def lay_out(text: PageText) -> Layout:
    """Return the pieces of line of a page."""
    words = [
        replace(word, text=composed)
        for word in text.words
        if (composed := "".join(normalise(word.text).split()))
    ]
    heights = [word.box[3] - word.box[1] for word in words]
    unit = max(1.0, median(heights)) if heights else 1.0
    lines = _lines(words)
    gap = _widest_space(lines, unit)
    pieces = [piece for line in lines for piece in _split(line, gap)]
    pieces = _joined(pieces, unit)
    pieces = [piece for piece in pieces if not _ghost(piece, pieces)]
    pieces.sort(key=lambda piece: (round(piece.y / (_LEVEL * unit)), piece.box[0], piece.text))
    return Layout(tuple(pieces), max(1.0, text.width_px), max(1.0, text.height_px), unit)


def _lines(words: Sequence[Word]) -> list[list[Word]]:
    lines: defaultdict[int, list[Word]] = defaultdict(list)
    for word in words:
        lines[word.line].append(word)
    return [sorted(line, key=lambda word: (word.box[0], word.box[2])) for line in lines.values()]


def _widest_space(lines: Sequence[Sequence[Word]], unit: float) -> float:
    """Return how wide a gap may be and still be a space: more in type of one width, px."""
    gaps = [right.box[0] - left.box[2] for line in lines for left, right in pairwise(line)]
    usual = median(gap for gap in gaps if gap > 0) if any(gap > 0 for gap in gaps) else 0.0
    return min(max(_GAP * unit, _SPACES * usual), _WIDEST * unit)


def _split(line: Sequence[Word], gap: float) -> list[Piece]:
    """Return the pieces of one line; the state's name always begins one."""
    folded = [fold(word.text) for word in line]
    pieces: list[list[Word]] = []
    for at, word in enumerate(line):
        state = " ".join(folded[at : at + 3]).startswith(_STATE)
        last = pieces[-1][-1] if pieces else None
        if last is None or state or word.box[0] - last.box[2] > max(gap, _lower(last, word)):
            pieces.append([])
        pieces[-1].append(word)
    return [Piece(tuple(piece)) for piece in pieces]


def _lower(left: Word, right: Word) -> float:
    """Return the height of the lower of two words, px: a title's spaces are as large as it is."""
    return min(word.box[3] - word.box[1] for word in (left, right))


def _joined(pieces: Sequence[Piece], unit: float) -> list[Piece]:
    """Return pieces with those put together that the engine cut into lines of their own."""
    starts: defaultdict[int, list[Piece]] = defaultdict(list)
    for piece in pieces:
        starts[int(piece.y // unit)].append(piece)
    found: list[Piece] = []
    used: set[int] = set()
    for piece in sorted(pieces, key=lambda one: (one.box[0], one.box[2], one.y)):
        if id(piece) in used:
            continue
        used.add(id(piece))
        words = list(piece.words)
        while following := _next(words[-1], starts, used, unit):
            used.add(id(following))
            words += following.words
        found.append(Piece(tuple(words)))
    return found


def _next(last: Word, starts: dict[int, list[Piece]], used: set[int], unit: float) -> Piece | None:
    row = int(last.baseline_y // unit)
    near = [
        piece
        for at in (row - 1, row, row + 1)
        for piece in starts.get(at, ())
        if id(piece) not in used
        and abs(piece.y - last.baseline_y) <= _LEVEL * unit
        and -_LEVEL * unit <= piece.box[0] - last.box[2] <= _GAP * unit
        and piece.box[2] > last.box[2]
        and not piece.folded.startswith(_STATE)
    ]
    return min(near, key=lambda piece: (piece.box[0], piece.box[2]), default=None)


def _ghost(piece: Piece, pieces: Sequence[Piece]) -> bool:
    """Whether a piece is one word read a second time inside another piece."""
    if len(piece.words) > 1:
        return False
    x0, y0, x1, y1 = piece.box
    return any(
        other is not piece
        and len(other.words) > 1
        and other.box[0] <= x0
        and x1 <= other.box[2]
        and other.box[1] <= (y0 + y1) / 2 <= other.box[3]
        and y1 - y0 <= other.box[3] - other.box[1]
        for other in pieces
    )
