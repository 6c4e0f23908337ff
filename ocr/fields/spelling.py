"""One spelling of a place's name where a page bears it several times.

Capitals lose their marks first: a head's "XÃ PHÚ LÃM" stands beside "Phú Lẫm, ngày …" and the
body's "xã Phú Lẫm". Only readings of this very page are weighed, no list of places.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from ocr.fields.layout import Layout, fold_letters
from ocr.text import Word

_UNITS: Final = frozenset({"xa", "phuong", "tran", "huyen", "quan", "tinh", "pho", "khu", "thi"})
_LONGEST: Final = 4
_EDGES: Final = " ,.;:()-*\"'"


def place_spelled(layout: Layout, words: Sequence[Word]) -> str:
    """Return the text of ``words``, the place at its end as most of the page spells it.

    Args:
        layout: the page.
        words: the name of an organ in capitals: "ỦY BAN NHÂN DÂN XÃ PHÚ LÃM".
    """
    texts = [word.text for word in words]
    folded = [fold_letters(text) for text in texts]
    units = [at for at, text in enumerate(folded) if text in _UNITS]
    start = units[-1] + 1 if units else len(texts)
    if not 0 < len(texts) - start <= _LONGEST:
        return " ".join(texts)
    return " ".join([*texts[:start], _most_trusted(layout, words[start:])])


def _most_trusted(layout: Layout, name: Sequence[Word]) -> str:
    """Return the spelling, in capitals, that the readings of a name on the page trust most."""
    own = " ".join(word.text for word in name).upper().strip(_EDGES)
    wanted = fold_letters(own)
    votes: defaultdict[str, float] = defaultdict(float)
    for piece in layout.pieces:
        for at in range(len(piece.words) - len(name) + 1):
            read = piece.words[at : at + len(name)]
            spelled = " ".join(word.text.strip(_EDGES) for word in read).upper()
            if fold_letters(spelled) == wanted:
                votes[spelled] += min(word.conf for word in read)
    best = max(votes.values(), default=0.0)
    return own if votes[own] >= best else min(text for text in votes if votes[text] >= best)
