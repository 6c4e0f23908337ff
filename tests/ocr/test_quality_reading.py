"""A page that reads badly says so with its figures; a good one says nothing."""

from __future__ import annotations

import dataclasses

import pytest

from ocr.quality import LOW_CONFIDENCE, SMALL_PRINT, judge_reading
from ocr.text import PageText, Word
from tests.ocr.field_kit import layout

BODY = [(30, 40 + 6 * row, "các em xem ra con nam và cao hơn so với năm xưa") for row in range(6)]


def trusted(page: PageText, confs: list[float]) -> PageText:
    """The page with the trust of its words taken from ``confs`` in turn."""
    words = tuple(
        dataclasses.replace(word, conf=confs[at % len(confs)]) for at, word in enumerate(page.words)
    )
    return dataclasses.replace(page, words=words)


def test_a_well_read_page_has_figures_and_no_reason():
    found = judge_reading(layout(*BODY), 300)
    assert (found.median_conf, found.low_conf_share, found.reasons) == (0.95, 0.0, ())


@pytest.mark.parametrize(
    ("confs", "median", "low"),
    [([0.7], 0.7, 0.0), ([0.95, 0.95, 0.95, 0.5], 0.95, 0.25), ([0.1, 0.2], 0.15, 1.0)],
)
def test_little_trust_in_the_words_is_a_reason(confs: list[float], median: float, low: float):
    found = judge_reading(trusted(layout(*BODY), confs), 300)
    assert found.reasons == (LOW_CONFIDENCE,)
    assert found.median_conf == pytest.approx(median)
    assert found.low_conf_share == pytest.approx(low, abs=0.01)


def test_a_few_doubtful_words_are_none():
    found = judge_reading(trusted(layout(*BODY), [0.95] * 9 + [0.3]), 300)
    assert 0 < found.low_conf_share < 0.15
    assert found.reasons == ()


@pytest.mark.parametrize("words", [0, 1, 7])
def test_a_stamp_read_as_letters_is_no_badly_read_page(words: int):
    page = PageText(
        tuple(Word("xc", (10.0 * n, 0, 10.0 * n + 8, 8), 0.1, 0, 0, 8) for n in range(words)),
        2480,
        3508,
        "",
    )
    assert judge_reading(page, 300).reasons == ()


@pytest.mark.parametrize(
    ("height_px", "dpi", "at_300"), [(24, 300, 24), (16, 200, 24), (8, 100, 24)]
)
def test_the_height_of_small_letters_is_told_at_300_dpi(height_px, dpi, at_300):
    page = sized(("con", "xem", "ra", "so"), height_px)
    assert judge_reading(page, dpi).x_height_px == at_300


def test_small_print_is_a_reason_whatever_the_resolution():
    for dpi in (200, 300, 600):
        small, body = sized(("con",) * 9, 10 * dpi / 300), sized(("con",) * 9, 20 * dpi / 300)
        assert judge_reading(small, dpi).reasons == (SMALL_PRINT,)
        assert judge_reading(body, dpi).reasons == ()


def test_capitals_and_figures_tell_the_height_when_nothing_else_does():
    page = sized(("UBND", "2026", "HTX", "Đồng", "Ổi"), 36)
    assert judge_reading(page, 300).x_height_px == pytest.approx(25, abs=1)
    assert judge_reading(sized(("Đồng", "Ổi", "được"), 36), 300).x_height_px == 0


def sized(texts: tuple[str, ...], height_px: float) -> PageText:
    """A line of words, each box as tall as told."""
    return PageText(
        tuple(
            Word(text, (100.0 * n, 50, 100.0 * n + 80, 50 + height_px), 0.95, 0, 0, 50 + height_px)
            for n, text in enumerate(texts)
        ),
        2480,
        3508,
        "",
    )
