"""Reception: the checklist, the pages as they come, and what is still to do."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QHBoxLayout,
    QListView,
    QProgressBar,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from app.desk.page_facts import Reading
from app.domain.ids import PageId
from app.viewmodels.models import ROW
from app.viewmodels.scanners import Scanners
from app.viewmodels.session import Session
from app.viewmodels.snapshot import FindingRow, PageRow, PaperRow, Snapshot
from app.viewmodels.texts import ui
from app.viewmodels.thumbnails import Pictures
from app.views import actions
from app.views.feeder_panel import FeederPanel
from app.views.page_canvas import PageCanvas
from app.views.page_grid import PageGrid
from app.views.page_panel import PagePanel
from app.views.parts import heading, panel
from app.views.state_list import BadgeDelegate, PaperDelegate

WIDTHS, STRETCHES, HALVES = (270, 800, 330), (2, 6, 3), (372, 428)


class ReceptionView(QWidget):
    """The screen a clerk looks at all day."""

    def __init__(
        self,
        session: Session,
        scanners: Scanners,
        thumbnails: Pictures,
        screens: Pictures,
        acts: Mapping[str, QAction],
    ) -> None:
        super().__init__()
        self._session = session
        self._shown: PageRow | None = None
        self.papers = QListView()
        self.papers.setModel(session.papers)
        self.papers.setItemDelegate(PaperDelegate(self.papers))
        self.papers.setAccessibleName(ui("reception.papers"))
        self.grid = PageGrid(session.pages, thumbnails)
        self.canvas = PageCanvas(screens, thumbnails)
        self.findings = self._findings_list()
        self.ready = heading("")
        self.ready.setWordWrap(True)
        self.page = PagePanel()
        self.bar = actions.bar(ui("reception.pages"), acts, actions.PAGE_BAR)
        self.feeder = FeederPanel(scanners, acts["sides"])
        self.progress = QProgressBar()
        self.progress.setAccessibleName(ui("reception.progress"))
        self.stop = QPushButton(ui("action.stop"))
        self.stop.clicked.connect(session.stop_scan)
        self._lay_out()
        self._listen()

    def selected(self) -> list[PageId]:
        """The pages that an act is about."""
        return self.grid.selected()

    def go_to_next(self) -> None:
        """The focus on the first thing to do."""
        self.findings.setFocus()
        self.findings.setCurrentIndex(self._session.findings.index(0))

    # --- building ---------------------------------------------------------------------------

    def _findings_list(self) -> QListView:
        view = QListView()
        view.setModel(self._session.findings)
        view.setItemDelegate(BadgeDelegate(view))
        view.setWordWrap(True)
        view.setSpacing(3)
        view.setResizeMode(QListView.ResizeMode.Adjust)
        view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        view.setAccessibleName(ui("reception.findings"))
        return view

    def _lay_out(self) -> None:
        working = QWidget()
        row = QHBoxLayout(working)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.progress, 1)
        row.addWidget(self.stop)
        right = (heading(ui("reception.findings")), self.ready, self.findings)
        halves = QSplitter(Qt.Orientation.Vertical)
        halves.addWidget(panel(*right, grow=2))
        halves.addWidget(self.page)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.addWidget(panel(heading(ui("reception.papers")), self.papers, self.feeder, grow=1))
        shown = QSplitter(Qt.Orientation.Horizontal)
        shown.addWidget(self.grid)
        shown.addWidget(self.canvas)
        shown.setStretchFactor(1, 1)
        shown.setSizes(list(HALVES))
        head = QWidget()
        row = QHBoxLayout(head)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(heading(ui("reception.pages")))
        row.addStretch(1)
        row.addWidget(self.bar)
        splitter.addWidget(panel(head, working, shown, grow=2))
        splitter.addWidget(halves)
        for number, stretch in enumerate(STRETCHES):
            splitter.setStretchFactor(number, stretch)
        splitter.setSizes(list(WIDTHS))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(splitter)

    def _listen(self) -> None:
        self._session.snapshot_changed.connect(self._on_session_snapshot)
        self._session.page_read.connect(self._on_session_page_read)
        self.page.pointed.connect(self.canvas.point_at)
        self._session.dossier_opened.connect(self._on_session_dossier_opened)
        self._session.scan_started.connect(self._on_session_scan_started)
        self.grid.selectionModel().currentChanged.connect(self._show_page)
        self.papers.selectionModel().currentChanged.connect(self._on_papers_current)
        self.papers.activated.connect(lambda _index: self.grid.setFocus())
        self.findings.activated.connect(self._on_findings_activated)

    # --- what the session says --------------------------------------------------------------

    def _on_session_dossier_opened(self) -> None:
        self.grid.setFocus()
        self.progress.hide()
        self.stop.hide()
        self.ready.hide()
        self._show_page()

    def _on_session_scan_started(self) -> None:
        """The number was for this stack; the next one is counted anew."""
        if self.feeder.sheets.hasFocus():
            self.grid.setFocus()
        self.feeder.sheets.clear()

    def _on_session_snapshot(self, snapshot: Snapshot) -> None:
        self.ready.setText(ui("reception.ready"))
        self.ready.setVisible(snapshot.signable)
        self.stop.setVisible(snapshot.scanning)
        self.progress.setVisible(snapshot.scanning or snapshot.settled < snapshot.current)
        self.progress.setRange(0, max(1, snapshot.current))
        self.progress.setValue(snapshot.settled)
        words = "reception.scanning" if snapshot.scanning else "reception.reading"
        self.progress.setFormat(ui(words, n=snapshot.current, done=snapshot.settled))
        if not self.grid.currentIndex().isValid() and snapshot.pages:
            self.grid.choose(0)
        self._show_page()

    def _on_session_page_read(self, page: str, reading: Reading | None) -> None:
        shown = self._shown
        if shown is not None and shown.id == page:
            self.page.show_reading(reading)

    # --- what is selected -------------------------------------------------------------------

    def _show_page(self, *_indexes: QModelIndex) -> None:
        page, before = self.grid.current(), self._shown
        self.canvas.show_page(page)
        if page == before:
            return
        self._shown = page
        self.page.show_page(page)
        if page is not None:
            self._session.read_page(page.id)

    def _on_papers_current(self, *_indexes: QModelIndex) -> None:
        row = self.papers.currentIndex().data(ROW)
        if isinstance(row, PaperRow) and row.number:
            self._go_to(paper=row.number)

    def _on_findings_activated(self, index: QModelIndex) -> None:
        row = index.data(ROW)
        if isinstance(row, FindingRow) and "page" in row.first.params:
            self._go_to(number=int(row.first.params["page"]))
            self.grid.setFocus()

    def _go_to(self, *, paper: int | None = None, number: int | None = None) -> None:
        model = self._session.pages
        for place in range(model.rowCount()):
            page = model.row(place)
            if page is not None and (page.paper == paper or page.number == number):
                self.grid.choose(place)
                return
