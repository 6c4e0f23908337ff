"""The clerk's window: header, trouble, one page of the stack, status. No decision is made here."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QLabel, QMainWindow, QStackedWidget, QToolBar, QVBoxLayout, QWidget

from app.domain.ids import PageId
from app.viewmodels.session import Session
from app.viewmodels.snapshot import PaperRow, Snapshot
from app.viewmodels.texts import ui
from app.viewmodels.thumbnails import KEPT_SCREENS, KEPT_THUMBNAILS, Pictures
from app.views import actions
from app.views.banner import Banner
from app.views.new_dossier_view import NewDossierView
from app.views.queue_view import QueueView, ReceiptView
from app.views.reception_view import ReceptionView
from app.views.sign_view import SignView

SMALLEST = QSize(1280, 720)


class MainWindow(QMainWindow):
    """Shows what the session says and hands on what the clerk asks."""

    def __init__(self, session: Session, *, practice: bool) -> None:
        super().__init__()
        self.session = session
        blobs = session.desk.blobs
        self.thumbnails = Pictures(blobs, KEPT_THUMBNAILS)
        self.screens = Pictures(blobs, KEPT_SCREENS)
        self.header = QLabel(ui("window.no_dossier"))
        self.practice = QLabel(ui("window.practice") if practice else "")
        self.banner = Banner()
        self.reception = ReceptionView(session, self.thumbnails, self.screens)
        self.new_dossier = NewDossierView(session)
        self.sign = SignView(session)
        self.queue = QueueView(session)
        self.receipt = ReceiptView(session)
        self.stack = QStackedWidget()
        self.status = QLabel()
        self._lay_out()
        self._act()
        self._listen()

    # --- building -----------------------------------------------------------------------

    def _lay_out(self) -> None:
        self.setWindowTitle(ui("window.title"))
        self.setMinimumSize(SMALLEST)
        for page in (self.reception, self.new_dossier, self.sign, self.queue, self.receipt):
            self.stack.addWidget(page)
        self.header.setProperty("heading", "true")
        self.practice.setVisible(bool(self.practice.text()))
        self.practice.setObjectName("practice")
        centre = QWidget()
        column = QVBoxLayout(centre)
        for widget in (self.practice, self.header, self.banner):
            column.addWidget(widget)
        column.addWidget(self.stack, 1)
        self.setCentralWidget(centre)
        self.statusBar().addWidget(self.status, 1)

    def _act(self) -> None:
        session = self.session
        acts = {
            "new": self._on_new,
            "scan": session.scan,
            "stop": session.stop_scan,
            "propose": session.propose,
            "count": session.confirm_count,
            "sign": session.start_signing,
            "queue": lambda: self._show(self.queue),
            "send": session.send_now,
            "back": self._on_back,
            "next": self._on_next,
            "undo": session.undo,
            "redo": session.redo,
            "blank": lambda: session.toggle_blank(self._selected()),
            "drop": lambda: session.drop(self._selected()),
            "left": lambda: session.rotate(self._selected(), 270),
            "right": lambda: session.rotate(self._selected(), 90),
            "up": lambda: self._move(-1),
            "down": lambda: self._move(1),
            "paper": self._on_new_paper,
        }
        self.actions_by_name = {name: actions.make(name, self, act) for name, act in acts.items()}
        for number in range(1, actions.PAPERS + 1):
            actions.make_assign(number, self, self._on_assign)
        bar = QToolBar(ui("window.title"))
        bar.setMovable(False)
        bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        for name in actions.BAR:
            bar.addAction(self.actions_by_name[name])
        self.addToolBar(bar)

    def _listen(self) -> None:
        session = self.session
        session.snapshot_changed.connect(self._on_snapshot)
        session.dossier_opened.connect(lambda: self._show(self.reception))
        session.signing_started.connect(self._on_signing)
        session.dossier_sealed.connect(lambda: self._show(self.receipt))
        session.troubled.connect(self.banner.show_trouble)
        session.calmed.connect(self.banner.calm)
        session.queue_changed.connect(self._on_status)
        session.equipment_changed.connect(self._on_status)
        self.sign.later.connect(self._on_back)

    # --- what the clerk asks ------------------------------------------------------------

    def _selected(self) -> list[PageId]:
        return self.reception.selected() if self.stack.currentWidget() is self.reception else []

    def _move(self, by: int) -> None:
        for page in self._selected()[:1]:
            self.session.move(page, by)

    def _on_new(self) -> None:
        self._show(self.new_dossier)
        self.new_dossier.begin()

    def _on_new_paper(self) -> None:
        number = sum(1 for row in self._papers() if row.number) + 1
        if self._selected():
            self.session.new_paper(self._selected(), ui("paper.new", n=number))

    def _on_assign(self, number: int) -> None:
        self.session.assign(self._selected(), number)

    def _on_next(self) -> None:
        self._show(self.reception)
        self.reception.findings.setFocus()

    def _on_back(self) -> None:
        if self.stack.currentWidget() is self.sign:
            self.session.postpone()
        self._show(self.reception)

    # --- what the session says ----------------------------------------------------------

    def _papers(self) -> tuple[PaperRow, ...]:
        return self.session.snapshot.papers if self.session.snapshot else ()

    def _show(self, page: QWidget) -> None:
        self.stack.setCurrentWidget(page)

    def _on_signing(self) -> None:
        self._show(self.sign)
        self.sign.begin()

    def _on_snapshot(self, snapshot: Snapshot) -> None:
        dossier = snapshot.dossier
        self.header.setText(
            ui(
                "window.header",
                code=dossier.official_code or dossier.temp_code,
                procedure=snapshot.procedure.name,
                name=dossier.applicant.name,
                state=ui(f"dossier.state.{dossier.state}"),
            )
        )
        self._on_status()

    def _on_status(self) -> None:
        session, snapshot = self.session, self.session.snapshot
        pages = snapshot.pages if snapshot else ()
        kit = session.equipment
        waiting = sum(
            1
            for number in range(session.queue.rowCount())
            if (row := session.queue.row(number)) and row.bytes_left
        )
        parts = [
            ui(
                "window.status",
                device=kit.device.split(":", 1)[0],
                sheets=snapshot.sheets if snapshot else 0,
                pages=sum(1 for page in pages if page.state not in {"dropped", "hidden"}),
                blanks=sum(1 for page in pages if page.state in {"blank", "hidden"}),
            ),
            ui("window.signer", name=kit.signer.name) if kit.signer else ui("window.no_signer"),
            ui("window.queue", n=waiting),
        ]
        self.status.setText("   │   ".join(parts))

    def closeEvent(self, event: QCloseEvent) -> None:
        """Pictures under way are waited for; everything else is already in the vault."""
        self.thumbnails.close()
        self.screens.close()
        super().closeEvent(event)
