"""Sides with next to nothing on them: what must be called blank, and what must never be."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

from PIL import Image

from tests.corpus.barcodes import bars, qr
from tests.corpus.drafts import Print, fill, sign_off
from tests.corpus.marks import seal, signature
from tests.corpus.phrases import paragraphs
from tests.corpus.sheet import Sheet, mm
from tests.corpus.strokes import PENCIL, handwriting, photograph
from tests.corpus.truth import TruthMark

if TYPE_CHECKING:
    from tests.corpus.drafts import Draft


def blank(draft: Draft) -> list[Print]:
    """An unprinted side."""
    return [Print(Sheet(draft.family), "Trang trắng", blank=True)]


def blank_through(draft: Draft) -> list[Print]:
    """A printed front and its unprinted back, through which the front shows."""
    front = Sheet(draft.family, 12.5)
    fill(front, paragraphs(draft.rng, draft.cast, 12), 225)
    sign_off(draft, front, ("TRƯỞNG THÔN",), draft.people[1].name, draft.case.commune, sealed=False)
    back = Sheet(draft.family)
    through = draft.between(0.05, 0.15)
    return [
        Print(front, "Biên bản", partner=1),
        Print(back, "Trang trắng", blank=True, other=front, through=through, partner=0),
    ]


def faint_stamp(draft: Draft) -> list[Print]:
    """A side with nothing but a badly inked seal."""
    sheet = Sheet(draft.family)
    at = (mm(draft.between(40, 170)), mm(draft.between(40, 250)))
    name = draft.case.commune.upper()
    seal(sheet, *at, outer=f"ỦY BAN NHÂN DÂN XÃ {name}", inner="SỐ ĐK: 01234", seed=draft.seed())
    strength = draft.between(0.22, 0.5)
    white = Image.new("RGB", sheet.image.size, "white")
    sheet.image.paste(Image.blend(white, sheet.image, strength))
    sheet.marks.append(TruthMark("faint_stamp", sheet.seals[0]))
    return [Print(sheet, "Trang chỉ có dấu")]


def pencil_note(draft: Draft) -> list[Print]:
    """A side with a few words in pencil."""
    sheet = Sheet(draft.family)
    x, y = mm(draft.between(20, 90)), mm(draft.between(30, 240))
    for row in range(int(draft.rng.integers(1, 4))):
        width = draft.between(25, 80)
        at = (x, y + row * mm(9))
        handwriting(sheet, at, width, draft.rng, ink=PENCIL, pen_px=3, kind="pencil")
    return [Print(sheet, "Trang ghi bút chì")]


def signature_only(draft: Draft) -> list[Print]:
    """A side with a single signature."""
    sheet = Sheet(draft.family)
    x, y = mm(draft.between(20, 140)), mm(draft.between(40, 250))
    signature(sheet, x, y, draft.between(28, 50), draft.seed())
    return [Print(sheet, "Trang chỉ có chữ ký")]


def separator(draft: Draft) -> list[Print]:
    """Two sheets put between papers: Patch-T as Code 39, and one with the station's own QR code."""
    patch = Sheet("Arimo", 14)
    for y in (30, 190):
        bars(
            patch, "code39", "PATCHT", (mm(30), mm(y)), module_mm=draft.between(0.5, 0.9),
            height_mm=55,
        )  # fmt: skip
    patch.y = mm(110)
    patch.line("TỜ PHÂN CÁCH", "centre", "Bold", 22)
    own = Sheet("Arimo", 14)
    procedure = f"1.{int(draft.rng.integers(1, 999_999)):06d}"
    component = draft.one_of("to-khai", "ban-ve", "giay-uy-quyen", "")
    head = f"SEP1|{procedure}|{component}|"
    text = f"{head}|{crc32(head.encode()):08X}"
    own.line("TỜ PHÂN CÁCH", "centre", "Bold", 22)
    for at in ((mm(22), mm(45)), (mm(148), mm(235))):
        qr(own, text, at, 40)
    bars(own, "code39", "PATCHT", (mm(75), mm(60)), module_mm=0.6, height_mm=30)
    own.y = mm(130)
    own.line("Đặt tờ này trước giấy tờ tiếp theo", "centre")
    return [Print(patch, "Tờ phân cách"), Print(own, "Tờ phân cách")]


def photo_page(draft: Draft) -> list[Print]:
    """A side with two photographs and their captions."""
    sheet = Sheet(draft.family, 11.5)
    sheet.gap(6)
    for number, what in enumerate(("Hiện trạng nhà ở", "Khu đất phía sau nhà"), start=1):
        left = sheet.left + mm(draft.between(0, 12))
        box = (left, sheet.y, left + mm(140), sheet.y + mm(draft.between(85, 100)))
        photograph(sheet, box, draft.rng)
        sheet.y = box[3] + mm(2)
        sheet.line(f"Ảnh {number}: {what}, chụp ngày {draft.case.day:02d}/0{draft.case.month}/2025")
        sheet.gap(8)
    return [Print(sheet, "Ảnh hiện trạng")]
