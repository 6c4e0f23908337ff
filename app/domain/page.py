"""A page: one side of a sheet as the scanner delivered it, and the recipe to show it.

The captured bytes never change; what the clerk does to a page is data (the recipe).
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Literal, cast

from app.domain.ids import BlobId, DocumentId, DossierId, JobId, PageId

SUPERSEDED = "superseded"
"""Flag of a side whose sheet was fed again: it stays stored and counts no more."""
SEPARATOR = "separator"
"""Flag of a side of a separator sheet: left out, never lost."""
Side = Literal["front", "back"]
Quarter = Literal[0, 90, 180, 270]


Crop = tuple[float, float, float, float]
WHOLE: Crop = (0.0, 0.0, 1.0, 1.0)
Decided = int | float | list[float]


@dataclass(frozen=True, slots=True)
class Recipe:
    """What the clerk's hand says; None leaves it to the estimators.

    Attributes:
        rotation_deg: clockwise turn that makes the page upright.
        skew_deg: how far the paper lies turned, counter-clockwise positive.
        crop: left, top, right, bottom as shares (0 to 1) of the straightened page before its
            quarter turn; ``WHOLE`` shows all of the scan.
    """

    rotation_deg: int | None = None
    skew_deg: float | None = None
    crop: Crop | None = None

    def turned(self, by_deg: int, shown_deg: int) -> Recipe:
        """The recipe after the clerk turned the shown page clockwise by ``by_deg``."""
        return dataclasses.replace(self, rotation_deg=(shown_deg + by_deg) % 360)

    def params(self) -> dict[str, Decided]:
        """Only what the clerk decided, as JSON values."""
        crop = None if self.crop is None else list(self.crop)
        pairs = (("rotation_deg", self.rotation_deg), ("skew_deg", self.skew_deg), ("crop", crop))
        return {name: value for name, value in pairs if value is not None}

    @classmethod
    def of(cls, params: dict[str, Decided]) -> Recipe:
        """The recipe written by :meth:`params`."""
        rotation = cast("int | None", params.get("rotation_deg"))
        skew = cast("float | None", params.get("skew_deg"))
        crop = cast("list[float] | None", params.get("crop"))
        return cls(
            None if rotation is None else int(rotation),
            None if skew is None else float(skew),
            None if crop is None else cast("Crop", tuple(map(float, crop))),
        )


AS_SCANNED = Recipe(rotation_deg=0, skew_deg=0.0, crop=WHOLE)
"""The page exactly as it lay: nothing turned, straightened or cut off."""


@dataclass(frozen=True, slots=True)
class Page:
    """One current face of the dossier; order is ``position``."""

    id: PageId
    dossier: DossierId
    document: DocumentId | None
    position: int
    job: JobId
    seq: int
    sheet: int
    side: Side
    blob: BlobId
    media: str
    width_px: int
    height_px: int
    dpi: int
    name: str | None = None
    flags: tuple[str, ...] = ()
    recipe: Recipe = Recipe()
    clean: BlobId | None = None
    text: BlobId | None = None
    thumb: BlobId | None = None
    screen: BlobId | None = None
    hidden: bool = False
    dropped: bool = False
    trouble: str | None = None

    @property
    def current(self) -> bool:
        """Whether the page takes part in a paper: neither left out as blank nor dropped."""
        return not (self.hidden or self.dropped)
