"""A counter without worker processes: real vault, real stages, run in this process on demand.

Pages enter as the scan stage lets them in. Derived pictures and words are content-addressed, so a
second dossier of the same pages has them at once.
"""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Sequence
from pathlib import Path

from app.clock import unix_ms
from app.desk import papers, reception
from app.desk.office import Office
from app.desk.opening import Opening, open_counter
from app.desk.reception import ScanProfile
from app.domain.dossier import Applicant
from app.domain.ids import DossierId, PageId, uuid7
from app.domain.page import Page
from app.pipeline import flow
from app.pipeline.doorbell import write_key
from app.pipeline.stage import Kind
from app.pipeline.worker import Post, Worker
from app.store import catalogue, dossiers
from app.store.blob_rows import record
from app.store.database import transaction
from app.store.jobs import boot_id

APPLICANT = Applicant("Nguyễn Văn Mẫu")
NOBODY = "scan-0-0"


class Bench:
    """One counter and what a test does at it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.opening: Opening = open_counter(home, "thu", env="demo")
        self.office: Office = self.opening.office
        self.vault = self.office.vault
        self.db = self.vault.db
        self._workers: dict[str, Worker] = {}

    def close(self) -> None:
        for worker in self._workers.values():
            worker.vault.close()
        self.vault.close()

    def dossier(self, code: str = catalogue.LOOSE) -> DossierId:
        return reception.open_dossier(self.office, code, APPLICANT).id

    def feed(
        self, dossier: DossierId, files: Sequence[Path], slug: str | None = None, **profile: object
    ) -> tuple[PageId, ...]:
        """One batch of ``files``; with ``slug`` it ends early for that reason."""
        job = reception.start_scan(self.office, dossier, ScanProfile("simulated:", **profile))
        claimed = self.vault.jobs.claim(NOBODY, boot_id(), ["scan"], 0.0, 60.0)
        assert claimed is not None
        assert claimed.id == job
        per_sheet = 2 if claimed.params["duplex"] else 1
        first = int(str(claimed.params["first_sheet"]))
        ids = []
        for number, path in enumerate(files):
            blob = self.vault.blobs.put(path.read_bytes())
            with transaction(self.db):
                record(self.db, self.vault.blobs, blob)
                page = Page(
                    id=PageId(uuid7(unix_ms())),
                    dossier=dossier,
                    document=None,
                    position=dossiers.next_position(self.db, dossier),
                    job=job,
                    seq=number + 1,
                    sheet=first + number // per_sheet,
                    side="back" if number % per_sheet else "front",
                    blob=blob,
                    media="image/jpeg",
                    width_px=2480,
                    height_px=3508,
                    dpi=300,
                    name=path.name,
                )
                flow.page_arrived(self.db, page, self.office.act())
            ids.append(page.id)
        if slug is None:
            self.vault.jobs.complete(job, NOBODY, None)
        else:
            self.vault.jobs.fail(job, NOBODY, slug, {}, retry_at=None, counts=False)
        return tuple(ids)

    def work(self, kind: Kind = "image") -> int:
        """Run everything that a worker of ``kind`` can do now; the number of jobs done."""
        worker = self._workers.get(kind)
        if worker is None:
            key = io.BytesIO()
            write_key(key, self.opening.master.value)
            post = Post(kind, self.home, ("nothing",))
            worker = Worker(post, io.BytesIO(key.getvalue()), io.BytesIO())
            self._workers[kind] = worker
        done = 0
        while (job := worker._claim()) is not None:
            worker._do(job)
            done += 1
        return done

    def read(self, files: Sequence[Path]) -> DossierId:
        """A fresh dossier of ``files``, read and counted, in papers."""
        dossier = self.dossier()
        self.feed(dossier, files)
        self.work()
        reception.confirm_count(self.office, dossier)
        papers.accept_papers(self.office, dossier, papers.propose_papers(self.office, dossier))
        return dossier

    def pages(self, dossier: DossierId) -> tuple[Page, ...]:
        return dossiers.pages(self.db, dossier)

    def at_work(self, dossier: DossierId) -> list[str]:
        """Stages that still wait."""
        jobs = self.vault.jobs.by_dossier(dossier)
        return [job.stage for job in jobs if job.state in {"ready", "leased"}]


def edited(page: Page) -> tuple[object, ...]:
    """What an edit may change."""
    return dataclasses.astuple(
        dataclasses.replace(page, clean=None, text=None, thumb=None, screen=None)
    )
