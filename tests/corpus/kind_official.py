"""Papers that an office issues: decision, letter, dense regulation, page in two columns, wide sheet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.corpus.drafts import (
    Print,
    block,
    fill,
    labelled,
    letterhead,
    put_line,
    sign_off,
    state,
)
from tests.corpus.people import money
from tests.corpus.phrases import EVERY_LETTER, document_type, organ, paragraphs, subject
from tests.corpus.sheet import Sheet, mm
from tests.corpus.strokes import highlighter, sticky_note

if TYPE_CHECKING:
    from tests.corpus.drafts import Draft
    from tests.corpus.phrases import Organ

_OFFICES = (("CHỦ TỊCH",), ("GIÁM ĐỐC",), ("KT. GIÁM ĐỐC", "PHÓ GIÁM ĐỐC"), ("TRƯỞNG PHÒNG",))


def _sheet(draft: Draft, low_pt: float, high_pt: float, leading: float = 1.32) -> Sheet:
    size = round(draft.between(low_pt, high_pt) * 2) / 2
    if draft.family in {"NotoSans", "Cousine"}:
        size = max(size - 1.5, 6.5)  # these faces are wider: an office sets them smaller
    return Sheet(draft.family, size, leading=leading)


def _letterhead(draft: Draft, sheet: Sheet, who: Organ, short: str, about: str = "") -> None:
    words, iso = draft.issued()
    number = str(int(draft.rng.integers(1, 3200)))
    notation = f"{short}-{who.notation}" if short else who.notation
    if not short:  # a letter has no type: the office and the unit that wrote it
        notation = f"{who.notation}-{draft.one_of('VP', 'VHXH', 'KT', 'TCKH', 'ĐKKD')}"
    place = f"{draft.case.commune}, {words}"
    letterhead(sheet, who, f"Số: {number}/{notation}", place, about)
    sheet.fields.update(number=number, notation=notation, issue_date=iso, organ=who.name)


def _ring(draft: Draft, who: Organ) -> str:
    return f"{who.name} * TỈNH {draft.case.province.upper()}"[:58]


def decision(draft: Draft) -> list[Print]:
    """A document with type and subject over the body, ended on a second page with seal and name."""
    who = organ(draft.rng, draft.case.commune, draft.case.province)
    kind, short = document_type(draft.rng)
    about = subject(draft.rng, draft.case.commune, draft.case.hamlet)
    one = _sheet(draft, 12.5, 14)
    _letterhead(draft, one, who, short)
    span = (one.left, one.right)
    one.line(kind, "centre", "Bold", one.size_pt + 1)
    block(one, f"Về việc {about}", "Bold", one.size_pt, span)
    one.gap(3)
    one.fields.update(type=kind.capitalize(), subject=about)
    fill(one, paragraphs(draft.rng, draft.cast, 2), 250, "Italic")
    articles = paragraphs(draft.rng, draft.cast, 8)
    fill(one, [f"Điều {n}. {text}" for n, text in enumerate(articles, start=1)], 272)
    if draft.chance(0.2):
        highlighter(one, draft.rng.choice(one.lines[4:]).box, draft.rng)
    two = Sheet(one.family, one.size_pt, leading=one.leading)
    two.y = mm(9)
    two.line("2", "centre")
    two.gap(3)
    fill(two, paragraphs(draft.rng, draft.cast, int(draft.rng.integers(2, 5))), 170)
    _signed(draft, two, who)
    return [Print(one, kind.capitalize()), Print(two, kind.capitalize(), label="2")]


def _signed(draft: Draft, sheet: Sheet, who: Organ) -> None:
    sheet.gap(4)
    top = sheet.y
    sheet.line("Nơi nhận:", "left", "BoldItalic", sheet.size_pt - 1.5)
    for text in ("- Như trên;", "- UBND tỉnh (để báo cáo);", f"- Lưu: VT, {who.notation}."):
        sheet.line(text, "left", "Regular", max(sheet.size_pt - 2.5, 8))
    sheet.y = top
    name = draft.someone(woman=draft.chance(0.3)).name
    offices = _OFFICES[int(draft.rng.integers(len(_OFFICES)))]
    sign_off(draft, sheet, offices, name, _ring(draft, who), sealed=True)
    sheet.fields["signer"] = name


def letter(draft: Draft) -> list[Print]:
    """An official letter on one page: "V/v" under the number, seal and signature at the end."""
    who = organ(draft.rng, draft.case.commune, draft.case.province)
    about = subject(draft.rng, draft.case.commune, draft.case.hamlet)
    sheet = _sheet(draft, 12.5, 14)
    _letterhead(draft, sheet, who, "", about)
    sheet.fields.update(type="Công văn", subject=about)
    sheet.line(f"Kính gửi: {draft.one_of('Ông', 'Bà')} {draft.case.applicant.name}", "centre")
    sheet.gap(3)
    fill(sheet, paragraphs(draft.rng, draft.cast, 4), 190)
    _signed(draft, sheet, who)
    if draft.chance(0.15):
        sticky_note(sheet, draft.rng)
    return [Print(sheet, "Công văn")]


def dense(draft: Draft) -> list[Print]:
    """A page full of small print, with every accented letter somewhere on it."""
    sheet = _sheet(draft, 7, 9.5, 1.22)
    words = [EVERY_LETTER[int(i)] for i in draft.rng.permutation(len(EVERY_LETTER))]
    sheet.line("PHỤ LỤC", "centre", "Bold", sheet.size_pt + 2)
    fill(sheet, [f"Từ ngữ dùng trong Phụ lục: {', '.join(words)}."], 270)
    fill(sheet, [f"Mã hiệu: {' - '.join(w.upper() for w in words)}."], 270, "Bold")
    texts = [text for _ in range(5) for text in paragraphs(draft.rng, draft.cast, 12)]
    fill(sheet, texts, 270)
    labelled(sheet, f"Trang {int(draft.rng.integers(2, 9))}/9", size_pt=8)
    label = sheet.lines[-1].text
    sheet.fields["page_label"] = label.removeprefix("Trang ")
    return [Print(sheet, "Phụ lục", label=label)]


def two_columns(draft: Draft) -> list[Print]:
    """A contract: the state on top, two parties beside each other, then the body in two columns."""
    sheet = _sheet(draft, 10.5, 11.5, 1.3)
    state(sheet)
    sheet.line("HỢP ĐỒNG", "centre", "Bold", 15)
    number = f"{int(draft.rng.integers(2, 400)):02d}/{int(draft.rng.integers(2019, 2026))}/HĐ"
    sheet.line(f"Số: {number}", "centre")
    sheet.gap(3)
    middle, gutter = (sheet.left + sheet.right) // 2, mm(5)
    spans = ((sheet.left, middle - gutter), (middle + gutter, sheet.right))
    top = sheet.y
    lowest = top
    for span, side, who in zip(spans, ("BÊN A", "BÊN B"), draft.people[::5], strict=False):
        sheet.y = top
        sheet.line(side, "left", "Bold", None, span)
        for text in (
            f"{who.title}: {who.name}",
            f"Sinh ngày: {who.born_text}",
            f"Căn cước số: {who.number}",
        ):
            sheet.line(text, "left", "Regular", None, span)
        sheet.gap(3)
        for text in paragraphs(draft.rng, draft.cast, 5):
            if sheet.y > mm(225):
                break
            block(sheet, text, "Regular", sheet.size_pt, span, align="left")
            sheet.gap(1.5)
        lowest = max(lowest, sheet.y)
    sheet.draw.line((middle, top + mm(2), middle, lowest), fill=(60, 60, 62), width=2)
    return [Print(sheet, "Hợp đồng")]


def landscape(draft: Draft) -> list[Print]:
    """A wide sheet with a table, fed with its short side first."""
    sheet = Sheet(draft.family, 10.5, size_mm=(297, 210), margins_mm=(16, 18, 16), leading=1.35)
    sheet.line("BẢNG TỔNG HỢP TÀI SẢN", "centre", "Bold", 14)
    sheet.line(f"Xã {draft.case.commune}, tỉnh {draft.case.province}", "centre", "Italic")
    sheet.gap(4)
    widths = (12, 92, 22, 24, 36, 74)
    head = ("TT", "Tên tài sản", "ĐVT", "SL", "Thành tiền", "Tình trạng")
    sheet.table_row(head, widths, ("centre",) * 6, "Bold")
    aligns = ("centre", "left", "centre", "right", "right", "left")
    for row, (name, unit, count, cost, note) in enumerate(draft.case.items, start=1):
        if sheet.y > mm(180):
            break
        sheet.table_row((str(row), name, unit, str(count), money(cost), note), widths, aligns)
    return [Print(sheet, "Bảng tổng hợp", fed=(90, 270))]


def page_labels(draft: Draft) -> list[Print]:
    """Pages of one paper that say which they are: one is doubled and one is missing."""
    count = int(draft.rng.integers(5, 9))
    form = draft.one_of("Trang {n}/{m}", "Trang {n} trên {m}", "Trang {n} của {m}", "{n}/{m}")
    pages = []
    for number in (1, 2, 2, 4):
        sheet = _sheet(draft, 12, 13)
        fill(sheet, paragraphs(draft.rng, draft.cast, 3), 120)
        label = form.format(n=number, m=count)
        labelled(sheet, label, "centre" if draft.chance(0.5) else "right", 11)
        sheet.fields["page_label"] = f"{number}/{count}"
        pages.append(Print(sheet, "Báo cáo", label=label))
    return pages


def one_line(draft: Draft) -> list[Print]:
    """A page with a single printed line."""
    sheet = _sheet(draft, 11, 16)
    text = draft.one_of(
        "(Trang này để trống)", "Hết.", "PHỤ LỤC KÈM THEO", f"Xác nhận: {draft.case.clerk.name}"
    )
    at = (draft.between(30, 90), draft.between(40, 240))
    put_line(sheet, text, at, sheet.size_pt, draft.one_of("Regular", "Bold", "Italic"))
    return [Print(sheet, "Trang một dòng")]
