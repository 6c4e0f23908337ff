"""Bytes become a page only when they are one: head, tail and size."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from scanner.errors import ScannerError
from scanner.validate import ImageFacts, ImageProof, image_facts, size_flags
from tests.scanner.scan_kit import page_jpeg

A4_300 = (2480, 3508)


def proved(data: bytes, step: int = 4096) -> ImageFacts:
    proof = ImageProof(1 << 30)
    for at in range(0, len(data), step):
        proof.feed(data[at : at + step])
    return proof.finish()


def picture(kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (120, 90), "teal").save(out, kind, **options)  # type: ignore[arg-type]
    return out.getvalue()


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
