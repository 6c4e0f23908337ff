"""What a recogniser is, and which one this machine has."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from ocr.errors import OcrError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ocr.image import PageImage
    from ocr.text import PageText

EngineKind = Literal["auto", "api", "cli"]
Layout = Literal["page", "block"]
OSD = "osd"
PAGE_TIMEOUT_S = 120


class OcrEngine(Protocol):
    """A recogniser of printed text."""

    def identity(self) -> str:
        """Return engine, version and digest of the language model: part of cache keys."""

    def read(self, image: PageImage, layout: Layout = "page") -> PageText:
        """Return the words of an upright picture, boxes in px of that picture.

        Args:
            image: upright and straight.
            layout: ``page`` finds columns and blocks, ``block`` takes line after line.

        Raises:
            OcrError: ``ocr.timeout`` or ``ocr.failed``.
        """

    def detect_orientation(self, image: PageImage) -> tuple[int, float] | None:
        """Return the clockwise quarter turn that makes ``image`` upright, and trust 0 to 1.

        None when there is too little text to tell.
        """

    def close(self) -> None:
        """Free the models. The engine is of no use afterwards."""


def open_engine(
    kind: EngineKind = "auto", *, language: str = "vie", tessdata: Path | None = None
) -> OcrEngine:
    """Return a ready engine.

    Args:
        kind: ``api`` in this process, ``cli`` by the command, ``auto`` the first that works.
        language: name of the model, or several joined by ``+``.
        tessdata: folder of the models; else ``TESSDATA_PREFIX``, the program's own folder, the
            system's.

    Raises:
        OcrError: ``ocr.no_engine`` or ``ocr.no_language``.
    """
    models = find_tessdata(language, tessdata)
    if kind in {"auto", "api"}:
        try:
            from ocr.tesseract_api import TesseractApi  # noqa: PLC0415 - absent on some machines
        except ImportError as error:
            if kind == "api":
                raise OcrError("ocr.no_engine", kind=kind) from error
        else:
            return TesseractApi(language, models)
    try:
        from ocr.tesseract_cli import TesseractCli  # noqa: PLC0415 - absent on some machines
    except ImportError as error:
        raise OcrError("ocr.no_engine", kind=kind) from error
    return TesseractCli(language, models)


def find_tessdata(language: str, tessdata: Path | None = None) -> Path:
    """Return the first folder that holds every model of ``language``.

    Raises:
        OcrError: ``ocr.no_language``.
    """
    names = [f"{name}.traineddata" for name in language.split("+")]
    for folder in [tessdata] if tessdata is not None else _folders():
        if all((folder / name).is_file() for name in names):
            return folder
    raise OcrError("ocr.no_language", language=language)


def osd_folder(beside: Path) -> Path:
    """Return the folder with the orientation model: ``beside``, else where models usually are.

    Raises:
        OcrError: ``ocr.no_language``.
    """
    return beside if (beside / f"{OSD}.traineddata").is_file() else find_tessdata(OSD)


def _folders() -> Iterator[Path]:
    if prefix := os.environ.get("TESSDATA_PREFIX"):
        yield Path(prefix)
        yield Path(prefix) / "tessdata"
    yield Path(__file__).resolve().parent.parent / "resources" / "tessdata"
    yield from sorted(Path("/usr/share/tesseract-ocr").glob("*/tessdata"), reverse=True)
    yield Path("/usr/share/tessdata")


def model_digest(language: str, tessdata: Path) -> str:
    """Return the first 16 hex digits of a SHA-256 over the models in use."""
    digest = sha256()
    for name in language.split("+"):
        digest.update((tessdata / f"{name}.traineddata").read_bytes())
    return digest.hexdigest()[:16]
