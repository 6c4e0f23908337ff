"""The first thumbnail comes from a JPEG decoded small, and looks like the one decoded whole."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from ocr import pictures
from ocr.decode import decode
from ocr.geometry import Geometry


def page(**options: object) -> bytes:
    image = Image.new("RGB", (2480, 3508), "white")
    image.paste((20, 40, 160), (300, 300, 1600, 700))
    image.paste((0, 0, 0), (300, 2600, 2200, 2640))
    out = io.BytesIO()
    image.save(out, "JPEG", dpi=(300, 300), **options)
    return out.getvalue()


def thumbnail_pixels(data: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR).astype(int)


def test_the_thumbnail_of_a_preview_is_that_of_the_whole_page():
    data = page(quality=90)
    whole, _ = decode(data, dpi_hint=300.0)
    small = pictures.preview(data, 300.0)
    assert small is not None
    assert small.height_px < whole.height_px / 4
    assert small.dpi_x == pytest.approx(300 * small.width_px / 2480)
    one, other = (
        thumbnail_pixels(
            pictures.thumbnail(image, Geometry.plan(image, skew_deg=0, rotation_deg=0))
        )
        for image in (whole, small)
    )
    assert one.shape == other.shape
    assert np.abs(one - other).mean() < 3


def test_a_turned_a_small_a_broken_and_a_foreign_picture_have_no_preview():
    turned = Image.Exif()
    turned[0x0112] = 6
    small = io.BytesIO()
    Image.new("RGB", (200, 200)).save(small, "JPEG")
    png = io.BytesIO()
    Image.new("RGB", (900, 900)).save(png, "PNG")
    assert pictures.preview(page(exif=turned), 300.0) is None
    assert pictures.preview(small.getvalue(), 300.0) is None
    assert pictures.preview(page()[:900], 300.0) is None
    assert pictures.preview(png.getvalue(), 300.0) is None
    assert pictures.preview(b"", 300.0) is None
