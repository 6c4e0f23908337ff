"""Codes are found as a scanner sees them, in their place, and nothing hostile comes out."""

from __future__ import annotations

import unicodedata

import cv2
import numpy as np
import pytest
from zxingcpp import BarcodeFormat as F

from ocr.codes import MAX_CODES, find_codes
from ocr.image import PageImage
from tests.ocr.codes_kit import modules, printed, scanned, turned

CARD = (
    "036194012345|168423507|Nguyễn Thị Hồng Thắm|21031994|Nữ"
    "|Thôn Đồng Mận, Xã Phú Lẫm, Huyện Quang Sơn, Tỉnh Hòa An|19042021"
)
CARD_MM = 12.5


def texts(page: PageImage, **options: bool) -> list[str]:
    return [hit.text for hit in find_codes(page, **options)]


@pytest.mark.parametrize(
    ("kind", "text", "width_mm", "height_mm"),
    [
        (F.EAN13, "8934567890120", 37, 20),
        (F.EAN8, "96385074", 26, 18),
        (F.Code128, "VN-2026/0047", 55, 12),
        (F.Code39, "PATCHT", 60, 15),
        (F.Code93, "HS 0047", 45, 12),
        (F.ITF, "12345670", 40, 12),
        (F.DataMatrix, "Hồ sơ 47", 12, None),
        (F.PDF417, "Nguyễn Thị Hồng Thắm", 60, None),
        (F.Aztec, "Hồ sơ 47", 12, None),
        (F.QRCode, "https://dichvucong.example/47", 25, None),
    ],
)
@pytest.mark.parametrize("dpi", [200, 300])
def test_every_useful_kind_is_found_turned_and_noisy(kind, text, width_mm, height_mm, dpi):
    code = modules(kind, text[:-1] if kind in {F.EAN13, F.EAN8} else text)
    page = printed(code, dpi, width_mm=width_mm, height_mm=height_mm, angle_deg=0.4)
    for quarters in (0, 1):
        hits = find_codes(turned(scanned(page, dpi, 7), quarters))
        assert [(hit.format, hit.text) for hit in hits] == [(kind.name.lower(), text)]


@pytest.mark.parametrize("dpi", [150, 200, 300])
@pytest.mark.parametrize("level", ["L", "M"])
def test_the_code_of_an_identity_card_is_read_at_any_angle_with_noise_and_blur(dpi, level):
    code = modules(F.QRCode, CARD, ec_level=level)
    for seed, (angle, noise, blur_mm) in enumerate(
        [(0.0, 3, 0.0), (90.2, 8, 0.05), (37.0, 6, 0.05), (181.0, 14, 0.05), (-5.3, 4, 0.08)]
    ):
        page = printed(code, dpi, width_mm=CARD_MM, angle_deg=angle)
        seen = scanned(page, dpi, seed, noise=noise, blur_mm=blur_mm)
        assert texts(seen) == [CARD], (angle, noise, blur_mm)


def test_two_cards_on_one_sheet_are_both_read():
    other = CARD.replace("036194012345", "036094000001")
    page = printed(modules(F.QRCode, CARD), 150, width_mm=CARD_MM)
    second = printed(
        modules(F.QRCode, other), 150, width_mm=CARD_MM, at_mm=(140.0, 200.0), paper=page
    )
    assert texts(scanned(second, 150, 5)) == [CARD, other]


def test_the_quad_lies_where_the_code_was_printed_clockwise_from_its_own_corner():
    code = modules(F.QRCode, "nơi chốn")
    page = PageImage(printed(code, 300, width_mm=30.0, at_mm=(100.0, 80.0)), 300, 300)
    px = 300 / 25.4
    corners = [(85 * px, 65 * px), (115 * px, 65 * px), (115 * px, 95 * px), (85 * px, 95 * px)]
    (hit,) = find_codes(page)
    for seen, true in zip(hit.quad, corners, strict=True):
        assert seen == pytest.approx(true, abs=6)
    (down,) = find_codes(turned(page, 2))
    assert down.quad[0] == pytest.approx(
        (210 * px - corners[0][0], 297 * px - corners[0][1]), abs=6
    )


def test_a_picture_with_two_resolutions_keeps_places_right():
    code = modules(F.QRCode, "nơi chốn")
    fine = printed(code, 300, width_mm=30.0, at_mm=(100.0, 80.0))
    flat = cv2.resize(fine, None, fx=1.0, fy=0.5, interpolation=cv2.INTER_AREA)
    (hit,) = find_codes(PageImage(flat, 300, 150))
    assert hit.quad[0] == pytest.approx((85 / 25.4 * 300, 65 / 25.4 * 150), abs=6)


def test_order_runs_down_the_page_and_one_code_is_told_once():
    page = None
    for text, at_mm in (("c", (150.0, 200.0)), ("b", (150.0, 40.0)), ("a", (50.0, 42.0))):
        page = printed(modules(F.QRCode, text), 300, width_mm=20.0, at_mm=at_mm, paper=page)
    assert texts(PageImage(page, 300, 300)) == ["a", "b", "c"]
    twice = printed(modules(F.QRCode, "a"), 300, width_mm=20.0, at_mm=(50.0, 120.0), paper=page)
    assert texts(PageImage(twice, 300, 300)) == ["a", "b", "a", "c"]


def test_a_page_full_of_codes_gives_a_bounded_answer():
    tile = cv2.copyMakeBorder(
        cv2.resize(modules(F.QRCode, "x"), None, fx=6, fy=6, interpolation=cv2.INTER_NEAREST),
        *(30,) * 4,
        cv2.BORDER_CONSTANT,
        value=255,
    )
    hits = find_codes(PageImage(np.tile(tile, (8, 8)), 150, 150))
    assert len(hits) == MAX_CODES


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("Nguyễn Văn Tú".encode(), "Nguyễn Văn Tú"),
        (unicodedata.normalize("NFD", "Nguyễn Văn Tú").encode(), "Nguyễn Văn Tú"),
        (b"\xef\xbb\xbf" + "Tú".encode(), "Tú"),
        ("Số 47".encode("utf-16"), "Số 47"),
        (unicodedata.normalize("NFC", "Tô Thanh Hà").encode("cp1258"), "Tô Thanh Hà"),
        (bytes(range(256)), None),
        (b"\x00\x01\xff\xfe", None),
        (b"abc\x1b[31m", None),
        (b"\xff\xd8\xff\xe0JFIF" + b"\x9c" * 40, None),
    ],
)
def test_text_in_any_charset_is_told_composed_and_binary_is_refused(data: bytes, said: str | None):
    page = PageImage(printed(modules(F.QRCode, data), 300, width_mm=40.0), 300, 300)
    assert texts(page) == ([] if said is None else [said])


def test_more_than_four_kilobytes_are_left_out():
    page = PageImage(
        printed(modules(F.QRCode, "7" * 7000), 300, width_mm=120.0, at_mm=(100, 100)), 300, 300
    )
    assert texts(page) == []


@pytest.mark.parametrize("shape", [(1, 1), (1, 4000), (3, 3), (60, 60), (200, 3000, 3)])
def test_odd_pictures_hold_no_codes(shape: tuple[int, ...]):
    rng = np.random.default_rng(3)
    for cards in (None, True, False):
        assert find_codes(PageImage(np.zeros(shape, np.uint8), 300, 300), cards=cards) == ()
    noise = rng.integers(0, 256, (900, 700), dtype=np.uint8)
    assert find_codes(PageImage(noise, 150, 150)) == ()


def test_without_cards_only_large_codes_are_looked_for():
    code = modules(F.QRCode, CARD, ec_level="M")
    seen = [
        scanned(printed(code, 150, width_mm=width_mm, angle_deg=37), 150, 1, noise=12, blur_mm=0.07)
        for width_mm in (CARD_MM, 50.0)
    ]
    assert [texts(page, cards=True) for page in seen] == [[CARD], [CARD]]
    assert [texts(page, cards=False) for page in seen] == [[], [CARD]]
