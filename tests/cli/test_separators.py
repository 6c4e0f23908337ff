"""``separators`` writes sheets that another reader finds, and nothing for what is not copied."""

from __future__ import annotations

import pytest

from app.domain.separators import Separator, parse
from tests.cli.cli_kit import main
from tests.packaging import poppler

ENV = {"SOURCE_DATE_EPOCH": "1780000000"}


def test_a_procedure_gives_a_sheet_for_each_paper_that_is_scanned(tmp_path):
    out = tmp_path / "sheets.pdf"
    done = main(
        *("separators", "-o", out, "--procedure", "1.000894", "--patch-t", "--copies", 2),
        *("--dossier", "H12-261124-0007", "--json", "--home", tmp_path / "home"),
        env=ENV,
    )
    assert done.code == 0, done.err
    assert [parse(sheet["code"]) for sheet in done.json["sheets"]] == [
        Separator("1.000894", "to-khai", "H12-261124-0007"),
        Separator("1.000894", "tinh-trang", "H12-261124-0007"),
        Separator(),
    ]
    pages = poppler.raw_text(out.read_bytes()).split("\f")[:-1]
    assert len(pages) == 6
    assert pages[0] == pages[1]
    assert "TỜ PHÂN CÁCH\nTờ khai theo mẫu\nThủ tục 1.000894 Đăng ký kết hôn\n" in pages[0]
    assert not (tmp_path / "home").exists(), "no vault is needed"
    before = out.read_bytes()
    again = main(
        *("separators", "-o", out, "--procedure", "1.000894", "--patch-t", "--copies", 2),
        *("--dossier", "H12-261124-0007"),
        env=ENV,
    )
    assert again.code == 0
    assert out.read_bytes() == before


@pytest.mark.parametrize(
    ("argv", "code", "slug"),
    [
        (["--procedure", "9.999999"], 3, "catalogue.unknown"),
        (["--paper", "nonsense"], 3, "separators.unknown_paper"),
        (["--procedure", "1.000894", "--paper", "can-cuoc"], 3, "separators.presented_only"),
        (["--copies", "0"], 2, None),
        (["--dossier", "x" * 65], 2, None),
    ],
)
def test_what_cannot_be_printed_writes_no_file(tmp_path, argv, code, slug):
    done = main("separators", "-o", tmp_path / "sheets.pdf", *argv)
    assert done.code == code
    if slug is not None:
        done.trouble(slug)
    assert list(tmp_path.iterdir()) == []
