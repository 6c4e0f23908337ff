"""Slashes of doubted dates come back; nothing else is touched."""

from __future__ import annotations

import pytest

from ocr.second_reading import slashes_restored
from ocr.text import Word


def _word(text: str, conf: float) -> Word:
    return Word(text, (10.0, 20.0, 110.0, 40.0), conf, 3, 1, 38.0)


@pytest.mark.parametrize(
    ("read", "meant"),
    [
        ("17I12I1971", "17/12/1971"),
        ("1310711974", "13/07/1974"),
        ("20/1211994", "20/12/1994"),
        ("15l07|1975.", "15/07/1975."),
        ("29102I2000", "29/02/2000"),
    ],
)
def test_a_doubted_date_gets_its_slashes_back_and_stays_doubted(read, meant):
    (word,) = slashes_restored([_word(read, 0.4)])
    assert word == _word(meant, 0.4)


@pytest.mark.parametrize(
    ("read", "conf"),
    [
        ("1310711974", 0.95),  # a number that the engine is sure of
        ("0912345678", 0.2),
        ("028166677621", 0.2),
        ("32I12I1971", 0.2),
        ("29102I2001", 0.2),
        ("1711211871", 0.2),
        ("17I12I71", 0.2),
        ("17/12/1971", 0.2),
        ("TDVNM17I12I1971", 0.2),
    ],
)
def test_what_is_sure_or_no_day_stays_as_it_was_read(read, conf):
    word = _word(read, conf)
    assert slashes_restored([word]) == (word,)
