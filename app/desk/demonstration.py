"""The whole main job with the demo acting as the clerk: the same acts as the window's, no more.

It only inserts the rows that the window inserts; the work is done by the same workers. A second
run goes on with what is unfinished and changes nothing that is done.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from app.desk import paper_files, papers, reception, review, signing, submission, training
from app.desk.office import Office
from app.desk.opening import Opening, posts
from app.desk.reception import ScanProfile
from app.domain.dossier import Applicant, Dossier
from app.domain.errors import Trouble
from app.domain.ids import DossierId
from app.i18n import message
from app.pipeline.supervisor import Supervisor
from app.store import catalogue, dossiers
from app.store.database import transaction

CLERK = "demo"
STEPS = ("scan", "clean", "read", "pack", "sign", "sync")
_POLL_S = 0.5
APPLICANT = Applicant(name="Nguyễn Văn Mẫu")
"""Invented."""


class Demonstration:
    """One run of the demo over one set of pages."""

    def __init__(self, opening: Opening, pages: Path, say: Callable[[str], None]) -> None:
        self.opening = opening
        self.office = opening.office
        self.files = training.page_files(pages)
        self.pages = pages
        self._label = "demo:" + training.page_set(self.files)
        self.seconds: dict[str, float] = dict.fromkeys(STEPS, 0.0)
        self.page_seconds: dict[str, float] = {}
        self._say = say
        self._bell = threading.Condition()
        self._rung = 0
        self._arrived: dict[str, float] = {}
        self._current: DossierId | None = None
        self._asked: set[str] = set()
        self._off: str | None = None

    def finished(self) -> Dossier | None:
        """The delivered dossier of exactly these pages, or None."""
        found = dossiers.find_label(self.office.vault.db, self._label)
        return found if found is not None and found.state == "delivered" else None

    def run(self, portal_url: str) -> Dossier:
        """Do what is unfinished; returns the delivered dossier.

        Raises:
            Trouble: whatever stands in the way; everything done so far is kept.
        """
        submission.use_portal(self.office, portal_url)
        paper_files.remember(self.office)
        token = training.practice_token(self.opening)
        dossier = self._dossier()
        self._current = dossier.id
        workers = posts(self.office.vault.home, stay=False)
        supervisor = Supervisor(self.office.vault, self.opening.master.value, workers, self._hear)
        office = Office(self.office.vault, CLERK, supervisor.wake, self.office.now)
        self.office = office
        supervisor.start()
        try:
            if dossiers.get(office.vault.db, dossier.id).editable:
                with self._step("scan"):
                    self._scan(dossier.id)
                self._review(dossier.id)
            with self._step("sign"):
                self._sign(dossier.id, supervisor, token)
            with self._step("sync"):
                submission.send_now(office)
                self._deliver(dossier.id)
        finally:
            supervisor.close()
        return dossiers.get(office.vault.db, dossier.id)

    # --- the clerk's acts -------------------------------------------------------------------

    def _dossier(self) -> Dossier:
        found = dossiers.find_label(self.office.vault.db, self._label)
        if found is not None:
            return found
        return reception.open_dossier(self.office, catalogue.LOOSE, APPLICANT, label=self._label)

    def _scan(self, dossier: DossierId) -> None:
        reception.close_interrupted(self.office, dossier)
        wanted = tuple(path.name for path in self.files)
        if reception.received_names(self.office, dossier) != wanted:
            self._feed(dossier)
        reception.confirm_count(self.office, dossier)

    def _feed(self, dossier: DossierId) -> None:
        """Put the stack (or what is left of it) into the feeder and scan; larger paper as A3."""
        for page_mm in (reception.A4_MM, reception.A3_MM):
            safe = reception.scan_status(self.office, dossier).safe_sheets
            profile = ScanProfile(
                device=f"simulated:{self.pages.resolve()}",
                declared_sheets=len(self.files) - safe,
                page_mm=page_mm,
            )
            reception.start_scan(self.office, dossier, profile)
            self._wait(lambda: reception.scan_status(self.office, dossier).state != "running")
            status = reception.scan_status(self.office, dossier)
            if status.state == "complete":
                return
            if status.slug != "scan.page_wrong" or page_mm == reception.A3_MM:
                raise Trouble.of(status.slug or "scan.interrupted", dict(status.params))

    def _review(self, dossier: DossierId) -> None:
        office = self.office
        with self._step("clean"):
            self._wait(
                lambda: (
                    (found := review.progress(office, dossier)).cleaned + found.failed
                    >= found.pages
                )
            )
        with self._step("read"):
            self._wait(lambda: self._timed_progress(dossier).settled)
        for view in review.page_views(office, dossier):
            if view.failure and view.page.current:
                number, name = view.page.position + 1, view.page.name or ""
                raise Trouble(view.failure, page=number, name=name)
        with self._step("pack"):
            self._decide(dossier)
            review.confirm(office, dossier)
            self._wait(lambda: self._composed(dossier))

    def _decide(self, dossier: DossierId) -> None:
        """Hide what is flagged blank, accept the proposed papers and their page numbers."""
        office = self.office
        views = review.page_views(office, dossier)
        if any(view.page.document is None for view in views if view.page.current):
            papers.accept_papers(office, dossier, papers.propose_papers(office, dossier))
            views = review.page_views(office, dossier)
        blank = [
            view.page.id
            for view in views
            if view.page.current and view.facts is not None and view.facts.blank
        ]
        if blank and len(blank) < sum(1 for view in views if view.page.current):
            review.hide_blank(office, dossier, blank)
            self._drop_empty_papers(dossier)
        review.settle_page_numbers(office, dossier)

    def _drop_empty_papers(self, dossier: DossierId) -> None:
        """A paper of blank sides only is no paper."""
        db = self.office.vault.db
        pages = dossiers.pages(db, dossier)
        with transaction(db):
            for document in dossiers.documents(db, dossier):
                if not any(p.document == document.id and p.current for p in pages):
                    dossiers.delete_document(db, document.id)

    def _composed(self, dossier: DossierId) -> bool:
        for paper in signing.status(self.office, dossier):
            if paper.state == "failed":
                raise Trouble.of(paper.slug or "job.failed", {"title": paper.document.title})
        papers = dossiers.documents(self.office.vault.db, dossier)
        return all(paper.unsigned for paper in papers)

    def _sign(
        self, dossier: DossierId, supervisor: Supervisor, token: training.PracticeToken
    ) -> None:
        if dossiers.get(self.office.vault.db, dossier).state in {"checked", "signing"}:
            training.log_in(supervisor.token, token)
            signing.start(self.office, dossier, token.signer)
        self._wait(lambda: self._sealed(dossier))

    def _sealed(self, dossier: DossierId) -> bool:
        state = dossiers.get(self.office.vault.db, dossier).state
        if state == "signing":
            for paper in signing.status(self.office, dossier):
                if paper.slug == "sign.no_room" and paper.document.id not in self._asked:
                    self._asked.add(paper.document.id)
                    signing.place_anywhere(self.office, paper.document.id)
                elif paper.state in {"failed", "in_doubt"}:
                    title = paper.document.title
                    raise Trouble(paper.slug or "sign.in_doubt", title=title)
        return state not in {"checked", "signing"}

    def _deliver(self, dossier: DossierId) -> None:
        while True:
            found = dossiers.get(self.office.vault.db, dossier)
            row = submission.row(self.office, found)
            if found.state == "delivered":
                return
            if row.slug is not None:
                raise row.trouble()
            self._pause()

    # --- waiting ----------------------------------------------------------------------------

    def _hear(self, line: Mapping[str, object]) -> None:
        with self._bell:
            self._rung += 1
            if line.get("ev") == "page":
                self._arrived[str(line.get("page"))] = time.monotonic()
            if line.get("ev") == "worker_off":
                self._off = str(line.get("kind"))
            self._bell.notify_all()

    def _pause(self) -> None:
        with self._bell:
            if self._off is not None:
                raise Trouble("worker.off", kind=self._off)
            self._bell.wait(_POLL_S)

    def _wait(self, done: Callable[[], bool]) -> None:
        """Until ``done``; a trouble that only the world can end is said at once."""
        while not done():
            self._pause()
            if self._current is not None:
                slug = review.waiting_for(self.office, self._current)
                if slug is not None and not slug.startswith("defect."):
                    raise Trouble(slug)

    def _timed_progress(self, dossier: DossierId) -> review.Progress:
        for page in dossiers.pages(self.office.vault.db, dossier):
            if page.text and page.id in self._arrived and page.id not in self.page_seconds:
                self.page_seconds[page.id] = time.monotonic() - self._arrived[page.id]
        return review.progress(self.office, dossier)

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        started = time.monotonic()
        self._say(message(f"step.{name}", {}).happened)
        try:
            yield
        finally:
            self.seconds[name] += time.monotonic() - started
