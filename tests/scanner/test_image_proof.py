"""Bytes become a page only when they are one: head, every pixel, tail and size."""

from __future__ import annotations

import io
import zlib

import numpy as np
import pytest
from PIL import Image

from scanner.errors import ScannerError
from scanner.images.png_proof import PngProof
from scanner.images.validate import ImageFacts, ImageProof, image_facts, size_flags
from tests.scanner.scan_kit import page_jpeg

A4_300 = (2480, 3508)


def proved(data: bytes, step: int = 4096) -> ImageFacts:
    proof = ImageProof(1 << 26)
    for at in range(0, len(data), step):
        proof.feed(data[at : at + step])
    facts = proof.finish()
    proof.prove_pixels()
    return facts


def slug_of(data: bytes) -> str:
    with pytest.raises(ScannerError) as caught:
        proved(data)
    return caught.value.slug


def picture(kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (120, 90), "teal").save(out, kind, **options)  # type: ignore[arg-type]
    return out.getvalue()


def noise(kind: str, mode: str = "RGB", **options: object) -> bytes:
    pixels = np.random.default_rng(7).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(out, kind, **options)  # type: ignore[arg-type]
    return out.getvalue()


def chunk(name: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big")


@pytest.mark.parametrize("step", [1, 7, 4096])
@pytest.mark.parametrize(
    ("data", "facts"),
    [
        (picture("JPEG"), ImageFacts("image/jpeg", 120, 90, None)),
        (picture("JPEG", dpi=(300, 300)), ImageFacts("image/jpeg", 120, 90, 300)),
        (picture("JPEG", progressive=True), ImageFacts("image/jpeg", 120, 90, None)),
        (picture("JPEG", exif=b"Exif\0\0" + page_jpeg(1)[:60_000]), None),
        (picture("PNG"), ImageFacts("image/png", 120, 90, None)),
        (picture("JPEG") + b"\0" * 512, ImageFacts("image/jpeg", 120, 90, None)),
    ],
)
def test_a_whole_image_is_known_whatever_pieces_it_comes_in(data, facts, step):
    found = proved(data, step)
    assert found == facts if facts else (found.width_px, found.height_px) == (120, 90)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_no_proper_beginning_of_an_image_passes_for_the_whole(kind):
    data = picture(kind)
    for size in range(len(data)):
        with pytest.raises(ScannerError) as caught:
            proved(data[:size])
        assert caught.value.slug == ("scan.page_truncated" if size else "scan.page_empty")


def test_a_thumbnail_inside_does_not_end_the_page():
    data = picture("JPEG", exif=b"Exif\0\0" + picture("JPEG"))
    with pytest.raises(ScannerError) as caught:
        proved(data[: len(data) // 2])
    assert caught.value.slug == "scan.page_truncated"


@pytest.mark.parametrize(
    "data", [b"GIF89a" + b"\0" * 90, b"\xff\xd8\x00", b"\xff\xd8\xff\xe0\0\x04ab junk", b"%PDF-1.4"]
)
def test_other_formats_and_junk_are_wrong_pages(data):
    with pytest.raises(ScannerError) as caught:
        proved(data)
    assert caught.value.slug == "scan.page_wrong"


def test_a_start_of_frame_that_never_comes_is_given_up():
    comment = b"\xff\xfe\xff\xff" + b"x" * 65_533
    with pytest.raises(ScannerError) as caught:
        proved(b"\xff\xd8" + comment * 40)
    assert caught.value.slug == "scan.page_wrong"


@pytest.mark.parametrize(
    ("size", "dpi", "flags"),
    [
        (A4_300, None, ()),
        ((2480, 3507), None, ()),
        ((3508, 2480), None, ()),
        ((2440, 3450), None, ()),
        ((1748, 2480), 300, ("short_page",)),
        ((1748, 2480), None, None),
        ((1748, 2480), 150, None),
        ((1240, 1754), None, None),
        ((1240, 1754), 300, None),
        ((2550, 3300), 300, None),
        ((4960, 7016), 300, None),
        ((2480, 0), None, None),
    ],
)
def test_the_size_must_be_that_of_the_page_or_honestly_smaller_paper(size, dpi, flags):
    facts = ImageFacts("image/jpeg", *size, dpi)
    if flags is not None:
        assert size_flags(facts, A4_300, 300) == flags
        return
    with pytest.raises(ScannerError) as caught:
        size_flags(facts, A4_300, 300)
    assert caught.value.slug == "scan.page_wrong"


def test_facts_wait_for_enough_bytes():
    data = picture("PNG")
    assert image_facts(data[:20]) is None
    assert image_facts(data[:24]) == ImageFacts("image/png", 120, 90, None)


END = b"\xff\xd9"
JPEGS = (
    {},
    {"progressive": True},
    {"restart_marker_rows": 1},
    {"mode": "L"},
    {"mode": "CMYK"},
    {"subsampling": 2},
)


@pytest.mark.parametrize("options", JPEGS, ids=str)
def test_a_jpeg_of_any_kind_is_whole_until_pixels_are_missing(options):
    data = noise("JPEG", **options)
    assert (proved(data).width_px, proved(data).height_px) == (120, 90)
    scan_at = data.index(b"\xff\xda") + 14
    for share in range(20):
        cut = scan_at + (len(data) - scan_at - 2) * share // 20
        assert slug_of(data[:cut].rstrip(b"\xff") + END) == "scan.page_truncated"


@pytest.mark.parametrize("options", JPEGS[:4], ids=str)
def test_damaged_pixels_are_missing_pixels(options):
    data = bytearray(noise("JPEG", **options))
    middle = len(data) // 2
    data[middle : middle + 200] = bytes(200)
    assert slug_of(bytes(data)) == "scan.page_truncated"


@pytest.mark.parametrize(
    "patch",
    [
        (b"JFIF\0\x01", b"JFIF\0\x09"),
        (b"\xff\xda", b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\x07\xff\xda"),
    ],
)
def test_an_odd_label_neither_refuses_a_page_nor_hides_its_damage(patch):
    data = noise("JPEG").replace(*patch, 1)
    assert proved(data).width_px == 120
    assert slug_of(data[: len(data) // 2] + END) == "scan.page_truncated"


@pytest.mark.parametrize("padding", [b"\0" * 100_000, b"\xff" * 900, b"\r\n", b"\0\r\n\0"])
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_padding_of_any_length_is_no_second_page(kind, padding):
    assert proved(picture(kind) + padding).width_px == 120


@pytest.mark.parametrize("behind", [b"\x01", b"\0" * 9000 + b"text"])
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_what_follows_a_page_is_not_lost_in_silence(kind, behind):
    data = picture(kind)
    assert slug_of(data + behind) == "scan.page_wrong"
    assert slug_of(data + data) == "scan.page_wrong"


def test_zeros_before_the_end_marker_are_padding_and_other_bytes_are_damage():
    data = noise("JPEG")
    assert proved(data[:-2] + bytes(30) + END).width_px == 120
    assert slug_of(data[:-2] + b"rest" * 9 + END) == "scan.page_truncated"
    assert slug_of(data[:-2] + b"rest" * 9 + bytes(30) + END) == "scan.page_truncated"


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "I;16"])
def test_a_png_of_any_kind_is_whole_until_a_bit_of_it_is_wrong(mode):
    data = noise("PNG", "L" if mode == "I;16" else mode)
    if mode == "I;16":
        out = io.BytesIO()
        Image.fromarray(np.arange(10_800, dtype=np.uint16).reshape(90, 120)).save(out, "PNG")
        data = out.getvalue()
    assert proved(data).width_px == 120
    for at in range(8, len(data), 97):
        rotten = bytearray(data)
        rotten[at] ^= 0x10
        assert slug_of(bytes(rotten)) in {"scan.page_truncated", "scan.page_wrong"}


def interlaced(width: int, height: int) -> bytes:
    """A gray PNG in seven passes, each row its filter byte and its pixels."""
    raw = b""
    for left, top, step_x, step_y in (
        (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
        (0, 1, 1, 2),
    ):  # fmt: skip
        columns = len(range(left, width, step_x))
        raw += (b"\0" + b"\x55" * columns) * len(range(top, height, step_y)) if columns else b""
    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\0\0\0\x01"
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (5, 9), (8, 8), (17, 33)])
def test_an_interlaced_png_has_its_own_count_of_bytes(size):
    data = interlaced(*size)
    assert np.array(Image.open(io.BytesIO(data))).tolist() == [[0x55] * size[0]] * size[1]
    assert (proved(data).width_px, proved(data).height_px) == size


def test_rows_that_are_missing_or_too_many_are_not_made_good_by_checksums():
    head = (120).to_bytes(4, "big") + (90).to_bytes(4, "big") + b"\x08\0\0\0\0"
    rows = (b"\0" + bytes(120)) * 90

    def png(raw: bytes, head: bytes = head) -> bytes:
        packed = zlib.compress(raw)
        parts = chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
        return b"\x89PNG\r\n\x1a\n" + parts

    assert proved(png(rows)).height_px == 90
    whole = png(rows)
    for wrong in (png(rows[:-1]), png(rows + b"\0"), png(b""), png(bytes(50 << 20))):
        assert slug_of(wrong) == "scan.page_truncated"
    middle = whole.index(b"IDAT") - 4
    assert slug_of(whole[:middle] + chunk(b"IEND", b"")) == "scan.page_truncated"
    for field in (b"\x08\x05\0\0\0", b"\x03\0\0\0\0", b"\x08\0\0\0\x02"):
        assert slug_of(png(rows, head[:8] + field)) == "scan.page_wrong"
    assert slug_of(png(rows, b"\x7f\xff\xff\xff" * 2 + head[8:])) == "scan.page_wrong"


def test_a_png_may_be_watched_alone():
    proof = PngProof(1 << 20)
    proof.feed(picture("PNG"))
    proof.finish()
    with pytest.raises(ScannerError):
        PngProof(1 << 20).feed(b"\xff\xd8\xff\xe0JFIF")
