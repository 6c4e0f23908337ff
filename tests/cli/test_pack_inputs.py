"""What offices hand in: scanned PDFs, bundles, folders, odd files; each done or named, none half."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Pdf, Stream
from PIL import Image

from tests.cli.cli_kit import main
from tests.cli.conftest import saved
from tests.corpus.kinds import make_pages
from tests.referees import Skipped, judge

HEADING = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"


def scan_pdf(path: Path, jpegs: list[bytes], extra: bytes = b"", rotate: int = 0) -> Path:
    """A PDF as scanners make it: one JPEG a page, A4 at 150 dpi."""
    with Pdf.new() as pdf:
        for data in jpegs:
            picture = Image.open(io.BytesIO(data))
            width, height = (side * 72 / 150 for side in picture.size)
            image = Stream(pdf, data)
            image.Type, image.Subtype = Name.XObject, Name.Image
            image.Width, image.Height, image.BitsPerComponent = *picture.size, 8
            image.ColorSpace, image.Filter = Name.DeviceRGB, Name.DCTDecode
            page = pdf.add_blank_page(page_size=(width, height))
            page.Resources = Dictionary(XObject=Dictionary({"/S": image}))
            page.Contents = Stream(pdf, b"q %f 0 0 %f 0 0 cm /S Do Q\n" % (width, height) + extra)
            if rotate:
                page.Rotate = rotate
        pdf.save(path)
    return path


def pictures_of(pdf: Path) -> list[bytes]:
    with pikepdf.open(pdf) as document:
        return [
            image.read_raw_bytes()
            for page in document.pages
            for image in page.get_images().values()
        ]


@pytest.fixture(scope="module")
def jpegs(page: Image.Image) -> list[bytes]:
    return [saved(page, "JPEG", quality=quality) for quality in (82, 88)]


def test_scanned_pdfs_bundles_and_folders_become_one_valid_file(
    tmp_path: Path, page: Image.Image, jpegs: list[bytes]
):
    folder = tmp_path / "quet"
    folder.mkdir()
    for name, data in (
        ("trang10.jpg", jpegs[1]),
        ("trang2.jpg", jpegs[0]),
        ("trang3.webp", saved(page.resize((620, 877)), "WEBP", lossless=True)),
        ("trang4.jp2", saved(page.convert("L").resize((620, 877)), "JPEG2000")),
        ("Thumbs.db", b"no picture"),
    ):
        (folder / name).write_bytes(data)
    scans = scan_pdf(tmp_path / "scan.pdf", jpegs)
    drawn = scan_pdf(tmp_path / "ve.pdf", jpegs[:1], b"0 0 1 RG 20 20 m 90 90 l S\n")
    bundle = tmp_path / "bo.tif"
    page.convert("1").save(bundle, save_all=True, append_images=[page.convert("L")], dpi=(150, 150))
    out = tmp_path / "ho-so.pdf"
    done = main("pack", scans, folder, drawn, bundle, "-o", out, "--json")
    assert done.code == 0, done.err
    assert [row["source"] for row in done.json["pages"]] == [
        *["scan.pdf"] * 2,
        *("trang2.jpg", "trang3.webp", "trang4.jp2", "trang10.jpg"),
        *("ve.pdf", "bo.tif", "bo.tif"),
    ]
    found = pictures_of(out)
    assert found[:2] == jpegs, "the scanner's own bytes"
    assert found[2] == jpegs[0]
    assert found[5] == jpegs[1]
    assert done.json["pages"][0]["bytes"] == len(jpegs[0])
    with pikepdf.open(out) as pdf:
        sizes = [[round(float(edge)) for edge in each.mediabox[2:]] for each in pdf.pages]
        assert sizes[0] == sizes[2] == sizes[6] == sizes[7] == [595, 842]
    (verdict,) = judge([out], ask=["verapdf", "qpdf"])
    if not isinstance(verdict.verapdf, Skipped):
        assert verdict.verapdf.compliant, verdict.verapdf


def test_words_another_program_laid_over_a_scan_are_read_anew(tmp_path: Path, jpegs: list[bytes]):
    hidden = b"BT 3 Tr /F 9 Tf (unseen) Tj ET\n"
    scans = scan_pdf(tmp_path / "ocr.pdf", jpegs[:1], hidden)
    out = tmp_path / "ket-qua"
    assert main("ocr", scans, "--out", out, "--json").code == 0
    text = (out / "ocr.txt").read_text()
    assert HEADING in text
    assert "unseen" not in text
    assert main("pack", scans, "-o", tmp_path / "a.pdf").code == 0
    assert pictures_of(tmp_path / "a.pdf") == jpegs[:1]


def hostile(folder: Path, page: Image.Image, jpegs: list[bytes]) -> dict[str, str]:
    """Files that are no pages, each with the slug of its sentence."""
    whole = jpegs[0]
    middle = len(whole) // 2
    small = scan_pdf(folder / "small.pdf", jpegs[:1])
    locked, signed = folder / "khoa.pdf", folder / "da-ky.pdf"
    with pikepdf.open(small) as pdf:
        pdf.save(locked, encryption=pikepdf.Encryption(owner="a", user="b"))
    with pikepdf.open(small) as pdf:
        field = pdf.make_indirect(Dictionary(FT=Name.Sig, T="S", V=Dictionary(Type=Name.Sig)))
        pdf.Root.AcroForm = Dictionary(Fields=Array([field]), SigFlags=3)
        pdf.save(signed)
    with Pdf.new() as pdf:
        pdf.save(folder / "khong-trang.pdf")
    with Pdf.new() as pdf:
        pdf.add_blank_page(page_size=(14000, 14000))
        pdf.save(folder / "khong-lo.pdf")
    bundle = io.BytesIO()
    page.save(bundle, "TIFF", save_all=True, append_images=[page], dpi=(150, 150))
    for name, data in {
        "zero.jpg": b"",
        "chu.png": "Kính gửi: Ủy ban nhân dân\n".encode() * 50,
        "nua.jpg": whole[:middle],
        "lo.jpg": whole[: middle // 2] + bytes(2048) + whole[middle // 2 + 2048 :],
        "gia.jpg": whole[:middle] + b"\xff\xd9",
        "nua.tif": bundle.getvalue()[: len(bundle.getvalue()) // 2],
        "nua.pdf": small.read_bytes()[: small.stat().st_size // 2],
        "bom.png": saved(Image.new("1", (20000, 20000), 1), "PNG"),
    }.items():
        (folder / name).write_bytes(data)
    small.unlink()
    return {
        "zero.jpg": "image.empty",
        "chu.png": "image.not_an_image",
        "nua.jpg": "image.truncated",
        "lo.jpg": "image.truncated",
        "gia.jpg": "image.truncated",
        "nua.tif": "image.truncated",
        "nua.pdf": "pdf.damaged",
        "bom.png": "image.too_large",
        "khoa.pdf": "pdf.encrypted",
        "khong-trang.pdf": "pdf.no_pages",
        "khong-lo.pdf": "pdf.page_too_large",
        "da-ky.pdf": "pdf.signed",
        "khong-co.jpg": "file.missing",
    }


def test_every_hostile_file_is_named_and_the_good_page_is_done(
    tmp_path: Path, page: Image.Image, jpegs: list[bytes]
):
    folder = tmp_path / "vao"
    folder.mkdir()
    expected = hostile(folder, page, jpegs)
    (folder / "tot.jpg").write_bytes(jpegs[0])
    inputs = [*(folder / name for name in expected), folder / "tot.jpg"]
    done = main("pack", *inputs, "-o", tmp_path / "ho-so.pdf", "--json")
    done.trouble()
    told = {line.split(":")[0]: line for line in done.err.splitlines()}
    for name, slug in expected.items():
        assert f"[{slug}]" in told[name], (name, told.get(name))
    assert done.out == ""
    assert list(tmp_path.iterdir()) == [folder]

    bad = [folder / name for name in expected if name not in {"da-ky.pdf", "nua.tif"}]
    inputs = [path for path in bad if path.stem != "nua"]
    out = tmp_path / "ket-qua"
    done = main("ocr", *inputs, folder / "da-ky.pdf", folder / "tot.jpg", "--out", out, "--json")
    done.trouble()
    assert {path.stem for path in out.iterdir()} == {"tot", "da-ky"}, "reading takes nothing away"
    assert [row.get("slug") for row in done.json] == [
        *(expected[path.name] for path in inputs),
        *(None, None),
    ]


def test_an_output_never_replaces_an_input(tmp_path: Path, jpegs: list[bytes]):
    scan = tmp_path / "trang.jpg"
    scan.write_bytes(jpegs[0])
    pdf = scan_pdf(tmp_path / "scan.pdf", jpegs[:1])
    before = pdf.read_bytes()
    for argv in (["ocr", scan, "--out", tmp_path], ["pack", pdf, "-o", pdf]):
        done = main(*argv)
        assert done.code == 2
        assert done.err.strip()
    assert scan.read_bytes() == jpegs[0]
    assert pdf.read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {"scan.pdf", "trang.jpg"}


def test_an_empty_folder_is_a_trouble(tmp_path: Path):
    (tmp_path / "trong").mkdir()
    done = main("pack", tmp_path / "trong", "-o", tmp_path / "a.pdf")
    done.trouble("file.no_pictures")


def test_each_profile_is_smaller_than_the_one_before_it_and_reads_the_same(
    tmp_path: Path, jpegs: list[bytes]
):
    scan = tmp_path / "trang.jpg"
    scan.write_bytes(jpegs[1])
    words = [
        "--doc-code",
        "12/QĐ-UBND",
        "--organ",
        "UBND xã Thử",
        "--author",
        "Cán bộ",
        "--subject",
    ]
    sizes = []
    made = []
    for profile in ("faithful", "standard", "compact"):
        out = tmp_path / f"{profile}.pdf"
        argv = ["pack", scan, "-o", out, "--profile", profile, "--title", "T", *words, "Trích yếu"]
        done = main(*argv, "--pdfa", "2b" if profile == "standard" else "2u", "--json")
        assert done.code == 0, done.err
        assert done.json["pdfa"] == ("2b" if profile == "standard" else "2u")
        sizes.append(done.json["pages"][0]["bytes"])
        made.append(out)
        assert "12/QĐ-UBND".encode() in out.read_bytes()
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] == len(jpegs[1])
    assert sizes[2] < sizes[0] / 3
    for verdict in judge(made, ask=["verapdf"]):
        if not isinstance(verdict.verapdf, Skipped):
            assert verdict.verapdf.compliant, verdict.verapdf


def test_the_back_of_a_sheet_is_judged_beside_its_front(tmp_path: Path):
    truth = make_pages(tmp_path, 5, ["blank_through"])
    front, back = (tmp_path / name for name in truth.files[:2])
    assert truth.pages[1].blank
    rows = {}
    for name, inputs in (("alone", [back]), ("beside", [front, back])):
        done = main("ocr", *inputs, "--out", tmp_path / name, "--json")
        assert done.code == 0, done.err
        facts = json.loads((tmp_path / name / f"{back.stem}.json").read_text())["facts"]
        rows[name] = facts["blank"], facts["reasons"], facts["blank_conf"]
    assert rows["alone"][1] in (["page.maybe_blank"], ["page.shows_through"])
    assert rows["beside"][:2] == (True, [])
    assert rows["beside"][2] > rows["alone"][2]
