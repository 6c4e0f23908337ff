"""Scanner and profile: what answers, what is chosen, whose value it is. A page of the stack."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.i18n import message
from app.viewmodels.models import ROW, RowsModel
from app.viewmodels.scanners import PresetRow, ScannerRow, Scanners
from app.viewmodels.texts import language, ui
from app.views.parts import heading, panel, quiet
from app.views.state_list import BadgeDelegate

SPACING_PX, LONGEST = 4, 500


class ScannerView(QWidget):
    """Two lists, an address, and a search that can be ended."""

    def __init__(self, scanners: Scanners) -> None:
        super().__init__()
        self._scanners = scanners
        self.list = _list(scanners.found, ui("scanner.heading"))
        self.presets = _list(scanners.presets, ui("profile.heading"))
        self.progress = QProgressBar(textVisible=False)
        self.progress.setAccessibleName(ui("scanner.searching"))
        self.said, self.whose = quiet(), quiet()
        self.address = QLineEdit(placeholderText=ui("scanner.address.hint"))
        self.address.setMaxLength(LONGEST)
        self.address.setAccessibleName(ui("scanner.address").replace("&", ""))
        self.add = QPushButton(ui("scanner.add"))
        self.again = QPushButton(ui("scanner.again"))
        self.cancel = QPushButton(ui("scanner.cancel"))
        self._lay_out()
        self.list.activated.connect(self._on_list_activated)
        self.presets.activated.connect(self._on_presets_activated)
        self.address.returnPressed.connect(self._on_add_clicked)
        self.add.clicked.connect(self._on_add_clicked)
        self.again.clicked.connect(scanners.search)
        self.cancel.clicked.connect(scanners.cancel)
        scanners.changed.connect(self._on_scanners_changed)
        scanners.searched.connect(self._on_scanners_changed)
        self._on_scanners_changed()

    def begin(self) -> None:
        """Look for scanners, the focus on the chosen one."""
        self._scanners.refresh()
        self._scanners.search()
        self.list.setFocus()

    def _lay_out(self) -> None:
        searching = QHBoxLayout()
        for widget in (self.said, self.progress):
            searching.addWidget(widget, 1)
        searching.addWidget(self.cancel)
        searching.addWidget(self.again)
        label = QLabel(ui("scanner.address"))
        label.setBuddy(self.address)
        typing = QHBoxLayout()
        typing.addWidget(label)
        typing.addWidget(self.address, 1)
        typing.addWidget(self.add)
        lists = QHBoxLayout()
        lists.addWidget(panel(heading(ui("scanner.heading")), self.list, grow=1), 1)
        profile = (heading(ui("profile.heading")), self.presets, self.whose)
        lists.addWidget(panel(*profile, grow=1), 1)
        column = QVBoxLayout(self)
        column.addLayout(lists, 1)
        column.addLayout(searching)
        column.addLayout(typing)
        column.addWidget(quiet(ui("scanner.hint")))

    def _on_scanners_changed(self) -> None:
        busy = self._scanners.searching
        self.progress.setRange(0, 0 if busy else 1)
        self.progress.setVisible(busy)
        self.cancel.setVisible(busy)
        self.again.setVisible(not busy)
        count = self._scanners.found.rowCount()
        words = "scanner.failed" if self._scanners.failed else "scanner.found"
        self.said.setText(ui("scanner.searching") if busy else ui(words, n=count))
        self.whose.setText(self._whose())
        for view in (self.list, self.presets):
            if not view.currentIndex().isValid() and view.model().rowCount():
                view.setCurrentIndex(view.model().index(0, 0))

    def _whose(self) -> str:
        """What the office fixed, and what is wrong in its file."""
        now = self._scanners.choice
        if now is None:
            return ""
        said = []
        if now.presets.locked:
            names = [ui(f"profile.value.{key}") for key in sorted(now.presets.locked)]
            said.append(ui("profile.locked", values=", ".join(names)))
        for problem in now.presets.problems:
            told = message(problem.slug, problem.params, language())
            said.append(f"{told.happened} {told.next}")
        return "\n".join(said)

    def _on_list_activated(self, index: QModelIndex) -> None:
        row = index.data(ROW)
        if isinstance(row, ScannerRow):
            self._scanners.choose(row.scanner)

    def _on_presets_activated(self, index: QModelIndex) -> None:
        row = index.data(ROW)
        if isinstance(row, PresetRow):
            self._scanners.choose_preset(row.preset)

    def _on_add_clicked(self) -> None:
        if self.address.text().strip():
            self._scanners.add(self.address.text(), self.address.clear)
        else:
            self.address.setFocus()


def _list(model: RowsModel[ScannerRow] | RowsModel[PresetRow], said: str) -> QListView:
    view = QListView()
    view.setModel(model)
    view.setItemDelegate(BadgeDelegate(view))
    view.setWordWrap(True)
    view.setSpacing(SPACING_PX)
    view.setResizeMode(QListView.ResizeMode.Adjust)
    view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    view.setAccessibleName(said)
    return view
