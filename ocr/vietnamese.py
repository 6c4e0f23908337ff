"""Vietnamese letters as Unicode wants them: composed, and with the right đ."""

from __future__ import annotations

import re
import unicodedata

# Recognisers and old fonts put the Icelandic eth where Vietnamese has d with stroke.
_SLASH = str.maketrans({"\u2044": "/", "\u2215": "/"})  # Trang 1⁄2 is no fraction
_ETH = str.maketrans({"\u00d0": "\u0110", "\u00f0": "\u0111"})
_UNSEEN = dict.fromkeys(map(ord, "\ufeff\u200b\u200c\u200d\u2060\u00ad"))
_WORD_WITH_ETH = re.compile(r"[\u00d0\u00f0]\w+|\w+[\u00d0\u00f0]\w*|[\u00d0\u00f0](?!\w)")
_ICELANDIC = re.compile(r"[\u00fe\u00de\u00e6\u00c6\u00f6\u00d6]")


def normalise(text: str) -> str:
    """Return ``text`` composed (NFC), without invisible marks, eth made đ in Vietnamese words.

    Compatibility forms stay: NFKC would turn ``½`` and ``№`` into something else.
    """
    composed = unicodedata.normalize("NFC", text.translate(_UNSEEN).translate(_SLASH))
    return _WORD_WITH_ETH.sub(_stroke, composed)


def fold(text: str) -> str:
    """Return ``text`` for search: no tone, no mark, no capital, đ as d.

    ``hòa`` and ``hoà`` fold alike; nothing a clerk reads is ever replaced by a folded form.
    """
    bare = unicodedata.normalize("NFD", normalise(text).casefold()).replace("đ", "d")
    return unicodedata.normalize("NFC", "".join(c for c in bare if not unicodedata.combining(c)))


def _stroke(match: re.Match[str]) -> str:
    word = match.group()
    return word if _ICELANDIC.search(word) else word.translate(_ETH)
