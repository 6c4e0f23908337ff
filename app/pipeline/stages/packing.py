"""Papers: pages, geometry and words in, a proved PDF/A out. Imports ``app.packaging``."""

from __future__ import annotations

import datetime as dt
from typing import cast

from app.domain.ids import BlobId
from app.packaging.compose import compose
from app.packaging.model import Metadata, PageInput, WordBox
from app.packaging.validate import gate
from app.pipeline.context import Context
from ocr.clean import CleanPage
from ocr.text import PageText


def compose_document(context: Context) -> BlobId:
    """The PDF/A of one paper, proved before anyone may sign it.

    Raises:
        PackagingError: pack.no_pages, pack.bad_image, pack.not_compliant.
    """
    blobs = context.vault.blobs
    inputs = context.job.inputs
    resolutions = cast("list[int]", context.job.params["dpi"])
    pages = [
        page_input(
            blobs.read(inputs[i]),
            CleanPage.from_json(blobs.read(inputs[i + 1])),
            PageText.from_json(blobs.read(inputs[i + 2])),
            (float(dpi), float(dpi)),
        )
        for i, dpi in zip(range(0, len(inputs), 3), resolutions, strict=True)
    ]
    meta = Metadata(
        title=context.text("title"),
        created=dt.datetime.fromisoformat(context.text("created")),
    )
    pdf = compose(pages, meta)
    gate(pdf)
    return blobs.put(pdf)


def page_input(
    image: bytes, clean: CleanPage, text: PageText, dpi: tuple[float, float]
) -> PageInput:
    """One page as the packaging room takes it: captured bytes, matrix, words."""
    geometry = clean.geometry
    return PageInput(
        image=image,
        dpi_x=dpi[0],
        dpi_y=dpi[1],
        matrix=geometry.matrix,
        width_px=geometry.width_px,
        height_px=geometry.height_px,
        words=tuple(
            WordBox(
                text=word.text,
                x0=word.box[0],
                y0=word.box[1],
                x1=word.box[2],
                y1=word.box[3],
                baseline_y=word.baseline_y,
                line=word.line,
            )
            for word in text.words
        ),
    )
