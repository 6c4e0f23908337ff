from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from ocr.clean import clean
from ocr.decode import decode
from ocr.engine import find_tessdata, open_engine
from ocr.errors import OcrError
from ocr.findings import PageReading
from ocr.image import PageImage
from ocr.page import read_page, recognise
from ocr.text import PageText
from ocr.warp import reading_copy
from tests.corpus.metrics import aligned_recall, line_errors
from tests.corpus.pages import blank_page, draw_page

ROOT = Path(__file__).resolve().parents[2]
LINES = [
    "Căn cứ Luật Tổ chức chính quyền địa phương;",
    "Điều 1. Hỗ trợ kinh phí sửa chữa nhà ở cho hộ gia đình ông Lò Văn Páo,",
    "thường trú tại thôn Nà Cáy, xã Suối Vặc. Mức hỗ trợ là 45.000.000 đồng.",
    "Điều 2. Nguồn kinh phí được lấy từ dự phòng ngân sách xã.",
    "Điều 3. Quyết định này có hiệu lực kể từ ngày ký.",
]


def _image(pixels: np.ndarray) -> PageImage:
    return PageImage(np.ascontiguousarray(pixels), 300.0, 300.0)


@pytest.mark.parametrize("first", range(4))
def test_98_of_100_printed_letters_are_found_on_every_sample_page(sample, api, first):
    folder, truth = sample
    wrong = total = 0
    for page in truth.pages[first::4]:
        image, _ = decode((folder / page.file).read_bytes())
        cleaned = clean(image, osd=api)
        text = read_page(image, cleaned.geometry, api)
        assert aligned_recall(page.texts, text.text) >= 0.98, page.file
        errors, letters = line_errors(page.texts, text.text)
        wrong, total = wrong + errors, total + letters
        if page.blank:
            assert text.words == ()
        else:
            assert text.mean_confidence > 0.85
    print("lineCER", wrong / total)
    assert wrong / total <= 0.01


def test_words_lie_on_their_lines_of_the_displayed_page(sample, api):
    folder, truth = sample
    page = truth.page("04-giay-uy-quyen-1.jpg")
    image, _ = decode((folder / page.file).read_bytes())
    cleaned = clean(image, osd=api)
    text = read_page(image, cleaned.geometry, api)
    assert (text.width_px, text.height_px) == (page.width_px, page.height_px)
    inside = 0
    for word in text.words:
        x, y = (word.box[0] + word.box[2]) / 2, (word.box[1] + word.box[3]) / 2
        inside += any(
            line.box[0] - 12 <= x <= line.box[2] + 12 and line.box[1] - 12 <= y <= line.box[3] + 12
            for line in page.lines
        )
        assert word.box[1] < word.baseline_y <= word.box[3] + 25  # a hyphen floats
    assert inside / len(text.words) > 0.97


def test_a_reading_carries_the_text_and_survives_the_disk(sample, api):
    folder, truth = sample
    image, _ = decode((folder / truth.page("02-to-khai-1.jpg").file).read_bytes())
    cleaned = clean(image, osd=api)
    reading = recognise(image, cleaned, api)
    assert reading.text == read_page(image, cleaned.geometry, api)
    assert PageReading.from_json(reading.to_json()) == reading
    assert PageText.from_json(reading.to_json()) == reading.text


def test_a_tables_rows_are_read_across(sample, api):
    folder, truth = sample
    page = truth.page("05-bang-ke-3.jpg")
    image, _ = decode((folder / page.file).read_bytes())
    text = read_page(image, clean(image, osd=api).geometry, api).text
    row = [
        line.text
        for line in page.lines
        if line.text in {"22", "Gà, vịt thương phẩm", "103", "2.030.000"}
    ]
    places = [text.find(cell) for cell in row]
    assert -1 not in places
    assert places == sorted(places)
    assert text[places[0] : places[-1]].count("\n") <= len(row) + 1


def test_a_lone_page_number_line_is_not_lost(api):
    page = np.full((3508, 2480, 3), 246, np.uint8)
    drawn = draw_page(["Trang 2/3"], noise=1.0)
    page[3300:3420, 1900:2400] = drawn[200:320, 300:800]
    rows = np.flatnonzero((page < 120).any(axis=(1, 2)))
    assert rows.size
    image = _image(page)
    text = read_page(image, clean(image).geometry, api)
    assert "Trang 2/3" in text.text


def test_pages_without_writing_give_no_words(api):
    rng = np.random.default_rng(9)
    for pixels in (
        np.full((3508, 2480), 255, np.uint8),
        np.zeros((3508, 2480), np.uint8),
        np.clip(rng.normal(235, 8, (3508, 2480)), 0, 255).astype(np.uint8),
        blank_page(LINES * 4),
    ):
        image = _image(pixels)
        assert read_page(image, clean(image).geometry, api).words == ()


@pytest.mark.parametrize("size", [(1, 1), (40, 3000), (3000, 20)])
def test_odd_sizes_are_read_without_harm(size, api):
    image = PageImage(np.full(size, 230, np.uint8), 300.0, 300.0)
    assert read_page(image, clean(image, osd=api).geometry, api).words == ()


def test_library_and_command_read_the_same_words(api, cli):
    image = _image(draw_page(LINES, noise=2.0))
    copy = reading_copy(image, clean(image).geometry)
    one, two = api.read(copy), cli.read(copy)
    for text in (one, two):
        errors, letters = line_errors(LINES, text.text)
        assert errors / letters <= 0.01
    first, second = one.text.split(), two.text.split()
    assert sum(a == b for a, b in zip(first, second, strict=False)) >= 0.95 * max(
        len(first), len(second)
    )
    for a, b in zip(one.words, two.words, strict=False):
        if a.text == b.text:
            assert max(abs(x - y) for x, y in zip(a.box, b.box, strict=True)) <= 4
            assert abs(a.baseline_y - b.baseline_y) <= 4
            assert abs(a.conf - b.conf) <= 0.2
    assert one.engine != two.engine


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_library_and_command_agree_which_way_is_up(api, cli, turn):
    lying = np.rot90(draw_page(LINES * 4), turn // 90)
    image = PageImage(
        np.ascontiguousarray(cv2.cvtColor(np.ascontiguousarray(lying), cv2.COLOR_BGR2GRAY)),
        300.0,
        300.0,
    )
    for engine in (api, cli):
        found = engine.detect_orientation(image)
        assert found is not None
        assert found[0] == turn
        assert 0 < found[1] <= 1


def test_an_empty_page_has_no_orientation(api, cli):
    image = PageImage(np.full((1700, 1200), 250, np.uint8), 150.0, 150.0)
    assert api.detect_orientation(image) is None
    assert cli.detect_orientation(image) is None


def test_identity_names_engine_version_and_model(api, cli):
    digest = hashlib.sha256((find_tessdata("vie") / "vie.traineddata").read_bytes()).hexdigest()
    for engine in (api, cli):
        assert "/vie/" in engine.identity()
        assert engine.identity().endswith(digest[:16])


def test_a_missing_or_broken_model_is_named(tmp_path):
    with pytest.raises(OcrError) as caught:
        open_engine(tessdata=tmp_path)
    assert (caught.value.slug, caught.value.params["language"]) == ("ocr.no_language", "vie")
    (tmp_path / "vie.traineddata").write_bytes(b"nothing of use")
    with pytest.raises(OcrError) as caught:
        open_engine("api", tessdata=tmp_path)
    assert caught.value.slug == "ocr.no_language"


def test_the_model_folder_can_be_set_by_environment(tmp_path, monkeypatch):
    found = find_tessdata("vie")
    (tmp_path / "vie.traineddata").symlink_to(found / "vie.traineddata")
    monkeypatch.setenv("TESSDATA_PREFIX", str(tmp_path))
    assert find_tessdata("vie") == tmp_path
    engine = open_engine("api")
    try:
        assert (
            engine.detect_orientation(PageImage(np.full((300, 300), 255, np.uint8), 150, 150))
            is None
        )
    finally:
        engine.close()


def test_one_page_leaves_no_trace_in_the_next(api):
    first, second = _image(draw_page(LINES)), _image(draw_page(LINES[::-1], family="Arimo"))
    geometry = clean(first).geometry
    before = read_page(first, geometry, api).to_json()
    read_page(second, clean(second).geometry, api)
    assert read_page(first, geometry, api).to_json() == before
    assert PageText.from_json(before).to_json() == before


PROGRAM = """
import hashlib, sys
from pathlib import Path
from ocr.clean import clean
from ocr.decode import decode
from ocr.engine import open_engine
from ocr.page import read_page
from ocr.pictures import jpeg, screen, thumbnail
from ocr.warp import render
image, _ = decode(Path(sys.argv[1]).read_bytes())
engine = open_engine()
page = clean(image, osd=engine)
for data in (page.to_json(), read_page(image, page.geometry, engine).to_json(),
             thumbnail(image, page.geometry), screen(image, page.geometry),
             jpeg(render(image, page.geometry), 80)):
    print(hashlib.sha256(data).hexdigest())
"""


def test_the_same_scan_gives_the_same_bytes_in_another_process(sample):
    folder, _ = sample
    outputs = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM, str(folder / "05-bang-ke-2.jpg")],
            capture_output=True,
            check=True,
            cwd=ROOT,
            timeout=100,
            env={"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": seed, "PATH": "/usr/bin:/bin"},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
    assert len(outputs.pop().split()) == 5


def test_recognition_uses_one_thread():
    source = "import ocr.tesseract_api, os; print(os.environ['OMP_THREAD_LIMIT'])"
    done = subprocess.run(
        [sys.executable, "-c", source],
        capture_output=True,
        check=True,
        cwd=ROOT,
        timeout=60,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
    )
    assert done.stdout.strip() == b"1"
