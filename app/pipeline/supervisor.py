"""Starts the workers, hears their bells, frees what a dead one held and starts the next.

One desk per vault (a lock file); every child ends with the desk, except a sync worker that was
told to stay until its queue is empty.
"""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess  # noqa: TID251 - this is the supervisor
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, cast

from app.domain.errors import Trouble
from app.pipeline import doorbell, leases
from app.pipeline.stage import STAGES, Kind
from app.pipeline.tokendesk import TokenDesk
from app.pipeline.worker import EXIT_TIRED, Post, alive
from app.store.jobs import Jobs, boot_id
from app.store.vault import Vault

READY_S, STOP_S, TERM_S, LOOK_S = 30.0, 10.0, 5.0, 2.0
BACKOFF_S, BACKOFF_MAX_S = 0.5, 30.0
DEATHS, DEATHS_WITHIN_S = 5, 60.0
_ENDS_WITH_DESK = tuple(name for name, stage in STAGES.items() if stage.kind != "sync")
_ENVIRONMENT = {"PYTHONUNBUFFERED": "1", "MALLOC_MMAP_THRESHOLD_": str(4 << 20)}
"""Pictures are given back to the system when a page is done, not kept by the allocator."""
log = logging.getLogger("store")
OnEvent = Callable[[Mapping[str, object]], None]


@dataclass(slots=True)
class Child:
    """One running worker."""

    post: Post
    process: subprocess.Popen[bytes]
    bells: doorbell.Bells
    ready: threading.Event = field(default_factory=threading.Event)


class Supervisor:
    """The desk's workers.

    Args:
        vault: the open vault; threads take connections of their own from it.
        master: the key handed to each worker as its first frame.
        posts: the workers to keep alive.
        on_event: hears every bell, from reader threads.
    """

    def __init__(
        self,
        vault: Vault,
        master: bytes,
        posts: Sequence[Post],
        on_event: OnEvent,
    ) -> None:
        self._vault, self._master, self._on_event = vault, master, on_event
        self._posts = posts
        self._children: list[Child] = []
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._deaths: dict[Post, deque[float]] = {}
        self._readers: list[tuple[threading.Thread, Post]] = []
        self._spawned: set[str] = set()
        self._janitor = threading.Thread(target=self._look_after, name="janitor", daemon=True)
        self.token = TokenDesk(posts[0].command, self._token_ready)

    def start(self) -> None:
        """Give back what a former desk left leased, then start every worker."""
        recover(self._vault, frozenset(post.kind for post in self._posts))
        for post in self._posts:
            self._spawn(post)
        self._janitor.start()

    def wait_ready(self) -> None:
        """Return when every worker has rung.

        Raises:
            Trouble: worker.not_ready.
        """
        for child in list(self._children):
            if not child.ready.wait(READY_S):
                raise Trouble("worker.not_ready", kind=child.post.kind)

    def wake(self) -> None:
        """Tell the workers that there may be work."""
        self._tell({"op": "wake"})

    def stop_job(self, kind: str) -> None:
        """Ask the workers of ``kind`` to stop what they are doing, keeping what is done."""
        self._tell({"op": "stop"}, kind)

    def pids(self) -> dict[int, str]:
        """Process ids of the workers and their kinds."""
        with self._lock:
            return {child.process.pid: child.post.kind for child in self._children}

    def close(self) -> None:
        """Stop all workers: ask, then terminate, then kill."""
        self._closing.set()
        self.token.close()
        deadline = time.monotonic() + STOP_S
        with self._lock:
            children = list(self._children)
        for child in children:
            if not child.post.stay:
                child.bells.write({"op": "quit"})
        for child in children:
            if child.post.stay:
                child.bells.close()  # it stays until its queue is empty
                continue
            _end(child.process, max(0.1, deadline - time.monotonic()))
        for reader, post in self._readers:
            if not post.stay:
                reader.join(timeout=TERM_S)
        if self._janitor.is_alive():
            self._janitor.join(timeout=TERM_S)

    # --- children -------------------------------------------------------------------------

    def _spawn(self, post: Post) -> None:
        argv = [*post.command, "work", post.kind, "--home", str(post.home)]
        argv += ["--light"] if post.light else []
        argv += ["--stay"] if post.stay else []
        process = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**_ENVIRONMENT, **os.environ, "OMP_THREAD_LIMIT": "1"},
            start_new_session=post.stay,
        )
        stdin = cast("BinaryIO", process.stdin)
        child = Child(post, process, doorbell.Bells(stdin))
        with self._lock:
            self._children.append(child)
            self._spawned.add(str(process.pid))
        with contextlib.suppress(OSError):
            doorbell.write_key(stdin, self._master)
        for target in (self._hear, self._drain):
            thread = threading.Thread(target=target, args=[child], daemon=True)
            thread.start()
            self._readers.append((thread, post))

    def _hear(self, child: Child) -> None:
        bells = cast("BinaryIO", child.process.stdout)
        for line in doorbell.lines(bells):
            if line.get("ev") == "ready":
                child.ready.set()
                if child.post.kind == "sign":
                    child.bells.write({"op": "token_ready", "ready": self.token.ready})
            elif line.get("ev") == "token_request":
                self._relay(child, line)
                continue
            elif line.get("ev") in {"job", "page"}:
                self.wake()
            self._on_event(line)
        child.process.wait()
        bells.close()
        child.bells.close()
        self._died(child)

    def _drain(self, child: Child) -> None:
        with cast("BinaryIO", child.process.stderr) as pipe:
            for raw in pipe:
                text = raw.decode("utf-8", "replace").rstrip()
                if text:
                    log.warning("worker.stderr", extra={"kind": child.post.kind, "line": text})

    def _relay(self, child: Child, line: doorbell.Line) -> None:
        request = line.get("request")
        answer_id = line.get("id")
        if isinstance(request, dict):
            self.token.forward(
                request,
                lambda reply: child.bells.write(
                    {"op": "token_reply", "id": answer_id, "reply": dict(reply)}
                ),
            )

    def _died(self, child: Child) -> None:
        with self._lock:
            self._children.remove(child)
        if self._closing.is_set():
            return
        code = child.process.returncode
        if code == EXIT_TIRED:
            self._spawn(child.post)
            return
        log.warning("worker.died", extra={"kind": child.post.kind, "code": code})
        with contextlib.closing(self._vault.connect()) as db:
            jobs = Jobs(db, self._vault.blobs)
            for job in leases.in_state(db, "leased"):
                if job.owner and job.owner.split("-")[1] == str(child.process.pid):
                    jobs.free_owner(job.owner)
        self._on_event({"ev": "worker_died", "kind": child.post.kind, "code": code})
        deaths = self._deaths.setdefault(child.post, deque(maxlen=DEATHS))
        deaths.append(time.monotonic())
        recent = sum(1 for at in deaths if at > time.monotonic() - DEATHS_WITHIN_S)
        if recent >= DEATHS:
            log.error("worker.off", extra={"kind": child.post.kind})
            self._on_event({"ev": "worker_off", "kind": child.post.kind})
            return
        if not self._closing.wait(min(BACKOFF_MAX_S, BACKOFF_S * 2 ** (recent - 1))):
            self._spawn(child.post)

    def _look_after(self) -> None:
        """Free what neither a bell nor a death seen here will free.

        A lease runs out when its worker is stopped or hangs; the worker of a former desk may die
        only after this desk has started.
        """
        with contextlib.closing(self._vault.connect()) as db:
            jobs = Jobs(db, self._vault.blobs)
            while not self._closing.wait(LOOK_S):
                freed = bool(jobs.expire(time.monotonic(), boot_id()))
                for job in leases.in_state(db, "leased"):
                    stranger = job.owner and job.owner.split("-")[1] not in self._spawned
                    if stranger and job.owner and not alive(job.owner):
                        freed = jobs.release(job.id, job.owner) or freed
                if freed:
                    self.wake()

    def _tell(self, line: Mapping[str, object], kind: str | None = None) -> None:
        with self._lock:
            children = list(self._children)
        for child in children:
            if kind is None or child.post.kind == kind:
                child.bells.write(line)

    def _token_ready(self, ready: bool) -> None:  # noqa: FBT001 - a callback's one fact
        self._tell({"op": "token_ready", "ready": ready}, "sign")
        self._on_event({"ev": "token", "ready": int(ready)})


def _end(process: subprocess.Popen[bytes], patience_s: float) -> None:
    for act in (None, process.terminate, process.kill):
        if act is not None:
            act()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience_s)
            return
        patience_s = TERM_S


def recover(vault: Vault, kinds: frozenset[Kind], patience_s: float = 10.0) -> None:
    """Free the leases of workers that died with their desk; that death is not the job's fault.

    Pure work becomes ready uncounted; an effect is in doubt until it is reconciled.

    Args:
        vault: the vault.
        kinds: the kinds of workers this process is about to keep; others are not its business.
        patience_s: how long dying workers of the former desk may take.
    """
    ours = tuple(name for name, stage in STAGES.items() if stage.kind in kinds)
    deadline = time.monotonic() + patience_s
    pause = threading.Event()
    leased = leases.in_state(vault.db, "leased", _ENDS_WITH_DESK)
    while any(job.owner and alive(job.owner) for job in leased) and time.monotonic() < deadline:
        pause.wait(0.05)
        leased = leases.in_state(vault.db, "leased", _ENDS_WITH_DESK)
    for job in leases.in_state(vault.db, "leased", ours):
        if job.owner is None or alive(job.owner):
            continue
        vault.jobs.release(job.id, job.owner)
    human = tuple(name for name in ours if STAGES[name].job_class == "human")
    for job in leases.in_state(vault.db, "ready", human) if human else ():
        # Asked of a former desk: whoever sits here now may have other paper in the feeder,
        # or enter a PIN for another dossier.
        leases.resolve(vault.jobs, job.id, "cancelled", "desk", by_person=False)
