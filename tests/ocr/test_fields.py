"""Fields of real-looking papers with invented people, as a recogniser hands them on."""

from __future__ import annotations

import dataclasses
import datetime as dt
import random
import unicodedata

import pytest

from ocr.fields import guess_fields
from ocr.fields.layout import union
from ocr.text import PageText
from tests.ocr.field_kit import layout, values

TODAY = dt.date(2026, 11, 24)
STATE = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
MOTTO = "Độc lập - Tự do - Hạnh phúc"
BODY = (
    "Căn cứ Nghị định số 30/2020/NĐ-CP ngày 05 tháng 3 năm 2020 của Chính phủ về công tác văn thư;"
)


def head(number: str, place: str, *organ: str) -> list[tuple[float, float, str]]:
    lines = [(32.0, 22 + 5.5 * row, text) for row, text in enumerate(organ)]
    return [
        *lines,
        (105, 22, STATE),
        (118, 27.5, MOTTO),
        (36, 38, number),
        (108, 38, place),
    ]


def decision(**changes: str) -> list[tuple[float, float, str]]:
    parts = {
        "number": "Số: 2727/QĐ-UBND",
        "place": "Nậm Lim, ngày 05 tháng 3 năm 2026",
        **changes,
    }
    return [
        *head(parts["number"], parts["place"], "ỦY BAN NHÂN DÂN", "XÃ NẬM LIM"),
        (92, 52, "QUYẾT ĐỊNH"),
        (60, 58, "Về việc hỗ trợ sửa chữa nhà ở cho hộ gia đình"),
        (72, 64, "bị thiệt hại do thiên tai gây ra"),
        (70, 78, "CHỦ TỊCH ỦY BAN NHÂN DÂN XÃ NẬM LIM"),
        (30, 90, BODY),
        (30, 230, "Nơi nhận:"),
        (30, 236, "- Như Điều 6;"),
        (130, 230, "KT. CHỦ TỊCH"),
        (128, 236, "PHÓ CHỦ TỊCH"),
        (126, 262, "Hoàng Hữu Cường"),
    ]


DECISION = {
    "number": "2727",
    "notation": "QĐ-UBND",
    "issue_date": "2026-03-05",
    "organ": "ỦY BAN NHÂN DÂN XÃ NẬM LIM",
    "type": "Quyết định",
    "subject": "hỗ trợ sửa chữa nhà ở cho hộ gia đình bị thiệt hại do thiên tai gây ra",
    "signer": "Hoàng Hữu Cường",
}
LETTER = [
    *head(
        "Số: 312/SNNMT-VP",
        "Hải Đằng, ngày 9 tháng 11 năm 2025",
        "UBND TỈNH HẢI ĐẰNG",
        "SỞ NÔNG NGHIỆP VÀ MÔI",
        "TRƯỜNG",
    ),
    (34, 44, "V/v hướng dẫn thủ tục hỗ trợ"),
    (36, 49.5, "sửa chữa nhà ở năm 2026"),
    (60, 62, "Kính gửi: Ủy ban nhân dân xã Suối Vặc"),
    (30, 75, BODY),
]
LETTER = [row if row[2] != "Số: 312/SNNMT-VP" else (36, 39.5, row[2]) for row in LETTER]
FORM = [
    (66, 22, STATE),
    (76, 27.5, MOTTO),
    (150, 14, "Mẫu số 01/ĐK-KS"),
    (96, 42, "TỜ KHAI"),
    (70, 48, "Đăng ký nhận trợ cấp xã hội"),
    (70, 62, "Kính gửi: Ủy ban nhân dân xã Khe Đào"),
    (30, 76, "Họ và tên: LÒ VĂN PẨU"),
    (30, 84, "Căn cước số 012345678901, cấp ngày 03/04/2021"),
    (30, 92, "Sinh ngày: 01/02/1983"),
    (110, 180, "Khe Đào, ngày 12 tháng 9 năm 2026"),
    (35, 190, "XÁC NHẬN CỦA CHA MẸ"),
    (128, 190, "NGƯỜI KHAI"),
    (126, 214, "Lò Văn Pẩu"),
    (38, 214, "Lò Thị Mẩy"),
    (170, 285, "Trang 1/2"),
]
BIRTH = [
    (66, 22, STATE),
    (76, 27.5, MOTTO),
    (84, 46, "GIẤY KHAI SINH"),
    (94, 53, "Số: 238/2025"),
    (30, 70, "Ngày, tháng, năm sinh: 11/04/2025 (ngày mười một tháng tư)"),
    (30, 80, "Giấy tờ tùy thân: Căn cước số 048088770343, có giá trị đến 12/03/2031"),
    (30, 90, "Nơi đăng ký khai sinh: Ủy ban nhân dân xã Đồng Ổi"),
    (30, 100, "Ngày, tháng, năm đăng ký: 14/08/2025"),
    (122, 115, "NGƯỜI KÝ GIẤY KHAI SINH"),
    (126, 145, "Quách Thị Diệu"),
]
ATTORNEY = [
    (66, 22, STATE),
    (76, 27.5, MOTTO),
    (86, 44, "GIẤY ỦY QUYỀN"),
    (60, 51, "(Về việc nộp hồ sơ và nhận kết quả)"),
    (30, 66, "Hôm nay, ngày 14 tháng 08 năm 2026, tại Trung tâm Phục vụ hành chính công,"),
    (30, 74, "Bà: Đỗ Thị Phượng"),
    (30, 82, "Sinh ngày: 21/10/1974"),
]
INVENTORY = [
    (92, 42, "BẢNG KÊ"),
    (58, 48, "Tài sản, vật tư, cây trồng bị thiệt hại"),
    (62, 54, "(Kèm theo Tờ khai của Đỗ Thị Phượng)"),
    (30, 70, "1 Nhà ở ba gian 25 m2 90.000.000"),
]
CERTIFICATE = [
    (66, 22, STATE),
    (76, 27.5, MOTTO),
    (80, 44, "GIẤY CHỨNG NHẬN"),
    (60, 52, "Cấp cho: NGUYỄN VĂN KHẢI"),
    (60, 60, "Đủ điều kiện kinh doanh vật tư nông nghiệp"),
    (30, 130, "Số: 1234/GCN"),
    (30, 137, "Có giá trị đến: 31/12/2030"),
    (115, 130, "Phú Lẫm, ngày 02 tháng 01 năm 2026"),
    (130, 137, "GIÁM ĐỐC"),
    (124, 165, "ThS. Nguyễn Đức Nghĩa"),
]
SLIP = [
    (60, 42, "GIẤY TIẾP NHẬN HỒ SƠ VÀ HẸN TRẢ KẾT QUẢ"),
    (30, 60, "Mã hồ sơ: 000.00.18.H03-251112-0042"),
]
PAPERS = {
    "decision": (decision(), DECISION),
    "letter": (
        LETTER,
        {
            "number": "312",
            "notation": "SNNMT-VP",
            "issue_date": "2025-11-09",
            "organ": "SỞ NÔNG NGHIỆP VÀ MÔI TRƯỜNG",
            "type": "Công văn",
            "subject": "hướng dẫn thủ tục hỗ trợ sửa chữa nhà ở năm 2026",
        },
    ),
    "form": (
        FORM,
        {
            "issue_date": "2026-09-12",
            "type": "Tờ khai",
            "subject": "Đăng ký nhận trợ cấp xã hội",
            "signer": "Lò Văn Pẩu",
            "page_label": "1/2",
        },
    ),
    "birth": (
        BIRTH,
        {
            "number": "238/2025",
            "issue_date": "2025-08-14",
            "organ": "Ủy ban nhân dân xã Đồng Ổi",
            "type": "Giấy khai sinh",
            "signer": "Quách Thị Diệu",
        },
    ),
    "attorney": (
        ATTORNEY,
        {
            "issue_date": "2026-08-14",
            "type": "Giấy ủy quyền",
            "subject": "nộp hồ sơ và nhận kết quả",
        },
    ),
    "inventory": (
        INVENTORY,
        {"type": "Bảng kê", "subject": "Tài sản, vật tư, cây trồng bị thiệt hại"},
    ),
    "certificate": (
        CERTIFICATE,
        {
            "number": "1234",
            "notation": "GCN",
            "issue_date": "2026-01-02",
            "expiry": "2030-12-31",
            "type": "Giấy chứng nhận",
            "signer": "Nguyễn Đức Nghĩa",
        },
    ),
    "slip": (
        SLIP,
        {
            "type": "Giấy tiếp nhận hồ sơ và hẹn trả kết quả",
            "dossier_code": "000.00.18.H03-251112-0042",
        },
    ),
}


@pytest.mark.parametrize("name", PAPERS)
def test_a_papers_fields_are_found_and_nothing_else(name: str):
    rows, wanted = PAPERS[name]
    assert values(guess_fields(layout(*rows), 300, today=TODAY)) == wanted


@pytest.mark.parametrize("name", PAPERS)
def test_the_order_in_which_columns_were_read_does_not_count(name: str):
    rows, wanted = PAPERS[name]
    for seed in range(5):
        mixed = random.Random(seed).sample(rows, len(rows))
        assert values(guess_fields(layout(*mixed), 300, today=TODAY)) == wanted


@pytest.mark.parametrize("name", PAPERS)
def test_columns_read_as_one_line_are_told_apart(name: str):
    rows, wanted = PAPERS[name]
    text = layout(*rows)
    line_at: dict[float, int] = {}
    words = [
        dataclasses.replace(
            word, line=line_at.setdefault(round(word.baseline_y / 30), len(line_at))
        )
        for word in text.words
    ]
    one = dataclasses.replace(text, words=tuple(sorted(words, key=lambda w: (w.line, w.box[0]))))
    assert values(guess_fields(one, 300, today=TODAY)) == wanted


@pytest.mark.parametrize("name", PAPERS)
def test_decomposed_letters_and_another_resolution_change_nothing(name: str):
    rows, wanted = PAPERS[name]
    text = layout(*rows, dpi=200)
    apart = tuple(
        dataclasses.replace(word, text=unicodedata.normalize("NFD", word.text))
        for word in text.words
    )
    found = values(guess_fields(dataclasses.replace(text, words=apart), 200, today=TODAY))
    assert found == wanted
    assert all(unicodedata.is_normalized("NFC", value) for value in found.values())


def guess(**changes: str) -> dict[str, str]:
    return values(guess_fields(layout(*decision(**changes)), 300, today=TODAY))


@pytest.mark.parametrize(
    "read",
    [
        "Sô: 2727/QĐ-UBND",
        "Só:2727/QĐ-UBND",
        "S6: 2727/QÐ-UBND",
        "Số 2727/QĐ-UBND",
        "SỐ: 2727 / QĐ - UBND",
        "Số: 2727/QĐ–UBND",
        "Số: 2727/QD-UBND",
        "'Số: 2727/QĐ-UBND.",
    ],
)
def test_a_number_misread_around_its_digits_is_still_the_number(read: str):
    found = guess(number=read)
    assert (found["number"], found["notation"]) == ("2727", "QĐ-UBND")


@pytest.mark.parametrize(
    ("read", "number", "notation"),
    [
        ("Số: 30/2020/NĐ-CP", "30", "2020/NĐ-CP"),
        ("Số: 45/TTr-SGDĐT", "45", "TTr-SGDĐT"),
        ("Số:        /QĐ-UBND", None, "QĐ-UBND"),
        ("Số: 15/TTIr-UBND", "15", None),
        ("Số: 15/QĐĐ-UBND", "15", None),
        ("Số: 15/HĐĐ", "15", None),
        ("Số: 15/TTPVHCC-VP", "15", "TTPVHCC-VP"),
        ("Số: 12345678901/QĐ-UBND", None, None),
        ("Số: Z7Z7/QĐ-UBND", None, None),
        ("Mẫu số 01/QĐ-UBND", None, None),
    ],
)
def test_number_and_notation_are_exact_or_not_guessed(read, number, notation):
    found = guess(number=read)
    assert (found.get("number"), found.get("notation")) == (number, notation)


@pytest.mark.parametrize(
    ("read", "day"),
    [
        ("Nậm Lim, ngày05tháng3năm2026", "2026-03-05"),
        ("Nậm Lim, ngay 05 thang 3 nam 2026", "2026-03-05"),
        ("Nậm Lim, ngày 05 tháng 03 năm 2026.", "2026-03-05"),
        ("Nậm Lim, ngày l2 tháng O3 năm 2026", "2026-03-12"),
        ("Nậm Lim, ngày 31 tháng 02 năm 2026", None),
        ("Nậm Lim, ngày 62 tháng 3 năm 2026", None),
        ("Nậm Lim, ngày 25 tháng 11 năm 2026", None),  # tomorrow
        ("Nậm Lim, ngày 24 tháng 11 năm 2026", "2026-11-24"),
        ("Nậm Lim, ngày     tháng     năm 2026", None),
    ],
)
def test_a_day_is_on_the_calendar_and_not_in_the_future_or_not_guessed(read: str, day: str | None):
    assert guess(place=read).get("issue_date") == day


@pytest.mark.parametrize(
    ("rows", "label"),
    [
        ([(105, 12, "2")], "2"),
        ([(101, 12, "- 3 -")], "3"),
        ([(98, 287, "Trang 2 trên 5")], "2/5"),
        ([(98, 287, "Trang 2 của 5")], "2/5"),
        ([(180, 287, "4/7")], "4/7"),
        ([(98, 287, "Trang 6/5")], None),
        ([(180, 287, "12/2026")], None),
        ([(60, 12, "2")], None),
        ([(105, 150, "2")], None),
        ([(30, 287, "Tổng cộng"), (105, 287, "2")], None),
    ],
)
def test_a_page_number_is_what_stands_alone_at_an_edge(rows, label: str | None):
    text = layout((30, 40, BODY), (30, 200, BODY), *rows)
    assert values(guess_fields(text, 300)).get("page_label") == label


@pytest.mark.parametrize(
    ("line", "day"),
    [
        ("Có giá trị đến: 31/12/2030", "2030-12-31"),
        ("Có giá trị đến ngày 31 tháng 12 năm 2030", "2030-12-31"),
        ("Giá trị đến 31-12-2030", "2030-12-31"),
        ("Thời hạn sử dụng đến 31.12.2030", "2030-12-31"),
        ("Ngày hết hạn / Date of expiry: 31/12/2030", "2030-12-31"),
        ("Quyết định có hiệu lực kể từ ngày 31/12/2030", None),
        ("Căn cước số 012345678901 có giá trị đến 31/12/2030", None),
        ("Có giá trị đến: 31/02/2030", None),
    ],
)
def test_the_last_day_of_validity_is_the_papers_own(line: str, day: str | None):
    assert values(guess_fields(layout((30, 60, line)), 300)).get("expiry") == day


@pytest.mark.parametrize("code", ["000.00.18.H03-251332-0042", "H03-261399-0001", "12-34-56"])
def test_a_dossier_code_names_a_day_that_exists(code: str):
    found = guess_fields(layout((30, 60, f"Mã hồ sơ: {code}")), 300)
    assert "dossier_code" not in values(found)


def test_a_seal_over_the_office_does_not_hide_the_name_beside_the_recipients():
    rows = [row for row in decision() if row[2] not in {"KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"}]
    assert values(guess_fields(layout(*rows), 300))["signer"] == "Hoàng Hữu Cường"
    no_list = [row for row in rows if row[2] != "Nơi nhận:"]
    assert "signer" not in values(guess_fields(layout(*no_list), 300))


@pytest.mark.parametrize("read", ["V/v", "V/w", "VN", "V/v:", "Vlv", "VÑ"])
def test_a_letters_subject_survives_a_misread_sign(read: str):
    rows = [(x, y, text.replace("V/v", read)) for x, y, text in LETTER]
    found = values(guess_fields(layout(*rows), 300))
    wanted = PAPERS["letter"][1]
    assert found["type"] == "Công văn"
    assert found["subject"] == wanted["subject"]


def test_a_place_misread_in_capitals_is_spelled_as_the_page_spells_it():
    rows = [(x, y, text.replace("XÃ NẬM LIM", "XÃ NÂM LIM")) for x, y, text in decision()]
    rows = [row for row in rows if not row[2].startswith("CHỦ TỊCH ỦY")]
    text = layout(*rows)
    unsure = tuple(
        dataclasses.replace(word, conf=0.6 if word.text == "NÂM" else word.conf)
        for word in text.words
    )
    found = values(guess_fields(dataclasses.replace(text, words=unsure), 300))
    assert found["organ"] == "ỦY BAN NHÂN DÂN XÃ NẬM LIM"


@pytest.mark.parametrize("read", ["Đình Nghĩa", "Hữu Cường", "HOÀNG CƯỜNG LAN", "Số 12", "Lò"])
def test_half_a_name_is_no_signer(read: str):
    rows = [(x, y, text.replace("Hoàng Hữu Cường", read)) for x, y, text in decision()]
    assert "signer" not in values(guess_fields(layout(*rows), 300))


def test_a_name_read_without_trust_is_no_signer():
    text = layout(*decision())
    words = tuple(
        dataclasses.replace(word, conf=0.5 if word.text == "Cường" else word.conf)
        for word in text.words
    )
    assert "signer" not in values(guess_fields(dataclasses.replace(text, words=words), 300))


def test_every_guess_shows_its_words_and_is_no_surer_than_they_are():
    text = layout(*decision())
    doubted = dataclasses.replace(
        text,
        words=tuple(
            dataclasses.replace(word, conf=0.4 if "2727" in word.text else 0.9)
            for word in text.words
        ),
    )
    found = {one.name: one for one in guess_fields(doubted, 300)}
    assert found["number"].conf == found["notation"].conf == 0.4
    assert found["subject"].conf == 0.9
    assert len(found["subject"].boxes) == len(found["organ"].boxes) == 2
    page = union(word.box for word in text.words)
    for one in found.values():
        assert one.rule
        for box in one.boxes:
            assert union([box, page]) == page


def test_a_page_without_words_has_no_fields():
    assert guess_fields(PageText((), 10, 10, ""), 300) == ()
