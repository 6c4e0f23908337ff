"""What counts as a whole file, and that its pages come out as they went in."""

from __future__ import annotations

import io
import random
import struct
import zlib
from pathlib import Path

import numpy as np
import pikepdf
import pytest
from PIL import Image, ImageChops

from scanner.drivers.folder.formats import Foreign, Unfinished
from scanner.drivers.folder.leaf import Leaf, resolution
from scanner.drivers.folder.pages import bytes_of, leaves, prove
from tests.scanner.hot_folder_kit import pdf, picture, png, tiff
from tests.scanner.scan_kit import A4_200, page_jpeg

JPEG = page_jpeg(1)
SMALL = (827, 1170)
END = b"\xff\xd9"


def pages(path: Path, data: bytes, dpi: int = 200) -> list[tuple[Leaf, bytes]]:
    """The pages of a file with these bytes, proved first as a pass does."""
    path = path / "tep"
    path.write_bytes(data)
    count = len(list(prove(path, dpi)))
    found = [(leaf, b"".join(bytes_of(leaf))) for leaf in leaves(path, dpi)]
    assert len(found) == count
    return found


def refusal(path: Path, data: bytes) -> type[Exception] | None:
    try:
        pages(path, data)
    except (Unfinished, Foreign) as error:
        return type(error)
    return None


def image(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as opened:
        opened.load()
        return opened.copy()


def noisy(size: tuple[int, int] = SMALL, mode: str = "RGB") -> Image.Image:
    seeded = np.random.default_rng(5)
    pixels = seeded.integers(0, 256, (size[1] // 8, size[0] // 8, 3), np.uint8)
    return Image.fromarray(pixels).resize(size).convert(mode)


def same(one: Image.Image, other: Image.Image) -> bool:
    return one.mode == other.mode and ImageChops.difference(one, other).getbbox() is None


def jpeg_of(page: Image.Image, **options: object) -> bytes:
    out = io.BytesIO()
    page.save(out, "JPEG", dpi=(200, 200), **options)
    return out.getvalue()


# Three kinds of JPEG, PNG, TIFF with directory before and behind its strips, PDF.
WHOLE = {
    "jpeg": JPEG,
    "progressive": jpeg_of(picture(1), progressive=True),
    "restarts": jpeg_of(picture(1), restart_marker_rows=1),
    "png": png(1),
    "tiff": tiff(picture(1, mode="1"), picture(2, mode="1")),
    "tiff-lzw": tiff(picture(1), compression="tiff_lzw"),
    "pdf": pdf(JPEG, page_jpeg(2)),
}


@pytest.mark.parametrize("kind", WHOLE)
def test_no_file_cut_anywhere_passes_for_a_whole_one(tmp_path, kind):
    data, seed = WHOLE[kind], 11
    print("seed", seed)
    assert refusal(tmp_path, data) is None
    # The last bytes may be padding and a line end.
    cuts = {0, 1, 2, 3, 4, 7, 8, 9, len(data) - 24, len(data) // 2}
    cuts |= set(random.Random(seed).sample(range(len(data) - 24), 40))
    for cut in cuts:
        assert refusal(tmp_path, data[:cut]) is Unfinished, cut
        # The length is reserved, the rest not yet written.
        padded = data[:cut] + bytes(len(data) - cut)
        assert refusal(tmp_path, padded) is not None, cut


@pytest.mark.parametrize("kind", WHOLE)
def test_damaged_bytes_are_refused_or_shown_but_never_a_defect(tmp_path, kind):
    seed = 12
    print("seed", seed)
    chance = random.Random(seed)
    for _ in range(25):
        data = bytearray(WHOLE[kind])
        for _ in range(3):
            data[chance.randrange(min(len(data), 3000))] = chance.randrange(256)
        assert refusal(tmp_path, bytes(data)) in {None, Unfinished, Foreign}


@pytest.mark.parametrize("tail", [b"\0" * 5000, b"\r\n", b"vendor trailer"])
def test_what_stands_behind_the_end_of_a_jpeg_is_kept(tmp_path, tail):
    ((leaf, data),) = pages(tmp_path, JPEG + tail)
    assert data == JPEG + tail
    assert (leaf.width_px, leaf.height_px, leaf.dpi) == (*A4_200, 200)


def test_the_end_of_a_thumbnail_is_not_the_end_of_the_picture(tmp_path):
    thumbnail = JPEG[:3000] + END
    app1 = b"\xff\xe1" + struct.pack(">H", len(thumbnail) + 2) + thumbnail
    data = JPEG[:2] + app1 + JPEG[2:]
    assert refusal(tmp_path, data[: len(app1) + 2]) is Unfinished
    assert refusal(tmp_path, data[:-40]) is Unfinished
    assert pages(tmp_path, data)[0][1] == data


def short_png() -> bytes:
    """A PNG whose checksums agree, and half of whose rows are missing."""
    data = png(1)
    at = data.index(b"IDAT") - 4
    size = int.from_bytes(data[at : at + 4], "big")
    half = b"IDAT" + data[at + 8 : at + 8 + size // 2]
    sums = zlib.crc32(half).to_bytes(4, "big")
    return data[:at] + (size // 2).to_bytes(4, "big") + half + sums + data[-12:]


@pytest.mark.parametrize(
    "data",
    [
        JPEG[: len(JPEG) // 2] + END,
        JPEG[: JPEG.index(b"\xff\xda") + 14] + END,
        JPEG[:9000] + bytes(200) + JPEG[9200:],
        pdf(JPEG, JPEG[: len(JPEG) // 2] + END),
        short_png(),
    ],
    ids=["half", "head", "damaged", "pdf", "png"],
)
def test_half_a_picture_with_a_proper_end_is_not_whole(tmp_path, data):
    assert refusal(tmp_path, data) is Unfinished


def test_two_pngs_in_one_file_are_refused_as_well(tmp_path):
    assert refusal(tmp_path, png(1) + png(2)) is Foreign


def test_two_jpegs_in_one_file_are_refused_for_the_second_would_be_lost(tmp_path):
    assert refusal(tmp_path, JPEG + page_jpeg(2)) is Foreign


def test_a_png_whose_bytes_disagree_with_their_checksum_is_not_whole(tmp_path):
    data = bytearray(png(1))
    data[len(data) // 2] ^= 1
    assert refusal(tmp_path, bytes(data)) is Unfinished


@pytest.mark.parametrize(
    ("mode", "compression"),
    [
        ("1", "group4"), ("1", "group3"), ("1", "packbits"), ("L", "tiff_lzw"), ("RGB", "raw"),
        ("RGB", "tiff_lzw"), ("RGB", "tiff_adobe_deflate"), ("L", "packbits"),
    ],
)  # fmt: skip
def test_every_page_of_a_tiff_comes_without_loss(tmp_path, mode, compression):
    sources = [noisy(mode=mode), picture(2, mode=mode), picture(3, mode=mode)]
    found = pages(tmp_path, tiff(*sources, compression=compression))
    assert [leaf.media for leaf, _ in found] == ["image/png"] * 3
    for source, (leaf, data) in zip(sources, found, strict=True):
        assert same(source, image(data))
        assert (leaf.width_px, leaf.height_px, leaf.dpi) == (*source.size, 200)


def test_a_jpeg_inside_a_tiff_keeps_its_own_bytes(tmp_path):
    jpeg = jpeg_of(noisy(A4_200), quality=80)
    entries = [
        (256, 4, A4_200[0]), (257, 4, A4_200[1]), (258, 3, 8), (259, 3, 7), (262, 3, 6),
        (273, 4, 8), (277, 3, 3), (278, 4, A4_200[1]), (279, 4, len(jpeg)),
    ]  # fmt: skip
    directory = struct.pack("<H", len(entries))
    for tag, kind, value in entries:
        directory += struct.pack("<HHII", tag, kind, 1, value)
    data = b"II*\0" + struct.pack("<I", 8 + len(jpeg)) + jpeg + directory + bytes(4)
    ((leaf, found),) = pages(tmp_path, data)
    assert (leaf.media, found) == ("image/jpeg", jpeg)
    # No word about dots per inch: guessed, and marked.
    assert leaf.flags == ("dpi_guessed",)


@pytest.mark.parametrize("options", [{"big_tiff": True}, {"prefix": b"MM"}], ids=["big", "MM"])
def test_tiffs_of_either_size_and_byte_order_are_read(tmp_path, options):
    out = io.BytesIO()
    source = picture(3)
    if "prefix" in options:
        strip = source.convert("L").tobytes()
        entries = [
            (256, 3, A4_200[0] << 16), (257, 3, A4_200[1] << 16), (258, 3, 8 << 16),
            (259, 3, 1 << 16), (262, 3, 1 << 16), (273, 4, 8), (277, 3, 1 << 16),
            (279, 4, len(strip)),
        ]  # fmt: skip
        out.write(b"MM\0*" + struct.pack(">I", 8 + len(strip)) + strip)
        out.write(struct.pack(">H", len(entries)))
        for tag, kind, value in entries:
            out.write(struct.pack(">HHII", tag, kind, 1, value))
        out.write(bytes(4))
        source = source.convert("L")
    else:
        source.save(out, "TIFF", big_tiff=True, compression="raw", dpi=(200, 200))
    ((_, data),) = pages(tmp_path, out.getvalue())
    assert same(source, image(data))


def looping() -> bytes:
    data = bytearray(tiff(picture(1, mode="1")))
    at = struct.unpack_from("<I", data, 4)[0]
    count = struct.unpack_from("<H", data, at)[0]
    struct.pack_into("<I", data, at + 2 + 12 * count, at)
    return bytes(data)


def empty_pdf() -> bytes:
    out = io.BytesIO()
    pikepdf.new().save(out)
    return out.getvalue()


def locked_pdf(*, user: str) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf(JPEG))) as opened:
        opened.save(out, encryption=pikepdf.Encryption(owner="chủ", user=user))
    return out.getvalue()


def huge_png() -> bytes:
    """A few bytes that would unfold to a gigabyte."""
    row = zlib.compress(bytes(2501) * 20_000, 9)
    head = struct.pack(">IIBBBBB", 20_000, 20_000, 1, 0, 0, 0, 0)
    made = b"\x89PNG\r\n\x1a\n"
    for name, body in ((b"IHDR", head), (b"IDAT", row), (b"IEND", b"")):
        made += struct.pack(">I", len(body)) + name + body
        made += struct.pack(">I", zlib.crc32(name + body))
    return made


@pytest.mark.parametrize(
    "data",
    [
        looping(),
        empty_pdf(),
        locked_pdf(user="mở"),
        huge_png(),
        jpeg_of(Image.new("L", (20_000, 30))),
        tiff(Image.new("1", (20_000, 30))),
        pdf(JPEG, MediaBox=pikepdf.Array([0, 0, 14_400, 14_400])),
        page_jpeg(1, (1240, 1754), 150),
        page_jpeg(1, (1240, 1754), None),
        tiff(picture(1, mode="1"), dpi=199),
        pdf(page_jpeg(1, (1240, 1754))),
        b"GIF89a" + bytes(300),
        b"PK\3\4" + bytes(300),
        b"Xin chao, day la mot tep van ban.",
    ],
    ids=[
        "looping-tiff", "empty-pdf", "locked-pdf", "bomb", "wide-jpeg", "wide-tiff", "wide-pdf",
        "150-dpi", "150-dpi-untold", "199-dpi", "coarse-pdf", "gif", "zip", "text",
    ],
)  # fmt: skip
def test_what_can_never_be_a_page_is_refused(tmp_path, data):
    assert refusal(tmp_path, data) is Foreign


def test_one_bad_page_refuses_the_whole_file_before_its_first_page_counts(tmp_path):
    cut = page_jpeg(2)[:-200]
    assert refusal(tmp_path, pdf(JPEG, JPEG, cut)) is Unfinished
    assert refusal(tmp_path, pdf(JPEG, page_jpeg(1, (827, 1170)))) is Foreign


def test_a_pdf_page_that_is_one_jpeg_keeps_its_bytes(tmp_path):
    gray = jpeg_of(picture(4, mode="L"))
    found = pages(tmp_path, pdf(JPEG, gray, page_jpeg(2, (2480, 3508), 300)), dpi=300)
    assert [data for _, data in found] == [JPEG, gray, page_jpeg(2, (2480, 3508), 300)]
    assert [leaf.dpi for leaf, _ in found] == [200, 200, 300]


def test_a_pdf_that_only_forbids_changes_is_taken(tmp_path):
    ((leaf, data),) = pages(tmp_path, locked_pdf(user=""))
    assert leaf.media == "image/jpeg"
    assert np.abs(np.asarray(image(data), int) - np.asarray(image(JPEG), int)).mean() < 1


@pytest.mark.parametrize(
    ("content", "keys", "turn"),
    [
        (None, {"Rotate": 180}, Image.Transpose.ROTATE_180),
        (None, {"Rotate": 90}, Image.Transpose.ROTATE_270),
        (b"q 595.3 0 0 -841.9 0 841.9 cm /Im0 Do Q", {}, Image.Transpose.FLIP_TOP_BOTTOM),
        (b"q 595.3 0 0 841.9 0 0 cm /Im0 Do Q 0 0 9 9 re f", {}, None),
        (b"q 300 0 0 424 20 20 cm /Im0 Do Q", {}, None),
    ],
    ids=["upside-down", "sideways", "mirrored", "stamped", "small"],
)
def test_any_other_pdf_page_is_drawn_as_it_is_seen(tmp_path, content, keys, turn):
    ((leaf, data),) = pages(tmp_path, pdf(JPEG, content=content, **keys))
    drawn = image(data)
    assert data != JPEG
    assert (leaf.media, drawn.mode, leaf.dpi) == ("image/jpeg", "RGB", 200)
    assert drawn.size == (leaf.width_px, leaf.height_px)
    if turn is not None:
        wanted = image(JPEG).transpose(turn)
        shrunk = [np.asarray(page.resize((200, 280)), int) for page in (drawn, wanted)]
        assert np.abs(shrunk[0] - shrunk[1]).mean() < 3


def test_bands_of_a_drawn_page_join_without_a_seam(tmp_path):
    """Drawn at its own resolution a page is the picture itself, over every band's edge."""
    source = noisy(A4_200)
    data = pdf(jpeg_of(source, quality=95, subsampling=0), Rotate=180)
    ((_, found),) = pages(tmp_path, data)
    wanted = np.asarray(source.transpose(Image.Transpose.ROTATE_180), int)
    rows = np.abs(np.asarray(image(found), int) - wanted).mean(axis=(1, 2))
    assert rows.max() < 12
    assert rows.mean() < 6


@pytest.mark.parametrize("turn", [0, 90, 180])
def test_black_and_white_in_a_pdf_keeps_every_dot(tmp_path, turn):
    source = noisy(A4_200, mode="1")
    made = pikepdf.new()
    page = made.add_blank_page(page_size=(A4_200[0] * 0.36, A4_200[1] * 0.36))
    dots = pikepdf.Stream(made, zlib.compress(source.tobytes()))
    dots.Type, dots.Subtype = pikepdf.Name.XObject, pikepdf.Name.Image
    dots.Width, dots.Height, dots.BitsPerComponent = *A4_200, 1
    dots.ColorSpace, dots.Filter = pikepdf.Name.DeviceGray, pikepdf.Name.FlateDecode
    page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im0=dots))
    size = f"q {A4_200[0] * 0.36} 0 0 {A4_200[1] * 0.36} 0 0 cm /Im0 Do Q"
    page.Contents = pikepdf.Stream(made, size.encode())
    page.Rotate = turn
    out = io.BytesIO()
    made.save(out)
    ((leaf, data),) = pages(tmp_path, out.getvalue(), dpi=300)
    assert (leaf.media, leaf.dpi) == ("image/png", 200)
    turned = source.rotate(-turn, expand=True)
    wrong = np.asarray(image(data)) != np.asarray(turned)
    assert image(data).mode == "1"
    assert wrong.mean() < 0.0001


def test_recognised_text_under_the_picture_does_not_cost_its_bytes(tmp_path):
    content = b"q 595.3 0 0 841.9 0 0 cm /Im0 Do Q BT 3 Tr /F1 9 Tf 50 50 Td (an) Tj ET"
    with pikepdf.open(io.BytesIO(pdf(JPEG, content=content))) as opened:
        opened.pages[0].Resources.Font = pikepdf.Dictionary(
            F1=pikepdf.Dictionary(
                Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica
            )
        )
        out = io.BytesIO()
        opened.save(out)
    ((_, data),) = pages(tmp_path, out.getvalue())
    assert data == JPEG


@pytest.mark.parametrize(
    ("told", "size", "dpi", "flags"),
    [
        (300.0, (2480, 3508), 300, ()),
        (199.9996, (1654, 2339), 200, ()),
        (None, (2480, 3508), 300, ("dpi_guessed",)),
        (None, (3508, 2480), 300, ("dpi_guessed",)),
        (None, (3508, 4961), 300, ("dpi_guessed",)),
        (None, (1748, 2480), 300, ("dpi_guessed",)),
        (72.0, (2480, 3508), 300, ("dpi_guessed",)),
        (96.0, (4961, 7016), 600, ("dpi_guessed",)),
        (None, (1000, 2000), 240, ("dpi_guessed",)),
    ],
)
def test_the_resolution_is_the_file_s_own_or_follows_from_the_paper(told, size, dpi, flags):
    assert resolution(told, *size, 240) == (dpi, flags)


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_tiff_with_a_predictor_or_jpeg_strips_is_decoded_as_another_reader_does(tmp_path, mode):
    for options in ({"compression": "tiff_lzw", "tiffinfo": {317: 2}}, {"compression": "jpeg"}):
        out = io.BytesIO()
        noisy(mode=mode).save(out, "TIFF", dpi=(200, 200), **options)
        ((_, data),) = pages(tmp_path, out.getvalue())
        assert same(image(out.getvalue()), image(data))


def test_a_tiff_in_one_strip_or_in_planes_is_decoded_whole(tmp_path):
    source = noisy(A4_200)
    one = io.BytesIO()
    source.save(one, "TIFF", dpi=(200, 200), tiffinfo={278: A4_200[1]}, compression="tiff_lzw")
    planes = [band.tobytes() for band in source.split()]
    entries = [(256, A4_200[0]), (257, A4_200[1]), (259, 1), (262, 2), (277, 3), (278, A4_200[1])]
    count, at = len(entries) + 4, 8 + sum(map(len, planes))
    extra = at + 2 + 12 * count + 4
    directory = [struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries]
    directory += [struct.pack("<HHII", 284, 3, 1, 2), struct.pack("<HHII", 258, 3, 3, extra)]
    directory += [
        struct.pack("<HHII", tag, 4, 3, extra + 6 + 12 * n) for n, tag in enumerate((273, 279))
    ]
    tail = struct.pack("<3H", 8, 8, 8)
    tail += struct.pack("<3I", *(8 + n * len(planes[0]) for n in range(3)))
    tail += struct.pack("<3I", *map(len, planes))
    data = b"II*\0" + struct.pack("<I", at) + b"".join(planes) + struct.pack("<H", count)
    data += b"".join(sorted(directory, key=lambda entry: entry[:2][::-1])) + bytes(4) + tail
    for whole in (one.getvalue(), data):
        ((leaf, found),) = pages(tmp_path, whole)
        assert same(source, image(found))
    assert leaf.flags == ("dpi_guessed",)
