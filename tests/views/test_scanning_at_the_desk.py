"""A scan that ends early says what is safe and where to go on; stopping and going on lose nothing."""

from __future__ import annotations

import json
from pathlib import Path

from PySide6.QtWidgets import QApplication

from app.store import catalogue
from tests.views.views_kit import at_the_desk, until


def test_a_jam_at_sheet_2_keeps_page_1_and_names_the_sheet(
    qapp: QApplication, tmp_path: Path, small_pages: Path
) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps([{"sheet": 2, "fault": "jam", "times": 1}]), "utf-8")
    with at_the_desk(tmp_path / "home", f"simulated:{small_pages}?plan={plan}") as clerk:
        clerk.open_dossier("giay to theo bo", catalogue.LOOSE, "Trần Thị Mẫu")
        clerk.scan()
        banner = clerk.window.banner
        until(lambda: banner.slug == "scan.jam", "the jam is told")
        assert banner.isVisible()
        assert "tờ 2" in banner.text()
        assert "Đã giữ" in banner.text()
        assert [page.number for page in clerk.snapshot.pages] == [1]
        clerk.wait_read()
        assert banner.isVisible(), "a trouble stays until it is solved"
        clerk.scan()
        assert not banner.slug, "going on with F5 solves it"
        assert len(clerk.snapshot.pages) == 3
        assert clerk.snapshot.scan.state == "complete", clerk.snapshot.scan


def test_what_a_scanner_says_before_it_begins_is_told_and_taken_back_by_the_first_page(
    qapp: QApplication, tmp_path: Path, small_pages: Path
) -> None:
    with at_the_desk(tmp_path / "home", f"simulated:{small_pages}") as clerk:
        clerk.open_dossier("giay to theo bo", catalogue.LOOSE, "Trần Thị Mẫu")
        bell, banner = clerk.session.bridge, clerk.window.banner
        facts = {"slug": "scan.warming_up", "safe_sheets": 0, "refeed_sheet": 1}
        bell.hear({"ev": "notice", **facts})
        until(lambda: banner.slug == "scan.warming_up", "the warming up is told")
        assert "khởi động" in banner.text()
        assert "…" not in banner.text()
        clerk.scan()
        until(lambda: not banner.slug, "the page took it back")


def test_stopping_keeps_what_is_in_and_the_next_scan_goes_on(
    qapp: QApplication, tmp_path: Path, small_pages: Path
) -> None:
    with at_the_desk(tmp_path / "home", f"simulated:{small_pages}?ipm=20") as clerk:
        window = clerk.window
        clerk.open_dossier("giay to theo bo", catalogue.LOOSE, "Trần Thị Mẫu")
        until(lambda: clerk.session.equipment.device, "the scanner is ready")
        clerk.press("F5")
        until(window.reception.stop.isVisible, "the scan can be stopped")
        window.reception.page.text.setFocus()
        until(lambda: clerk.snapshot.pages, "the first page is shown while the feeder runs")
        assert clerk.snapshot.scanning
        assert window.reception.progress.isVisible()
        assert not window.acts["count"].isEnabled(), "nobody counts while more may come"
        assert window.reception.page.text.hasFocus(), "an arriving page never moves the focus"
        clerk.press("Esc")
        until(lambda: not clerk.snapshot.scanning, "the scan has stopped")
        assert clerk.snapshot.scan.slug == "scan.cancelled"
        assert 1 <= len(clerk.snapshot.pages) < 3
        clerk.scan()
        assert [page.number for page in clerk.snapshot.pages] == [1, 2, 3]
        assert clerk.snapshot.scan.state == "complete", clerk.snapshot.scan


def test_a_window_that_is_opened_again_shows_the_unfinished_dossier(
    qapp: QApplication, tmp_path: Path, small_pages: Path
) -> None:
    home, device = tmp_path / "home", f"simulated:{small_pages}"
    with at_the_desk(home, device) as clerk:
        until(lambda: clerk.page is clerk.window.new_dossier, "an empty counter asks for a dossier")
        clerk.open_dossier("giay to theo bo", catalogue.LOOSE, "Trần Thị Mẫu")
        clerk.scan()
        before = clerk.snapshot.dossier.id
    with at_the_desk(home, device) as clerk:
        until(lambda: clerk.session.snapshot is not None, "the dossier is back")
        assert clerk.snapshot.dossier.id == before
        assert clerk.page is clerk.window.reception
        assert [page.number for page in clerk.snapshot.pages] == [1, 2, 3]
        clerk.wait_read()
        clerk.press("F8")
        until(lambda: any(paper.number for paper in clerk.snapshot.papers), "papers")
        clerk.press("Ctrl+D")
        until(lambda: clerk.snapshot.signable, "the dossier can be signed")
        until(lambda: clerk.session.equipment.signer is not None, "the token is ready")
        clerk.press("F9")
        until(clerk.window.sign.pin.hasFocus, "the PIN box has the focus")
        clerk.press("Esc")
        until(lambda: clerk.snapshot.dossier.state == "draft", "put off: it can be edited again")
        assert clerk.page is clerk.window.reception
        assert not clerk.session.supervisor.token.ready
