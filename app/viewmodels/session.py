"""The clerk's session: which dossier is open, which acts are asked for, what came of them."""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from app.desk import page_facts, profiles, reception, review, signing, submission
from app.desk.office import Office
from app.desk.page_facts import Reading
from app.domain.dossier import Applicant, Dossier
from app.domain.errors import DeskError
from app.domain.ids import DocumentId, DossierId, PageId
from app.domain.procedure import Procedure
from app.i18n import message
from app.pipeline.supervisor import Supervisor
from app.store import dossiers
from app.viewmodels.bridge import Bridge
from app.viewmodels.deskthread import DeskThread
from app.viewmodels.equipment import Equipment
from app.viewmodels.models import FindingModel, PageModel, PaperModel, ProcedureModel
from app.viewmodels.page_edits import Edits
from app.viewmodels.queue_model import QueueModel
from app.viewmodels.snapshot import ALWAYS, Snapshot, recent, take, unfinished
from app.viewmodels.texts import language

QUEUE_ROWS = 200
INCOMPLETE = "dossier.incomplete"
PASSING = frozenset({"scan.busy", "scan.warming_up"})
"""What a scanner says before it begins; the first page takes it back."""


class Session(QObject):
    """Acts of the clerk in, snapshots out; holds the models that the views show.

    Args:
        desk: the thread that talks to the desk.
        bridge: rings when rows may have changed.
        supervisor: the workers and the token.
        equipment: what the counter works with at first.
    """

    snapshot_changed = Signal(object)
    dossier_opened = Signal()
    scan_started = Signal()
    dossier_refused = Signal()
    nothing_open = Signal()
    signing_started = Signal()
    dossier_sealed = Signal()
    incomplete = Signal()
    equipment_changed = Signal()
    token_wanted = Signal()
    queue_changed = Signal()
    page_read = Signal(str, object)
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
        self.edits = Edits(self._act, self.pages)
        self._device = ""
        self._dossier: DossierId | None = None
        self._told: frozenset[tuple[object, ...]] = frozenset()
        self._trouble = ""
        self._asking = self._again = self._looking = self._wants_to_sign = False
        bridge.changed.connect(self.refresh)
        bridge.looked.connect(self._on_bridge_looked)
        bridge.noticed.connect(self.trouble)
        bridge.page_received.connect(self._on_bridge_page_received)
        bridge.worker_off.connect(lambda kind: self.trouble("worker.off", {"kind": kind}))
        desk.troubled.connect(self.trouble)
        self._logged_in.connect(self._on_logged_in)

    @property
    def allowed(self) -> frozenset[str]:
        """Names of the acts that make sense now."""
        return self.snapshot.allowed if self.snapshot else ALWAYS

    # --- looking ----------------------------------------------------------------------------

    def refresh(self) -> None:
        """Ask for the dossier's present state; one question is under way, one more waits."""
        dossier = self._dossier
        if dossier is None:
            return
        if self._asking:
            self._again = True
            return
        self._asking = True
        self.desk.do(lambda office: take(office, dossier), self._on_state, self._on_no_state)

    def refresh_queue(self) -> None:
        """Ask how far the dossiers are."""
        if not self._looking:
            self._looking = True
            self.desk.do(
                lambda office: recent(office, QUEUE_ROWS), self._on_queue, self._on_no_queue
            )

    def search(self, text: str) -> None:
        """Find procedures for what was typed."""
        self.desk.do(lambda office: reception.search_procedures(office, text), self._on_found)

    def read_page(self, page: PageId) -> None:
        """Ask for what was read on a page; ``page_read`` tells it."""

        def act(office: Office) -> tuple[str, Reading | None]:
            return page, page_facts.reading(office, dossiers.page(office.vault.db, page))

        self.desk.do(act, self._on_read)

    # --- reception --------------------------------------------------------------------------

    def resume(self) -> None:
        """Open the newest dossier that waits for its clerk, if there is one."""
        self.desk.do(unfinished, self._on_unfinished)

    def open_dossier(self, procedure: Procedure, name: str, number: str, phone: str) -> None:
        """Open a dossier and make it the current one; letters are composed (NFC) first."""
        said = [unicodedata.normalize("NFC", text).strip() for text in (name, number, phone)]
        applicant = Applicant(*said)
        self.desk.do(
            lambda office: reception.open_dossier(office, procedure.code, applicant),
            self._on_opened,
            lambda _error: self.dossier_refused.emit(),
        )

    def select(self, dossier: DossierId) -> None:
        """Make a known dossier the current one."""
        if dossier != self._dossier:
            self._dossier, self.snapshot, self._told = dossier, None, frozenset()
            for model in (self.pages, self.papers, self.findings):
                model.replace(())
        self.calm()
        self.dossier_opened.emit()
        self.refresh()

    def scan(self, declared_sheets: int | None = None) -> None:
        """Scan what lies in the feeder, after what is already safe.

        Args:
            declared_sheets: as many as the clerk counted in the feeder, if it was counted.
        """
        device = self.equipment.device
        if not device:
            self.trouble("scan.no_device", {"safe_sheets": 0, "refeed_sheet": 1})
            return

        def act(office: Office, dossier: DossierId) -> None:
            reception.close_interrupted(office, dossier)
            profile = profiles.plan(office, device, declared_sheets)
            reception.start_scan(office, dossier, profile)

        self._act(act, self._on_scan_started)

    def stop_scan(self) -> None:
        """Finish the sheet under way and stop."""
        self.supervisor.stop_job("scan")

    # --- review -----------------------------------------------------------------------------

    def confirm_count(self) -> None:
        """The shown number of sheets is the one in the hand."""
        self._act(reception.confirm_count)

    # --- signing ----------------------------------------------------------------------------

    def start_signing(self) -> None:
        """One confirmation for all papers; the certificate is known before a PIN is asked."""
        signer = self.equipment.signer
        if signer is None:
            self._wants_to_sign = True
            self.token_wanted.emit()
            return

        def act(office: Office, dossier: DossierId) -> None:
            if dossiers.get(office.vault.db, dossier).editable:
                review.confirm(office, dossier)
            signing.start(office, dossier, signer)

        self._act(act, self._on_signing, self._on_not_signing)

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

    def place_anywhere(self, document: DocumentId) -> None:
        """The mark may stand inside the page."""
        self._act(lambda office, _dossier: signing.place_anywhere(office, document), self.calm)

    def postpone(self) -> None:
        """Sign later: the PIN is forgotten, the dossier can be edited again."""

        def act(office: Office, dossier: DossierId) -> None:
            if dossiers.get(office.vault.db, dossier).state == "signing":
                signing.postpone(office, dossier)

        self._forget_pin()
        self._act(act)

    # --- sending and equipment --------------------------------------------------------------

    def send_now(self) -> None:
        """Try everything that waits."""
        self.desk.do(submission.send_now)

    def equip(self, now: object) -> None:
        """Take over equipment that has become known."""
        if not isinstance(now, Equipment):
            return
        now = replace(now, device=self._device or now.device)
        before, self.equipment = self.equipment, now
        self.equipment_changed.emit()
        if now.practice and now.portal and now.portal != before.portal:
            self.desk.do(lambda office: submission.use_portal(office, now.portal))
            self.send_now()
        if self._wants_to_sign and now.signer is not None:
            self._wants_to_sign = False
            self.start_signing()

    def trouble(self, slug: str, params: Mapping[str, str | int]) -> None:
        """Tell a trouble; it stands until it is solved."""
        self._wants_to_sign = False
        self._trouble = slug
        found = self.findings.row(0)
        if slug == INCOMPLETE and found is not None:
            said = message(found.first.slug, found.first.params, language()).happened
            params = {**params, "finding": said.rstrip(".")}
        self.troubled.emit(slug, params)

    def calm(self) -> None:
        """What stood in the way does not any more."""
        self._trouble = ""
        self.calmed.emit()

    def use_device(self, device: str) -> None:
        """Scan with this one from now on, whatever else is being made ready."""
        self._device = device
        self.equip(self.equipment)

    # --- answers ----------------------------------------------------------------------------

    def _act(
        self,
        act: Callable[[Office, DossierId], object],
        then: Callable[[], None] | None = None,
        failed: Callable[[object], None] | None = None,
    ) -> None:
        dossier = self._dossier
        if dossier is None:
            return

        def finished(_result: object) -> None:
            self.refresh()
            if then is not None:
                then()

        self.desk.do(lambda office: act(office, dossier), finished, failed)

    def _on_bridge_looked(self) -> None:
        self.refresh()
        self.refresh_queue()

    def _on_found(self, found: object) -> None:
        if isinstance(found, tuple):
            self.procedures.replace(found)

    def _on_read(self, found: object) -> None:
        if isinstance(found, tuple):
            self.page_read.emit(*found)

    def _on_unfinished(self, found: object) -> None:
        if isinstance(found, Dossier):
            self.select(found.id)
        else:
            self.nothing_open.emit()

    def _on_opened(self, dossier: object) -> None:
        if isinstance(dossier, Dossier):
            self.select(dossier.id)
            self.refresh_queue()

    def _on_scan_started(self) -> None:
        self.calm()
        self.scan_started.emit()

    def _on_signing(self) -> None:
        self.calm()
        self.signing_started.emit()

    def _on_not_signing(self, error: object) -> None:
        if isinstance(error, DeskError) and error.slug == INCOMPLETE:
            self.incomplete.emit()

    def _on_logged_in(self, slug: str, params: dict[str, str | int]) -> None:
        if slug:
            self.trouble(slug, params)
        else:
            self.calm()

    def _on_queue(self, rows: object) -> None:
        self._looking = False
        if isinstance(rows, tuple):
            self.queue.replace(rows)
            self.queue_changed.emit()

    def _on_no_queue(self, _error: object) -> None:
        self._looking = False

    def _on_no_state(self, _error: object) -> None:
        self._asking = self._again = False

    def _on_state(self, found: object) -> None:
        self._asking = False
        if self._again:
            self._again = False
            self.refresh()
        if not isinstance(found, Snapshot) or found.dossier.id != self._dossier:
            return
        before, self.snapshot = self.snapshot, found
        if found == before:
            return
        self.pages.replace(found.pages)
        self.papers.replace(found.papers)
        self.findings.replace(found.to_do)
        self.snapshot_changed.emit(found)
        self._tell(found)
        if before is None or before.dossier.state == found.dossier.state:
            return
        self.refresh_queue()
        if before.dossier.state == "signing":
            self._on_left_signing(found)

    def _on_bridge_page_received(self) -> None:
        if self._trouble in PASSING:
            self.calm()

    def _on_left_signing(self, now: Snapshot) -> None:
        self._forget_pin()
        if now.dossier.received_at is not None:
            self.calm()
            self.dossier_sealed.emit()

    def _forget_pin(self) -> None:
        """End the token's process; beside the window, because a token may be slow to let go."""
        close = self.supervisor.token.close_token
        threading.Thread(target=close, name="forget", daemon=True).start()

    def _tell(self, now: Snapshot) -> None:
        """Tell each trouble once: how a batch ended, what waits, a paper that failed."""
        told: dict[tuple[object, ...], tuple[str, dict[str, str | int]]] = {}
        scan = now.scan
        if scan.state == "ended" and scan.slug:
            told["scan", scan.job, scan.slug] = scan.slug, dict(scan.params)
        if now.waiting_for:
            told["waits", now.waiting_for] = now.waiting_for, {}
        for paper in now.papers:
            if paper.slug and paper.status is not None:
                about = paper.status.document
                key = ("paper", about.id, about.signing_at, paper.slug)
                told[key] = paper.slug, {"title": paper.title}
        fresh = [item for key, item in told.items() if key not in self._told]
        self._told = frozenset(told)
        if fresh:
            self.trouble(*fresh[0])
        elif self._trouble == INCOMPLETE and now.signable:
            self.calm()
