"""The dossiers of this counter and how far each is on its way to the portal."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from app.desk.submission import QueueRow
from app.viewmodels.models import ROW
from app.viewmodels.queue_model import QueueModel
from app.viewmodels.session import Session
from app.viewmodels.texts import ui
from app.views.parts import heading, quiet
from app.views.state_list import BadgeDelegate

ROW_PX = 36


class QueueView(QWidget):
    """Each dossier with its state, what is left to send, why it waits and its number."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.table = QTableView()
        self.table.setModel(session.queue)
        state = QueueModel.COLUMNS.index("state")
        self.table.setItemDelegate(BadgeDelegate(self.table, state))
        self.table.setAccessibleName(ui("queue.heading"))
        self.table.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QTableView.SelectionMode.SingleSelection)
        self.table.setTabKeyNavigation(False)
        self.table.setShowGrid(False)
        self.table.setAlternatingRowColors(True)
        self.table.setWordWrap(False)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(ROW_PX)
        header = self.table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        reason = QueueModel.COLUMNS.index("reason")
        header.setSectionResizeMode(reason, QHeaderView.ResizeMode.Stretch)
        self.open = QPushButton(ui("queue.open"))
        self.send = QPushButton(ui("action.send"))
        self.table.activated.connect(self._on_table_activated)
        self.open.clicked.connect(lambda: self._on_table_activated(self.table.currentIndex()))
        self.send.clicked.connect(session.send_now)
        session.queue_changed.connect(self._on_session_queue)
        buttons = QHBoxLayout()
        buttons.addWidget(quiet(ui("queue.hint")), 1)
        buttons.addWidget(self.open)
        buttons.addWidget(self.send)
        column = QVBoxLayout(self)
        column.addWidget(heading(ui("queue.heading")))
        column.addWidget(self.table, 1)
        column.addLayout(buttons)

    def begin(self) -> None:
        """The focus in the table, on its first row."""
        self._session.refresh_queue()
        self._on_session_queue()
        self.table.setFocus()

    def _on_session_queue(self) -> None:
        if not self.table.currentIndex().isValid() and self._session.queue.rowCount():
            self.table.selectRow(0)

    def _on_table_activated(self, index: QModelIndex) -> None:
        row = index.data(ROW)
        if isinstance(row, QueueRow):
            self._session.select(row.dossier.id)
