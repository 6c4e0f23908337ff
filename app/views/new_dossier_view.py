"""A new dossier: the procedure by a few letters, the applicant, Enter."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QFormLayout,
    QLabel,
    QLineEdit,
    QListView,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.domain.dossier import Applicant
from app.domain.procedure import Procedure
from app.viewmodels.models import ROW
from app.viewmodels.session import Session
from app.viewmodels.texts import ui
from app.views.reception_view import heading

WIDTH_PX = 760


class SearchBox(QLineEdit):
    """A line whose arrows walk the list below it."""

    walked = Signal(int)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and down go to the list; everything else is typing."""
        steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}
        step = steps.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
        else:
            self.walked.emit(step)


class NewDossierView(QWidget):
    """Asks no more than form 01 needs at the counter."""

    opened = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.search = SearchBox(placeholderText=ui("new.procedure.hint"))
        self.results = QListView()
        self.results.setModel(session.procedures)
        self.results.setAccessibleName(ui("new.results"))
        self.name, self.number, self.phone = QLineEdit(), QLineEdit(), QLineEdit()
        self.open = QPushButton(ui("new.open"))
        self._lay_out()
        self.search.textChanged.connect(session.search)
        self.search.walked.connect(self._on_walked)
        self.search.returnPressed.connect(self.name.setFocus)
        for line in (self.name, self.number, self.phone):
            line.returnPressed.connect(self._on_open)
        self.open.clicked.connect(self._on_open)
        session.procedures.dataChanged.connect(self._choose_first)
        session.procedures.rowsInserted.connect(self._choose_first)
        session.procedures.rowsRemoved.connect(self._choose_first)

    def begin(self) -> None:
        """A clean form, the focus in the procedure box."""
        for line in (self.search, self.name, self.number, self.phone):
            line.clear()
        self._session.search("")
        self.search.setFocus()

    def _lay_out(self) -> None:
        form = QFormLayout()
        for key, line in (
            ("new.procedure", self.search),
            ("new.name", self.name),
            ("new.id", self.number),
            ("new.phone", self.phone),
        ):
            label = QLabel(ui(key))
            label.setBuddy(line)
            line.setAccessibleName(ui(key).replace("&", ""))
            form.addRow(label, line)
            if line is self.search:
                form.addRow(QLabel(ui("new.results")), self.results)
        inner = QWidget()
        inner.setMaximumWidth(WIDTH_PX)
        column = QVBoxLayout(inner)
        column.addWidget(heading(ui("new.heading")))
        column.addLayout(form)
        column.addWidget(self.open, 0, Qt.AlignmentFlag.AlignRight)
        outer = QVBoxLayout(self)
        outer.addWidget(inner, 1)

    def _on_walked(self, step: int) -> None:
        row = self.results.currentIndex().row() + step
        last = self._session.procedures.rowCount() - 1
        self.results.setCurrentIndex(self._session.procedures.index(max(0, min(last, row))))

    def _choose_first(self, *_args: object) -> None:
        if self._session.procedures.rowCount() and self.search.hasFocus():
            self.results.setCurrentIndex(self._session.procedures.index(0))

    def _on_open(self) -> None:
        index: QModelIndex = self.results.currentIndex()
        procedure = index.data(ROW)
        if not isinstance(procedure, Procedure):
            self.search.setFocus()
            return
        if not self.name.text().strip():
            self.name.setFocus()
        applicant = Applicant(
            self.name.text().strip(), self.number.text().strip(), self.phone.text().strip()
        )
        self._session.open_dossier(procedure, applicant)
