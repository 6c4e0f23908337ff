"""Machine-readable lines of invented people, written out by hand from ICAO Doc 9303."""

from __future__ import annotations

import random
from dataclasses import dataclass

from ocr.text import PageText, Word

VALUES = {**{str(n): n for n in range(10)}, "<": 0}
VALUES |= {chr(ord("A") + n): 10 + n for n in range(26)}
PLACES = ("001", "024", "036", "048", "079", "096")


def digit(text: str) -> str:
    total = 0
    for at, char in enumerate(text):
        total += VALUES[char] * {0: 7, 1: 3, 2: 1}[at % 3]
    return str(total % 10)


@dataclass(frozen=True)
class Truth:
    number: str
    born: str
    sex: str
    expiry: str
    name: str


def somebody(rng: random.Random) -> Truth:
    year, month, day = rng.randint(1950, 2015), rng.randint(1, 12), rng.randint(1, 28)
    woman = rng.random() < 0.5
    g = (2 if year >= 2000 else 0) + woman
    number = f"{rng.choice(PLACES)}{g}{year % 100:02d}{rng.randrange(10**6):06d}"
    renewal = next((age for age in (14, 25, 40, 60) if 2024 <= year + age < 2060), None)
    expiry = f"{(year + renewal) % 100:02d}{month:02d}{day:02d}" if renewal else "991231"
    name = rng.choice(["NGUYEN<<THI<HONG<THAM", "TRAN<<VAN<A", "LE<<NA"])
    return Truth(
        number, f"{year % 100:02d}{month:02d}{day:02d}", "F" if woman else "M", expiry, name
    )


def td1(who: Truth) -> tuple[str, str, str]:
    nine = who.number[3:]
    one = f"IDVNM{nine}{digit(nine)}{who.number}<<{digit(who.number + '<<')}"
    two = f"{who.born}{digit(who.born)}{who.sex}{who.expiry}{digit(who.expiry)}VNM" + "<" * 11
    two += digit(one[5:] + two[:7] + two[8:15] + two[18:29])
    return one, two, who.name.ljust(30, "<")


def page(*lines: str, conf: float = 0.9, height: float = 30.0) -> PageText:
    """Words as a recogniser gives them: blanks part the words of a line."""
    words = []
    for row, line in enumerate(lines):
        x, y = 100.0, 200.0 + row * 2 * height
        for text in line.split():
            width = 20.0 * len(text)
            words.append(Word(text, (x, y, x + width, y + height), conf, row, 0, y + height))
            x += width + 12
    return PageText(tuple(words), 2480, 3508, "test")
