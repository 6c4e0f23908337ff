from __future__ import annotations

import io
import struct
import zlib

import cv2
import numpy as np
import pytest
import simplejpeg
from PIL import Image

from ocr.decode import decode, frame_count
from ocr.errors import OcrError


def _picture(width: int = 320, height: int = 200) -> Image.Image:
    """Every place differs, so that each turn and each channel shows."""
    y, x = np.mgrid[0:height, 0:width]
    rgb = np.stack([x * 255 // width, y * 255 // height, (x + y) % 256], axis=-1)
    return Image.fromarray(rgb.astype(np.uint8))


def _bytes(picture: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def _slug(data: bytes, **options: int) -> str:
    with pytest.raises(OcrError) as caught:
        decode(data, **options)
    return caught.value.slug


JPEG = _bytes(_picture(), "JPEG", quality=90, dpi=(300, 300))
PROGRESSIVE = _bytes(_picture(), "JPEG", quality=90, progressive=True)


@pytest.mark.parametrize(
    ("data", "slug"),
    [
        (b"", "image.empty"),
        (b"\0" * 5000, "image.empty"),
        (b"Kinh gui: Uy ban nhan dan", "image.not_an_image"),
        (b"%PDF-1.7\n%%EOF", "image.not_an_image"),
        (JPEG[: len(JPEG) // 2], "image.truncated"),
        (JPEG[:-2], "image.truncated"),
        (JPEG[: len(JPEG) // 2] + b"\xff\xd9", "image.truncated"),
        (PROGRESSIVE[: len(PROGRESSIVE) // 2], "image.truncated"),
    ],
)
def test_broken_files_are_refused_by_name(data, slug):
    assert _slug(data) == slug


def test_a_progressive_jpeg_cut_between_scans_is_refused_even_with_a_forged_end():
    scans = [at for at in range(len(PROGRESSIVE) - 1) if PROGRESSIVE[at : at + 2] == b"\xff\xda"]
    assert len(scans) > 3
    forged = PROGRESSIVE[: scans[-1]] + b"\xff\xd9"
    assert simplejpeg.decode_jpeg(forged).shape == (200, 320, 3)  # the decoder sees nothing wrong
    assert _slug(forged) == "image.truncated"
    assert decode(PROGRESSIVE)[1].damage is None


def test_zeros_inside_a_jpeg_are_never_a_silent_page():
    page = np.random.default_rng(3).integers(0, 255, (900, 900, 3), np.uint8)
    data = bytearray(simplejpeg.encode_jpeg(page, quality=85))
    data[len(data) // 2 : len(data) // 2 + 2048] = bytes(2048)
    assert _slug(bytes(data)) in {"image.damaged", "image.truncated"}


def test_padding_before_the_end_marker_is_read_and_reported():
    image, facts = decode(JPEG[:-2] + bytes(8) + b"\xff\xd9")
    assert facts.damage == "image.padded"
    assert np.array_equal(image.pixels, decode(JPEG)[0].pixels)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP", "WEBP", "JPEG2000", "PPM"])
def test_half_of_any_file_is_refused(kind):
    noise = np.random.default_rng(5).integers(0, 255, (200, 300, 3), np.uint8)
    data = _bytes(Image.fromarray(noise), kind)
    decode(data)
    assert _slug(data[: len(data) // 2]).startswith("image.")


def test_half_a_fax_page_is_refused():
    bits = Image.fromarray(np.random.default_rng(6).random((400, 300)) > 0.5).convert("1")
    data = _bytes(bits, "TIFF", compression="group4")
    decode(data)
    assert _slug(data[: len(data) * 2 // 3]).startswith("image.")


def test_one_changed_byte_of_a_png_is_found():
    data = bytearray(_bytes(_picture(), "PNG"))
    data[len(data) // 2] ^= 0x10
    assert _slug(bytes(data)) == "image.damaged"


@pytest.mark.parametrize(
    ("mode", "kind", "options", "colour", "bits", "channels"),
    [
        ("1", "PNG", {}, "bilevel", 1, 1),
        ("1", "TIFF", {"compression": "group4"}, "bilevel", 1, 1),
        ("L", "PNG", {}, "grey", 8, 1),
        ("L", "JPEG", {"quality": 95}, "grey", 8, 1),
        ("P", "PNG", {}, "palette", 8, 3),
        ("RGB", "PNG", {}, "rgb", 8, 3),
        ("RGB", "TIFF", {"compression": "tiff_lzw"}, "rgb", 8, 3),
        ("RGB", "BMP", {}, "rgb", 8, 3),
        ("RGB", "WEBP", {"lossless": True}, "rgb", 8, 3),
        ("RGB", "JPEG2000", {}, "rgb", 8, 3),
        ("RGB", "JPEG", {"quality": 95, "progressive": True}, "rgb", 8, 3),
        ("CMYK", "JPEG", {"quality": 95}, "cmyk", 8, 3),
    ],
)
def test_each_format_gives_its_pixels(  # noqa: PLR0917 - one row of the table each
    mode, kind, options, colour, bits, channels
):
    source = _picture().convert(mode)
    image, facts = decode(_bytes(source, kind, **options))
    expected = np.asarray(source.convert("L" if channels == 1 else "RGB"))
    found = image.pixels if channels == 1 else image.pixels[:, :, ::-1]
    assert image.pixels.dtype == np.uint8
    assert image.pixels.flags.c_contiguous
    assert (facts.colour, facts.bits) == (colour, bits)
    assert (facts.width_px, facts.height_px) == (320, 200)
    worst = np.abs(found.astype(int) - expected.astype(int))
    assert float(worst.mean()) < 2.5


def test_sixteen_bits_become_eight_by_scaling():
    wide = np.linspace(0, 65535, 256, dtype=np.uint16).reshape(16, 16)
    image, facts = decode(_bytes(Image.fromarray(wide), "PNG"))
    assert facts.bits == 16
    assert np.array_equal(image.pixels, np.rint(wide / 257).astype(np.uint8))


def test_glass_parts_of_a_picture_show_white_paper():
    clear = Image.new("RGBA", (20, 10), (255, 0, 0, 0))
    clear.putpixel((3, 4), (0, 0, 255, 255))
    image, facts = decode(_bytes(clear, "PNG"))
    assert facts.colour == "rgba"
    assert image.pixels[0, 0].tolist() == [255, 255, 255]
    assert image.pixels[4, 3].tolist() == [255, 0, 0]


@pytest.mark.parametrize("orientation", range(9))
def test_the_turn_in_exif_is_applied_once(orientation):
    source = _picture()
    exif = Image.Exif()
    exif[0x0112] = orientation
    upright = np.asarray(source)
    turned = {
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.swapaxes(0, 1),
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].swapaxes(0, 1),
        8: np.rot90(upright, -1),
    }.get(orientation, upright)
    stored = Image.fromarray(np.ascontiguousarray(turned))
    for kind in ("JPEG", "PNG", "TIFF"):
        data = _bytes(stored, kind, exif=exif, **({"quality": 98} if kind == "JPEG" else {}))
        image, _ = decode(data)
        assert image.pixels.shape == (200, 320, 3), kind
        off = np.abs(image.pixels[:, :, ::-1].astype(int) - upright.astype(int)).mean()
        assert off < 3, kind


@pytest.mark.parametrize(
    ("stored", "hint", "expected", "source"),
    [
        ((300, 300), 200, (300, 300), "file"),
        ((200, 100), None, (200, 100), "file"),
        ((1, 1), None, (300, 300), "default"),
        ((1, 1), 240, (240, 240), "hint"),
        ((4800, 4800), 5, (300, 300), "default"),
        (None, 600, (600, 600), "hint"),
        ((72, 72), None, (72, 72), "file"),
    ],
)
def test_resolution_is_the_files_else_the_hint_else_300(stored, hint, expected, source):
    options = {} if stored is None else {"dpi": stored}
    image, facts = decode(_bytes(_picture(), "JPEG", **options), dpi_hint=hint)
    assert (image.dpi_x, image.dpi_y) == expected
    assert facts.dpi_source == source


def test_sides_keep_their_resolution_through_a_quarter_turn():
    exif = Image.Exif()
    exif[0x0112] = 6
    image, _ = decode(_bytes(_picture(), "JPEG", dpi=(200, 100), exif=exif))
    assert (image.dpi_x, image.dpi_y) == (100, 200)


def _png_claiming(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = chunk(b"IDAT", zlib.compress(b"\0" * 100))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + rows + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(20_000, 20_000), (30_001, 10), (10, 40_000), (13_500, 13_500)])
def test_a_bomb_is_refused_by_its_header(size):
    assert _slug(_png_claiming(*size)) == "image.too_large"


def test_a_jpeg_bomb_is_refused_by_its_header():
    data = bytearray(JPEG)
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", 20_000, 20_000)
    assert _slug(bytes(data)) == "image.too_large"


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (20_000, 1), (1, 20_000)])
def test_odd_sizes_come_through(size):
    image, _ = decode(_bytes(Image.new("L", size, 7), "PNG"))
    assert (image.width_px, image.height_px) == size


def test_every_page_of_a_tiff_can_be_had():
    pages = [Image.new("L", (40 + n, 30), 50 * n) for n in range(3)]
    data = _bytes(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    assert frame_count(data) == 3
    for n in range(3):
        image, _ = decode(data, frame=n)
        assert image.width_px == 40 + n
        assert int(image.pixels[0, 0]) == 50 * n
    assert _slug(data, frame=3) == "image.no_frame"
    assert frame_count(JPEG) == 1


def test_random_damage_raises_only_our_error():
    seed = 20260
    rng = np.random.default_rng(seed)
    print("seed", seed)
    sources = [JPEG, PROGRESSIVE] + [
        _bytes(_picture(60, 40), kind) for kind in ("PNG", "TIFF", "BMP", "WEBP", "JPEG2000")
    ]
    for source in sources:
        for _ in range(40):
            data = bytearray(source)
            for at in rng.integers(0, min(len(data), 600), 4):
                data[at] = int(rng.integers(0, 256))
            slug = "image.fine"
            try:
                decode(bytes(data))
            except OcrError as error:
                slug = error.slug
            assert slug.startswith("image.")


def test_opencv_reads_the_same_picture():
    ours = decode(JPEG)[0].pixels.astype(int)
    theirs = cv2.imdecode(np.frombuffer(JPEG, np.uint8), cv2.IMREAD_COLOR).astype(int)
    assert np.abs(ours - theirs).max() <= 4
