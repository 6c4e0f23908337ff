"""How well a page was captured: what a clerk may want to scan again. The limits err to silence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from ocr.clean.paper_size import SIZES_MM, SNAP_MM

if TYPE_CHECKING:
    import numpy.typing as npt

    from ocr.clean.crop import Cut, Paper
    from ocr.clean.ink import InkMap
    from ocr.image import PageImage, Pixels

EDGES: Final = ("left", "top", "right", "bottom")
NOTICE_DPI: Final = 295.0
BLURRED: Final = 75.0
FAINT: Final = 45.0
_MIN_LETTERS: Final = 40
_CUT_MM: Final = 1.0
_CUT_LETTERS: Final = 3
_LETTER_MM: Final = (1.0, 9.0)
_BRIGHT_PAPER: Final = 150
_CORNER_MM: Final = 16.0
_CORNER_FULL: Final = 0.5
_SHORT_MM: Final = (5.0, 40.0)
_SKIN_CR: Final = (143, 178)
_SKIN_CB: Final = (90, 122)
_SKIN_LEVEL: Final = (60, 225)
_FINGER_MM2: Final = (80.0, 1200.0)
_FINGER_MM: Final = (7.0, 45.0)
_FINGER_AT_RIM_MM: Final = 5.0


@dataclass(frozen=True, slots=True)
class Condition:
    """What may be wrong with a capture.

    Args:
        contrast: how much darker than the paper the writing is, 0 to 255; 0 without writing.
        cut_edges: sides of the scan at which writing is cut off.
        reasons: slugs.
    """

    contrast: float
    cut_edges: tuple[str, ...]
    reasons: tuple[str, ...]


def judge_condition(
    image: PageImage,
    inked: InkMap,
    paper: Paper | None,
    cut: Cut,
    *,
    sharpness: float,
    blank: bool,
) -> Condition:
    """Return what a clerk should know of how the page was captured.

    Args:
        image: the scan.
        inked: its writing, on the paper only.
        paper: the paper, if its sides were seen.
        cut: what is shown of the scan.
        sharpness: slope at the edges of the writing over its contrast.
        blank: whether nobody wrote on the page; a blank page is neither faint nor blurred.
    """
    marks, _, stats, _ = cv2.connectedComponentsWithStats(inked.ink, connectivity=8)
    contrast = 0.0
    if inked.ink.any():
        contrast = round(float(np.percentile(inked.depth[inked.ink > 0], 75)), 1)
    written = not blank and marks > _MIN_LETTERS
    edges = _cut_edges(inked, np.asarray(stats, dtype=np.int64))
    found = {
        "page.blurred": written and 0 < sharpness < BLURRED,
        "page.faint": written and contrast < FAINT,
        "page.cut_edge": bool(edges),
        "page.folded": paper is not None and _folded(inked, paper, cut),
        "page.finger": _finger(inked),
        "page.low_resolution": min(image.dpi_x, image.dpi_y) < NOTICE_DPI,
    }
    reasons = tuple(sorted(slug for slug, true in found.items() if true))
    return Condition(contrast, edges, reasons)


def _cut_edges(inked: InkMap, stats: npt.NDArray[np.int64]) -> tuple[str, ...]:
    """Return at which sides letters stand within a millimetre of the scan's rim."""
    k = inked.px_per_mm
    near = max(1.0, _CUT_MM * k)
    height, width = inked.ink.shape
    left, top, wide, tall = (stats[1:, column] for column in range(4))
    low, high = (size * k for size in _LETTER_MM)
    size = np.maximum(wide, tall)
    middle_y = np.clip(top + tall // 2, 0, height - 1)
    middle_x = np.clip(left + wide // 2, 0, width - 1)
    letter = (size >= low) & (size <= high) & (np.minimum(wide, tall) > 1)
    letter &= inked.paper[middle_y, middle_x] >= _BRIGHT_PAPER
    distance = (left, top, width - left - wide, height - top - tall)
    return tuple(
        name
        for name, away in zip(EDGES, distance, strict=True)
        if int((letter & (away < near)).sum()) >= _CUT_LETTERS
    )


def _folded(inked: InkMap, paper: Paper, cut: Cut) -> bool:
    """Return whether a corner is missing, or a sheet of known width is too short."""
    if cut.crop is None or not all(paper.seen):
        return False
    short, long = sorted((cut.width_mm, cut.height_mm))
    cut_short = cut.paper is None and any(
        abs(short - min(sides)) <= SNAP_MM and _SHORT_MM[0] < max(sides) - long < _SHORT_MM[1]
        for sides in SIZES_MM.values()
    )
    return cut_short or _corner_missing(inked, paper)


def _corner_missing(inked: InkMap, paper: Paper) -> bool:
    """Return whether the bed shows where a corner of the paper should be."""
    reach = _CORNER_MM * inked.px_per_mm
    level = float(np.median(inked.grey[_mask(inked.grey, paper.corners)]))
    outside = inked.grey[~_mask(inked.grey, paper.corners)]
    if not outside.size or abs(level - float(np.median(outside))) < 2 * FAINT:
        return False
    half = (level + float(np.median(outside))) / 2
    for i, corner in enumerate(paper.corners):
        arms = [paper.corners[i - 1] - corner, paper.corners[(i + 1) % 4] - corner]
        ends = [corner + arm / max(1.0, float(np.hypot(*arm))) * reach for arm in arms]
        inside = _mask(inked.grey, np.array([corner, *ends]))
        values = inked.grey[inside]
        lit = values > half if level > half else values < half
        if values.size and float(lit.mean()) < _CORNER_FULL:
            return True
    return False


def _finger(inked: InkMap) -> bool:
    """Return whether something of the colour of skin reaches in from the rim."""
    if inked.colour.ndim == 2:  # noqa: PLR2004 - two axes mean one channel
        return False
    planes = cv2.cvtColor(inked.colour, cv2.COLOR_BGR2YCrCb)
    low = (_SKIN_LEVEL[0], _SKIN_CR[0], _SKIN_CB[0])
    high = (_SKIN_LEVEL[1], _SKIN_CR[1], _SKIN_CB[1])
    skin = cv2.inRange(planes, low, high)
    if not skin.any():
        return False
    skin = cv2.morphologyEx(skin, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(skin, connectivity=8)
    k = inked.px_per_mm
    least = _FINGER_AT_RIM_MM * k
    rims = (labels[1], labels[-2], labels[:, 1], labels[:, -2])
    at_rim = np.max([np.bincount(rim, minlength=len(stats)) for rim in rims], axis=0)
    area = stats[:, cv2.CC_STAT_AREA] / k**2
    long = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]) / k
    finger = (area >= _FINGER_MM2[0]) & (area <= _FINGER_MM2[1]) & (at_rim >= least)
    finger &= (long >= _FINGER_MM[0]) & (long <= _FINGER_MM[1])
    finger[0] = False
    return bool(finger.any())


def _mask(grey: Pixels, corners: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    inside = np.zeros_like(grey)
    cv2.fillConvexPoly(inside, np.rint(corners).astype(np.int32), 1)
    return np.asarray(inside > 0, dtype=np.bool_)
