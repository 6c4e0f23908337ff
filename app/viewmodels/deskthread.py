"""The one thread that talks to the desk: acts in order, answers as queued signals.

The UI thread never waits for the disk; SQLite connections belong to threads, so this thread opens
its own.
"""

from __future__ import annotations

import dataclasses
import queue
import threading
from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import QObject, Signal

from app.desk.office import Office
from app.domain.errors import DeskError, Trouble
from app.store.blobs import BlobStore
from app.store.jobs import Jobs
from app.store.vault import Vault

T = TypeVar("T")
Act = Callable[[Office], object]
Answer = Callable[[object], None]


class DeskThread(QObject):
    """Runs acts of the desk one after the other.

    Args:
        vault: the open vault, whose keys and blobs are shared.
        clerk: who acts.
        wake: tells the workers that rows were added.
    """

    answered = Signal(object, object)
    troubled = Signal(str, object)
    broken = Signal(object)

    def __init__(self, vault: Vault, clerk: str, wake: Callable[[], None]) -> None:
        super().__init__()
        self._vault, self._clerk, self._wake = vault, clerk, wake
        self._acts: queue.SimpleQueue[tuple[Act, Answer | None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="desk", daemon=True)
        self.answered.connect(self._on_answered)

    @property
    def blobs(self) -> BlobStore:
        """The vault's blobs, readable from any thread."""
        return self._vault.blobs

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def do(self, act: Act, then: Answer | None = None) -> None:
        """Queue an act; ``then`` is called in the UI thread with its result."""
        self._acts.put((act, then))

    def close(self) -> None:
        """Finish what is queued, then end."""
        self._acts.put(None)
        self._thread.join(timeout=10)

    def _run(self) -> None:
        db = self._vault.connect()
        vault = dataclasses.replace(self._vault, db=db, jobs=Jobs(db, self._vault.blobs))
        office = Office(vault, self._clerk, self._wake)
        while (item := self._acts.get()) is not None:
            act, then = item
            try:
                result = act(office)
            except DeskError as error:
                self.troubled.emit(error.slug, dict(error.params))
            except Exception as error:  # noqa: BLE001 - the bridge is one of the three catchers
                self._tell(error)
            else:
                if then is not None:
                    self.answered.emit(then, result)
        db.close()

    def _tell(self, error: Exception) -> None:
        slug = getattr(error, "slug", None)
        if isinstance(slug, str):
            known = Trouble.of(slug, getattr(error, "params", {}))
            self.troubled.emit(known.slug, dict(known.params))
        else:
            self.broken.emit(error)

    @staticmethod
    def _on_answered(then: Answer, result: object) -> None:
        then(result)
