"""Where on page 1 a stamp may stand: top right if free, else along the top, else down the right.

Nothing written, drawn or stamped may disappear under it. What counts as ink is looked at on the
page as a reader would see it, not guessed from the page's structure: a scanned paper is one image.

Source: Decree 30/2020/ND-CP, Appendix I, Part II (place of the signature on a copy).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pypdfium2

from app.signing.errors import SigningError

if TYPE_CHECKING:
    import numpy.typing as npt

    from app.signing.appearance import Stamp

    Corners = npt.NDArray[np.int64]

Box = tuple[int, int, int, int]

MARGIN_PT: Final = 8
STEP_PT: Final = 4
MAX_SIDE_PT: Final = 3400  # above A0; a larger page would not be rendered in sane memory

_SCALE = 2  # 144 dpi: a full stop of 10 pt is four pixels
_PAD_PT = 2  # letters must not touch the box either
_CONTRAST = 48  # of 255 below the paper
_DARK = 140  # darker than this is never bare paper
_SPECK_PX = 2  # so few dark pixels are dust


def ink(page: Any) -> npt.NDArray[np.bool_]:
    """Where a rendered page is not bare paper: bool H×W at 144 dpi, row 0 at the top.

    The darkest channel decides, so that a red seal or a blue pen counts as ink.
    """
    bitmap = page.render(scale=_SCALE, may_draw_forms=True, rev_byteorder=False)
    try:
        pixels = bitmap.to_numpy()[:, :, :3].min(axis=2)
    finally:
        bitmap.close()
    paper = int(np.percentile(pixels, 75))
    return np.asarray(pixels < max(paper - _CONTRAST, _DARK))


def _positions(right: int, top: int, stamp: Stamp, *, anywhere: bool) -> Corners:
    """Lower left corners to try, best first: int N×2, relative to the visible page."""
    last_x, last_y = right - stamp.width_pt, top - stamp.height_pt
    xs = np.arange(last_x, MARGIN_PT - 1, -STEP_PT)
    ys = np.arange(last_y, MARGIN_PT - 1, -STEP_PT)
    if not (xs.size and ys.size):
        return np.empty((0, 2), dtype=np.int64)
    along_top = np.column_stack((xs, np.full_like(xs, last_y)))
    down = np.column_stack((np.full_like(ys, last_x), ys))
    if not anywhere:
        return np.vstack((along_top, down))
    inside = np.column_stack((np.repeat(xs, ys.size), np.tile(ys, xs.size)))
    distance = np.hypot(last_x - inside[:, 0], last_y - inside[:, 1])
    return np.vstack((along_top, down, inside[np.argsort(distance, kind="stable")]))


class _Page:
    """Page 1 as it is seen: its visible box in pt and how much ink any part of it has."""

    def __init__(self, pdf: bytes) -> None:
        try:
            document = pypdfium2.PdfDocument(pdf)
        except pypdfium2.PdfiumError as trouble:
            raise SigningError("sign.unreadable_pdf", why="damaged") from trouble
        try:
            document.init_forms()  # earlier stamps are form widgets; they are ink too
            page = document[0]
            rotated = page.get_rotation() != 0
            self.left, self.bottom, self.right, self.top = _visible(page)
            if max(self.right - self.left, self.top - self.bottom) > MAX_SIDE_PT:
                raise SigningError("sign.unreadable_pdf", why="page_size")
            dark = ink(page)
            page.close()
        except (pypdfium2.PdfiumError, IndexError, ValueError) as trouble:
            raise SigningError("sign.unreadable_pdf", why="damaged") from trouble
        finally:
            document.close()
        if rotated:
            raise SigningError("sign.page_rotated")
        self._sums = np.pad(dark.cumsum(0, dtype=np.int64).cumsum(1), ((1, 0), (1, 0)))

    def free(self, corners: Corners, width_pt: int, height_pt: int) -> npt.NDArray[np.bool_]:
        """Which boxes (lower left corners int N×2 in pt) and a little around are bare paper."""
        x, y = corners[:, 0], corners[:, 1]
        rows, columns = (each - 1 for each in self._sums.shape)
        first_row = _pixel(np.floor((self.top - y - height_pt - _PAD_PT) * _SCALE), rows)
        last_row = _pixel(np.ceil((self.top - y + _PAD_PT) * _SCALE), rows)
        first = _pixel(np.floor((x - self.left - _PAD_PT) * _SCALE), columns)
        last = _pixel(np.ceil((x + width_pt - self.left + _PAD_PT) * _SCALE), columns)
        found = (
            self._sums[last_row, last]
            - self._sums[first_row, last]
            - self._sums[last_row, first]
            + self._sums[first_row, first]
        )
        return np.asarray(found <= _SPECK_PX)

    def holds(self, box: Box) -> bool:
        """Whether ``box`` lies wholly on the visible page."""
        x0, y0, x1, y1 = box
        return self.left <= x0 < x1 <= self.right and self.bottom <= y0 < y1 <= self.top


def _pixel(value: npt.NDArray[np.float64], limit: int) -> npt.NDArray[np.int64]:
    return np.clip(value, 0, limit).astype(np.int64)


def _visible(page: Any) -> tuple[float, float, float, float]:
    """What a reader sees of the page: its crop box within its media box."""
    crop, media = page.get_cropbox(), page.get_mediabox()
    left, bottom = max(crop[0], media[0]), max(crop[1], media[1])
    right, top = min(crop[2], media[2]), min(crop[3], media[3])
    if right <= left or top <= bottom:
        raise ValueError("an empty page")
    return left, bottom, right, top


def place(pdf: bytes, stamp: Stamp, *, anywhere: bool = False) -> Box:
    """A free box for ``stamp`` on page 1: (left, bottom, right, top) in pt of the page's space.

    Args:
        pdf: the paper.
        stamp: what is to stand there.
        anywhere: after the top and the right edge, also look inside the page, nearest to the top
            right first: for a human who was asked and agreed.

    Raises:
        SigningError: ``sign.no_room`` when every place has ink or the page is too small,
            ``sign.page_rotated`` for a turned page, ``sign.unreadable_pdf``.
    """
    page = _Page(pdf)
    dx, dy = math.ceil(page.left), math.ceil(page.bottom)
    right = math.floor(page.right) - dx - MARGIN_PT
    top = math.floor(page.top) - dy - MARGIN_PT
    corners = _positions(right, top, stamp, anywhere=anywhere) + np.array((dx, dy))
    free = page.free(corners, stamp.width_pt, stamp.height_pt)
    if not free.any():
        raise SigningError("sign.no_room")
    x, y = (int(each) for each in corners[int(np.argmax(free))])
    return x, y, x + stamp.width_pt, y + stamp.height_pt


def check_box(pdf: bytes, stamp: Stamp, box: Box) -> None:
    """Passes when ``stamp`` may stand in ``box``: large enough, on the page, on bare paper.

    Raises:
        SigningError: ``sign.no_room``, ``sign.page_rotated``, ``sign.unreadable_pdf``.
    """
    page = _Page(pdf)
    x0, y0, x1, y1 = box
    fits = x1 - x0 >= stamp.width_pt and y1 - y0 >= stamp.height_pt
    bare = page.free(np.array([[x0, y0]]), x1 - x0, y1 - y0).all()
    if not (fits and page.holds(box) and bare):
        raise SigningError("sign.no_room")
