"""The clerk's window: header, trouble, one page of the stack, status. No decision is made here."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QCloseEvent
from PySide6.QtWidgets import QLabel, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from app.domain.ids import PageId
from app.viewmodels.doctor import Doctor
from app.viewmodels.scanners import Scanners
from app.viewmodels.session import Session
from app.viewmodels.snapshot import Snapshot
from app.viewmodels.texts import ui
from app.viewmodels.thumbnails import KEPT_SCREENS, KEPT_THUMBNAILS, Pictures
from app.views import actions
from app.views.banner import Banner
from app.views.doctor_view import DoctorView
from app.views.new_dossier_view import NewDossierView
from app.views.parts import heading
from app.views.queue_view import QueueView
from app.views.receipt_view import ReceiptView
from app.views.reception_view import ReceptionView
from app.views.scanner_view import ScannerView
from app.views.sign_view import SignView
from app.views.status_line import StatusLine

SMALLEST = QSize(1280, 720)
Beginning = NewDossierView | SignView | QueueView | ReceiptView | DoctorView | ScannerView


class MainWindow(QMainWindow):
    """Shows what the session says and hands on what the clerk asks."""

    def __init__(self, session: Session, doctor: Doctor, scanners: Scanners) -> None:
        super().__init__()
        self.session, self.scanners = session, scanners
        self.thumbnails = Pictures(session.desk.blobs, KEPT_THUMBNAILS)
        self.screens = Pictures(session.desk.blobs, KEPT_SCREENS)
        self.acts = actions.make(self, self._acts())
        self.acts |= actions.make_assign(self, self._on_assign)
        self.header = heading(ui("window.no_dossier"))
        self.practice = QLabel(ui("window.practice"))
        self.banner = Banner()
        self.reception = ReceptionView(session, scanners, self.thumbnails, self.screens, self.acts)
        self.new_dossier = NewDossierView(session)
        self.sign = SignView(session)
        self.queue = QueueView(session)
        self.receipt = ReceiptView(session)
        self.doctor = DoctorView(doctor)
        self.scanner = ScannerView(scanners)
        self.stack = QStackedWidget()
        self._lay_out()
        self._listen(doctor)
        actions.allow(self.acts, session.allowed)

    # --- building -----------------------------------------------------------------------

    def _lay_out(self) -> None:
        self.setWindowTitle(ui("window.title"))
        self.setMinimumSize(SMALLEST)
        pages = (self.reception, self.new_dossier, self.sign, self.queue, self.receipt)
        for page in (*pages, self.scanner, self.doctor):
            self.stack.addWidget(page)
        self.header.setWordWrap(True)
        self.practice.setObjectName("practice")
        self.practice.setVisible(self.session.equipment.practice)
        centre = QWidget()
        column = QVBoxLayout(centre)
        for widget in (self.practice, self.header, self.banner):
            column.addWidget(widget)
        column.addWidget(self.stack, 1)
        self.addToolBar(actions.bar(ui("window.title"), self.acts, actions.BAR))
        self.setCentralWidget(centre)
        self.statusBar().addWidget(StatusLine(self.session), 1)

    def _acts(self) -> dict[str, actions.Act]:
        session, edits = self.session, self.session.edits
        return {
            "new": lambda: self._go(self.new_dossier),
            "scan": lambda: session.scan(self.reception.feeder.declared()),
            "scanner": lambda: self._go(self.scanner),
            "sides": self.scanners.toggle_duplex,
            "sheets": self._on_sheets,
            "stop": session.stop_scan,
            "propose": edits.propose,
            "count": session.confirm_count,
            "next": self._on_next,
            "sign": session.start_signing,
            "receipt": lambda: self._go(self.receipt),
            "queue": lambda: self._go(self.queue),
            "doctor": lambda: self._go(self.doctor),
            "send": session.send_now,
            "back": self._on_back,
            "undo": edits.undo,
            "redo": edits.redo,
            "blank": lambda: edits.toggle_blank(self._selected()),
            "drop": lambda: edits.drop(self._selected()),
            "left": lambda: edits.rotate(self._selected(), 270),
            "numbers": lambda: edits.confirm_numbers(self._selected()),
            "as_scanned": lambda: edits.toggle_as_scanned(self._selected()),
            "right": lambda: edits.rotate(self._selected(), 90),
            "up": lambda: edits.move(self._selected(), -1),
            "down": lambda: edits.move(self._selected(), 1),
            "paper": lambda: edits.new_paper(self._selected()),
        }

    def _listen(self, doctor: Doctor) -> None:
        session = self.session
        session.snapshot_changed.connect(self._on_session_snapshot)
        session.dossier_opened.connect(self._on_session_dossier_opened)
        session.nothing_open.connect(self.acts["new"].trigger)
        session.signing_started.connect(lambda: self._go(self.sign))
        session.dossier_sealed.connect(self._on_session_dossier_sealed)
        session.incomplete.connect(self._on_next)
        session.troubled.connect(self.banner.show_trouble)
        session.calmed.connect(self.banner.calm)
        session.bridge.page_received.connect(self._on_bridge_page_received)
        doctor.failed.connect(session.trouble)
        self.sign.later.connect(self._on_back)
        self.receipt.new.clicked.connect(self.acts["new"].trigger)

    # --- what the clerk asks ------------------------------------------------------------

    def _selected(self) -> list[PageId]:
        return self.reception.selected() if self.stack.currentWidget() is self.reception else []

    def _go(self, page: Beginning) -> None:
        self.stack.setCurrentWidget(page)
        page.begin()

    def _on_assign(self, number: int) -> None:
        self.session.edits.assign(self._selected(), number)

    def _on_next(self) -> None:
        self.stack.setCurrentWidget(self.reception)
        self.reception.go_to_next()

    def _on_sheets(self) -> None:
        self.stack.setCurrentWidget(self.reception)
        self.reception.feeder.sheets.setFocus()
        self.reception.feeder.sheets.selectAll()

    def _on_back(self) -> None:
        """Back to the dossier; a running scan is stopped, a signature put off, nothing lost."""
        page = self.stack.currentWidget()
        if page is self.sign:
            self.session.postpone()
        elif page is self.scanner:
            self.scanners.cancel()
        elif page is self.reception:
            self.acts["stop"].trigger()
        self.stack.setCurrentWidget(self.reception)
        self.reception.grid.setFocus()

    # --- what the session says ----------------------------------------------------------

    def _on_session_dossier_opened(self) -> None:
        self.stack.setCurrentWidget(self.reception)

    def _on_session_dossier_sealed(self) -> None:
        if self.stack.currentWidget() is self.sign:
            self._go(self.receipt)

    def _on_session_snapshot(self, snapshot: Snapshot) -> None:
        dossier = snapshot.dossier
        words = ui(
            "window.header",
            code=dossier.official_code or dossier.temp_code,
            procedure=snapshot.procedure.name,
            name=dossier.applicant.name,
            state=ui(f"dossier.state.{dossier.state}"),
        )
        self.header.setText(words)
        actions.allow(self.acts, snapshot.allowed)

    def _on_bridge_page_received(self, number: int) -> None:
        said = QAccessibleAnnouncementEvent(self, ui("reception.received", n=number))
        QAccessible.updateAccessibility(said)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Pictures under way are waited for; everything else is already in the vault."""
        self.thumbnails.close()
        self.screens.close()
        super().closeEvent(event)
