"""Where the paper lies on the glass, and what to cut away around it.

Only what is sure is cut: a paper whose straight sides stand out against the bed, with nothing lying
beside it. A white bed shows a paper by the shadow at its sides or not at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from ocr.clean.bed import find_lying
from ocr.clean.paper_edges import (
    BOTTOM,
    LEFT,
    RIGHT,
    TOP,
    Side,
    corners_of,
    normals,
    outline_angle,
    refined,
    rough_sides,
)
from ocr.clean.paper_size import SNAP_MM, name_of, nearest

if TYPE_CHECKING:
    import numpy.typing as npt

    from ocr.clean.bed import Lying
    from ocr.clean.ink import InkMap
    from ocr.geometry import Crop

    Floats = npt.NDArray[np.float64]

UNCLEAR: Final = "crop.unclear"
_MIN_FILL: Final = 0.95
_MIN_HULL_FILL: Final = 0.97
_MAX_FILL: Final = 1.04
_SIDES_AGREE_DEG: Final = 0.7
_MAX_WAVE_MM: Final = 0.9
_LONG_SHARE: Final = 0.1
_BESIDE_MM: Final = 3.0
_RIM_MM: Final = 2.0
_BESIDE_MM2: Final = 4.0
_FILLS_MM: Final = 1.5
_SURE_BED_SHARE: Final = 0.1
_SURE_CONTRAST: Final = 40.0
_SQUARE_DEG: Final = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class Paper:
    """A paper on the glass.

    Args:
        corners: top left, top right, bottom right, bottom left as it lies, px of the reduced scan.
        angle_deg: how far it lies turned, counter-clockwise positive, -45 to 45.
        seen: which of left, top, right, bottom was seen; the others lie beyond the scan.
        confidence: 0 to 1.
        fill: share of the rectangle (as far as it lies on the scan) that is paper.
    """

    corners: Floats
    angle_deg: float
    seen: tuple[bool, bool, bool, bool]
    confidence: float
    fill: float


@dataclass(frozen=True, slots=True)
class Cut:
    """What to show of a straightened scan.

    Args:
        crop: shares of the straightened scan, or None for all of it.
        confidence: 0 to 1; 0 without a crop.
        paper: name of a known size, or None.
        width_mm: of what is shown.
        height_mm: of what is shown.
    """

    crop: Crop | None
    confidence: float
    paper: str | None
    width_mm: float
    height_mm: float


def find_paper(inked: InkMap) -> tuple[Paper | None, str | None]:
    """Return the paper on the bed, or None with the reason why a bed is kept in view."""
    reason = None
    for lying in find_lying(inked.colour, inked.px_per_mm):
        paper = _fit(inked, lying)
        if paper is not None and not _beside(lying, paper, inked.px_per_mm):
            return paper, None
        contrast = float(np.median(inked.grey[lying.pieces > 0])) - lying.bed_level
        if contrast >= _SURE_CONTRAST and float(lying.bed.mean()) >= _SURE_BED_SHARE:
            reason = UNCLEAR
    return None, reason


def cut_to(paper: Paper | None, shape: tuple[int, int], skew_deg: float, px_per_mm: float) -> Cut:
    """Return the crop for a scan that is straightened by ``skew_deg`` about its middle.

    Args:
        paper: what was found.
        shape: height and width of the reduced scan.
        skew_deg: that is undone.
        px_per_mm: of the reduced scan.
    """
    height, width = shape
    whole = (0.0, 0.0, float(width), float(height))
    sides = None if paper is None else _upright(paper, shape, skew_deg)
    if paper is None or sides is None or _fills(sides, whole, px_per_mm):
        size = width / px_per_mm, height / px_per_mm
        return Cut(None, 0.0, name_of(*size), *size)
    x0, y0, x1, y1 = _snapped(sides, paper.seen, px_per_mm)
    size = (x1 - x0) / px_per_mm, (y1 - y0) / px_per_mm
    crop = x0 / width, y0 / height, x1 / width, y1 / height
    return Cut(crop, paper.confidence, name_of(*size), *size)


def _fit(inked: InkMap, lying: Lying) -> Paper | None:
    """Return the rectangle of what lies on the bed, or None if it is none."""
    shape, k = inked.grey.shape, inked.px_per_mm
    angle = outline_angle(lying.outline, (shape[0], shape[1]))
    if angle is None:
        return None
    rough = rough_sides(lying.outline, angle, (shape[0], shape[1]), k)
    seen = [
        refined(inked.grey, rough, which, angle, k) if side.support_px else side
        for which, side in enumerate(rough)
    ]
    turn = _common_turn(seen, k)
    if turn is None:
        return None
    angle += turn
    rest = rough_sides(lying.outline, angle, (shape[0], shape[1]), k)
    facing = normals(angle)
    sides = [
        Side(side.at(facing[i]), 0.0, side.support_px, side.wave_px)
        if side is not None and side.support_px
        else rest[i]
        for i, side in enumerate(seen)
    ]
    if sides[LEFT].offset_px + sides[RIGHT].offset_px < k:
        return None
    if sides[TOP].offset_px + sides[BOTTOM].offset_px < k:
        return None
    corners = corners_of(sides, angle)
    fill = _fill(lying, corners, (shape[0], shape[1]))
    if fill is None:
        return None
    length = [float(np.hypot(*(corners[i] - corners[i - 1]))) for i in range(4)]
    flags = [side.support_px > 0 for side in seen if side is not None]
    shares = [sides[i].support_px / length[i] for i in range(4) if flags[i]]
    confidence = round(min(1.0, min(fill, 1.0) * float(np.clip(np.mean(shares), 0, 1)) + 0.1), 4)
    left, top, right, bottom = flags
    return Paper(corners + 0.5, angle, (left, top, right, bottom), confidence, fill)


def _common_turn(seen: list[Side | None], px_per_mm: float) -> float | None:
    """Return how far the seen sides are turned together, or None if they are no straight sides."""
    if any(side is None for side in seen):
        return None
    sides = [side for side in seen if side is not None and side.support_px]
    if not sides or max(side.wave_px for side in sides) > _MAX_WAVE_MM * px_per_mm:
        return None
    weights = np.array([side.support_px**3 for side in sides])
    turns = np.array([side.slope_deg for side in sides])
    turn = float(np.average(turns, weights=weights))
    long = weights >= _LONG_SHARE * weights.max()
    return turn if np.abs(turns[long] - turn).max() <= _SIDES_AGREE_DEG else None


def _fill(lying: Lying, corners: Floats, shape: tuple[int, int]) -> float | None:
    """Return how much of the rectangle on the scan is paper, or None if it is no rectangle."""
    height, width = shape
    scan = np.array([[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]], np.float32)
    on_scan, _ = cv2.intersectConvexConvex(corners.astype(np.float32), scan)
    area = cv2.contourArea(lying.outline)
    hull = cv2.contourArea(cv2.convexHull(lying.outline))
    if on_scan <= 0 or area / max(hull, 1.0) < _MIN_HULL_FILL:
        return None
    fill = float(area / on_scan)
    return fill if _MIN_FILL <= fill <= _MAX_FILL + 4 * (height + width) / on_scan else None


def _beside(lying: Lying, paper: Paper, px_per_mm: float) -> bool:
    """Return whether anything lies on the bed beside the paper."""
    rest = lying.pieces.copy()
    middle = paper.corners.mean(axis=0)
    arms = paper.corners - middle
    grown = middle + arms + np.sign(arms) * _BESIDE_MM * px_per_mm
    cv2.fillConvexPoly(rest, np.rint(grown).astype(np.int32), 0)
    rim = max(1, round(_RIM_MM * px_per_mm))
    rest = rest[rim:-rim, rim:-rim]
    return float(rest.sum()) >= _BESIDE_MM2 * px_per_mm**2


def _upright(
    paper: Paper, shape: tuple[int, int], skew_deg: float
) -> tuple[float, float, float, float]:
    """Return left, top, right, bottom of the paper once the scan is straightened."""
    height, width = shape
    radians = np.radians(skew_deg)
    c, s = np.cos(radians), np.sin(radians)
    middle = np.array([width / 2, height / 2])
    turned = (paper.corners - middle) @ np.array([[c, s], [-s, c]]) + middle
    xs, ys = turned[:, 0], turned[:, 1]
    left, right, top, bottom = xs[[0, 3]], xs[[1, 2]], ys[[0, 1]], ys[[2, 3]]
    off = (paper.angle_deg - skew_deg + 45) % 90 - 45
    if abs(off) <= _SQUARE_DEG:
        return float(left.mean()), float(top.mean()), float(right.mean()), float(bottom.mean())
    return float(left.min()), float(top.min()), float(right.max()), float(bottom.max())


def _fills(
    sides: tuple[float, float, float, float], whole: tuple[float, ...], px_per_mm: float
) -> bool:
    """Return whether hardly anything would be cut away."""
    x0, y0, x1, y1 = sides
    inwards = (x0 - whole[0], y0 - whole[1], whole[2] - x1, whole[3] - y1)
    return max(inwards) <= _FILLS_MM * px_per_mm


def _snapped(
    sides: tuple[float, float, float, float], seen: tuple[bool, ...], px_per_mm: float
) -> tuple[float, float, float, float]:
    """Return the sides set to a known paper size, if all four were seen and it is close."""
    x0, y0, x1, y1 = sides
    size = nearest((x1 - x0) / px_per_mm, (y1 - y0) / px_per_mm)
    if not all(seen) or size is None or size[3] > SNAP_MM:
        return sides
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    w, h = size[1] * px_per_mm / 2, size[2] * px_per_mm / 2
    return x - w, y - h, x + w, y + h
