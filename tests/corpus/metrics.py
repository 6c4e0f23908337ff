"""How much of what is printed a reader found: recall of characters, and error rate of lines.

Both compare every printed line with its best place in the text, so that a reader which takes two
columns in another order than the truth is not punished for it, and one which leaves a line out is.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    Codes = NDArray[np.int32]

_TAKEN = -1
_CHANCE = 0.5


def aligned_recall(truth_lines: Sequence[str], text: str) -> float:
    """Give the share of printed characters found in the text of one page, 0 to 1.

    NFC, white space ignored. Long lines choose their place first, and a place serves one line only,
    so a line printed twice must be read twice. A line of which less than half agrees with its best
    place counts as not found: that much agrees by chance. A page without print gives 1.
    """
    lines = sorted((_codes(line, keep_blanks=False) for line in truth_lines), key=len, reverse=True)
    total = sum(map(len, lines))
    page = _codes(text, keep_blanks=False)
    found = 0
    for line in lines:
        matched, start, end = _place(line, page)
        if len(line) and matched / len(line) >= _CHANCE:
            found += matched
            page[start:end] = _TAKEN
    return found / total if total else 1.0


def line_cer(truth_lines: Iterable[str], ocr_text: str) -> float:
    """Give the character error rate of the printed lines, each against its best window.

    Edit distance (insertions, deletions, substitutions) over all lines, divided by the printed
    characters; NFC, runs of white space are one blank. No print gives 0.
    """
    errors, characters = line_errors(truth_lines, ocr_text)
    return errors / characters if characters else 0.0


def line_errors(truth_lines: Iterable[str], ocr_text: str) -> tuple[int, int]:
    """Give (errors, printed characters), to be summed over pages."""
    page = _codes(ocr_text, keep_blanks=True)
    errors = characters = 0
    for text in truth_lines:
        line = _codes(text, keep_blanks=True)
        errors += int(_distances(line, page)[-1].min())
        characters += len(line)
    return errors, characters


def _codes(text: str, *, keep_blanks: bool) -> Codes:
    joined = (" " if keep_blanks else "").join(unicodedata.normalize("NFC", text).split())
    return np.array([ord(letter) for letter in joined], np.int32)


def _distances(line: Codes, page: Codes) -> Codes:
    """Give the edit distances of every prefix of the line to every end in the page, free start.

    Row i, column j: the least edits that turn line[:i] into some page[k:j].
    """
    columns = np.arange(len(page) + 1, dtype=np.int32)
    table = np.zeros((len(line) + 1, len(page) + 1), np.int32)
    for i, letter in enumerate(line, start=1):
        row = table[i - 1] + 1
        np.minimum(row[1:], table[i - 1][:-1] + (page != letter), out=row[1:])
        # An insertion costs one per column: a running minimum of row - column carries it along.
        table[i] = np.minimum.accumulate(row - columns) + columns
    return table


def _place(line: Codes, page: Codes) -> tuple[int, int, int]:
    """Give (agreeing characters, start, end) of the line's best place in the page."""
    table = _distances(line, page)
    i, j = len(line), int(table[-1].argmin())
    end, matched = j, 0
    while i and j:
        same = line[i - 1] == page[j - 1]
        if table[i, j] == table[i - 1, j - 1] + (not same):
            matched += int(same)
            i, j = i - 1, j - 1
        elif table[i, j] == table[i - 1, j] + 1:
            i -= 1
        else:
            j -= 1
    return matched, j, end
