"""Loose files as pages, for ``ocr`` and ``pack``: which pictures the named files and folders hold.

Only the first bytes of a file are looked at here; a broken one counts as one page that will fail
by its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Final, Literal

from app.domain.errors import DeskError, Trouble
from app.pipeline.stages import tiff_pages

Kind = Literal["picture", "tiff", "pdf"]

_JPEG: Final = (".jfif", ".jpe", ".jpeg", ".jpg")
_JPEG_2000: Final = (".j2c", ".j2k", ".jp2", ".jpf", ".jpx")
_OTHERS: Final = (".bmp", ".pbm", ".pdf", ".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp")
SUFFIXES: Final = frozenset([*_JPEG, *_JPEG_2000, *_OTHERS])
"""What is taken from a folder; a file that is named itself may be called anything."""
_PDF_WITHIN: Final = 1024  # ISO 32000-1, Annex H.3.4.1: where readers look for the header
_TIFF: Final = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
MAX_FILE_BYTES: Final = 1 << 30
_DIGITS: Final = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class Frame:
    """One page of one input file.

    Attributes:
        index: of the page in its file, from 0.
        of: pages in the file.
    """

    path: Path
    kind: Kind = "picture"
    index: int = 0
    of: int = 1

    @property
    def name(self) -> str:
        """File stem; numbered where the file holds several pages."""
        return self.path.stem if self.of == 1 else f"{self.path.stem}-{self.index + 1:04d}"

    @property
    def label(self) -> str:
        """The file's name for a person, with the page where there are several."""
        if self.of == 1:
            return self.path.name
        return f"{self.path.name}, trang {self.index + 1}"


def frames(inputs: Sequence[Path]) -> tuple[Frame, ...]:
    """Every page of every input, in the order given; a folder's files in natural order.

    Raises:
        Trouble: file.no_pictures for a folder without pages.
    """
    found: list[Frame] = []
    for path in inputs:
        for file in _files(path):
            found += _pages(file)
    return tuple(found)


def _files(path: Path) -> Iterable[Path]:
    if not path.is_dir():
        return [path]
    files = [
        file
        for file in path.iterdir()
        if file.suffix.lower() in SUFFIXES and not file.name.startswith(".") and file.is_file()
    ]
    if not files:
        raise Trouble("file.no_pictures", name=path.name)
    return sorted(files, key=_natural)


def _natural(path: Path) -> tuple[list[tuple[int, int, str]], str]:
    """``trang2`` before ``trang10``; equal but for case or leading noughts: by the bytes."""
    parts = _DIGITS.split(path.name.casefold())
    key = [(1, int(part), "") if part.isdecimal() else (0, 0, part) for part in parts if part]
    return key, path.name


def _pages(path: Path) -> list[Frame]:
    kind, number = _kind(path), 1
    try:
        if kind == "tiff":
            number = tiff_pages.page_count(path)
        elif kind == "pdf":
            from app.pipeline.stages.pdf_pages import page_count  # noqa: PLC0415 - only PDF pays

            number = page_count(path)
    except (DeskError, OSError):
        number = 1  # whoever reads it meets the same and can name it
    return [Frame(path, kind, index, number) for index in range(number)]


def _kind(path: Path) -> Kind:
    try:
        with path.open("rb") as file:
            start = file.read(_PDF_WITHIN)
    except OSError:
        return "picture"
    if start.startswith(_TIFF):
        return "tiff"
    return "pdf" if b"%PDF-" in start else "picture"


def read_file(path: Path) -> bytes:
    """The bytes of a file of bearable size.

    Raises:
        Trouble: file.missing, file.io, file.too_large.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise told(error, path) from error
    check_size(len(data), MAX_FILE_BYTES, path)
    return data


def file_sha256(path: Path) -> str:
    """The digest of a file, read piece by piece.

    Raises:
        Trouble: file.missing, file.io.
    """
    try:
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise told(error, path) from error


def check_size(size_bytes: int, limit_bytes: int, path: Path) -> None:
    """Lets a file of bearable size pass.

    Raises:
        Trouble: file.too_large.
    """
    if size_bytes > limit_bytes:
        raise Trouble("file.too_large", name=path.name, limit_mb=limit_bytes >> 20)


def told(error: OSError, path: Path) -> Trouble:
    """What the system says of a file, as a trouble."""
    if isinstance(error, FileNotFoundError):
        return Trouble("file.missing", name=path.name)
    return Trouble("file.io", name=path.name, why=str(error.strerror))
