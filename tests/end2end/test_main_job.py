"""The main job on the twelve-page sample, judged by programs nobody here wrote."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.corpus.metrics import aligned_recall
from tests.corpus.sample import make_sample
from tests.crash.whole import ROOT, Station, judge
from tests.referees import judge as referees

RECALL = 0.98
MISSING_REVOCATION = {"TRY_LATER", "NO_REVOCATION_DATA", "REVOCATION_OUT_OF_BOUNDS_NO_POE"}


@dataclass
class Run:
    """One finished demo."""

    station: Station
    truth: object
    report: dict
    papers: list[Path]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("main-job")
    truth = make_sample(folder / "pages")
    station = Station(folder / "s", folder / "pages")
    code, report, said = station.run("--out", str(folder / "out"))
    assert code == 0, said
    return Run(station, truth, report, [Path(row["pdf"]) for row in report["documents"]])


def test_five_papers_twelve_pages_and_a_verified_receipt(finished):
    report = finished.report
    assert [row["title"] for row in report["documents"]] == [
        "Quyết định", "Tờ khai", "Giấy khai sinh", "Giấy ủy quyền", "Bảng kê",
    ]  # fmt: skip
    assert [row["pages"] for row in report["documents"]] == [3, 2, 1, 2, 3]
    assert all(row["signed"] and row["pdfa"] == "2u" for row in report["documents"])
    assert report["receipt"]["verified"]
    assert report["receipt"]["portal_no"]


def test_every_page_is_straightened_turned_and_judged_as_the_truth_says(finished):
    for page, truth in zip(finished.report["pages"], finished.truth.pages, strict=True):
        assert page["source"] == truth.file
        assert page["blank"] == truth.blank
        assert page["rotation_deg"] == truth.rotation_deg
        if not truth.blank:
            assert abs(page["angle_deg"] - truth.skew_deg) <= 0.3, truth.file


def test_nothing_promised_is_missing_from_vault_or_portal(finished):
    assert judge(finished.station, finished.report) == []


def test_a_second_run_prints_the_same_receipt(finished):
    code, report, _ = finished.station.run()
    assert code == 0
    assert report["receipt"] == finished.report["receipt"]


def test_strangers_find_pdfa_and_whole_trusted_signatures(finished):
    trust = finished.station.home / "trust"
    verdicts = referees(finished.papers, [trust / "test-root.pem"], sorted(trust.glob("*.crl")))
    for verdict in verdicts:
        told = json.loads(json.dumps(verdict.as_json()))
        assert told["verapdf"]["compliant"], told
        assert told["verapdf"]["flavour"] == "2u"
        for indication, reason in zip(
            told["dss"]["indications"], told["dss"]["subindications"], strict=True
        ):
            assert indication == "TOTAL_PASSED" or (
                indication == "INDETERMINATE" and reason in MISSING_REVOCATION
            ), told
        assert told["pdfsig"]["validations"] == ["Signature is Valid."]
        assert told["pdfsig"]["whole_document"] == [True]
        assert told["qpdf"]["ok"]


def test_ninety_eight_of_a_hundred_printed_characters_are_found_on_each_page(finished):
    truths = iter(page for page in finished.truth.pages if not page.blank)
    for paper, row in zip(finished.papers, finished.report["documents"], strict=True):
        for number in range(1, row["pages"] + 1):
            truth = next(truths)
            argv = ["pdftotext", "-raw", "-f", str(number), "-l", str(number), str(paper), "-"]
            text = subprocess.run(argv, capture_output=True, check=True, timeout=60).stdout
            found = aligned_recall([line.text for line in truth.lines], text.decode())
            assert found >= RECALL, f"{truth.file}: {found:.4f}"


def test_our_own_verdict_agrees(finished):
    argv = [sys.executable, "main.py", "verify", "--json", "--home", str(finished.station.home)]
    done = subprocess.run(
        [*argv, *map(str, finished.papers)],
        cwd=ROOT,
        env=finished.station.environment(),
        capture_output=True,
        check=True,
        timeout=120,
    )
    assert {json.loads(line)["verdict"] for line in done.stdout.splitlines()} == {"valid"}


def test_the_portal_holds_the_very_files_that_were_written_out(finished):
    argv = [sys.executable, "main.py", "portal", "--dump", "--json"]
    done = subprocess.run(
        [*argv, "--home", str(finished.station.home)],
        cwd=ROOT,
        env=finished.station.environment(),
        capture_output=True,
        check=True,
        timeout=60,
    )
    (row,) = json.loads(done.stdout)
    written = {hashlib.sha256(path.read_bytes()).hexdigest() for path in finished.papers}
    assert {paper["sha256"] for paper in row["papers"]} == written


def test_a_thief_reads_nothing_in_the_vault(finished):
    """Names, pictures, PDFs, the database: nothing under the home is readable without the key."""
    home = finished.station.home
    words = [
        line.text for page in finished.truth.pages for line in page.lines if len(line.text) > 12
    ]
    marks = [b"%PDF-", b"JFIF", b"SQLite format 3", b"Nguy", *(w.encode() for w in words[:200])]
    for path in home.rglob("*"):
        inside = path.relative_to(home).parts
        if path.is_file() and inside[0] not in {"portal", "trust"}:
            data = path.read_bytes()
            assert not [mark for mark in marks if mark in data], path.name


def test_logs_name_nobody_and_hold_no_pin(finished):
    config = finished.station.config
    vault = finished.station.vault()
    try:
        from app.store import dossiers

        pin = dossiers.setting(vault.db, "practice.pin")
    finally:
        vault.close()
    logs = list(config.rglob("*.jsonl"))
    text = b"".join(path.read_bytes() for path in logs)
    assert pin.encode() not in text
    assert b"Nguy" not in text
