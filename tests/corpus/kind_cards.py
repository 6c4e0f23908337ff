"""Cards and certificates: tinted, patterned, small letters; every card says that it is a sample."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.corpus.barcodes import qr
from tests.corpus.drafts import Print, block, put_line, sign_off
from tests.corpus.mrz import td1
from tests.corpus.sheet import Sheet, mm
from tests.corpus.strokes import pattern, portrait
from tests.corpus.truth import TruthCode

if TYPE_CHECKING:
    from tests.corpus.drafts import Draft
    from tests.corpus.people import Person

CARD_MM = (85.6, 54.0)
QR_MM = 12.5
_TINTS = ((205, 228, 216), (222, 222, 206), (206, 220, 236), (232, 218, 214))


def card(draft: Draft) -> list[Print]:
    """A sheet with a copy of both sides of an identity card, its QR code as small as on real ones."""
    who, until = _holder(draft)
    sheet = Sheet("Arimo", 11)
    if draft.chance(0.5):
        sheet.line("BẢN CHỤP CĂN CƯỚC", "centre", "Bold", 13)
    left, top = draft.between(40, 75), draft.between(38, 60)
    _front(draft, sheet, who, until, (left, top))
    shift, down = draft.between(-6, 6), draft.between(62, 84)
    _back(draft, sheet, who, until, (left + shift, top + down))
    return [Print(sheet, "Căn cước")]


def card_back(draft: Draft) -> list[Print]:
    """The side with the machine-readable zone: the bare card, or a copy of it on a sheet."""
    who, until = _holder(draft)
    if draft.chance(0.5):
        sheet = Sheet("Arimo", 7, size_mm=CARD_MM)
        sheet.foot = mm(1)
        _back(draft, sheet, who, until, (0, 0))
        return [Print(sheet, "Căn cước, mặt sau", loose=True)]
    sheet = Sheet("Arimo", 11)
    _back(draft, sheet, who, until, (draft.between(30, 90), draft.between(30, 180)))
    return [Print(sheet, "Căn cước, mặt sau")]


def _holder(draft: Draft) -> tuple[Person, tuple[int, int, int]]:
    who = draft.someone(woman=draft.chance(0.5))
    return who, (who.born[0], who.born[1], int(draft.rng.integers(2027, 2046)))


def _ground(draft: Draft, sheet: Sheet, at_mm: tuple[float, float]) -> None:
    tint = _TINTS[int(draft.rng.integers(len(_TINTS)))]
    size = (mm(CARD_MM[0]), mm(CARD_MM[1]))
    ground = pattern(size, tint, draft.rng, depth=int(draft.rng.integers(14, 30)))
    sheet.image.paste(ground, (mm(at_mm[0]), mm(at_mm[1])))


def _sample(sheet: Sheet, x: float, y: float) -> None:
    put_line(sheet, "MẪU", (x, y), 12, "Bold", ink=(150, 60, 70))


def _front(
    draft: Draft, sheet: Sheet, who: Person, until: tuple[int, int, int], at: tuple[float, float]
) -> None:
    x, y = at
    _ground(draft, sheet, at)
    put_line(sheet, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", (x + 12, y + 5.2), 6.5, "Bold")
    put_line(sheet, "Độc lập - Tự do - Hạnh phúc", (x + 24, y + 8.6), 6.5)
    put_line(sheet, "CĂN CƯỚC CÔNG DÂN", (x + 26, y + 14), 10.5, "Bold", ink=(160, 30, 40))
    portrait(sheet, (mm(x + 4), mm(y + 18), mm(x + 24), mm(y + 45)))
    issued = "{:02d}/{:02d}/{}".format(*who.born[:2], 2021 + int(draft.rng.integers(0, 4)))
    born, day = (text.replace("/", "") for text in (who.born_text, issued))
    address = f"thôn {draft.case.hamlet}, xã {draft.case.commune}, {draft.case.province}"
    text = f"{who.number}||{who.name}|{born}|{who.sex}|{address}|{day}"
    qr(sheet, text, (mm(x + CARD_MM[0] - QR_MM - 3), mm(y + 3.5)), QR_MM)
    expiry = "{:02d}/{:02d}/{}".format(*until)
    for row, (label, value) in enumerate(
        (
            ("Số:", who.number),
            ("Họ và tên:", who.name.upper()),
            ("Ngày sinh:", who.born_text),
            ("Giới tính:", f"{who.sex}  Quốc tịch: Việt Nam"),
            ("Nơi thường trú:", address),
        )
    ):
        down = y + 20 + row * 5.6
        put_line(sheet, label, (x + 27, down), 6.5, ink=(70, 66, 80))
        small = row == 4
        size = 6.5 if small else 8
        put_line(sheet, value, (x + (27 if small else 44), down + 3.2 * small), size, "Bold")
    put_line(sheet, f"Có giá trị đến: {expiry}", (x + 4, y + 50.5), 6.5)
    _sample(sheet, x + 70, y + 50)
    iso_born = "{2}-{1:02d}-{0:02d}".format(*who.born)
    iso_until = "{2}-{1:02d}-{0:02d}".format(*until)
    sheet.fields.update(
        identity_number=who.number,
        identity_name=who.name,
        birth_date=iso_born,
        expiry=iso_until,
    )


def _back(
    draft: Draft, sheet: Sheet, who: Person, until: tuple[int, int, int], at: tuple[float, float]
) -> None:
    x, y = at
    _ground(draft, sheet, at)
    put_line(sheet, "Đặc điểm nhận dạng: nốt ruồi cách đuôi mắt 2 cm", (x + 5, y + 6), 6.5)
    put_line(sheet, "CỤC TRƯỞNG CỤC CẢNH SÁT QUẢN LÝ HÀNH CHÍNH", (x + 12, y + 12), 6.5, "Bold")
    put_line(sheet, draft.case.chairman.name, (x + 45, y + 29), 7.5, "Bold")
    for left in (5, 23):
        box = (mm(x + left), mm(y + 14), mm(x + left + 14), mm(y + 32))
        sheet.draw.rectangle(box, outline=(120, 116, 120), width=2)
    _sample(sheet, x + 70, y + 31)
    lines = td1(who, until)
    boxes = []
    family, sheet.family = sheet.family, "Cousine"
    for row, text in enumerate(lines):
        boxes.append(sheet.put([(mm(x + 6), text)], mm(y + 40 + row * 4.9), "Regular", 11.5))
    sheet.family = family
    box = (boxes[0][0], boxes[0][1], max(b[2] for b in boxes), boxes[2][3])
    sheet.codes.append(TruthCode("mrz", "\n".join(lines), box))
    sheet.fields.setdefault("identity_number", who.number)
    sheet.fields.setdefault("birth_date", "{2}-{1:02d}-{0:02d}".format(*who.born))
    sheet.fields.setdefault("expiry", "{2}-{1:02d}-{0:02d}".format(*until))


def certificate(draft: Draft) -> list[Print]:
    """A certificate on tinted, patterned paper, A5 on its side, sealed and signed."""
    sheet = Sheet(
        draft.one_of("Tinos", "NotoSerif"), 12, size_mm=(210, 148), margins_mm=(14, 20, 20)
    )
    tint = ((252, 236, 214), (226, 240, 226), (250, 226, 228))[int(draft.rng.integers(3))]
    size = (sheet.width_px, sheet.height_px)
    sheet.image.paste(pattern(size, tint, draft.rng, depth=18), (0, 0))
    for grow in (0, mm(1.6)):
        inset = mm(6) + grow
        box = (inset, inset, size[0] - inset, size[1] - inset)
        sheet.draw.rectangle(box, outline=(176, 40, 44), width=5)
    span = (sheet.left, sheet.right)
    sheet.line("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "centre", "Bold", 12)
    sheet.line("Độc lập - Tự do - Hạnh phúc", "centre", "Bold", 12)
    sheet.gap(2)
    title = draft.one_of("GIẤY CHỨNG NHẬN", "BẰNG TỐT NGHIỆP", "CHỨNG CHỈ")
    sheet.line(title, "centre", "Bold", 22)
    who = draft.people[int(draft.rng.integers(8))]
    sheet.line(f"Cấp cho: {who.name.upper()}", "centre", "Bold", 14)
    sheet.line(f"Sinh ngày {who.born_text}, số định danh {who.number}", "centre")
    purpose = draft.one_of(
        "Đã hoàn thành khóa học kỹ thuật trồng và chăm sóc cây ăn quả",
        "Đã tham gia lớp bồi dưỡng nghiệp vụ văn thư, lưu trữ",
        "Có đủ điều kiện kinh doanh vật tư nông nghiệp tại địa phương",
    )
    block(sheet, purpose, "Italic", 12.5, span)
    number = int(draft.rng.integers(100, 9999))
    words, iso = draft.issued()
    year = int(iso[:4])
    day = "31/12/" + str(year + 5)
    top = sheet.y
    sheet.gap(10)
    sheet.line(f"Số: {number}/GCN", "left", "Regular", 11)
    sheet.line(f"Có giá trị đến ngày {day}", "left", "Regular", 11)
    sheet.y = top
    sheet.line(f"{draft.case.commune}, {words}", "right", "Italic", 11)
    ring = f"UBND XÃ {draft.case.commune.upper()} * TỈNH {draft.case.province.upper()}"
    name = draft.case.chairman.name
    sign_off(draft, sheet, ("CHỦ TỊCH",), name, ring, sealed=True)
    sheet.fields.update(
        number=str(number),
        notation="GCN",
        issue_date=iso,
        expiry=f"{year + 5}-12-31",
        signer=name,
        type=title.capitalize(),
    )
    return [Print(sheet, title.capitalize(), loose=True)]
