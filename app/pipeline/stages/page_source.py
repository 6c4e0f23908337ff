"""The picture of one page, out of whatever file it stands in."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from typing import TYPE_CHECKING, Final, cast

import cv2
import numpy as np
from PIL import Image

from app.domain.errors import Trouble
from app.pipeline.stages import tiff_pages
from app.pipeline.stages.loose import Frame, check_size, file_sha256, read_file, told
from ocr.decode import decode
from ocr.image import PageImage

if TYPE_CHECKING:
    from pikepdf import Pdf

    from app.pipeline.stages.pdf_pages import PagePicture

MAX_BUNDLE_BYTES: Final = 8 << 30
_OPEN: Final = "open file"


@dataclass(frozen=True, slots=True)
class PageSource:
    """A page's picture, not decoded yet.

    Attributes:
        sha256: of the file it stands in.
        data: the picture file: the file itself, all pages of a TIFF, or the page of a PDF.
        frame: which page of ``data``.
        dpi: what the PDF says about its scale; None leaves it to the picture.
        turn_deg: clockwise quarter turn with which the PDF shows it.
    """

    sha256: str
    data: bytes
    frame: int = 0
    dpi: tuple[float, float] | None = None
    turn_deg: int = 0

    def image(self) -> tuple[PageImage, str | None]:
        """The pixels, and a slug when the file was readable but not flawless.

        Raises:
            OcrError: image.empty, image.not_an_image, image.truncated and family.
        """
        found, facts = decode(self.data, frame=self.frame)
        if self.dpi is not None:
            found = dataclasses.replace(found, dpi_x=self.dpi[0], dpi_y=self.dpi[1])
        return found, facts.damage


@dataclass(slots=True)
class _Opened:
    """The file with many pages that this process read last."""

    known: tuple[str, int, int]
    sha256: str
    data: bytes = b""
    pdf: Pdf | None = None


def page_source(frame: Frame, keep: dict[str, object], *, copying: bool) -> PageSource:
    """The page's picture.

    Args:
        frame: which page.
        keep: where a process keeps the file it read last.
        copying: whether a new document is made of it, in which a signature would be lost.

    Raises:
        Trouble: file.missing, file.io, file.too_large; pdf.signed, pdf.encrypted and family.
    """
    if frame.kind == "picture":
        data = read_file(frame.path)
        return PageSource(sha256(data).hexdigest(), data)
    opened = _opened(frame, keep)
    if opened.pdf is None:
        return PageSource(opened.sha256, opened.data, frame.index)
    from app.pipeline.stages import pdf_pages  # noqa: PLC0415 - only PDF pays for loading it

    if copying and pdf_pages.signed(opened.pdf):
        raise Trouble("pdf.signed", name=frame.path.name)
    page: PagePicture = pdf_pages.picture(opened.pdf, frame.path, frame.index)
    return PageSource(opened.sha256, page.data, 0, (page.dpi_x, page.dpi_y), page.turn_deg)


def _opened(frame: Frame, keep: dict[str, object]) -> _Opened:
    """The file, opened once for all its pages that this process gets."""
    try:
        state = frame.path.stat()
    except OSError as error:
        raise told(error, frame.path) from error
    known = (str(frame.path), state.st_size, state.st_mtime_ns)
    last = cast("_Opened | None", keep.get(_OPEN))
    if last is not None and last.known == known:
        return last
    if last is not None and last.pdf is not None:
        last.pdf.close()
    if frame.kind == "tiff":
        tiff_pages.page_count(frame.path)
        data = read_file(frame.path)
        opened = _Opened(known, sha256(data).hexdigest(), data)
    else:
        from app.pipeline.stages import pdf_pages  # noqa: PLC0415 - only PDF pays for loading it

        check_size(state.st_size, MAX_BUNDLE_BYTES, frame.path)
        opened = _Opened(known, file_sha256(frame.path), pdf=pdf_pages.open_pdf(frame.path))
    keep[_OPEN] = opened
    return opened


def lossless(image: PageImage) -> bytes:
    """The pixels as a picture file of one page, none of them changed."""
    pixels = image.pixels
    if image.grey and bool(np.isin(pixels, (0, 255)).all()):
        out = BytesIO()
        Image.fromarray(pixels).convert("1", dither=Image.Dither.NONE).save(out, "PNG")
        return out.getvalue()
    done, data = cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 3])
    if not done:
        raise Trouble("file.io", name="png", why="imencode")
    return bytes(data)
