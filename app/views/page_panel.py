"""The selected page in words: how it lies, what to know, the fields it seems to carry, its text."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtWidgets import QListView, QPlainTextEdit, QVBoxLayout, QWidget

from app.desk.page_facts import PageField, Reading
from app.viewmodels.models import ROW, FieldModel
from app.viewmodels.snapshot import PageRow
from app.viewmodels.texts import language, ui
from app.views.parts import MARGIN_PX, heading, quiet

MOST_ROWS = 5


class PagePanel(QWidget):
    """Facts, fields and text of one page; a chosen field tells where it was read."""

    pointed = Signal(object, object)

    def __init__(self) -> None:
        super().__init__()
        self._page: PageRow | None = None
        self._reading: Reading | None = None
        self.facts = quiet()
        self._model = FieldModel()
        self.fields = QListView()
        self.fields.setModel(self._model)
        self.fields.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.fields.setAccessibleName(ui("reception.fields"))
        self.fields.selectionModel().currentChanged.connect(self._on_fields_current)
        self.text = QPlainTextEdit(readOnly=True, tabChangesFocus=True)
        self.text.setAccessibleName(ui("reception.text"))
        column = QVBoxLayout(self)
        column.setContentsMargins(MARGIN_PX, MARGIN_PX, MARGIN_PX, MARGIN_PX)
        column.addWidget(heading(ui("reception.facts")))
        column.addWidget(self.facts)
        column.addWidget(self.fields)
        column.addWidget(self.text, 1)
        self.show_page(None)

    def show_page(self, page: PageRow | None) -> None:
        """Show what the list of pages knows of ``page``; what it says comes with its reading."""
        before, self._page = self._page, page
        self.facts.setText(_facts(page))
        if page is None or before is None or page.id != before.id:
            self.show_reading(None)

    def show_reading(self, reading: Reading | None) -> None:
        """Show what was read on the page, or nothing yet."""
        if reading == self._reading and reading is not None:
            return
        self._reading = reading
        self._model.replace(reading.fields if reading else ())
        rows = self._model.rowCount()
        self.fields.setVisible(rows > 0)
        if rows:
            frame = 2 * self.fields.frameWidth()
            self.fields.setFixedHeight(min(rows, MOST_ROWS) * self.fields.sizeHintForRow(0) + frame)
        self.text.setPlainText("\n".join(reading.lines) if reading else "")
        self.pointed.emit((), (1, 1))

    def _on_fields_current(self, index: QModelIndex) -> None:
        field = index.data(ROW)
        if isinstance(field, PageField) and self._reading is not None:
            self.pointed.emit(field.boxes, self._reading.size_px)


def _facts(page: PageRow | None) -> str:
    """What the engine found out about a page, in words."""
    if page is None:
        return ui("reception.facts.none")
    if page.angle_deg is None or page.confidence is None:
        return ui("reception.facts.wait", n=page.number)
    angle = f"{page.angle_deg:.1f}"
    if language() == "vi":
        angle = angle.replace(".", ",")
    percent = round(page.confidence * 100)
    said = [ui("reception.facts.text", n=page.number, angle=angle, confidence=percent)]
    said += [ui(f"page.reason.{reason}") for reason in page.reasons]
    return "\n".join(said)
