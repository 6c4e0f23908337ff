from __future__ import annotations

import cv2
import numpy as np
import pytest

from ocr.clean import CleanPage, clean
from ocr.decode import decode
from ocr.image import PageImage
from tests.corpus.pages import blank_page, draw_page
from tests.corpus.scanbed import GREY_BED, WHITE_BED

LINES = [
    "Căn cứ Luật Tổ chức chính quyền địa phương;",
    "Xét đề nghị của Trưởng phòng Văn hóa - Xã hội tại Tờ trình số 12,",
    "QUYẾT ĐỊNH:",
    "Điều 1. Hỗ trợ kinh phí sửa chữa nhà ở cho hộ gia đình ông Lò Văn Páo,",
    "thường trú tại thôn Nà Cáy, xã Suối Vặc. Mức hỗ trợ là 45.000.000 đồng.",
    "Điều 2. Nguồn kinh phí được lấy từ dự phòng ngân sách xã.",
    "Điều 3. Quyết định này có hiệu lực kể từ ngày ký.",
] * 3


def _image(pixels: np.ndarray) -> PageImage:
    return PageImage(np.ascontiguousarray(pixels), 300, 300)


def test_every_sample_page_stands_upright_and_straight(sample, api):
    folder, truth = sample
    errors = []
    for page in truth.pages:
        image, _ = decode((folder / page.file).read_bytes())
        facts = clean(image, osd=api).facts
        assert facts.blank == page.blank, page.file
        if not page.blank:
            assert facts.rotation_deg == page.rotation_deg, page.file
            errors.append(abs(facts.skew_deg - page.skew_deg))
    print("skew errors", sorted(errors))
    assert float(np.percentile(errors, 90)) <= 0.1
    assert max(errors) <= 0.3


def test_skew_is_found_to_a_tenth_of_a_degree_at_any_angle():
    seed = 777
    print("seed", seed)
    rng = np.random.default_rng(seed)
    errors = []
    for number in range(10):
        angle = round(float(rng.uniform(-15, 15)), 2)
        bed = GREY_BED if number % 2 else WHITE_BED
        facts = clean(_image(draw_page(LINES, skew_deg=angle, seed=number, bed=bed))).facts
        assert not facts.blank
        errors.append(abs(facts.skew_deg - angle))
    print("skew errors", errors)
    assert float(np.percentile(errors, 90)) <= 0.1
    assert max(errors) <= 0.3


def test_skew_of_a_page_on_its_side_is_found_too(api):
    page = _image(draw_page(LINES, skew_deg=2.31, rotation_deg=270))
    facts = clean(page, osd=api).facts
    assert facts.rotation_deg == 270
    assert abs(facts.skew_deg - 2.31) <= 0.1


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_each_quarter_turn_is_undone(api, turn):
    assert clean(_image(draw_page(LINES, rotation_deg=turn)), osd=api).facts.rotation_deg == turn


def _abstain() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(4)
    paper = np.full((3508, 2480), 245, np.uint8)
    dots, strokes, circles = paper.copy(), paper.copy(), paper.copy()
    for x, y in rng.integers(200, 2300, (60, 2)).tolist():
        cv2.circle(dots, (x, y), 6, 0, -1)
    for x, y, dx, dy in rng.integers(-400, 400, (40, 4)).tolist():
        cv2.line(
            strokes, (1200 + x * 2, 1700 + y * 3), (1200 + x * 2 + dx, 1700 + y * 3 + dy), 0, 4
        )
    for r in range(100, 1100, 60):
        cv2.circle(circles, (1240, 1754), r, 0, 5)
    noise = np.clip(rng.normal(240, 9, paper.shape), 0, 255).astype(np.uint8)
    return {
        "white": paper,
        "black": np.zeros_like(paper),
        "noise": noise,
        "dots": dots,
        "strokes": strokes,
        "circles": circles,
        "one word": cv2.putText(paper.copy(), "Nha", (900, 900), 0, 4, 0, 9),
    }


@pytest.mark.parametrize("name", list(_abstain()))
def test_a_page_without_lines_is_left_as_it_lies(name):
    facts = clean(_image(_abstain()[name])).facts
    assert abs(facts.skew_deg) <= 0.5, facts


def test_the_clerks_hand_overrides_what_is_found(api):
    page = _image(draw_page(LINES, skew_deg=2.0))
    cleaned = clean(page, rotation_deg=90, skew_deg=-1.5, osd=api)
    assert (cleaned.geometry.rotation_deg, cleaned.geometry.skew_deg) == (90, -1.5)
    assert cleaned.facts.skew_conf == cleaned.facts.orientation_conf == 1.0
    kept = clean(page, rotation_deg=0, skew_deg=0.0, osd=api)
    assert kept.geometry.identity


@pytest.mark.parametrize("strength", [0.05, 0.08, 0.1, 0.15])
@pytest.mark.parametrize("skew", [0.0, 2.7])
def test_an_empty_back_is_blank_though_its_front_shines_through(strength, skew):
    facts = clean(_image(blank_page(LINES, strength=strength, skew_deg=skew))).facts
    assert facts.blank
    assert facts.blank_conf >= 0.5


def test_a_clean_empty_page_is_blank_beyond_doubt():
    facts = clean(_image(blank_page())).facts
    assert facts.blank
    assert facts.blank_conf == 1.0


@pytest.mark.parametrize("lines", [["Đã nhận."], ["2"] * 1 + ["Không có ý kiến khác."], LINES])
def test_one_printed_line_is_enough_not_to_be_blank(lines):
    assert not clean(_image(draw_page(lines))).facts.blank


def test_a_pale_pencil_note_is_not_blank():
    page = np.full((3508, 2480, 3), 245, np.uint8)
    cv2.putText(
        page, "da nhan du ho so", (500, 900), cv2.FONT_HERSHEY_SCRIPT_SIMPLEX, 3, (150,) * 3, 5
    )
    assert not clean(_image(page)).facts.blank


def test_a_lone_seal_is_not_blank():
    page = np.full((3508, 2480, 3), 245, np.uint8)
    cv2.circle(page, (1200, 1700), 200, (40, 30, 210), 10)
    assert not clean(_image(page)).facts.blank


def test_blur_lowers_sharpness():
    page = draw_page(LINES)
    sharp = clean(_image(page)).facts.sharpness
    soft = clean(_image(cv2.GaussianBlur(page, (0, 0), 3))).facts.sharpness
    assert soft < sharp * 0.7


def test_clean_page_survives_json_and_is_canonical():
    cleaned = clean(_image(draw_page(LINES, skew_deg=1.23)))
    assert CleanPage.from_json(cleaned.to_json()) == cleaned
    assert cleaned.to_json() == CleanPage.from_json(cleaned.to_json()).to_json()
    for bad in (b"{}", b"[]", b"nonsense", b'{"facts":{},"geometry":{}}'):
        with pytest.raises(ValueError, match=r".+"):
            CleanPage.from_json(bad)
