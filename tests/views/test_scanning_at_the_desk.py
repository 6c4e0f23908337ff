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


def test_stopping_keeps_what_is_in_and_the_next_scan_goes_on(
    qapp: QApplication, tmp_path: Path, small_pages: Path
) -> None:
    with at_the_desk(tmp_path / "home", f"simulated:{small_pages}?ipm=20") as clerk:
        window = clerk.window
        clerk.open_dossier("giay to theo bo", catalogue.LOOSE, "Trần Thị Mẫu")
        until(lambda: clerk.session.equipment.device, "the scanner is ready")
        clerk.press("F5")
        until(window.reception.stop.isVisible, "the scan can be stopped")
        window.reception.text.setFocus()
        until(lambda: clerk.snapshot.pages, "the first page is shown while the feeder runs")
        assert clerk.snapshot.scanning
        assert window.reception.progress.isVisible()
        assert window.reception.text.hasFocus(), "an arriving page never moves the focus"
        clerk.press("Esc")
        until(lambda: not clerk.snapshot.scanning, "the scan has stopped")
        assert clerk.snapshot.scan.slug == "scan.cancelled"
        assert 1 <= len(clerk.snapshot.pages) < 3
        clerk.scan()
        assert [page.number for page in clerk.snapshot.pages] == [1, 2, 3]
        assert clerk.snapshot.scan.state == "complete", clerk.snapshot.scan
