"""How late the event loop is: a precise timer that notes by how much each tick missed its time.

Where the kernel tells it (Linux, ``schedstat``), the part of a gap in which this thread could have
run but had no core is noted apart: a busy machine is not the window's silence. A wait within the
tick itself counts too, so the rest may be up to one tick too small.
"""

from __future__ import annotations

import contextlib
import threading
import time
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer

TICK_MS = 5
NS_PER_MS = 1_000_000


class LoopGap(QObject):
    """Notes, from ``start`` to ``stop``, the gaps between ticks beyond the tick itself."""

    def __init__(self) -> None:
        super().__init__()
        self.gaps_ms: list[float] = []
        self.own_ms: list[float] = []
        self._last = self._waited = 0.0
        self._told = Path("/proc/self/task") / str(threading.get_native_id()) / "schedstat"
        self._timer = QTimer(self, interval=TICK_MS)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._on_timer_timeout)

    def start(self) -> None:
        self.gaps_ms.clear()
        self.own_ms.clear()
        self._last, self._waited = time.perf_counter(), self._waited_ms()
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()

    @property
    def largest_ms(self) -> float:
        return max(self.gaps_ms, default=0.0)

    @property
    def largest_own_ms(self) -> float:
        """The largest gap without the wait for a core."""
        return max(self.own_ms, default=0.0)

    @property
    def p99_ms(self) -> float:
        found = sorted(self.gaps_ms)
        return found[int(0.99 * (len(found) - 1))] if found else 0.0

    def _waited_ms(self) -> float:
        """How long this thread has waited for a core so far; 0 where nobody counts."""
        with contextlib.suppress(OSError, IndexError, ValueError):
            return int(self._told.read_text("ascii").split()[1]) / NS_PER_MS
        return 0.0

    def _on_timer_timeout(self) -> None:
        now, waited = time.perf_counter(), self._waited_ms()
        gap = max(0.0, (now - self._last) * 1000 - TICK_MS)
        self.gaps_ms.append(gap)
        self.own_ms.append(max(0.0, gap - (waited - self._waited)))
        self._last, self._waited = now, waited
