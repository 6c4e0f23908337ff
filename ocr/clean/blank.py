"""Whether nobody wrote on this side of the sheet. A finding, never a deletion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from ocr.clean.ink import letters

if TYPE_CHECKING:
    from ocr.clean.ink import InkMap

_MARGIN_SHARE: Final = 0.04
_MIN_AREA_PX: Final = 6
_STRONG_DEPTH: Final = 60
_DIRTY: Final = 2


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
    ink = inked.ink[dy : height - dy, dx : width - dx]
    weak = _count(ink)
    strong = _count(letters((depth > _STRONG_DEPTH).astype(np.uint8)))
    if weak <= _DIRTY:
        return Blankness(blank=True, confidence=1.0, components=weak, reason=None)
    if strong <= _DIRTY:
        return Blankness(blank=True, confidence=0.8, components=weak, reason="page.shows_through")
    return Blankness(blank=False, confidence=1.0, components=weak, reason=None)


def _count(marks: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> int:
    if not marks.size:
        return 0
    count, _, stats, _ = cv2.connectedComponentsWithStats(marks, connectivity=8)
    return int(np.count_nonzero(stats[1:count, cv2.CC_STAT_AREA] >= _MIN_AREA_PX))
