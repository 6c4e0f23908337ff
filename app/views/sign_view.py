"""Signing: the papers, the duty, one PIN. A page of the stack, never a dialog."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.viewmodels.session import Session
from app.viewmodels.snapshot import Snapshot
from app.viewmodels.texts import ui
from app.views.parts import heading, plain, quiet
from app.views.state_list import PaperDelegate

WIDTH_PX, PIN_PX, LONGEST_PIN = 820, 200, 64
NO_ROOM = "sign.no_room"


class SignView(QWidget):
    """What will be signed, by whom, and how far it is."""

    later = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.title = heading("")
        self.signer = plain()
        self.papers = QListView()
        self.papers.setModel(session.papers)
        self.papers.setItemDelegate(PaperDelegate(self.papers))
        self.papers.setAccessibleName(ui("sign.papers"))
        self.duty = quiet(ui("sign.duty"))
        self.progress = QProgressBar()
        self.progress.setAccessibleName(ui("sign.papers"))
        self.pin = self._pin_box()
        self.practice = quiet()
        self.practice.setWordWrap(False)
        self.enter = QPushButton(ui("sign.enter"))
        self.postpone = QPushButton(ui("sign.later"))
        self.anywhere = QPushButton(ui("sign.anywhere"))
        self.again = QPushButton(ui("sign.again"))
        self._lay_out()
        self.pin.returnPressed.connect(self._on_enter_clicked)
        self.enter.clicked.connect(self._on_enter_clicked)
        self.postpone.clicked.connect(self.later)
        self.again.clicked.connect(session.start_signing)
        self.anywhere.clicked.connect(self._on_anywhere_clicked)
        session.snapshot_changed.connect(self._on_session_snapshot)
        session.equipment_changed.connect(self._on_session_equipment)
        self._on_session_equipment()

    def begin(self) -> None:
        """An empty PIN box with the focus in it."""
        self.pin.clear()
        self.pin.setFocus()

    @staticmethod
    def _pin_box() -> QLineEdit:
        box = QLineEdit()
        box.setEchoMode(QLineEdit.EchoMode.Password)
        box.setMaxLength(LONGEST_PIN)
        box.setFixedWidth(PIN_PX)
        box.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        box.setInputMethodHints(
            Qt.InputMethodHint.ImhHiddenText
            | Qt.InputMethodHint.ImhSensitiveData
            | Qt.InputMethodHint.ImhNoPredictiveText
        )
        box.setAccessibleName("PIN")
        return box

    def _lay_out(self) -> None:
        label = QLabel(ui("sign.pin"))
        label.setBuddy(self.pin)
        entry = QHBoxLayout()
        for widget in (label, self.pin, self.enter, self.practice):
            entry.addWidget(widget)
        entry.addStretch(1)
        entry.addWidget(self.postpone)
        mending = QHBoxLayout()
        mending.addStretch(1)
        mending.addWidget(self.again)
        mending.addWidget(self.anywhere)
        inner = QWidget()
        inner.setMaximumWidth(WIDTH_PX)
        column = QVBoxLayout(inner)
        column.addWidget(self.title)
        column.addWidget(self.signer)
        column.addWidget(self.papers, 1)
        column.addWidget(self.progress)
        column.addWidget(self.duty)
        column.addLayout(mending)
        column.addLayout(entry)
        row = QHBoxLayout(self)
        row.addStretch(1)
        row.addWidget(inner, 4)
        row.addStretch(1)

    def _on_session_equipment(self) -> None:
        kit = self._session.equipment
        self.signer.setText(ui("sign.signer", name=kit.signer.name) if kit.signer else "")
        self.practice.setText(ui("sign.practice", pin=kit.practice_pin) if kit.practice_pin else "")

    def _on_session_snapshot(self, snapshot: Snapshot) -> None:
        self.title.setText(ui("sign.heading", code=snapshot.dossier.temp_code))
        papers = [paper for paper in snapshot.papers if paper.number]
        done = sum(1 for paper in papers if paper.state in {"signed", "delivered"})
        self.progress.setRange(0, max(1, len(papers)))
        self.progress.setValue(done)
        self.progress.setFormat(ui("sign.progress", done=done, all=len(papers)))
        self.anywhere.setVisible(any(paper.slug == NO_ROOM for paper in papers))
        lost = [paper for paper in papers if paper.state in {"in_doubt", "failed"}]
        self.again.setVisible(any(paper.slug != NO_ROOM for paper in lost))
        self.postpone.setEnabled(done == 0)

    def _on_enter_clicked(self) -> None:
        pin = bytearray(self.pin.text().encode())
        self.pin.clear()
        if pin:
            self._session.log_in(pin)

    def _on_anywhere_clicked(self) -> None:
        snapshot = self._session.snapshot
        for paper in snapshot.papers if snapshot else ():
            if paper.slug == NO_ROOM and paper.status is not None:
                self._session.place_anywhere(paper.status.document.id)

    def hideEvent(self, event: QHideEvent) -> None:
        """Nothing typed stays when the page is left."""
        self.pin.clear()
        super().hideEvent(event)
