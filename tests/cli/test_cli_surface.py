"""The command line keeps its forms: help, usage, verbs of a later version, streams."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.cli import NOT_YET, VERBS
from tests.cli.cli_kit import main


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself_with_an_example(verb: str):
    done = main(verb, "--help")
    assert done.code == 0
    assert "Ví dụ: " in done.out
    assert f"python main.py {verb}" in done.out
    assert done.err == ""


def test_the_help_of_the_program_lists_the_verbs():
    done = main("--help")
    assert done.code == 0
    assert all(verb in done.out for verb in VERBS)


@pytest.mark.parametrize(
    "argv",
    [
        ["quet"],
        ["pack"],
        ["pack", "a.jpg"],
        ["pack", "a.jpg", "-o", "x.pdf", "--profile", "tiny"],
        ["scan", "--out", "x"],
        ["scan", "--device", "simulated:", "--dpi", "many", "--out", "x"],
        ["sign", "a.pdf", "-o", "x.pdf"],
        ["sign", "a.pdf", "-o", "x.pdf", "--pin-stdin"],
        ["sign", "a.pdf", "b.pdf", "-o", "x.pdf", "--p12", "k.p12", "--pin-stdin"],
        ["sign", "a.pdf", "-o", "x", "--out-dir", "y", "--p12", "k.p12", "--pin-stdin"],
        ["verify"],
        ["work", "cook"],
        ["--frobnicate"],
    ],
)
def test_wrong_usage_is_told_on_standard_error_with_code_2(argv: list[str], tmp_path: Path):
    done = main("--home", tmp_path / "home", *argv) if argv[0] != "work" else main(*argv)
    assert done.code == 2
    assert done.out == ""
    assert done.err.strip()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("verb", sorted(NOT_YET))
def test_a_verb_of_a_later_version_says_so(verb: str, tmp_path: Path):
    for argv in ([verb], [verb, "x", "--json"], ["--home", str(tmp_path), verb]):
        done = main(*argv)
        assert (done.code, done.out) == (2, "")
        assert "not_yet" in done.err


@pytest.mark.parametrize(
    "argv",
    [
        ["sign", "a.pdf", "-o", "x.pdf", "--p12", "k.p12", "--pin-stdin", "--level", "LTA"],
        ["sign", "a.pdf", "-o", "x.pdf", "--p12", "k", "--pin-stdin", "--tsa", "http://127.0.0.1"],
    ],
)
def test_an_option_of_a_later_version_says_so(argv: list[str]):
    done = main(*argv)
    assert (done.code, done.out) == (2, "")
    assert "not_yet" in done.err


def test_devices_are_listed_as_promised():
    done = main("devices", "--json")
    assert done.code == 0
    (row,) = [row for row in done.json if row["id"] == "simulated:"]
    assert set(row) == {"id", "vendor", "model", "sources", "dpi", "duplex"}
    assert row["dpi"] == [200, 300]


def test_a_person_reads_the_scanners_as_a_table_with_heads():
    done = main("devices")
    assert done.code == 0
    head, *rows = done.out.splitlines()
    assert head.startswith("Máy quét")
    (row,) = [row for row in rows if row.endswith("simulated:")]
    assert row.index("simulated:") == head.index("Mã"), "the columns stand below each other"
    assert "có" in row


def test_the_doctor_finds_this_station_fit(tmp_path: Path):
    done = main("doctor", "--json", "--home", tmp_path / "home")
    assert done.code in {0, 3}
    checks = {row["check"]: row for row in done.json}
    assert all(set(row) == {"check", "state", "advice"} for row in checks.values())
    assert all(row["state"] in {"ok", "warn", "fail"} for row in checks.values())
    assert {"vault", "key", "journal", "integrity", "sqlite", "tessdata"} <= set(checks)
    assert {"scanner", "profiles"} <= set(checks)
    assert checks["vault"]["state"] == "ok"
    assert checks["key"]["state"] == "warn"  # the keyring is switched off here
    assert "{" not in "".join(row["advice"] for row in checks.values())
    assert all(row["advice"] for row in checks.values() if row["state"] != "ok")
    assert done.code == (3 if "fail" in {row["state"] for row in checks.values()} else 0)


def test_the_doctor_names_a_vault_whose_key_is_gone(tmp_path: Path):
    home = tmp_path / "home"
    main("doctor", "--home", home, env={"XDG_CONFIG_HOME": str(tmp_path / "one")})
    done = main("doctor", "--json", "--home", home, env={"XDG_CONFIG_HOME": str(tmp_path / "two")})
    assert done.code == 3
    assert {row["check"]: row["state"] for row in done.json}["vault"] == "fail"


def test_a_home_that_is_a_file_is_a_trouble_not_a_crash(tmp_path: Path):
    home = tmp_path / "home"
    home.write_text("no folder")
    for argv in (["sync", "--once"], ["demo"], ["enrol", "http://127.0.0.1:9"]):
        main(*argv, "--home", home).trouble()


def test_the_home_is_the_one_named_before_or_behind_the_verb(tmp_path: Path):
    for place, argv in (
        ("before", ["--home", tmp_path / "before", "doctor", "--json"]),
        ("behind", ["doctor", "--json", "--home", tmp_path / "behind"]),
    ):
        main(*argv, env={"XDG_CONFIG_HOME": str(tmp_path / f"{place}-config")})
        assert (tmp_path / place / "vault.db").exists()
