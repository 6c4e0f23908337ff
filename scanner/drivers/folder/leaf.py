"""One page of a file on its way to become a side, and what it may be at most and at least.

Source: Decree 30/2020/ND-CP, appendix I, on the resolution of digitised papers; ISO 216 (sizes).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from scanner.drivers.folder.formats import Foreign
from scanner.model import MM_PER_INCH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LEAST_DPI: Final = 200
MAX_SIDE_PX: Final = 19_999
# A3 at 600 dpi has 70 million; a picture of more is a bomb or a mistake.
MAX_PIXELS: Final = 80_000_000
GUESSED: Final = "dpi_guessed"
# Programs write 72 or 96 when nobody told them; a paper longer than this gives them away.
LONGEST_MM: Final = 500
_PAPERS_MM: Final = ((210, 297), (297, 420), (148, 210))
_USUAL_DPI: Final = (200, 240, 300, 400, 600)
_COARSE_DPI: Final = (72, 75, 96, 100, 150)
_NEAR: Final = 0.015


@dataclass(frozen=True, slots=True)
class Leaf:
    """A page: what it is, and its bytes as one image when they are asked for."""

    media: str
    width_px: int
    height_px: int
    dpi: int
    flags: tuple[str, ...]
    chunks: Callable[[], Iterator[bytes]]


def bounded(width_px: int, height_px: int) -> None:
    """The picture is of a size that can be a page.

    Raises:
        Foreign: It has no pixels, or more than any page.
    """
    longest = max(width_px, height_px)
    if min(width_px, height_px) < 1 or longest > MAX_SIDE_PX or width_px * height_px > MAX_PIXELS:
        raise Foreign


def resolution(
    told_dpi: float | None, width_px: int, height_px: int, asked_dpi: int
) -> tuple[int, tuple[str, ...]]:
    """Dots per inch of a picture and the flags that say how sure they are.

    Without a believable word in the file they follow from the size, as that of a whole A4, A3 or
    A5; if none fits, from what was asked.

    Raises:
        Foreign: Below `LEAST_DPI`, too coarse to be kept.
    """
    flags: tuple[str, ...] = ()
    longest_px = max(width_px, height_px)
    if told_dpi is None or told_dpi <= 1 or longest_px / told_dpi * MM_PER_INCH > LONGEST_MM:
        told_dpi, flags = _guessed(width_px, height_px) or asked_dpi, (GUESSED,)
    if round(told_dpi) < LEAST_DPI:
        raise Foreign
    return round(told_dpi), flags


def _guessed(width_px: int, height_px: int) -> int | None:
    """The usual resolution at which a usual paper has this size; one that may be kept first."""
    short_px, long_px = sorted((width_px, height_px))
    for usual in (_USUAL_DPI, _COARSE_DPI):
        for short_mm, long_mm in _PAPERS_MM:
            for dpi in usual:
                wanted = (short_mm / MM_PER_INCH * dpi, long_mm / MM_PER_INCH * dpi)
                pairs = zip((short_px, long_px), wanted, strict=True)
                if all(abs(pixels - size) <= _NEAR * size for pixels, size in pairs):
                    return dpi
    return None
