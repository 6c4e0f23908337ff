"""Makes the three fonts of this folder from Debian's fonts-croscore and fonts-noto-core.

Run it again only to move to a newer release of a source font:

    python resources/fonts/make_fonts.py

Every font is cut down to what Vietnamese papers and screens need. Tinos, which signs and stamps
are set in, is also rescaled to 1000 units per em: writers of PDF files that take a font's own
units for thousandths of an em would otherwise space its letters twice too wide. Equal source
fonts and an equal fontTools give equal bytes. Licence of sources and results: OFL.txt beside it.
"""

# ruff: noqa: INP001 - a script of a data folder, not a package

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fontTools.ttLib.scaleUpem import scale_upem

HERE = Path(__file__).resolve().parent
DEBIAN = Path("/usr/share/fonts/truetype")

STAMP_UNITS_PER_EM = 1000
VOWELS = "aăâeêioôơuưy"
TONES = ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")

RANGES = (
    (0x0020, 0x007E),  # Basic Latin
    (0x00A0, 0x017F),  # Latin-1 Supplement, Latin Extended-A
    (0x01A0, 0x01A1),  # Ơ ơ
    (0x01AF, 0x01B0),  # Ư ư
    (0x0300, 0x0304),  # combining marks, for text that was not composed
    (0x0306, 0x0309),
    (0x031B, 0x031B),
    (0x0323, 0x0323),
    (0x1EA0, 0x1EF9),  # Vietnamese
    (0x2010, 0x2027),  # dashes, quotation marks, bullets, ellipsis
    (0x202F, 0x203A),
    (0x2044, 0x2044),
    (0x2070, 0x2079),
    (0x2080, 0x2089),
    (0x20AB, 0x20AC),  # đồng, euro
    (0x2116, 0x2116),
    (0x2122, 0x2122),
    (0x2190, 0x2193),  # arrows
    (0x2212, 0x2212),
    (0x2260, 0x2265),
    (0x25A0, 0x25CF),
    (0x2610, 0x2612),
    (0x2713, 0x2717),
    (0xFFFD, 0xFFFD),
)


@dataclass(frozen=True, slots=True)
class Recipe:
    """One font to make: where it comes from, what it is called here, how it is treated."""

    source: Path
    result: str
    units_per_em: int | None = None
    keep_hinting: bool = True


RECIPES = (
    Recipe(
        DEBIAN / "croscore" / "Tinos-Regular.ttf",
        "Tinos-Vietnamese.ttf",
        units_per_em=STAMP_UNITS_PER_EM,
        keep_hinting=False,
    ),
    Recipe(DEBIAN / "noto" / "NotoSans-Regular.ttf", "NotoSans-Regular.ttf"),
    Recipe(DEBIAN / "noto" / "NotoSans-Bold.ttf", "NotoSans-Bold.ttf"),
)


def vietnamese_letters() -> frozenset[str]:
    """The 134 letters outside ASCII that Vietnamese writes, composed, both cases."""
    lower = {unicodedata.normalize("NFC", v + tone) for v in VOWELS for tone in TONES} | {"đ"}
    letters = frozenset(c for c in lower | {c.upper() for c in lower} if not c.isascii())
    if len(letters) != 134:  # noqa: PLR2004 - twelve vowels, six tones, đ, two cases, less ASCII
        raise AssertionError(f"counted {len(letters)} letters")
    return letters


def make(recipe: Recipe) -> None:
    """Writes one font; refuses when a Vietnamese letter would be missing from it."""
    font = TTFont(recipe.source, recalcTimestamp=False)
    options = Options()
    options.hinting = recipe.keep_hinting
    options.layout_features = ["kern", "mark", "mkmk", "ccmp", "locl"]
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 7, 13, 14]
    options.notdef_outline = True
    options.recalc_timestamp = False
    options.drop_tables = [*options.drop_tables, "VDMX", "hdmx", "LTSH", "DSIG", "FFTM", "meta"]
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=[c for first, last in RANGES for c in range(first, last + 1)])
    subsetter.subset(font)
    if recipe.units_per_em is not None:
        scale_upem(font, recipe.units_per_em)
    missing = sorted(c for c in vietnamese_letters() if ord(c) not in font.getBestCmap())
    if missing:
        raise AssertionError(f"{recipe.result} lacks {' '.join(missing)}")
    font.save(HERE / recipe.result, reorderTables=True)


if __name__ == "__main__":
    for each in RECIPES:
        make(each)
