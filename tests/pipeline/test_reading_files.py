"""Which pages a file holds, and the picture of each: the scanner's own wherever it can be had."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from pikepdf import Dictionary, Name, Pdf, Stream
from PIL import Image

from app.domain.errors import Trouble
from app.pipeline.stages import loose, pdf_pages
from app.pipeline.stages.pdf_pages import PagePicture

SHOW = b"q 288 0 0 432 0 0 cm /S Do Q\n"


def grain(width: int = 600, height: int = 900) -> Image.Image:
    noise = np.random.default_rng(7).integers(0, 255, (height // 20, width // 20, 3))
    return Image.fromarray(noise.astype(np.uint8)).resize((width, height))


def jpeg(image: Image.Image, **more: object) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=90, **more)
    return out.getvalue()


def scan(path: Path, data: bytes, content: bytes = SHOW, **image: object) -> Path:
    """A page of 4 × 6 inches that shows one picture of 600 × 900 px."""
    with Pdf.new() as pdf:
        values = {"Width": 600, "Height": 900, "BitsPerComponent": 8, **image}
        picture = Stream(pdf, data, Type=Name.XObject, Subtype=Name.Image, **values)
        page = pdf.add_blank_page(page_size=(288, 432))
        page.Resources = Dictionary(XObject=Dictionary({"/S": picture}))
        page.Contents = Stream(pdf, content)
        pdf.save(path)
    return path


def picture(path: Path, index: int = 0) -> PagePicture:
    with pdf_pages.open_pdf(path) as pdf:
        return pdf_pages.picture(pdf, path, index)


RGB = {"ColorSpace": Name.DeviceRGB, "Filter": Name.DCTDecode}


def test_a_page_that_is_one_jpeg_gives_that_jpeg_at_the_scale_of_the_page(tmp_path: Path):
    data = jpeg(grain(), dpi=(72, 72))
    found = picture(scan(tmp_path / "a.pdf", data, **RGB))
    assert found == PagePicture(data, 150.0, 150.0, 0)
    path = scan(tmp_path / "b.pdf", data, **RGB)
    with Pdf.open(path, allow_overwriting_input=True) as pdf:
        pdf.pages[0].Rotate = 270
        pdf.save(path)
    assert picture(path) == PagePicture(data, 150.0, 150.0, 270)


@pytest.mark.parametrize(
    "content",
    [
        SHOW + b"BT /F 9 Tf (seen) Tj ET\n",
        SHOW + b"0 0 100 100 re f\n",
        b"q 0 0 100 100 re W n 288 0 0 432 0 0 cm /S Do Q\n",
        b"q 144 0 0 216 0 0 cm /S Do Q\n",
        b"q -288 0 0 432 288 0 cm /S Do Q\n",
        SHOW + SHOW,
        SHOW + b"Q Q broken",
    ],
)
def test_a_page_that_is_more_or_less_than_its_picture_is_drawn(tmp_path: Path, content: bytes):
    found = picture(scan(tmp_path / "a.pdf", jpeg(grain()), content, **RGB))
    shown = Image.open(io.BytesIO(found.data))
    assert (shown.format, shown.size) == ("JPEG", (1200, 1800))
    assert (round(found.dpi_x), round(found.dpi_y)) == (300, 300)


def test_pictures_that_no_viewer_shows_as_they_are_stored_are_drawn(tmp_path: Path):
    turned = Image.Exif()
    turned[0x0112] = 6
    for name, data, more in (
        ("exif.pdf", jpeg(grain(), exif=turned), RGB),
        ("cmyk.pdf", jpeg(grain().convert("CMYK")), {**RGB, "ColorSpace": Name.DeviceCMYK}),
        ("inverted.pdf", jpeg(grain()), {**RGB, "Decode": [1, 0, 1, 0, 1, 0]}),
    ):
        assert round(picture(scan(tmp_path / name, data, **more)).dpi_x) == 300, name


def test_other_codings_give_the_very_same_pixels(tmp_path: Path):
    grey = grain().convert("L")
    found = picture(scan(tmp_path / "a.pdf", grey.tobytes(), ColorSpace=Name.DeviceGray))
    assert Image.open(io.BytesIO(found.data)).tobytes() == grey.tobytes()
    ink = grey.point(lambda level: 255 * (level > 120)).convert("1")
    more = {"ColorSpace": Name.DeviceGray, "BitsPerComponent": 1}
    found = picture(scan(tmp_path / "b.pdf", ink.tobytes(), **more))
    kept = Image.open(io.BytesIO(found.data))
    assert (kept.mode, kept.tobytes()) == ("1", ink.tobytes())


def test_a_pdf_is_never_mended_for_what_was_guessed_may_lack_pages(tmp_path: Path):
    whole = scan(tmp_path / "a.pdf", jpeg(grain()), **RGB).read_bytes()
    for cut in (len(whole) - 40, len(whole) // 2, 20):
        (tmp_path / "cut.pdf").write_bytes(whole[:cut])
        with pytest.raises(Trouble, match="damaged"):
            pdf_pages.page_count(tmp_path / "cut.pdf")


def test_a_tiff_whose_chain_of_pages_is_cut_or_endless_is_one_page_that_fails(tmp_path: Path):
    pages = [grain(40, 60) for _ in range(3)]
    path = tmp_path / "a.tif"
    pages[0].save(path, save_all=True, append_images=pages[1:])
    assert [frame.name for frame in loose.frames([path])] == ["a-0001", "a-0002", "a-0003"]
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    (frame,) = loose.frames([path])
    assert (frame.kind, frame.of) == ("tiff", 1)


def test_a_folder_is_taken_in_the_order_a_person_counts(tmp_path: Path):
    for name in (
        "Trang10.JPG",
        "trang2.jpg",
        "trang1.png",
        ".hidden.jpg",
        "note.txt",
        "trang02.jpg",
    ):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "sub.jpg").mkdir()
    names = [frame.path.name for frame in loose.frames([tmp_path])]
    assert names == ["trang1.png", "trang02.jpg", "trang2.jpg", "Trang10.JPG"]
