"""From the bytes of a picture file to pixels: the only door pictures come in by.

The header is judged before a pixel is decoded, the container before the header is believed to
be the whole truth, and the turn that a camera or scanner wrote into EXIF is applied once, here.
"""

from __future__ import annotations

import io
import math
import struct
import warnings
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
import simplejpeg
from PIL import Image, TiffImagePlugin, UnidentifiedImageError

from ocr.errors import OcrError
from ocr.image import PageImage, Pixels, SourceFacts
from ocr.integrity import check_directories, check_extents, check_jpeg, check_png

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_PIXELS: Final = 180_000_000
MAX_SIDE_PX: Final = 30_000
MIN_DPI: Final = 72
MAX_DPI: Final = 1200
DEFAULT_DPI: Final = 300.0

_FORMATS = ("JPEG", "PNG", "TIFF", "BMP", "WEBP", "JPEG2000", "PPM")
_ORIENTATION_TAG = 0x0112
_PADDING_LIMIT = 64
_BAND_ROWS: Final = 256
# What a broken file makes the readers of Pillow raise; anything else would be a defect of ours.
_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    EOFError,
    OverflowError,
    ZeroDivisionError,
    AttributeError,
    RuntimeError,
    struct.error,
)
_TURNS: dict[int, Callable[[Pixels], Pixels]] = {
    2: lambda p: p[:, ::-1],
    3: lambda p: p[::-1, ::-1],
    4: lambda p: p[::-1],
    5: lambda p: p.swapaxes(0, 1),
    6: lambda p: np.rot90(p, -1),
    7: lambda p: p[::-1, ::-1].swapaxes(0, 1),
    8: lambda p: np.rot90(p, 1),
}


def frame_count(data: bytes) -> int:
    """Return how many pages a picture file holds: more than 1 only for TIFF.

    Raises:
        OcrError: ``image.empty``, ``image.not_an_image``, ``image.too_large``,
            ``image.truncated``, ``image.damaged``, ``image.unreadable``.
    """
    with _open(data) as picture:
        if not isinstance(picture, TiffImagePlugin.TiffImageFile):
            return 1
        check_directories(data)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return int(picture.n_frames)
        except _BROKEN as error:
            raise OcrError("image.unreadable") from error


def decode(
    data: bytes, *, dpi_hint: float | None = None, frame: int = 0
) -> tuple[PageImage, SourceFacts]:
    """Return the upright 8-bit picture in ``data`` and what its file said about it.

    Args:
        data: the whole file.
        dpi_hint: resolution the device or the clerk names; used when the file is silent.
        frame: which page of a multi-page TIFF, from 0.

    Raises:
        OcrError: ``image.empty``, ``image.not_an_image``, ``image.truncated``,
            ``image.damaged``, ``image.too_large``, ``image.unreadable``, ``image.no_frame``.
    """
    with _open(data) as picture:
        _seek(picture, frame)
        width, height = picture.size
        if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE_PX:
            raise OcrError("image.too_large", width_px=width, height_px=height)
        kind = "jpeg" if picture.format == "MPO" else str(picture.format).lower()
        colour, bits = _colour(picture), _bits(picture, data)
        dpi = _file_dpi(picture)
        turn = _orientation(picture)
        damage = None
        if kind == "jpeg":
            pixels, damage = _jpeg_pixels(data, picture)
        else:
            _check_container(picture, data)
            pixels = _pillow_pixels(picture)
    dpi, dpi_source = _choose_dpi(dpi, dpi_hint)
    if kind != "tiff" and turn in _TURNS:  # Pillow turns TIFF by itself while loading
        pixels = _TURNS[turn](pixels)
    if turn >= 5:  # noqa: PLR2004 - EXIF values 5 to 8 swap the axes
        dpi = dpi[1], dpi[0]
    pixels = np.ascontiguousarray(pixels)
    image = PageImage(pixels, *dpi)
    facts = SourceFacts(kind, bits, colour, dpi_source, damage, image.width_px, image.height_px)
    return image, facts


def _open(data: bytes) -> Image.Image:
    if not data:
        raise OcrError("image.empty")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # our own limits follow; odd metadata is no news
            return Image.open(io.BytesIO(data), formats=_FORMATS)
    except UnidentifiedImageError as error:
        if not data.strip(b"\0"):
            raise OcrError("image.empty") from error
        raise OcrError("image.not_an_image") from error
    except Image.DecompressionBombError as error:
        raise OcrError("image.too_large") from error
    except _BROKEN as error:
        raise OcrError("image.unreadable") from error


def _seek(picture: Image.Image, frame: int) -> None:
    if frame == 0:
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            picture.seek(frame)
    except EOFError as error:
        raise OcrError("image.no_frame", frame=frame + 1) from error
    except Image.DecompressionBombError as error:
        raise OcrError("image.too_large") from error
    except _BROKEN as error:
        raise OcrError("image.unreadable") from error


def _colour(picture: Image.Image) -> str:
    mode = picture.mode
    if mode == "1":
        return "bilevel"
    if mode in {"RGBA", "LA", "PA", "La", "RGBa"}:
        return "rgba"
    if mode == "P":
        return "palette"
    if mode in {"L", "I", "F"} or mode.startswith("I;"):
        return "grey"
    return "cmyk" if mode == "CMYK" else "rgb"


def _bits(picture: Image.Image, data: bytes) -> int:
    if picture.format == "PNG":
        return data[24]
    if isinstance(picture, TiffImagePlugin.TiffImageFile):
        try:
            stored = picture.tag_v2.get(258, (1,))
            return int(stored[0] if isinstance(stored, tuple) else stored)
        except _BROKEN as error:
            raise OcrError("image.damaged") from error
    if picture.mode == "1":
        return 1
    return 16 if picture.mode.startswith("I") else 8


def _file_dpi(picture: Image.Image) -> tuple[float, float] | None:
    """Return the resolution the file names when it is a possible one for paper."""
    try:
        across, down = (float(value) for value in picture.info["dpi"])
    except _BROKEN:
        return None
    if not (math.isfinite(across) and math.isfinite(down)):
        return None
    dpi = float(round(across)), float(round(down))
    return dpi if all(MIN_DPI <= value <= MAX_DPI for value in dpi) else None


def _choose_dpi(
    from_file: tuple[float, float] | None, hint: float | None
) -> tuple[tuple[float, float], str]:
    if from_file is not None:
        return from_file, "file"
    if hint is not None and MIN_DPI <= hint <= MAX_DPI:
        return (float(hint), float(hint)), "hint"
    return (DEFAULT_DPI, DEFAULT_DPI), "default"


def _orientation(picture: Image.Image) -> int:
    try:
        if isinstance(picture, TiffImagePlugin.TiffImageFile):
            return int(picture.tag_v2.get(_ORIENTATION_TAG, 1))
        return int(picture.getexif().get(_ORIENTATION_TAG, 1))
    except _BROKEN:
        return 1


def _jpeg_pixels(data: bytes, picture: Image.Image) -> tuple[Pixels, str | None]:
    check_jpeg(data)
    space = {"L": "GRAY", "CMYK": "CMYK"}.get(picture.mode, "BGR")
    damage = None
    try:
        height, width, _, _ = simplejpeg.decode_jpeg_header(data)
        if (width, height) != picture.size:  # the size that was judged is not the one to come
            raise OcrError("image.damaged")
        raw = simplejpeg.decode_jpeg(data, colorspace=space)
    except ValueError as error:
        _refuse_real_damage(str(error))
        damage = "image.padded"
        raw = _padded_jpeg(data, space)
    pixels = np.asarray(raw, dtype=np.uint8)
    if space == "GRAY":
        return pixels[:, :, 0], damage
    if space == "CMYK":
        # Stored inverted, as every writer since Photoshop does: 255 is no ink.
        ink = pixels.astype(np.uint16)
        bgr = (ink[:, :, 2::-1] * ink[:, :, 3:] + 127) // 255
        return bgr.astype(np.uint8), damage
    return pixels, damage


def _padded_jpeg(data: bytes, space: str) -> Pixels:
    """Return the pixels of a JPEG with stray bytes among its scans.

    Raises:
        OcrError: ``image.damaged`` when they stand before the header, where none are forgiven.
    """
    try:
        return np.asarray(simplejpeg.decode_jpeg(data, colorspace=space, strict=False), np.uint8)
    except ValueError as error:
        raise OcrError("image.damaged") from error


def _refuse_real_damage(message: str) -> None:
    """Return only for a few stray bytes before a marker, which some scanners write.

    Raises:
        OcrError: ``image.truncated``, ``image.damaged`` or ``image.unreadable``.
    """
    text = message.lower()
    if "premature end" in text:
        raise OcrError("image.truncated")
    if "extraneous bytes" in text:
        count = next((int(word) for word in text.split() if word.isdigit()), _PADDING_LIMIT + 1)
        if count <= _PADDING_LIMIT:
            return
    if "corrupt" in text or "inconsistent" in text or "huffman" in text:
        raise OcrError("image.damaged")
    raise OcrError("image.unreadable")


def _check_container(picture: Image.Image, data: bytes) -> None:
    if picture.format == "PNG":
        check_png(data)
    elif isinstance(picture, TiffImagePlugin.TiffImageFile):
        tags = picture.tag_v2
        try:
            for offsets, counts in ((273, 279), (324, 325)):
                if offsets in tags and counts in tags:
                    check_extents(tags[offsets], tags[counts], len(data))
        except _BROKEN as error:
            raise OcrError("image.damaged") from error


def _pillow_pixels(picture: Image.Image) -> Pixels:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            picture.load()
            return _eight_bit(picture)
    except Image.DecompressionBombError as error:
        raise OcrError("image.too_large") from error
    except MemoryError as error:
        raise OcrError("image.too_large") from error
    except _BROKEN as error:
        slug = "image.truncated" if "trunc" in str(error).lower() else "image.unreadable"
        raise OcrError(slug) from error


def _eight_bit(picture: Image.Image) -> Pixels:
    """Return grey or BGR bytes of a loaded picture of any mode.

    It is turned some rows at a time: Pillow's own copies would stand beside it several times over.
    """
    width, height = picture.size
    wide = picture.mode.startswith("I") or picture.mode == "F"
    turn = _from_wide(picture) if wide else _from_bytes
    pixels: Pixels | None = None
    for top in range(0, height, _BAND_ROWS):
        band = picture.crop((0, top, width, min(height, top + _BAND_ROWS)))
        part = turn(band)
        if pixels is None:
            pixels = np.empty((height, *part.shape[1:]), np.uint8)
        pixels[top : top + _BAND_ROWS] = part
    if pixels is None:
        raise OcrError("image.unreadable")
    return pixels


def _from_wide(picture: Image.Image) -> Callable[[Image.Image], Pixels]:
    """Return what makes bytes of bands of a picture with more than 8 bits."""
    # 16-bit grey comes as I;16 or I; a float TIFF counts from 0 to 1.
    shares = picture.mode == "F" and float(np.asarray(picture).max(initial=0.0)) <= 1.0
    scale = 255.0 if shares else 255.0 / 65535.0

    def turned(band: Image.Image) -> Pixels:
        scaled = np.asarray(band).astype(np.float64) * scale
        return np.clip(np.rint(scaled), 0, 255).astype(np.uint8)

    return turned


def _from_bytes(band: Image.Image) -> Pixels:
    mode = band.mode
    if mode in {"1", "L"}:
        return np.asarray(band.convert("L"))
    if "A" in mode or "a" in mode or "transparency" in band.info:
        cut_out = band.convert("RGBA")
        paper = Image.new("RGBA", cut_out.size, "white")
        band = Image.alpha_composite(paper, cut_out)
    rgb = np.asarray(band.convert("RGB"))
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), dtype=np.uint8)
