"""From the workers' doorbell (reader threads) to signals of the UI thread, coalesced."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QObject, Qt, QTimer, Signal

COALESCE_MS = 30
LOOK_MS = 1000


class Bridge(QObject):
    """Rings at most once in 30 ms; without bells somebody still looks once a second.

    A bell is a hint only: whoever hears ``changed`` reads the rows again. What a scanner has to say
    while it works (``noticed``: slug and facts) stands in the journal too.
    """

    changed = Signal()
    looked = Signal()
    page_received = Signal(int)
    worker_off = Signal(str)
    noticed = Signal(str, object)
    _heard = Signal(str, str)

    def __init__(self) -> None:
        super().__init__()
        self._soon = QTimer(self, singleShot=True, interval=COALESCE_MS)
        self._soon.timeout.connect(self.changed)
        self._look = QTimer(self, interval=LOOK_MS)
        self._look.timeout.connect(self.looked)
        self._look.start()
        self._heard.connect(self._on_heard, Qt.ConnectionType.QueuedConnection)

    def hear(self, line: Mapping[str, object]) -> None:
        """Take one bell; called from any thread."""
        ev = str(line.get("ev"))
        if ev == "notice":
            self.noticed.emit(str(line.get("slug")), dict(line))
        elif ev != "ready":
            self._heard.emit(ev, str(line.get("n") if ev == "page" else line.get("kind")))

    def close(self) -> None:
        """Ring no more."""
        self._soon.stop()
        self._look.stop()

    def _on_heard(self, ev: str, about: str) -> None:
        match ev:
            case "page" if about.isdecimal():
                self.page_received.emit(int(about))
            case "worker_off":
                self.worker_off.emit(about)
        if not self._soon.isActive():
            self._soon.start()
