"""Pages in, one searchable PDF/A-2u out; equal input gives equal bytes.

Nothing here looks at a clock, a random number or the disk: dates are part of the metadata, and
the file's identifier is computed from its content.

Source: ISO 19005-2; ISO 32000-1.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from pikepdf import Array, Dictionary, Name, ObjectStreamMode, Page, Pdf, Stream, String

from app.packaging.errors import PackagingError
from app.packaging.geometry import Placement, pdf_number, place
from app.packaging.glyphless import fill_font
from app.packaging.icc import DESCRIPTION, srgb_profile
from app.packaging.metadata import write_metadata
from app.packaging.picture import embed
from app.packaging.textlayer import FONT_RESOURCE, LetterCodes, text_operators

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pikepdf import Object

    from app.packaging.model import Metadata, PageInput

PDF_VERSION = "1.7"
IMAGE_RESOURCE = "Im0"


def compose(pages: Sequence[PageInput], meta: Metadata) -> bytes:
    """The PDF/A-2u file of ``pages``, in their order, one page each.

    The picture of each page is embedded faithfully (a grey or RGB JPEG byte for byte) and only
    laid by a matrix; crop, skew and turn do not touch its pixels. Each page is read from
    ``pages`` once, so a lazy sequence keeps only one page's picture at a time beside the result.

    Raises:
        PackagingError: ``pack.no_pages``; ``pack.bad_image``, ``pack.too_large``,
            ``pack.many_frames`` and ``pack.bad_geometry`` with the page's number from 1.
    """
    if not len(pages):
        raise PackagingError("pack.no_pages")
    with Pdf.new() as pdf:
        codes = LetterCodes()
        font = pdf.make_indirect(Dictionary())
        for number in range(1, len(pages) + 1):
            _add_page(pdf, pages[number - 1], font, codes, number)
        if codes.letters:
            fill_font(pdf, font, codes.letters)
        _set_output_intent(pdf)
        write_metadata(pdf, meta)
        out = BytesIO()
        pdf.save(
            out,
            min_version=PDF_VERSION,
            force_version=PDF_VERSION,
            deterministic_id=True,
            object_stream_mode=ObjectStreamMode.disable,
            compress_streams=True,
            linearize=False,
        )
        return out.getvalue()


def _add_page(pdf: Pdf, page: PageInput, font: Object, codes: LetterCodes, number: int) -> None:
    picture = embed(pdf, page.image, number)
    placement = place(page, (picture.width_px, picture.height_px), picture.orientation, number)
    text = text_operators(page.words, placement, codes, number)
    resources = Dictionary(XObject=Dictionary({f"/{IMAGE_RESOURCE}": picture.image}))
    if text:
        resources.Font = Dictionary({f"/{FONT_RESOURCE}": font})
    leaf = Dictionary(
        Type=Name.Page,
        MediaBox=_media_box(placement),
        Resources=resources,
        Contents=Stream(pdf, _picture_operators(placement) + text),
    )
    pdf.pages.append(Page(pdf.make_indirect(leaf)))


def _media_box(placement: Placement) -> Array:
    return Array([0, 0, round(placement.width_pt, 4), round(placement.height_pt, 4)])


def _picture_operators(placement: Placement) -> bytes:
    matrix = " ".join(map(pdf_number, placement.cm))
    return f"q {matrix} cm /{IMAGE_RESOURCE} Do Q\n".encode("ascii")


def _set_output_intent(pdf: Pdf) -> None:
    profile = Stream(pdf, srgb_profile())
    profile.N = 3
    name = String(DESCRIPTION.decode("ascii"))
    intent = Dictionary(
        Type=Name.OutputIntent,
        S=Name.GTS_PDFA1,
        OutputConditionIdentifier=name,
        Info=name,
        DestOutputProfile=pdf.make_indirect(profile),
    )
    pdf.Root.OutputIntents = Array([intent])
