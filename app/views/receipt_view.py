"""What the citizen is told when a dossier is sealed, and how its delivery goes on."""

from __future__ import annotations

import datetime as dt

from PySide6.QtWidgets import QFormLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.viewmodels import badges
from app.viewmodels.queue_model import kilobytes, reason
from app.viewmodels.session import Session
from app.viewmodels.snapshot import Snapshot
from app.viewmodels.texts import ui
from app.views import icons
from app.views.parts import quiet, value

WIDTH_PX, ICON_PX = 760, 28
LINES = ("temp", "procedure", "name", "papers", "sealed", "portal", "state", "left", "next", "why")
ALWAYS = frozenset({"temp", "procedure", "name", "papers", "sealed", "portal", "state"})


class ReceiptView(QWidget):
    """Codes and times of the dossier; the official code is the portal's, never ours."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.code = value()
        self.code.setProperty("big", "true")
        self.mark = QLabel()
        self.lines = {name: value() for name in LINES}
        self.form = QFormLayout()
        self.new = QPushButton(ui("receipt.new"))
        self.note = quiet(ui("receipt.note"))
        self._lay_out()
        session.snapshot_changed.connect(self._on_session_snapshot)

    def begin(self) -> None:
        """The focus on what comes next."""
        self.new.setFocus()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self.mark)
        head.addWidget(self.code, 1)
        form = self.form
        form.setVerticalSpacing(10)
        form.setHorizontalSpacing(24)
        for name, line in self.lines.items():
            form.addRow(quiet(ui(f"receipt.{name}")), line)
        inner = QWidget()
        inner.setMaximumWidth(WIDTH_PX)
        column = QVBoxLayout(inner)
        column.setSpacing(14)
        column.addLayout(head)
        column.addLayout(form)
        column.addWidget(self.note)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.new)
        column.addLayout(buttons)
        column.addStretch(1)
        row = QHBoxLayout(self)
        row.addStretch(1)
        row.addWidget(inner, 4)
        row.addStretch(1)

    def _on_session_snapshot(self, snapshot: Snapshot) -> None:
        dossier, sending = snapshot.dossier, snapshot.sending
        official = dossier.official_code
        self.code.setText(official or ui("receipt.no_code"))
        self.note.setVisible(official is None)
        badge = badges.DOSSIER[dossier.state]
        self.mark.setPixmap(icons.badge_pixmap(badge, ICON_PX))
        papers = [paper for paper in snapshot.papers if paper.number]
        pages = sum(paper.pages for paper in papers)
        texts = {
            "temp": dossier.temp_code,
            "procedure": f"{snapshot.procedure.code}  {snapshot.procedure.name}",
            "name": dossier.applicant.name,
            "papers": ui("receipt.papers.value", papers=len(papers), pages=pages),
            "sealed": _at(dossier.received_at, dossier.opened_at.tzinfo),
            "portal": _at(dossier.portal_received_at, dossier.opened_at.tzinfo),
            "state": ui(f"dossier.state.{dossier.state}"),
            "left": kilobytes(sending.bytes_left) if sending and sending.bytes_left else "–",
            "next": _at(sending.next_try if sending else None, dossier.opened_at.tzinfo),
            "why": (reason(sending) if sending else "") or "–",
        }
        for name, text in texts.items():
            self.lines[name].setText(text)
            self.form.setRowVisible(self.lines[name], name in ALWAYS or text != "–")


def _at(time: dt.datetime | None, zone: dt.tzinfo | None) -> str:
    """A time as it is written here, at the counter's clock."""
    return time.astimezone(zone).strftime("%d/%m/%Y %H:%M:%S") if time else "–"
