"""Tesseract by its command, through pytesseract: where its library cannot be loaded.

The command writes hOCR, which alone of its outputs carries baselines.

*Source:* hOCR 1.2, sections 2 and 3 (``ocr_carea``, ``ocr_line``, ``ocrx_word``, ``bbox``,
``baseline``, ``x_wconf``).
"""

from __future__ import annotations

import os
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Final

os.environ["OMP_THREAD_LIMIT"] = "1"

import pytesseract
from PIL import Image

from ocr.engine import OSD, PAGE_TIMEOUT_S, model_digest, osd_folder
from ocr.errors import OcrError
from ocr.grey import to_grey
from ocr.text import PageText, Word
from ocr.vietnamese import normalise

if TYPE_CHECKING:
    from pathlib import Path

    from ocr.engine import Layout
    from ocr.image import PageImage

_SURE: Final = 15.0
_NUMBER = r"(-?\d+(?:\.\d+)?)"
_BBOX = re.compile(rf"bbox {_NUMBER} {_NUMBER} {_NUMBER} {_NUMBER}")
_BASELINE = re.compile(rf"baseline {_NUMBER} {_NUMBER}")
_CONF = re.compile(rf"x_wconf {_NUMBER}")
_LINES = {"ocr_line", "ocr_header", "ocr_caption", "ocr_textfloat"}


class TesseractCli:
    """Tesseract as a command: slower, the same words.

    Args:
        language: model name or names.
        tessdata: folder of the models.

    Raises:
        OcrError: ``ocr.no_engine`` when there is no such command.
    """

    def __init__(self, language: str, tessdata: Path) -> None:
        self._language = language
        self._tessdata = tessdata
        try:
            version = str(pytesseract.get_tesseract_version())
        except (pytesseract.TesseractNotFoundError, OSError, SystemExit) as error:
            raise OcrError("ocr.no_engine", kind="cli") from error
        self._identity = f"tesseract/{version}/{language}/{model_digest(language, tessdata)}"

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
        page = self._hocr(image, "--psm 3" if layout == "page" else "--psm 6")
        if layout == "page" and "textangle" in page:
            page = self._hocr(image, "--psm 4")  # digits below each other are no vertical text
        parser = _Hocr()
        parser.feed(page)
        return PageText(tuple(parser.words), image.width_px, image.height_px, self._identity)

    def _hocr(self, image: PageImage, mode: str) -> str:
        try:
            page = pytesseract.image_to_pdf_or_hocr(
                Image.fromarray(to_grey(image.pixels)),
                lang=self._language,
                config=self._config(self._tessdata, image, mode),
                extension="hocr",
                timeout=PAGE_TIMEOUT_S,
            )
        except pytesseract.TesseractError as error:
            raise OcrError("ocr.failed") from error
        except RuntimeError as error:
            raise OcrError("ocr.timeout", seconds=PAGE_TIMEOUT_S) from error
        return str(page, "utf-8")

    def detect_orientation(self, image: PageImage) -> tuple[int, float] | None:
        """Return the clockwise quarter turn that makes ``image`` upright, and trust 0 to 1."""
        folder = osd_folder(self._tessdata)
        try:
            found = pytesseract.image_to_osd(
                Image.fromarray(to_grey(image.pixels)),
                lang=OSD,
                config=self._config(folder, image, ""),
                output_type=pytesseract.Output.DICT,
                timeout=PAGE_TIMEOUT_S,
            )
        except pytesseract.TesseractError:
            return None  # the command's way to say: too few letters
        except RuntimeError as error:
            raise OcrError("ocr.timeout", seconds=PAGE_TIMEOUT_S) from error
        confidence = float(found["orientation_conf"])
        if confidence <= 0:
            return None
        return int(found["rotate"]), round(min(1.0, confidence / _SURE), 4)

    def close(self) -> None:
        """Do nothing: each page had its own process."""

    def _config(self, tessdata: Path, image: PageImage, mode: str) -> str:
        return f'--tessdata-dir "{tessdata}" --dpi {round(image.dpi_x)} {mode}'


class _Hocr(HTMLParser):
    """Collects the words of one hOCR page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[Word] = []
        self._line = self._block = -1
        self._title = ""
        self._base = (0.0, 0.0, 0.0, 0.0)  # left, bottom, slope, offset of the line
        self._text: list[str] | None = None
        self._depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        kind, title = values.get("class") or "", values.get("title") or ""
        if self._text is not None:
            self._depth += tag == "span"
        elif kind == "ocr_carea":
            self._block += 1
        elif kind in _LINES:
            self._line += 1
            box, base = _BBOX.search(title), _BASELINE.search(title)
            slope, offset = (float(base[1]), float(base[2])) if base else (0.0, 0.0)
            self._base = (float(box[1]), float(box[4]), slope, offset) if box else (0.0,) * 4
        elif kind == "ocrx_word":
            self._title, self._text, self._depth = title, [], 1

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if self._text is None or tag != "span":
            return
        self._depth -= 1
        if self._depth:
            return
        text, self._text = "".join(normalise("".join(self._text)).split()), None
        box, conf = _BBOX.search(self._title), _CONF.search(self._title)
        if not text or box is None:
            return
        x0, y0, x1, y1 = (float(box[at]) for at in range(1, 5))
        left, bottom, slope, offset = self._base
        baseline = round(bottom + offset + slope * ((x0 + x1) / 2 - left), 2)
        trust = round(float(conf[1]) / 100, 4) if conf else 0.0
        self.words.append(
            Word(text, (x0, y0, x1, y1), trust, max(self._line, 0), max(self._block, 0), baseline)
        )
