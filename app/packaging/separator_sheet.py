"""Separator sheets to print: two large QR codes, Patch-T in Code 39, and words for people.

One code stands top right, one bottom left, so that the sheet may lie any way up and a torn or
stained corner does not matter. The pictures are black and white without loss.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Final

import numpy as np
import zxingcpp
from PIL import Image, ImageDraw, ImageFont
from zxingcpp import BarcodeFormat

from app.packaging.compose import compose
from app.packaging.model import IDENTITY, Metadata, PageInput, WordBox

PATCH_T: Final = "PATCHT"
DPI: Final = 300
_MM: Final = DPI / 25.4
WIDTH_PX: Final = round(210 * _MM)
HEIGHT_PX: Final = round(297 * _MM)
_WHITE: Final = 255
_HALF: Final = 128
_MARGIN_PX: Final = round(18 * _MM)
_QR_PX: Final = round(56 * _MM)
_BARS_PX: Final = (round(96 * _MM), round(20 * _MM))
_TITLE_PX: Final = round(16 * _MM)
_LINE_PX: Final = round(9 * _MM)
_NOTE_PX: Final = round(4.2 * _MM)
_LEADING: Final = 1.4
_FIRST_LINE_PX: Final = round(105 * _MM)
_NOTES_PX: Final = round(190 * _MM)


@dataclass(frozen=True, slots=True)
class SheetText:
    """What stands on one sheet.

    Args:
        payload: text of the QR codes; None makes a sheet that carries Patch-T alone.
        title: in large letters.
        lines: what follows the sheet, one entry a line or more.
        notes: small print.
    """

    payload: str | None
    title: str
    lines: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SheetFonts:
    """Font files with all Vietnamese letters."""

    regular: Path
    bold: Path


def separator_sheets(sheets: Sequence[SheetText], fonts: SheetFonts, meta: Metadata) -> bytes:
    """A PDF/A-2u of one A4 page for each sheet; equal sheets give equal bytes.

    Raises:
        PackagingError: ``pack.no_pages``.
    """
    made: dict[SheetText, PageInput] = {}
    for sheet in sheets:
        if sheet not in made:
            made[sheet] = _page(sheet, fonts)
    return compose([made[sheet] for sheet in sheets], meta)


def _page(sheet: SheetText, fonts: SheetFonts) -> PageInput:
    picture = Image.new("L", (WIDTH_PX, HEIGHT_PX), _WHITE)
    for code, at in _codes(sheet.payload):
        picture.paste(code, at)
    writer = _Writer(picture)
    writer.y = _FIRST_LINE_PX
    writer.write(sheet.title, _font(fonts.bold, _TITLE_PX))
    for line in sheet.lines:
        writer.write(line, _font(fonts.regular, _LINE_PX))
    writer.y = max(writer.y, _NOTES_PX)
    for note in sheet.notes:
        writer.write(note, _font(fonts.regular, _NOTE_PX))
    out = BytesIO()
    picture.point(lambda level: _WHITE * (level >= _HALF)).convert("1").save(
        out, "PNG", dpi=(DPI, DPI)
    )
    return PageInput(
        out.getvalue(), DPI, DPI, IDENTITY, WIDTH_PX, HEIGHT_PX, words=tuple(writer.words)
    )


def _codes(payload: str | None) -> Iterator[tuple[Image.Image, tuple[int, int]]]:
    """Each code picture and where its upper left corner stands."""
    bars = _bars()
    right, low = WIDTH_PX - _MARGIN_PX, HEIGHT_PX - _MARGIN_PX
    yield bars, (_MARGIN_PX, _MARGIN_PX)
    yield bars, (right - bars.width, low - bars.height)
    if payload is not None:
        code = _qr(payload)
        yield code, (right - code.width, _MARGIN_PX)
        yield code, (_MARGIN_PX, low - code.height)


def _qr(payload: str) -> Image.Image:
    code = zxingcpp.create_barcode(payload, BarcodeFormat.QRCode, ec_level="Q")
    modules = _picture(zxingcpp.write_barcode_to_image(code, scale=1, add_quiet_zones=False))
    return _enlarged(modules, (max(1, _QR_PX // modules.width),) * 2)


@lru_cache(maxsize=1)
def _bars() -> Image.Image:
    code = zxingcpp.create_barcode(PATCH_T, BarcodeFormat.Code39)
    modules = _picture(zxingcpp.write_barcode_to_image(code, scale=1, add_quiet_zones=False))
    row = modules.crop((0, 0, modules.width, 1))
    return _enlarged(row, (max(1, _BARS_PX[0] // row.width), _BARS_PX[1]))


def _picture(drawn: zxingcpp.Image) -> Image.Image:
    return Image.fromarray(np.array(drawn, dtype=np.uint8))


def _enlarged(modules: Image.Image, by: tuple[int, int]) -> Image.Image:
    """Modules of whole pixels: edges stay as sharp as the printer can make them."""
    size = modules.width * by[0], modules.height * by[1]
    return modules.resize(size, Image.Resampling.NEAREST)


@lru_cache(maxsize=8)
def _font(path: Path, size_px: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(path), size_px)


class _Writer:
    """Centred lines from the top down, with the place of every word."""

    def __init__(self, picture: Image.Image) -> None:
        self.y = 0.0
        self.words: list[WordBox] = []
        self._draw = ImageDraw.Draw(picture)
        self._line = 0

    def write(self, text: str, font: ImageFont.FreeTypeFont) -> None:
        """Write a text, on as many lines as it needs."""
        for words in _wrapped(text.split(), font, WIDTH_PX - 2 * _MARGIN_PX):
            self._write_line(words, font)

    def _write_line(self, words: list[str], font: ImageFont.FreeTypeFont) -> None:
        ascent, descent = font.getmetrics()
        gap = font.getlength(" ")
        x = (WIDTH_PX - font.getlength(" ".join(words))) / 2
        for word in words:
            width = font.getlength(word)
            self._draw.text((x, self.y), word, font=font, fill=0)
            baseline = self.y + ascent
            box = WordBox(word, x, self.y, x + width, baseline + descent, baseline, self._line)
            self.words.append(box)
            x += width + gap
        self._line += 1
        self.y += font.size * _LEADING


def _wrapped(
    words: list[str], font: ImageFont.FreeTypeFont, width_px: float
) -> Iterator[list[str]]:
    line: list[str] = []
    for word in words:
        if line and font.getlength(" ".join([*line, word])) > width_px:
            yield line
            line = []
        line.append(word)
    if line:
        yield line
