"""The straight sides of a paper on the glass: first from its outline, then from the light itself.

A side is looked for along many short lines across it: the place where, coming from the bed, the
paper's brightness first rises out of the shadow (or falls, for a dark paper on a bright bed).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from ocr.image import Pixels

    Floats = npt.NDArray[np.float64]

LEFT, TOP, RIGHT, BOTTOM = range(4)
_RIM_PX: Final = 2.5
_MIN_RUN_PX: Final = 10.0
_SUPPORT_MM: Final = 1.2
_LEAST_SUPPORT_MM: Final = 8.0
_PROBES: Final = 64
_REACH_MM: Final = 2.5
_STEP_PX: Final = 0.5
_LEAST_RISE: Final = 7.0
_LEAST_FALL: Final = 3.5
_OUTERMOST_SHARE: Final = 0.4
_KEPT_MM: Final = 0.35
_LEAST_PROBES: Final = 8


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a paper in a frame turned by ``angle_deg``: its outward distance from the origin.

    Args:
        offset_px: distance along the outward normal.
        slope_deg: how far it is turned against the frame, counter-clockwise positive.
        support_px: length over which it was seen; 0 for a side beyond the scan.
        wave_px: how far it bends (90th percentile of the distance from the straight line).
        point: a place on it near the middle of what was seen, px; None for a rough side.
    """

    offset_px: float
    slope_deg: float
    support_px: float
    wave_px: float
    point: tuple[float, float] | None = None

    def at(self, normal: Floats) -> float:
        """Return its distance along another outward normal."""
        return self.offset_px if self.point is None else float(np.dot(self.point, normal))


def outline_angle(outline: npt.NDArray[np.int32], shape: tuple[int, int]) -> float | None:
    """Return how far an outline's straight runs are turned, -45 to 45, or None without any."""
    corners = cv2.approxPolyDP(outline, 2.0, closed=True).reshape(-1, 2).astype(np.float64)
    ends = np.roll(corners, -1, axis=0)
    runs = ends - corners
    length = np.hypot(runs[:, 0], runs[:, 1])
    along_rim = (_rims(corners, shape) & _rims(ends, shape)).any(axis=1)
    free = ~along_rim & (length >= _MIN_RUN_PX)
    if not free.any():
        return None
    angles = np.degrees(np.arctan2(-runs[free, 1], runs[free, 0]))
    folded, weights = (angles + 45) % 90 - 45, length[free] ** 2
    # The best supported direction, then the mean of what lies near it.
    off = np.abs((folded[:, None] - folded[None] + 45) % 90 - 45)
    best = int(np.argmax(((off < 1) * weights[None]).sum(axis=1)))
    near = off[best] < 1
    turned = (folded[near] - folded[best] + 45) % 90 - 45
    angle = folded[best] + float(np.average(turned, weights=weights[near]))
    return float((angle + 45) % 90 - 45)


def normals(angle_deg: float) -> Floats:
    """Return the outward normals of left, top, right, bottom of a paper turned so, ``4x2``."""
    radians = math.radians(angle_deg)
    right = np.array([math.cos(radians), -math.sin(radians)])
    down = np.array([math.sin(radians), math.cos(radians)])
    return np.array([-right, -down, right, down])


def rough_sides(
    outline: npt.NDArray[np.int32], angle_deg: float, shape: tuple[int, int], px_per_mm: float
) -> list[Side]:
    """Return the four sides as far as the outline shows them."""
    points = outline.astype(np.float64)
    free = ~_rims(points, shape).any(axis=1)
    sides = []
    for normal in normals(angle_deg):
        along = points @ normal
        offset = float(along.max())
        if free.any():
            seen = float(np.percentile(along[free], 99))
            support = int((free & (np.abs(along - seen) <= _SUPPORT_MM * px_per_mm)).sum())
            if support >= _LEAST_SUPPORT_MM * px_per_mm and seen >= offset - 3 * px_per_mm:
                sides.append(Side(seen, 0.0, float(support), 0.0))
                continue
        sides.append(Side(offset, 0.0, 0.0, 0.0))
    return sides


def corners_of(sides: list[Side], angle_deg: float) -> Floats:
    """Return top left, top right, bottom right, bottom left of the rectangle, ``4x2`` px."""
    _, _, right, down = normals(angle_deg)
    x0, x1 = -sides[LEFT].offset_px, sides[RIGHT].offset_px
    y0, y1 = -sides[TOP].offset_px, sides[BOTTOM].offset_px
    return np.array([x * right + y * down for x, y in ((x0, y0), (x1, y0), (x1, y1), (x0, y1))])


def refined(
    grey: Pixels, sides: list[Side], which: int, angle_deg: float, px_per_mm: float
) -> Side | None:
    """Return a side as the light shows it, or None where it shows none.

    A side that hardly lies on the scan comes back without support.
    """
    corners = corners_of(sides, angle_deg)
    start, end = {
        LEFT: (corners[3], corners[0]),
        TOP: (corners[0], corners[1]),
        RIGHT: (corners[1], corners[2]),
        BOTTOM: (corners[2], corners[3]),
    }[which]
    normal = normals(angle_deg)[which]
    shares = np.linspace(0.03, 0.97, _PROBES)[:, None]
    base = start + shares * (end - start)
    reach = _REACH_MM * px_per_mm
    steps = np.arange(reach, -reach - 1e-9, -_STEP_PX)  # from the bed inwards
    places = base[:, None, :] + steps[None, :, None] * normal
    height, width = grey.shape
    inside = (
        (places[:, :, 0] >= 0)
        & (places[:, :, 0] <= width - 1)
        & (places[:, :, 1] >= 0)
        & (places[:, :, 1] <= height - 1)
    ).all(axis=1)
    if int(inside.sum()) < _LEAST_PROBES:
        return Side(sides[which].offset_px, 0.0, 0.0, 0.0)
    spots = places[inside].astype(np.float32)
    light = cv2.remap(grey, spots[:, :, 0], spots[:, :, 1], cv2.INTER_LINEAR).astype(np.float64)
    found = _edges(np.asarray(cv2.blur(light, (3, 3)), dtype=np.float64))
    seen = np.isfinite(found)
    if int(seen.sum()) < _LEAST_PROBES:
        return None
    offsets = reach - found[seen] * _STEP_PX
    along = (shares[:, 0] * float(np.hypot(*(end - start))))[inside][seen]
    line = _line(along, offsets, px_per_mm)
    if line is None:
        return None
    slope, level, middle, share, wave = line
    length = float(np.hypot(*(end - start)))
    point = start + (end - start) * middle / length + normal * level
    support = length * share * int(inside.sum()) / _PROBES
    turned = math.degrees(math.atan(slope))
    x, y = float(point[0]), float(point[1])
    return Side(float(point @ normal), turned, support, wave, (x, y))


def _edges(light: Floats) -> Floats:
    """Return the step (sub-pixel) at which each line enters the paper; NaN where it shows none."""
    slope = light[:, 4:] - light[:, :-4]
    mean_rise = float(np.percentile(slope, 99, axis=1).mean())
    if mean_rise < _LEAST_RISE:
        slope = -slope
        least = _LEAST_FALL
    else:
        least = _LEAST_RISE
    peak = slope.max(axis=1)
    strong = slope >= np.maximum(least, _OUTERMOST_SHARE * peak)[:, None]
    found = np.full(len(light), np.nan)
    for row in np.flatnonzero(strong.any(axis=1)):
        first = int(np.argmax(strong[row]))
        after = slope[row, first:]
        falls = np.flatnonzero(np.diff(after) < 0)
        top = first + (int(falls[0]) if falls.size else len(after) - 1)
        if 0 < top < slope.shape[1] - 1:
            a, b, c = slope[row, top - 1 : top + 2]
            bend = a - 2 * b + c
            found[row] = top + 2 + (0.5 * (a - c) / bend if bend < 0 else 0.0)
    return found


def _line(
    along: Floats, offsets: Floats, px_per_mm: float
) -> tuple[float, float, float, float, float] | None:
    """Return slope, level, middle, share of the places on it and bend of the line through most."""
    kept = np.abs(offsets - np.median(offsets)) <= 3 * px_per_mm
    slope = level = middle = 0.0
    for narrow in (3.0, 1.5, 1.0, 1.0):
        if int(kept.sum()) < _LEAST_PROBES:
            return None
        middle = float(along[kept].mean())
        slope, level = np.polyfit(along[kept] - middle, offsets[kept], 1)
        off = np.abs(offsets - level - slope * (along - middle))
        kept = off <= _KEPT_MM * narrow * px_per_mm
    if int(kept.sum()) < _LEAST_PROBES:
        return None
    wave = float(np.percentile(off, 90))
    return float(slope), float(level), middle, float(kept.mean()), wave


def _rims(points: Floats, shape: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """Return which rims of the scan each point lies at: ``Nx4`` left, top, right, bottom."""
    height, width = shape
    x, y = points[:, 0], points[:, 1]
    far_x, far_y = width - 1 - x, height - 1 - y
    return np.asarray(np.stack([x, y, far_x, far_y], axis=1) <= _RIM_PX, dtype=np.bool_)
