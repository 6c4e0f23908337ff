"""What can be Vietnamese passes; a misreading that cannot is shown, never changed."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest

from ocr.syllables import doubtful_words, is_syllable
from ocr.text import PageText, Word
from tests.corpus import phrases
from tests.corpus.papers_decision import decision
from tests.corpus.people import draw_case

GOOD = [
    "nguyễn",
    "thuở",
    "khuỷu",
    "quỳnh",
    "quyết",
    "quốc",
    "giếng",
    "gì",
    "gìn",
    "giết",
    "nghiêng",
    "ngoẵn",
    "khuya",
    "huýt",
    "hoà",
    "hòa",
    "thuý",
    "thúy",
    "yến",
    "yếu",
    "ỷ",
    "uỷ",
    "ủy",
    "ưỡn",
    "ướt",
    "ếch",
    "oẳn",
    "xoong",
    "boong",
    "rượu",
    "hươu",
    "khuếch",
    "huệ",
    "quơ",
    "quẹt",
    "quắc",
    "gạch",
    "kỹ",
    "ký",
    "kiên",
]
BAD = ("xyz", "ngiên", "ghà", "cê", "kà", "hoc", "hàc", "tếnng", "đđ", "bbc", "wto", "nướcc", "áà")


@pytest.mark.parametrize("word", GOOD)
def test_every_kind_of_syllable_is_one_in_any_case_and_form(word: str):
    for form in (word, word.upper(), word.capitalize(), unicodedata.normalize("NFD", word)):
        assert is_syllable(form)


@pytest.mark.parametrize("word", BAD)
def test_what_no_syllable_is_is_none(word: str):
    assert not is_syllable(word)


def page(*words: tuple[str, float]) -> PageText:
    return PageText(
        tuple(Word(text, (0, 0, 1, 1), conf, 0, 0, 1) for text, conf in words), 10, 10, ""
    )


def test_doubtful_are_the_untrusted_and_the_impossible_ones():
    text = page(
        ("Số:", 0.9),
        ("tịch", 0.59),
        ("hoc", 0.9),
        ("UBND", 0.9),
        ("2727/QĐ-UBND", 0.9),
        ("(xã),", 0.9),
    )
    assert doubtful_words(text) == (1, 2)


def test_an_impossible_word_the_engine_is_sure_of_may_be_foreign():
    assert doubtful_words(page(("Microsoft", 0.97), ("Microsofl", 0.8))) == (1,)


def test_of_printed_truth_hardly_anything_but_foreign_words_is_doubted():
    case = draw_case(5)
    texts = [line.text for sheet in decision(case, "Tinos", 1) for line in sheet.lines]
    rng = np.random.default_rng(5)
    cast = phrases.Cast(
        ("Lò Văn Pẩu",), ("Đỗ Thị Mẩy",), ("012345678901",), "Nậm Lim", "Hải Đằng", "Nà Pẳn"
    )
    texts += phrases.paragraphs(rng, cast, 60) + list(phrases.EVERY_LETTER)
    texts += [
        " ".join(item) for name, unit, _, _, note in case.items for item in [(name, unit, note)]
    ]
    words = [word for text in texts for word in text.split()]
    flagged = doubtful_words(page(*((word, 0.9) for word in words)))
    assert len(words) > 2000
    assert {words[at].strip(",;.") for at in flagged} <= {"phi-brô"}
