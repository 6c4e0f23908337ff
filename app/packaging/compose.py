"""Pages in, one searchable PDF/A out; equal input gives equal bytes.

Nothing here looks at a clock or a random number: dates are part of the metadata, and the file's
identifier is computed from its content.

Source: ISO 19005-2 and -3; ISO 32000-1.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeAlias

from pikepdf import Array, Dictionary, Name, ObjectStreamMode, Page, Pdf, Stream, String

from app.packaging.deflate import deflated
from app.packaging.errors import PackagingError
from app.packaging.geometry import Placement, page_box, pdf_number, place
from app.packaging.glyphless import fill_font
from app.packaging.icc import DESCRIPTION, srgb_profile
from app.packaging.layers import PICTURE_RESOURCE, embed_layers
from app.packaging.metadata import write_metadata
from app.packaging.outline import (
    check_attachments,
    check_bookmarks,
    write_attachments,
    write_bookmarks,
)
from app.packaging.picture import embed
from app.packaging.spool import Spool
from app.packaging.textlayer import FONT_RESOURCE, LetterCodes, text_operators

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from app.packaging.model import Attachment, Bookmark, Flavour, Metadata, PageInput

Bookmarks: TypeAlias = "Sequence[Bookmark] | Callable[[], Sequence[Bookmark]]"
PDF_VERSION = "1.7"
WITH_ATTACHMENTS: Flavour = "3b"


def compose(
    pages: Sequence[PageInput],
    meta: Metadata,
    *,
    flavour: Flavour = "2u",
    bookmarks: Bookmarks = (),
    attachments: Sequence[Attachment] = (),
) -> bytes:
    """The PDF/A file of ``pages``, in their order, one page each; nothing is written to disk.

    The picture of each page is embedded faithfully (a grey or RGB JPEG byte for byte) and only
    laid by a matrix; crop, skew and turn do not touch its pixels. A page with ``layers`` shows
    these instead. Each page is read from
    ``pages`` once, so a lazy sequence keeps only one page's picture at a time beside the result.

    Args:
        pages: at least one.
        meta: what the file says of itself.
        flavour: ``2u``; ``2b`` on demand; ``3b`` with attachments and only with them.
        bookmarks: in the order in which viewers list them; a function is asked when every page
            was made.
        attachments: files that are carried along.

    Raises:
        PackagingError: ``pack.no_pages``; ``pack.bad_image``, ``pack.too_large``,
            ``pack.many_frames`` and ``pack.bad_geometry`` with the page's number from 1;
            ``pack.no_such_page`` for a bookmark that leads nowhere; ``pack.bad_attachment``.
        ValueError: for attachments in another flavour than 3b, or 3b without any.
    """
    out = BytesIO()
    _compose(out, pages, meta, (flavour, bookmarks, attachments), None)
    return out.getvalue()


def compose_to(
    target: Path | BinaryIO,
    pages: Sequence[PageInput],
    meta: Metadata,
    *,
    flavour: Flavour = "2u",
    bookmarks: Bookmarks = (),
    attachments: Sequence[Attachment] = (),
    spool: Path | None = None,
) -> None:
    """Writes the bytes that ``compose`` would return, in memory that does not grow with them.

    The pictures wait as files of their own until the end, so the folder needs the protection of
    the target: they lie there as they are.

    Args:
        target: a path, where the file appears whole or not at all; or a seekable binary file.
        pages: as in ``compose``.
        meta: as in ``compose``.
        flavour: as in ``compose``.
        bookmarks: as in ``compose``.
        attachments: as in ``compose``.
        spool: the folder for what waits; the target's own, or the system's for temporary files.

    Raises:
        PackagingError: as ``compose`` does.
        ValueError: as ``compose`` does.
        OSError: when the disk is full or the folder cannot be written to.
    """
    extras = (flavour, bookmarks, attachments)
    if not isinstance(target, Path):
        _compose(target, pages, meta, extras, spool or Path(tempfile.gettempdir()))
        return
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:40]}.")
    try:
        with os.fdopen(handle, "w+b") as file:
            _compose(file, pages, meta, extras, spool or target.parent)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o666 & ~_umask())
        Path(name).replace(target)
    except BaseException:
        with suppress(FileNotFoundError):
            Path(name).unlink()
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _compose(
    out: BinaryIO,
    pages: Sequence[PageInput],
    meta: Metadata,
    extras: tuple[Flavour, Bookmarks, Sequence[Attachment]],
    spool: Path | None,
) -> None:
    flavour, bookmarks, attachments = extras
    if bool(attachments) != (flavour == WITH_ATTACHMENTS):
        raise ValueError(f"{len(attachments)} attachments in PDF/A-{flavour}")
    if not len(pages):
        raise PackagingError("pack.no_pages")
    check_attachments(attachments)
    with Spool(spool) as aside, Pdf.new() as pdf:
        codes = LetterCodes()
        written = [
            _add_page(pdf, aside, pages[number - 1], codes, number)
            for number in range(1, len(pages) + 1)
        ]
        marks = bookmarks() if callable(bookmarks) else bookmarks
        check_bookmarks(marks, len(written))
        _set_font(pdf, codes, written)
        _set_output_intent(pdf)
        write_bookmarks(pdf, marks)
        write_attachments(pdf, attachments)
        write_metadata(pdf, meta, flavour)
        pdf.save(
            out,
            min_version=PDF_VERSION,
            force_version=PDF_VERSION,
            fix_metadata_version=False,  # it would write the packet anew in words of its own
            deterministic_id=True,
            object_stream_mode=ObjectStreamMode.disable,
            compress_streams=True,
            linearize=False,
        )


def _add_page(pdf: Pdf, spool: Spool, page: PageInput, codes: LetterCodes, number: int) -> bool:
    """Adds one page and tells whether it bears text."""
    placement, objects, drawn = _picture(pdf, page, number)
    text = text_operators(page.words, placement, codes, number)
    for image in objects.values():
        spool.put_aside(pdf, image)
    leaf = Dictionary(
        Type=Name.Page,
        MediaBox=_media_box(placement),
        Resources=Dictionary(XObject=objects),
        Contents=deflated(pdf, drawn + text),
    )
    pdf.pages.append(Page(pdf.make_indirect(leaf)))
    return bool(text)


def _picture(pdf: Pdf, page: PageInput, number: int) -> tuple[Placement, Dictionary, bytes]:
    """Where the page lies, its images by name, and the operators that draw them."""
    if page.layers is not None:
        box = page_box(page, number)
        return box, *embed_layers(pdf, page.layers, box, number)
    scan = embed(pdf, page.image, number)
    placement = place(page, (scan.width_px, scan.height_px), scan.orientation, number)
    images = Dictionary({f"/{PICTURE_RESOURCE}": scan.image})
    return placement, images, _picture_operators(placement)


def _set_font(pdf: Pdf, codes: LetterCodes, written: Sequence[bool]) -> None:
    """Gives the font to the pages with text, once all letters of the document are known."""
    if not codes.letters:
        return
    font = pdf.make_indirect(Dictionary())
    fill_font(pdf, font, codes.letters)
    for page, has_text in zip(pdf.pages, written, strict=True):
        if has_text:
            page.obj.Resources.Font = Dictionary({f"/{FONT_RESOURCE}": font})


def _media_box(placement: Placement) -> Array:
    return Array([0, 0, round(placement.width_pt, 4), round(placement.height_pt, 4)])


def _picture_operators(placement: Placement) -> bytes:
    matrix = " ".join(map(pdf_number, placement.cm))
    return f"q {matrix} cm /{PICTURE_RESOURCE} Do Q\n".encode("ascii")


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
