"""A worker: lease one job, run it, complete it, again; killable at every instant.

Source of the rules: only pure work repeats by itself; a lease is renewed by a timer (by moved
bytes for a scan); the end of stdin means the parent died.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import logging
import os
import queue
import random
import signal
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from app.clock import now, unix_ms
from app.domain.errors import Cancelled, Defect, DeskError, Trouble
from app.domain.ids import BlobId, JobId
from app.pipeline import doorbell, flow, leases, locks
from app.pipeline.context import Context
from app.pipeline.memory import rss_bytes
from app.pipeline.stage import STAGES, Kind, of_kind, prepare
from app.store.dossiers import Act
from app.store.driver import Database
from app.store.hops import hop
from app.store.jobs import Job, Jobs, boot_id
from app.store.vault import Vault, open_vault

LEASE_S = 60.0
SCAN_LEASE_S = 200.0
"""Only bytes renew a scan's lease, and a scanner may warm up for a minute before the first."""
BEAT_S = 10.0
IDLE_S = 1.0
EXIT_OVERDUE = 70
EXIT_TIRED = 71
MOST_JOBS, MOST_BYTES = 2000, 600 << 20
"""Four jobs a page: a worker of pictures makes way after some five hundred pages."""
POLITE = 10
"""Niceness of recognition: the window and the feeder come first on a small machine."""
log = logging.getLogger("store")


@dataclass(frozen=True, slots=True)
class Post:
    """What a worker was started as.

    Attributes:
        command: how to start this program again.
        light: takes only what is short: pictures for the clerk, manifests for the portal.
        stay: outlives its desk until its queue is empty.
    """

    kind: Kind
    home: Path
    command: tuple[str, ...]
    light: bool = False
    stay: bool = False

    @property
    def stages(self) -> tuple[str, ...]:
        """What it takes; manifests and files are two lanes, so that none waits for bytes."""
        if self.kind == "sync":
            return ("register",) if self.light else ("deliver",)
        return of_kind(self.kind)


class Worker:
    """One process's loop."""

    def __init__(self, post: Post, stdin: BinaryIO, stdout: BinaryIO) -> None:
        self.post = post
        self.bell = doorbell.Bells(stdout)
        self._stdin = stdin
        self.vault: Vault = open_vault(post.home, doorbell.read_key(stdin))
        self.owner = f"{post.kind}-{os.getpid()}-{_start_mark()}"
        self._lease_s = SCAN_LEASE_S if post.kind == "scan" else LEASE_S
        self._wake = threading.Event()
        self._quit = threading.Event()
        self._token_ready = threading.Event()
        self._replies: queue.Queue[Mapping[str, str]] = queue.Queue()
        self._running: tuple[JobId, Context] | None = None
        self._keep: dict[str, object] = {}
        self._requests = 0
        self._served = 0

    def run(self) -> int:
        """Work until told to quit or until the parent is gone."""
        threading.Thread(target=self._listen, name="listen", daemon=True).start()
        threading.Thread(target=self._renew, name="renew", daemon=True).start()
        self.bell("ready", pid=os.getpid(), kind=self.post.kind)
        prepare(self.post.kind)(self.post.home, self.post.command, self._keep)
        if self.post.kind == "sync":
            self._be_the_only_one()
        while not self._quit.is_set():
            self._wake.clear()
            if self._tired():
                self.vault.close()
                return EXIT_TIRED
            job = self._claim()
            if job is None:
                if self.post.kind == "sync":
                    self._reconcile()
                self._wake.wait(IDLE_S)
            else:
                self._do(job)
                self._served += 1
        self.vault.close()
        return 0

    def _tired(self) -> bool:
        """Whether a fresh process should go on: foreign decoders leak and fragment memory."""
        if self.post.kind != "image" or not self._served:
            return False
        return self._served >= MOST_JOBS or rss_bytes() > MOST_BYTES

    # --- one job ------------------------------------------------------------------------

    def _claim(self) -> Job | None:
        names = [name for name in self.post.stages if name != "sign" or self._token_ready.is_set()]
        return self.vault.jobs.claim(
            self.owner,
            boot_id(),
            names,
            time.monotonic(),
            self._lease_s,
            max_priority=0 if self.post.light and self.post.kind == "image" else None,
        )

    def _do(self, job: Job) -> None:
        context = Context(
            vault=self.vault,
            job=job,
            owner=self.owner,
            home=self.post.home,
            command=self.post.command,
            bell=self.bell,
            progress=lambda: self._beat(self.vault.jobs, job.id),
            keep=self._keep,
            ask_token=self._ask_token,
        )
        limit = threading.Timer(STAGES[job.stage].limit_s, os._exit, [EXIT_OVERDUE])
        limit.daemon = True
        limit.start()
        self._running = (job.id, context)
        hop(f"{job.stage}.claimed")
        hop(f"{job.stage}.claimed.{job.inputs[0][:16] if job.inputs else ''}")
        try:
            output = STAGES[job.stage].load()(context)
            hop(f"{job.stage}.stored")
            self._complete(job, output)
            hop(f"{job.stage}.done")
        except Exception as error:  # noqa: BLE001 - one of the three places that catch
            self._failed(job, error)
        finally:
            self._running = None
            limit.cancel()
        self.bell("job", id=job.id, stage=job.stage, dossier=job.dossier)

    def _complete(self, job: Job, output: BlobId | None) -> None:
        def then(db: Database) -> None:
            flow.after(db, _with_output(job, output), Act(self.owner.split("-", 1)[0], now()))

        if not self.vault.jobs.complete(job.id, self.owner, output, then):
            log.warning("job.result_refused", extra={"job": job.id, "stage": job.stage})

    def _failed(self, job: Job, error: Exception) -> None:
        known = _known(error)
        jobs = self.vault.jobs
        if isinstance(known, Defect):
            log.error("job.defect", exc_info=error, extra={"job": job.id, "stage": job.stage})
        if known.slug == "sign.in_doubt":
            jobs.doubt(job.id, self.owner)
            return
        retry_at = _retry_at(job, known)
        jobs.fail(
            job.id,
            self.owner,
            known.slug,
            known.params,
            retry_at=retry_at,
            counts=isinstance(known, Defect),
        )

    # --- threads ------------------------------------------------------------------------

    def _listen(self) -> None:
        for line in doorbell.lines(self._stdin):
            op = line.get("op")
            if op == "quit":
                self._quit.set()
                self._stop_running()
            elif op == "stop":
                self._stop_running()
            elif op == "token_ready":
                (self._token_ready.set if line.get("ready") else self._token_ready.clear)()
            elif op == "token_reply":
                reply = line.get("reply")
                self._replies.put(reply if isinstance(reply, dict) else {"error": "broken"})
            self._wake.set()
        if self.post.stay:
            self._quit_when_delivered()
        else:
            self._give_back_and_exit()

    def _stop_running(self) -> None:
        if self._running is not None:
            context = self._running[1]
            context.stopping.set()
            if context.on_stop is not None:
                context.on_stop()

    def _give_back_and_exit(self) -> None:
        """The parent is gone: give the lease back uncounted and end at once."""
        running = self._running
        if running is not None and STAGES[running[1].job.stage].job_class == "pure":
            jobs = Jobs(self.vault.connect())
            jobs.release(running[0], self.owner)
        os._exit(0)

    def _quit_when_delivered(self) -> None:
        db = self.vault.connect()
        while any(leases.in_state(db, state, of_kind("sync")) for state in ("ready", "leased")):
            self._quit.wait(IDLE_S)
        self._quit.set()
        self._wake.set()

    def _renew(self) -> None:
        jobs = Jobs(self.vault.connect())
        while not self._quit.wait(BEAT_S):
            running = self._running
            if running is not None and running[1].job.stage != "scan":
                self._beat(jobs, running[0])

    def _beat(self, jobs: Jobs, job: JobId) -> None:
        jobs.beat(job, self.owner, time.monotonic() + self._lease_s)

    def _ask_token(self, request: Mapping[str, str]) -> Mapping[str, str]:
        self._requests += 1
        self.bell.write({"ev": "token_request", "id": self._requests, "request": dict(request)})
        return self._replies.get()

    def _be_the_only_one(self) -> None:
        """Wait while a worker that outlived its desk still empties this lane."""
        lane = "register" if self.post.light else "deliver"
        path = self.post.home / f"sync-{lane}.lock"
        while (held := locks.try_lock(path)) is None:
            if self._quit.wait(IDLE_S):
                return
        self._keep["lane"] = held

    def _reconcile(self) -> None:
        """Sending is idempotent: what was in doubt asks the portal again."""
        for job in leases.in_state(self.vault.db, "in_doubt", of_kind("sync")):
            leases.resolve(self.vault.jobs, job.id, "ready", "sync", by_person=False)


def run(post: Post, stdin: BinaryIO, stdout: BinaryIO) -> int:
    """The life of one worker process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform != "win32" and post.kind == "image" and not post.light:
        os.nice(POLITE)
    return Worker(post, stdin, stdout).run()


def _with_output(job: Job, output: BlobId | None) -> Job:
    return dataclasses.replace(job, state="done", output=output)


def _known(error: Exception) -> DeskError:
    """The error in the desk's words: capability errors carry a slug, anything else is ours."""
    if isinstance(error, DeskError):
        return error
    slug = getattr(error, "slug", None)
    params = getattr(error, "params", {})
    if isinstance(slug, str):
        return Trouble.of(slug, params)
    return Defect("defect.unexpected", kind=type(error).__name__)


def _retry_at(job: Job, error: DeskError) -> float | None:
    """Wall seconds of the next try, or None when a repeat would change nothing."""
    if isinstance(error, Cancelled) or STAGES[job.stage].job_class == "human":
        return None
    passing = error.slug.startswith(("store.", "sync.")) and error.slug not in FINAL
    if not (passing or isinstance(error, Defect)):
        return None
    # Troubles count no attempt, so the pause grows with how long the job has waited already.
    now_s = unix_ms() / 1000
    waited_s = now_s - dt.datetime.fromisoformat(job.created).timestamp()
    most_s = PORTAL_PAUSE_S if error.slug.startswith("sync.") else LOCAL_PAUSE_S
    pause_s = min(most_s, max(FIRST_PAUSE_S, waited_s / 4))
    return now_s + random.uniform(pause_s / 4, pause_s)  # noqa: S311 - jitter


FINAL = frozenset({"sync.rejected", "sync.conflict"})
FIRST_PAUSE_S, LOCAL_PAUSE_S, PORTAL_PAUSE_S = 2.0, 10.0, 300.0


def _start_mark() -> str:
    """The start time of this process in clock ticks: with the pid it names a process for ever."""
    return process_mark(os.getpid()) or "0"


def process_mark(pid: int) -> str | None:
    """Start ticks of process ``pid``, or None when there is none; a zombie does nothing any more.

    Source: proc(5), fields 3 and 22 of /proc/PID/stat.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("ascii")
    except OSError:
        return None
    fields = stat.rsplit(")", 1)[1].split()
    return None if fields[0] in {"Z", "X"} else fields[19]


def alive(owner: str) -> bool:
    """Whether the process that calls itself ``owner`` still runs."""
    _, pid, mark = owner.split("-")
    return process_mark(int(pid)) == mark
