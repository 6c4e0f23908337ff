"""The words are found, copied and marked where they stand on the paper."""

from __future__ import annotations

import random
import unicodedata
from dataclasses import replace

import pypdfium2
import pytest

from app.packaging.compose import compose
from app.packaging.errors import PackagingError
from app.packaging.model import Metadata, WordBox
from app.packaging.validate import gate
from tests.packaging import poppler
from tests.packaging.drawn import crooked, straight

META = Metadata("Giấy thử")
TURNS = [(0.0, 0), (3.1, 0), (0.0, 90), (0.0, 180), (0.0, 270), (-2.4, 90)]


def _pdfium_text(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    try:
        text = document[0].get_textpage().get_text_bounded()
    finally:
        document.close()
    return text.replace("\r\n", "\n")


@pytest.mark.parametrize("turn", TURNS)
def test_each_word_is_found_at_its_box_however_the_paper_lay(drawn, turn):
    (found,) = poppler.words(compose([crooked(drawn, *turn)], META))
    assert [word.text for word in found] == [word.text for word in drawn.words]
    px = 72 / drawn.dpi
    for got, true in zip(found, drawn.words, strict=True):
        assert abs(got.x0 - true.x0 * px) < 0.3, (got, true)
        assert abs(got.x1 - true.x1 * px) < 0.3, (got, true)
        # The mark is as high as its line: it covers the word and does not reach the next line.
        assert got.y0 < true.y0 * px + 0.5, (got, true)
        assert got.y1 > true.baseline_y * px, (got, true)
        assert got.y1 - got.y0 < 1.5 * 13 * 1.2, (got, true)


def test_three_readers_return_the_words_in_reading_order(drawn):
    pdf = compose([straight(drawn)], META)
    words = drawn.text.split()
    assert poppler.raw_text(pdf).strip("\n\f") == drawn.text
    assert poppler.layout_text(pdf).split() == words
    assert _pdfium_text(pdf).strip() == drawn.text


def test_a_line_that_ends_in_one_letter_or_dash_is_complete_in_all_readers(drawn):
    words = (
        WordBox("đồng", 100, 100, 190, 130, 126, 0),
        WordBox("ý", 200, 105, 215, 134, 126, 0),
        WordBox("7", 100, 160, 115, 186, 186, 1),
        WordBox("-", 100, 235, 110, 238, 246, 2),
    )
    pdf = compose([replace(straight(drawn), words=words)], META)
    wanted = ["đồng", "ý", "7", "-"]
    assert poppler.raw_text(pdf).split() == wanted
    assert poppler.layout_text(pdf).split() == wanted
    assert _pdfium_text(pdf).split() == wanted


def test_two_columns_keep_the_order_they_were_read_in(drawn):
    """Left heading, then right heading, though both stand at the same height."""
    left = [WordBox(w, 100 + 90 * i, 100, 180 + 90 * i, 130, 126, 0) for i, w in enumerate("ab")]
    right = [WordBox(w, 700 + 90 * i, 100, 780 + 90 * i, 130, 126, 9) for i, w in enumerate("cd")]
    below = [WordBox("e", 100, 150, 180, 180, 176, 1)]
    page = replace(straight(drawn), words=(*left, *below, *right))
    assert poppler.raw_text(compose([page], META)).split() == ["a", "b", "e", "c", "d"]


def _page(drawn, *texts: str):
    words = tuple(
        WordBox(text, 100, 100 + 60 * i, 400, 140 + 60 * i, 132 + 60 * i, i)
        for i, text in enumerate(texts)
    )
    return replace(straight(drawn), words=words)


HOSTILE = {
    "decomposed": ("Ho\u0302\u0300 so\u031b", "Hồ sơ"),
    "byte order mark": ("\ufeffGiấy\ufeff", "Giấy"),
    "swapped byte order mark": ("Gi\ufffeấy", "Giấy"),
    "zero": ("Gi\0ấy", "Giấy"),
    "control": ("A\x07\x1b[31mB\x7f", "A[31mB"),
    "lone surrogate": ("A\ud800B\udfff", "AB"),
    "noncharacters": ("A\uffff\U0001ffffB", "AB"),
    "hidden": ("A\u200b\u200d\u00ad\u2060B", "AB"),
    "turned round": ("A\u202eB\u202c", "AB"),
    "inner blanks": (" 12 \t\u00a0345\n", "12 345"),
    "outside the plane": ("Chữ 𡨸喃 😀", "Chữ 𡨸喃 😀"),
    "brackets": ("<</Type>>(\\)%", "<</Type>>(\\)%"),
    "many marks": ("e" + "\u0323\u0302\u0301" * 3, None),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_words_are_cleaned_kept_and_pass_the_gate(drawn, name):
    given, wanted = HOSTILE[name]
    pdf = compose([_page(drawn, "trước", given, "sau")], META)
    gate(pdf)
    if wanted is None:
        wanted = unicodedata.normalize("NFC", given)
    lines = poppler.raw_text(pdf).strip("\n\f").split("\n")
    assert [unicodedata.normalize("NFC", line) for line in lines] == ["trước", wanted, "sau"]


def test_words_of_nothing_leave_no_text_and_no_font(drawn):
    pdf = compose([_page(drawn, "", " ", "\ufeff", "\0")], META)
    gate(pdf)
    assert b"/Font" not in pdf
    assert poppler.raw_text(pdf).strip("\f\n") == ""


def test_all_hostile_words_and_a_word_of_ten_thousand_letters_pass_verapdf(drawn, verapdf):
    chance = random.Random(11)
    long_word = "".join(chance.choice("ạảấầẩẫậắằ") for _ in range(10_000))
    every = [chr(c) for c in (*range(0x3000), *range(0x1F000, 0x1F100), *range(0xFFF0, 0x10000))]
    chunks = ["".join(every[i : i + 300]) for i in range(0, len(every), 300)]
    pdfs = {
        "hostile": compose([_page(drawn, *(given for given, _ in HOSTILE.values()))], META),
        "long": compose([_page(drawn, long_word)], META),
        "everything": compose([_page(drawn, *chunks[:25]), _page(drawn, *chunks[25:])], META),
    }
    assert long_word in poppler.raw_text(pdfs["long"]).replace("\n", "")
    assert verapdf(pdfs) == dict.fromkeys(pdfs, ())
    for pdf in pdfs.values():
        gate(pdf)


def test_boxes_off_the_page_turned_inside_out_or_empty_stay_on_the_page(drawn):
    boxes = (
        WordBox("ngoài", -900, -900, -800, -850, -860, 0),
        WordBox("xa", 99_999, 99_999, 100_100, 100_050, 100_040, 1),
        WordBox("ngược", 400, 240, 300, 200, 232, 2),
        WordBox("rỗng", 500, 300, 500, 300, 300, 3),
        WordBox("chân", 100, 400, 200, 440, -7, 4),
    )
    pdf = compose([replace(straight(drawn), words=boxes)], META)
    gate(pdf)
    assert poppler.raw_text(pdf).split() == [box.text for box in boxes]
    ((width, height),) = poppler.page_sizes(pdf)
    for word in poppler.words(pdf)[0]:
        assert -1 <= word.x0 <= word.x1 <= width + 1
        assert -3 <= word.y0 <= word.y1 <= height + 3


@pytest.mark.parametrize("field", ["x0", "y1", "baseline_y"])
def test_a_box_that_is_no_number_is_refused(drawn, field):
    word = replace(WordBox("a", 1, 1, 9, 9, 8, 0), **{field: float("nan")})
    with pytest.raises(PackagingError) as caught:
        compose([replace(straight(drawn), words=(word,))], META)
    assert caught.value.slug == "pack.bad_geometry"
