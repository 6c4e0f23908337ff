"""A picture file as a PDF image: the scanner's own bytes wherever PDF/A lets them stand.

A JPEG in grey or RGB goes in byte for byte, an 8-bit PNG pixel for pixel. What PDF/A-2 forbids
or viewers disagree about (CMYK, 16 bits, palettes, transparency) becomes plain grey or RGB
without loss; black-and-white becomes CCITT Group 4.

Source: ISO 19005-2, 6.2.4 (colour), 6.2.8 (images).
"""

from __future__ import annotations

import struct
import warnings
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

import img2pdf
import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream
from PIL import ExifTags, Image, ImageCms, UnidentifiedImageError

from app.packaging.deflate import deflated
from app.packaging.errors import PackagingError
from app.packaging.icc import usable_profile

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_PIXELS = 178_000_000
MAX_SIDE_PX = 60_000
FORMATS = ("JPEG", "PNG", "TIFF", "BMP", "WEBP", "JPEG2000", "PPM")
JPEG_FORMATS = frozenset({"JPEG", "MPO"})
PLAIN_MODES = frozenset({"1", "L", "RGB"})
JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # start of frame, all kinds
JPEG_KNOWN_FRAMES = frozenset({0xC0, 0xC1, 0xC2})  # baseline, extended, progressive
MARKER = 0xFF
PNG_DEPTH = 8
PNG_DEPTH_OFFSET = 24  # in the IHDR chunk, always the first of the file
ORIENTATIONS = frozenset(range(1, 9))
DEPTH_16_TO_8 = 255 / 65535


# What broken bytes make Pillow and img2pdf raise; anything else is a defect of ours.
_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    IndexError,
    KeyError,
    TypeError,
    EOFError,
    ArithmeticError,
    AttributeError,
    AssertionError,
    RuntimeError,
    struct.error,
    zlib.error,
    ImageCms.PyCMSError,
    img2pdf.AlphaChannelError,
    img2pdf.ImageOpenError,
    img2pdf.JpegColorspaceError,
    img2pdf.UnsupportedColorspaceError,
    img2pdf.PdfTooLargeError,
    img2pdf.NegativeDimensionError,
)


@dataclass(frozen=True, slots=True)
class Embedded:
    """An image of the document as the file stores it.

    Args:
        image: the image stream.
        width_px: width by the picture's own header.
        height_px: height by the picture's own header.
        orientation: 1 to 8, how the file wants its stored pixels turned (EXIF tag 0x0112).
    """

    image: Object
    width_px: int
    height_px: int
    orientation: int


@dataclass(frozen=True, slots=True)
class _Plain:
    """A file that goes in as it is, with what must be said beside it."""

    data: bytes
    profile: bytes | None
    orientation: int


def embed(pdf: Pdf, data: bytes, number: int) -> Embedded:
    """The picture as an image object of ``pdf``.

    Args:
        pdf: the document that is being made.
        data: the picture file.
        number: of the page, from 1, for the error.

    Raises:
        PackagingError: ``pack.bad_image`` for what is no picture, is cut off or cannot be
            converted, ``pack.too_large`` above 178 megapixels, ``pack.many_frames`` for a file
            with several pages, of which all but the first would be lost.
    """
    with _decoders(number):
        plain = _plain_file(data, number)
        single = img2pdf.convert(
            plain.data,
            engine=img2pdf.Engine.internal,
            layout_fun=img2pdf.get_fixed_dpi_layout_fun((72, 72)),
            rotation=img2pdf.Rotation.none,
            nodate=True,
            first_frame_only=True,
        )
    with pikepdf.open(BytesIO(single)) as source:
        (image,) = source.pages[0].obj.Resources.XObject.as_dict().values()
        return _adopt(pdf, image, plain)


@contextmanager
def _decoders(number: int) -> Iterator[None]:
    """Turns what decoders raise over a broken or enormous picture into this room's error."""
    with warnings.catch_warnings():
        # Odd files make decoders talk; what matters comes as an exception or is checked here.
        warnings.simplefilter("ignore")
        try:
            yield
        except Image.DecompressionBombError as e:
            raise PackagingError("pack.too_large", page=number) from e
        except _BROKEN as e:
            raise PackagingError("pack.bad_image", page=number) from e


def _plain_file(data: bytes, number: int) -> _Plain:
    """The file to embed: ``data`` itself, or its pixels in 1-bit, grey or RGB without loss."""
    try:
        picture = Image.open(BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError as e:
        raise PackagingError("pack.bad_image", page=number) from e
    with picture:
        if picture.width * picture.height > MAX_PIXELS or max(picture.size) > MAX_SIDE_PX:
            raise PackagingError("pack.too_large", page=number)
        if picture.format == "TIFF" and getattr(picture, "n_frames", 1) > 1:
            raise PackagingError("pack.many_frames", page=number)
        orientation = _orientation(picture)
        profile = usable_profile(picture.info.get("icc_profile"), picture.mode)
        if picture.format in JPEG_FORMATS and _viewers_decode(picture, data):
            # An eighth of the size costs little and still reads to the end of the data.
            picture.draft(picture.mode, (picture.width // 8 or 1, picture.height // 8 or 1))
            picture.load()
            return _Plain(data, profile, orientation)
        picture.load()
        if _embeddable_png(picture, data):
            return _Plain(data, profile, orientation)
        flat, out = _flattened(picture), BytesIO()
        if flat.mode == "1":
            flat.save(out, "PPM")  # img2pdf codes raw bits as Group 4; a PNG it would take over
        else:
            flat.save(out, "PNG", compress_level=6)
        return _Plain(out.getvalue(), profile, orientation)


def _viewers_decode(picture: Image.Image, data: bytes) -> bool:
    """Is this a JPEG that every PDF reader knows: grey or RGB, 8 bits, Huffman coded?

    *Source:* ISO 32000-1, 7.4.8 (baseline and progressive only); ITU-T T.81, B.1.1.3.
    """
    if picture.mode not in {"L", "RGB"}:
        return False
    at = 2
    while at + 4 <= len(data):
        if data[at] != MARKER:
            return False
        if data[at + 1] in JPEG_FRAMES:
            return data[at + 1] in JPEG_KNOWN_FRAMES
        filler = data[at + 1] == MARKER
        at += 1 if filler else 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return False


def _embeddable_png(picture: Image.Image, data: bytes) -> bool:
    plain = picture.format == "PNG" and picture.mode in {"L", "RGB"}
    return plain and data[PNG_DEPTH_OFFSET] == PNG_DEPTH and "transparency" not in picture.info


def _orientation(picture: Image.Image) -> int:
    """How the stored pixels want to be turned; the TIFF reader has done it by itself."""
    if picture.format == "TIFF":
        return 1
    mark = picture.getexif().get(ExifTags.Base.Orientation, 1)
    return mark if mark in ORIENTATIONS else 1


def _flattened(picture: Image.Image) -> Image.Image:
    if picture.mode in {"I", "I;16", "I;16B", "I;16L", "I;16N"}:
        return picture.convert("I").point(lambda level: level * DEPTH_16_TO_8 + 0.5).convert("L")
    if picture.mode in {"LA", "PA", "La", "RGBa", "RGBA"} or "transparency" in picture.info:
        over = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", over.size, "white"), over).convert("RGB")
    if picture.mode in PLAIN_MODES:
        return picture
    return picture.convert("RGB")


def _adopt(pdf: Pdf, source: Object, plain: _Plain) -> Embedded:
    """A copy of the image stream in ``pdf``, raw bytes untouched, with a PDF/A colour space."""
    image = Stream(pdf, source.read_raw_bytes())
    for key in ("/Type", "/Subtype", "/Width", "/Height", "/BitsPerComponent"):
        image[key] = source[key]
    image.Filter = _only(source.Filter)
    if "/DecodeParms" in source:
        # Numbers and booleans only; written anew they belong to no other document.
        image.DecodeParms = Dictionary(dict(_only(source.DecodeParms).items()))
    grey = source.get("/ColorSpace") == Name.DeviceGray or source.BitsPerComponent == 1
    image.ColorSpace = Name.DeviceGray if grey else Name.DeviceRGB
    if plain.profile is not None:
        icc = deflated(pdf, plain.profile)
        icc.N = 1 if grey else 3
        image.ColorSpace = Array([Name.ICCBased, pdf.make_indirect(icc)])
    return Embedded(
        pdf.make_indirect(image), int(source.Width), int(source.Height), plain.orientation
    )


def _only(entry: Object) -> Object:
    """The filter, or its parameters, whether written alone or as a list of one."""
    return entry[0] if isinstance(entry, Array) else entry
