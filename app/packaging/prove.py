"""Validators never look: is each page of the file what was shown, and its text what was read?

Every page is drawn by PDFium and laid beside a reference picture of the displayed page. Both are
made small and soft first, so that grain, the way a reader smooths edges and a shift of a hair do
not count, while ink that is missing, inverted, mirrored or of another colour does.

Source: ISO 32000-1, 8.9.6.2 (a stencil painted the wrong way round is valid PDF).
"""

from __future__ import annotations

import unicodedata
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import pypdfium2
from PIL import Image, ImageFilter, UnidentifiedImageError

from app.packaging.errors import PackagingError
from app.packaging.geometry import page_box
from app.packaging.readable import readable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from app.packaging.model import PageInput, WordBox

DPI = 72
REFERENCE_DPI = 144
PT_PER_INCH = 72
GREY_AXES = 2
SOFTENED_PX = 4  # side of the squares that are averaged before anything is compared
TILE_SQUARES = 8  # side of a tile: 11 mm of paper at DPI
PAPER_SQUARES = 9  # within so many the lightest is taken for the paper
DARKEST_PAPER = 128.0
WHITE = 255.0
MAX_MEAN = 6.0  # grey levels; 0.8 to 4.5 on pages drawn anew, whichever way
MAX_TILE = 28.0  # grey levels; up to 23 there, 25 to 250 where something is missing
INK = 40.0  # grey levels below the paper
LEAST_SQUARES = 10  # of ink in a tile, before its share means anything
LEAST_INK = 0.3  # 0.44 to 1 on pages drawn anew, 0 to 0.12 where a line is missing
MAX_SIDE_PX = 4000
SIZE_TOLERANCE_PT = 0.5
RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})
HYPHENS = dict.fromkeys(map(ord, "\u0002\ufffe-\u00ad"))
_NOT_TEXT = frozenset({"Cc", "Cf", "Cs", "Cn", "Co"})


@dataclass(frozen=True, slots=True)
class ExpectedPage:
    """What a page must look like and say.

    Args:
        width_pt: of the page.
        height_pt: of the page.
        words: the recognised words in reading order.
        picture: a picture file of the displayed page at any size, best near 150 px per inch, or
            None when this page is not looked at.
    """

    width_pt: float
    height_pt: float
    words: tuple[WordBox, ...] = ()
    picture: bytes | None = None


@dataclass(frozen=True, slots=True)
class Likeness:
    """How far a page is from its reference, in grey levels of 0 to 255.

    Args:
        mean: over the whole page.
        worst_tile: in the tile that differs most.
        kept_ink: share of the reference's ink, 0 to 1, that is there in the tile that lost most; 1
            where there is hardly any.
    """

    mean: float
    worst_tile: float
    kept_ink: float

    @property
    def same(self) -> bool:
        """Is this the same page to a person who reads it?"""
        near = self.mean <= MAX_MEAN and self.worst_tile <= MAX_TILE
        return near and self.kept_ink >= LEAST_INK


def expected(page: PageInput, picture: bytes | None, number: int = 1) -> ExpectedPage:
    """What the page made of ``page`` must be.

    Args:
        page: as it was given to ``compose``.
        picture: of the displayed page; needed where ``page.layers`` is set. A faithful page at
            an angle comes near the limits, for PDFium turns pictures in steps of 1/256.
        number: of the page, from 1, for the error.

    Raises:
        PackagingError: ``pack.bad_geometry``.
        ValueError: when a page drawn anew comes without a picture.
    """
    if page.layers is not None and picture is None:
        raise ValueError(f"page {number} was drawn anew and has no reference")
    box = page_box(page, number)
    return ExpectedPage(box.width_pt, box.height_pt, page.words, picture)


def reference(page: NDArray[np.uint8], dpi: float) -> bytes:
    """The displayed page as the small picture that ``ExpectedPage`` takes.

    Args:
        page: uint8 H×W grey or H×W×3 blue, green, red.
        dpi: its px per inch.
    """
    small = Image.fromarray(np.ascontiguousarray(page))
    small = small.reduce(max(int(dpi / REFERENCE_DPI), 1))
    if page.ndim > GREY_AXES:
        small = Image.merge("RGB", small.split()[::-1])
    out = BytesIO()
    small.save(out, "JPEG", quality=90)
    return out.getvalue()


def prove(pdf: bytes | Path, pages: Iterable[ExpectedPage]) -> tuple[Likeness | None, ...]:
    """How like its reference each page is, None where there was nothing to compare.

    Args:
        pdf: the file; a path is read page by page.
        pages: what each page must be, in order; taken one by one.

    Raises:
        PackagingError: ``pack.unreadable``; ``pack.pages_differ`` for another number or size of
            pages, ``pack.text_differs`` and ``pack.picture_differs``, each with the first
            ``page`` that is wrong, from 1; ``pack.bad_image`` for a reference that is no picture.
    """
    seen: list[Likeness | None] = []
    with _opened(pdf) as document:
        for number, page in enumerate(pages, 1):
            if number > len(document):
                raise PackagingError("pack.pages_differ", page=number)
            leaf = document[number - 1]
            try:
                seen.append(_prove_page(leaf, page, number))
            finally:
                leaf.close()
        if len(seen) != len(document):
            raise PackagingError("pack.pages_differ", page=len(seen) + 1)
    return tuple(seen)


def _prove_page(leaf: pypdfium2.PdfPage, page: ExpectedPage, number: int) -> Likeness | None:
    shown = leaf.get_size()
    wanted = (page.width_pt, page.height_pt)
    if any(abs(a - b) > SIZE_TOLERANCE_PT for a, b in zip(shown, wanted, strict=True)):
        raise PackagingError("pack.pages_differ", page=number)
    if not same_text(_text(leaf), page.words):
        raise PackagingError("pack.text_differs", page=number)
    if page.picture is None:
        return None
    scale = min(DPI / PT_PER_INCH, MAX_SIDE_PX / max(shown))
    drawn = leaf.render(scale=scale, may_draw_forms=False).to_pil().convert("RGB")
    likeness = compare(drawn, _reference(page.picture, drawn.size, number))
    if not likeness.same:
        raise PackagingError("pack.picture_differs", page=number)
    return likeness


def compare(drawn: Image.Image, wanted: Image.Image) -> Likeness:
    """How far two RGB pictures of one size are from each other."""
    there, reference = _soft(drawn), _soft(wanted)
    distance = np.abs(there - reference).max(axis=2)
    ink, found = WHITE - reference.min(axis=2), WHITE - there.min(axis=2)
    dark = ink > INK
    squares = _per_tile(dark)
    enough = squares >= LEAST_SQUARES
    kept = 1.0
    if enough.any():
        shares = _per_tile(np.minimum(ink, found) * dark)[enough] / _per_tile(ink * dark)[enough]
        kept = float(shares.min())
    tiles = _per_tile(distance) / TILE_SQUARES**2
    return Likeness(float(distance.mean()), float(tiles.max()), kept)


def _per_tile(values: NDArray[np.generic]) -> NDArray[np.float64]:
    """The sum over each tile; tiles at the right and lower edge may be smaller."""
    height, width = values.shape
    rows, columns = -(-height // TILE_SQUARES), -(-width // TILE_SQUARES)
    padded = np.zeros((rows * TILE_SQUARES, columns * TILE_SQUARES))
    padded[:height, :width] = values
    tiles = padded.reshape(rows, TILE_SQUARES, columns, TILE_SQUARES)
    return np.asarray(tiles.sum(axis=(1, 3)), np.float64)


def _soft(picture: Image.Image) -> NDArray[np.float32]:
    """The picture averaged over small squares, with its paper made white as far as it is light."""
    width, height = (-(-side // SOFTENED_PX) for side in picture.size)
    small = picture.resize((width, height), Image.Resampling.BOX)
    paper = small.filter(ImageFilter.MaxFilter(PAPER_SQUARES))
    lightest = np.maximum(np.asarray(paper, np.float32), DARKEST_PAPER)
    light = np.minimum(np.asarray(small, np.float32) / lightest, 1.0) * WHITE
    return light.astype(np.float32)


def _reference(data: bytes, size: tuple[int, int], number: int) -> Image.Image:
    try:
        with Image.open(BytesIO(data), formats=("PNG", "JPEG")) as picture:
            picture.draft("RGB", size)
            return picture.convert("RGB").resize(size, Image.Resampling.BOX)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as e:
        raise PackagingError("pack.bad_image", page=number) from e


def same_text(found: str, words: Sequence[WordBox]) -> bool:
    """Is ``found`` the text of ``words``, but for blanks, hyphens and forms of one letter?

    PDFium turns a hyphen at the end of a line into a mark of its own, spells out ligatures, sorts
    what stands at one height from left to right, and puts writing that runs from right to left
    into the order of the eye. So the same words in another order pass, and of writing from right
    to left the letters are counted.
    """
    given, wanted = _plain(found), _plain(" ".join(readable(word.text) for word in words))
    if given == wanted or sorted(given.split()) == sorted(wanted.split()):
        return True
    if any(unicodedata.bidirectional(letter) in RIGHT_TO_LEFT for letter in wanted):
        return sorted(given.replace(" ", "")) == sorted(wanted.replace(" ", ""))
    return False


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text.translate(HYPHENS))
    kept = (c for c in folded if c.isspace() or unicodedata.category(c) not in _NOT_TEXT)
    return " ".join("".join(kept).split())


def _text(leaf: pypdfium2.PdfPage) -> str:
    page = leaf.get_textpage()
    try:
        return str(page.get_text_range())
    finally:
        page.close()


@contextmanager
def _opened(pdf: bytes | Path) -> Iterator[pypdfium2.PdfDocument]:
    try:
        document = pypdfium2.PdfDocument(pdf)
    except (pypdfium2.PdfiumError, FileNotFoundError) as e:
        raise PackagingError("pack.unreadable") from e
    try:
        yield document
    finally:
        document.close()
