"""How a picture lies on its page: one affine matrix, nothing is resampled.

The page keeps the millimetres of the paper. Its resolution is therefore not taken for granted
but computed: row vectors of the matrix, taken from source inches, must have length one.

Source: ISO 32000-1, 8.3.4 (image space is the unit square, y upwards); Decree 30/2020/ND-CP,
Appendix I (digitised copies at 100 percent).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.packaging.errors import PackagingError

if TYPE_CHECKING:
    from app.packaging.model import PageInput

PT_PER_INCH = 72.0
MIN_SIDE_PT = 3.0  # ISO 19005-2, 6.1.13
MAX_SIDE_PT = 14400.0
MIN_DPI = 10.0
MAX_DPI = 10000.0
SMALLEST_DETERMINANT = 1e-9
LARGEST_NUMBER = 1e7  # of a matrix: beyond it the numbers of a PDF lose their decimals


@dataclass(frozen=True, slots=True)
class Placement:
    """Where everything of one page goes.

    Args:
        width_pt: width of the page.
        height_pt: height of the page.
        pt_per_px_x: points for one displayed px along the page's width.
        pt_per_px_y: points for one displayed px along the page's height.
        cm: the six numbers that carry the unit square of the picture onto the page.
    """

    width_pt: float
    height_pt: float
    pt_per_px_x: float
    pt_per_px_y: float
    cm: tuple[float, float, float, float, float, float]

    def x_pt(self, x_px: float) -> float:
        """Distance from the left edge, kept on the page."""
        return min(max(x_px * self.pt_per_px_x, 0.0), self.width_pt)

    def y_pt(self, y_px: float) -> float:
        """Distance from the lower edge, kept on the page."""
        return self.height_pt - min(max(y_px * self.pt_per_px_y, 0.0), self.height_pt)


Affine = tuple[float, float, float, float, float, float]


def orient(orientation: int, width: int, height: int) -> Affine:
    """Stored px -> px of the picture as its file wants it held, row by row: a b tx c d ty.

    Args:
        orientation: 1 to 8.
        width: of the stored picture.
        height: of the stored picture.

    *Source:* EXIF 2.32, tag 0x0112.
    """
    turns: dict[int, Affine] = {
        1: (1, 0, 0, 0, 1, 0),
        2: (-1, 0, width, 0, 1, 0),
        3: (-1, 0, width, 0, -1, height),
        4: (1, 0, 0, 0, -1, height),
        5: (0, 1, 0, 1, 0, 0),
        6: (0, -1, height, 1, 0, 0),
        7: (0, -1, height, -1, 0, width),
        8: (0, 1, 0, -1, 0, width),
    }
    return turns[orientation]


def page_box(page: PageInput, number: int) -> Placement:
    """The placement of a picture that covers the whole displayed page.

    Args:
        page: its matrix, resolution and displayed size.
        number: of the page, from 1, for the error.

    Raises:
        PackagingError: ``pack.bad_geometry`` for a matrix that is not affine or not invertible,
            for resolutions that no device has and for pages that PDF/A does not allow.
    """
    a, b, _, c, d, _, g, h, w = page.matrix
    numbers = (*page.matrix, page.dpi_x, page.dpi_y)
    sound = (
        all(map(math.isfinite, numbers))
        and (g, h) == (0.0, 0.0)
        and w == 1.0
        and abs(a * d - b * c) > SMALLEST_DETERMINANT
        and all(abs(number) <= LARGEST_NUMBER for number in page.matrix)
        and all(MIN_DPI <= dpi <= MAX_DPI for dpi in (page.dpi_x, page.dpi_y))
    )
    if not sound:
        raise PackagingError("pack.bad_geometry", page=number)
    kx = PT_PER_INCH / math.hypot(a * page.dpi_x, b * page.dpi_y)
    ky = PT_PER_INCH / math.hypot(c * page.dpi_x, d * page.dpi_y)
    width_pt, height_pt = page.width_px * kx, page.height_px * ky
    if not all(MIN_SIDE_PT <= side <= MAX_SIDE_PT for side in (width_pt, height_pt)):
        raise PackagingError("pack.bad_geometry", page=number)
    return Placement(width_pt, height_pt, kx, ky, (width_pt, 0.0, 0.0, height_pt, 0.0, 0.0))


def place(page: PageInput, stored_px: tuple[int, int], orientation: int, number: int) -> Placement:
    """The placement of the scan on its page.

    Args:
        page: its matrix, resolution and displayed size; a shift and a size smaller than the scan
            cut it: what lies outside the page is kept in the file and not shown.
        stored_px: width and height of the picture as its own header gives them.
        orientation: the turn that the file itself asks for, 1 to 8; the matrix comes after it.
        number: of the page, from 1, for the error.

    Raises:
        PackagingError: ``pack.bad_geometry`` as ``page_box`` does.
    """
    box = page_box(page, number)
    kx, ky = box.pt_per_px_x, box.pt_per_px_y
    a, b, tx, c, d, ty, *_ = page.matrix
    across, down = stored_px
    ea, eb, ex, ec, ed, ey = orient(orientation, across, down)
    a, b, tx = a * ea + b * ec, a * eb + b * ed, a * ex + b * ey + tx
    c, d, ty = c * ea + d * ec, c * eb + d * ed, c * ex + d * ey + ty
    cm = (
        kx * a * across,
        -ky * c * across,
        -kx * b * down,
        ky * d * down,
        kx * (b * down + tx),
        box.height_pt - ky * (d * down + ty),
    )
    return replace(box, cm=cm)


def pdf_number(value: float) -> str:
    """A PDF number: at most six decimals, no exponent, no negative zero."""
    text = f"{value:.6f}".rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text
