"""The clerk's session: which dossier is open, which acts are asked for, what came of them."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.desk import edits, reception, review, signing, submission
from app.desk.office import Office
from app.desk.reception import ScanProfile
from app.desk.signing import Signer
from app.domain.dossier import Applicant, Dossier
from app.domain.errors import DeskError
from app.domain.ids import DocumentId, DossierId, PageId
from app.domain.procedure import Procedure
from app.pipeline.supervisor import Supervisor
from app.viewmodels.bridge import Bridge
from app.viewmodels.deskthread import DeskThread
from app.viewmodels.models import (
    FindingModel,
    PageModel,
    PaperModel,
    ProcedureModel,
    QueueModel,
)
from app.viewmodels.snapshot import PageRow, Snapshot, take


@dataclass(frozen=True, slots=True)
class Equipment:
    """What this counter works with.

    Attributes:
        device: scanner id.
        module: PKCS#11 module; ``module_env`` is added to its process.
        practice_pin: shown in practice only; empty at a real counter.
    """

    device: str
    module: Path | None = None
    module_env: tuple[tuple[str, str], ...] = ()
    serial: str = ""
    signer: Signer | None = None
    practice_pin: str = ""


class Session(QObject):
    """Acts of the clerk in, snapshots out; holds the models that the views show."""

    snapshot_changed = Signal(object)
    queue_changed = Signal()
    dossier_opened = Signal()
    signing_started = Signal()
    dossier_sealed = Signal()
    equipment_changed = Signal()
    troubled = Signal(str, object)
    calmed = Signal()
    _logged_in = Signal(str, object)

    def __init__(
        self, desk: DeskThread, bridge: Bridge, supervisor: Supervisor, equipment: Equipment
    ) -> None:
        super().__init__()
        self.desk, self.bridge, self.supervisor = desk, bridge, supervisor
        self.equipment = equipment
        self.snapshot: Snapshot | None = None
        self.pages, self.papers, self.findings = PageModel(), PaperModel(), FindingModel()
        self.procedures, self.queue = ProcedureModel(), QueueModel()
        self._dossier: DossierId | None = None
        self._told: tuple[object, ...] = ()
        self._asking = False
        bridge.changed.connect(self.refresh)
        bridge.worker_off.connect(lambda kind: self.troubled.emit("worker.off", {"kind": kind}))
        desk.troubled.connect(self.troubled)
        self._logged_in.connect(self._on_logged_in)

    # --- looking ----------------------------------------------------------------------------

    def refresh(self) -> None:
        """Ask for the present state; at most one question is under way."""
        if self._asking:
            return
        self._asking = True
        dossier = self._dossier
        self.desk.do(
            lambda office: (
                take(office, dossier) if dossier else None,
                submission.queue(office, 200),
            ),
            self._on_state,
        )

    def search(self, text: str) -> None:
        """Find procedures for what was typed."""
        self.desk.do(lambda office: reception.search_procedures(office, text), self._on_found)

    # --- reception --------------------------------------------------------------------------

    def open_dossier(self, procedure: Procedure, applicant: Applicant) -> None:
        """Open a dossier and make it the current one."""
        self.desk.do(
            lambda office: reception.open_dossier(office, procedure.code, applicant),
            self._on_opened,
        )

    def select(self, dossier: DossierId) -> None:
        """Make a known dossier the current one."""
        self._dossier, self._told = dossier, ()
        self.dossier_opened.emit()
        self.refresh()

    def scan(self) -> None:
        """Scan what lies in the feeder, after what is already safe."""
        device = self.equipment.device

        def act(office: Office, dossier: DossierId) -> None:
            reception.close_interrupted(office, dossier)
            reception.start_scan(office, dossier, ScanProfile(device=device))

        self.calmed.emit()
        self._act(act)

    def stop_scan(self) -> None:
        """Finish the sheet under way and stop."""
        self.supervisor.stop_job("scan")

    # --- review -----------------------------------------------------------------------------

    def propose(self) -> None:
        """Sort the pages into papers by their text."""
        self._act(
            lambda office, dossier: review.accept_papers(
                office, dossier, review.propose_papers(office, dossier)
            )
        )

    def new_paper(self, pages: Sequence[PageId], title: str) -> None:
        """Put pages into a new paper."""

        def act(office: Office, dossier: DossierId) -> None:
            position = len(signing.status(office, dossier))
            document = review.add_paper(office, dossier, "other", title, position)
            review.assign(office, dossier, pages, document)

        self._act(act)

    def assign(self, pages: Sequence[PageId], number: int) -> None:
        """Put pages into paper ``number``."""

        def act(office: Office, dossier: DossierId) -> None:
            papers = signing.status(office, dossier)
            if 1 <= number <= len(papers):
                review.assign(office, dossier, pages, papers[number - 1].document.id)

        self._act(act)

    def rotate(self, pages: Sequence[PageId], by_deg: int) -> None:
        """Turn pages clockwise."""
        self._act(lambda office, dossier: review.rotate(office, dossier, pages, by_deg))

    def move(self, page: PageId, by: int) -> None:
        """Move a page in the order."""
        self._act(lambda office, dossier: review.move(office, dossier, page, by))

    def drop(self, pages: Sequence[PageId]) -> None:
        """Move pages to the tray, or take them back from it."""
        states = {row.state for row in self._rows(pages)}
        how = review.restore if states == {"dropped"} else review.drop
        self._act(lambda office, dossier: how(office, dossier, pages))

    def toggle_blank(self, pages: Sequence[PageId]) -> None:
        """Flagged blank: leave out; left out: take back, knowingly kept."""
        states = {row.state for row in self._rows(pages)}
        how = review.keep_blank if states == {"hidden"} else review.hide_blank
        self._act(lambda office, dossier: how(office, dossier, pages))

    def confirm_count(self) -> None:
        """The shown number of sheets is the one in the hand."""
        self._act(reception.confirm_count)

    def undo(self) -> None:
        """Take the last edit back."""
        self._act(edits.undo)

    def redo(self) -> None:
        """Do the undone edit again."""
        self._act(edits.redo)

    # --- signing ----------------------------------------------------------------------------

    def start_signing(self) -> None:
        """One confirmation for all papers; the certificate is checked before a PIN is asked."""
        signer = self.equipment.signer
        if signer is None:
            self.troubled.emit("sign.token_missing", {})
            return

        def act(office: Office, dossier: DossierId) -> None:
            if office.vault and take(office, dossier).dossier.editable:
                review.confirm(office, dossier)
            signing.start(office, dossier, signer)

        self._act(act, self.signing_started.emit)

    def log_in(self, pin: bytearray) -> None:
        """Hand the PIN to the token process; it is wiped on the way."""
        kit = self.equipment

        def enter() -> None:
            try:
                if kit.module is None or kit.signer is None:
                    self._logged_in.emit("sign.token_missing", {})
                    return
                self.supervisor.token.open(kit.module, dict(kit.module_env))
                self.supervisor.token.login(kit.serial, kit.signer.cert_sha256, pin)
            except DeskError as error:
                self._logged_in.emit(error.slug, dict(error.params))
            else:
                self._logged_in.emit("", {})
            finally:
                pin[:] = bytes(len(pin))

        threading.Thread(target=enter, name="login", daemon=True).start()

    def sign_again(self) -> None:
        """The clerk's act for what is in doubt or too old."""
        self.start_signing()

    def place_anywhere(self, document: DocumentId) -> None:
        """The mark may stand inside the page."""
        self._act(lambda office, _dossier: signing.place_anywhere(office, document))

    def postpone(self) -> None:
        """Sign later; the dossier can be edited again."""
        self.supervisor.token.close_token()
        self._act(signing.postpone)

    # --- sending ----------------------------------------------------------------------------

    def connect_portal(self, url: str) -> None:
        """Deliver to the portal at ``url`` from now on."""

        def act(office: Office) -> None:
            submission.use_portal(office, url)
            submission.send_now(office)

        self.desk.do(act)

    def send_now(self) -> None:
        """Try everything that waits."""
        self.desk.do(submission.send_now)

    # --- answers ----------------------------------------------------------------------------

    def _act(
        self,
        act: Callable[[Office, DossierId], object],
        then: Callable[[], None] | None = None,
    ) -> None:
        dossier = self._dossier
        if dossier is None:
            return

        def finished(_result: object) -> None:
            self.refresh()
            if then is not None:
                then()

        self.desk.do(lambda office: act(office, dossier), finished)

    def _rows(self, pages: Sequence[PageId]) -> list[PageRow]:
        rows = self.snapshot.pages if self.snapshot else ()
        return [row for row in rows if row.id in set(pages)]

    def _on_found(self, found: object) -> None:
        if isinstance(found, tuple):
            self.procedures.replace(found)

    def _on_opened(self, dossier: object) -> None:
        if isinstance(dossier, Dossier):
            self.select(dossier.id)

    def _on_logged_in(self, slug: str, params: object) -> None:
        if slug:
            self.troubled.emit(slug, params)
        else:
            self.calmed.emit()

    def _on_state(self, state: object) -> None:
        self._asking = False
        if not isinstance(state, tuple):
            return
        snapshot, rows = state
        self.queue.replace(rows)
        self.queue_changed.emit()
        if snapshot is None or snapshot.dossier.id != self._dossier:
            return
        before, self.snapshot = self.snapshot, snapshot
        if snapshot == before:
            return
        self.pages.replace(snapshot.pages)
        self.papers.replace(snapshot.papers)
        self.findings.replace(snapshot.findings)
        self.snapshot_changed.emit(snapshot)
        self._tell(before, snapshot)

    def _tell(self, before: Snapshot | None, after: Snapshot) -> None:
        """What the clerk must hear once: how a batch ended, a paper that failed, the seal."""
        scan = after.scan
        told = (scan.job, scan.state, scan.slug, after.waiting_for)
        if told != self._told:
            self._told = told
            if scan.state == "ended" and scan.slug:
                params = {**dict(scan.params), "safe_sheets": scan.safe_sheets}
                self.troubled.emit(scan.slug, {**params, "refeed_sheet": scan.refeed_sheet})
            elif after.waiting_for:
                self.troubled.emit(after.waiting_for, {})
        was = before.dossier.state if before and before.dossier.id == after.dossier.id else None
        if was == "signing" and after.dossier.state != "signing":
            self.supervisor.token.close_token()
            if after.dossier.received_at is not None:
                self.dossier_sealed.emit()

    def equip(self, **changes: object) -> None:
        """Take over equipment that has become known (a token, a portal)."""
        self.equipment = dataclasses.replace(self.equipment, **changes)  # type: ignore[arg-type]
        self.equipment_changed.emit()
