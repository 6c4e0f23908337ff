"""What the clerk sees of a finished file is what a printer would print of it."""

from __future__ import annotations

import io

import numpy as np
import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Stream, String
from PIL import Image

from app.packaging.compose import compose
from app.packaging.errors import PackagingError
from app.packaging.model import Metadata
from app.packaging.preview import page_count, render_page
from tests.packaging.drawn import draw, straight


@pytest.fixture(scope="module")
def pdf() -> bytes:
    a4, a5 = draw(100), draw(100, (210, 148))
    return compose([straight(a4), straight(a5)], Metadata("Giấy thử"))


def _open(png: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(png))
    assert picture.format == "PNG"
    return picture


@pytest.mark.parametrize("width", [1, 33, 900, 1240, 2480])
def test_preview_is_as_wide_as_asked_and_keeps_the_shape(pdf, width):
    assert page_count(pdf) == 2
    first, second = (_open(render_page(pdf, page, width)) for page in (0, 1))
    assert (first.width, second.width) == (width, width)
    assert abs(first.height - width * 297 / 210) <= 2
    assert abs(second.height - width * 148 / 210) <= 2


def test_equal_input_gives_equal_pictures(pdf):
    assert render_page(pdf, 0, 500) == render_page(pdf, 0, 500)


def test_the_stamp_of_a_signature_field_is_drawn(pdf):
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as document:
        stamp = Stream(document, b"0 0 1 rg 0 0 200 60 re f")
        stamp.Type, stamp.Subtype, stamp.BBox = Name.XObject, Name.Form, Array([0, 0, 200, 60])
        field = document.make_indirect(
            Dictionary(
                Type=Name.Annot,
                Subtype=Name.Widget,
                FT=Name.Sig,
                T=String("Clerk-1"),
                F=132,
                Rect=Array([380, 770, 580, 830]),
                AP=Dictionary(N=document.make_indirect(stamp)),
            )
        )
        document.pages[0].obj.Annots = Array([field])
        document.Root.AcroForm = Dictionary(Fields=Array([field]), SigFlags=3)
        document.save(out)
    shown = np.asarray(_open(render_page(out.getvalue(), 0, 595)), dtype=int)
    blue = (shown[:, :, 2] > 200) & (shown[:, :, 1] < 60)
    rows, columns = np.nonzero(blue)
    assert abs(columns.min() - 380) < 3
    assert abs(rows.min() - (842 - 830)) < 3
    assert blue[14:70, 384:576].all()


@pytest.mark.parametrize("page", [-1, 2, 10**6])
def test_a_page_that_is_not_there_is_named(pdf, page):
    with pytest.raises(PackagingError) as caught:
        render_page(pdf, page, 300)
    assert caught.value.slug == "pack.no_such_page"
    assert caught.value.params == {"page": page + 1}


@pytest.mark.parametrize("data", [b"", b"rubbish" * 50, b"%PDF-1.7\n%%EOF\n"])
def test_what_is_no_pdf_is_refused(data):
    for call in (lambda: page_count(data), lambda: render_page(data, 0, 300)):
        with pytest.raises(PackagingError) as caught:
            call()
        assert caught.value.slug == "pack.unreadable"


@pytest.mark.parametrize("width", [0, -3, 100_000])
def test_an_impossible_width_is_a_fault_of_the_caller(pdf, width):
    with pytest.raises(ValueError, match="width_px"):
        render_page(pdf, 0, width)


def test_a_page_like_a_ribbon_does_not_fill_the_memory(pdf):
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as document:
        document.pages[0].obj.MediaBox = Array([0, 0, 3, 14_000])
        document.save(out)
    ribbon = _open(render_page(out.getvalue(), 0, 8192))
    assert ribbon.height <= 32_768
