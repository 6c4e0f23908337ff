from __future__ import annotations

import copy
import unicodedata

import pytest

from ocr.errors import OcrError
from ocr.text import PageText, Word, joined
from ocr.vietnamese import fold, normalise

TEXT = PageText(
    (
        Word("Hộ", (10.0, 20.0, 50.0, 44.0), 0.9, 0, 0, 40.0),
        Word("tịch", (60.0, 20.0, 110.0, 48.0), 0.8, 0, 0, 40.5),
        Word("Số:", (10.0, 60.0, 40.0, 84.0), 0.5, 1, 0, 80.0),
    ),
    200,
    100,
    "engine",
)


def test_decomposed_letters_become_composed():
    for word in ("Nguyễn", "ỦY", "được", "ẵ", "Ỹ"):
        assert normalise(unicodedata.normalize("NFD", word)) == word


def test_compatibility_forms_and_letters_beyond_the_first_plane_stay():
    for text in ("½ №", "m²", "\U0001f600", "\U00020bb7"):
        assert normalise(text) == text


@pytest.mark.parametrize(
    ("read", "true"),
    [
        ("Ðiều", "Điều"),
        ("ðược", "được"),
        ("QUYẾT ÐỊNH", "QUYẾT ĐỊNH"),
        ("Ð", "Đ"),
        ("það", "það"),
        ("\ufeffTrang 1\u20442", "Trang 1/2"),
        ("ho\u00adà", "hoà"),
    ],
)
def test_what_recognisers_confuse_is_put_right(read, true):
    assert normalise(read) == true


def test_search_form_ignores_tone_style_case_and_stroke():
    assert fold("Hòa") == fold("hoà") == fold("HOÀ") == "hoa"
    assert fold("Đặng Thị Mỹ") == "dang thi my"
    assert fold(unicodedata.normalize("NFD", "ĐƯỜNG")) == "duong"


def test_a_word_of_ten_thousand_letters_is_no_trouble():
    assert len(normalise("Ðạ" * 5000)) == 10_000


def test_lines_and_confidence_follow_from_the_words():
    assert TEXT.text == "Hộ tịch\nSố:"
    assert TEXT.mean_confidence == round((0.9 * 2 + 0.8 * 4 + 0.5 * 3) / 9, 4)
    empty = PageText((), 10, 10, "engine")
    assert (empty.text, empty.mean_confidence) == ("", 0.0)


def test_scaling_moves_boxes_and_baselines():
    double = TEXT.scaled(2, 1.5)
    assert double.words[0].box == (20.0, 30.0, 100.0, 66.0)
    assert double.words[0].baseline_y == 60.0
    assert (double.width_px, double.height_px) == (400, 150)


def test_text_survives_json_and_is_canonical():
    data = TEXT.to_json()
    assert PageText.from_json(data) == TEXT
    assert "Hộ" in data.decode()
    for bad in (b"{}", b"[1]", b"no", b'{"words":[["a"]],"width_px":1,"height_px":1,"engine":""}'):
        with pytest.raises(ValueError, match=r".+"):
            PageText.from_json(bad)


def test_parts_of_a_page_are_numbered_through():
    words = joined([list(TEXT.words), [], list(TEXT.words)])
    assert [word.line for word in words] == [0, 0, 1, 2, 2, 3]
    assert [word.block for word in words] == [0, 0, 0, 1, 1, 1]


def test_an_error_keeps_slug_and_parameters_through_a_pipe():
    error = copy.copy(OcrError("image.too_large", width_px=3, height_px=4))  # as pickle does it
    assert (error.slug, dict(error.params)) == ("image.too_large", {"width_px": 3, "height_px": 4})
    assert str(error) == "image.too_large height_px=4 width_px=3"
