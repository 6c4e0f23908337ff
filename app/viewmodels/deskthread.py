"""The one thread that talks to the desk: acts in order, answers as queued signals.

The UI thread never waits for the disk; SQLite connections belong to threads, so this thread opens
its own.
"""

from __future__ import annotations

import dataclasses
import logging
import queue
import threading
from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from app.desk.office import Office
from app.domain.errors import DeskError
from app.store.blobs import BlobStore
from app.store.jobs import Jobs
from app.store.vault import Vault

Act = Callable[[Office], object]
Answer = Callable[[object], None]
PATIENCE_S = 10.0
log = logging.getLogger("ui")


class DeskThread(QObject):
    """Runs acts of the desk one after the other.

    Args:
        vault: the open vault, whose keys and blobs are shared.
        clerk: who acts.
        wake: tells the workers that rows were added.
    """

    answered = Signal(object, object)
    troubled = Signal(str, object)

    def __init__(self, vault: Vault, clerk: str, wake: Callable[[], None]) -> None:
        super().__init__()
        self._vault, self._clerk, self._wake = vault, clerk, wake
        self._acts: queue.SimpleQueue[tuple[Act, Answer | None, Answer | None] | None] = (
            queue.SimpleQueue()
        )
        self._thread = threading.Thread(target=self._run, name="desk", daemon=True)
        self.answered.connect(self._on_answered)

    @property
    def blobs(self) -> BlobStore:
        """The vault's blobs, readable from any thread."""
        return self._vault.blobs

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def do(self, act: Act, then: Answer | None = None, failed: Answer | None = None) -> None:
        """Queue an act.

        Args:
            act: what is done in the desk's thread.
            then: called in the UI thread with its result.
            failed: called in the UI thread with the error, after ``troubled`` has told it.
        """
        self._acts.put((act, then, failed))

    def close(self) -> None:
        """Finish what is queued, then end."""
        self._acts.put(None)
        if self._thread.is_alive():
            self._thread.join(timeout=PATIENCE_S)

    def _run(self) -> None:
        db = self._vault.connect()
        vault = dataclasses.replace(self._vault, db=db, jobs=Jobs(db, self._vault.blobs))
        office = Office(vault, self._clerk, self._wake)
        while (item := self._acts.get()) is not None:
            act, then, failed = item
            try:
                result = act(office)
            except Exception as error:  # noqa: BLE001 - the bridge is one of the three catchers
                self.troubled.emit(*self._told(error))
                if failed is not None:
                    self.answered.emit(failed, error)
            else:
                if then is not None:
                    self.answered.emit(then, result)
        db.close()

    @staticmethod
    def _told(error: Exception) -> tuple[str, dict[str, str | int]]:
        """The error in the desk's words; what carries no slug is a defect of ours and logged."""
        if isinstance(error, DeskError):
            return error.slug, dict(error.params)
        slug = getattr(error, "slug", None)
        if isinstance(slug, str):
            return slug, dict(getattr(error, "params", {}))
        log.error("ui.defect", exc_info=error)
        return "defect.unexpected", {"kind": type(error).__name__}

    @staticmethod
    def _on_answered(answer: Answer, value: object) -> None:
        answer(value)
