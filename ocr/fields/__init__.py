"""What a page seems to say about its paper: guesses for a clerk to confirm, never facts."""

from __future__ import annotations

import datetime as dt
from typing import Final

from ocr.fields.heading import find_head, guess_head
from ocr.fields.layout import lay_out
from ocr.fields.marks import guess_code, guess_day, guess_expiry, guess_label
from ocr.fields.signing import guess_signer
from ocr.fields.title import guess_title
from ocr.findings import FieldGuess
from ocr.text import PageText

__all__ = ["guess_fields"]
_ORDER: Final = (
    *("number", "notation", "issue_date", "organ", "type", "subject", "signer", "expiry"),
    *("page_label", "dossier_code"),
)


def guess_fields(
    text: PageText, dpi: float, *, today: dt.date | None = None
) -> tuple[FieldGuess, ...]:
    """Return the best guess of each field that a page shows, at most one a field.

    Args:
        text: the words of an upright page.
        dpi: its resolution.
        today: a day of issue after it is a misreading; None lets every day pass.

    *Source:* Decree 30/2020/NĐ-CP, appendix I (places) and VI (lengths).
    """
    layout = lay_out(text)
    head = find_head(layout)
    found = [
        *guess_head(layout, head, today),
        *guess_title(layout, head),
        *guess_signer(layout, dpi),
        *guess_expiry(layout),
        *guess_label(layout),
        *guess_code(layout),
    ]
    if not any(guess.name == "issue_date" for guess in found):
        found += guess_day(layout, today)
    return tuple(sorted(found, key=lambda guess: _ORDER.index(guess.name)))
