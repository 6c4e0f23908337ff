"""What stands beside the pages: the list of papers, and files carried along.

Source: ISO 32000-1, 12.3.3 (outline), 7.11 (file specifications); ISO 19005-3, 6.8 (embedded
files are associated with the document).
"""

from __future__ import annotations

import hashlib
import re
from itertools import pairwise
from typing import TYPE_CHECKING

from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream, String

from app.packaging.errors import PackagingError
from app.packaging.metadata import pdf_date
from app.packaging.readable import entry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.packaging.model import Attachment, Bookmark

MIME = re.compile(r"[-A-Za-z0-9_+.]+/[-A-Za-z0-9_+.]+")
MAX_NAME_BYTES = 255  # of UTF-8: no common file system takes more
UNSAFE_IN_NAMES = re.compile(r'[/\\:*?"<>|]')


def check_bookmarks(bookmarks: Sequence[Bookmark], pages: int) -> None:
    """Refuses an entry that leads to no page.

    Raises:
        PackagingError: ``pack.no_such_page``.
    """
    for bookmark in bookmarks:
        if not 1 <= bookmark.page <= pages:
            raise PackagingError("pack.no_such_page", page=bookmark.page)


def check_attachments(attachments: Sequence[Attachment]) -> None:
    """Refuses files that a reader could not name or open.

    Raises:
        PackagingError: ``pack.bad_attachment`` for a name that is empty, used twice or over
            255 bytes long, and for a media type that is none.
    """
    names = [file_name(each) for each in attachments]
    for name, each in zip(names, attachments, strict=True):
        usable = 0 < len(name.encode()) <= MAX_NAME_BYTES and names.count(name) == 1
        if not usable or not MIME.fullmatch(each.mime):
            raise PackagingError("pack.bad_attachment", name=name[:80] or "?")


def file_name(attachment: Attachment) -> str:
    """The name as it may stand in any system's folder."""
    return UNSAFE_IN_NAMES.sub("_", entry(attachment.name)).strip(". ")


def write_bookmarks(pdf: Pdf, bookmarks: Sequence[Bookmark]) -> None:
    """The outline, shown when the file is opened; a document without entries gets none."""
    if not bookmarks:
        return
    outline = pdf.make_indirect(Dictionary(Type=Name.Outlines))
    items = [_item(pdf, outline, bookmark) for bookmark in bookmarks]
    for before, after in pairwise(items):
        before.Next, after.Prev = after, before
    outline.First, outline.Last, outline.Count = items[0], items[-1], len(items)
    pdf.Root.Outlines = outline
    pdf.Root.PageMode = Name.UseOutlines


def _item(pdf: Pdf, outline: Object, bookmark: Bookmark) -> Object:
    page = pdf.pages[bookmark.page - 1].obj
    return pdf.make_indirect(
        Dictionary(
            Title=String(entry(bookmark.title) or str(bookmark.page)),
            Parent=outline,
            Dest=Array([page, Name.Fit]),
        )
    )


def write_attachments(pdf: Pdf, attachments: Sequence[Attachment]) -> None:
    """The files, each listed by name and as associated with the whole document."""
    if not attachments:
        return
    specifications = {file_name(each): _specification(pdf, each) for each in attachments}
    by_name = sorted(specifications, key=lambda name: bytes(String(name)))
    pairs = [part for name in by_name for part in (String(name), specifications[name])]
    pdf.Root.Names = Dictionary(EmbeddedFiles=Dictionary(Names=Array(pairs)))
    pdf.Root.AF = Array(list(specifications.values()))


def _specification(pdf: Pdf, attachment: Attachment) -> Object:
    stream = Stream(pdf, attachment.data)
    stream.Type = Name.EmbeddedFile
    stream.Subtype = Name("/" + attachment.mime)
    digest = hashlib.md5(attachment.data, usedforsecurity=False).digest()
    stream.Params = Dictionary(Size=len(attachment.data), CheckSum=String(digest))
    if attachment.modified is not None:
        stream.Params.ModDate = String(pdf_date(attachment.modified))
    file = pdf.make_indirect(stream)
    name = String(file_name(attachment))
    specification = Dictionary(
        Type=Name.Filespec,
        F=name,
        UF=name,
        AFRelationship=Name("/" + attachment.relationship),
        EF=Dictionary(F=file, UF=file),
    )
    if entry(attachment.description):
        specification.Desc = String(entry(attachment.description))
    return pdf.make_indirect(specification)
