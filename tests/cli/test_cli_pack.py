"""``pack`` and ``ocr``: what is a page becomes one, what is none is named, and nothing is half."""

from __future__ import annotations

import io
import json
import subprocess
from pathlib import Path

import pikepdf
import pytest
from PIL import Image

from tests.cli.cli_kit import main, small_disk
from tests.referees import Skipped, judge

REFUSED = {
    "zero.jpg": "image.empty",
    "truncated.jpg": "image.truncated",
    "text.jpg": "image.not_an_image",
    "huge.png": "image.too_large",
    "missing.jpg": "file.missing",
}
ROW = {"source", "angle_deg", "rotation_deg", "blank", "mean_confidence", "bytes"}


def text_of(pdf: Path) -> str:
    done = subprocess.run(
        ["pdftotext", "-raw", pdf, "-"], capture_output=True, check=True, timeout=60
    )
    return done.stdout.decode()


def test_odd_pictures_make_a_valid_pdf_a(tmp_path: Path, odd_but_good: dict[str, Path]):
    out = tmp_path / "ho-so.pdf"
    done = main("pack", *odd_but_good.values(), "-o", out, "--title", "Tờ khai", "--json")
    assert done.code == 0, done.err
    assert set(done.json) == {"out", "pdfa", "pages", "seconds"}
    assert (done.json["out"], done.json["pdfa"]) == (str(out), "2u")
    assert [row["source"] for row in done.json["pages"]] == list(odd_but_good)
    assert all(set(row) == ROW for row in done.json["pages"])
    assert [row["bytes"] for row in done.json["pages"]] == [
        path.stat().st_size for path in odd_but_good.values()
    ]
    (verdict,) = judge([out], ask=["verapdf", "qpdf"])
    if not isinstance(verdict.verapdf, Skipped):
        assert verdict.verapdf.compliant, verdict.verapdf
    assert text_of(out).count("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM") == len(odd_but_good)


@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_page_is_named_and_no_file_is_made(tmp_path, broken, odd_but_good, name: str):
    out = tmp_path / "ho-so.pdf"
    done = main("pack", odd_but_good["plain.jpg"], broken[name], "-o", out, "--json")
    done.trouble(REFUSED[name])
    assert name in done.err
    assert done.out == ""
    assert list(tmp_path.iterdir()) == []


def test_a_page_of_twenty_thousand_pixels_is_packed_or_refused_but_never_cut(tmp_path: Path):
    wide = tmp_path / "wide.png"
    Image.new("L", (20000, 300), 255).save(wide, dpi=(300, 300))
    done = main("pack", wide, "-o", tmp_path / "out.pdf", "--json")
    if done.code == 3:
        done.trouble()
        assert not (tmp_path / "out.pdf").exists()
        return
    assert done.code == 0
    with pikepdf.open(tmp_path / "out.pdf") as pdf:
        (image,) = pdf.pages[0].get_images().values()
        assert (image.Width, image.Height) == (20000, 300)


def test_equal_inputs_give_equal_bytes_wherever_and_however_many_at_once(tmp_path, odd_but_good):
    pages = list(odd_but_good.values())
    made = []
    for number, (jobs, home) in enumerate([(1, "a"), (2, "b")]):
        out = tmp_path / str(number) / "ho-so.pdf"
        argv = ["pack", *pages, "-o", out, "--title", "Tờ khai", "--jobs", jobs]
        done = main(*argv, "--home", tmp_path / home)
        assert done.code == 0, done.err
        made.append(out.read_bytes())
    assert made[0] == made[1]


def test_the_build_time_is_the_only_clock(tmp_path: Path, odd_but_good: dict[str, Path]):
    made = []
    for number, env in enumerate([{"SOURCE_DATE_EPOCH": "1700000000"}, {"TZ": "America/Lima"}, {}]):
        out = tmp_path / f"{number}" / "a.pdf"
        assert main("pack", odd_but_good["plain.jpg"], "-o", out, env=env).code == 0
        made.append(out.read_bytes())
    assert b"2023-11-15" in made[0]
    assert made[1] == made[2]
    assert made[0] != made[1]


def test_an_existing_file_stays_when_packing_fails(tmp_path, broken, odd_but_good):
    out = tmp_path / "ho-so.pdf"
    out.write_bytes(b"before")
    main("pack", odd_but_good["plain.jpg"], broken["zero.jpg"], "-o", out).trouble("image.empty")
    assert out.read_bytes() == b"before"
    assert [path.name for path in tmp_path.iterdir()] == ["ho-so.pdf"]


def test_a_full_disk_leaves_no_half_file(tmp_path: Path, odd_but_good: dict[str, Path]):
    with small_disk(tmp_path / "disk", "64k") as disk:
        done = main("pack", odd_but_good["plain.jpg"], "-o", disk / "ho-so.pdf", "--json")
        done.trouble()
        assert done.out == ""
        assert list(disk.iterdir()) == []


def test_a_target_that_cannot_be_written_is_named(tmp_path: Path, odd_but_good: dict[str, Path]):
    (tmp_path / "file").write_bytes(b"x")
    for out in (tmp_path / "file" / "ho-so.pdf", tmp_path):
        main("pack", odd_but_good["plain.jpg"], "-o", out).trouble()


def test_ocr_writes_three_files_for_each_page(tmp_path: Path, odd_but_good: dict[str, Path]):
    out = tmp_path / "ket-qua"
    done = main("ocr", odd_but_good["plain.jpg"], "--out", out, "--json")
    assert done.code == 0
    assert {path.name for path in out.iterdir()} == {"plain.txt", "plain.json", "plain.jpg"}
    assert "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM" in (out / "plain.txt").read_text()
    body = json.loads((out / "plain.json").read_text())
    assert {"words", "facts", "fields"} <= set(body)
    word = body["words"][0]
    assert len(word["box"]) == 4
    assert 0 <= word["conf"] <= 1
    Image.open(out / "plain.jpg").verify()
    assert [row["source"] for row in done.json] == ["plain.jpg"]


def test_ocr_does_the_good_ones_and_writes_nothing_for_the_bad(tmp_path, broken, odd_but_good):
    out = tmp_path / "ket-qua"
    inputs = [broken["zero.jpg"], odd_but_good["plain.jpg"], broken["text.jpg"]]
    done = main("ocr", *inputs, "--out", out, "--json")
    done.trouble("image.empty", "image.not_an_image")
    assert [row["source"] for row in done.json] == ["zero.jpg", "plain.jpg", "text.jpg"]
    assert {path.stem for path in out.iterdir()} == {"plain"}


def test_pictures_of_many_pages_are_numbered(tmp_path: Path, page: Image.Image):
    many = tmp_path / "nhieu-trang.tif"
    page.save(many, save_all=True, append_images=[page], dpi=(150, 150))
    done = main("ocr", many, "--out", tmp_path / "out", "--json")
    assert done.code == 0, done.err
    assert {path.name for path in (tmp_path / "out").glob("*.txt")} == {
        "nhieu-trang-0001.txt",
        "nhieu-trang-0002.txt",
    }


def test_pack_takes_every_page_of_a_picture_of_many(tmp_path: Path, page: Image.Image):
    many = tmp_path / "nhieu-trang.tif"
    page.save(many, save_all=True, append_images=[page, page], dpi=(150, 150))
    done = main("pack", many, "-o", tmp_path / "out.pdf", "--json")
    assert done.code == 0, done.err
    assert len(done.json["pages"]) == 3
    with pikepdf.open(tmp_path / "out.pdf") as pdf:
        assert len(pdf.pages) == 3


def test_inputs_of_the_same_name_do_not_overwrite_each_other(tmp_path, odd_but_good, page):
    """Two folders with a `plain.jpg` each are common; one result silently eating another is not."""
    other = tmp_path / "other" / "plain.jpg"
    other.parent.mkdir()
    blank = io.BytesIO()
    Image.new("RGB", page.size, "white").save(blank, "JPEG", dpi=(150, 150))
    other.write_bytes(blank.getvalue())
    out = tmp_path / "out"
    done = main("ocr", odd_but_good["plain.jpg"], other, "--out", out, "--json")
    assert done.code == 2
    assert done.err.strip()
    assert not out.exists()
