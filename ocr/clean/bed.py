"""What lies on the glass: the bed around a paper, told by its even colour from the rim inwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from ocr.image import Pixels

_RING_MM: Final = 2.0
_MODE_SHARE: Final = 0.03
_MODE_HALF_WIDTH: Final = 6
_MODES_APART: Final = 14
_MAX_MODES: Final = 3
_TOLERANCE: Final = (3.0, 6.0, 22.0)  # added to four times the spread; least, most
_CLOSE: Final = (1.0, 3.0, 5.0)
_BRIGHT: Final = 225
_MIN_OBJECT_SHARE: Final = 0.008
_PIECE_MM2: Final = 4.0


@dataclass(frozen=True, slots=True, eq=False)
class Lying:
    """Something on the bed.

    Args:
        outline: ``int32 Nx2`` px, its outer contour.
        bed: ``uint8 HxW`` 0 or 1: the bed, joined to the rim.
        bed_level: brightness of the bed.
        pieces: ``uint8 HxW`` 0 or 1: all that is not bed, specks left out.
    """

    outline: npt.NDArray[np.int32]
    bed: Pixels
    bed_level: float
    pieces: Pixels


def find_lying(colour: Pixels, px_per_mm: float) -> list[Lying]:
    """Return what may lie on the bed, one for each colour the bed may have, darkest first."""
    smooth = np.asarray(cv2.blur(colour, (3, 3)), dtype=np.uint8)
    planes = smooth.reshape(*smooth.shape[:2], -1)
    ring_px = max(2, round(_RING_MM * px_per_mm))
    if min(planes.shape[:2]) <= 4 * ring_px:
        return []
    ring = np.concatenate(
        [
            part.reshape(-1, planes.shape[2])
            for part in (
                planes[:ring_px],
                planes[-ring_px:],
                planes[ring_px:-ring_px, :ring_px],
                planes[ring_px:-ring_px, -ring_px:],
            )
        ]
    )
    level = np.asarray(np.rint(ring.mean(axis=1)), dtype=np.uint8)
    found = []
    for mode in sorted(_modes(level)):
        samples = ring[np.abs(level.astype(np.int16) - mode) <= _MODE_HALF_WIDTH]
        # White paper on a white bed may differ by a shade only: a bright bed is tried closely too.
        for tolerance in (_TOLERANCE, _CLOSE) if mode >= _BRIGHT else (_TOLERANCE,):
            bed = _segment(planes, samples, tolerance)
            if bed is not None:
                found.append(_whole(bed, mode, px_per_mm))
    return [lying for lying in found if lying is not None]


def _modes(level: Pixels) -> list[int]:
    """Return the brightnesses the rim mostly has, at most three."""
    counts = np.bincount(level, minlength=256).astype(np.float64)
    window = np.convolve(counts, np.ones(2 * _MODE_HALF_WIDTH + 1), "same")
    modes: list[int] = []
    for value in np.argsort(-window, kind="stable"):
        if window[value] < _MODE_SHARE * level.size or len(modes) == _MAX_MODES:
            break
        if all(abs(int(value) - other) >= _MODES_APART for other in modes):
            modes.append(int(value))
    return modes


def _segment(planes: Pixels, samples: Pixels, limits: tuple[float, float, float]) -> Pixels | None:
    """Return what has the colour of the samples and hangs together with the rim."""
    colour = np.median(samples, axis=0)
    spread = float(np.median(np.abs(samples - colour), axis=0).max()) * 1.4826
    tolerance = float(np.clip(4 * spread + limits[0], *limits[1:]))
    low = tuple(float(v) for v in np.maximum(colour - tolerance, 0))
    high = tuple(float(v) for v in np.minimum(colour + tolerance, 255))
    near = np.asarray(cv2.inRange(planes, low, high), dtype=np.uint8)
    _, labels = cv2.connectedComponents(near, connectivity=4)
    rim = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    touching = np.zeros(int(labels.max()) + 1, np.uint8)
    touching[np.unique(rim)] = 1
    touching[0] = 0
    if not touching.any():
        return None
    return np.asarray(touching[labels], dtype=np.uint8)


def _whole(bed: Pixels, level: int, px_per_mm: float) -> Lying | None:
    """Return the largest thing that is not bed."""
    other = np.asarray(
        cv2.morphologyEx(1 - bed, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)), dtype=np.uint8
    )
    contours, _ = cv2.findContours(other, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return None
    areas = [cv2.contourArea(contour) for contour in contours]
    largest = int(np.argmax(areas))
    if areas[largest] < _MIN_OBJECT_SHARE * bed.size:
        return None
    least = _PIECE_MM2 * px_per_mm**2
    pieces = np.zeros_like(bed)
    kept = [contour for contour, area in zip(contours, areas, strict=True) if area >= least]
    cv2.drawContours(pieces, kept, -1, 1, thickness=cv2.FILLED)
    return Lying(
        np.asarray(contours[largest].reshape(-1, 2), dtype=np.int32), bed, float(level), pieces
    )
