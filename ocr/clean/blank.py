"""Whether nobody wrote on this side of the sheet. A finding, never a deletion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from ocr.clean.ghost import colour_apart, own_strokes, without_ghost

if TYPE_CHECKING:
    import numpy.typing as npt

    from ocr.clean.ink import InkMap
    from ocr.image import Pixels

_MARGIN_SHARE: Final = 0.04
_MIN_AREA_PX: Final = 6
_STRONG_DEPTH: Final = 60
_FAINT_DEPTH: Final = 9
_DIRTY: Final = 2
_EDGE_SHARE: Final = 0.1
_LARGE_PX: Final = 20
_SPECK_MM: Final = 0.8
_STROKE_MM: Final = 1.2
_WRITTEN_MM: Final = 8.0
_HOLE_MM: Final = (3.5, 9.0)
_HOLE_FROM_RIM_MM: Final = 22.0
_HOLE_FULL: Final = 0.68
_PEN: Final = 2.0
_SURELY_PEN: Final = 3.0
_FAINT_PEN: Final = 3.5
_COLOURED: Final = 8.0
_BLACK: Final = 90
_BLACK_PERCENTILE: Final = 98
_PALE: Final = 110

SHOWS_THROUGH: Final = "page.shows_through"
MAYBE: Final = "page.maybe_blank"
DOUBTS: Final = frozenset({SHOWS_THROUGH, MAYBE})
"""Reasons that the other side of the sheet may settle."""


@dataclass(frozen=True, slots=True)
class Blankness:
    """Whether a side is blank, and how sure that is (0 to 1)."""

    blank: bool
    confidence: float
    components: int
    reason: str | None
    ghost_peak: float = 0.0


def judge_blank(inked: InkMap, partner: InkMap | None = None) -> Blankness:
    """Return whether the page bears no writing of its own.

    Dark marks are writing. Pale ones are if they have the edges of a pen or a colour; with soft
    edges they shine through from the other side.

    Args:
        inked: the page.
        partner: the other side of the same sheet, which may shine through.
    """
    inside = _inside(inked.depth)
    count = _count(inked.ink[inside], inked.px_per_mm)
    if float(np.percentile(inked.grey, _BLACK_PERCENTILE)) < _BLACK:
        return Blankness(blank=True, confidence=0.5, components=count, reason=MAYBE)
    depth, peak = inked.depth, 0.0
    marks = depth[inside] > inked.threshold
    if partner is not None and marks.any() and np.median(depth[inside][marks]) < _PALE:
        depth, peak = without_ghost(depth, partner)
    weak = _marks(depth[inside] > inked.threshold, inked.px_per_mm)
    strong = _marks(depth[inside] > _STRONG_DEPTH, inked.px_per_mm)
    if _weight(strong) > _DIRTY:
        return Blankness(False, 1.0, count, None, peak)
    if _weight(weak) > _DIRTY:
        return _pale(inked, weak.shown(inked.grey.shape, inside), count, peak)
    if not _written(inked, depth, inside):
        return Blankness(True, 1.0, count, None, peak)
    return Blankness(False, 0.5, count, MAYBE, peak)


def _pale(inked: InkMap, marks: Pixels, count: int, peak: float) -> Blankness:
    """Return the verdict on a page with nothing but pale marks."""
    pen = own_strokes(inked, marks)
    if pen >= _SURELY_PEN:
        return Blankness(False, 0.8, count, None, peak)
    if pen >= _PEN or colour_apart(inked, marks) >= _COLOURED:
        return Blankness(False, 0.5, count, MAYBE, peak)
    return Blankness(True, 0.8, count, SHOWS_THROUGH, peak)


def _written(inked: InkMap, depth: Pixels, inside: tuple[slice, slice]) -> bool:
    """Return whether marks hardly darker than the paper are strokes of some length."""
    least = _STROKE_MM * inked.px_per_mm
    faint = _marks(depth[inside] > _FAINT_DEPTH, inked.px_per_mm)
    long = faint.kept & (faint.length >= least)
    if float(faint.length[long].sum()) < _WRITTEN_MM * inked.px_per_mm:
        return False
    shown = _Marks(faint.labels, long, faint.length).shown(inked.grey.shape, inside)
    return own_strokes(inked, shown) >= _FAINT_PEN


@dataclass(frozen=True, slots=True, eq=False)
class _Marks:
    """Marks by number: which count, and how long each is in px."""

    labels: npt.NDArray[np.int32]
    kept: npt.NDArray[np.bool_]
    length: npt.NDArray[np.int64]

    def shown(self, shape: tuple[int, ...], inside: tuple[slice, slice]) -> Pixels:
        """Return the marks that count on a page of ``shape``."""
        page = np.zeros(shape[:2], np.uint8)
        page[inside] = self.kept[self.labels]
        return page


def _inside(depth: Pixels) -> tuple[slice, slice]:
    height, width = depth.shape
    dy, dx = int(height * _MARGIN_SHARE), int(width * _MARGIN_SHARE)
    return slice(dy, height - dy), slice(dx, width - dx)


def _marks(dark: npt.NDArray[np.bool_], px_per_mm: float) -> _Marks:
    """Return the marks larger than dust; the paper's own edge and punched holes are none."""
    pixels = np.ascontiguousarray(dark, dtype=np.uint8)
    if not pixels.size:
        return _Marks(np.zeros((0, 0), np.int32), np.zeros(1, np.bool_), np.zeros(1, np.int64))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(pixels, connectivity=8)
    left, top, wide, tall, area = stats.T.astype(np.int64)
    height, width = pixels.shape
    length = np.maximum(wide, tall)
    right, bottom = width - left - wide, height - top - tall
    from_rim = np.minimum(np.minimum(left, right), np.minimum(top, bottom))
    edge = (from_rim == 0) & (length > _EDGE_SHARE * max(pixels.shape))
    speck = (area < _MIN_AREA_PX) | (length < _SPECK_MM * px_per_mm)
    low, high = (size * px_per_mm for size in _HOLE_MM)
    hole = (
        (np.minimum(wide, tall) >= low)
        & (length <= high)
        & (np.minimum(wide, tall) >= 0.75 * length)
        & (area >= _HOLE_FULL * wide * tall)
        & (from_rim <= _HOLE_FROM_RIM_MM * px_per_mm)
    )
    kept = ~(edge | speck | hole)
    kept[0] = False
    return _Marks(np.asarray(labels, dtype=np.int32), np.asarray(kept, dtype=np.bool_), length)


def _count(ink: Pixels, px_per_mm: float) -> int:
    return _weight(_marks(ink > 0, px_per_mm))


def _weight(marks: _Marks) -> int:
    """Return how many marks count; a large one weighs as it is large: a seal is no speck."""
    return int((1 + marks.length[marks.kept] // _LARGE_PX).sum())
