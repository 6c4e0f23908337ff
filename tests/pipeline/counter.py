"""A counter with real workers, and ears for what they ring."""

from __future__ import annotations

import json
import os
import queue
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from app.desk import reception
from app.desk.office import Office
from app.desk.opening import Opening, open_counter, posts
from app.domain.dossier import Applicant
from app.domain.ids import DossierId
from app.pipeline.stage import Kind
from app.pipeline.supervisor import Supervisor
from app.store import catalogue, dossiers
from app.store.database import fetch
from app.store.jobs import Job

LIMIT_S = 90.0
APPLICANT = Applicant("Nguyễn Văn Mẫu")


class Counter:
    """One open counter; workers come and go."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.opening: Opening = open_counter(home, "thu", env="demo")
        self.vault = self.opening.office.vault
        self.db = self.vault.db
        self.supervisor: Supervisor | None = None
        self.heard: list[Mapping[str, object]] = []
        self._news: queue.Queue[Mapping[str, object]] = queue.Queue()

    @property
    def office(self) -> Office:
        wake = self.supervisor.wake if self.supervisor else (lambda: None)
        return Office(self.vault, "thu", wake)

    def start(self, kinds: Sequence[Kind] = ("scan", "image", "sign", "sync")) -> Supervisor:
        """Workers of ``kinds``, ready."""
        wanted = [post for post in posts(self.home, stay=False) if post.kind in kinds]
        self.supervisor = Supervisor(self.vault, self.opening.master.value, wanted, self._hear)
        self.supervisor.start()
        self.supervisor.wait_ready()
        return self.supervisor

    def stop(self) -> None:
        if self.supervisor is not None:
            self.supervisor.close()
            self.supervisor = None

    def close(self) -> None:
        self.stop()
        self.vault.close()

    def dossier(self) -> DossierId:
        return reception.open_dossier(self.office, catalogue.LOOSE, APPLICANT).id

    def names(self, dossier: DossierId) -> list[str | None]:
        """Names of the current sides, in order."""
        pages = dossiers.pages(self.db, dossier)
        return [page.name for page in pages if not page.dropped]

    def jobs(self, dossier: DossierId, stage: str) -> list[Job]:
        return [job for job in self.vault.jobs.by_dossier(dossier) if job.stage == stage]

    def settled(self, dossier: DossierId) -> bool:
        """Whether no work of the dossier waits or runs."""
        states = {job.state for job in self.vault.jobs.by_dossier(dossier)}
        return not states & {"ready", "leased"}

    def wait(self, done: Callable[[], bool], limit_s: float = LIMIT_S) -> None:
        """Return when ``done()``; every bell, and every half second, it is asked again."""
        deadline = time.monotonic() + limit_s
        while not done():
            assert time.monotonic() < deadline, self.heard[-20:]
            try:
                self._news.get(timeout=0.5)
            except queue.Empty:
                continue

    def wait_event(self, ev: str, count: int = 1, **fields: object) -> None:
        """Return when ``ev`` rang ``count`` times with these fields."""

        def rung() -> bool:
            found = [
                line
                for line in list(self.heard)
                if line.get("ev") == ev and all(line.get(k) == v for k, v in fields.items())
            ]
            return len(found) >= count

        self.wait(rung)

    def pid(self, kind: str) -> int:
        """The process of the first worker of ``kind``."""
        assert self.supervisor is not None
        return next(pid for pid, found in self.supervisor.pids().items() if found == kind)

    def kill(self, kind: str, number: int = signal.SIGKILL) -> int:
        pid = self.pid(kind)
        os.kill(pid, number)
        return pid

    def journal(self, dossier: DossierId) -> list[tuple[str, dict[str, object]]]:
        rows = fetch(self.db, "SELECT what, body FROM journal WHERE ref=? ORDER BY n", [dossier])
        return [(row["what"], json.loads(row["body"])) for row in rows]

    def _hear(self, line: Mapping[str, object]) -> None:
        self.heard.append(line)
        self._news.put(line)


def device(pages: Path, folder: Path, *plan: dict[str, object], **query: object) -> str:
    """The simulated scanner over ``pages`` with a fault plan."""
    if plan:
        file = folder / f"plan-{len(list(folder.iterdir()))}.json"
        file.write_text(json.dumps(plan))
        query["plan"] = file
    return f"simulated:{pages}?" + "&".join(f"{key}={value}" for key, value in query.items())
