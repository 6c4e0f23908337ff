"""The stamp on a signed paper: its words, its lines, its size. Times-like letters, black, 10 pt.

A clerk's signature carries the conversion mark; an organ's carries the form of the copy, the name
of the organ and the signing time. The text is final before signing: nothing reads a clock here.

Source: Decree 30/2020/ND-CP, Appendix I, Part II, section I (form of an electronic copy); Decree
137/2024/ND-CP, Article 4(1)(a) (converted papers); ISO 8601 for the time.
"""

from __future__ import annotations

import math
import sys
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Final, Literal

from fontTools.ttLib import TTFont

from app.signing.errors import SigningError

FONT_SIZE_PT: Final = 10
LEADING_PT: Final = 12
TAIL_PT: Final = 4  # without it the tail of "ý" in the last line is cut
WIDTH_PT: Final = 220  # lines are broken here
AIR_PT: Final = 2
MAX_LINES: Final = 5
VIETNAM: Final = timezone(timedelta(hours=7), "+07:00")

StampKind = Literal["conversion", "organ_copy"]

_VOWELS = "aăâeêioôơuưy"
_TONES = ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")


@dataclass(frozen=True, slots=True)
class Stamp:
    """The visible part of a signature.

    Attributes:
        kind: ``conversion`` (a clerk's mark) or ``organ_copy`` (an organ's copy).
        lines: lines of text from top to bottom, each no wider than the stamp.
    """

    kind: StampKind
    lines: tuple[str, ...]

    @property
    def width_pt(self) -> int:
        """Width of the box: its longest line and a little air."""
        return math.ceil(max(width_pt(line) for line in self.lines)) + AIR_PT

    @property
    def height_pt(self) -> int:
        """Height of the box: its lines and the tail of the last one."""
        return LEADING_PT * len(self.lines) + TAIL_PT


def resources_dir() -> Path:
    """The resource folder, beside the packages or inside a frozen bundle."""
    frozen: str | None = getattr(sys, "_MEIPASS", None)
    root = Path(frozen) if frozen else Path(__file__).resolve().parents[2]
    return root / "resources"


def font_path() -> Path:
    """The stamp's font: 1000 units per em, Vietnamese complete."""
    return resources_dir() / "fonts" / "Tinos-Vietnamese.ttf"


@cache
def font_bytes() -> bytes:
    """The stamp's font, read once.

    Raises:
        SigningError: ``sign.font_missing``.
    """
    try:
        return font_path().read_bytes()
    except OSError as trouble:
        raise SigningError("sign.font_missing", file=font_path().name) from trouble


def vietnamese_letters() -> frozenset[str]:
    """The 134 Vietnamese letters outside ASCII, both cases, composed."""
    vowels = {unicodedata.normalize("NFC", v + t) for v in _VOWELS for t in _TONES}
    lower = {letter for letter in vowels | {"đ"} if not letter.isascii()}
    return frozenset(lower | {letter.upper() for letter in lower})


@cache
def _advances() -> dict[str, int]:
    """Advance width of every character of the font, thousandths of an em.

    Raises:
        SigningError: ``sign.font_missing``: not a font, not 1000 units, or letters lack.
    """
    path = font_path()
    font_bytes()
    with TTFont(path, lazy=True) as font:
        widths = font["hmtx"]
        found = {chr(code): int(widths[name][0]) for code, name in font.getBestCmap().items()}
        units = int(font["head"].unitsPerEm)
    if units != 1000 or not vietnamese_letters() <= found.keys():  # noqa: PLR2004 - units per em
        raise SigningError("sign.font_missing", file=path.name)
    return found


def width_pt(text: str) -> float:
    """Width of composed ``text`` at the stamp's size.

    Raises:
        SigningError: ``sign.glyph_missing``: a character the font cannot show.
    """
    advances = _advances()
    try:
        return sum(advances[letter] for letter in text) * FONT_SIZE_PT / 1000
    except KeyError as missing:
        code = f"U+{ord(missing.args[0]):04X}"
        raise SigningError("sign.glyph_missing", letter=code) from None


def _clean(text: str) -> str:
    """``text`` composed, on one line, single-spaced."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def wrap(text: str) -> list[str]:
    """``text`` in lines that fit the stamp, broken between words, a giant word inside."""
    lines: list[str] = []
    current = ""
    for word in _clean(text).split(" "):
        rest = word
        while rest:
            joined = f"{current} {rest}" if current else rest
            if width_pt(joined) <= WIDTH_PT:
                current, rest = joined, ""
            elif current:
                lines.append(current)
                current = ""
            else:
                count = len(rest)
                while count > 1 and width_pt(rest[:count]) > WIDTH_PT:
                    count -= 1
                lines.append(rest[:count])
                rest = rest[count:]
    return [*lines, current] if current else lines


def _stamp(kind: StampKind, *texts: str) -> Stamp:
    lines = tuple(line for text in texts for line in wrap(text))
    if len(lines) > MAX_LINES:
        raise SigningError("sign.stamp_too_long", lines=len(lines))
    return Stamp(kind, lines)


def _moment(when: datetime) -> str:
    if when.tzinfo is None:
        raise ValueError("a signing time needs its zone")
    return when.astimezone(VIETNAM).replace(microsecond=0).isoformat()


def _required(name: str) -> str:
    cleaned = _clean(name)
    if not cleaned:
        raise SigningError("sign.name_missing")
    return cleaned


def conversion_mark(name: str, when: datetime) -> Stamp:
    """The mark of an electronic paper made from paper: who turned it and when.

    Args:
        name: full name of the person who converted.
        when: time of conversion, with a zone; shown in Vietnam's.

    Raises:
        SigningError: ``sign.name_missing``, ``sign.glyph_missing``, ``sign.stamp_too_long``.
    """
    return _stamp(
        "conversion",
        "Bản điện tử chuyển đổi từ văn bản giấy",
        f"Người chuyển đổi: {_required(name)}",
        f"Thời gian chuyển đổi: {_moment(when)}",
    )


def organ_stamp(form: str, organ: str, when: datetime) -> Stamp:
    """The words of an organ's electronic copy.

    Args:
        form: form of the copy: "Sao y", "Sao lục" or "Trích sao".
        organ: full name of the organ.
        when: signing time, with a zone; shown in Vietnam's.

    Raises:
        SigningError: ``sign.name_missing``, ``sign.glyph_missing``, ``sign.stamp_too_long``.
    """
    return _stamp("organ_copy", _required(form), _required(organ), f"Thời gian ký: {_moment(when)}")
