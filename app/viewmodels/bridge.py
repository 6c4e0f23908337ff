"""From the workers' doorbell (reader threads) to signals of the UI thread, coalesced."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QObject, Qt, QTimer, Signal

COALESCE_MS = 30
POLL_MS = 1000


class Bridge(QObject):
    """Rings at most once in 30 ms; without bells it still looks once a second."""

    changed = Signal()
    page_received = Signal(int)
    token_changed = Signal(bool)
    worker_off = Signal(str)
    _heard = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._soon = QTimer(self, singleShot=True, interval=COALESCE_MS)
        self._soon.timeout.connect(self.changed)
        self._poll = QTimer(self, interval=POLL_MS)
        self._poll.timeout.connect(self.changed)
        self._poll.start()
        self._heard.connect(self._on_heard, Qt.ConnectionType.QueuedConnection)

    def hear(self, line: Mapping[str, object]) -> None:
        """Take one bell; called from any thread."""
        self._heard.emit(dict(line))

    def _on_heard(self, line: dict[str, object]) -> None:
        match line.get("ev"):
            case "page":
                self.page_received.emit(int(str(line.get("n", 0))))
            case "token":
                self.token_changed.emit(bool(line.get("ready")))
            case "worker_off":
                self.worker_off.emit(str(line.get("kind")))
        if not self._soon.isActive():
            self._soon.start()
