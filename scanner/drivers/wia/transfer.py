"""One WIA transfer in its own thread, seen as a short queue of what it said and wrote.

Source: Microsoft Learn, 'IWiaTransferCallback', 'WIA Error Handler Return Values'.
"""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from scanner.drivers.wia.names import S_FALSE, S_OK, Msg, failed
from scanner.drivers.wia.port import WiaError, WiaItem
from scanner.errors import ScannerError

if TYPE_CHECKING:
    from scanner.drivers.source import Stop

QUEUE_ITEMS: Final = 16
PART_BYTES: Final = 256 << 10
POLL_S: Final = 0.1
LEAVE_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Begun:
    """WIA asked for a stream: a side is about to come."""


@dataclass(frozen=True, slots=True)
class Closed:
    """The stream has ended."""


@dataclass(frozen=True, slots=True)
class Done:
    """The transfer has ended with this result; `signals` are the troubles told on the way."""

    hresult: int
    signals: tuple[int, ...]


Happening: TypeAlias = Begun | Closed | Done | bytes


class Transfer:
    """A transfer from one item; it is the receiver WIA writes to."""

    def __init__(self, item: WiaItem, stop: Stop) -> None:
        self._item = item
        self._stop = stop
        self._queue: queue.Queue[Happening] = queue.Queue(QUEUE_ITEMS)
        self._ending = threading.Event()
        self._signals: list[int] = []
        self._thread = threading.Thread(target=self._run, name="wia-transfer", daemon=True)

    def start(self) -> None:
        """The feeder starts."""
        self._thread.start()

    def end(self) -> None:
        """The transfer ends soon; may be called from any thread."""
        if not self._ending.is_set():
            self._ending.set()
            threading.Thread(target=self._item.cancel, name="wia-cancel", daemon=True).start()

    def close(self) -> None:
        """The transfer has ended, or was given time to.

        A driver that never comes back is left in its thread: the process ends without it.
        """
        if not self._thread.ident:
            return
        if self._thread.is_alive():
            self.end()
        self._thread.join(LEAVE_S)

    def next(self, silence_s: float) -> Happening:
        """What happened next.

        Raises:
            ScannerError: `scan.stalled` after that much silence, `scan.cancelled` at once when the
                stop must be immediate.
        """
        deadline = time.monotonic() + silence_s
        while True:
            if self._stop.now:
                raise ScannerError("scan.cancelled")
            left_s = deadline - time.monotonic()
            try:
                return self._queue.get(timeout=min(max(left_s, 0.001), POLL_S))
            except queue.Empty:
                if left_s <= 0:
                    raise ScannerError("scan.stalled") from None

    def next_stream(self) -> int:
        """WIA is told to go on, or that the transfer was cancelled."""
        return S_OK if self._put(Begun()) else S_FALSE

    def write(self, data: bytes) -> int:
        """The bytes are queued in parts; waits while the reader is behind."""
        parts = (data[at : at + PART_BYTES] for at in range(0, len(data), PART_BYTES))
        return S_OK if all(self._put(part) for part in parts) else S_FALSE

    def told(self, message: int, hresult: int) -> int:
        """A trouble is handed back as it came: S_OK would say that it was cured."""
        if message == Msg.DEVICE_STATUS and failed(hresult):
            self._signals.append(hresult & 0xFFFFFFFF)
            return hresult
        if message == Msg.END_OF_STREAM and not self._put(Closed()):
            return S_FALSE
        return S_FALSE if self._ending.is_set() else S_OK

    def _run(self) -> None:
        try:
            hresult = self._item.transfer(self) & 0xFFFFFFFF
        except WiaError as error:
            hresult = error.hresult
        self._put(Done(hresult, tuple(self._signals)))

    def _put(self, item: Happening) -> bool:
        while not self._ending.is_set():
            try:
                self._queue.put(item, timeout=POLL_S)
            except queue.Full:
                continue
            return True
        return False
