"""What the engine found out about a page: how it lies, what it says, what a clerk should know."""

from __future__ import annotations

import json
from dataclasses import dataclass

from app.desk.office import Office
from app.domain.ids import BlobId
from app.domain.page import Page

Box = tuple[float, float, float, float]
CARD_RULES = frozenset({"cccd_qr", "mrz"})
LABEL, SURE_LABEL = "page_label", 0.6


@dataclass(frozen=True, slots=True)
class PageFacts:
    """How a page lies and looks.

    Attributes:
        reasons: slugs of what a clerk should know.
    """

    angle_deg: float
    rotation_deg: int
    blank: bool
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PageField:
    """A value that seems to stand on a page; a guess until the clerk confirms it.

    Attributes:
        boxes: where it was read, px of the shown page.
        rule: which rule found it.
    """

    name: str
    value: str
    confidence: float
    boxes: tuple[Box, ...]
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read on a page.

    Attributes:
        lines: in reading order.
        mean_confidence: over the letters, 0 to 1; 0 without words.
        codes: format and text of each code on the page, from the top.
        reasons: slugs of what a clerk should know.
        size_px: width and height of the shown page, which boxes refer to.
    """

    lines: tuple[str, ...]
    mean_confidence: float
    fields: tuple[PageField, ...]
    codes: tuple[tuple[str, str], ...]
    reasons: tuple[str, ...]
    size_px: tuple[int, int]

    @property
    def card(self) -> bool:
        """Whether the page shows an identity card: its own code or machine lines say so."""
        return any(field.rule in CARD_RULES for field in self.fields)

    @property
    def label(self) -> str | None:
        """The page number printed on it (``2/5``), or None where it was not read surely."""
        return next(
            (
                field.value
                for field in self.fields
                if field.name == LABEL and field.confidence >= SURE_LABEL
            ),
            None,
        )


def facts(office: Office, page: Page) -> PageFacts | None:
    """How a cleaned page lies, or None before that is known."""
    blob = page.clean
    return None if blob is None else office.known.get(PageFacts, blob, lambda: _facts(office, blob))


def reading(office: Office, page: Page) -> Reading | None:
    """What was read on a page, or None before it is read."""
    blob = page.text
    return None if blob is None else office.known.get(Reading, blob, lambda: _reading(office, blob))


def _facts(office: Office, blob: BlobId) -> PageFacts:
    found = json.loads(office.vault.blobs.read(blob))["facts"]
    return PageFacts(
        round(float(found["skew_deg"]), 2),
        int(found["rotation_deg"]),
        bool(found["blank"]),
        tuple(found.get("reasons", ())),
    )


def _reading(office: Office, blob: BlobId) -> Reading:
    found = json.loads(office.vault.blobs.read(blob))
    rows: dict[int, list[str]] = {}
    letters, weight = 0, 0.0
    for text, _x0, _y0, _x1, _y1, confidence, line, _block, _baseline in found["words"]:
        rows.setdefault(line, []).append(text)
        letters += len(text)
        weight += confidence * len(text)
    return Reading(
        lines=tuple(" ".join(parts) for parts in rows.values()),
        mean_confidence=round(weight / letters, 4) if letters else 0.0,
        fields=tuple(
            PageField(
                str(field["name"]),
                str(field["value"]),
                float(field["conf"]),
                tuple((float(a), float(b), float(c), float(d)) for a, b, c, d in field["boxes"]),
                str(field["rule"]),
            )
            for field in found.get("fields", ())
        ),
        codes=tuple((str(code["format"]), str(code["text"])) for code in found.get("codes", ())),
        reasons=tuple(found.get("quality", {}).get("reasons", ())),
        size_px=(int(found["width_px"]), int(found["height_px"])),
    )
