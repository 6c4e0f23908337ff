"""From a scan and its geometry to the words of the displayed page."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ocr.warp import reading_copy

if TYPE_CHECKING:
    from ocr.engine import OcrEngine
    from ocr.geometry import Geometry
    from ocr.image import PageImage
    from ocr.text import PageText


def read_page(image: PageImage, geometry: Geometry, engine: OcrEngine) -> PageText:
    """Return the words of a page, boxes in px of the displayed page.

    Args:
        image: the decoded scan.
        geometry: where its pixels lie on the displayed page.
        engine: the recogniser.

    Raises:
        OcrError: what the engine raises.
    """
    copy = reading_copy(image, geometry)
    text = engine.read(copy)
    scaled = text.scaled(geometry.width_px / copy.width_px, geometry.height_px / copy.height_px)
    return replace(scaled, width_px=geometry.width_px, height_px=geometry.height_px)
