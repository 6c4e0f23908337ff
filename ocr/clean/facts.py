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
        ghost_peak: how well the other side matches what shines through, 0 to 1.
        paper: name of the shown paper's size, or None.
        width_mm: of what is shown, before the quarter turn; 0 when unknown.
        height_mm: as ``width_mm``.
        crop_conf: 0 to 1; 0 without a crop.
        contrast: how much darker than the paper the writing is, 0 to 255.
        cut_edges: sides of the scan where writing is cut off: ``left top right bottom``.
        dpi: the coarser resolution of the scan; 0 when unknown.
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
    ghost_peak: float = 0.0
    paper: str | None = None
    width_mm: float = 0.0
    height_mm: float = 0.0
    crop_conf: float = 0.0
    contrast: float = 0.0
    cut_edges: tuple[str, ...] = ()
    dpi: float = 0.0


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
                    ghost_peak=float(facts.get("ghost_peak", 0.0)),
                    paper=None if (paper := facts.get("paper")) is None else str(paper),
                    width_mm=float(facts.get("width_mm", 0.0)),
                    height_mm=float(facts.get("height_mm", 0.0)),
                    crop_conf=float(facts.get("crop_conf", 0.0)),
                    contrast=float(facts.get("contrast", 0.0)),
                    cut_edges=tuple(map(str, facts.get("cut_edges", ()))),
                    dpi=float(facts.get("dpi", 0.0)),
                ),
            )
        except (KeyError, TypeError) as error:
            raise ValueError("not a clean page") from error
