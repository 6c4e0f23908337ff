"""Whether nobody wrote on this side of the sheet. A finding, never a deletion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    from ocr.clean.ink import InkMap
    from ocr.image import Pixels

_MARGIN_SHARE: Final = 0.04
_MIN_AREA_PX: Final = 6
_STRONG_DEPTH: Final = 60
_DIRTY: Final = 2
_EDGE_SHARE: Final = 0.1
_LARGE_PX: Final = 20


@dataclass(frozen=True, slots=True)
class Blankness:
    """Whether a side is blank, and how sure that is (0 to 1)."""

    blank: bool
    confidence: float
    components: int
    reason: str | None


def judge_blank(inked: InkMap) -> Blankness:
    """Return whether the page bears no writing of its own.

    Writing that shines through from the other side is pale: it never gets as dark as ink, so
    only marks that reach the darkness of ink count.
    """
    height, width = inked.grey.shape
    dy, dx = int(height * _MARGIN_SHARE), int(width * _MARGIN_SHARE)
    depth = inked.depth[dy : height - dy, dx : width - dx]
    letters = _count(inked.ink[dy : height - dy, dx : width - dx])
    weak = _count((depth > inked.threshold).astype(np.uint8))
    strong = _count((depth > _STRONG_DEPTH).astype(np.uint8))
    if weak <= _DIRTY:
        return Blankness(blank=True, confidence=1.0, components=letters, reason=None)
    if strong <= _DIRTY:
        return Blankness(
            blank=True, confidence=0.8, components=letters, reason="page.shows_through"
        )
    return Blankness(blank=False, confidence=1.0, components=letters, reason=None)


def _count(marks: Pixels) -> int:
    """Return how many marks there are, larger than dust; the paper's own edge is none.

    A large mark weighs as much as it is large: one seal is not a speck.
    """
    if not marks.size:
        return 0
    _, _, stats, _ = cv2.connectedComponentsWithStats(marks, connectivity=8)
    left, top, wide, tall, area = stats[1:].T
    height, width = marks.shape
    at_rim = (left == 0) | (top == 0) | (left + wide == width) | (top + tall == height)
    edge = at_rim & (np.maximum(wide, tall) > _EDGE_SHARE * max(marks.shape))
    weight = 1 + np.maximum(wide, tall) // _LARGE_PX
    return int(weight[(area >= _MIN_AREA_PX) & ~edge].sum())
