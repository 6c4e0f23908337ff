"""Writing that layout analysis left out: lone page numbers, a line on an empty page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from ocr.rules import looked_up

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ocr.image import Pixels
    from ocr.tables import PxBox
    from ocr.text import Word

_INK_BELOW: Final = 150
_MM_PER_INCH: Final = 25.4
_EDGE_MM: Final = 5.0
_LETTER_MM: Final = (1.2, 9.0)
_LINE_MM: Final = (1.4, 10.0)
_WORD_GAP_MM: Final = 2.5
_MAX_LINES: Final = 40


def missed_lines(page: Pixels, words: Iterable[Word], dpi: float) -> list[PxBox]:
    """Return boxes of marks like lines of print that no word covers, from top to bottom.

    Args:
        page: ``uint8 HxW`` the copy that was read, without rules.
        words: what was found on it.
        dpi: its resolution.
    """
    pixel_mm = dpi / _MM_PER_INCH
    ink = (page < _INK_BELOW).astype(np.uint8)
    edge = round(_EDGE_MM * pixel_mm)
    ink[:edge], ink[-edge:], ink[:, :edge], ink[:, -edge:] = 0, 0, 0, 0
    for word in words:
        x0, y0, x1, y1 = (round(value) for value in word.box)
        ink[max(0, y0 - 6) : y1 + 6, max(0, x0 - 6) : x1 + 6] = 0
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    tall, wide = stats[:, cv2.CC_STAT_HEIGHT], stats[:, cv2.CC_STAT_WIDTH]
    least, most = (length * pixel_mm for length in _LETTER_MM)
    letter = (np.maximum(tall, wide) >= least) & (np.maximum(tall, wide) <= most)
    letter[0] = False
    if not letter.any():
        return []
    near = np.ones((5, round(_WORD_GAP_MM * pixel_mm)), np.uint8)
    groups = cv2.dilate(looked_up(letter, labels), near)
    del labels
    _, _, boxes, _ = cv2.connectedComponentsWithStats(groups, connectivity=8)
    low, high = (length * pixel_mm for length in _LINE_MM)
    lines = [
        (max(0, x - 2), max(0, y - 8), x + w + 2, y + h + 8)
        for x, y, w, h, _ in boxes[1:].tolist()
        if low <= h <= high and w >= h / 3
    ]
    return sorted(lines, key=lambda box: (box[1], box[0]))[:_MAX_LINES]
