"""Reception: the checklist, the pages as they come, and what is still to do."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import QLabel, QListView, QSplitter, QVBoxLayout, QWidget

from app.domain.ids import PageId
from app.viewmodels.models import ROW
from app.viewmodels.session import Session
from app.viewmodels.snapshot import PaperRow, Snapshot
from app.viewmodels.texts import ui
from app.viewmodels.thumbnails import Pictures
from app.views.page_canvas import PageCanvas
from app.views.page_grid import PageGrid
from app.views.state_list import StateDelegate

SHARES = (28, 46, 26)


def heading(text: str) -> QLabel:
    """A panel's heading."""
    label = QLabel(text)
    label.setProperty("heading", "true")
    return label


def panel(*widgets: QWidget, grow: int) -> QWidget:
    """Widgets below each other; the one at ``grow`` takes the room."""
    box = QWidget()
    column = QVBoxLayout(box)
    column.setContentsMargins(4, 4, 4, 4)
    for number, widget in enumerate(widgets):
        column.addWidget(widget, 1 if number == grow else 0)
    return box


class ReceptionView(QWidget):
    """The screen a clerk looks at all day."""

    def __init__(self, session: Session, thumbnails: Pictures, screens: Pictures) -> None:
        super().__init__()
        self._session = session
        self.papers = QListView()
        self.papers.setModel(session.papers)
        self.papers.setItemDelegate(StateDelegate(self.papers))
        self.papers.setAccessibleName(ui("reception.papers"))
        self.papers.setWordWrap(True)
        self.grid = PageGrid(session.pages, thumbnails)
        self.canvas = PageCanvas(screens, thumbnails)
        self.findings = QListView()
        self.findings.setModel(session.findings)
        self.findings.setWordWrap(True)
        self.findings.setAccessibleName(ui("reception.findings"))
        self.ready = QLabel(wordWrap=True)
        self.facts = QLabel(wordWrap=True)
        self._lay_out()
        session.snapshot_changed.connect(self._on_snapshot)
        self.grid.selectionModel().currentChanged.connect(self._on_current)
        self.papers.selectionModel().currentChanged.connect(self._on_paper)

    def selected(self) -> list[PageId]:
        """The pages that an act is about."""
        return self.grid.selected()

    def _lay_out(self) -> None:
        middle = QSplitter(Qt.Orientation.Vertical)
        middle.addWidget(self.grid)
        middle.addWidget(self.canvas)
        middle.setSizes([300, 300])
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.addWidget(panel(heading(ui("reception.papers")), self.papers, grow=1))
        splitter.addWidget(panel(heading(ui("reception.pages")), middle, grow=1))
        right = (heading(ui("reception.findings")), self.ready, self.findings)
        facts = (heading(ui("reception.facts")), self.facts)
        splitter.addWidget(panel(*right, *facts, grow=2))
        for number, share in enumerate(SHARES):
            splitter.setStretchFactor(number, share)
        splitter.setSizes([share * 14 for share in SHARES])
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(splitter)

    def _on_snapshot(self, snapshot: Snapshot) -> None:
        ready = snapshot.signable and bool(snapshot.pages)
        self.ready.setText(ui("reception.ready") if ready else "")
        self.ready.setVisible(ready)
        self.findings.setVisible(not ready)
        if not self.grid.currentIndex().isValid() and snapshot.pages:
            self.grid.setCurrentIndex(self._session.pages.index(0))
        self._on_current()

    def _on_current(self, *_indexes: QModelIndex) -> None:
        page = self.grid.current()
        self.canvas.show_page(page)
        if page is None:
            self.facts.setText("")
        elif page.angle_deg is None or page.confidence is None:
            self.facts.setText(ui("reception.facts.wait"))
        else:
            angle = f"{page.angle_deg:.1f}".replace(".", ",")
            percent = round(page.confidence * 100)
            self.facts.setText(ui("reception.facts.text", angle=angle, confidence=percent))

    def _on_paper(self, *_indexes: QModelIndex) -> None:
        row = self.papers.currentIndex().data(ROW)
        if not isinstance(row, PaperRow) or not row.number or self._session.snapshot is None:
            return
        for number, page in enumerate(self._session.snapshot.pages):
            if page.paper == row.number:
                self.grid.setCurrentIndex(self._session.pages.index(number))
                return
