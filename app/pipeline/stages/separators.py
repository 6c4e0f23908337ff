"""Separator sheets on paper: names from the catalogue, codes, a proved PDF/A."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from app import paths
from app.domain.separators import Separator, encode
from app.packaging.model import Metadata
from app.packaging.separator_sheet import SheetFonts, SheetText, separator_sheets
from app.packaging.validate import gate

TITLE = "TỜ PHÂN CÁCH"
_NOTES = (
    "Đặt tờ này ngay trước giấy tờ, mặt có mã quay cùng phía với mặt giấy được quét.",
    "Trạm số hóa đọc mã, tách giấy tờ tại đây và không đưa tờ này vào hồ sơ. Dùng lại được.",
)
_CUTS = "Giấy tờ tiếp theo"


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet to print.

    Attributes:
        separator: what its QR code says; None prints Patch-T alone.
        procedure_name: for people.
        paper_name: for people.
    """

    separator: Separator | None
    procedure_name: str = ""
    paper_name: str = ""


def print_sheets(sheets: Sequence[Sheet], created: dt.datetime | None) -> bytes:
    """The sheets as a proved PDF/A-2u, one page each.

    Raises:
        PackagingError: pack.no_pages, pack.not_compliant.
    """
    fonts = paths.resources() / "fonts"
    pdf = separator_sheets(
        [_text(sheet) for sheet in sheets],
        SheetFonts(fonts / "NotoSans-Regular.ttf", fonts / "NotoSans-Bold.ttf"),
        Metadata(title="Tờ phân cách", created=created),
    )
    gate(pdf)
    return pdf


def _text(sheet: Sheet) -> SheetText:
    separator = sheet.separator
    if separator is None:
        return SheetText(None, TITLE, (_CUTS, "Patch-T"), _NOTES)
    lines = [sheet.paper_name or separator.component or _CUTS]
    if separator.procedure:
        lines.append(f"Thủ tục {separator.procedure} {sheet.procedure_name}".strip())
    if separator.dossier:
        lines.append(f"Hồ sơ {separator.dossier}")
    return SheetText(encode(separator), TITLE, tuple(lines), _NOTES)
