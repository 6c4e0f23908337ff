"""What a scanner does to a printed sheet: tint, unevenness, skew, bed, shadow, noise, a quarter turn.

Pixels are uint8 H×W×3 in BGR order, as OpenCV has them.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

    Pixels = NDArray[np.uint8]

WHITE_BED, GREY_BED = (250, 250, 249), (203, 201, 200)


@dataclasses.dataclass(frozen=True, slots=True)
class Look:
    """How one sheet lies on the glass and how the scanner sees it."""

    skew_deg: float = 0.0
    rotation_deg: int = 0
    bed: tuple[int, int, int] = WHITE_BED
    paper: tuple[int, int, int] = (243, 244, 242)
    noise: float = 4.0
    blur_px: float = 0.7
    unevenness: float = 0.012
    specks: int = 6


def to_bgr(image: Image.Image) -> Pixels:
    """Give a Pillow RGB image as BGR pixels."""
    return cv2.cvtColor(np.asarray(image), cv2.COLOR_RGB2BGR).astype(np.uint8, copy=False)


def scan(sheet: Pixels, look: Look, seed: int) -> Pixels:
    """Give the sheet as scanned.

    `skew_deg` turns the content counter-clockwise about the centre; `rotation_deg` is the clockwise
    turn a reader must apply, so the sheet is turned counter-clockwise by as much.
    """
    rng = np.random.default_rng(seed)
    page = _on_paper(sheet, look, rng)
    page = _on_bed(page, look)
    height, width = page.shape[:2]
    grain = rng.standard_normal((height, width), dtype=np.float32)
    grain = cv2.GaussianBlur(grain, (0, 0), 0.6) * (look.noise * 1.9)
    noise = cv2.merge([grain] * 3)
    noisy = cv2.add(page, noise, dtype=cv2.CV_8U).astype(np.uint8, copy=False)
    return np.ascontiguousarray(np.rot90(noisy, look.rotation_deg // 90))


def show_through(front: Pixels, strength: float = 0.1) -> Pixels:
    """Give the back of a sheet: its front mirrored, blurred by the paper, faint."""
    mirrored = cv2.GaussianBlur(cv2.flip(front, 1), (0, 0), 5)
    faint = cv2.convertScaleAbs(mirrored, alpha=strength, beta=255 * (1 - strength))
    return faint.astype(np.uint8, copy=False)


def _on_paper(sheet: Pixels, look: Look, rng: np.random.Generator) -> Pixels:
    height, width = sheet.shape[:2]
    page = cv2.GaussianBlur(sheet, (0, 0), look.blur_px) if look.blur_px else sheet.copy()
    for _ in range(look.specks):
        x, y = int(rng.integers(60, width - 60)), int(rng.integers(60, height - 60))
        shade = int(rng.integers(110, 200))
        cv2.circle(page, (x, y), int(rng.integers(1, 3)), (shade, shade, shade), -1, cv2.LINE_AA)
    coarse = 1 + look.unevenness * rng.standard_normal((6, 5)).astype(np.float32)
    field = cv2.resize(coarse, (width // 8, height // 8), interpolation=cv2.INTER_CUBIC)
    field = np.minimum(cv2.resize(field, (width, height)), 1.04)
    channels = [
        cv2.multiply(channel, field, scale=tint / 255, dtype=cv2.CV_8U)
        for channel, tint in zip(cv2.split(page), look.paper, strict=True)
    ]
    return cv2.merge(channels).astype(np.uint8, copy=False)


def _on_bed(page: Pixels, look: Look) -> Pixels:
    """Lay the paper on the bed, with the soft shadow its edges throw."""
    height, width = page.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), look.skew_deg, 1)
    laid = cv2.warpAffine(
        page, matrix, (width, height), flags=cv2.INTER_CUBIC, borderValue=look.bed
    )
    # The shadow is soft, so a quarter of the resolution carries it. The paper ends with the image
    # where it lies straight: a ring of bed around it keeps the shadow at those edges too.
    ring = 8
    covered = np.zeros((height // 4 + 2 * ring, width // 4 + 2 * ring), np.float32)
    small = cv2.getRotationMatrix2D((width / 8, height / 8), look.skew_deg, 1)
    ones = np.ones((height // 4, width // 4), np.float32)
    covered[ring:-ring, ring:-ring] = cv2.warpAffine(ones, small, (width // 4, height // 4))
    near = cv2.GaussianBlur(covered, (0, 0), 3)
    shade = covered * (1 - 0.10 * (1 - near)) + (1 - covered) * (1 - 0.55 * near)
    shade = shade[ring:-ring, ring:-ring]
    light = cv2.resize(shade, (width, height), interpolation=cv2.INTER_LINEAR)
    channels = [cv2.multiply(c, light, dtype=cv2.CV_8U) for c in cv2.split(laid)]
    return cv2.merge(channels).astype(np.uint8, copy=False)
