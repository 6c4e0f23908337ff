"""Fields of scanned pages, through the real recogniser, against what was printed."""

from __future__ import annotations

import pytest

from ocr.clean import clean
from ocr.decode import decode
from ocr.fields import guess_fields
from ocr.page import read_page
from ocr.quality import judge_reading
from tests.corpus.people import draw_case
from tests.ocr.field_kit import values

HELP = "hỗ trợ sửa chữa nhà ở cho hộ gia đình bị thiệt hại do thiên tai gây ra"


@pytest.mark.parametrize(
    "file",
    ["01-quyet-dinh-1.jpg", "01-quyet-dinh-3.jpg", "02-to-khai-1.jpg", "03-giay-khai-sinh-1.jpg"],
)
def test_fields_of_a_scanned_page_are_what_was_printed(sample, api, file: str):
    folder, truth = sample
    case = draw_case(truth.seed)
    day = f"{case.month:02d}-{case.day:02d}"
    wanted = {
        "01-quyet-dinh-1.jpg": {
            "number": str(case.number),
            "notation": "QĐ-UBND",
            "issue_date": f"2026-{day}",
            "organ": f"ỦY BAN NHÂN DÂN XÃ {case.commune.upper()}",
            "type": "Quyết định",
            "subject": HELP,
        },
        "01-quyet-dinh-3.jpg": {"signer": case.chairman.name, "page_label": "3"},
        "02-to-khai-1.jpg": {
            "type": "Tờ khai",
            "subject": "Đề nghị hỗ trợ sửa chữa nhà ở bị thiệt hại do thiên tai",
            "page_label": "1/2",
        },
        "03-giay-khai-sinh-1.jpg": {
            "number": f"{case.number + 7}/2026",
            "issue_date": f"{case.child.born[2]}-{day}",
            "organ": f"Ủy ban nhân dân xã {case.commune}",
            "type": "Giấy khai sinh",
            "signer": case.chairman.name,
        },
    }[file]
    image, _ = decode((folder / file).read_bytes())
    text = read_page(image, clean(image, osd=api).geometry, api)
    assert values(guess_fields(text, 300)) == wanted
    assert judge_reading(text, 300).reasons == ()
