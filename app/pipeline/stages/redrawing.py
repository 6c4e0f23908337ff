"""A page drawn anew for a smaller package, kept only when it still looks the same.

Each page is composed by itself, drawn by PDFium and laid beside the page as it was shown to the
reader. What does not hold is drawn one step more faithfully, in the end as it was captured.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Final

from app.packaging.compose import compose
from app.packaging.errors import PackagingError
from app.packaging.ladder import Profile, recompress
from app.packaging.model import Metadata, PageInput
from app.packaging.prove import expected, prove, reference
from ocr.image import PageImage

STEPS: Final[Mapping[Profile, Sequence[Profile]]] = {
    "standard": ("standard",),
    "compact": ("compact", "standard"),
}


def redrawn(page: PageInput, shown: PageImage, profile: Profile) -> PageInput:
    """The page with layers, or as it was captured when no step of the profile holds.

    Args:
        page: for packaging, with its words.
        shown: the displayed page, upright and straight.
        profile: how small it may become.
    """
    wanted = reference(shown.pixels, shown.dpi_x)
    for step in STEPS[profile]:
        tried = dataclasses.replace(page, layers=recompress(shown.pixels, shown.dpi_x, step))
        if _holds(tried, wanted):
            return dataclasses.replace(tried, image=b"")
    return page


def _holds(page: PageInput, wanted: bytes) -> bool:
    bare = dataclasses.replace(page, words=())  # the picture alone is in question
    try:
        prove(compose([bare], Metadata(title="")), [expected(bare, wanted)])
    except PackagingError:
        return False
    return True
