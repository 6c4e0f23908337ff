"""How far the paper lay turned, from the feet of its letters.

Two independent measures must agree before a page is turned: the sharpness of the histogram of
letter feet along a slope, and the direction of the bright ray in the page's spectrum.

*Source:* Postl, US patent 4,723,297 (sum of squared differences of the projection); Baird, "The
skew angle of printed documents", 1987 (bottom points of components).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from ocr.clean.text_lines import line_angle

if TYPE_CHECKING:
    from ocr.clean.ink import InkMap
    from ocr.image import Pixels

Points: TypeAlias = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]

LIMIT_DEG: Final = 20.0
MIN_CONFIDENCE: Final = 5.0
MAX_DISAGREEMENT_DEG: Final = 0.35
_MIN_POINTS = 60
_MIN_LETTERS = 20  # fewer marks than ten short words may be strokes of a pen
_MANY_LETTERS = 40
_SPARSE_CONFIDENCE = 1.6
_CLEARLY = 1.15
_SURE_LINES_DEG = 0.04
_STEP_DEG = 0.12
_LETTERS_ON_LINES = 0.45
_FEW_LETTERS = 150
_SPARSE_ERROR_DEG = 0.15
_MAX_POINTS = 20_000
_SEED = 20_240_101
_SPECTRUM_PX = 1024
_RAYS_PX = (30, 300)


@dataclass(frozen=True, slots=True)
class Skew:
    """A measured skew.

    Args:
        skew_deg: counter-clockwise positive; 0 when not trusted.
        confidence: 0 to 1; 0.5 is the least that is acted on.
        sideways: whether the lines run down the scan instead of across.
        reason: why the page is left as it lies, or None.
    """

    skew_deg: float
    confidence: float
    sideways: bool
    reason: str | None


def estimate_skew(inked: InkMap) -> Skew:
    """Return the skew of the writing on a page.

    A page full of print stands out by itself. On a sparse one (a cover, a card, a few lines) the
    histogram is flat, so the fine copy, which shows more feet, and the fit of straight lines
    through them must say the same.
    """
    ink = inked.ink
    fine = inked.fine_ink()
    marks = cv2.connectedComponents(ink, connectivity=8)[0]
    across, down = _coarse(ink), _coarse(np.rot90(ink))
    if marks <= _MIN_LETTERS or (across is None and down is None):
        return Skew(0.0, 0.0, sideways=False, reason="skew.too_little_ink")
    sideways = (down or (0.0, 0.0))[1] > (across or (0.0, 0.0))[1]
    angle, sharpness = (down if sideways else across) or (0.0, 0.0)
    other = ((across if sideways else down) or (0.0, 0.0))[1]
    confidence = round(min(1.0, sharpness / (2 * MIN_CONFIDENCE)), 4)
    lying = np.ascontiguousarray(np.rot90(fine)) if sideways else fine
    refined = _refined(_feet(lying), angle, (0.05, 0.01))
    lines = line_angle(lying, refined)
    agreed = lines is not None and abs(lines.angle_deg - refined) <= MAX_DISAGREEMENT_DEG
    if sharpness >= MIN_CONFIDENCE and marks > _MANY_LETTERS:
        check = _spectrum(np.rot90(ink) if sideways else ink, angle)
        if abs(check - angle) > MAX_DISAGREEMENT_DEG and not agreed:
            return Skew(0.0, confidence / 2, sideways, "skew.unclear")
    elif (
        not agreed
        or lines is None
        or lines.share < _LETTERS_ON_LINES
        or lines.error_deg > _SPARSE_ERROR_DEG
        or sharpness < max(_SPARSE_CONFIDENCE, _CLEARLY * other)
    ):
        return Skew(0.0, confidence, sideways, "skew.unclear")
    if lines is not None and abs(lines.angle_deg - refined) <= _STEP_DEG:
        if marks <= _FEW_LETTERS:
            refined = (refined + lines.angle_deg) / 2  # two views of few letters err apart
        elif lines.error_deg <= _SURE_LINES_DEG:
            refined = lines.angle_deg
    confidence = max(confidence, 0.5)
    return Skew(round(refined, 2) + 0.0, confidence, sideways, None)


def _feet(ink: Pixels) -> Points:
    """Return x and y of the lowest pixels of the writing, at most 20,000 of them."""
    ys, xs = np.nonzero((ink[:-1] == 1) & (ink[1:] == 0))
    if len(xs) > _MAX_POINTS:
        chosen = np.random.default_rng(_SEED).choice(len(xs), _MAX_POINTS, replace=False)
        ys, xs = ys[chosen], xs[chosen]
    return xs.astype(np.float64) - ink.shape[1] / 2, ys.astype(np.float64)


def _coarse(ink: Pixels) -> tuple[float, float] | None:
    """Return angle and sharpness of the best slope, or None with too few letter feet."""
    points = _feet(ink)
    if len(points[0]) < _MIN_POINTS:
        return None
    angles = np.arange(-LIMIT_DEG, LIMIT_DEG + 0.25, 0.5)
    scores = [_score(points, angle) for angle in angles]
    best = _refined(points, float(angles[int(np.argmax(scores))]), (0.1, 0.02))
    return best, _score(points, best) / max(1.0, float(np.median(scores)))


def _refined(points: Points, angle: float, steps: tuple[float, ...]) -> float:
    """Return the best slope within five steps of ``angle``, step by finer step."""
    for step in steps:
        angles = angle + step * np.arange(-5, 6)
        angle = float(angles[int(np.argmax([_score(points, each) for each in angles]))])
    return angle


def _score(points: Points, angle: float) -> float:
    xs, ys = points
    radians = math.radians(angle)
    rows = ys * math.cos(radians) + xs * math.sin(radians)
    counts = np.bincount((rows - rows.min()).astype(np.int64))
    return float(np.sum(np.diff(counts.astype(np.float64)) ** 2))


def _spectrum(ink: Pixels, near_deg: float) -> float:
    """Return the direction of the strongest ray of the spectrum within 1 degree."""
    canvas = np.zeros((_SPECTRUM_PX, _SPECTRUM_PX), np.float32)
    part = ink[:_SPECTRUM_PX, :_SPECTRUM_PX]
    canvas[: part.shape[0], : part.shape[1]] = part
    planes = cv2.dft(canvas, flags=cv2.DFT_COMPLEX_OUTPUT)
    power = np.log1p(np.fft.fftshift(cv2.magnitude(planes[:, :, 0], planes[:, :, 1])))
    radii = np.arange(*_RAYS_PX, dtype=np.float32)
    angles = near_deg + 0.05 * np.arange(-20, 21)
    radians = np.radians(angles)[:, None]
    centre = _SPECTRUM_PX / 2
    # Lines that rise to the right by the skew put their energy along the normal to them.
    map_x = (centre + radii * np.sin(radians)).astype(np.float32)
    map_y = (centre + radii * np.cos(radians)).astype(np.float32)
    rays = cv2.remap(power.astype(np.float32), map_x, map_y, cv2.INTER_LINEAR)
    return float(angles[int(np.argmax(rays.mean(axis=1)))])
