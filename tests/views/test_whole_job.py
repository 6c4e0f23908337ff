"""A clerk does the whole job with the keyboard alone: real workers, token and portal."""

from __future__ import annotations

import json
import os
from pathlib import Path

from PySide6.QtCore import QAbstractItemModel, QEvent, QObject, Qt
from PySide6.QtWidgets import QApplication, QDialog, QLineEdit

from app.store import catalogue
from tests.views.views_kit import Clerk, at_the_desk, until

MOST_ACTS = 70


class _Watch(QObject):
    """Counts clicks and dialogs, which the job must do without."""

    def __init__(self) -> None:
        super().__init__()
        self.clicks = self.dialogs = 0

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt names it
        if event.type() == QEvent.Type.MouseButtonPress:
            self.clicks += 1
        if event.type() == QEvent.Type.Show and isinstance(watched, QDialog):
            self.dialogs += 1
        return False


def test_paper_becomes_a_receipt_by_keys_alone(
    qapp: QApplication, tmp_path: Path, small_pages: Path
) -> None:
    home = tmp_path / "home"
    watch = _Watch()
    qapp.installEventFilter(watch)
    try:
        with at_the_desk(home, f"simulated:{small_pages}") as clerk:
            _work(clerk)
            pin = clerk.session.equipment.practice_pin
            _no_pin_in_models(clerk, pin)
            print(f"{clerk.acts} keys, {watch.clicks} clicks, {watch.dialogs} dialogs")
            assert clerk.acts <= MOST_ACTS
    finally:
        qapp.removeEventFilter(watch)
    assert watch.clicks == 0
    assert watch.dialogs == 0
    _no_pin_in_files(home, pin)


def test_an_ordinary_dossier_takes_few_keys(
    qapp: QApplication, tmp_path: Path, small_pages: Path
) -> None:
    with at_the_desk(tmp_path / "home", f"simulated:{small_pages}") as clerk:
        clerk.open_dossier("gttb", catalogue.LOOSE, "Trần Thị Mẫu")
        clerk.scan()
        clerk.wait_read()
        clerk.press("F8")
        until(lambda: any(paper.number for paper in clerk.snapshot.papers), "papers")
        clerk.press("Ctrl+D")
        until(lambda: clerk.snapshot.signable, "nothing stands in the way")
        clerk.sign()
        until(lambda: clerk.snapshot.dossier.state == "delivered", "the portal has it all")
        typed = len("gttb" + "Trần Thị Mẫu" + clerk.session.equipment.practice_pin)
        print(f"{clerk.acts} keys, {typed} of them letters and digits")
        assert clerk.acts - typed == 8, "F2 Enter Enter F5 F8 Ctrl+D F9 Enter"


def _work(clerk: Clerk) -> None:
    window, session = clerk.window, clerk.session
    clerk.open_dossier("giay to theo bo", catalogue.LOOSE, "Trần Thị Mẫu")
    clerk.scan()
    assert [page.number for page in clerk.snapshot.pages] == [1, 2, 3]
    clerk.wait_read()
    clerk.press("F9")
    until(lambda: window.banner.slug == "dossier.incomplete", "F9 says what is missing")
    until(window.reception.findings.hasFocus, "the first thing to do has the focus")
    clerk.press("F8")
    until(lambda: [p.pages for p in clerk.snapshot.papers] == [1, 2], "two papers are proposed")
    clerk.press("Ctrl+D")
    until(lambda: clerk.snapshot.signable, "nothing stands in the way")
    until(lambda: not window.banner.slug, "the trouble is solved and gone")

    until(lambda: session.equipment.signer is not None, "the token is ready")
    clerk.press("F9")
    until(window.sign.pin.hasFocus, "the PIN box has the focus")
    clerk.type("00000000")
    clerk.press("Return")
    assert window.sign.pin.text() == ""
    until(lambda: window.banner.slug == "sign.pin_wrong", "a wrong PIN is told")
    assert clerk.snapshot.dossier.state == "signing"
    until(lambda: _states(clerk) == {"waits_for_token"}, "no paper is signed, all wait")
    assert clerk.page is window.sign
    assert window.sign.pin.hasFocus(), "the right PIN can follow at once"

    clerk.sign()
    assert window.sign.pin.text() == ""
    assert clerk.snapshot.dossier.received_at is not None
    until(lambda: clerk.snapshot.dossier.state == "delivered", "the portal has it all")
    assert clerk.snapshot.dossier.official_code in window.receipt.code.text()
    assert _states(clerk) == {"delivered"}

    clerk.press("F11")
    until(lambda: clerk.page is window.queue, "the queue is shown")
    until(lambda: session.queue.waiting == 0 and session.queue.rowCount() == 1, "nothing waits")
    row = session.queue.row(0)
    assert row is not None
    assert row.dossier.official_code == clerk.snapshot.dossier.official_code


def _states(clerk: Clerk) -> set[str]:
    return {paper.state for paper in clerk.snapshot.papers}


def _no_pin_in_models(clerk: Clerk, pin: str) -> None:
    session = clerk.session
    models: tuple[QAbstractItemModel, ...] = (
        session.pages, session.papers, session.findings, session.procedures, session.queue,
    )  # fmt: skip
    for model in models:
        for row in range(model.rowCount()):
            for column in range(model.columnCount() if model is session.queue else 1):
                for role in Qt.ItemDataRole:
                    assert pin not in str(model.index(row, column).data(int(role)))
    assert pin not in repr(clerk.snapshot)
    for widget in QApplication.topLevelWidgets():
        assert pin not in widget.windowTitle()
    for line in clerk.window.findChildren(QLineEdit):
        assert pin not in line.text(), line.accessibleName()


def _no_pin_in_files(home: Path, pin: str) -> None:
    vault_id = (home / "vault_id").read_text("ascii").strip()
    station = Path(os.environ["XDG_CONFIG_HOME"]) / "counter-station" / f"station-{vault_id[:8]}"
    logs = sorted((station / "logs").glob("*"))
    for path in (*logs, *(p for p in home.rglob("*") if p.is_file())):
        assert pin.encode() not in path.read_bytes(), path
    for path in logs:
        for line in path.read_text("utf-8").splitlines():
            assert json.loads(line)["level"] != "ERROR", line
