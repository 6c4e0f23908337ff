"""Decree 137/2024/ND-CP art. 4: the mark of a converted paper: words, time, full name."""

from __future__ import annotations

import datetime as dt

import pytest

from app.signing.appearance import conversion_mark
from app.signing.errors import SigningError

WHEN = dt.datetime(2026, 11, 24, 9, 14, 5, tzinfo=dt.timezone(dt.timedelta(hours=7)))
NAME = "Lò Thị Mỹ Phượng"


@pytest.mark.parametrize(
    "part",
    ["Bản điện tử chuyển đổi từ văn bản giấy", NAME, "2026-11-24T09:14:05+07:00"],
)
def test_the_mark_has_its_three_parts(part: str):
    assert part in " ".join(conversion_mark(NAME, WHEN).lines)


@pytest.mark.parametrize("name", ["", "   ", "\n"])
def test_without_the_full_name_there_is_no_mark(name: str):
    with pytest.raises(SigningError) as caught:
        conversion_mark(name, WHEN)
    assert caught.value.slug == "sign.name_missing"


def test_a_time_without_a_zone_is_no_time():
    with pytest.raises(ValueError, match="zone"):
        conversion_mark(NAME, WHEN.replace(tzinfo=None))
