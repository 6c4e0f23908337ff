"""The decision (three pages) and the birth certificate of the invented dossier."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.corpus.marks import seal, signature
from tests.corpus.people import money
from tests.corpus.sheet import Sheet, mm

if TYPE_CHECKING:
    from tests.corpus.people import Case, Person

LEFT, RIGHT = (mm(26), mm(104)), (mm(104), mm(196))


def heading(sheet: Sheet, organ: tuple[str, str], case: Case, number: str) -> None:
    """Print the two-column head of a Decree-30 letter: organ and number left, the state right."""
    top = sheet.y
    sheet.line(organ[0], "centre", "Regular", 12, LEFT)
    sheet.line(organ[1], "centre", "Bold", 12, LEFT)
    sheet.rule(mm(55), mm(75), sheet.y + mm(1.6))
    sheet.gap(3.2)
    sheet.line(number, "centre", "Regular", 13, LEFT)
    bottom, sheet.y = sheet.y, top
    state(sheet, RIGHT)
    sheet.gap(3.2)
    sheet.line(case.date_text, "centre", "Italic", 13, RIGHT)
    sheet.y = max(bottom, sheet.y)
    sheet.gap(6)


def state(sheet: Sheet, span: tuple[int, int] | None = None) -> None:
    """Print the name of the state and its motto."""
    sheet.line("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "centre", "Bold", 12, span)
    box = sheet.line("Độc lập - Tự do - Hạnh phúc", "centre", "Bold", 13, span)
    sheet.rule(box[0], box[2], sheet.y + mm(1.8))


def page_number(sheet: Sheet, number: int) -> None:
    """Print a bare page number in the middle of the top margin."""
    y, sheet.y = sheet.y, mm(9)
    sheet.line(str(number), "centre", "Regular", 13)
    sheet.y = y + mm(2)


def signed_by(sheet: Sheet, lines: tuple[str, ...], who: Person, ring: str, seed: int) -> None:
    """Print the signing block at the right: office, seal, signature, name."""
    span = (mm(112), mm(194))
    for text in lines:
        sheet.line(text, "centre", "Bold", 13, span)
    middle = sheet.y + mm(13)
    signature(sheet, mm(130), middle, 44, seed)
    seal(
        sheet,
        mm(129),
        middle + mm(1),
        outer=ring,
        inner="SỐ ĐK: 0" + who.number[-4:],
        seed=seed + 1,
    )
    sheet.gap(24)
    sheet.line(who.name, "centre", "Bold", 13, span)


def decision(case: Case, family: str, seed: int) -> list[Sheet]:
    """Print the decision on support for repairing a house."""
    a = case.applicant
    one = Sheet(family, 14, leading=1.42)
    heading(
        one,
        ("ỦY BAN NHÂN DÂN", f"XÃ {case.commune.upper()}"),
        case,
        f"Số: {case.number}/QĐ-UBND",
    )
    one.line("QUYẾT ĐỊNH", "centre", "Bold", 14)
    one.line("Về việc hỗ trợ sửa chữa nhà ở cho hộ gia đình", "centre", "Bold", 14)
    one.line("bị thiệt hại do thiên tai gây ra", "centre", "Bold", 14)
    one.gap(5)
    one.line(f"CHỦ TỊCH ỦY BAN NHÂN DÂN XÃ {case.commune.upper()}", "centre", "Bold", 14)
    one.gap(3)
    for text in (
        "Căn cứ Luật Tổ chức chính quyền địa phương;",
        (
            "Căn cứ Luật Phòng, chống thiên tai; Luật sửa đổi, bổ sung một số điều của Luật Phòng, "
            "chống thiên tai và Luật Đê điều;"
        ),
        (
            "Căn cứ Nghị định của Chính phủ quy định chính sách trợ giúp xã hội đối với đối tượng "
            "bảo trợ xã hội;"
        ),
        (
            "Căn cứ Nghị quyết của Hội đồng nhân dân tỉnh quy định mức chuẩn trợ giúp xã hội và mức "
            f"hỗ trợ khẩn cấp trên địa bàn tỉnh {case.province};"
        ),
        (
            f"Xét biên bản họp Hội đồng xét duyệt trợ giúp xã hội xã {case.commune} và kết quả niêm "
            f"yết công khai tại nhà văn hóa thôn {case.hamlet};"
        ),
        f"Theo đề nghị của Trưởng phòng Văn hóa - Xã hội xã {case.commune}.",
    ):
        one.paragraph(text, "Italic")
    one.gap(3)
    one.line("QUYẾT ĐỊNH:", "centre", "Bold", 14)
    one.gap(2)
    one.paragraph(
        f"Điều 1. Hỗ trợ kinh phí sửa chữa nhà ở cho hộ gia đình {a.title.lower()} {a.name}, sinh "
        f"ngày {a.born_text}, số định danh cá nhân {a.number}, thường trú tại {case.address}. Nhà ở "
        "của hộ gia đình bị đổ sập, tốc mái do mưa lũ và gió lốc, mức độ thiệt hại được Hội đồng "
        f"xác định là {case.damage_pct}%."
    )
    one.paragraph(
        f"Mức hỗ trợ là {money(case.support_million * 1_000_000)} đồng (bằng chữ: "
        f"{_words(case.support_million)} triệu đồng chẵn), chi trả một lần bằng tiền mặt hoặc "
        "chuyển khoản theo đề nghị của chủ hộ."
    )
    two = Sheet(family, 14, leading=1.42)
    page_number(two, 2)
    for text in (
        (
            "Điều 2. Nguồn kinh phí được lấy từ dự phòng ngân sách xã, Quỹ phòng, chống thiên tai và "
            "các nguồn vận động hợp pháp khác. Việc thanh toán, quyết toán thực hiện theo quy định "
            "của pháp luật về ngân sách nhà nước."
        ),
        "Điều 3. Trách nhiệm của các bộ phận có liên quan:",
        (
            "1. Phòng Văn hóa - Xã hội lập danh sách, hoàn thiện hồ sơ, thông báo cho chủ hộ trong "
            "thời hạn 02 ngày làm việc kể từ ngày ký Quyết định này; theo dõi, đôn đốc việc sử dụng "
            "kinh phí đúng mục đích, không để thất thoát hoặc trục lợi chính sách."
        ),
        (
            "2. Phòng Kinh tế bố trí kinh phí, hướng dẫn chứng từ, thực hiện chi trả bảo đảm kịp "
            "thời, đúng đối tượng; tổng hợp báo cáo Chủ tịch Ủy ban nhân dân xã trước ngày 25 hằng "
            "tháng."
        ),
        (
            f"3. Trưởng thôn {case.hamlet} phối hợp với Ủy ban Mặt trận Tổ quốc và các đoàn thể vận "
            "động nhân dân đóng góp ngày công, vật liệu giúp hộ gia đình dựng lại nhà trước mùa mưa."
        ),
        (
            "4. Công an xã, Ban Chỉ huy Quân sự xã huy động lực lượng tại chỗ hỗ trợ tháo dỡ, vận "
            "chuyển vật liệu, bảo đảm an toàn trong quá trình thi công."
        ),
        "Điều 4. Hộ gia đình được hỗ trợ có trách nhiệm:",
        (
            "a) Sử dụng kinh phí đúng mục đích sửa chữa nhà ở; hoàn thành việc sửa chữa trong thời "
            "hạn 06 tháng kể từ ngày nhận đủ kinh phí."
        ),
        (
            "b) Bảo đảm nhà ở sau khi sửa chữa đạt tiêu chí “ba cứng”: nền cứng, khung - tường cứng, "
            "mái cứng; diện tích sử dụng tối thiểu 30 m² và tuổi thọ công trình từ 20 năm trở lên."
        ),
        (
            "c) Lưu giữ hóa đơn, chứng từ mua vật liệu; cung cấp cho cơ quan có thẩm quyền khi được "
            "yêu cầu kiểm tra, giám sát."
        ),
        (
            "d) Hoàn trả phần kinh phí đã nhận nếu sử dụng sai mục đích hoặc kê khai không trung "
            "thực về mức độ thiệt hại."
        ),
    ):
        two.paragraph(text)
    three = Sheet(family, 14, leading=1.42)
    page_number(three, 3)
    for text in (
        (
            "Điều 5. Quyết định này có hiệu lực kể từ ngày ký. Trường hợp không đồng ý với Quyết định "
            "này, cá nhân có quyền khiếu nại đến Chủ tịch Ủy ban nhân dân xã hoặc khởi kiện tại Tòa "
            "án nhân dân có thẩm quyền theo quy định của pháp luật."
        ),
        (
            "Điều 6. Chánh Văn phòng Hội đồng nhân dân và Ủy ban nhân dân xã, Trưởng phòng Văn hóa - "
            f"Xã hội, Trưởng phòng Kinh tế, Trưởng thôn {case.hamlet} và {a.title.lower()} {a.name} "
            "chịu trách nhiệm thi hành Quyết định này./."
        ),
    ):
        three.paragraph(text)
    three.gap(6)
    top = three.y
    three.line("Nơi nhận:", "left", "BoldItalic", 12)
    for text in (
        "- Như Điều 6;",
        "- Ủy ban nhân dân tỉnh (để báo cáo);",
        "- Thường trực Đảng ủy, HĐND xã;",
        "- Chủ tịch, các Phó Chủ tịch UBND xã;",
        "- Trung tâm Phục vụ hành chính công xã;",
        "- Lưu: VT, VHXH.",
    ):
        three.line(text, "left", "Regular", 11)
    three.y = top
    ring = f"ỦY BAN NHÂN DÂN XÃ {case.commune.upper()} * TỈNH {case.province.upper()}"
    signed_by(three, ("CHỦ TỊCH",), case.chairman, ring, seed)
    return [one, two, three]


def birth_certificate(case: Case, family: str, seed: int) -> list[Sheet]:
    """Print a birth certificate, one page with a ruled frame."""
    c, mother, father = case.child, case.applicant, case.spouse
    sheet = Sheet(family, 13, margins_mm=(24, 30, 24))
    for grow in (0, mm(1.4)):
        box = (mm(16) - grow, mm(16) - grow, mm(194) + grow, mm(281) + grow)
        sheet.draw.rectangle(box, outline=(120, 60, 50), width=4)
    state(sheet)
    sheet.gap(12)
    sheet.line("GIẤY KHAI SINH", "centre", "Bold", 22)
    sheet.line(f"Số: {case.number + 7}/2026", "centre", "Italic", 12)
    sheet.gap(7)
    day, month, year = c.born
    rows = (
        ("Họ, chữ đệm, tên:", c.name.upper()),
        ("Ngày, tháng, năm sinh:", f"{c.born_text} (ngày {day} tháng {month} năm {year})"),
        ("Giới tính:", f"{c.sex}; dân tộc: Kinh; quốc tịch: Việt Nam"),
        ("Nơi sinh:", f"Bệnh viện Đa khoa tỉnh {case.province}"),
        ("Quê quán:", f"xã {case.commune}, tỉnh {case.province}"),
        ("Số định danh cá nhân:", c.number),
        ("Họ, chữ đệm, tên người mẹ:", mother.name),
        ("Năm sinh:", f"{mother.born[2]}; dân tộc: Kinh; quốc tịch: Việt Nam"),
        ("Nơi cư trú:", case.address),
        ("Họ, chữ đệm, tên người cha:", father.name),
        ("Năm sinh:", f"{father.born[2]}; dân tộc: Kinh; quốc tịch: Việt Nam"),
        ("Nơi cư trú:", case.address),
        ("Người đi khai sinh:", f"{father.name}, quan hệ: cha đẻ"),
        ("Giấy tờ tùy thân:", f"Căn cước số {father.number}"),
        ("Nơi đăng ký khai sinh:", f"Ủy ban nhân dân xã {case.commune}"),
        ("Ngày, tháng, năm đăng ký:", f"{case.day:02d}/{case.month:02d}/{year}"),
    )
    for label, value in rows:
        sheet.dotted(label, value)
    sheet.gap(9)
    ring = f"ỦY BAN NHÂN DÂN XÃ {case.commune.upper()} * TỈNH {case.province.upper()}"
    signed_by(sheet, ("NGƯỜI KÝ GIẤY KHAI SINH", "CHỦ TỊCH"), case.chairman, ring, seed)
    return [sheet]


_UNITS = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")


def _words(value: int) -> str:
    """Give a number from 20 to 99 in words."""
    tens, ones = divmod(value, 10)
    last = {0: "", 1: " mốt", 5: " lăm"}.get(ones, f" {_UNITS[ones]}")
    return f"{_UNITS[tens]} mươi{last}"
