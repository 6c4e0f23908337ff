"""Separator sheets: what they say, written so that nothing else is taken for one.

A sheet of ours carries a QR code ``SEP1|procedure|component|dossier|crc``; every part but the
first and the last may be empty. A Patch-T sheet carries ``PATCHT`` in Code 39 and only cuts.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

PATCH_T = "PATCHT"
MAX_PART = 64
"""Most characters of one part."""
_MARK = "SEP1"
_BARS = 4
_MAX_TEXT = 1024
_CHECK = re.compile(r"[0-9A-F]{8}")
_ESCAPED = re.compile(r"%(7C|25)")
_ESCAPE = {"%": "%25", "|": "%7C"}
_MEANING = {code[1:]: char for char, code in _ESCAPE.items()}


@dataclass(frozen=True, slots=True)
class Separator:
    """What a separator sheet says of the pages after it; empty parts say nothing.

    Attributes:
        procedure: code of the procedure.
        component: id of one of its components, or a kind of paper.
        dossier: code of the dossier it was printed for.
    """

    procedure: str = ""
    component: str = ""
    dossier: str = ""

    @property
    def names(self) -> bool:
        """Whether it says what paper follows, and does not only cut."""
        return bool(self.component)


def encode(separator: Separator) -> str:
    """The text of the QR code of a sheet.

    Raises:
        ValueError: for a part of more than 64 characters or with one that cannot be printed.
    """
    parts = (separator.procedure, separator.component, separator.dossier)
    if not all(_printable(part) for part in parts):
        raise ValueError("a part is too long or cannot be printed")
    body = "|".join([_MARK, *(_escaped(part) for part in parts)])
    return f"{body}|{_check(body)}"


def parse(text: str) -> Separator | None:
    """What the text of a code says when it is a separator's, else None.

    Only what :func:`encode` writes is taken, and the word of a Patch-T sheet.
    """
    if text == PATCH_T:
        return Separator()
    if len(text) > _MAX_TEXT or text.count("|") != _BARS:
        return None
    body, _, check = text.rpartition("|")
    mark, *escaped = body.split("|")
    if mark != _MARK or not _CHECK.fullmatch(check):
        return None
    procedure, component, dossier = (_plain(part) for part in escaped)
    found = Separator(procedure, component, dossier)
    try:
        return found if encode(found) == text else None
    except ValueError:
        return None


def from_codes(codes: Iterable[tuple[str, str]]) -> Separator | None:
    """The separator that the codes of one page make it, or None.

    Args:
        codes: format in lower case (``qrcode``, ``code39``) and text of each code.

    A page with two sheets' codes of different meaning is a paper about separators, and a QR code
    says more than the Patch-T beside it.
    """
    found = set()
    for kind, text in codes:
        if kind in {"qrcode", "code39"} and (text == PATCH_T) == (kind == "code39"):
            separator = parse(text)
            if separator is not None:
                found.add(separator)
    found = {separator for separator in found if separator != Separator()} or found
    return found.pop() if len(found) == 1 else None


def _check(body: str) -> str:
    return f"{zlib.crc32(body.encode()):08X}"


def _escaped(part: str) -> str:
    return "".join(_ESCAPE.get(char, char) for char in part)


def _plain(part: str) -> str:
    return _ESCAPED.sub(lambda code: _MEANING[code.group(1)], part)


def _printable(part: str) -> bool:
    composed = unicodedata.normalize("NFC", part) == part
    return len(part) <= MAX_PART and composed and part.isprintable() and part == part.strip()
