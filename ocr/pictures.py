"""Pictures for people: the page as JPEG, the small one in the list, the one on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import simplejpeg

from ocr.image import PageImage
from ocr.warp import render

if TYPE_CHECKING:
    from ocr.geometry import Geometry

THUMBNAIL_PX: Final = (150, 212)
SCREEN_WIDTH_PX: Final = 1240
_EXIF: Final = b"Exif\0\0"
_EXIF_WITHIN: Final = 1 << 16


def jpeg(image: PageImage, quality: int) -> bytes:
    """Return ``image`` as a JPEG that names its resolution; full colour sampling.

    Args:
        image: grey or BGR.
        quality: 1 to 100.
    """
    pixels = image.pixels[:, :, None] if image.grey else image.pixels
    space, sampling = ("GRAY", "Gray") if image.grey else ("BGR", "444")
    data: bytes = simplejpeg.encode_jpeg(
        pixels, quality=quality, colorspace=space, colorsubsampling=sampling
    )
    return _with_density(data, round(image.dpi_x), round(image.dpi_y))


def preview(data: bytes, dpi: float) -> PageImage | None:
    """Return a small BGR picture of a JPEG, large enough for its thumbnail, or None.

    The JPEG is decoded at a fraction of its size, which leaves out most of the arithmetic. None
    for anything that must be looked at more closely: another format, a turn noted in EXIF, damage.

    Args:
        data: the whole file.
        dpi: resolution of the whole picture.

    *Source:* ITU-T T.81 A.3.3, the inverse transform on fewer coefficients (libjpeg-turbo).
    """
    if _EXIF in data[:_EXIF_WITHIN]:
        return None
    width_px, height_px = THUMBNAIL_PX
    try:
        height, width, _, _ = simplejpeg.decode_jpeg_header(data)
        if height < 2 * height_px or width < 2 * width_px:
            return None
        pixels = simplejpeg.decode_jpeg(
            data, "BGR", min_height=2 * height_px, min_width=2 * width_px
        )
    except ValueError:
        return None
    return PageImage(pixels, dpi * pixels.shape[1] / width, dpi * pixels.shape[0] / height)


def thumbnail(image: PageImage, geometry: Geometry) -> bytes:
    """Return a JPEG of the displayed page that fits 150 x 212 px."""
    return _fitted(image, geometry, *THUMBNAIL_PX, quality=80)


def screen(image: PageImage, geometry: Geometry) -> bytes:
    """Return a JPEG of the displayed page 1240 px wide, or its own width if that is less."""
    return _fitted(image, geometry, SCREEN_WIDTH_PX, geometry.height_px, quality=85)


def _fitted(
    image: PageImage, geometry: Geometry, width: int, height: int, *, quality: int
) -> bytes:
    scale = min(1.0, width / geometry.width_px, height / geometry.height_px)
    return jpeg(render(image, geometry, geometry.dpi * scale), quality)


def _with_density(data: bytes, dpi_x: int, dpi_y: int) -> bytes:
    """Return a JFIF file with its density field set (unit 1, dots per inch)."""
    if data[6:11] != b"JFIF\0":
        return data
    density = bytes([1]) + dpi_x.to_bytes(2, "big") + dpi_y.to_bytes(2, "big")
    return data[:13] + density + data[18:]
