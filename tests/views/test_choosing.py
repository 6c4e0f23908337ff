"""The scanner and the way to scan are chosen by keys; the choice holds and nothing else changes."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from app.desk.opening import open_counter
from app.store import catalogue, dossiers
from app.store.database import transaction
from app.viewmodels.models import ROW
from scanner.simulator.server import SimulatorServer
from tests.views.views_kit import Clerk, at_the_desk, until

SEARCH_S = 60.0


@pytest.fixture(scope="module")
def network_scanner(small_pages: Path) -> Iterator[str]:
    """A scanner in the network: its address."""
    server = SimulatorServer(small_pages)
    server.start()
    yield server.url
    server.close()


def setting(clerk: Clerk, key: str) -> str:
    return dossiers.setting(clerk.session.desk._vault.db, f"scan.{key}")


def to_the_scanners(clerk: Clerk) -> None:
    clerk.press("F3")
    until(lambda: clerk.page is clerk.window.scanner, "the scanner page is shown")
    until(clerk.window.scanner.list.hasFocus, "the list has the focus")


def last_batch(clerk: Clerk) -> dict[str, object]:
    job = clerk.session.desk._vault.jobs.get(clerk.snapshot.scan.job)
    return dict(job.params)


def open_findings(clerk: Clerk) -> set[str]:
    kinds = ("rule.scan", "rule.count", "rule.half", "rule.paper_left")
    return {f.slug for f in clerk.snapshot.findings if f.slug.startswith(kinds)}


def new_dossier(clerk: Clerk) -> None:
    clerk.open_dossier("gttb", catalogue.LOOSE, "Trần Thị Mẫu")
    until(lambda: clerk.session.snapshot and not clerk.snapshot.pages, "an empty dossier")
    until(lambda: clerk.window.scanners.choice is not None, "the profile is known")


def test_the_sheets_are_declared_before_the_scan_and_forgotten_after_it(clerk: Clerk) -> None:
    sheets = clerk.window.reception.feeder.sheets
    new_dossier(clerk)
    clerk.press("F7")
    until(sheets.hasFocus, "the box has the focus")
    clerk.type("4x")
    assert sheets.text() == "4", "only a number"
    clerk.scan()
    assert sheets.text() == ""
    assert clerk.window.reception.grid.hasFocus()
    assert clerk.snapshot.scan.slug == "scan.count_short"
    assert last_batch(clerk)["declared_sheets"] == 4
    assert {"rule.scan_ended", "rule.count_mismatch"} <= open_findings(clerk)
    clerk.press("Ctrl+D")
    until(lambda: not open_findings(clerk), "a person counted: there are three")


def test_sides_are_changed_with_one_key_and_the_batch_follows(clerk: Clerk) -> None:
    duplex = clerk.window.reception.feeder.duplex
    new_dossier(clerk)
    assert not duplex.isChecked(), "practice begins with single sides"
    clerk.press("F6")
    until(duplex.isChecked, "both sides")
    clerk.scan()
    assert last_batch(clerk)["duplex"] is True
    assert clerk.snapshot.scan.slug == "scan.odd_sides", "three sides are one and a half sheets"
    until(lambda: {"rule.scan_ended", "rule.half_sheet"} <= open_findings(clerk), "it stays open")
    duplex.setFocus()
    clerk.press("Space")
    until(lambda: not clerk.window.scanners.choice.duplex, "the box does what the key does")
    assert not duplex.isChecked()


def test_a_search_shows_its_progress_can_be_ended_and_done_again(clerk: Clerk) -> None:
    page, scanners = clerk.window.scanner, clerk.window.scanners
    device = clerk.session.equipment.device
    to_the_scanners(clerk)
    until(lambda: page.progress.isVisible() and page.cancel.isVisible(), "it searches")
    page.cancel.setFocus()
    clerk.press("Space")
    until(lambda: page.again.isVisible() and not scanners.searching, "the search is ended")
    assert scanners.found.rowCount() == 1, "what is in use stays in the list"
    page.again.setFocus()
    clerk.press("Space")
    until(lambda: scanners.searching, "it searches again")
    until(lambda: not scanners.searching, "the search is done", SEARCH_S)
    rows = [scanners.found.row(number) for number in range(scanners.found.rowCount())]
    assert {"simulated:", device} <= {row.scanner.id for row in rows}
    to_the_scanners(clerk)
    clerk.press("Esc")
    assert clerk.page is clerk.window.reception
    assert not scanners.searching, "leaving ends the search"
    assert clerk.session.equipment.device == device
    assert setting(clerk, "device") == "", "looking changes nothing"


def test_a_profile_is_chosen_by_keys_and_the_offices_values_are_named(
    clerk: Clerk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "profiles.toml").write_text(
        'locked = ["duplex"]\ndefault = "mot-mat"\n'
        '[profile.xam]\ntitle = "Xám"\nmode = "gray"\n[profile.hong]\nspeed = 1\n',
        "utf-8",
    )
    monkeypatch.setenv("COUNTER_STATION_ADMIN", str(tmp_path))
    page, banner, scanners = clerk.window.scanner, clerk.window.banner, clerk.window.scanners
    to_the_scanners(clerk)
    until(lambda: banner.slug == "profile.unknown_key", "a fault of the file is told")
    assert "dòng 7" in banner.text()
    assert "số mặt" in page.whose.text()
    assert "dòng 7" in page.whose.text()
    page.presets.setFocus()
    clerk.press("End")
    assert page.presets.currentIndex().data(ROW).preset.name == "xam"
    clerk.press("Return")
    until(lambda: scanners.choice.preset.mode == "gray", "it is used")
    assert setting(clerk, "profile") == "xam"
    clerk.press("F6")
    until(lambda: banner.slug == "profile.locked", "a lock explains itself")
    clerk.press("Esc")
    feeder = clerk.window.reception.feeder
    assert not feeder.duplex.isEnabled()
    assert not feeder.duplex.isChecked()
    assert "cơ quan" in feeder.facts.text()
    new_dossier(clerk)
    clerk.scan()
    assert (last_batch(clerk)["mode"], last_batch(clerk)["duplex"]) == ("gray", False)


def test_an_address_is_typed_used_and_remembered(clerk: Clerk, network_scanner: str) -> None:
    page, banner, session = clerk.window.scanner, clerk.window.banner, clerk.session
    to_the_scanners(clerk)
    page.address.setFocus()
    clerk.type("may quet")
    clerk.press("Return")
    until(lambda: banner.slug == "scan.address", "what is no address is told")
    assert page.address.text() == "may quet", "what was typed can be mended"
    page.address.selectAll()
    clerk.type(network_scanner)
    clerk.press("Return")
    device = f"escl:{network_scanner}"
    until(lambda: session.equipment.device == device, "it is used")
    until(lambda: not page.address.text(), "the box is empty")
    assert not banner.slug
    assert setting(clerk, "device") == device
    assert session.equipment.practice, "another scanner makes no real counter"
    session.equip(dataclasses.replace(session.equipment, device="simulated:"))
    assert session.equipment.device == device, "what is made ready later does not replace it"
    clerk.press("Esc")
    new_dossier(clerk)
    clerk.window.scanners.refresh()
    until(lambda: clerk.window.scanners.choice.duplex, "a real scanner takes both sides")
    clerk.press("F6")
    until(lambda: not clerk.window.scanners.choice.duplex, "single sides")
    clerk.scan()
    assert last_batch(clerk)["device"] == device
    assert len(clerk.snapshot.pages) == 3, clerk.snapshot.scan


def test_a_real_counter_is_not_offered_a_simulated_scanner(
    qapp: QApplication, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    opening = open_counter(home, "thu", env="production")
    with transaction(opening.office.vault.db) as db:
        dossiers.set_setting(db, "scan.device", "escl:http://127.0.0.1:9/eSCL")
    opening.office.vault.close()
    with at_the_desk(home) as clerk:
        scanners = clerk.window.scanners
        to_the_scanners(clerk)
        until(lambda: not scanners.searching, "the search is done", SEARCH_S)
        rows = [scanners.found.row(number) for number in range(scanners.found.rowCount())]
        assert "simulated" not in {row.scanner.driver for row in rows}
        (chosen,) = [row for row in rows if row.chosen]
        assert not chosen.seen
        assert "không thấy" in scanners.found.text(chosen)
