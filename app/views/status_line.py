"""The bottom line: scanner, signature, delivery, each with what matters now."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from app.viewmodels.session import Session
from app.viewmodels.texts import ui

BETWEEN = "   │   "


class StatusLine(QLabel):
    """One line of facts; never the only place where a trouble is told."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self._session = session
        for changed in (
            session.snapshot_changed,
            session.queue_changed,
            session.equipment_changed,
        ):
            changed.connect(self._on_session_changed)
        self._on_session_changed()

    def _on_session_changed(self, *_args: object) -> None:
        kit, snapshot = self._session.equipment, self._session.snapshot
        device = kit.device.split(":", 1)[0]
        parts = [ui(f"window.device.{device or 'none'}")]
        if snapshot is not None:
            counts = {"pages": snapshot.current, "blanks": snapshot.blanks}
            parts[0] += " · " + ui("window.counts", sheets=snapshot.sheets, **counts)
        parts.append(
            ui("window.signer", name=kit.signer.name) if kit.signer else ui("window.no_signer")
        )
        parts.append(ui("window.queue", n=self._session.queue.waiting))
        self.setText(BETWEEN.join(parts))
