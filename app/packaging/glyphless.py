"""The font of the invisible text: every letter is one empty box half an em wide.

The picture shows the letters; the font only makes them selectable and searchable. It holds one
empty glyph, which all character codes share, so its size does not grow with the text.

Source: ISO 32000-1, 9.7.4.3 (CIDToGIDMap), 9.10.3 (ToUnicode).
"""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING

import pikepdf
from fontTools.fontBuilder import FontBuilder
from fontTools.ttLib.tables._g_l_y_f import Glyph
from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream

if TYPE_CHECKING:
    from collections.abc import Sequence

UNITS_PER_EM = 1000
ADVANCE = 500
ASCENT = 1000
DESCENT = -250
FONT_NAME = "StationGlyphless"
FIXED_TIME = 3_029_529_600  # 2000-01-01 in seconds since 1904: no clock in the bytes
CMAP_BLOCK = 100  # most entries one bfchar block may hold

_CMAP_HEAD = b"""/CIDInit /ProcSet findresource begin
12 dict begin
begincmap
/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def
/CMapName /Adobe-Identity-UCS def
/CMapType 2 def
1 begincodespacerange
<0000> <FFFF>
endcodespacerange
"""
_CMAP_TAIL = b"""endcmap
CMapName currentdict /CMap defineresource pop
end
end
"""


@lru_cache(maxsize=1)
def font_program() -> bytes:
    """The TrueType file: glyph 0 is .notdef, glyph 1 is the empty box."""
    builder = FontBuilder(UNITS_PER_EM, isTTF=True)
    builder.font.recalcTimestamp = False
    builder.setupGlyphOrder([".notdef", "box"])
    builder.setupCharacterMap({})
    builder.setupGlyf({".notdef": Glyph(), "box": Glyph()})
    builder.setupHorizontalMetrics({".notdef": (ADVANCE, 0), "box": (ADVANCE, 0)})
    builder.setupHorizontalHeader(ascent=ASCENT, descent=DESCENT)
    builder.setupNameTable({"familyName": FONT_NAME, "styleName": "Regular", "psName": FONT_NAME})
    builder.setupOS2(sTypoAscender=ASCENT, sTypoDescender=DESCENT, fsType=0)
    builder.setupPost(isFixedPitch=1)
    builder.font["head"].created = builder.font["head"].modified = FIXED_TIME
    out = BytesIO()
    builder.font.save(out)
    return out.getvalue()


def to_unicode(letters: Sequence[str]) -> bytes:
    """The CMap that tells readers which letter code ``i + 1`` stands for.

    Args:
        letters: one character each; code 0 is never used.
    """
    rows = [
        b"<%04X> <%s>\n" % (code, letter.encode("utf-16-be").hex().upper().encode())
        for code, letter in enumerate(letters, 1)
    ]
    out = [_CMAP_HEAD]
    for start in range(0, len(rows), CMAP_BLOCK):
        block = rows[start : start + CMAP_BLOCK]
        out += [b"%d beginbfchar\n" % len(block), *block, b"endbfchar\n"]
    out.append(_CMAP_TAIL)
    return b"".join(out)


def fill_font(pdf: Pdf, font: Object, letters: Sequence[str]) -> None:
    """Completes the font dictionary once all letters of the document are known.

    Args:
        pdf: the document that is being made.
        font: an empty dictionary of it, which the pages already name.
        letters: the letters in the order of their codes, the first has code 1.
    """
    program = font_program()
    file = Stream(pdf, program)
    file.Length1 = len(program)
    descriptor = Dictionary(
        Type=Name.FontDescriptor,
        FontName=Name("/" + FONT_NAME),
        Flags=5,
        FontBBox=Array([0, DESCENT, ADVANCE, ASCENT]),
        ItalicAngle=0,
        Ascent=ASCENT,
        Descent=DESCENT,
        CapHeight=ASCENT,
        StemV=80,
        FontFile2=file,
    )
    cid_font = Dictionary(
        Type=Name.Font,
        Subtype=Name.CIDFontType2,
        BaseFont=Name("/" + FONT_NAME),
        CIDSystemInfo=Dictionary(
            Registry=pikepdf.String("Adobe"), Ordering=pikepdf.String("Identity"), Supplement=0
        ),
        FontDescriptor=pdf.make_indirect(descriptor),
        DW=ADVANCE,
        CIDToGIDMap=Stream(pdf, b"\0\0" + b"\0\1" * len(letters)),
    )
    font.Type = Name.Font
    font.Subtype = Name.Type0
    font.BaseFont = Name("/" + FONT_NAME)
    font.Encoding = Name("/Identity-H")
    font.DescendantFonts = Array([pdf.make_indirect(cid_font)])
    font.ToUnicode = Stream(pdf, to_unicode(letters))
