"""Whatever a recogniser hands on: no guess raises, every value keeps to its bounds."""

from __future__ import annotations

import datetime as dt
import math
import re
import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st

from ocr.fields import guess_fields
from ocr.quality import judge_reading
from ocr.syllables import doubtful_words
from ocr.text import PageText, Word
from tests.ocr.field_kit import layout, values
from tests.ocr.test_fields import DECISION, PAPERS, TODAY, decision

LONGEST = {
    "number": 11,
    "notation": 30,
    "issue_date": 10,
    "organ": 200,
    "type": 60,
    "subject": 500,
    "signer": 60,
    "expiry": 10,
    "page_label": 7,
    "dossier_code": 40,
}
USUAL = sorted(
    {word for rows, _ in PAPERS.values() for _, _, text in rows for word in text.split()}
    | {
        "Số:",
        "1/2",
        "V/v",
        "ngày",
        "tháng",
        "năm",
        "31/12/2030",
        "-",
        "9" * 40,
        "QĐ-" * 30,
        "ß",
        "İ",
    }
)
TEXTS = st.one_of(
    st.sampled_from(USUAL),
    st.text(min_size=1, max_size=12).filter(lambda text: not any(map(str.isspace, text))),
)
PLACES = st.floats(-500, 4000, allow_nan=False)


@st.composite
def words(draw) -> Word:
    x, y = draw(PLACES), draw(PLACES)
    box = (x, y, x + draw(st.floats(0, 900)), y + draw(st.floats(0, 120)))
    return Word(
        draw(TEXTS),
        box,
        draw(st.floats(0, 1)),
        draw(st.integers(0, 12)),
        draw(st.integers(0, 5)),
        draw(st.one_of(st.just(box[3]), PLACES)),
    )


PAGES = st.builds(
    PageText,
    st.lists(words(), max_size=40).map(tuple),
    st.integers(0, 2500),
    st.integers(0, 3600),
    st.just("fuzz"),
)


@settings(max_examples=150, deadline=None)
@given(PAGES, st.sampled_from([0.0, 72.0, 200.0, 300.0]))
def test_any_words_anywhere_give_bounded_guesses(page: PageText, dpi: float):
    guesses = guess_fields(page, dpi, today=TODAY)
    assert len({guess.name for guess in guesses}) == len(guesses)
    for guess in guesses:
        assert 0 < len(guess.value) <= LONGEST[guess.name]
        assert unicodedata.is_normalized("NFC", guess.value)
        assert 0 <= guess.conf <= max(word.conf for word in page.words)
        assert guess.boxes
        assert all(math.isfinite(edge) for box in guess.boxes for edge in box)
        if guess.name in {"issue_date", "expiry"}:
            assert dt.date.fromisoformat(guess.value).isoformat() == guess.value
        if guess.name == "issue_date":
            assert dt.date.fromisoformat(guess.value) <= TODAY
    quality = judge_reading(page, dpi)
    assert 0 <= quality.median_conf <= 1
    assert 0 <= quality.low_conf_share <= 1
    assert quality.x_height_px >= 0
    assert all(0 <= index < len(page.words) for index in doubtful_words(page))


SLIPS = ("o0", "0o", "l1", "1l", "ốô", "ĐÐ", "đð", "ỘO", "ỦU", "áa", "àa", ":.", "/l", "8B", "5S")


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_misread_letters_lose_a_field_or_change_its_words_but_invent_no_number_or_day(data):
    rows = []
    for x, y, text in decision():
        slip = data.draw(st.sampled_from(SLIPS))
        at = [match.start() for match in re.finditer(re.escape(slip[0]), text)]
        if at and data.draw(st.booleans()):
            place = data.draw(st.sampled_from(at))
            text = text[:place] + slip[1] + text[place + 1 :]  # noqa: PLW2901 - the same line, misread
        rows.append((x, y, text))
    found = values(guess_fields(layout(*rows), 300, today=TODAY))
    # A misread digit that gives another good number cannot be told from the true one; letters can.
    for name in ("number", "issue_date", "type"):
        assert found.get(name, DECISION[name]) == DECISION[name]


@given(st.integers(1, 200_000), st.sampled_from(["QĐ-UBND", "TB-SXD", "TTr-TTPVHCC", "UBND-VP"]))
def test_every_number_and_notation_of_the_usual_form_is_read_exactly(number: int, notation: str):
    found = values(
        guess_fields(layout(*decision(number=f"Số: {number}/{notation}")), 300, today=TODAY)
    )
    assert (found["number"], found["notation"]) == (str(number), notation)


@given(st.dates(dt.date(1990, 1, 1), TODAY), st.booleans())
def test_every_day_of_the_calendar_is_read_exactly(day: dt.date, padded: bool):
    form = "02d" if padded else "d"
    place = f"Nậm Lim, ngày {day.day:{form}} tháng {day.month:{form}} năm {day.year}"
    found = values(guess_fields(layout(*decision(place=place)), 300, today=TODAY))
    assert found["issue_date"] == day.isoformat()
