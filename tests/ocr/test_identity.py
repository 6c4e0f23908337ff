"""What an identity card says is taken exactly or not at all; odd numbers only warn."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr.findings import CodeHit
from ocr.identity import IdentityCard, identity_fields, parse_card
from ocr.personal_number import warnings
from ocr.text import PageText, Word
from tests.ocr.mrz_kit import Truth, page, td1

QR = "036194012345|168423507|Nguyễn Thị Hồng Thắm|21031994|Nữ|Thôn Đồng Mận, Xã Phú Lẫm|19042021"
NOTHING = PageText((), 100, 100, "test")


def code(text: str, kind: str = "qrcode", x: float = 0) -> CodeHit:
    return CodeHit(kind, text, ((x, 10.0), (x + 20, 10.0), (x + 20, 30.0), (x, 30.0)))


def changed(at: int, value: str) -> str:
    fields = QR.split("|")
    fields[at] = value
    return "|".join(fields)


def test_a_card_says_seven_things():
    assert parse_card(QR) == IdentityCard(
        "036194012345",
        "168423507",
        "Nguyễn Thị Hồng Thắm",
        dt.date(1994, 3, 21),
        "Nữ",
        "Thôn Đồng Mận, Xã Phú Lẫm",
        dt.date(2021, 4, 19),
    )
    assert parse_card(QR).warnings == ()


def test_fields_of_later_cards_and_empty_ones_are_tolerated():
    assert parse_card(QR + "||Nguyễn Văn Cha|x|") == parse_card(QR)
    assert parse_card(changed(1, "")).old_number == ""
    assert parse_card(changed(5, "")).address == ""
    assert parse_card(changed(6, "")).issue_date is None
    assert parse_card(changed(3, "00001994")).birth_date is None
    assert parse_card(changed(4, "nữ")).sex == "Nữ"


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (0, "03619401234"),
        (0, "0361940123456"),
        (0, "٠٣٦١٩٤٠١٢٣٤٥"),
        (1, "1234"),
        (2, ""),
        (2, "Nguyễn 4"),
        (2, "x" * 101),
        (3, "31021994"),
        (3, "1994-03-21"),
        (3, "21031794"),
        (3, ""),
        (4, "X"),
        (4, ""),
        (5, "x" * 401),
        (6, "40042021"),
    ],
)
def test_a_value_that_would_be_wrong_makes_no_card(at: int, value: str):
    assert parse_card(changed(at, value)) is None


@given(st.text() | st.lists(st.text(max_size=12), min_size=7, max_size=9).map("|".join))
def test_any_text_is_a_card_or_is_not(text: str):
    card = parse_card(text)
    assert card is None or len(card.number) == 12


@pytest.mark.parametrize(
    ("number", "born", "sex", "found"),
    [
        ("036194012345", dt.date(1994, 3, 21), "Nữ", ()),
        ("036094012345", dt.date(1994, 3, 21), "Nam", ()),
        ("036304012345", dt.date(2004, 3, 21), "Nữ", ()),
        ("036504012345", dt.date(2104, 3, 21), "Nữ", ()),
        ("036194012345", dt.date(1994, 3, 21), "Nam", ("identity.sex_mismatch",)),
        ("036194012345", dt.date(1995, 3, 21), "Nữ", ("identity.year_mismatch",)),
        ("003194012345", dt.date(1994, 3, 21), "Nữ", ("identity.place_unknown",)),
        ("292194012345", dt.date(1994, 3, 21), "Nữ", ()),
        ("036194012345", None, "", ()),
    ],
)
def test_a_number_fits_place_sex_and_year_or_warns(number, born, sex, found):
    assert warnings(number, born, sex) == found


def test_a_card_issued_before_its_holder_was_born_warns():
    assert parse_card(changed(6, "19041990")).warnings == ("identity.issued_before_birth",)


def test_the_code_gives_the_fields_at_its_place_surely():
    guesses = identity_fields([code(QR, x=5)], NOTHING)
    assert {guess.name: guess.value for guess in guesses} == {
        "identity_number": "036194012345",
        "old_number": "168423507",
        "identity_name": "Nguyễn Thị Hồng Thắm",
        "birth_date": "1994-03-21",
        "sex": "Nữ",
        "address": "Thôn Đồng Mận, Xã Phú Lẫm",
        "issue_date": "2021-04-19",
    }
    assert {(guess.conf, guess.rule, guess.boxes) for guess in guesses} == {
        (1.0, "cccd_qr", ((5.0, 10.0, 25.0, 30.0),))
    }


def test_warnings_lower_the_trust_and_other_codes_give_nothing():
    assert {g.conf for g in identity_fields([code(changed(4, "Nam"))], NOTHING)} == {0.7}
    assert identity_fields([code(QR, "code128"), code("https://example.vn")], NOTHING) == ()


def test_front_and_back_of_one_card_agree_in_one_set_of_fields():
    back = td1(Truth("036194012345", "940321", "F", "340321", "NGUYEN<<THI<HONG<THAM"))
    guesses = identity_fields([code(QR), code(QR, x=50)], page(*back))
    names = [guess.name for guess in guesses]
    assert names.count("identity_number") == names.count("identity_name") == 1
    (expiry,) = [guess for guess in guesses if guess.name == "expiry"]
    assert (expiry.value, expiry.rule, expiry.conf) == ("2034-03-21", "mrz", 0.9)


def test_two_persons_on_a_page_keep_their_own_fields():
    other = QR.replace("036194012345", "036094000001").replace("Nữ", "Nam")
    values = [g.value for g in identity_fields([code(QR), code(other)], NOTHING)]
    assert values.index("036094000001") > values.index("2021-04-19")
    assert values.count("Nguyễn Thị Hồng Thắm") == 2


def test_lines_that_are_not_verified_are_said_to_be_a_guess():
    guesses = identity_fields(
        [], page(*td1(Truth("036194012345", "940321", "M", "340321", "A<<B")))
    )
    assert {guess.rule for guess in guesses} == {"mrz_guess"}
    assert max(guess.conf for guess in guesses) < 0.9


def line_of(text: str, row: int = 0) -> list[Word]:
    words, x = [], 10.0
    for part in text.split():
        words.append(
            Word(part, (x, 50.0 * row, x + 9 * len(part), 50.0 * row + 20), 0.8, row, 0, 0)
        )
        x += 9 * len(part) + 8
    return words


def written(*lines: str):
    words = [word for row, line in enumerate(lines) for word in line_of(line, row)]
    return identity_fields([], PageText(tuple(words), 1000, 1000, "test"))


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("Căn cước công dân số: 036194012345 cấp ngày 1/1/2021", "identity_number", "036194012345"),
        ("Số định danh cá nhân: 036194012345", "identity_number", "036194012345"),
        ("Số CCCD/CMND: 036 194 012 345", "identity_number", "036194012345"),
        ("CMND số 168423507, Công an tỉnh cấp", "old_number", "168423507"),
        ("Thẻ căn cước/căn cước công dân số 036194012345", "identity_number", "036194012345"),
    ],
)
def test_a_number_written_behind_its_label_is_found(line: str, name: str, value: str):
    (guess,) = written("Họ và tên: Nguyễn Thị Hồng Thắm", line)
    assert (guess.name, guess.value, guess.rule) == (name, value, "personal_number")
    x0, y0, x1, _ = guess.boxes[0]
    assert x1 > x0 > 10
    assert y0 == 50
    assert guess.conf == 0.8


@pytest.mark.parametrize(
    "line",
    [
        "Số điện thoại: 036194012345",
        "Căn cước Nghị định số 61/2018/NĐ-CP",
        "CCCD số 03619401234",
        "Căn cước công dân số 0361940123456",
        "036194012345",
    ],
)
def test_other_numbers_are_nobodys(line: str):
    assert written(line) == ()


def test_a_number_that_no_place_gave_out_is_trusted_less():
    (guess,) = written("CCCD số 003194012345")
    assert guess.conf == pytest.approx(0.56)
