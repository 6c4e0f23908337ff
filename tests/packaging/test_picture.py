"""Every picture a scanner or a hot folder may bring goes in whole, or is refused by name."""

from __future__ import annotations

import contextlib
import io
import random
import struct
import zlib

import numpy as np
import pikepdf
import pytest
from PIL import Image, ImageCms

from app.packaging.compose import compose
from app.packaging.errors import PackagingError
from app.packaging.icc import srgb_profile
from app.packaging.model import IDENTITY, Metadata, PageInput
from app.packaging.preview import render_page
from app.packaging.validate import gate
from tests.packaging.drawn import jpeg, stored, straight

META = Metadata("Giấy thử")
SIZE = (320, 200)


def _page(image: bytes, size: tuple[int, int] = SIZE) -> PageInput:
    return PageInput(image, 100, 100, IDENTITY, *size)


def _colours() -> Image.Image:
    """Four patches, told apart in any turn or mirroring."""
    picture = Image.new("RGB", SIZE, "white")
    picture.paste((200, 30, 30), (0, 0, 160, 100))
    picture.paste((30, 160, 40), (160, 0, 320, 100))
    picture.paste((30, 40, 200), (0, 100, 160, 200))
    return picture


_kept: list[pikepdf.Pdf] = []


def _image(pdf: bytes) -> pikepdf.Stream:
    with pikepdf.open(io.BytesIO(pdf)) as document:
        (image,) = document.pages[0].obj.Resources.XObject.as_dict().values()
        copy = pikepdf.Pdf.new()
        _kept.append(copy)  # an object lives as long as its document
        return copy.copy_foreign(image)


def _shown(pdf: bytes, size: tuple[int, int] = SIZE) -> np.ndarray:
    picture = Image.open(io.BytesIO(render_page(pdf, 0, size[0]))).convert("RGB")
    return np.asarray(picture.resize(size), dtype=int)


def _close(pdf: bytes, expected: Image.Image, limit: float = 3.0) -> None:
    difference = np.abs(_shown(pdf, expected.size) - np.asarray(expected.convert("RGB"), dtype=int))
    assert difference.mean() <= limit, difference.mean()


def test_jpeg_stands_in_the_file_byte_for_byte(drawn):
    plain, progressive = jpeg(drawn.picture), jpeg(drawn.picture, progressive=True)
    grey = jpeg(drawn.picture.convert("L"))
    for data in (plain, progressive, grey, plain + b"\0" * 37):
        pdf = compose([straight(drawn, data)], META)
        assert data in pdf
        image = _image(pdf)
        assert image.read_raw_bytes() == data
        assert image.Filter == pikepdf.Name.DCTDecode
        gate(pdf)


def test_jpeg_that_pdf_readers_do_not_know_is_recoded_not_embedded(drawn):
    """Arithmetic coding: libjpeg knows it, PDF does not."""
    arithmetic = jpeg(drawn.picture).replace(b"\xff\xc0\x00\x11", b"\xff\xc9\x00\x11", 1)
    try:
        pdf = compose([straight(drawn, arithmetic)], META)
    except PackagingError as error:
        assert error.slug == "pack.bad_image"  # noqa: PT017 - a libjpeg built without it
    else:
        assert _image(pdf).Filter != pikepdf.Name.DCTDecode
        assert arithmetic not in pdf


def test_photo_with_a_second_picture_inside_shows_its_first_unchanged(drawn):
    data = stored(drawn.picture, "MPO", save_all=True, append_images=[drawn.picture.rotate(180)])
    pdf = compose([straight(drawn, data)], META)
    image = _image(pdf)
    assert image.Filter == pikepdf.Name.DCTDecode
    assert data.startswith(image.read_raw_bytes())
    _close(pdf, drawn.picture)


def test_png_of_eight_bits_keeps_every_pixel_and_its_own_compression(drawn):
    for mode in ("RGB", "L"):
        picture = drawn.picture.convert(mode)
        pdf = compose([straight(drawn, stored(picture, "PNG"))], META)
        image = _image(pdf)
        assert image.Filter == pikepdf.Name.FlateDecode
        back = pikepdf.PdfImage(image).as_pil_image()
        assert back.mode == mode
        assert back.tobytes() == picture.tobytes()
        gate(pdf)


def test_black_and_white_becomes_one_strip_of_group_4_without_a_lost_pixel(drawn, verapdf):
    black = drawn.picture.convert("1", dither=Image.Dither.NONE)
    files = {
        "png": stored(black, "PNG"),
        "tiff": stored(black, "TIFF", compression="group4"),
        "bmp": stored(black, "BMP"),
    }
    pdfs = {name: compose([straight(drawn, data)], META) for name, data in files.items()}
    for pdf in pdfs.values():
        image = _image(pdf)
        assert image.Filter == pikepdf.Name.CCITTFaxDecode
        assert image.BitsPerComponent == 1
        back = pikepdf.PdfImage(image).as_pil_image().convert("1")
        assert back.tobytes() == black.tobytes()
        _close(pdf, black, 12)  # drawing smooths edges; an inverted page would differ by 200
    assert not any(verapdf(pdfs).values())


def _sixteen_bits(rows: np.ndarray, channels: int) -> bytes:
    """A PNG of 16 bits a channel, written here since Pillow writes none in colour."""
    height, width = rows.shape[:2]
    raw = b"".join(b"\0" + row.astype(">u2").tobytes() for row in rows)
    header = struct.pack(">IIBBBBB", width, height, 16, {1: 0, 3: 2}[channels], 0, 0, 0)
    out = b"\x89PNG\r\n\x1a\n"
    for kind, data in ((b"IHDR", header), (b"IDAT", zlib.compress(raw)), (b"IEND", b"")):
        out += struct.pack(">I", len(data)) + kind + data
        out += struct.pack(">I", zlib.crc32(kind + data))
    return out


def test_what_pdf_a_forbids_is_recoded_to_the_same_colours_and_passes_verapdf(verapdf):
    rgb = _colours()
    array = np.asarray(rgb).astype(np.uint16) * 257
    grey = np.asarray(rgb.convert("L")).astype(np.uint16) * 257
    alpha = rgb.convert("RGBA")
    alpha.paste((0, 0, 0, 0), (160, 100, 320, 200))
    grey_alpha = rgb.convert("L").convert("LA")
    see_through = rgb.convert("P", palette=Image.Palette.ADAPTIVE)
    white = see_through.getpixel((300, 180))
    cases = {
        "cmyk-jpeg": (jpeg(rgb.convert("CMYK")), rgb),
        "cmyk-tiff": (stored(rgb.convert("CMYK"), "TIFF"), rgb),
        "rgb16-png": (_sixteen_bits(array, 3), rgb),
        "grey16-png": (_sixteen_bits(grey, 1), rgb.convert("L")),
        "grey16-tiff": (stored(Image.fromarray(grey), "TIFF"), rgb.convert("L")),
        "palette-png": (stored(see_through, "PNG"), rgb),
        "palette-bmp": (stored(see_through, "BMP"), rgb),
        "palette-see-through": (stored(see_through, "PNG", transparency=white), rgb),
        "rgb-see-through": (stored(rgb, "PNG", transparency=(255, 255, 255)), rgb),
        "rgba-png": (stored(alpha, "PNG"), rgb),
        "la-png": (stored(grey_alpha, "PNG"), rgb.convert("L")),
        "rgba-webp": (stored(alpha, "WEBP", lossless=True), rgb),
        "rgb-tiff": (stored(rgb, "TIFF", compression="tiff_lzw"), rgb),
        "rgb-bmp": (stored(rgb, "BMP"), rgb),
        "rgb-ppm": (stored(rgb, "PPM"), rgb),
        "rgb-jp2": (stored(rgb, "JPEG2000"), rgb),
        "gif-like-grey-png": (stored(rgb.convert("L").quantize(16), "PNG"), rgb.convert("L")),
    }
    pdfs = {name: compose([_page(data)], META) for name, (data, _) in cases.items()}
    for name, (_, expected) in cases.items():
        image = _image(pdfs[name])
        assert "/SMask" not in image, name
        assert image.ColorSpace in {pikepdf.Name.DeviceRGB, pikepdf.Name.DeviceGray}, name
        _close(pdfs[name], expected)
        gate(pdfs[name])
    assert verapdf(pdfs) == dict.fromkeys(cases, ())


@pytest.mark.parametrize("orientation", range(10))
def test_orientation_mark_is_honoured_once_and_never_by_rotate(orientation):
    stored_pixels = _colours()
    turned = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    as_held = stored_pixels
    if orientation in turned:
        as_held = stored_pixels.transpose(turned[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    for kind in ("JPEG", "PNG", "TIFF"):
        data = stored(stored_pixels, kind, exif=exif)
        pdf = compose([_page(data, as_held.size)], META)
        with pikepdf.open(io.BytesIO(pdf)) as document:
            assert "/Rotate" not in document.pages[0].obj
        _close(pdf, as_held)
        if kind == "JPEG":
            assert data in pdf


def test_a_sound_profile_is_kept_and_a_bad_one_is_dropped(verapdf):
    rgb, grey = _colours(), _colours().convert("L")
    modern = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    version_5 = bytearray(srgb_profile())
    version_5[8] = 5
    kept = {
        "v2": jpeg(rgb, icc_profile=srgb_profile()),
        "v4": jpeg(rgb, icc_profile=modern),
        "png": stored(rgb, "PNG", icc_profile=modern),
    }
    dropped = {
        "v5": jpeg(rgb, icc_profile=bytes(version_5)),
        "cut": jpeg(rgb, icc_profile=modern[:200]),
        "noise": jpeg(rgb, icc_profile=random.Random(5).randbytes(3000)),
        "colour-on-grey": jpeg(grey, icc_profile=modern),
        "one-bit": stored(grey.convert("1"), "TIFF", icc_profile=modern),
    }
    pdfs = {name: compose([_page(data)], META) for name, data in (kept | dropped).items()}
    for name, pdf in pdfs.items():
        assert _image(pdf).ColorSpace[0] == "/ICCBased" if name in kept else True, name
        if name in dropped:
            assert isinstance(_image(pdf).ColorSpace, pikepdf.Name), name
    assert verapdf(pdfs) == dict.fromkeys(pdfs, ())


def _half(data: bytes) -> bytes:
    return data[: len(data) // 2]


BROKEN = {
    "empty": b"",
    "text": b"Kinh gui Uy ban nhan dan" * 20,
    "jpeg-head-only": jpeg(Image.new("RGB", SIZE, "red"))[:150],
    "half-jpeg": _half(jpeg(Image.effect_noise(SIZE, 90))),
    "half-png": _half(stored(Image.effect_noise(SIZE, 90), "PNG")),
    "half-tiff": _half(stored(Image.effect_noise(SIZE, 90), "TIFF")),
    "half-bmp": _half(stored(Image.effect_noise(SIZE, 90), "BMP")),
    "pdf": b"%PDF-1.7\n%%EOF\n",
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "no-size": stored(Image.new("L", (1, 1)), "PNG").replace(b"\0\0\0\1\0\0\0\1", b"\0" * 8),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_picture_is_refused_with_its_page(drawn, name):
    with pytest.raises(PackagingError) as caught:
        compose([straight(drawn), _page(BROKEN[name])], META)
    assert caught.value.slug == "pack.bad_image"
    assert caught.value.params == {"page": 2}


def test_hostile_bytes_never_raise_anything_but_our_error():
    seed = 20261105
    print("seed", seed)
    chance = random.Random(seed)
    picture = _colours()
    samples = [jpeg(picture), *(stored(picture, kind) for kind in ("PNG", "TIFF", "BMP", "WEBP"))]
    made = 0
    for _ in range(300):
        data = bytearray(chance.choice(samples))
        for _ in range(chance.randint(1, 8)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        with contextlib.suppress(PackagingError):
            compose([_page(bytes(data))], META)
            made += 1
    assert 20 < made < 280


def test_many_pages_in_one_file_are_refused_rather_than_lost(drawn):
    data = stored(drawn.picture, "TIFF", save_all=True, append_images=[drawn.picture])
    with pytest.raises(PackagingError) as caught:
        compose([straight(drawn, data)], META)
    assert caught.value.slug == "pack.many_frames"


def test_a_picture_bomb_is_refused_by_its_header():
    for width, height in ((40_000, 40_000), (65_000, 1000)):
        head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
        data = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + head
        data += struct.pack(">I", zlib.crc32(b"IHDR" + head))
        data += struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))
        with pytest.raises(PackagingError) as caught:
            compose([_page(data)], META)
        assert caught.value.slug == "pack.too_large"
