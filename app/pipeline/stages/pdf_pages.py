"""The pages of a scanned PDF as picture files, with the scanner's own bytes where they can be had.

A page that is nothing but one picture gives that picture: a JPEG byte for byte, other codings
without loss. Everything else is drawn by pdfium at 300 dpi. Words that another program laid over
the picture unseen are left behind: the page is read anew.

Source: ISO 32000-1, 8.3.4 and 8.9.5 (images in the unit square), 9.3.6 (text rendering mode 3),
12.8 (signatures).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import pikepdf
from pikepdf import Name, Pdf, PdfImage

from app.domain.errors import Trouble

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pikepdf import Object, Page

DRAWN_DPI: Final = 300.0
DRAWN_QUALITY: Final = 92
MAX_PAGES: Final = 10_000
MAX_DRAWN_PIXELS: Final = 180_000_000
MIN_DPI, MAX_DPI = 72.0, 1200.0
PT_PER_INCH: Final = 72.0
_COVERS: Final = 0.98
_UNSEEN: Final = 3
_A_HAIR_LESS: Final = 1 - 1e-9  # pdfium rounds up: no row more for a last bit
_NEST: Final = 4
Matrix = tuple[float, float, float, float, float, float]
_IDENTITY: Final[Matrix] = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
# Painted, clipped or blended: the page is no longer its picture as it is.
_SEEN: Final = frozenset(
    ["f", "F", "f*", "B", "B*", "b", "b*", "S", "s", "sh", "BI", "INLINE IMAGE", "W", "W*", "gs"]
)
_SHOWS: Final = frozenset(["Tj", "TJ", "'", '"'])
_BROKEN: Final = (
    pikepdf.PdfError,
    AttributeError,
    IndexError,
    KeyError,
    OverflowError,
    RuntimeError,
    TypeError,
    ValueError,
    RecursionError,
)


@dataclass(frozen=True, slots=True)
class PagePicture:
    """One page as a picture file.

    Attributes:
        data: the file, as captured or drawn.
        dpi_x: dots per inch along the file's rows: the page keeps its size.
        dpi_y: along its columns.
        turn_deg: clockwise quarter turn with which the PDF shows it.
    """

    data: bytes
    dpi_x: float
    dpi_y: float
    turn_deg: int


@dataclass(frozen=True, slots=True)
class _Shown:
    image: Object
    matrix: Matrix


def page_count(path: Path) -> int:
    """How many pages the file has.

    Raises:
        Trouble: pdf.encrypted, pdf.damaged, pdf.no_pages, pdf.too_long.
    """
    with open_pdf(path) as pdf:
        return len(pdf.pages)


def open_pdf(path: Path) -> Pdf:
    """The document, not mended: what a reader had to guess may lack pages.

    Raises:
        Trouble: pdf.encrypted, pdf.damaged, pdf.no_pages, pdf.too_long.
    """
    name = path.name
    try:
        pdf = pikepdf.open(path, attempt_recovery=False, suppress_warnings=True)
        number = len(pdf.pages)
    except pikepdf.PasswordError as error:
        raise Trouble("pdf.encrypted", name=name) from error
    except _BROKEN as error:
        raise Trouble("pdf.damaged", name=name) from error
    if number == 0:
        raise Trouble("pdf.no_pages", name=name)
    if number > MAX_PAGES:
        raise Trouble("pdf.too_long", name=name, pages=number, limit=MAX_PAGES)
    return pdf


def signed(pdf: Pdf) -> bool:
    """Whether a signature stands in the document, which a copy of its pages would lose."""
    try:
        form = pdf.Root.get(Name.AcroForm)
        if form is None:
            return False
        fields = list(cast("Iterable[Object]", form.get(Name.Fields, ())))
        while fields:
            one = fields.pop()
            if one.get(Name.FT) == Name.Sig and Name.V in one:
                return True
            fields += list(cast("Iterable[Object]", one.get(Name.Kids, ())))
    except _BROKEN:
        return False
    return False


def picture(pdf: Pdf, path: Path, index: int) -> PagePicture:
    """The page as a picture file.

    Raises:
        Trouble: pdf.damaged, pdf.page_too_large.
    """
    try:
        own = _own_picture(pdf.pages[index])
    except _BROKEN:
        own = None  # what cannot be followed is drawn
    return own or _drawn(path, index)


def _own_picture(page: Page) -> PagePicture | None:
    """The page's one picture when the page is nothing else, or None."""
    box = [float(edge) for edge in cast("Iterable[float]", page.cropbox)]
    if _notes(page) or box != [float(edge) for edge in cast("Iterable[float]", page.mediabox)]:
        return None
    shown = _only_picture(page.obj, page.obj.get(Name.Resources), _IDENTITY)
    if shown is None or len(shown) != 1:
        return None
    (one,) = shown
    a, b, c, d, e, f = one.matrix
    covered = (min(e, e + a), min(f, f + d), max(e, e + a), max(f, f + d))
    width, height = box[2] - box[0], box[3] - box[1]
    if b or c or a <= 0 or d <= 0 or not _fills(covered, box):
        return None
    unit = float(page.obj.get(Name.UserUnit, 1))
    inches = a * unit / PT_PER_INCH, d * unit / PT_PER_INCH
    dpi = int(one.image.Width) / inches[0], int(one.image.Height) / inches[1]
    if not all(MIN_DPI <= value <= MAX_DPI for value in dpi) or width * height <= 0:
        return None
    data = _file_of(one.image)
    turn = int(page.obj.get(Name.Rotate, 0)) % 360
    return None if data is None or turn % 90 else PagePicture(data, *dpi, turn)


def _notes(page: Page) -> bool:
    """Whether something besides links is laid over the page."""
    notes = cast("Iterable[Object]", page.obj.get(Name.Annots, ()))
    return any(note.get(Name.Subtype) not in {Name.Link, Name.Popup} for note in notes)


def _fills(covered: tuple[float, float, float, float], box: list[float]) -> bool:
    """Whether the picture is the page: it leaves nothing out and hides nothing of itself."""
    slack_x, slack_y = (1 - _COVERS) * (box[2] - box[0]), (1 - _COVERS) * (box[3] - box[1])
    return all(
        abs(edge - wanted) <= slack
        for edge, wanted, slack in zip(
            covered, box, (slack_x, slack_y, slack_x, slack_y), strict=True
        )
    )


def _only_picture(
    content: Object | Page, resources: Object | None, start: Matrix, depth: int = 0
) -> list[_Shown] | None:
    """The pictures that the content shows, or None when it does anything else that is seen."""
    if depth > _NEST or resources is None:
        return None
    found: list[_Shown] = []
    state, kept = (start, 0), []
    for instruction in pikepdf.parse_content_stream(content):
        name, operands = str(instruction.operator), instruction.operands
        if name in _SEEN or (name in _SHOWS and state[1] != _UNSEEN):
            return None
        if name == "q":
            kept.append(state)
        elif name == "Q":
            state = kept.pop()
        elif name == "cm":
            state = _times(_matrix(cast("Iterable[float]", operands)), state[0]), state[1]
        elif name == "Tr":
            state = state[0], int(cast("float", operands[0]))
        elif name == "Do":
            inner = _drawn_object(resources.XObject[str(operands[0])], state[0], depth)
            if inner is None:
                return None
            found += inner
    return found


def _drawn_object(item: Object, matrix: Matrix, depth: int) -> list[_Shown] | None:
    if item.Subtype == Name.Image:
        return [_Shown(item, matrix)]
    own = _matrix(cast("Iterable[float]", item.get(Name.Matrix, _IDENTITY)))
    return _only_picture(item, item.get(Name.Resources), _times(own, matrix), depth + 1)


def _matrix(numbers: Iterable[float]) -> Matrix:
    a, b, c, d, e, f = (float(number) for number in numbers)
    if not all(map(math.isfinite, (a, b, c, d, e, f))):
        raise ValueError("no matrix")
    return a, b, c, d, e, f


def _times(first: Matrix, then: Matrix) -> Matrix:
    a, b, c, d, e, f = first
    p, q, r, s, t, u = then
    return (
        a * p + b * r,
        a * q + b * s,
        c * p + d * r,
        c * q + d * s,
        e * p + f * r + t,
        e * q + f * s + u,
    )


def _file_of(image: Object) -> bytes | None:
    """The picture as a file with the very same pixels, or None when that needs judgement."""
    plain = not any(key in image for key in ("/SMask", "/Mask", "/Decode", "/ImageMask"))
    if not plain:
        return None
    filters = image.get(Name.Filter)
    names = list(filters) if isinstance(filters, pikepdf.Array) else [filters]
    if names == [Name.DCTDecode]:
        data = image.read_raw_bytes()
        return data if _grey_or_rgb(image) and not _turned(data) else None
    if names[-1:] in ([Name.DCTDecode], [Name.JPXDecode], [Name.JBIG2Decode]):
        return None
    pixels = PdfImage(cast("pikepdf.Stream", image)).as_pil_image()
    if pixels.mode not in {"1", "L", "RGB"}:
        return None
    out = BytesIO()
    pixels.save(out, "PNG", compress_level=1)
    return out.getvalue()


def _grey_or_rgb(image: Object) -> bool:
    space = image.get(Name.ColorSpace)
    if isinstance(space, pikepdf.Array) and space[0] == Name.ICCBased:
        return int(space[1].get(Name.N, 0)) in {1, 3}
    return space in {Name.DeviceRGB, Name.DeviceGray}


def _turned(jpeg: bytes) -> bool:
    """Whether the file asks to be turned, which a PDF reader does not and a picture viewer does."""
    return b"Exif\0\0" in jpeg[: 1 << 16]


def _drawn(path: Path, index: int) -> PagePicture:
    """The page as pdfium shows it.

    Raises:
        Trouble: pdf.damaged, pdf.page_too_large.
    """
    import pypdfium2  # noqa: PLC0415 - only pages that must be drawn pay for it
    import simplejpeg  # noqa: PLC0415

    name = path.name
    try:
        with pypdfium2.PdfDocument(path) as document:
            document.init_forms()
            page = document[index]
            width, height = page.get_size()
            scale = DRAWN_DPI / PT_PER_INCH * _A_HAIR_LESS
            if width * height * scale * scale > MAX_DRAWN_PIXELS:
                raise Trouble("pdf.page_too_large", name=name, page=index + 1)
            bitmap = page.render(scale=scale, rev_byteorder=False)
            data: bytes = simplejpeg.encode_jpeg(
                bitmap.to_numpy(), DRAWN_QUALITY, colorspace="BGR", colorsubsampling="444"
            )
            dpi_x = bitmap.width * PT_PER_INCH / width
            dpi_y = bitmap.height * PT_PER_INCH / height
    except (pypdfium2.PdfiumError, ZeroDivisionError, MemoryError) as error:
        raise Trouble("pdf.damaged", name=name) from error
    return PagePicture(data, dpi_x, dpi_y, 0)
