"""The doctor sees what is wrong with a vault, says how to mend it, and changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.desk.health import Check, examine
from app.domain.ids import DossierId
from app.pipeline.stage import STAGES
from app.store import dossiers
from app.store.database import transaction
from app.store.jobs import boot_id
from scanner.simulator.server import SimulatorServer
from tests.desk.desk_kit import Bench


def seen(home: Path) -> dict[str, Check]:
    return {check.check: check for check in examine(home)}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    bench = Bench(tmp_path / "home")
    bench.dossier()
    bench.close()
    return tmp_path / "home"


def test_a_sound_vault_is_sound(home: Path):
    found = seen(home)
    for name in ("vault", "integrity", "journal", "queue", "sqlite"):
        assert found[name] == Check(name, "ok", "")


def test_looking_changes_nothing_but_the_databases_own_files(home: Path):
    before = {
        p: p.read_bytes() for p in home.rglob("*") if p.is_file() and "vault.db" not in p.name
    }
    seen(home)
    after = {p: p.read_bytes() for p in home.rglob("*") if p.is_file() and "vault.db" not in p.name}
    assert before == after


def test_a_changed_line_of_the_journal_is_seen(tmp_path: Path):
    bench = Bench(tmp_path / "home")
    bench.dossier()
    bench.db.execute("DROP TRIGGER journal_no_update")
    bench.db.execute("UPDATE journal SET who='another' WHERE n=1")
    bench.db.execute(
        "CREATE TRIGGER journal_no_update BEFORE UPDATE ON journal"
        " BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END"
    )
    bench.close()
    check = seen(tmp_path / "home")["journal"]
    assert check.state == "fail"
    assert check.advice


def test_a_database_of_another_key_or_of_noise_is_one_failing_line(home: Path):
    (home / "vault.db").write_bytes(b"noise" * 4096)
    found = seen(home)
    assert found["vault"].state == "fail"
    assert found["vault"].advice
    assert "journal" not in found


def test_work_in_doubt_is_shown(tmp_path: Path):
    bench = Bench(tmp_path / "home")
    bench.vault.jobs.add(STAGES["scan"].job(DossierId("x"), (), {"n": 1}))
    bench.vault.jobs.claim("scan-0-0", boot_id(), ["scan"], 0.0, 60.0)
    bench.vault.jobs.free_owner("scan-0-0")
    bench.close()
    check = seen(tmp_path / "home")["queue"]
    assert check.state == "warn"
    assert check.advice


def test_a_station_without_recognition_models_is_told(home: Path, monkeypatch, tmp_path: Path):
    monkeypatch.setattr("app.desk.health.paths.tessdata", lambda: None)
    check = seen(home)["tessdata"]
    assert check.state == "fail"
    assert check.advice


def with_scanner(home: Path, device: str, env: str = "demo") -> None:
    bench = Bench(home)
    with transaction(bench.db):
        dossiers.set_setting(bench.db, "scan.device", device)
        dossiers.set_setting(bench.db, "env", env)
    bench.close()


def scanner(home: Path) -> tuple[str, bool]:
    check = seen(home)["scanner"]
    return check.state, bool(check.advice)


def test_a_practice_station_needs_no_scanner_but_a_real_one_does(home: Path):
    assert scanner(home) == ("ok", False)
    with_scanner(home, "", "production")
    assert scanner(home) == ("warn", True)


def test_a_chosen_scanner_that_answers_is_well_and_one_that_does_not_is_told(
    home: Path, small_pages: Path
):
    server = SimulatorServer(small_pages)
    server.start()
    try:
        with_scanner(home, f"escl:{server.url}")
        assert scanner(home) == ("ok", False)
    finally:
        server.close()
    assert scanner(home) == ("fail", True)
    assert "5" in seen(home)["scanner"].advice


@pytest.mark.parametrize("device", ["sane:no-such:device", "wia:{0}", "gone:x"])
def test_a_scanner_that_nobody_finds_is_told(home: Path, device: str):
    with_scanner(home, device)
    assert scanner(home) == ("fail", True)


def test_a_scan_folder_must_be_there(home: Path, tmp_path: Path):
    folder = tmp_path / "vào"
    with_scanner(home, f"folder:{folder}")
    assert scanner(home) == ("fail", True)
    folder.mkdir()
    assert scanner(home) == ("ok", False)


def test_a_scanner_at_work_is_not_asked(tmp_path: Path):
    bench = Bench(tmp_path / "home")
    with transaction(bench.db):
        dossiers.set_setting(bench.db, "scan.device", "escl:http://127.0.0.1:9/eSCL")
    bench.vault.jobs.add(STAGES["scan"].job(DossierId("x"), (), {"n": 1}))
    bench.vault.jobs.claim("scan-0-0", boot_id(), ["scan"], 0.0, 60.0)
    found = seen(tmp_path / "home")["scanner"]
    bench.close()
    assert found.state == "warn"
    assert "đang quét" in found.advice


def test_a_fault_in_the_profile_file_is_told_with_its_line(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("COUNTER_STATION_ADMIN", str(tmp_path))
    assert seen(home)["profiles"] == Check("profiles", "ok", "")
    (tmp_path / "profiles.toml").write_text("[profile.ta]\nspeed = 3\n", "utf-8")
    check = seen(home)["profiles"]
    assert check.state == "warn"
    assert "dòng 2" in check.advice
