"""The queue of dossiers, and what the citizen is told when one is sealed."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import QHeaderView, QLabel, QPushButton, QTableView, QVBoxLayout, QWidget

from app.desk.submission import QueueRow
from app.viewmodels.models import ROW
from app.viewmodels.session import Session
from app.viewmodels.snapshot import Snapshot
from app.viewmodels.texts import ui
from app.views.reception_view import heading


class QueueView(QWidget):
    """Every sealed dossier with its state, one number and one reason."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.table = QTableView()
        self.table.setModel(session.queue)
        self.table.setAccessibleName(ui("queue.heading"))
        self.table.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self.table.setTabKeyNavigation(False)
        self.table.verticalHeader().hide()
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        self.send = QPushButton(ui("action.send"))
        self.send.clicked.connect(session.send_now)
        self.table.activated.connect(self._on_activated)
        column = QVBoxLayout(self)
        column.addWidget(heading(ui("queue.heading")))
        column.addWidget(self.table, 1)
        column.addWidget(self.send, 0, Qt.AlignmentFlag.AlignRight)

    def _on_activated(self, index: QModelIndex) -> None:
        row = index.data(ROW)
        if isinstance(row, QueueRow):
            self._session.select(row.dossier.id)


class ReceiptView(QWidget):
    """Codes and times of the dossier that was just sealed."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.lines = QLabel(wordWrap=True)
        self.lines.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.lines.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        column = QVBoxLayout(self)
        column.addWidget(heading(ui("receipt.heading")))
        column.addWidget(self.lines, 1)
        session.snapshot_changed.connect(self._on_snapshot)

    def _on_snapshot(self, snapshot: Snapshot) -> None:
        dossier = snapshot.dossier
        if dossier.received_at is None:
            self.lines.setText("")
            return
        form = "%d/%m/%Y %H:%M"
        at = dossier.received_at.strftime(form)
        lines = [ui("receipt.saved", at=at, temp=dossier.temp_code)]
        if dossier.official_code and dossier.portal_received_at:
            seen = dossier.portal_received_at.astimezone(dossier.received_at.tzinfo)
            lines.append(ui("receipt.official", code=dossier.official_code, at=seen.strftime(form)))
        lines.append(ui("receipt.state", state=ui(f"dossier.state.{dossier.state}")))
        lines.append(ui("receipt.next"))
        self.lines.setText("\n\n".join(lines))
