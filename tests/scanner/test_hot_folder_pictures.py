"""Pictures that decoders show without a word though they are not what was scanned."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageChops

from scanner.drivers.folder.formats import Unfinished
from scanner.drivers.folder.inbox import Inbox, Mark
from tests.scanner.hot_folder_kit import INBOX, pdf, picture, put, run, tiff
from tests.scanner.scan_kit import page_jpeg
from tests.scanner.test_hot_folder_files import SMALL, image, pages, refusal

JPEG = page_jpeg(1)
HALF = JPEG[: len(JPEG) // 2] + b"\xff\xd9"


def test_sixteen_bits_of_gray_stay_gray(tmp_path):
    ramp = np.tile(np.linspace(0, 65_535, SMALL[0]).astype(np.uint16), (SMALL[1], 1))
    ((_, data),) = pages(tmp_path, tiff(Image.fromarray(ramp), compression="tiff_lzw"), 200)
    got = np.asarray(image(data), np.float64)
    assert np.abs(got - ramp / 257).max() <= 1


def test_what_is_transparent_lies_on_white_paper(tmp_path):
    clear = Image.new("RGBA", (1654, 2339), (0, 0, 0, 0))
    ((_, data),) = pages(tmp_path, tiff(clear, compression="tiff_lzw"))
    assert image(data).convert("L").getextrema() == (255, 255)


@pytest.mark.parametrize("keys", [{"Rotate": 90}, {"Rotate": 180}, {}])
@pytest.mark.parametrize("stamp", [b"", b" 1 0 0 rg 10 10 40 20 re f"])
def test_half_a_jpeg_is_refused_however_its_page_is_shown(tmp_path, keys, stamp):
    content = b"q 595.3 0 0 841.9 0 0 cm /Im0 Do Q" + stamp
    assert refusal(tmp_path, pdf(JPEG, content=content, **keys)) is None
    assert refusal(tmp_path, pdf(HALF, content=content, **keys)) is Unfinished


@pytest.mark.parametrize("turn", [1, 3, 6, 8])
@pytest.mark.parametrize("strips", ["one", "many"])
def test_a_turned_tiff_comes_upright_in_one_strip_as_in_many(tmp_path, turn, strips):
    page = picture(2)
    undone = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90,
              8: Image.Transpose.ROTATE_270}  # fmt: skip
    written = page.transpose(undone[turn]) if turn in undone else page
    out = io.BytesIO()
    tags = {274: turn, 278: written.height if strips == "one" else 64}
    written.save(out, "TIFF", compression="tiff_lzw", dpi=(200, 200), tiffinfo=tags)
    ((leaf, data),) = pages(tmp_path, out.getvalue())
    assert (leaf.width_px, leaf.height_px) == page.size
    assert ImageChops.difference(image(data), page).getbbox() is None


def test_a_file_that_cannot_go_back_from_the_inbox_is_told(tmp_path):
    folder = tmp_path / "khay"
    folder.mkdir()
    put(folder, "1.jpg", JPEG)

    written: list[int] = []

    def rewrite(_event: object, _got: object) -> None:
        # The device writes on in what was taken, and saves a new file under the old name.
        taken = list((folder / INBOX / "taken").rglob("1.jpg"))
        if taken and not written:
            written.append(taken[0].write_bytes(page_jpeg(3)))
            put(folder, "1.jpg", page_jpeg(2))

    got = run(folder, act=rewrite)
    assert written
    assert got.reason != "complete"
    assert ("scan.file_incomplete", "1.jpg") in got.notices


def test_a_file_goes_back_though_it_can_have_no_second_name(tmp_path, monkeypatch):
    folder = tmp_path / "khay"
    folder.mkdir()
    put(folder, "1.jpg", JPEG, age_s=10)
    inbox = Inbox(folder)
    inbox.open()
    # What Linux answers for the file of another account, and a share without hard links.
    monkeypatch.setattr("os.link", _not_permitted)
    slot = inbox.take(folder / "1.jpg", Mark.of((folder / "1.jpg").stat()))
    assert slot is not None
    assert inbox.put_back(slot)
    assert (folder / "1.jpg").read_bytes() == JPEG
    inbox.close()


def _not_permitted(*_names: object) -> None:
    raise PermissionError(1, "Operation not permitted")
