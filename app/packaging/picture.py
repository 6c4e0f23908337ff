"""A picture file as a PDF image: the scanner's own bytes wherever PDF/A lets them stand.

A JPEG in grey or RGB goes in byte for byte, an 8-bit PNG pixel for pixel. What PDF/A-2 forbids
or viewers disagree about (CMYK, 16 bits, palettes, transparency) becomes plain grey or RGB
without loss; black-and-white becomes CCITT Group 4.

Source: ISO 19005-2, 6.2.4 (colour), 6.2.8 (images).
"""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

import img2pdf
import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream
from PIL import ExifTags, Image, ImageCms, UnidentifiedImageError

from app.packaging.errors import PackagingError

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_PIXELS = 178_000_000
MAX_SIDE_PX = 60_000
FORMATS = ("JPEG", "MPO", "PNG", "TIFF", "BMP", "WEBP", "JPEG2000", "PPM")
JPEG_FORMATS = frozenset({"JPEG", "MPO"})
PLAIN_MODES = frozenset({"1", "L", "RGB"})
PNG_DEPTH_OFFSET = 24  # in the IHDR chunk, always the first of the file
UNDO_ORIENTATION = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
ICC_CLASSES = frozenset({b"scnr", b"mntr", b"prtr", b"spac"})
ICC_MAX_VERSION = 4
ICC_MAX_BYTES = 4_000_000


@dataclass(frozen=True, slots=True)
class Embedded:
    """An image of the document and its size in px by the picture's own header."""

    image: Object
    width_px: int
    height_px: int


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
    with _trouble_named(number):
        plain, profile = _plain_file(data, number)
        options = {"layout_fun": img2pdf.get_fixed_dpi_layout_fun((72, 72))}
        options |= {"rotation": img2pdf.Rotation.none, "nodate": True, "first_frame_only": True}
        single = img2pdf.convert(plain, engine=img2pdf.Engine.internal, **options)
        with pikepdf.open(BytesIO(single)) as source:
            (image,) = source.pages[0].images.values()
            return _adopt(pdf, image, profile)


@contextmanager
def _trouble_named(number: int) -> Iterator[None]:
    """Turns what decoders raise over a broken or enormous picture into this room's error."""
    with warnings.catch_warnings():
        # Odd files make decoders talk; what matters comes as an exception or is checked here.
        warnings.simplefilter("ignore")
        try:
            yield
        except Image.DecompressionBombError as e:
            raise PackagingError("pack.too_large", page=number) from e
        except PackagingError:
            raise
        except Exception as e:
            # Decoders of hostile bytes raise nearly anything: struct.error, KeyError, SyntaxError.
            raise PackagingError("pack.bad_image", page=number) from e


def _plain_file(data: bytes, number: int) -> tuple[bytes, bytes | None]:
    """The file to embed and its colour profile: ``data`` itself or a lossless grey or RGB PNG."""
    try:
        picture = Image.open(BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError as e:
        raise PackagingError("pack.bad_image", page=number) from e
    with picture:
        if picture.width * picture.height > MAX_PIXELS or max(picture.size) > MAX_SIDE_PX:
            raise PackagingError("pack.too_large", page=number)
        if picture.format in JPEG_FORMATS and picture.mode in {"L", "RGB"}:
            profile = _usable_profile(picture)
            # An eighth of the size costs little and still reads to the end of the data.
            picture.draft(picture.mode, (picture.width // 8 or 1, picture.height // 8 or 1))
            picture.load()
            return data, profile
        if picture.format == "TIFF" and getattr(picture, "n_frames", 1) > 1:
            raise PackagingError("pack.many_frames", page=number)
        profile = _usable_profile(picture) if picture.mode in {"L", "RGB"} else None
        as_it_is = picture.format == "PNG" and picture.mode in {"L", "RGB"}
        if as_it_is and data[PNG_DEPTH_OFFSET] == 8 and "transparency" not in picture.info:  # noqa: PLR2004 - bits
            picture.load()
            return data, profile
        return _recoded(picture), profile


def _recoded(picture: Image.Image) -> bytes:
    """The picture as a PNG in 1-bit, grey or RGB, all pixels where the file had them."""
    orientation = 1
    if picture.format == "TIFF":
        orientation = picture.getexif().get(ExifTags.Base.Orientation, 1)
    picture.load()
    flat = _flattened(picture)
    if orientation in UNDO_ORIENTATION:  # the TIFF reader has turned it; the matrix does that here
        flat = flat.transpose(UNDO_ORIENTATION[orientation])
    out = BytesIO()
    flat.save(out, "PNG", compress_level=6)
    return out.getvalue()


def _flattened(picture: Image.Image) -> Image.Image:
    if picture.mode in {"I", "I;16", "I;16B", "I;16L", "I;16N"}:
        return picture.convert("I").point(lambda level: level * (1 / 256)).convert("L")
    if picture.mode in {"LA", "PA", "La", "RGBa", "RGBA"} or "transparency" in picture.info:
        over = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", over.size, "white"), over).convert("RGB")
    if picture.mode in PLAIN_MODES:
        return picture
    return picture.convert("RGB")


def _usable_profile(picture: Image.Image) -> bytes | None:
    """The picture's ICC profile when PDF/A-2 takes it, else None: then the colours are sRGB.

    Source: ISO 19005-2, 6.2.4.2.
    """
    profile = picture.info.get("icc_profile")
    if not isinstance(profile, bytes) or not 128 <= len(profile) <= ICC_MAX_BYTES:  # noqa: PLR2004 - header
        return None
    space = {"RGB": b"RGB ", "L": b"GRAY"}.get(picture.mode)
    sound = (
        int.from_bytes(profile[:4], "big") == len(profile)
        and profile[8] <= ICC_MAX_VERSION
        and profile[12:16] in ICC_CLASSES
        and profile[16:20] == space
        and profile[36:40] == b"acsp"
    )
    if not sound:
        return None
    try:
        ImageCms.getOpenProfile(BytesIO(profile))
    except ImageCms.PyCMSError:
        return None
    return profile


def _adopt(pdf: Pdf, source: Object, profile: bytes | None) -> Embedded:
    """A copy of the image stream in ``pdf``, raw bytes untouched, with a PDF/A colour space."""
    image = Stream(pdf, source.read_raw_bytes())
    for key in ("/Type", "/Subtype", "/Width", "/Height", "/BitsPerComponent", "/Filter"):
        image[key] = source[key]
    grey = source.get("/ColorSpace") == Name.DeviceGray or source.BitsPerComponent == 1
    image.ColorSpace = Name.DeviceGray if grey else Name.DeviceRGB
    if "/DecodeParms" in source:
        image.DecodeParms = _plain_copy(source.DecodeParms)
    if profile is not None:
        icc = Stream(pdf, profile)
        icc.N = 1 if grey else 3
        image.ColorSpace = Array([Name.ICCBased, pdf.make_indirect(icc)])
    return Embedded(pdf.make_indirect(image), int(source.Width), int(source.Height))


def _plain_copy(parameters: Object) -> Object:
    """Decode parameters are numbers and booleans only; written anew they belong to no document."""
    if isinstance(parameters, pikepdf.Array):
        return Array([_plain_copy(each) for each in parameters])
    return Dictionary({key: parameters[key] for key in parameters.keys()})  # noqa: SIM118
