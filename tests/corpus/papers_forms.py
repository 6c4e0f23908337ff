"""The application form, the power of attorney and the ruled inventory of the invented dossier."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.corpus.marks import seal, signature
from tests.corpus.papers_decision import page_number, state
from tests.corpus.people import money
from tests.corpus.sheet import HEIGHT_PX, Sheet, mm

if TYPE_CHECKING:
    from tests.corpus.people import Case
    from tests.corpus.sheet import Align


def page_label(sheet: Sheet, page: int, pages: int) -> None:
    """Print "Trang n/m" in the bottom margin."""
    sheet.y = HEIGHT_PX - mm(16)
    sheet.line(f"Trang {page}/{pages}", "right", "Italic", 10)


def _hand(sheet: Sheet, office: str, name: str, span: tuple[int, int], seed: int) -> None:
    """Print a signing block for a person without a seal."""
    sheet.line(office, "centre", "Bold", None, span)
    sheet.line("(Ký, ghi rõ họ tên)", "centre", "Italic", 11, span)
    signature(sheet, (span[0] + span[1]) // 2 - mm(17), sheet.y + mm(12), 36, seed)
    sheet.gap(21)
    sheet.line(name, "centre", "Bold", None, span)


def application(case: Case, family: str, seed: int) -> list[Sheet]:
    """Print the application form: two pages of dotted lines filled in."""
    a, s = case.applicant, case.spouse
    one = Sheet(family, 11.5, margins_mm=(18, 25, 18))
    state(one)
    one.gap(6)
    one.line("TỜ KHAI", "centre", "Bold", 14)
    one.line("Đề nghị hỗ trợ sửa chữa nhà ở bị thiệt hại do thiên tai", "centre", "Bold", 12)
    one.gap(2)
    one.line(f"Kính gửi: Ủy ban nhân dân xã {case.commune}", "centre", "Bold")
    one.gap(3)
    one.line("I. THÔNG TIN NGƯỜI ĐỀ NGHỊ", "left", "Bold")
    for label, value in (
        ("1. Họ và tên người đề nghị:", a.name.upper()),
        ("2. Ngày, tháng, năm sinh:", a.born_text),
        ("3. Giới tính:", a.sex),
        ("4. Số định danh cá nhân:", a.number),
        ("5. Nơi thường trú:", case.address),
        ("6. Nơi ở hiện nay:", "ở nhờ nhà văn hóa thôn từ ngày xảy ra thiên tai"),
        ("7. Điện thoại liên hệ:", f"0912 {a.number[-6:-3]} {a.number[-3:]}"),
        ("8. Số người trong hộ:", "05 người, trong đó có 02 trẻ em dưới 16 tuổi"),
        ("9. Họ và tên vợ hoặc chồng:", s.name),
        ("10. Số định danh của vợ hoặc chồng:", s.number),
        ("11. Thuộc diện:", "hộ cận nghèo, được công nhận từ năm 2024"),
    ):
        one.dotted(label, value)
    one.gap(5)
    one.line("II. TÌNH TRẠNG THIỆT HẠI", "left", "Bold")
    for label, value in (
        ("12. Loại thiên tai:", "mưa lũ, gió lốc và sạt lở đất"),
        (
            "13. Thời điểm xảy ra:",
            f"khoảng 02 giờ 30 phút ngày {case.day - 3:02d}/{case.month:02d}",
        ),
        ("14. Kết cấu nhà ở trước khi bị thiệt hại:", "cột gỗ, vách ván, mái phi-brô"),
        ("15. Diện tích xây dựng (m²):", f"{case.damage_pct + 9}"),
        ("16. Mức độ thiệt hại:", f"{case.damage_pct}%, không thể ở được"),
        ("17. Người bị thương:", "không có"),
        ("18. Tài sản khác bị thiệt hại:", "theo bảng kê kèm theo (03 trang)"),
    ):
        one.dotted(label, value)
    page_label(one, 1, 2)
    two = Sheet(family, 11.5, margins_mm=(18, 25, 18))
    two.gap(4)
    two.line("III. NỘI DUNG ĐỀ NGHỊ", "left", "Bold")
    for label, value in (
        ("19. Số tiền đề nghị hỗ trợ:", f"{money(case.support_million * 1_000_000)} đồng"),
        ("20. Hình thức nhận:", "chuyển khoản"),
        ("21. Chủ tài khoản:", a.name.upper()),
        ("22. Số tài khoản:", f"1900 2{a.number[-7:-4]} {a.number[-4:]}"),
        ("23. Mở tại ngân hàng:", f"Quỹ tín dụng nhân dân xã {case.commune}"),
        ("24. Giấy tờ kèm theo:", "giấy khai sinh của con, giấy ủy quyền, bảng kê"),
    ):
        two.dotted(label, value)
    two.gap(5)
    two.line("IV. CAM ĐOAN", "left", "Bold")
    two.gap(1)
    for text in (
        (
            "Tôi xin cam đoan những lời khai trên đây là đúng sự thật, gia đình tôi chưa được nhận hỗ "
            "trợ từ chương trình, dự án nào khác cho cùng một thiệt hại. Nếu có điều gì khai không "
            "đúng, tôi xin hoàn toàn chịu trách nhiệm trước pháp luật và hoàn trả số tiền đã nhận."
        ),
        (
            "Tôi đồng ý để cơ quan tiếp nhận khai thác thông tin của tôi trong Cơ sở dữ liệu quốc gia "
            "về dân cư nhằm giải quyết thủ tục này, không phải nộp lại giấy tờ đã có trong cơ sở dữ "
            "liệu."
        ),
    ):
        two.paragraph(text)
    two.gap(5)
    two.line(case.date_text, "right", "Italic")
    two.gap(2)
    top = two.y
    _hand(two, "XÁC NHẬN CỦA TRƯỞNG THÔN", s.name, (mm(25), mm(104)), seed)
    two.y = top
    _hand(two, "NGƯỜI ĐỀ NGHỊ", a.name, (mm(110), mm(192)), seed + 1)
    two.gap(10)
    two.line("V. PHẦN DÀNH CHO CƠ QUAN TIẾP NHẬN", "left", "Bold")
    for label, value in (
        ("Ngày tiếp nhận:", f"{case.day:02d}/{case.month:02d}/2026"),
        ("Cán bộ tiếp nhận:", case.clerk.name),
        ("Ghi chú:", "hồ sơ đủ thành phần, hẹn trả kết quả sau 05 ngày làm việc"),
    ):
        two.dotted(label, value)
    page_label(two, 2, 2)
    return [one, two]


def power_of_attorney(case: Case, family: str, seed: int) -> list[Sheet]:
    """Print the power of attorney with the commune's certification on its second page."""
    a, p = case.applicant, case.proxy
    one = Sheet(family, 12, leading=1.5)
    state(one)
    one.gap(8)
    one.line("GIẤY ỦY QUYỀN", "centre", "Bold", 16)
    one.line("(Về việc nộp hồ sơ và nhận kết quả thủ tục hành chính)", "centre", "Italic", 12)
    one.gap(4)
    one.paragraph(
        f"Hôm nay, ngày {case.day:02d} tháng {case.month:02d} năm 2026, tại Trung tâm Phục vụ hành "
        f"chính công xã {case.commune}, tỉnh {case.province}, chúng tôi gồm có:"
    )
    for head, who in (("I. BÊN ỦY QUYỀN (Bên A)", a), ("II. BÊN ĐƯỢC ỦY QUYỀN (Bên B)", p)):
        one.gap(2)
        one.line(head, "left", "Bold")
        one.line(f"{who.title}: {who.name}")
        one.line(f"Sinh ngày: {who.born_text}")
        one.line(f"Căn cước số: {who.number}, do Bộ Công an cấp")
        one.line(f"Nơi thường trú: {case.address}")
    one.gap(3)
    one.line("III. NỘI DUNG ỦY QUYỀN", "left", "Bold")
    one.gap(1)
    for text in (
        (
            "1. Bên A ủy quyền cho Bên B thay mặt Bên A nộp hồ sơ đề nghị hỗ trợ sửa chữa nhà ở bị "
            f"thiệt hại do thiên tai tại Ủy ban nhân dân xã {case.commune}; ký nhận giấy tiếp nhận hồ "
            "sơ và hẹn trả kết quả; bổ sung, hoàn thiện hồ sơ khi được yêu cầu."
        ),
        (
            "2. Bên B được nhận kết quả giải quyết thủ tục hành chính bằng bản giấy và bản điện tử, "
            "được thay mặt Bên A ký vào các biên bản giao nhận có liên quan."
        ),
        (
            "3. Bên B không được nhận tiền hỗ trợ thay Bên A, không được ủy quyền lại cho người thứ "
            "ba dưới bất kỳ hình thức nào."
        ),
        (
            "4. Việc ủy quyền không có thù lao. Thời hạn ủy quyền là 03 tháng kể từ ngày ký hoặc đến "
            "khi công việc được ủy quyền hoàn thành."
        ),
    ):
        one.paragraph(text)
    two = Sheet(family, 12, leading=1.5)
    page_number(two, 2)
    two.line("IV. CAM KẾT CỦA CÁC BÊN", "left", "Bold")
    two.gap(1)
    for text in (
        (
            "Bên A cam kết chịu trách nhiệm về mọi công việc do Bên B nhân danh Bên A thực hiện trong "
            "phạm vi ủy quyền nói trên. Bên B cam kết thực hiện đúng, đầy đủ nội dung được ủy quyền "
            "và thông báo kết quả cho Bên A trong thời hạn 02 ngày làm việc."
        ),
        (
            "Mọi tranh chấp phát sinh giữa hai bên do hai bên tự giải quyết. Giấy ủy quyền này được "
            "lập thành 03 bản có giá trị như nhau, mỗi bên giữ 01 bản, 01 bản lưu tại cơ quan chứng "
            "thực."
        ),
    ):
        two.paragraph(text)
    two.gap(4)
    top = two.y
    _hand(two, "BÊN ĐƯỢC ỦY QUYỀN", p.name, (mm(30), mm(106)), seed)
    two.y = top
    _hand(two, "BÊN ỦY QUYỀN", a.name, (mm(112), mm(190)), seed + 1)
    two.gap(12)
    two.line("LỜI CHỨNG THỰC CHỮ KÝ", "centre", "Bold")
    two.gap(1)
    two.paragraph(
        f"Tôi là {case.clerk.name}, người thực hiện chứng thực tại Trung tâm Phục vụ hành chính "
        f"công xã {case.commune}, chứng thực {a.title.lower()} {a.name} và {p.title.lower()} "
        f"{p.name} đã cam đoan hiểu, tự chịu trách nhiệm về nội dung của giấy tờ, văn bản và đã "
        "ký vào giấy này trước mặt tôi."
    )
    two.line(f"Số chứng thực: {case.number + 31}, quyển số 02/2026-SCT/CK, ĐC")
    two.gap(3)
    span = (mm(106), mm(194))
    two.line("NGƯỜI THỰC HIỆN CHỨNG THỰC", "centre", "Bold", 12, span)
    middle = two.y + mm(14)
    signature(two, mm(128), middle, 40, seed + 2)
    ring = f"TRUNG TÂM PHỤC VỤ HÀNH CHÍNH CÔNG XÃ {case.commune.upper()}"
    seal(
        two,
        mm(126),
        middle + mm(1),
        outer=ring,
        inner=f"TỈNH {case.province.upper()}",
        seed=seed + 3,
    )
    two.gap(25)
    two.line(case.clerk.name, "centre", "Bold", None, span)
    return [one, two]


_WIDTHS = (11, 61, 15, 15, 26, 34)
_ALIGNS: tuple[Align, ...] = ("centre", "left", "centre", "right", "right", "left")
_HEAD = ("TT", "Tên tài sản, vật tư", "Đơn vị", "Số lượng", "Thành tiền (đồng)", "Tình trạng")


def inventory(case: Case, family: str, seed: int) -> list[Sheet]:
    """Print the inventory of damage: a ruled table over three pages, the sum and names last."""
    sheets: list[Sheet] = []
    share = (9, 20, len(case.items))
    for page, (start, end) in enumerate(zip((0, *share), share, strict=False), start=1):
        sheet = Sheet(family, 11, margins_mm=(18, 25, 20), leading=1.35)
        if page == 1:
            _inventory_head(sheet, case)
        sheet.gap(4)
        sheet.table_row(_HEAD, _WIDTHS, ("centre",) * 6, "Bold", 10.5)
        for row, (name, unit, count, cost, note) in enumerate(case.items[start:end], start + 1):
            cells = (str(row), name, unit, str(count), money(cost), note)
            sheet.table_row(cells, _WIDTHS, _ALIGNS)
        if page == len(share):
            _inventory_foot(sheet, case, seed)
        page_label(sheet, page, len(share))
        sheets.append(sheet)
    return sheets


def _inventory_head(sheet: Sheet, case: Case) -> None:
    state(sheet)
    sheet.gap(7)
    sheet.line("BẢNG KÊ", "centre", "Bold", 14)
    sheet.line("Tài sản, vật tư, cây trồng, vật nuôi bị thiệt hại", "centre", "Bold", 12)
    sheet.line(f"(Kèm theo Tờ khai của {case.applicant.name})", "centre", "Italic")
    sheet.gap(3)
    sheet.dotted("Họ và tên chủ hộ:", case.applicant.name)
    sheet.dotted("Nơi thường trú:", case.address)
    sheet.gap(3)
    sheet.paragraph(
        "Hội đồng kiểm kê đã cùng chủ hộ và đại diện thôn kiểm đếm tại chỗ, thống nhất số lượng, "
        "giá trị thiệt hại như sau:"
    )


def _inventory_foot(sheet: Sheet, case: Case, seed: int) -> None:
    total = sum(cost for _, _, _, cost, _ in case.items)
    sheet.gap(4)
    sheet.line(f"Tổng giá trị thiệt hại: {money(total)} đồng.", "left", "Bold")
    sheet.gap(1)
    sheet.paragraph(
        "Bảng kê này được lập thành 02 bản, đã đọc lại cho mọi người cùng nghe, công nhận là đúng "
        "và cùng ký tên dưới đây."
    )
    sheet.gap(3)
    sheet.line(case.date_text, "right", "Italic")
    sheet.gap(2)
    top = sheet.y
    _hand(sheet, "ĐẠI DIỆN HỘI ĐỒNG", case.chairman.name, (mm(25), mm(104)), seed)
    sheet.y = top
    _hand(sheet, "CHỦ HỘ", case.applicant.name, (mm(110), mm(190)), seed + 1)
