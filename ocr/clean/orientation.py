"""Which way up the page is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ocr.geometry import Geometry
from ocr.grey import to_grey
from ocr.image import PageImage
from ocr.warp import render

if TYPE_CHECKING:
    from ocr.engine import OrientationReader

LOOKING_DPI: Final = 150.0


@dataclass(frozen=True, slots=True)
class Orientation:
    """The clockwise quarter turn that makes a page upright, trust 0 to 1, reason of doubt."""

    rotation_deg: int
    confidence: float
    reason: str | None


def find_orientation(
    image: PageImage, skew_deg: float, reader: OrientationReader | None
) -> Orientation:
    """Return the quarter turn to apply after the skew is undone."""
    if reader is None:
        return Orientation(0, 0.0, None)
    grey = PageImage(to_grey(image.pixels), image.dpi_x, image.dpi_y)
    straight = render(grey, Geometry.plan(grey, skew_deg=skew_deg), LOOKING_DPI)
    found = reader.detect_orientation(straight)
    if found is None:
        return Orientation(0, 0.0, "orientation.unclear")
    turn, confidence = found
    return Orientation(turn, confidence, None)
