"""Signing: the papers, the duty, one PIN. A page of the stack, never a dialog."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.viewmodels.session import Session
from app.viewmodels.snapshot import Snapshot
from app.viewmodels.texts import ui
from app.views.reception_view import heading
from app.views.state_list import StateDelegate


class SignView(QWidget):
    """What will be signed, by whom, and how far it is."""

    later = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.title = heading("")
        self.signer = QLabel()
        self.papers = QListView()
        self.papers.setModel(session.papers)
        self.papers.setItemDelegate(StateDelegate(self.papers))
        self.papers.setAccessibleName(ui("sign.papers"))
        self.duty = QLabel(ui("sign.duty"), wordWrap=True)
        self.progress = QLabel()
        self.pin = self._pin_box()
        self.practice = QLabel()
        self.enter = QPushButton(ui("sign.enter"))
        self.postpone = QPushButton(ui("sign.later"))
        self.anywhere = QPushButton(ui("sign.anywhere"))
        self.again = QPushButton(ui("sign.again"))
        self._lay_out()
        self.pin.returnPressed.connect(self._on_enter)
        self.enter.clicked.connect(self._on_enter)
        self.postpone.clicked.connect(self.later)
        self.anywhere.clicked.connect(self._on_anywhere)
        self.again.clicked.connect(session.sign_again)
        session.snapshot_changed.connect(self._on_snapshot)
        session.equipment_changed.connect(self._on_equipment)
        self._on_equipment()

    def begin(self) -> None:
        """An empty PIN box with the focus in it."""
        self.pin.clear()
        self.pin.setFocus()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nothing typed stays when the page is left."""
        self.pin.clear()
        super().hideEvent(event)

    @staticmethod
    def _pin_box() -> QLineEdit:
        box = QLineEdit()
        box.setEchoMode(QLineEdit.EchoMode.Password)
        box.setMaxLength(64)
        box.setFixedWidth(220)
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
        entry.addWidget(label)
        entry.addWidget(self.pin)
        entry.addWidget(self.practice)
        entry.addStretch(1)
        for button in (self.again, self.anywhere, self.postpone, self.enter):
            entry.addWidget(button)
        column = QVBoxLayout(self)
        column.addWidget(self.title)
        column.addWidget(self.signer)
        column.addWidget(self.papers, 1)
        column.addWidget(self.duty)
        column.addWidget(self.progress)
        column.addLayout(entry)

    def _on_equipment(self) -> None:
        kit = self._session.equipment
        self.signer.setText(ui("sign.signer", name=kit.signer.name) if kit.signer else "")
        self.practice.setText(ui("sign.practice", pin=kit.practice_pin) if kit.practice_pin else "")

    def _on_snapshot(self, snapshot: Snapshot) -> None:
        self.title.setText(ui("sign.heading", code=snapshot.dossier.temp_code))
        papers = [paper for paper in snapshot.papers if paper.number]
        done = sum(1 for paper in papers if paper.state in {"signed", "delivered"})
        self.progress.setText(ui("sign.progress", done=done, all=len(papers)))
        self.anywhere.setVisible(any(paper.slug == "sign.no_room" for paper in papers))
        self.again.setVisible(any(paper.state == "in_doubt" for paper in papers))
        self.postpone.setEnabled(done == 0)

    def _on_enter(self) -> None:
        pin = bytearray(self.pin.text().encode())
        self.pin.clear()
        if pin:
            self._session.log_in(pin)

    def _on_anywhere(self) -> None:
        snapshot = self._session.snapshot
        for paper in snapshot.papers if snapshot else ():
            if paper.slug == "sign.no_room" and paper.status is not None:
                self._session.place_anywhere(paper.status.document.id)
