"""What was found out about a page, and how the clerk sees it: the result of cleaning."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Self

from ocr.geometry import Geometry


@dataclass(frozen=True, slots=True)
class PageFacts:
    """Findings about one page, each with its trust; nothing here removes or changes a page.

    Args:
        skew_deg: skew undone, counter-clockwise positive.
        skew_conf: 0 to 1.
        rotation_deg: clockwise quarter turn applied.
        orientation_conf: 0 to 1; 0 when undecided.
        blank: whether nobody wrote on this side.
        blank_conf: trust in ``blank``, 0 to 1.
        sharpness: slope at the edges of the writing relative to its contrast, 0 to 255.
        ink_components: marks of the size of letters inside the margins.
        reasons: slugs of what a clerk should know, sorted.
    """

    skew_deg: float
    skew_conf: float
    rotation_deg: int
    orientation_conf: float
    blank: bool
    blank_conf: float
    sharpness: float
    ink_components: int
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CleanPage:
    """How a scan becomes the displayed page, and what was found out on the way."""

    geometry: Geometry
    facts: PageFacts

    def to_json(self) -> bytes:
        """Return canonical JSON: equal pages, equal bytes."""
        value = {"facts": asdict(self.facts), "geometry": self.geometry.to_dict()}
        return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Return the page that :meth:`to_json` wrote.

        Raises:
            ValueError: if ``data`` is not such a page.
        """
        try:
            value = json.loads(data)
            facts = value["facts"]
            return cls(
                Geometry.from_dict(value["geometry"]),
                PageFacts(
                    skew_deg=float(facts["skew_deg"]),
                    skew_conf=float(facts["skew_conf"]),
                    rotation_deg=int(facts["rotation_deg"]),
                    orientation_conf=float(facts["orientation_conf"]),
                    blank=bool(facts["blank"]),
                    blank_conf=float(facts["blank_conf"]),
                    sharpness=float(facts["sharpness"]),
                    ink_components=int(facts["ink_components"]),
                    reasons=tuple(str(reason) for reason in facts["reasons"]),
                ),
            )
        except (KeyError, TypeError) as error:
            raise ValueError("not a clean page") from error
