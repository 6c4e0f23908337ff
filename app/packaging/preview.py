"""Pages of a finished file as pictures for the screen, drawn by PDFium."""

from __future__ import annotations

from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING

import pypdfium2

from app.packaging.errors import PackagingError

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_WIDTH_PX = 8192
MAX_HEIGHT_PX = 32_768
ROUNDING = 1e-6


def page_count(pdf: bytes) -> int:
    """How many pages the file has.

    Raises:
        PackagingError: ``pack.unreadable``.
    """
    with _opened(pdf) as document:
        return len(document)


def render_page(pdf: bytes, page: int, width_px: int) -> bytes:
    """A PNG of one page, ``width_px`` wide, as printed: signature stamps are drawn too.

    Args:
        pdf: the file.
        page: counted from 0.
        width_px: 1 to 8192; a page far taller than wide comes out narrower.

    Raises:
        PackagingError: ``pack.unreadable``; ``pack.no_such_page`` (its ``page`` counts from 1).
        ValueError: for a width outside 1 to 8192.
    """
    if not 1 <= width_px <= MAX_WIDTH_PX:
        raise ValueError(f"width_px {width_px}")
    with _opened(pdf) as document:
        if not 0 <= page < len(document):
            raise PackagingError("pack.no_such_page", page=page + 1)
        if document.get_formtype():
            document.init_forms()
        leaf = document[page]
        width_pt, height_pt = leaf.get_size()
        # PDFium rounds up: a hair less keeps a rounding error from adding a column.
        scale = min(width_px / width_pt, MAX_HEIGHT_PX / height_pt) * (1 - ROUNDING)
        picture = leaf.render(scale=scale, may_draw_forms=True).to_pil()
        out = BytesIO()
        picture.convert("RGB").save(out, "PNG", compress_level=1)
        return out.getvalue()


@contextmanager
def _opened(pdf: bytes) -> Iterator[pypdfium2.PdfDocument]:
    try:
        document = pypdfium2.PdfDocument(pdf)
    except pypdfium2.PdfiumError as e:
        raise PackagingError("pack.unreadable") from e
    try:
        yield document
    finally:
        document.close()
