"""Poppler, PDFium and pdf.js, three readers of three makers, copy the words that were read."""

from __future__ import annotations

import os
import random
import unicodedata
from dataclasses import replace

import pypdfium2
import pytest

from app.packaging.compose import compose
from app.packaging.model import Metadata, PageInput, WordBox
from app.packaging.prove import expected, prove
from app.packaging.validate import gate
from tests.packaging import poppler
from tests.packaging.drawn import Drawn, crooked, straight
from tests.referees.pdfjs import pdfjs_pages
from tests.referees.setup import RefereeMissingError

META = Metadata("Giấy thử")
SEED = 20261124
ONSETS = ("", "b", "ch", "đ", "gi", "kh", "ngh", "nh", "ph", "qu", "s", "th", "tr", "x")
RIMES = ("ươ", "uyê", "oă", "ia", "ô", "ê", "â", "ă", "ư", "y", "oai", "iêu", "uôi")
TONES = ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
ENDS = ("", "n", "ng", "nh", "c", "m", "t")
ODD = (
    *("số:", "12/QĐ-UBND", "05.11.2026", "-", "–", "(1)", "7", "ý", "%", "&", "<b>", "a/b", "…"),
    *('"trích"', "“yếu”", "½", "№", "m²", "§", "©", "15.000.000đ", "0912-345-678", "a@b.vn"),
    *("\u00d0inh", "h\u00f2a", "ho\u0300a", "ﬁle", "Ω", "Жук", "中文", "\ufeffba", "xu\u00adống"),
)


def _syllable(chance: random.Random) -> str:
    rime = chance.choice(RIMES)
    toned = rime[0] + chance.choice(TONES) + rime[1:]
    word = chance.choice(ONSETS) + toned + chance.choice(ENDS)
    if chance.random() < 0.2:
        word = word.capitalize()
    # Half of it arrives decomposed, as some engines write it.
    return unicodedata.normalize(chance.choice(("NFC", "NFD")), word)


def _page_of(drawn: Drawn, chance: random.Random) -> PageInput:
    """Thirty lines of invented words in uneven sizes and gaps, as recognition finds them."""
    words = []
    for line, y in enumerate(range(120, 1560, 48)):
        x = 90 + chance.randrange(60)
        height = chance.randint(16, 34)
        while x < 1040:
            text = chance.choice(ODD) if chance.random() < 0.25 else _syllable(chance)
            width = max(8, round(len(text) * height * chance.uniform(0.35, 0.6)))
            top = y - height - chance.randint(-3, 3)
            words.append(WordBox(text, x, top, x + width, y + chance.randint(0, 6), y, line))
            x += width + chance.randint(max(3, height // 5), height)
    return replace(straight(drawn), words=tuple(words))


def _wanted(page: PageInput) -> list[str]:
    hidden = dict.fromkeys(map(ord, "\ufeff\u00ad"))
    return [unicodedata.normalize("NFC", word.text).translate(hidden) for word in page.words]


@pytest.fixture(scope="module")
def hostile(drawn) -> tuple[list[PageInput], bytes]:
    print("seed", SEED)
    chance = random.Random(SEED)
    pages = [_page_of(drawn, chance) for _ in range(12)]
    pdf = compose(pages, META)
    gate(pdf)
    return pages, pdf


def test_pdfium_copies_every_word_of_hostile_pages(hostile):
    pages, pdf = hostile
    document = pypdfium2.PdfDocument(pdf)
    try:
        found = [leaf.get_textpage().get_text_range() for leaf in document]
    finally:
        document.close()
    for text, page in zip(found, pages, strict=True):
        assert _kept(text).split() == _kept(" ".join(_wanted(page))).split()
    assert prove(pdf, [expected(page, None) for page in pages]) == (None,) * len(pages)


def _kept(text: str) -> str:
    """PDFium and pdf.js spell ligatures out; PDFium marks a hyphen at a line's end in its own way."""
    return text.replace("ﬁ", "fi").replace("\ufffe", "-").replace("\x02", "-")


def test_poppler_copies_every_word_of_hostile_pages_in_both_orders(hostile):
    pages, pdf = hostile
    for text, page in zip(poppler.raw_text(pdf).split("\f"), pages, strict=False):
        assert unicodedata.normalize("NFC", text).split() == _wanted(page)
    for text, page in zip(poppler.layout_text(pdf).split("\f"), pages, strict=False):
        assert sorted(unicodedata.normalize("NFC", text).split()) == sorted(_wanted(page))


def test_pdfjs_copies_every_word_in_order_where_it_stands(drawn, hostile, tmp_path):
    pages, pdf = hostile
    turned = compose([crooked(drawn, 2.17, 90)], META)
    files = [tmp_path / "hostile.pdf", tmp_path / "turned.pdf"]
    for file, data in zip(files, (pdf, turned), strict=True):
        file.write_bytes(data)
    missing = None
    try:
        found, (upright,) = pdfjs_pages(files)
    except RefereeMissingError as e:
        missing = str(e)
    if missing:
        assert os.environ.get("CI") != "true", missing
        pytest.skip(missing)
    for read, page in zip(found, pages, strict=True):
        assert (
            unicodedata.normalize("NFC", read.text).split()
            == _kept(" ".join(_wanted(page))).split()
        )
    assert upright.text == drawn.text
    pt = 72 / drawn.dpi
    first = {word.line: word for word in reversed(drawn.words)}
    starts = {(round(box[1]), round(box[2])) for box in upright.boxes}
    for word in first.values():
        want = (word.x0 * pt, (drawn.picture.height - word.baseline_y) * pt)
        assert any(abs(x - want[0]) < 1.5 and abs(y - want[1]) < 1.5 for x, y in starts), word
