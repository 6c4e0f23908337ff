"""Papers that people fill in or are handed: form, ruled table, form with a bar code, receipt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.corpus.barcodes import bars, qr
from tests.corpus.drafts import Print, block, labelled, put_line, state
from tests.corpus.marks import signature
from tests.corpus.people import money
from tests.corpus.phrases import date
from tests.corpus.sheet import Sheet, mm
from tests.corpus.strokes import BLACK_PEN, BLUE_PEN, handwriting

if TYPE_CHECKING:
    from tests.corpus.drafts import Draft

_LABELS = (
    "Họ, chữ đệm và tên:",
    "Ngày, tháng, năm sinh:",
    "Số định danh cá nhân:",
    "Nơi thường trú:",
    "Nơi ở hiện tại:",
    "Điện thoại liên hệ:",
    "Họ và tên vợ hoặc chồng:",
    "Quan hệ với chủ hộ:",
    "Nghề nghiệp, nơi làm việc:",
    "Nội dung đề nghị giải quyết:",
    "Số bản đề nghị cấp:",
    "Hình thức nhận kết quả:",
    "Giấy tờ kèm theo:",
    "Ghi chú của người nộp:",
)
_FACES = ("Tinos", "Arimo", "NotoSans", "NotoSerif")


def _values(draft: Draft) -> tuple[str, ...]:
    who, spouse = draft.people[4], draft.people[0]
    return (
        who.name.upper(),
        who.born_text,
        who.number,
        draft.case.address,
        f"thôn {draft.case.hamlet}, xã {draft.case.commune}",
        f"09{who.number[-8:-5]} {who.number[-5:]}",
        spouse.name,
        draft.one_of("vợ", "con đẻ", "chủ hộ", "cháu nội"),
        draft.one_of("làm ruộng", "giáo viên tiểu học", "buôn bán nhỏ", "công nhân may"),
        draft.one_of("xác nhận tình trạng nhà ở", "cấp bản sao trích lục", "đăng ký thường trú"),
        f"{int(draft.rng.integers(1, 6)):02d} bản",
        draft.one_of("trực tiếp tại quầy", "qua bưu điện", "bản điện tử"),
        draft.one_of("giấy khai sinh, giấy ủy quyền", "sổ hộ nghèo", "ảnh 3 x 4 cm"),
        "không",
    )


def _form(draft: Draft, title: str) -> Sheet:
    family = _FACES[int(draft.rng.integers(len(_FACES)))]
    return Sheet(family, 12 if family != "NotoSans" else 11, margins_mm=(16, 25, 18))


def form(draft: Draft) -> list[Print]:
    """A form on dotted lines: some values typed, the others written by hand."""
    title = draft.one_of("TỜ KHAI", "ĐƠN ĐỀ NGHỊ", "PHIẾU ĐỀ NGHỊ")
    sheet = _form(draft, title)
    state(sheet)
    sheet.line(title, "centre", "Bold", 15)
    sheet.line(f"Kính gửi: Ủy ban nhân dân xã {draft.case.commune}", "centre", "Bold")
    sheet.gap(3)
    by_hand = draft.between(0.2, 0.7)
    pen = BLUE_PEN if draft.chance(0.75) else BLACK_PEN
    for label, value in zip(_LABELS, _values(draft), strict=True):
        written = draft.chance(by_hand)
        sheet.dotted(label, "" if written else value)
        if written:
            x = round(sheet.left + sheet.width(label + " ")) + mm(3)
            room = (sheet.right - x) * 25.4 / 300
            width = draft.between(0.4, 0.9) * room
            handwriting(sheet, (x, sheet.y + mm(0.5)), width, draft.rng, ink=pen)
    sheet.gap(4)
    sheet.paragraph(
        "Tôi cam đoan những lời khai trên đây là đúng sự thật và chịu trách nhiệm trước pháp luật "
        "về lời khai của mình."
    )
    words, _ = draft.issued()
    sheet.line(f"{draft.case.commune}, {words}", "right", "Italic")
    sheet.line("NGƯỜI ĐỀ NGHỊ", "right", "Bold")
    signature(sheet, sheet.right - mm(46), sheet.y + mm(13), 38, draft.seed())
    if draft.chance(0.5):
        labelled(sheet, "Trang 1/1")
        sheet.fields["page_label"] = "1/1"
    return [Print(sheet, title.capitalize(), label="Trang 1/1" if sheet.fields else None)]


def table(draft: Draft) -> list[Print]:
    """A ruled table with wrapped cells and sums of money."""
    sheet = _form(draft, "BẢNG KÊ")
    sheet.size_pt -= 1
    sheet.line("BẢNG KÊ TÀI SẢN BỊ THIỆT HẠI", "centre", "Bold", 14)
    sheet.line(f"(Kèm theo đơn của {draft.people[5].name})", "centre", "Italic")
    sheet.gap(4)
    widths = (11, 60, 16, 16, 29, 33)
    head = ("TT", "Tên tài sản, vật tư", "Đơn vị", "Số lượng", "Thành tiền", "Tình trạng")
    sheet.table_row(head, widths, ("centre",) * 6, "Bold")
    aligns = ("centre", "left", "centre", "right", "right", "left")
    total = 0
    for row, (name, unit, count, cost, note) in enumerate(draft.case.items, start=1):
        if sheet.y > mm(255):
            break
        total += cost
        sheet.table_row((str(row), name, unit, str(count), money(cost), note), widths, aligns)
    sheet.gap(2)
    sheet.line(f"Tổng cộng: {money(total)} đồng", "left", "Bold")
    return [Print(sheet, "Bảng kê")]


def barcode_form(draft: Draft) -> list[Print]:
    """The slip for a handed-in dossier: its code as Code 128 and as text, a QR code below."""
    sheet = _form(draft, "GIẤY TIẾP NHẬN")
    code = (
        f"000.00.{int(draft.rng.integers(10, 99))}.H{int(draft.rng.integers(10, 64))}"
        f"-2{int(draft.rng.integers(4, 6))}{int(draft.rng.integers(1, 13)):02d}"
        f"{int(draft.rng.integers(1, 29)):02d}-{int(draft.rng.integers(1, 9999)):04d}"
    )
    kind = "code128" if draft.chance(0.7) else "code39"
    sheet.y = mm(12)
    left = sheet.width_px - mm(104)
    module = 0.26 if kind == "code128" else 0.21
    bars(sheet, kind, code, (left, mm(10)), module_mm=module, height_mm=draft.between(8, 13))
    put_line(sheet, code, (left * 25.4 / 300 + 12, 27.5), 9)
    sheet.y = mm(32)
    state(sheet)
    sheet.line("GIẤY TIẾP NHẬN HỒ SƠ VÀ HẸN TRẢ KẾT QUẢ", "centre", "Bold", 13)
    sheet.gap(3)
    who = draft.people[6]
    for label, value in (
        ("Mã hồ sơ:", code),
        ("Người nộp:", who.name),
        ("Số định danh:", who.number),
        ("Ngày nhận:", date(draft.rng)),
        ("Ngày hẹn trả:", date(draft.rng)),
        ("Thành phần hồ sơ:", f"{int(draft.rng.integers(2, 9)):02d} giấy tờ"),
    ):
        sheet.line(f"{label} {value}")
    sheet.gap(5)
    text = f"https://tra-cuu.example/{code}"
    qr(sheet, text, (sheet.left + mm(4), sheet.y), draft.between(18, 26))
    sheet.y += mm(30)
    block(
        sheet,
        "Quét mã để tra cứu tình trạng giải quyết hồ sơ.",
        "Italic",
        10,
        (sheet.left, sheet.right),
        align="left",
    )
    sheet.fields["dossier_code"] = code
    return [Print(sheet, "Giấy tiếp nhận")]


def receipt(draft: Draft) -> list[Print]:
    """A narrow strip from a till: small letters of one width, worn black."""
    items = draft.case.items[: int(draft.rng.integers(6, 13))]
    size = (80.0, 78.0 + 9.5 * len(items))
    sheet = Sheet("Cousine", 8.5, size_mm=size, margins_mm=(5, 5, 5), leading=1.25)
    sheet.foot = mm(2)
    shop = draft.one_of("CỬA HÀNG VẬT TƯ", "NHÀ THUỐC", "TẠP HÓA")
    sheet.line(f"{shop} {draft.case.hamlet.upper()}", "centre", "Bold", 9.5)
    sheet.line("HÓA ĐƠN BÁN LẺ", "centre", "Bold", 11)
    day = date(draft.rng)
    sheet.line(f"Số: {int(draft.rng.integers(1000, 99999)):06d}   Ngày: {day}")
    sheet.gap(1)
    total = 0
    for name, unit, count, cost, _ in items:
        title = name.split(",")[0].split(" (")[0]
        sheet.line(title[:36])
        amount = money(cost)
        left = f"  {count} {unit} x {money(cost // count // 100 * 100)}"
        sheet.y += sheet.pitch()
        box = sheet.put([(sheet.left, left)], sheet.y)
        sheet.record(left, box)
        x = sheet.right - sheet.width(amount)
        sheet.record(amount, sheet.put([(x, amount)], sheet.y))
        total += cost
    sheet.rule(sheet.left, sheet.right, sheet.y + mm(1.5), 2)
    sheet.gap(2)
    sheet.line(f"TỔNG CỘNG: {money(total)}", "right", "Bold", 10)
    sheet.line("Cảm ơn quý khách!", "centre", "Italic")
    if draft.chance(0.5):
        number = f"{int(draft.rng.integers(10**9, 10**10))}"
        at = (sheet.left + mm(4), sheet.y + mm(4))
        bars(sheet, "code128", number, at, module_mm=0.3, height_mm=9)
    return [Print(sheet, "Hóa đơn", loose=True)]
