"""Codes printed on paper and seen by a scanner."""

from __future__ import annotations

import cv2
import numpy as np
import zxingcpp
from zxingcpp import BarcodeFormat

from ocr.image import PageImage, Pixels

A4_MM = (210.0, 297.0)
_FINE = 4  # drawing is so many times finer than the scan


def modules(kind: BarcodeFormat, text: str | bytes, **options: object) -> Pixels:
    """One px a module, no quiet zone."""
    code = zxingcpp.create_barcode(text, kind, **options)
    drawn = zxingcpp.write_barcode_to_image(code, scale=1, add_quiet_zones=False)
    return np.array(drawn, dtype=np.uint8)


def printed(
    code: Pixels,
    dpi: float,
    *,
    width_mm: float,
    at_mm: tuple[float, float] = (70.0, 60.0),
    height_mm: float | None = None,
    angle_deg: float = 0.0,
    paper: Pixels | None = None,
) -> Pixels:
    """A grey A4 page (or ``paper``) with the code's centre at a place, turned about it."""
    px = dpi / 25.4
    if paper is None:
        paper = np.full((round(A4_MM[1] * px), round(A4_MM[0] * px)), 238, np.uint8)
    height_mm = height_mm or width_mm * code.shape[0] / code.shape[1]
    reach = int(np.hypot(width_mm, height_mm) * px / 2) + 2
    size = round(width_mm * px * _FINE), round(height_mm * px * _FINE)
    large = cv2.resize(code, size, interpolation=cv2.INTER_NEAREST).astype(np.float32)
    patch = np.full((2 * reach * _FINE,) * 2, 238, np.float32)
    turn = cv2.getRotationMatrix2D((size[0] / 2, size[1] / 2), angle_deg, 1.0)
    turn[:, 2] += reach * _FINE - np.array(size) / 2
    ink = 30 + large * (208 / 255)
    patch = cv2.warpAffine(ink, turn, patch.shape, borderMode=cv2.BORDER_CONSTANT, borderValue=238)
    small = cv2.resize(patch, (2 * reach, 2 * reach), interpolation=cv2.INTER_AREA)
    page = paper.copy()
    x, y = round(at_mm[0] * px) - reach, round(at_mm[1] * px) - reach
    page[y : y + 2 * reach, x : x + 2 * reach] = np.clip(small, 0, 255).astype(np.uint8)
    return page


def scanned(
    page: Pixels,
    dpi: float,
    seed: int,
    *,
    noise: float = 4.0,
    blur_mm: float = 0.04,
    quality: int = 75,
) -> PageImage:
    """The page after lens, sensor and JPEG."""
    rng = np.random.default_rng(seed)
    soft = cv2.GaussianBlur(page.astype(np.float32), (0, 0), blur_mm * dpi / 25.4 + 1e-3)
    grain = rng.standard_normal(page.shape, dtype=np.float32)
    grain = cv2.GaussianBlur(grain, (0, 0), 0.6) * (noise * 1.9)
    seen = np.clip(soft + grain, 0, 255).astype(np.uint8)
    _, data = cv2.imencode(".jpg", seen, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return PageImage(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), dpi, dpi)


def turned(page: PageImage, quarters: int) -> PageImage:
    return PageImage(np.ascontiguousarray(np.rot90(page.pixels, quarters)), page.dpi_x, page.dpi_y)
