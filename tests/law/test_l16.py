"""Decree 30/2020/ND-CP appendix I: an organ's copy says its form, the organ and the time."""

from __future__ import annotations

import datetime as dt

import pytest

from app.signing.appearance import organ_stamp
from app.signing.errors import SigningError

WHEN = dt.datetime(2026, 11, 24, 2, 14, 5, tzinfo=dt.UTC)
ORGAN = "Ủy ban nhân dân xã Suối Vặc"


@pytest.mark.parametrize("form", ["Sao y", "Sao lục", "Trích sao"])
def test_the_stamp_has_form_organ_and_time(form: str):
    text = " ".join(organ_stamp(form, ORGAN, WHEN).lines)
    assert form.upper() in text or form in text
    assert ORGAN in text
    assert "2026-11-24T09:14:05+07:00" in text


def test_without_an_organ_there_is_no_stamp():
    with pytest.raises(SigningError) as caught:
        organ_stamp("Sao y", " ", WHEN)
    assert caught.value.slug == "sign.name_missing"
