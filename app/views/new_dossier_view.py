"""A new dossier: the procedure by a few letters, the applicant, Enter."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.domain.procedure import Procedure
from app.viewmodels.models import ROW
from app.viewmodels.session import Session
from app.viewmodels.texts import ui
from app.views.parts import heading, quiet

WIDTH_PX, RESULTS_PX, FEWEST_PX, LONGEST = 760, 300, 110, 200


class SearchBox(QLineEdit):
    """A line whose arrows walk the list below it."""

    walked = Signal(int)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and down go to the list; everything else is typing."""
        steps = {int(Qt.Key.Key_Down): 1, int(Qt.Key.Key_Up): -1}
        step = steps.get(event.key())
        if step is None:
            super().keyPressEvent(event)
        else:
            self.walked.emit(step)


class Results(QListView):
    """What was found; gives way when a trouble takes room in a small window."""

    def sizeHint(self) -> QSize:
        """A dozen rows."""
        return QSize(super().sizeHint().width(), RESULTS_PX)


class NewDossierView(QWidget):
    """Asks no more than form 01 needs at the counter; what was typed stays until it is opened."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._sent = False
        self.search = SearchBox(placeholderText=ui("new.procedure.hint"))
        self.results = Results()
        self.results.setModel(session.procedures)
        self.results.setAccessibleName(ui("new.results"))
        self.results.setMinimumHeight(FEWEST_PX)
        self.name, self.number, self.phone = QLineEdit(), QLineEdit(), QLineEdit()
        self.open = QPushButton(ui("new.open"))
        self._lay_out()
        self.search.textChanged.connect(session.search)
        self.search.walked.connect(self._on_search_walked)
        self.search.returnPressed.connect(self.name.setFocus)
        self.results.activated.connect(lambda _index: self.name.setFocus())
        for line in (self.name, self.number, self.phone):
            line.returnPressed.connect(self._on_open_clicked)
        self.open.clicked.connect(self._on_open_clicked)
        for changed in (
            session.procedures.dataChanged,
            session.procedures.rowsInserted,
            session.procedures.rowsRemoved,
            session.procedures.layoutChanged,
        ):
            changed.connect(self._on_procedures_changed)
        session.dossier_opened.connect(self._on_session_dossier_opened)
        session.dossier_refused.connect(self._on_session_dossier_refused)

    def begin(self) -> None:
        """The focus in the procedure box, what was typed selected."""
        self._session.search(self.search.text())
        self.search.selectAll()
        self.search.setFocus()

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        for key, line in (
            ("new.procedure", self.search),
            ("new.name", self.name),
            ("new.id", self.number),
            ("new.phone", self.phone),
        ):
            label = QLabel(ui(key))
            label.setBuddy(line)
            line.setMaxLength(LONGEST)
            line.setAccessibleName(ui(key).replace("&", ""))
            form.addRow(label, line)
            if line is self.search:
                form.addRow(QLabel(), self.results)
        inner = QWidget()
        inner.setMaximumWidth(WIDTH_PX)
        column = QVBoxLayout(inner)
        column.addWidget(heading(ui("new.heading")))
        column.addLayout(form)
        column.addWidget(self.open, 0, Qt.AlignmentFlag.AlignRight)
        column.addWidget(quiet(ui("new.hint")))
        column.addStretch(1)
        row = QHBoxLayout(self)
        row.addStretch(1)
        row.addWidget(inner, 4)
        row.addStretch(1)

    def _on_search_walked(self, step: int) -> None:
        row = self.results.currentIndex().row() + step
        last = self._session.procedures.rowCount() - 1
        self.results.setCurrentIndex(self._session.procedures.index(max(0, min(last, row))))

    def _on_procedures_changed(self, *_args: object) -> None:
        if self._session.procedures.rowCount() and not self.results.hasFocus():
            self.results.setCurrentIndex(self._session.procedures.index(0))

    def _on_open_clicked(self) -> None:
        if self._sent:  # an Enter that is held down opens one dossier
            return
        index: QModelIndex = self.results.currentIndex()
        procedure = index.data(ROW)
        if not isinstance(procedure, Procedure):
            self.search.setFocus()
            return
        if not self.name.text().strip():
            self.name.setFocus()
        self._sent = True
        self._session.open_dossier(
            procedure, self.name.text(), self.number.text(), self.phone.text()
        )

    def _on_session_dossier_refused(self) -> None:
        """What was typed stays; it may be mended and sent again."""
        self._sent = False

    def _on_session_dossier_opened(self) -> None:
        if self._sent:
            self._sent = False
            for line in (self.search, self.name, self.number, self.phone):
                line.clear()
