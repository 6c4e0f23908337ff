"""What recognition hands on about one page: words, codes, guessed fields and how well it read.

Every finding says where on the displayed page it stands, so that a clerk can be shown the place.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, Final, Self, TypeAlias

from ocr.text import PageText, WordBox

Point: TypeAlias = tuple[float, float]
Quad: TypeAlias = tuple[Point, Point, Point, Point]


FIELD_NAMES: Final = (
    "number", "notation", "issue_date", "organ", "type", "subject", "signer", "expiry",
    "page_label", "dossier_code", "identity_number", "identity_name", "birth_date", "sex",
    "address", "old_number",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CodeHit:
    """One bar code or matrix code.

    Args:
        format: zxing's name in lower case: ``qrcode code39 code128 ean13 datamatrix pdf417`` …
        text: what it says.
        quad: its corners in px of the displayed page, from its own top left, clockwise.
    """

    format: str
    text: str
    quad: Quad


@dataclass(frozen=True, slots=True)
class FieldGuess:
    """One guessed value; yellow for the clerk until confirmed.

    Args:
        name: one of ``FIELD_NAMES``.
        value: normalised (dates as ISO 8601).
        conf: 0 to 1, never above the trust in the words it was taken from.
        boxes: where it was read, one box a line, px of the displayed page.
        rule: name of the rule that found it.
    """

    name: str
    value: str
    conf: float
    boxes: tuple[WordBox, ...]
    rule: str


@dataclass(frozen=True, slots=True)
class ReadQuality:
    """How well a page was read.

    Args:
        median_conf: median trust of its words, 0 to 1; 0 without words.
        low_conf_share: share of words with a trust below 0.6.
        x_height_px: height of small letters of the body text at 300 dpi; 0 when unknown.
        reasons: slugs of what a clerk should know, sorted.
    """

    median_conf: float = 0.0
    low_conf_share: float = 0.0
    x_height_px: float = 0.0
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PageReading:
    """Everything that reading a page found."""

    text: PageText
    codes: tuple[CodeHit, ...] = ()
    fields: tuple[FieldGuess, ...] = ()
    quality: ReadQuality = ReadQuality()

    def to_json(self) -> bytes:
        """Return canonical JSON that :meth:`PageText.from_json` reads as well."""
        value = {
            **json.loads(self.text.to_json()),
            "codes": [asdict(code) for code in self.codes],
            "fields": [asdict(guess) for guess in self.fields],
            "quality": asdict(self.quality),
        }
        return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Return the reading that :meth:`to_json` wrote; a bare text has no findings.

        Raises:
            ValueError: if ``data`` is neither.
        """
        text = PageText.from_json(data)
        try:
            value = json.loads(data)
            return cls(
                text,
                tuple(
                    CodeHit(str(code["format"]), str(code["text"]), _quad(code["quad"]))
                    for code in value.get("codes", ())
                ),
                tuple(
                    FieldGuess(
                        str(guess["name"]),
                        str(guess["value"]),
                        float(guess["conf"]),
                        tuple(_box(box) for box in guess["boxes"]),
                        str(guess["rule"]),
                    )
                    for guess in value.get("fields", ())
                ),
                _quality(value.get("quality", {})),
            )
        except (KeyError, TypeError) as error:
            raise ValueError("not a page reading") from error


def _quad(corners: list[list[float]]) -> Quad:
    a, b, c, d = ((float(x), float(y)) for x, y in corners)
    return a, b, c, d


def _box(box: list[float]) -> WordBox:
    x0, y0, x1, y1 = map(float, box)
    return x0, y0, x1, y1


def _quality(value: dict[str, Any]) -> ReadQuality:
    if not value:
        return ReadQuality()
    return ReadQuality(
        float(value["median_conf"]),
        float(value["low_conf_share"]),
        float(value["x_height_px"]),
        tuple(map(str, value["reasons"])),
    )
