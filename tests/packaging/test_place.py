"""The page keeps the paper's millimetres, and the picture lies upright in two readers."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageFilter

from app.packaging.compose import compose
from app.packaging.errors import PackagingError
from app.packaging.model import IDENTITY, Metadata, PageInput
from app.packaging.preview import render_page
from tests.packaging import poppler
from tests.packaging.drawn import crooked, draw, jpeg, straight

META = Metadata("Giấy thử")
MM = 25.4 / 72
TURNS = [(0.0, 0), (3.1, 0), (-4.73, 0), (0.0, 90), (0.0, 180), (0.0, 270), (2.17, 90), (-1.9, 270)]


@pytest.mark.parametrize(
    ("mm", "dpi"),
    [((210, 297), 300), ((297, 420), 200), ((148, 210), 300), ((85.6, 54), 600), ((80, 2000), 150)],
)
def test_paper_keeps_its_millimetres(mm, dpi):
    page = draw(dpi, mm) if mm[1] < 1000 else None
    if page is None:
        size = tuple(round(side * dpi / 25.4) for side in mm)
        image = PageInput(jpeg(Image.new("L", size, 255)), dpi, dpi, IDENTITY, *size)
    else:
        image = straight(page)
    ((width, height),) = poppler.page_sizes(compose([image], META))
    assert abs(width * MM - mm[0]) < 0.2
    assert abs(height * MM - mm[1]) < 0.2


def test_unequal_resolutions_keep_the_millimetres_both_ways(drawn):
    """A fax of 200 x 100 dpi, shown as it is and stretched to square pixels."""
    size = (1654, 1169)
    image = jpeg(drawn.picture.resize(size))
    plain = PageInput(image, 200, 100, IDENTITY, *size)
    stretched = PageInput(image, 200, 100, (1, 0, 0, 0, 2, 0, 0, 0, 1), 1654, 2338)
    quarter = PageInput(image, 200, 100, (0, -2, 2338, 1, 0, 0, 0, 0, 1), 2338, 1654)
    sizes = poppler.page_sizes(compose([plain, stretched, quarter], META))
    for (width, height), (want_x, want_y) in zip(
        sizes, [(210, 297), (210, 297), (297, 210)], strict=True
    ):
        assert abs(width * MM - want_x) < 0.2
        assert abs(height * MM - want_y) < 0.2


def test_a_reduced_display_does_not_shrink_the_paper(drawn):
    half = tuple(v / 2 if i < 6 else v for i, v in enumerate(IDENTITY))
    width, height = drawn.picture.width // 2, drawn.picture.height // 2
    page = replace(straight(drawn), matrix=half, width_px=width, height_px=height)
    ((shown, _),) = poppler.page_sizes(compose([page], META))
    assert abs(shown * MM - 210) < 0.3


@pytest.mark.parametrize("turn", TURNS)
def test_pixels_lie_upright_in_poppler_and_pdfium(drawn, turn):
    """Ink only, and blurred: how a reader smooths edges or rounds white does not count."""
    pdf = compose([crooked(drawn, *turn)], META)
    expected = _soft(drawn.picture.resize((620, 877), Image.Resampling.BOX))
    # PDFium turns pictures with angles rounded to 1/256: 0.11 degrees, 1.7 px at the far edge.
    limits = {"poppler": (0.4, 4), "pdfium": (0.4, 4) if turn[0] == 0 else (1.0, 20)}
    for reader, shown in (
        ("poppler", poppler.render(pdf, 1, 150)),
        ("pdfium", Image.open(io.BytesIO(render_page(pdf, 0, drawn.picture.width)))),
    ):
        soft = _soft(shown.convert("RGB").resize((620, 877), Image.Resampling.BOX))
        difference = np.abs(soft - expected)
        tiles = difference[:868, :616].reshape(31, 28, 22, 28, 3).mean(axis=(1, 3, 4))
        print(turn, reader, "mean", difference.mean(), "worst tile", tiles.max())
        assert difference.mean() < limits[reader][0]
        assert tiles.max() < limits[reader][1]


@pytest.mark.parametrize("wrong_deg", [0.5, 90, 180, 270])
def test_a_page_half_a_degree_off_would_fail_that_comparison(drawn, wrong_deg):
    page = crooked(drawn, wrong_deg)
    pdf = compose([replace(page, matrix=IDENTITY)], META)
    shown = _soft(poppler.render(pdf, 1, 150).resize((620, 877), Image.Resampling.BOX))
    expected = _soft(drawn.picture.resize((620, 877), Image.Resampling.BOX))
    assert np.abs(shown - expected).mean() > 0.8  # twice the limit above


def _soft(picture: Image.Image) -> np.ndarray:
    soft = np.asarray(picture.filter(ImageFilter.GaussianBlur(2)), dtype=float)
    return np.clip(250 - soft, 0, None)


@pytest.mark.parametrize(
    "change",
    [
        {"matrix": (1.0, 0, 0, 0, float("nan"), 0, 0, 0, 1.0)},
        {"matrix": (1.0, 2.0, 0, 2.0, 4.0, 0, 0, 0, 1.0)},
        {"matrix": (1.0, 0, 0, 0, 1.0, 0, 0.001, 0, 1.0)},
        {"matrix": (0.0,) * 9},
        {"matrix": (1.0, 0, 0, 0, 1.0, float("inf"), 0, 0, 1.0)},
        {"dpi_x": 0.0},
        {"dpi_y": -300.0},
        {"dpi_x": float("nan")},
        {"dpi_x": 1.0, "dpi_y": 1.0},
        {"width_px": 0},
        {"height_px": -5},
        {"width_px": 10_000_000},
    ],
)
def test_impossible_geometry_is_refused_with_its_page(drawn, change):
    with pytest.raises(PackagingError) as caught:
        compose([straight(drawn), replace(straight(drawn), **change)], META)
    assert caught.value.slug == "pack.bad_geometry"
    assert caught.value.params == {"page": 2}
