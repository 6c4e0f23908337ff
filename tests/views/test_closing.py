"""Closing the window in the middle of work loses nothing and leaves nobody behind."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QApplication

from app.store import catalogue
from tests.views.views_kit import at_the_desk, until


def _processes(home: Path) -> list[str]:
    """Command lines of running processes that name this vault."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue  # it has just ended
        if str(home) in line:
            found.append(line)
    return found


def test_closing_in_the_middle_of_a_scan_keeps_every_page_and_ends_every_process(
    qapp: QApplication, tmp_path: Path, small_pages: Path
) -> None:
    home, device = tmp_path / "home", f"simulated:{small_pages}?ipm=20"
    with at_the_desk(home, device) as clerk:
        clerk.open_dossier("giay to theo bo", catalogue.LOOSE, "Trần Thị Mẫu")
        until(lambda: clerk.session.equipment.device, "the scanner is ready")
        clerk.press("F5")
        until(lambda: clerk.snapshot.pages, "the first page is in")
        assert clerk.snapshot.scanning
        assert _processes(home)
        safe = [page.id for page in clerk.snapshot.pages]
        dossier = clerk.snapshot.dossier.id
        assert clerk.window.close()
    assert _processes(home) == []
    with at_the_desk(home, device) as clerk:
        until(lambda: clerk.session.snapshot is not None, "the dossier is back")
        assert clerk.snapshot.dossier.id == dossier
        assert clerk.page is clerk.window.reception
        until(lambda: not clerk.snapshot.scanning, "the interrupted batch is over")
        assert [page.id for page in clerk.snapshot.pages][: len(safe)] == safe
        until(lambda: clerk.window.banner.slug.startswith("scan."), "it says where to go on")
        assert f"tờ {clerk.snapshot.scan.refeed_sheet}" in clerk.window.banner.text()
        clerk.scan()
        current = [page for page in clerk.snapshot.pages if page.state != "dropped"]
        assert len({page.sheet for page in current}) == 3
        assert len(current) == 3
        assert clerk.snapshot.scan.state == "complete", clerk.snapshot.scan
