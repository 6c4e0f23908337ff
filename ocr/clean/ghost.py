"""What shines through from the other side of a sheet, and what is a pale mark of its own.

Paper scatters light: what shines through has soft edges and no colour of its own. A pencil, a
faint stamp or a pale pen has sharp strokes or colour.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from ocr.clean.ink import InkMap
    from ocr.image import Pixels

_ALIGN_PX: Final = 550
_ANGLES_DEG: Final = tuple(0.5 * step for step in range(-6, 7))
_SOFTEN_PX: Final = 2.0
_MIN_PEAK: Final = 0.25
_COVER: Final = 1.6
_FINE_PX: Final = 0.8
_SOFT_PX: Final = 3.0
_LEAST_SLOPE: Final = 0.4


def without_ghost(depth: Pixels, partner: InkMap) -> tuple[Pixels, float]:
    """Return ``depth`` less what shines through from the partner, and how well the two match.

    Args:
        depth: ``uint8 HxW`` how dark the marks of the back are.
        partner: the other side of the same sheet.

    *Source:* phase correlation, Kuglin and Hines 1975.
    """
    height, width = depth.shape
    behind = cv2.resize(cv2.flip(partner.depth, 1), (width, height), interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(behind, (0, 0), _SOFTEN_PX).astype(np.float32)
    scale = _ALIGN_PX / max(height, width)
    size = max(8, round(width * scale)), max(8, round(height * scale))
    window = cv2.createHanningWindow(size, cv2.CV_32F)
    here = cv2.resize(depth, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    there = cv2.resize(soft, size, interpolation=cv2.INTER_AREA)
    best: tuple[float, tuple[float, float], float] = (0.0, (0.0, 0.0), 0.0)
    for angle in _ANGLES_DEG:
        turn = cv2.getRotationMatrix2D((size[0] / 2, size[1] / 2), angle, 1)
        shift, peak = cv2.phaseCorrelate(cv2.warpAffine(there, turn, size), here, window)
        if peak > best[0]:
            best = (float(peak), (float(shift[0]), float(shift[1])), angle)
    peak, (dx, dy), angle = best
    if peak < _MIN_PEAK:
        return depth, peak
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1)
    turn[:, 2] += (dx * width / size[0], dy * height / size[1])
    laid = cv2.warpAffine(soft, turn, (width, height))
    weight = float((laid * depth).sum() / max(1.0, float((laid * laid).sum())))
    ghost = cv2.dilate(laid, np.ones((5, 5), np.uint8)) * (weight * _COVER)
    rest = cv2.subtract(depth, np.clip(ghost, 0, 255).astype(np.uint8))
    return np.asarray(rest, dtype=np.uint8), peak


def own_strokes(inked: InkMap, marks: Pixels) -> float:
    """Return how steep the edges of pale marks are against softened ones; 5 is a pen, 1.5 a ghost.

    Args:
        inked: the page.
        marks: ``uint8 HxW`` 0 or 1, the pale marks on the reduced page.
    """
    if not marks.any():
        return 0.0
    height, width = inked.fine.shape
    near = cv2.resize(
        cv2.dilate(marks, np.ones((3, 3), np.uint8)),
        (width, height),
        interpolation=cv2.INTER_NEAREST,
    )
    inside = near > 0
    steep, gentle = (_slopes(inked.fine, sigma) for sigma in (_FINE_PX, _SOFT_PX))
    grain = float(np.median(steep[~inside])) if not inside.all() else 0.0
    soft = max(_LEAST_SLOPE, float(np.percentile(gentle[inside], 90)))
    return max(0.0, float(np.percentile(steep[inside], 90)) - grain) / soft


def colour_apart(inked: InkMap, marks: Pixels) -> float:
    """Return how far the marks' colour is from the paper's, in the a and b of CIELAB."""
    if inked.colour.ndim == 2 or not marks.any():  # noqa: PLR2004 - two axes mean one channel
        return 0.0
    lab = cv2.cvtColor(inked.colour, cv2.COLOR_BGR2LAB).astype(np.float64)[:, :, 1:]
    apart = lab[marks > 0].mean(axis=0) - np.median(lab[marks == 0], axis=0)
    return float(np.hypot(apart[0], apart[1]))


def _slopes(grey: Pixels, sigma: float) -> npt.NDArray[np.float32]:
    calm = cv2.GaussianBlur(grey, (0, 0), sigma).astype(np.float32)
    across, down = cv2.Sobel(calm, cv2.CV_32F, 1, 0), cv2.Sobel(calm, cv2.CV_32F, 0, 1)
    return np.asarray(cv2.magnitude(across, down) / 8, dtype=np.float32)
