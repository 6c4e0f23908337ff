"""A file that is valid but shows another page, or says other words, is named by page."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pikepdf
import pytest
from PIL import Image, ImageOps

from app.packaging.bilevel import group4
from app.packaging.compose import compose
from app.packaging.errors import PackagingError
from app.packaging.model import Bookmark, Layers, Mask, Metadata, PageInput, WordBox
from app.packaging.prove import expected, prove, reference
from app.packaging.validate import gate
from tests.packaging import poppler
from tests.packaging.drawn import Drawn, crooked, draw, jpeg, straight

META = Metadata("Giấy thử")


def _array(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture.convert("RGB"))[..., ::-1]


def _redrawn(drawn: Drawn, *, invert: bool = False, masked: bool = True) -> PageInput:
    """The page as a picture with its colours and a mask with its black ink."""
    pixels = np.asarray(drawn.picture)
    ink = pixels.max(axis=2) < 128
    colours = pixels.copy()
    colours[ink] = 255
    mask = Mask(group4(ink != invert), "g4", *drawn.picture.size, (0, 0, 0))
    small = Image.fromarray(colours).resize((620, 877))
    layers = Layers(jpeg(small), mask if masked else None)
    return replace(straight(drawn, b""), layers=layers)


def _looks(drawn: Drawn) -> bytes:
    return reference(_array(drawn.picture), drawn.dpi)


def test_a_page_drawn_anew_is_valid_and_looks_like_itself(drawn, verapdf):
    page = _redrawn(drawn)
    pdf = compose([page, _redrawn(drawn, masked=False)], META)
    gate(pdf)
    assert verapdf({"layers": pdf}) == {"layers": ()}
    (likeness,) = prove(compose([page], META), [expected(page, _looks(drawn))])
    assert likeness is not None
    print(likeness)
    assert likeness.mean < 1.5
    assert likeness.worst_tile < 10
    assert likeness.kept_ink > 0.7


@pytest.mark.parametrize("turn", [(0.0, 0), (3.1, 0), (-2.2, 90), (0.0, 180)])
def test_a_faithful_page_looks_like_the_straight_one_however_it_was_fed(drawn, turn):
    page = crooked(drawn, *turn)
    (likeness,) = prove(compose([page], META), [expected(page, _looks(drawn))])
    print(likeness)


def _mirrored(drawn: Drawn) -> PageInput:
    return straight(drawn, jpeg(ImageOps.mirror(drawn.picture)))


def _blank(drawn: Drawn) -> PageInput:
    return straight(drawn, jpeg(Image.new("RGB", drawn.picture.size, "white")))


def _upside_down(drawn: Drawn) -> PageInput:
    return straight(drawn, jpeg(drawn.picture.rotate(180)))


def _shifted(drawn: Drawn) -> PageInput:
    return replace(straight(drawn), matrix=(1, 0, 40, 0, 1, 0, 0, 0, 1))


def _one_line_less(drawn: Drawn) -> PageInput:
    picture = drawn.picture.copy()
    for word in drawn.words:
        if word.line == 1:
            box = (word.x0 - 2, word.y0 - 2, word.x1 + 2, word.y1 + 2)
            picture.paste("white", tuple(map(round, box)))
    return straight(drawn, jpeg(picture))


WRONG = {
    "one line less": _one_line_less,
    "inverted mask": lambda drawn: _redrawn(drawn, invert=True),
    "missing mask": lambda drawn: _redrawn(drawn, masked=False),
    "mirrored": _mirrored,
    "blank": _blank,
    "upside down": _upside_down,
    "shifted by seven millimetres": _shifted,
}


@pytest.mark.parametrize("name", WRONG)
def test_a_picture_that_validators_do_not_look_at_is_caught(drawn, name):
    pages = [straight(drawn), WRONG[name](drawn)]
    pdf = compose(pages, META)
    gate(pdf)
    with pytest.raises(PackagingError) as caught:
        prove(pdf, [expected(page, _looks(drawn)) for page in pages])
    assert (caught.value.slug, caught.value.params) == ("pack.picture_differs", {"page": 2})


def test_pages_in_another_order_are_caught(drawn):
    other = replace(drawn, picture=ImageOps.flip(drawn.picture))
    shown = [_looks(drawn), _looks(other)]
    bare = [replace(straight(each), words=()) for each in (drawn, other)]
    wanted = [expected(page, look) for page, look in zip(bare, shown, strict=True)]
    prove(compose(bare, META), wanted)
    with pytest.raises(PackagingError) as caught:
        prove(compose(bare[::-1], META), wanted)
    assert (caught.value.slug, caught.value.params) == ("pack.picture_differs", {"page": 1})


@pytest.mark.parametrize("change", ["lost", "added", "turned", "digit"])
def test_another_text_is_caught(drawn, change):
    words = drawn.words
    wrong = {
        "lost": words[:-1],
        "added": (*words, replace(words[-1], text="thêm")),
        "turned": tuple(replace(w, text=w.text.replace("12/", "21/")) for w in words),
        "digit": tuple(replace(w, text=w.text.replace("12/", "17/")) for w in words),
    }[change]
    page = straight(drawn)
    pdf = compose([page, replace(page, words=wrong)], META)
    with pytest.raises(PackagingError) as caught:
        prove(pdf, [expected(page, None)] * 2)
    assert (caught.value.slug, caught.value.params) == ("pack.text_differs", {"page": 2})


def test_another_number_or_size_of_pages_is_caught(drawn):
    page = straight(drawn)
    pdf = compose([page, page], META)
    wider = expected(replace(page, width_px=page.width_px + 9), None)
    for wanted, at in (
        ([expected(page, None)], 2),
        ([expected(page, None)] * 3, 3),
        ([expected(page, None), wider], 2),
    ):
        with pytest.raises(PackagingError) as caught:
            prove(pdf, wanted)
        assert (caught.value.slug, caught.value.params) == ("pack.pages_differ", {"page": at})


def test_a_page_drawn_anew_must_be_looked_at(drawn):
    with pytest.raises(ValueError, match="page 4"):
        expected(_redrawn(drawn), None, 4)


def test_rubbish_and_broken_references_are_refused(drawn, tmp_path):
    page = straight(drawn)
    for pdf in (b"no pdf", tmp_path / "nowhere.pdf"):
        with pytest.raises(PackagingError) as caught:
            prove(pdf, [expected(page, None)])
        assert caught.value.slug == "pack.unreadable"
    with pytest.raises(PackagingError) as caught:
        prove(compose([page], META), [expected(page, b"no picture")])
    assert caught.value.slug == "pack.bad_image"


def _cropped(drawn: Drawn, left: int, top: int, size: tuple[int, int]) -> PageInput:
    words = tuple(
        WordBox(
            w.text, w.x0 - left, w.y0 - top, w.x1 - left, w.y1 - top, w.baseline_y - top, w.line
        )
        for w in drawn.words
    )
    shift = (1.0, 0.0, -left, 0.0, 1.0, -top, 0.0, 0.0, 1.0)
    return PageInput(jpeg(drawn.picture), drawn.dpi, drawn.dpi, shift, *size, words)


def test_a_crop_keeps_the_bytes_and_shows_the_paper_only(drawn):
    """An A5 paper on an A4 bed: its millimetres, its pixels, its words, and nothing beside it."""
    bed = Image.new("RGB", (1240, 1754), (40, 40, 40))
    paper = draw(150, (148, 210))
    bed.paste(paper.picture, (170, 230))
    placed = tuple(
        WordBox(w.text, w.x0 + 170, w.y0 + 230, w.x1 + 170, w.y1 + 230, w.baseline_y + 230, w.line)
        for w in paper.words
    )
    page = _cropped(Drawn(bed, placed, 150), 170, 230, paper.picture.size)
    pdf = compose([page], META)
    with pikepdf.open(io.BytesIO(pdf)) as document:
        image = document.pages[0].obj.Resources.XObject.Im0
        assert image.read_raw_bytes() == page.image
    ((width, height),) = poppler.page_sizes(pdf)
    assert abs(width * 25.4 / 72 - 148) < 0.2
    assert abs(height * 25.4 / 72 - 210) < 0.2
    (likeness,) = prove(pdf, [expected(page, _looks(paper))])
    assert likeness is not None
    assert likeness.worst_tile < 10
    shown = np.asarray(poppler.render(pdf, 1, 150), dtype=int)
    assert (shown.max(axis=2) > 60)[5:-5, 5:-5].mean() > 0.9
    assert shown[3:-3, 3:-3].min(axis=2)[[0, -1]].min() > 150  # no bed along the edges
    for found, true in zip(poppler.words(pdf)[0], paper.words, strict=True):
        assert found.text == true.text
        assert abs(found.x0 - true.x0 * 0.48) < 0.3
        assert 0 <= found.x0 <= found.x1 <= width + 0.01
        assert 0 <= found.y0 <= found.y1 <= height + 0.01


def test_bookmarks_do_not_change_how_pages_look(drawn):
    page = straight(drawn)
    pdf = compose([page], META, bookmarks=[Bookmark("Đơn", 1)])
    assert prove(pdf, [expected(page, None)]) == (None,)
