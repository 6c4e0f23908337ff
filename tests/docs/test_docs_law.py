"""The table of law names files that exist, and one rule that stood without a test of its own."""

from __future__ import annotations

import re

import pytest

from app.cli.scan import arguments, run
from app.domain.errors import Trouble
from tests.docs.docs_kit import ROOT, parser_for

ROW = re.compile(r"^\| .+ \| .+ \| (.+) \| (.+) \|$", re.MULTILINE)


def test_every_rule_of_law_names_code_and_a_test_that_exist():
    rows = ROW.findall((ROOT / "docs" / "law.md").read_text("utf-8"))[1:]
    assert len(rows) >= 10
    for code, tests in rows:
        for cell in (code, tests):
            names = re.findall(r"`([^`]+)`", cell)
            assert names, cell
            assert [name for name in names if not (ROOT / name).is_file()] == []


def test_below_two_hundred_dpi_nothing_is_scanned(tmp_path):
    parser = parser_for(arguments)
    out = tmp_path / "out"
    options = parser.parse_args(["--device", "simulated:", "--dpi", "199", "--out", str(out)])
    with pytest.raises(Trouble) as told:
        run(options)
    assert told.value.slug == "scan.resolution"
    assert not out.exists()
    assert parser.parse_args(["--device", "simulated:", "--out", str(out)]).dpi == 300
