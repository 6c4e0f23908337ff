"""A temporary code is told from an official one, and a slip of the pen is found out."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.codes import check_digits, is_official, is_temporary, temporary_code

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
codes = st.builds(
    temporary_code,
    st.text(LETTERS, min_size=2, max_size=8),
    st.dates(dt.date(2026, 1, 1), dt.date(2099, 12, 31)),
    st.integers(1, 99_999),
)


def test_the_check_digits_are_those_of_the_published_example():
    assert temporary_code("HK03", dt.date(2026, 11, 22), 7) == "TAM-HK03-261122-0007-80"


@given(codes)
def test_the_digits_hold_under_iso_7064(code: str):
    """The whole string as one base-36-wise number leaves the remainder 1 (ISO/IEC 7064)."""
    assert int("".join(str(int(c, 36)) for c in code.replace("-", ""))) % 97 == 1
    assert is_temporary(code)
    assert not is_official(code)


@given(codes, st.data())
def test_one_wrong_digit_is_found_out(code: str, data: st.DataObject):
    places = [i for i, char in enumerate(code) if char.isdigit()]
    place = data.draw(st.sampled_from(places))
    other = data.draw(st.sampled_from([d for d in "0123456789" if d != code[place]]))
    assert not is_temporary(code[:place] + other + code[place + 1 :])


@given(codes, st.data())
def test_two_swapped_digits_are_found_out(code: str, data: st.DataObject):
    number = code.rindex("-")  # the four digits before it and the six before those
    digits = [
        i
        for i in range(number - 11, number - 1)
        if code[i].isdigit() and code[i + 1].isdigit() and code[i] != code[i + 1]
    ]
    if not digits:
        return
    i = data.draw(st.sampled_from(digits))
    assert not is_temporary(code[:i] + code[i + 1] + code[i] + code[i + 2 :])


@pytest.mark.parametrize(
    "code",
    [
        "000.00.01.H29-240115-0001",
        "38.98.H29-210519-0013",
        "H26.001.02-260125-0001",
        "H26-260125-12345",
    ],
)
def test_official_codes_of_both_circulars_are_known(code: str):
    assert is_official(code)
    assert not is_temporary(code)


@pytest.mark.parametrize(
    "code",
    [
        "H26-260230-0001",  # the 30th of February
        "H26-261301-0001",
        "Z26-260125-0001",
        "H26-260125-001",
        "h26-260125-0001",
        "H26-260125-0001 ",
        "",
        "TAM-HK03-261122-0007",
    ],
)
def test_what_is_no_official_code_is_not_taken_for_one(code: str):
    assert not is_official(code)


def test_check_digits_are_always_two():
    assert {len(check_digits(f"TAM-A{n}-261122-0001")) for n in range(2000)} == {2}
