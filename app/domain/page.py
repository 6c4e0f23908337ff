"""A page: one side of a sheet as the scanner delivered it, and the recipe to show it.

The captured bytes never change; what the clerk does to a page is data (the recipe).
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Literal

from app.domain.ids import BlobId, DocumentId, DossierId, JobId, PageId

SUPERSEDED = "superseded"
"""Flag of a side whose sheet was fed again: it stays stored and counts no more."""
Side = Literal["front", "back"]
Quarter = Literal[0, 90, 180, 270]


@dataclass(frozen=True, slots=True)
class Recipe:
    """What the clerk's hand says; None leaves it to the estimators.

    Attributes:
        rotation_deg: clockwise turn that makes the page upright.
        skew_deg: how far the paper lies turned, counter-clockwise positive.
    """

    rotation_deg: int | None = None
    skew_deg: float | None = None

    def turned(self, by_deg: int, shown_deg: int) -> Recipe:
        """The recipe after the clerk turned the shown page clockwise by ``by_deg``."""
        return dataclasses.replace(self, rotation_deg=(shown_deg + by_deg) % 360)

    def params(self) -> dict[str, int | float]:
        """Only what the clerk decided, as JSON values."""
        pairs = (("rotation_deg", self.rotation_deg), ("skew_deg", self.skew_deg))
        return {name: value for name, value in pairs if value is not None}

    @classmethod
    def of(cls, params: dict[str, int | float]) -> Recipe:
        """The recipe written by :meth:`params`."""
        rotation = params.get("rotation_deg")
        return cls(None if rotation is None else int(rotation), params.get("skew_deg"))


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
