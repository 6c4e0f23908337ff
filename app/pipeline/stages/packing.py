"""Papers: pages, geometry and words in, a proved PDF/A out. Imports ``app.packaging``."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Final, cast

from app.domain.ids import BlobId
from app.packaging.compose import compose
from app.packaging.ladder import Profile
from app.packaging.model import Metadata, PageInput
from app.packaging.prove import ExpectedPage, expected, prove
from app.packaging.validate import gate
from app.pipeline.context import Context
from app.pipeline.stages.imaging import load
from app.pipeline.stages.leaf import Leaves, page_input
from app.pipeline.stages.redrawing import redrawn
from ocr.clean import CleanPage
from ocr.text import PageText
from ocr.warp import render

FAITHFUL: Final = "faithful"


def compose_document(context: Context) -> BlobId:
    """The PDF/A of one paper, proved before anyone may sign it.

    Raises:
        PackagingError: pack.no_pages, pack.bad_image, pack.not_compliant, pack.text_differs.
    """
    pages = _Pages(context)
    meta = Metadata(
        title=context.text("title"),
        created=dt.datetime.fromisoformat(context.text("created")),
    )
    pdf = compose(pages, meta)
    gate(pdf)
    prove(pdf, pages.promised)
    return context.vault.blobs.put(pdf)


class _Pages(Leaves):
    """The pages of a paper, each made when it is asked for: one picture at a time.

    Attributes:
        promised: size and words of each page that was made, in the order it was asked for.
    """

    def __init__(self, context: Context) -> None:
        self._blobs = context.vault.blobs
        self._inputs = context.job.inputs
        self._dpi = cast("list[int]", context.job.params["dpi"])
        self._packing = context.text("packing")
        self.promised: list[ExpectedPage] = []

    def __len__(self) -> int:
        return len(self._dpi)

    def made(self, at: int) -> PageInput:
        """The page at this place, from 0."""
        captured, clean, text = (
            self._blobs.read(blob) for blob in self._inputs[3 * at : 3 * at + 3]
        )
        cleaned, dpi = CleanPage.from_json(clean), float(self._dpi[at])
        page = page_input(captured, cleaned, PageText.from_json(text), (dpi, dpi))
        self.promised.append(expected(dataclasses.replace(page, image=b""), None))
        if self._packing == FAITHFUL:
            return page
        shown = render(load(captured, self._dpi[at]), cleaned.geometry)
        return redrawn(page, shown, cast("Profile", self._packing))
