"""Text as it may stand in a file that others read: composed, visible, on one line."""

from __future__ import annotations

import unicodedata

INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"})
MAX_ENTRY_BYTES = 32_000  # of UTF-16; beside them the mark of byte order and the ellipsis
ELLIPSIS = "\u2026"


def readable(text: str | None) -> str:
    """``text`` in NFC without what has no shape on paper; white space becomes one blank.

    Dropped are controls, format marks (U+FEFF, joiners, soft hyphens, direction marks), lone
    surrogates and code points that are no characters. None gives an empty text.

    *Source:* Unicode Standard, 4.5 (general categories); ISO 19005-2, 6.2.11.7.2 (values that
    no letter may have).
    """
    words = unicodedata.normalize("NFC", text or "").split()
    kept = ("".join(c for c in w if unicodedata.category(c) not in INVISIBLE) for w in words)
    return " ".join(w for w in kept if w)


def entry(text: str | None) -> str:
    """``text`` as one string of a PDF may hold it: readable, and cut where it is far too long.

    *Source:* ISO 19005-2, 6.1.13 (no string longer than 32,767 bytes); ISO 32000-1, 7.9.2.2.
    """
    shown = readable(text)
    coded = shown.encode("utf-16-be")
    if len(coded) <= MAX_ENTRY_BYTES:
        return shown
    return coded[:MAX_ENTRY_BYTES].decode("utf-16-be", "ignore").rstrip() + ELLIPSIS
