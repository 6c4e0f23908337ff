"""Looking at received files in a process of its own, which may crash or hang without harm.

A file from outside is hostile until it was looked at, so the looking is done by a child with
limits on memory and time. The child is kept for the next file and replaced when it is lost.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import pickle
import queue
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path

from sync.portal.database import SqlError
from sync.portal.verdict import FAILED, DocumentVerdict

CheckDocument = Callable[[Path], DocumentVerdict]
CHECK_TIMEOUT_S = 60.0
MAX_CHILD_BYTES = 3 * 1024**3
_START_TIMEOUT_S = 60.0
_STORE_PAUSE_S = 5.0
_log = logging.getLogger("sync")


class Checker:
    """A queue of files and the child that looks at them.

    Args:
        check: a picklable function of a module (or a ``functools.partial`` of one).
        done: told station, hash and verdict, from the checker's thread.
        timeout_s: for one file.

    Raises:
        TypeError: ``check`` cannot be handed to another process.
    """

    def __init__(
        self,
        check: CheckDocument,
        done: Callable[[str, str, DocumentVerdict], None],
        timeout_s: float = CHECK_TIMEOUT_S,
    ) -> None:
        try:
            pickle.dumps(check)
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise TypeError("check_document must be picklable: a function of a module") from error
        self._check = check
        self._done = done
        self._timeout_s = timeout_s
        self._queue: queue.SimpleQueue[tuple[str, str, Path] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="portal-checker", daemon=True)
        self._child: SpawnProcess | None = None
        self._pipe: Connection | None = None
        self._stopping = threading.Event()

    def start(self) -> None:
        """Begin to work through the queue."""
        self._thread.start()

    def stop(self) -> None:
        """Return once the child is gone; files still in the queue are looked at after a restart."""
        self._stopping.set()
        self._queue.put(None)
        if child := self._child:
            with contextlib.suppress(ValueError):  # it is being put away just now
                child.kill()
        self._thread.join(10)

    def submit(self, station: str, sha256: str, path: Path) -> None:
        """Put a file into the queue."""
        self._queue.put((station, sha256, path))

    def _run(self) -> None:
        try:
            while (item := self._queue.get()) is not None and not self._stopping.is_set():
                station, sha256, path = item
                verdict = self._ask(path)
                if self._stopping.is_set():
                    return
                try:
                    self._done(station, sha256, verdict)
                except (SqlError, OSError):
                    _log.exception("a verdict could not be stored; the file is looked at again")
                    self._stopping.wait(_STORE_PAUSE_S)
                    self._queue.put(item)
        finally:
            self._drop()

    def _ask(self, path: Path) -> DocumentVerdict:
        try:
            pipe = self._pipe or self._spawn()
            pipe.send(str(path))
            if pipe.poll(self._timeout_s):
                answer = pipe.recv()
                if isinstance(answer, DocumentVerdict):
                    return answer
            _log.warning("check of a file failed or took too long")
        except (EOFError, OSError):
            _log.warning("the process that checks files was lost")
        self._drop()
        return FAILED

    def _spawn(self) -> Connection:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        self._child = context.Process(target=_work, args=(theirs, self._check), daemon=True)
        self._child.start()
        theirs.close()
        self._pipe = ours
        if not ours.poll(_START_TIMEOUT_S):
            raise EOFError
        ours.recv()
        return ours

    def _drop(self) -> None:
        child, pipe = self._child, self._pipe
        self._child = self._pipe = None
        if pipe is not None:
            pipe.close()
        if child is not None:
            child.kill()
            child.join(5)
            child.close()


def _work(pipe: Connection, check: CheckDocument) -> None:
    """The child: one path in, one verdict out, until the pipe closes."""
    _limit()
    pipe.send("ready")
    while True:
        try:
            path = Path(pipe.recv())
        except (EOFError, OSError):
            return
        try:
            verdict = check(path)
        except Exception:  # noqa: BLE001 - any failure of the look means that nothing is known
            verdict = FAILED
        pipe.send(verdict)


def _limit() -> None:
    """Memory and core size of this process bounded, where the system can."""
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - POSIX only

        resource.setrlimit(resource.RLIMIT_AS, (MAX_CHILD_BYTES, MAX_CHILD_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
