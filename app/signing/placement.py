"""Where on page 1 a stamp may stand: top right if free, else along the top, else down the right.

Nothing written, drawn or stamped may disappear under it. What counts as ink is looked at on the
page as a reader would see it, not guessed from the page's structure: a scanned paper is one image.

Source: Decree 30/2020/ND-CP, Appendix I, Part II (place of the signature on a copy).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pypdfium2

from app.signing.errors import SigningError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from app.signing.appearance import Stamp

Box = tuple[int, int, int, int]

MARGIN_PT: Final = 8
STEP_PT: Final = 4

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


def _positions(width: float, height: float, stamp: Stamp) -> Iterator[Box]:
    """Boxes to try, best first, relative to the visible page; integers only."""
    right = int(width) - MARGIN_PT
    top = int(height) - MARGIN_PT
    w, h = stamp.width_pt, stamp.height_pt
    for x in range(right - w, MARGIN_PT - 1, -STEP_PT):
        yield x, top - h, x + w, top
    for y in range(top - h - STEP_PT, MARGIN_PT - 1, -STEP_PT):
        yield right - w, y, right, y + h


def place(pdf: bytes, stamp: Stamp) -> Box:
    """A free box for ``stamp`` on page 1: (left, bottom, right, top) in pt of the page's space.

    Raises:
        SigningError: ``sign.no_room`` when every place has ink or the page is too small,
            ``sign.page_rotated`` for a turned page, ``sign.unreadable_pdf``.
    """
    try:
        document = pypdfium2.PdfDocument(pdf)
    except pypdfium2.PdfiumError as trouble:
        raise SigningError("sign.unreadable_pdf", why="damaged") from trouble
    try:
        document.init_forms()  # earlier stamps are form widgets; they are ink too
        page = document[0]
        if page.get_rotation() != 0:
            raise SigningError("sign.page_rotated")
        left, bottom, right, top = page.get_cropbox()
        dark = ink(page)
        page.close()
    except (pypdfium2.PdfiumError, IndexError, ValueError) as trouble:
        raise SigningError("sign.unreadable_pdf", why="damaged") from trouble
    finally:
        document.close()
    width, height = right - left, top - bottom
    for x0, y0, x1, y1 in _positions(width, height, stamp):
        rows = slice(
            max(0, int((height - y1 - _PAD_PT) * _SCALE)), int((height - y0 + _PAD_PT) * _SCALE) + 1
        )
        columns = slice(max(0, (x0 - _PAD_PT) * _SCALE), (x1 + _PAD_PT) * _SCALE)
        if int(np.count_nonzero(dark[rows, columns])) <= _SPECK_PX:
            dx, dy = round(left), round(bottom)
            return x0 + dx, y0 + dy, x1 + dx, y1 + dy
    raise SigningError("sign.no_room")
