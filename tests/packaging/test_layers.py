"""The layers in the file: every reader draws the very mask that was computed, in its colour."""

from __future__ import annotations

import subprocess

import numpy as np
import pytest
from PIL import Image

from app.packaging.bilevel import group4
from app.packaging.ladder import recompress
from app.packaging.model import Layers, Mask
from app.packaging.mrc import neutral_ink
from app.packaging.validate import gate
from app.packaging.whiten import survey, whiten
from tests.corpus.scanbed import Look, scan, to_bgr
from tests.packaging.drawn import jpeg
from tests.packaging.layered import DPI, as_pdf, printed, shown

INK = (28, 30, 33)


@pytest.fixture(scope="module")
def page():
    return scan(to_bgr(printed(20, 6.5).image), Look(), 4)[:1400]


@pytest.fixture(scope="module")
def ink(page):
    found = survey(page, DPI)
    mask = neutral_ink(whiten(page, found), found, DPI)
    assert mask.mean() > 0.01
    return mask


def stencilled(ink):
    height, width = ink.shape
    white = jpeg(Image.new("RGB", (width // 2, height // 2), "white"))
    return Layers(white, Mask(group4(ink), "g4", width, height, INK))


def test_no_glyph_is_ever_substituted_pdfium_draws_the_mask_px_by_px(page, ink):
    drawn = shown(as_pdf(stencilled(ink), page))
    assert drawn.shape[:2] == ink.shape
    assert np.array_equal(drawn.max(axis=2) < 128, ink)
    assert set(map(tuple, drawn[ink])) == {INK[::-1]}


def test_no_glyph_is_ever_substituted_poppler_decodes_the_mask_px_by_px(page, ink, tmp_path):
    (tmp_path / "page.pdf").write_bytes(as_pdf(stencilled(ink), page))
    subprocess.run(["pdfimages", "-png", "page.pdf", "im"], cwd=tmp_path, check=True, timeout=60)
    with Image.open(tmp_path / "im-001.png") as picture:
        decoded = np.asarray(picture.convert("1"))
    assert np.array_equal(decoded, ink) or np.array_equal(~decoded, ink)


def test_the_mask_in_a_compact_page_is_the_one_computed(page, ink):
    layers = recompress(page, DPI, "compact")
    assert layers.mask is not None
    assert layers.mask.codec == "g4"
    assert layers.mask.data == group4(ink)


def test_pages_drawn_anew_pass_the_gate_and_verapdf(page, verapdf):
    grey = np.ascontiguousarray(page[..., 1])
    pdfs = {
        "standard": as_pdf(recompress(page, DPI, "standard"), page),
        "compact": as_pdf(recompress(page, DPI, "compact"), page),
        "grey": as_pdf(recompress(grey, DPI, "compact"), grey),
    }
    for pdf in pdfs.values():
        gate(pdf)
    assert verapdf(pdfs) == dict.fromkeys(pdfs, ())
