"""What goes into a package: pages with their pictures, geometry and words, and metadata."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import datetime

Matrix = tuple[float, float, float, float, float, float, float, float, float]
IDENTITY: Matrix = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)

Flavour = Literal["2u", "2b", "3b"]
FIRST_YEAR, LAST_YEAR = 1583, 9998  # years in which readers count days alike
Relationship = Literal["Source", "Data", "Alternative", "Supplement", "Unspecified"]


@dataclass(frozen=True, slots=True)
class WordBox:
    """One word as it stands on the displayed (upright, straightened) page.

    Args:
        text: the word; normalised to NFC and freed of invisible characters when written.
        x0: left edge, displayed px.
        y0: upper edge, displayed px, growing downwards.
        x1: right edge, displayed px.
        y1: lower edge, displayed px.
        baseline_y: where the letters stand, displayed px.
        line: number of the line it belongs to; a new number starts a new line.
    """

    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    baseline_y: float
    line: int


@dataclass(frozen=True, slots=True)
class Mask:
    """Neutral dark ink of a page as lossless black and white.

    Args:
        data: the bare code stream: CCITT Group 4, or one generic JBIG2 region; ink is 1.
        codec: which of them.
        width_px: of the mask, which covers the whole displayed page.
        height_px: of the mask.
        colour: red, green, blue of the ink, 0 to 255.
    """

    data: bytes
    codec: Literal["g4", "jbig2"]
    width_px: int
    height_px: int
    colour: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Layers:
    """A displayed page drawn anew: a picture, and ink laid over it.

    Args:
        picture: a grey or RGB JPEG that covers the whole displayed page, at any resolution.
        mask: ink drawn over it, or None.
    """

    picture: bytes
    mask: Mask | None = None


@dataclass(frozen=True, slots=True)
class PageInput:
    """One page: the picture as the scanner sent it and how it has to lie.

    Args:
        image: the file of the picture: JPEG, PNG, TIFF, BMP, WebP, JPEG 2000 or PNM.
        dpi_x: source px per inch along the source's rows.
        dpi_y: source px per inch along the source's columns.
        matrix: row-major 3x3, source px -> displayed px, affine (last row 0 0 1). Source px are
            those a decoder shows: turned as the file's own orientation mark asks. Pixel edges
            are counted, not centres: the source spans 0 to its width. The size comes from the
            picture's own header.
        width_px: width of the displayed page.
        height_px: height of the displayed page.
        words: the recognised words in reading order.
        layers: what is drawn instead of ``image``; the words and the page stay where they are.
    """

    image: bytes
    dpi_x: float
    dpi_y: float
    matrix: Matrix
    width_px: int
    height_px: int
    words: tuple[WordBox, ...] = ()
    layers: Layers | None = None


@dataclass(frozen=True, slots=True)
class Metadata:
    """What the file says of itself.

    Args:
        title: shown in the title bar of viewers.
        language: BCP 47 tag of the text.
        author: the person who made the electronic copy.
        organ: the organ that issued or digitised the paper.
        doc_code: number and notation, or the code in the dossier.
        subject: what the paper is about.
        created: aware time of making; None leaves every date out.
        producer: the program.

    Raises:
        ValueError: when ``created`` has no time zone or a year outside 1583 to 9998.
    """

    title: str
    language: str = "vi-VN"
    author: str | None = None
    organ: str | None = None
    doc_code: str | None = None
    subject: str | None = None
    created: datetime | None = None
    producer: str = "Counter Station"

    def __post_init__(self) -> None:
        """Refuses a time that two readers would understand differently."""
        _refuse_doubtful("created", self.created)


@dataclass(frozen=True, slots=True)
class Bookmark:
    """An entry of the list that viewers show beside the pages.

    Args:
        title: of the paper that begins there.
        page: its first page, counted from 1.
    """

    title: str
    page: int


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file carried inside a PDF/A-3.

    Args:
        name: file name, without folders.
        data: its bytes.
        mime: media type, such as ``application/json``.
        relationship: what it is to the pages.
        description: shown by viewers.
        modified: aware time of its last change; None leaves the date out.

    Raises:
        ValueError: when ``modified`` has no time zone or a year outside 1583 to 9998.
    """

    name: str
    data: bytes
    mime: str
    relationship: Relationship = "Data"
    description: str | None = None
    modified: datetime | None = None

    def __post_init__(self) -> None:
        """Refuses a time that two readers would understand differently."""
        _refuse_doubtful("modified", self.modified)


def _refuse_doubtful(name: str, moment: datetime | None) -> None:
    if moment is None:
        return
    if moment.utcoffset() is None:
        raise ValueError(f"{name} has no time zone")
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(f"{name} has the year {moment.year}")
