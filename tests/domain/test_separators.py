"""What a separator sheet says is read back exactly, and nothing else is taken for one."""

from __future__ import annotations

import unicodedata
import zlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.domain.separators import MAX_PART, PATCH_T, Separator, encode, from_codes, parse

PRINTABLE = st.text(
    st.characters(exclude_categories=["C", "Z"]) | st.sampled_from("|%7C25"), max_size=MAX_PART
).map(lambda text: unicodedata.normalize("NFC", text)[:MAX_PART])
PARTS = PRINTABLE.filter(lambda text: unicodedata.normalize("NFC", text) == text)
SHEETS = st.builds(Separator, PARTS, PARTS, PARTS)


@given(SHEETS)
@example(Separator("1.000894", "to-khai", "H12-261124-0007"))
@example(Separator("", "a|b%7C%25", ""))
def test_a_sheet_says_what_it_was_printed_with(sheet: Separator):
    text = encode(sheet)
    assert parse(text) == sheet
    assert text.count("|") == 4
    assert len(text.encode()) <= 3 * 4 * MAX_PART + 32


@given(SHEETS, st.data())
def test_one_wrong_letter_makes_no_separator(sheet: Separator, data: st.DataObject):
    text = encode(sheet)
    at = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.characters().filter(lambda char: char != text[at]))
    assert parse(text[:at] + letter + text[at + 1 :]) is None


@given(st.text() | st.text("SEP1|%7C25ABF09", max_size=60))
@example("SEP1|||")
@example("SEP1||||")
@example("sep1||||00000000")
@example("SEP1|\ud800|||00000000")
@example("SEP1||||" + "0" * 100_000)
def test_hostile_text_is_no_separator(text: str):
    assert parse(text) is None or text == PATCH_T


def forged(body: str) -> str:
    return f"{body}|{zlib.crc32(body.encode()):08X}"


@pytest.mark.parametrize(
    "body",
    [
        "SEP2|||",
        "SEP1||",
        "SEP1||||",
        "SEP1|a%7cb||",  # escapes have one form
        "SEP1|a%b||",
        "SEP1|a\nb||",
        "SEP1| a||",
        "SEP1|" + "a" * (MAX_PART + 1) + "||",
        "SEP1|a\u0301||",  # not composed
        " SEP1|||",
    ],
)
def test_a_right_checksum_does_not_excuse_a_wrong_form(body: str):
    assert parse(forged(body)) is None
    assert parse(forged("SEP1|á||")) == Separator("á")


@pytest.mark.parametrize(
    "part", ["a" * (MAX_PART + 1), "a\nb", "\ud800", "a\u0301", " a", "\u200b"]
)
def test_what_could_not_be_read_back_is_not_printed(part: str):
    with pytest.raises(ValueError):
        encode(Separator(component=part))


def test_patch_t_cuts_and_counts_only_in_its_own_code():
    assert parse(PATCH_T) == Separator()
    assert from_codes([("code39", "PATCHT")]) == Separator()
    assert from_codes([("qrcode", "PATCHT"), ("code128", "PATCHT")]) is None
    assert from_codes([("code39", encode(Separator()))]) is None


def test_the_qr_of_a_sheet_says_more_than_the_patch_t_beside_it():
    sheet = Separator("1.000894", "to-khai")
    codes = [("code39", PATCH_T), ("qrcode", encode(sheet)), ("qrcode", encode(sheet))]
    assert from_codes(codes) == sheet
    assert from_codes([("qrcode", "https://example.vn"), *codes]) == sheet


def test_a_page_that_shows_two_sheets_is_a_paper():
    codes = [("qrcode", encode(Separator("", kind))) for kind in ("decision", "table")]
    assert from_codes(codes) is None
    assert from_codes([]) is None
