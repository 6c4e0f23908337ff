"""What the accuracy report says of a page is so, on readings whose faults are known."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from ocr.findings import CodeHit, FieldGuess, PageReading
from ocr.geometry import Geometry
from ocr.image import PageImage
from ocr.text import PageText
from tests.bench import accuracy, accuracy_page
from tests.bench.accuracy_page import crop_error_mm
from tests.corpus.kinds import iter_pages
from tests.corpus.truth import TruthCode


@pytest.fixture(scope="module")
def page():
    return next(truth for truth, _ in iter_pages(31, ["receipt"]))


def reading(fields=(), codes=()):
    text = PageText((), 100, 100, "none")
    guesses = [FieldGuess(name, value, 0.9, (), rule) for name, value, rule in fields]
    quad = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    return PageReading(text, tuple(CodeHit("qrcode", c, quad) for c in codes), tuple(guesses))


def test_a_page_cut_exactly_is_off_by_nothing_and_one_cut_a_millimetre_wide_by_that():
    truth = replace(
        next(t for t, _ in iter_pages(31, ["one_line"], undistorted=True)),
        paper_quad=((100.0, 50.0), (1100.0, 50.0), (1100.0, 1050.0), (100.0, 1050.0)),
        scan_dpi=(300.0, 300.0),
    )
    image = PageImage(np.zeros((1200, 1200), np.uint8), 300, 300)
    exact = (100 / 1200, 50 / 1200, 1100 / 1200, 1050 / 1200)
    for turn in (0, 90, 180, 270):
        plan = Geometry.plan(image, crop=exact, rotation_deg=turn)
        assert crop_error_mm(plan, truth) == pytest.approx(0, abs=1e-6)
    wide = (exact[0] - 12 / 1200, *exact[1:])
    error = crop_error_mm(Geometry.plan(image, crop=wide), truth)
    assert error == pytest.approx(12 * 25.4 / 300, abs=0.01)


def test_figures_are_lost_when_one_digit_is_and_kept_when_only_the_spacing_differs():
    figures = accuracy_page._figures("Số: 27/QĐ-UBND ngày 05/06/1972, tổng 1.250.000 đồng; 12%")
    assert figures == ["27/QĐ-UBND", "05/06/1972", "1.250.000", "12"]
    whole = "Số: 27/QĐ-UBND, ngày 05/06/1972 tổng 1.250.000 đồng 12 %"
    assert accuracy_page._lost(figures, whole) == 0
    assert accuracy_page._lost(figures, whole.replace("1972", "1912")) == 1
    assert accuracy_page._lost(figures, whole.replace("05/06/1972", "05/06/ 1972")) == 0
    assert accuracy_page._lost(["12", "12"], "chỉ có 12") == 1
    assert accuracy_page._lost(figures, "") == 4


def test_fields_are_hit_wrong_or_missed(page):
    truth = replace(page, fields=(("organ", "UBND XÃ KHE ĐÀO"), ("number", "7"), ("signer", "A B")))
    found = reading([("organ", "UBND xã Khe Đào", "r"), ("number", "1", "r")])
    assert dict(accuracy_page._fields(truth, found)) == {
        "organ": "hit",
        "number": "wrong",
        "signer": "missed",
    }


def test_codes_count_only_when_every_letter_is_right_and_others_are_false(page):
    box = (0, 0, 9, 9)
    truth = replace(page, codes=(TruthCode("qrcode", "A|B", box), TruthCode("qrcode", "C", box)))
    hits, false = accuracy_page._codes(truth, reading(codes=("A|B", "c")))
    assert hits == (("qrcode", True), ("qrcode", False))
    assert false == 1


def test_the_command_measures_a_page_beside_bare_tesseract_and_shows_the_worst(tmp_path):
    argv = [sys.executable, "-m", "tests.bench", "ocr", "--kinds", "one_line", "--seed", "31"]
    done = subprocess.run(
        [*argv, "--json", "--severity", "clean", "--worst", str(tmp_path / "worst")],
        capture_output=True,
        text=True,
        check=False,
        timeout=160,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    row = result["kinds"][0]
    assert (row["kind"], row["pages"]) == ("one_line", 1)
    assert row["characters"] >= 4
    assert row["bare_errors"] <= 0.2
    assert row["cpu_s"] > 0
    assert row["bare_cpu_s"] > 0
    assert [p.suffix for p in (tmp_path / "worst").iterdir()] == [".jpg"]
    assert "| one_line | 1 |" in accuracy.table(result)


def test_an_unknown_kind_is_named():
    argv = [sys.executable, "-m", "tests.bench", "ocr", "--kinds", "novel"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 3
    assert "no such kind: novel" in done.stderr
