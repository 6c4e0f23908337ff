"""Codes printed on invented papers: Code 39 and Code 128 drawn from their tables, QR by segno.

*Source:* ISO/IEC 16388 (Code 39), ISO/IEC 15417 (Code 128, set B).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import segno
from PIL import Image

from tests.corpus.sheet import mm
from tests.corpus.truth import TruthCode

if TYPE_CHECKING:
    from tests.corpus.sheet import Sheet

_LETTERS_39 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. *"
_BARS_39 = [
    "nnnwwnwnn",
    "wnnwnnnnw",
    "nnwwnnnnw",
    "wnwwnnnnn",
    "nnnwwnnnw",
    "wnnwwnnnn",
    "nnwwwnnnn",
    "nnnwnnwnw",
    "wnnwnnwnn",
    "nnwwnnwnn",
    "wnnnnwnnw",
    "nnwnnwnnw",
    "wnwnnwnnn",
    "nnnnwwnnw",
    "wnnnwwnnn",
    "nnwnwwnnn",
    "nnnnnwwnw",
    "wnnnnwwnn",
    "nnwnnwwnn",
    "nnnnwwwnn",
    "wnnnnnnww",
    "nnwnnnnww",
    "wnwnnnnwn",
    "nnnnwnnww",
    "wnnnwnnwn",
    "nnwnwnnwn",
    "nnnnnnwww",
    "wnnnnnwwn",
    "nnwnnnwwn",
    "nnnnwnwwn",
    "wwnnnnnnw",
    "nwwnnnnnw",
    "wwwnnnnnn",
    "nwnnwnnnw",
    "wwnnwnnnn",
    "nwwnwnnnn",
    "nwnnnnwnw",
    "wwnnnnwnn",
    "nwwnnnwnn",
    "nwnnwnwnn",
]
_BARS_128 = [
    "212222",
    "222122",
    "222221",
    "121223",
    "121322",
    "131222",
    "122213",
    "122312",
    "132212",
    "221213",
    "221312",
    "231212",
    "112232",
    "122132",
    "122231",
    "113222",
    "123122",
    "123221",
    "223211",
    "221132",
    "221231",
    "213212",
    "223112",
    "312131",
    "311222",
    "321122",
    "321221",
    "312212",
    "322112",
    "322211",
    "212123",
    "212321",
    "232121",
    "111323",
    "131123",
    "131321",
    "112313",
    "132113",
    "132311",
    "211313",
    "231113",
    "231311",
    "112133",
    "112331",
    "132131",
    "113123",
    "113321",
    "133121",
    "313121",
    "211331",
    "231131",
    "213113",
    "213311",
    "213131",
    "311123",
    "311321",
    "331121",
    "312113",
    "312311",
    "332111",
    "314111",
    "221411",
    "431111",
    "111224",
    "111422",
    "121124",
    "121421",
    "141122",
    "141221",
    "112214",
    "112412",
    "122114",
    "122411",
    "142112",
    "142211",
    "241211",
    "221114",
    "413111",
    "241112",
    "134111",
    "111242",
    "121142",
    "121241",
    "114212",
    "124112",
    "124211",
    "411212",
    "421112",
    "421211",
    "212141",
    "214121",
    "412121",
    "111143",
    "111341",
    "131141",
    "114113",
    "114311",
    "411113",
    "411311",
    "113141",
    "114131",
    "311141",
    "411131",
    "211412",
    "211214",
    "211232",
    "2331112",
]
_START_B, _STOP = 104, 106
_WIDE = 2.5


def code39_bars(text: str) -> list[float]:
    """Give the widths of bars and gaps in turn, in narrow bars."""
    bars: list[float] = []
    for letter in f"*{text}*":
        bars += [_WIDE if w == "w" else 1.0 for w in _BARS_39[_LETTERS_39.index(letter)]] + [1.0]
    return bars[:-1]


def code128_bars(text: str) -> list[float]:
    """Give the widths of bars and gaps in turn, in modules; code set B."""
    values = [ord(letter) - 32 for letter in text]
    check = (_START_B + sum(i * value for i, value in enumerate(values, start=1))) % 103
    return [float(w) for v in (_START_B, *values, check, _STOP) for w in _BARS_128[v]]


def bars(
    sheet: Sheet, kind: str, text: str, at: tuple[int, int], *, module_mm: float, height_mm: float
) -> None:
    """Print a linear code (`code39` or `code128`) with its top left at `at`, and record it."""
    x0, y0 = at
    widths = code39_bars(text) if kind == "code39" else code128_bars(text)
    x, module = float(x0), module_mm * 300 / 25.4
    for number, width in enumerate(widths):
        end = x + width * module
        if number % 2 == 0:
            box = (round(x), y0, round(end) - 1, y0 + mm(height_mm))
            sheet.draw.rectangle(box, fill=(25, 25, 27))
        x = end
    sheet.codes.append(TruthCode(kind, text, (x0, y0, round(x), y0 + mm(height_mm))))


def qr(sheet: Sheet, text: str, at: tuple[int, int], side_mm: float, *, error: str = "m") -> None:
    """Print a QR code with its top left at `at`; `side_mm` is that of its modules; record it."""
    matrix = np.array(segno.make_qr(text, error=error, encoding="utf-8", boost_error=False).matrix)
    quiet = np.pad(np.where(matrix, 20, 255).astype(np.uint8), 2, constant_values=255)
    module = mm(side_mm) / len(matrix)
    side = round(module * len(quiet))
    picture = Image.fromarray(quiet).resize((side * 4, side * 4), Image.Resampling.NEAREST)
    picture = picture.resize((side, side), Image.Resampling.BOX)
    x, y = at
    sheet.image.paste(picture.convert("RGB"), (x - round(2 * module), y - round(2 * module)))
    sheet.codes.append(TruthCode("qrcode", text, (x, y, x + mm(side_mm), y + mm(side_mm))))
