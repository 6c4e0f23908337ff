"""The rungs below the faithful copy: a displayed page drawn anew, smaller, still readable.

``standard`` is the page on white paper as one JPEG. ``compact`` takes the neutral dark ink out
into a lossless mask and leaves stamps, signatures, photos and coloured print in a picture of
200 dpi. A page whose paper is tinted or patterned, or that bears large pictures, is not whitened
on either rung: it becomes a plain JPEG, and the result says so.

Source: Decree 30/2020/ND-CP, Appendix I (digitised copies: colour, at least 200 dpi).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import mozjpeg_lossless_optimization
import numpy as np
import simplejpeg

from app.packaging.bilevel import group4
from app.packaging.model import Layers, Mask
from app.packaging.mrc import ink_colour, neutral_ink, without_ink
from app.packaging.raster import is_grey, reduced, scaled_size
from app.packaging.whiten import clear_paper, survey, whiten

if TYPE_CHECKING:
    from app.packaging.raster import Pixels
    from app.packaging.whiten import Survey

Profile = Literal["standard", "compact"]
Rung = Literal["white", "mixed", "plain"]

MAX_DPI: Final = 300.0
PICTURE_DPI: Final = 200.0
_PLAIN_QUALITY: Final = 70
_WHITE_QUALITY: Final = 60
_MIXED_QUALITY: Final = 55
_NEARLY: Final = 1.02
_LEAST_INK_PX: Final = 300  # less is dust, not print


@dataclass(frozen=True, slots=True)
class Recompressed:
    """A page drawn anew.

    Args:
        layers: what is embedded.
        rung: ``white`` or ``mixed`` as asked for, ``plain`` where the page did not allow it.
        reason: why it did not: ``tinted``, ``patterned`` or ``picture``.
    """

    layers: Layers
    rung: Rung
    reason: str | None = None


def recompress(page: Pixels, dpi: float, profile: Profile) -> Layers:
    """Return the layers of a displayed page for a profile; see `recompressed`."""
    return recompressed(page, dpi, profile).layers


def recompressed(page: Pixels, dpi: float, profile: Profile) -> Recompressed:
    """Return the layers of a displayed page, and the rung it came to stand on.

    Args:
        page: ``uint8 HxW`` grey or ``HxWx3`` BGR, upright and straight; left as it is.
        dpi: its resolution; above 300 it is reduced to that.
        profile: ``standard`` or ``compact``.
    """
    page, dpi = _at_most(page, dpi, MAX_DPI)
    found = survey(page, dpi)
    if found.plain is not None:
        return Recompressed(
            Layers(_jpeg(page, _PLAIN_QUALITY, full_colour=False)), "plain", found.plain
        )
    white = whiten(page, found)
    if profile == "standard":
        picture = _jpeg(clear_paper(white, found, dpi), _WHITE_QUALITY)
        return Recompressed(Layers(picture), "white")
    return Recompressed(_mixed(white, found, dpi), "mixed")


def _mixed(white: Pixels, found: Survey, dpi: float) -> Layers:
    ink = neutral_ink(white, found, dpi)
    mask = None
    if np.count_nonzero(ink) >= _LEAST_INK_PX:
        height, width = ink.shape
        mask = Mask(group4(ink), "g4", width, height, ink_colour(white, ink))
    else:
        ink[:] = False
    below = without_ink(white, ink, dpi, PICTURE_DPI)
    clear_paper(below, found, min(dpi, PICTURE_DPI))
    return Layers(_jpeg(below, _MIXED_QUALITY), mask)


def _at_most(page: Pixels, dpi: float, most: float) -> tuple[Pixels, float]:
    if dpi <= most * _NEARLY:
        return page, dpi
    return reduced(page, scaled_size(page, most / dpi)), most


def _jpeg(page: Pixels, quality: int, *, full_colour: bool = True) -> bytes:
    """Return a JPEG whose coefficients are coded as small as mozjpeg can."""
    plain: bytes = simplejpeg.encode_jpeg(
        np.ascontiguousarray(page[..., None] if is_grey(page) else page),
        quality=quality,
        colorspace="GRAY" if is_grey(page) else "BGR",
        colorsubsampling="Gray" if is_grey(page) else "444" if full_colour else "420",
        fastdct=False,
    )
    smaller: bytes = mozjpeg_lossless_optimization.optimize(plain)
    return smaller
