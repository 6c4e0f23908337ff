"""Tesseract inside this process, through tesserocr.

One OpenMP thread: with more, Tesseract waits on itself and a page takes ten times as long
(tesseract-ocr/tesseract #2611), so the limit is set before the library is loaded.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

os.environ["OMP_THREAD_LIMIT"] = "1"

import numpy as np
import tesserocr

from ocr.engine import OSD, PAGE_TIMEOUT_S, model_digest, osd_folder
from ocr.errors import OcrError
from ocr.grey import to_grey
from ocr.text import PageText, Word
from ocr.vietnamese import normalise

if TYPE_CHECKING:
    from pathlib import Path

    from ocr.engine import Layout
    from ocr.image import PageImage

_MAX_WIDTH_PX: Final = 32_000
_SURE: Final = 15.0  # Tesseract's own word for a reasonably sure orientation


class TesseractApi:
    """Tesseract by its C++ interface: the default engine.

    Args:
        language: model name or names.
        tessdata: folder of the models.

    Raises:
        OcrError: ``ocr.no_language`` when the model cannot be loaded.
    """

    def __init__(self, language: str, tessdata: Path) -> None:
        tesserocr.set_leptonica_log_level(tesserocr.LeptLogLevel.NONE)
        self._tessdata = tessdata
        version = tesserocr.tesseract_version().split()[1]
        self._identity = f"tesserocr/{version}/{language}/{model_digest(language, tessdata)}"
        self._reader = self._load(language, tesserocr.PSM.AUTO, tessdata)
        self._orientation: tesserocr.PyTessBaseAPI | None = None

    def identity(self) -> str:
        """Return engine, version, language and digest of the model."""
        return self._identity

    def read(self, image: PageImage, layout: Layout = "page") -> PageText:
        """Return the words of an upright picture, boxes in px of that picture.

        Args:
            image: upright and straight.
            layout: ``page`` finds columns and blocks, ``block`` takes line after line.

        Raises:
            OcrError: ``ocr.timeout`` or ``ocr.failed``.
        """
        psm = tesserocr.PSM.AUTO if layout == "page" else tesserocr.PSM.SINGLE_BLOCK
        self._reader.SetPageSegMode(psm)
        self._show(self._reader, image)
        try:
            if layout == "page" and self._has_vertical_text():
                self._reader.SetPageSegMode(tesserocr.PSM.SINGLE_COLUMN)
                self._show(self._reader, image)
            if not self._reader.Recognize(PAGE_TIMEOUT_S * 1000):
                raise OcrError("ocr.timeout", seconds=PAGE_TIMEOUT_S)
            words = self._words()
        except RuntimeError as error:
            raise OcrError("ocr.failed") from error
        finally:
            self._reader.Clear()
        return PageText(words, image.width_px, image.height_px, self._identity)

    def detect_orientation(self, image: PageImage) -> tuple[int, float] | None:
        """Return the clockwise quarter turn that makes ``image`` upright, and trust 0 to 1."""
        if self._orientation is None:
            self._orientation = self._load(OSD, tesserocr.PSM.OSD_ONLY, osd_folder(self._tessdata))
        self._show(self._orientation, image)
        try:
            found = self._orientation.DetectOS()
        except RuntimeError as error:
            raise OcrError("ocr.failed") from error
        finally:
            self._orientation.Clear()
        if not found or found["oconfidence"] <= 0:
            return None
        turn = (0, 270, 180, 90)[found["orientation"]]
        return turn, round(min(1.0, found["oconfidence"] / _SURE), 4)

    def close(self) -> None:
        """Free the models."""
        self._reader.End()
        if self._orientation is not None:
            self._orientation.End()

    def _load(self, language: str, psm: int, folder: Path) -> tesserocr.PyTessBaseAPI:
        try:
            return tesserocr.PyTessBaseAPI(
                path=f"{folder}{os.sep}",
                lang=language,
                psm=psm,
                oem=tesserocr.OEM.DEFAULT,
                variables={"debug_file": os.devnull},
            )
        except RuntimeError as error:
            raise OcrError("ocr.no_language", language=language) from error

    def _show(self, api: tesserocr.PyTessBaseAPI, image: PageImage) -> None:
        width, height = image.width_px, image.height_px
        if max(width, height) > _MAX_WIDTH_PX:
            raise OcrError("image.too_large", width_px=width, height_px=height)
        pixels = np.ascontiguousarray(to_grey(image.pixels))
        api.SetImageBytes(pixels.tobytes(), width, height, 1, width)
        api.SetSourceResolution(round(image.dpi_x))

    def _has_vertical_text(self) -> bool:
        """Return whether layout took a column of upright digits for a line that runs down."""
        blocks = self._reader.AnalyseLayout()
        if blocks is None:
            return False
        level = tesserocr.RIL.BLOCK
        return any(
            block.BlockType() == tesserocr.PT.VERTICAL_TEXT
            for block in tesserocr.iterate_level(blocks, level)
        )

    def _words(self) -> tuple[Word, ...]:
        words: list[Word] = []
        line = block = -1
        level = tesserocr.RIL
        results = self._reader.GetIterator()
        if results is None:
            return ()
        for item in tesserocr.iterate_level(results, level.WORD):
            if item.Empty(level.WORD):
                continue
            if item.IsAtBeginningOf(level.BLOCK):
                block += 1
            if item.IsAtBeginningOf(level.TEXTLINE):
                line += 1
            text = "".join(normalise(item.GetUTF8Text(level.WORD) or "").split())
            box = item.BoundingBox(level.WORD)
            if not text or box is None:
                continue
            baseline = _height_at(item.Baseline(level.TEXTLINE), (box[0] + box[2]) / 2, box[3])
            conf = round(item.Confidence(level.WORD) / 100, 4)
            edges = (float(box[0]), float(box[1]), float(box[2]), float(box[3]))
            words.append(Word(text, edges, conf, max(line, 0), max(block, 0), baseline))
        return tuple(words)


def _height_at(
    baseline: tuple[tuple[int, int], tuple[int, int]] | None, x: float, bottom: float
) -> float:
    """Return the y of a baseline at ``x``; the box's bottom when there is none."""
    if baseline is None:
        return float(bottom)
    (x0, y0), (x1, y1) = baseline
    if x1 == x0:
        return float(bottom)
    return round(y0 + (y1 - y0) * (x - x0) / (x1 - x0), 2)
