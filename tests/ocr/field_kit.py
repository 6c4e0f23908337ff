"""Printed lines as a recogniser would hand them on, and the count of right and wrong guesses."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import TYPE_CHECKING

from ocr.text import PageText, Word

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ocr.findings import FieldGuess

A4_PX = (2480, 3508)
_TAILS = frozenset("gjpqy,;()Q")


@dataclasses.dataclass(frozen=True, slots=True)
class Printed:
    """One printed line: its text and the box of its ink."""

    text: str
    box: tuple[float, float, float, float]


def as_read(
    lines: Iterable[Printed], size_px: tuple[int, int] = A4_PX, conf: float = 0.95
) -> PageText:
    """Give the words of printed lines, each letter as wide as the next, a line a block."""
    words = []
    for number, line in enumerate(lines):
        x0, y0, x1, y1 = line.box
        tail = 0.22 * (y1 - y0) if _TAILS & set(line.text) else 0.0
        step = (x1 - x0) / max(1, len(line.text))
        at = 0
        for text in line.text.split():
            at = line.text.index(text, at)
            box = (x0 + at * step, y0, x0 + (at + len(text)) * step, y1)
            words.append(Word(text, box, conf, number, number, y1 - tail))
            at += len(text)
    return PageText(tuple(words), *size_px, "kit")


def layout(*rows: tuple[float, float, str], pt: float = 13.0, dpi: float = 300.0) -> PageText:
    """Give an A4 page of lines by left end and height (mm) and text; a letter is .45 pt wide."""
    px = dpi / 25.4
    em = pt * dpi / 72
    lines = [
        Printed(text, (x * px, y * px - 0.75 * em, x * px + 0.45 * em * len(text), y * px))
        for x, y, text in rows
    ]
    return as_read(lines, (round(210 * px), round(297 * px)))


def values(guesses: Iterable[FieldGuess]) -> dict[str, str]:
    """Give the guessed values by field."""
    return {guess.name: guess.value for guess in guesses}


class Score:
    """Right, wrong and missed guesses by field."""

    def __init__(self) -> None:
        self.right: Counter[str] = Counter()
        self.wrong: Counter[str] = Counter()
        self.missed: Counter[str] = Counter()
        self.notes: list[str] = []

    def add(self, page: str, truth: Mapping[str, str], guessed: Mapping[str, str]) -> None:
        """Count the fields of one page; a guess of a field that the page has not is wrong."""
        for name in truth.keys() | guessed.keys():
            wanted, got = truth.get(name), guessed.get(name)
            if got is None:
                self.missed[name] += 1
                self.notes.append(f"{page} {name} missed: {wanted}")
            elif wanted is not None and got.casefold() == wanted.casefold():
                self.right[name] += 1
            else:
                self.wrong[name] += 1
                self.notes.append(f"{page} {name} wrong: {got!r} for {wanted!r}")

    def precision(self, *names: str) -> float:
        """Share of right ones among the guesses of some fields, all without names."""
        chosen = names or tuple(self.right | self.wrong)
        right = sum(self.right[name] for name in chosen)
        return right / max(1, right + sum(self.wrong[name] for name in chosen))

    def recall(self, *names: str) -> float:
        """Share of right ones among what was there to be found."""
        chosen = names or tuple(self.right | self.wrong | self.missed)
        right = sum(self.right[name] for name in chosen)
        lost = sum(self.wrong[name] + self.missed[name] for name in chosen)
        return right / max(1, right + lost)
