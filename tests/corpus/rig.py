"""The scanner that does not exist: it lays a printed side on a bed and hands over an image file.

Where everything went is kept: the corners of the paper in px of the file. Coordinates are continuous
(pixel i covers i to i + 1), pixels uint8 H×W×3 BGR. Nothing here knows how a reader undoes it.
"""

from __future__ import annotations

import dataclasses
import io
import math
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image

from tests.corpus.paperwear import printed_on_paper, wear
from tests.corpus.sheet import DPI, mm

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tests.corpus.drafts import Print
    from tests.corpus.scanbed import Pixels
    from tests.corpus.severity import Plan

    Matrix = NDArray[np.float64]

_GLASS_MM = (210.0, 297.0)
_HALF = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]], np.float64)
_GRAIN_PX = 1500


@dataclasses.dataclass(frozen=True, slots=True)
class Scanned:
    """An image file and what happened on the way to it."""

    data: bytes
    suffix: str
    width_px: int
    height_px: int
    quad: tuple[tuple[float, float], ...]
    defects: tuple[str, ...]


def scan_side(side: Print, plan: Plan, rng: np.random.Generator) -> Scanned:
    """Scan one printed side as planned."""
    bed = _bed_colour(plan)
    page = printed_on_paper(side, plan, rng)
    page, defects = wear(page, side.sheet, plan, bed, rng)
    height, width = page.shape[:2]
    to_frame, (frame_w, frame_h) = _lay(plan, width, height)
    laid = cv2.warpAffine(
        page,
        (np.linalg.inv(_HALF) @ to_frame @ _HALF)[:2],
        (frame_w, frame_h),
        flags=cv2.INTER_CUBIC,
        borderValue=bed,
    )
    laid = _shadow(laid, to_frame, (width, height))
    if "finger" in plan.defects and (spot := _finger(laid, side, to_frame, rng)):
        defects.append(spot)
    turned = np.ascontiguousarray(np.rot90(laid, plan.rotation_deg // 90))
    image = _sampled(turned, plan)
    if "streaks" in plan.defects:
        _streaks(image, rng)
        defects.append("streaks")
    image = _seen(image, plan, rng)
    data, suffix = _encoded(image, plan)
    rows, columns = image.shape[:2]
    corners = [(0.0, 0.0), (width, 0.0), (width, height), (0.0, height)]
    quad = tuple(_at(to_frame, plan, (frame_w, frame_h), corner) for corner in corners)
    return Scanned(data, suffix, columns, rows, quad, tuple(sorted(defects)))


def flawless(side: Print) -> bytes:
    """Give the printed side itself as a PNG at 300 dpi: no scanner was ever as good."""
    out = io.BytesIO()
    side.sheet.image.save(out, "PNG", compress_level=1, dpi=(DPI, DPI))
    return out.getvalue()


def _bed_colour(plan: Plan) -> tuple[int, int, int]:
    level = plan.bed_level
    return (min(level + 1, 255), level, max(level - 1, 0))


def _lay(plan: Plan, width: int, height: int) -> tuple[Matrix, tuple[int, int]]:
    """Give the matrix from paper px to frame px, both at 300 dpi, and the size of the frame."""
    angle = math.radians(plan.skew_deg)
    c, s = math.cos(angle), math.sin(angle)
    # Counter-clockwise on a picture whose y runs down.
    turn = np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]], np.float64)
    to_middle = np.array([[1, 0, -width / 2], [0, 1, -height / 2], [0, 0, 1]], np.float64)
    if plan.bed == "none":
        frame = (width, height)
        centre = (width / 2, height / 2)
    else:
        wide = width * abs(c) + height * abs(s)
        tall = width * abs(s) + height * abs(c)
        left, top, right, bottom = (mm(v) for v in plan.margins_mm)
        frame = (math.ceil(wide) + left + right, math.ceil(tall) + top + bottom)
        glass = (mm(_GLASS_MM[0]), mm(_GLASS_MM[1]))
        if plan.glass and frame[0] <= glass[0] and frame[1] <= glass[1]:
            frame = glass
        centre = (left + wide / 2, top + tall / 2)
    back = np.array([[1, 0, centre[0]], [0, 1, centre[1]], [0, 0, 1]], np.float64)
    return back @ turn @ to_middle, frame


def _at(
    matrix: Matrix, plan: Plan, frame: tuple[int, int], point: tuple[float, float]
) -> tuple[float, float]:
    """Give where a point of the paper lies in the image file."""
    x, y, _ = (float(v) for v in matrix @ np.array([*point, 1.0]))
    w, h = frame
    for _ in range(plan.rotation_deg // 90):
        x, y, w, h = y, w - x, h, w
    return round(x * plan.dpi[0] / DPI, 2), round(y * plan.dpi[1] / DPI, 2)


def _shadow(laid: Pixels, matrix: Matrix, paper: tuple[int, int]) -> Pixels:
    """Darken bed and paper along the edges of the paper, where light does not get under."""
    height, width = laid.shape[:2]
    small = np.diag([0.25, 0.25, 1.0]) @ matrix @ np.diag([4.0, 4.0, 1.0])
    ring = 8
    small[0, 2] += ring
    small[1, 2] += ring
    size = (width // 4 + 2 * ring, height // 4 + 2 * ring)
    ones = np.ones((paper[1] // 4, paper[0] // 4), np.float32)
    covered = cv2.warpAffine(ones, small[:2], size)
    near = cv2.GaussianBlur(covered, (0, 0), 3)
    shade = covered * (1 - 0.08 * (1 - near)) + (1 - covered) * (1 - 0.45 * near)
    light = cv2.resize(shade[ring:-ring, ring:-ring], (width, height))
    channels = [cv2.multiply(one, light, dtype=cv2.CV_8U) for one in cv2.split(laid)]
    return cv2.merge(channels).astype(np.uint8, copy=False)


def _finger(laid: Pixels, side: Print, matrix: Matrix, rng: np.random.Generator) -> str | None:
    """Hold the paper down with a thumb at its left edge, if no print is under it."""
    long, wide = mm(13), mm(8)
    for _ in range(12):
        y = float(rng.uniform(0.2, 0.8)) * side.sheet.height_px
        if any(
            x0 < long + 12 and y0 - wide < y < y1 + wide for x0, y0, _, y1 in side.sheet.inked()
        ):
            continue
        x, y, _ = matrix @ np.array([0.0, y, 1.0])
        centre = (round(x), round(y))
        tone = (118, 142, 198)
        cv2.ellipse(laid, centre, (long, wide), 0, 0, 360, tone, -1, cv2.LINE_AA)
        cv2.ellipse(laid, centre, (long, wide), 0, -40, 40, (80, 98, 150), 6, cv2.LINE_AA)
        return "finger"
    return None


def _sampled(image: Pixels, plan: Plan) -> Pixels:
    if plan.dpi == (DPI, DPI):
        return image
    height, width = image.shape[:2]
    size = (round(width * plan.dpi[0] / DPI), round(height * plan.dpi[1] / DPI))
    how = cv2.INTER_AREA if max(plan.dpi) < DPI else cv2.INTER_CUBIC
    return cv2.resize(image, size, interpolation=how).astype(np.uint8, copy=False)


def _streaks(image: Pixels, rng: np.random.Generator) -> None:
    """Leave the lines of a dirty roller: the whole way down, one or two px wide."""
    for _ in range(int(rng.integers(1, 4))):
        x = int(rng.integers(4, image.shape[1] - 4))
        strength, wide = float(rng.uniform(0.72, 0.93)), int(rng.integers(1, 3))
        strip = image[:, x : x + wide]
        image[:, x : x + wide] = (strip * strength).astype(np.uint8)


def _seen(image: Pixels, plan: Plan, rng: np.random.Generator) -> Pixels:
    """Give the picture as the sensor has it: out of focus, with noise."""
    if plan.blur_px > 0.15:
        image = cv2.GaussianBlur(image, (0, 0), plan.blur_px).astype(np.uint8, copy=False)
    grain = rng.standard_normal((_GRAIN_PX, _GRAIN_PX), dtype=np.float32)
    grain = cv2.GaussianBlur(grain, (0, 0), 0.55) * (plan.noise * 1.75)
    height, width = image.shape[:2]
    tiles = (height // _GRAIN_PX + 1, width // _GRAIN_PX + 1)
    noise = np.tile(grain.astype(np.int8), tiles)[:height, :width]
    channels = [cv2.add(one, noise, dtype=cv2.CV_8U) for one in cv2.split(image)]
    return cv2.merge(channels).astype(np.uint8, copy=False)


def _encoded(image: Pixels, plan: Plan) -> tuple[bytes, str]:
    out = io.BytesIO()
    if plan.colour == "colour":
        picture = Image.fromarray(np.ascontiguousarray(image[:, :, ::-1]))
    else:
        picture = Image.fromarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))
    if plan.colour == "bilevel":
        ink = 255 - (255 - 35) * plan.contrast
        bound = (min(plan.cast, 250) + ink) / 2
        bilevel = picture.point([255 if level > bound else 0 for level in range(256)], "1")
        bilevel.save(out, "TIFF", compression="group4", dpi=plan.dpi)
        return out.getvalue(), "tif"
    picture.save(out, "JPEG", quality=plan.quality, dpi=plan.dpi)
    return out.getvalue(), "jpg"
