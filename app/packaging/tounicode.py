"""Does every letter that a page shows say which character it is?

Source: ISO 19005-2, 6.2.11.7.2: a Unicode value for every shown code, none of them U+0000,
U+FEFF or U+FFFE; simple fonts with a standard encoding are exempt.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pikepdf
from pikepdf import Name, Object, Pdf, Stream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

RULE_MISSING = "ISO_19005_2:6.2.11.7.2-1"
RULE_FORBIDDEN = "ISO_19005_2:6.2.11.7.2-2"
FORBIDDEN = frozenset({"\0", "\ufeff", "\ufffe"})
MAX_DEPTH = 12  # forms within forms
MAX_RANGED_CODES = 1_000_000
CODE_BYTES = 2  # of Identity-H
STANDARD_ENCODINGS = frozenset({Name.WinAnsiEncoding, Name.MacRomanEncoding})
SHOW = frozenset({"Tj", "TJ", "'", '"'})

_CHAR_BLOCK = re.compile(rb"beginbfchar(.*?)endbfchar", re.DOTALL)
_CHAR = re.compile(rb"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f\s]*)>")
_RANGE_BLOCK = re.compile(rb"beginbfrange(.*?)endbfrange", re.DOTALL)
_RANGE = re.compile(rb"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>\s*(?:<([0-9A-Fa-f\s]*)>|\[([^\]]*)\])")
_HEX = re.compile(rb"<([0-9A-Fa-f\s]*)>")


@dataclass(frozen=True, slots=True)
class _Font:
    name: str
    exempt: bool
    values: dict[int, str]
    code_bytes: int


def unreadable_letters(pdf: Pdf) -> Iterator[str]:
    """One finding per page and font with letters that do not say what they are."""
    known: dict[tuple[int, int], _Font] = {}
    for number, page in enumerate(pdf.pages, 1):
        found: dict[str, str] = {}
        _walk(page.obj, page.obj.get("/Resources"), known, found, 0)
        for finding in found.values():
            yield f"{finding} (page {number})"


def _walk(
    content: Object,
    resources: Object | None,
    known: dict[tuple[int, int], _Font],
    found: dict[str, str],
    depth: int,
) -> None:
    """Follows the operators of a page or form, noting the first bad code of each font."""
    fonts = _named(resources, "/Font")
    forms = _named(resources, "/XObject")
    font: _Font | None = None
    for step in pikepdf.parse_content_stream(content):
        operands, name = step.operands, str(step.operator)
        if name == "Tf" and operands:
            font = _font(fonts.get(str(operands[0])), known)
        elif name in SHOW and font is not None and font.name not in found:
            finding = _first_bad(font, operands)
            if finding:
                found[font.name] = finding
        elif name == "Do" and operands and depth < MAX_DEPTH:
            form = forms.get(str(operands[0]))
            if isinstance(form, Stream) and form.get("/Subtype") == Name.Form:
                _walk(form, form.get("/Resources", resources), known, found, depth + 1)


def _named(resources: Object | None, kind: str) -> dict[str, Object]:
    """The fonts or forms that names in a content stream stand for."""
    entries = resources.get(kind) if resources is not None else None
    return dict(entries.items()) if isinstance(entries, pikepdf.Dictionary) else {}


def _font(dictionary: Object | None, known: dict[tuple[int, int], _Font]) -> _Font | None:
    if dictionary is None:
        return None
    key = dictionary.objgen
    if key in known and key != (0, 0):
        return known[key]
    composite = dictionary.get("/Subtype") == Name.Type0
    cmap = dictionary.get("/ToUnicode")
    font = _Font(
        name=str(dictionary.get("/BaseFont", "/Type3")),
        exempt=not composite and dictionary.get("/Encoding") in STANDARD_ENCODINGS,
        values=_values(cmap.read_bytes()) if isinstance(cmap, Stream) else {},
        code_bytes=CODE_BYTES if composite else 1,
    )
    known[key] = font
    return font


def _first_bad(font: _Font, operands: Iterable[object]) -> str | None:
    for code in _codes(font, operands):
        value = font.values.get(code)
        if value is None:
            if not font.exempt:
                return f"{RULE_MISSING} {font.name}: code {code:04X} has no ToUnicode value"
        elif not value or FORBIDDEN.intersection(value):
            return f"{RULE_FORBIDDEN} {font.name}: code {code:04X} maps to a forbidden value"
    return None


def _codes(font: _Font, operands: Iterable[object]) -> Iterator[int]:
    """The character codes in the operands of a text-showing operator."""
    for operand in operands:
        if isinstance(operand, pikepdf.Array):
            yield from _codes(font, iter(operand))
        elif isinstance(operand, pikepdf.String):
            raw = bytes(operand)
            for start in range(0, len(raw), font.code_bytes):
                yield int.from_bytes(raw[start : start + font.code_bytes], "big")


def _values(cmap: bytes) -> dict[int, str]:
    """Code -> text of a ToUnicode CMap; hostile ones are read no further than a million codes."""
    values: dict[int, str] = {}
    for block in _CHAR_BLOCK.findall(cmap):
        for code, value in _CHAR.findall(block):
            values[int(code, 16)] = _text(value)
    budget = MAX_RANGED_CODES
    for block in _RANGE_BLOCK.findall(cmap):
        for first, last, start, listed in _RANGE.findall(block):
            codes = range(int(first, 16), min(int(last, 16), 0xFFFF) + 1)[:budget]
            budget -= len(codes)
            if listed:
                values.update(zip(codes, map(_text, _HEX.findall(listed)), strict=False))
            else:
                values.update((code, _following(_text(start), code - codes[0])) for code in codes)
    return values


def _following(text: str, steps: int) -> str:
    """The text ``steps`` after ``text`` in a range: its last character counts upwards."""
    if not text or ord(text[-1]) + steps > sys.maxunicode:
        return ""
    return text[:-1] + chr(ord(text[-1]) + steps)


def _text(value: bytes) -> str:
    digits = b"".join(value.split())
    raw = bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode("ascii"))
    return raw.decode("utf-16-be", errors="replace")
