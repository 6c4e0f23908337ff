"""One pass as the parent sees it: frames become events, and the clock is watched between them.

The clock that decides about a hang counts the time since BYTES last came. Events do not reset it: a
driver can answer 'good' with nothing for ever.
"""

from __future__ import annotations

import hashlib
import threading
import time
from typing import TYPE_CHECKING, Final

from scanner.completeness import SheetLedger
from scanner.drivers.source import silence_limits
from scanner.errors import ScannerError
from scanner.host import MAX_UNACKED
from scanner.host_process import POLL_S, HostProcess, message_in
from scanner.model import (
    Event,
    Notice,
    ParamValue,
    ScanRequest,
    SideBegin,
    SideChunk,
    SideDropped,
    SideEnd,
)
from scanner.wire import (
    DATA_KIND,
    HostEnded,
    Message,
    Opened,
    Pause,
    Progress,
    request_fields,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

OPEN_S: Final = 20.0
CANCEL_S: Final = 2.0
# The driver's own clock fires first; this much later the parent's does.
GRACE_S: Final = 0.3
MAX_PAUSES_S: Final = 45.0
UNACKED_S: Final = 60.0


class Pass:
    """One scan through one host, which `start` brings up and `leave` takes down."""

    def __init__(
        self,
        request: ScanRequest,
        start: Callable[[], HostProcess],
        leave: Callable[[HostProcess], None],
    ) -> None:
        self._request = request
        self._start = start
        self._leave = leave
        self._ledger = SheetLedger(request)
        self._lock = threading.Lock()
        self._host: HostProcess | None = None
        self._stop: str | None = None
        self._cancel_at: float | None = None
        self._unacked = 0
        self._acked_at = 0.0
        self._opened = False
        self._hash = hashlib.sha256()
        self._size_bytes = 0
        self._seq = 0

    def ack(self, seq: int) -> None:
        """The host learns that one more side is committed."""
        with self._lock:
            self._unacked -= 1
            self._acked_at = time.monotonic()
            host = self._host
        if host is not None:
            host.send("ack", seq=seq)

    def stop(self, *, now: bool) -> None:
        """The host learns of the stop, even one still starting; with `now` its time is counted."""
        with self._lock:
            self._stop = "now" if now or self._stop == "now" else "after_sheet"
            if now and self._cancel_at is None:
                self._cancel_at = time.monotonic()
            host = self._host
        if host is not None:
            host.send("stop", now=now)

    def events(self) -> Iterator[Event]:
        """All events of the pass, the last of them `Ended`.

        `Ended` comes as soon as the end is known. The host is taken down only after it: that may
        take seconds when its driver hangs.
        """
        try:
            host = self._start()
        except ScannerError as error:
            yield from self._ledger.end(error.slug, error.params)
            return
        try:
            with self._lock:
                self._host, stop = host, self._stop
                self._acked_at = time.monotonic()
            host.send("scan", **request_fields(self._request))
            if stop is not None:
                host.send("stop", now=stop == "now")
            yield from self._listen(host)
        finally:
            with self._lock:
                self._host = None
            self._leave(host)

    def _listen(self, host: HostProcess) -> Iterator[Event]:
        reason: str
        params: Mapping[str, ParamValue] = {}
        while True:
            try:
                message = self._next(host)
            except ScannerError as error:
                reason, params = error.slug, error.params
                break
            if isinstance(message, HostEnded):
                reason, params = message.reason, message.params
                break
            if isinstance(message, Opened):
                self._opened = True
            elif isinstance(message, SideBegin | SideChunk | SideEnd | SideDropped | Notice):
                yield self._ledger.take(message)
        if self._cancel_at is not None and reason != "complete":
            reason, params = "cancelled", {}
        yield from self._ledger.end(reason, params)

    def _next(self, host: HostProcess) -> Message | SideChunk:
        """The next message or bytes of the host.

        Raises:
            ScannerError: The host died or fell silent for too long.
        """
        while (frame := host.frame(POLL_S)) is None:
            self._check_clocks(host, time.monotonic() - host.heard_at)
        if frame.kind == DATA_KIND:
            self._hash.update(frame.payload)
            self._size_bytes += len(frame.payload)
            return SideChunk(self._seq, frame.payload)
        message = message_in(frame.payload)
        if isinstance(message, Progress | Pause | Notice):
            self._check_clocks(host, frame.silent_s)
        if isinstance(message, SideBegin):
            self._hash, self._size_bytes, self._seq = hashlib.sha256(), 0, message.seq
        elif isinstance(message, SideEnd):
            if (message.sha256, message.size_bytes) != (self._hash.hexdigest(), self._size_bytes):
                raise ScannerError("scan.driver_crash", code="bytes")
            with self._lock:
                self._unacked += 1
        return message

    def _check_clocks(self, host: HostProcess, silent_s: float) -> None:
        now = time.monotonic()
        cancel_at = self._cancel_at
        if cancel_at is not None and now > cancel_at + CANCEL_S:
            host.terminate()
            raise ScannerError("scan.cancelled")
        with self._lock:
            full, acked_at = self._unacked >= MAX_UNACKED, self._acked_at
        limit_s = self._limit_s() + min(host.pauses_s, MAX_PAUSES_S)
        if full:
            # The host waits for our caller, not for the scanner.
            limit_s = max(limit_s, UNACKED_S)
        if min(silent_s, now - acked_at) > limit_s + GRACE_S:
            raise ScannerError("scan.stalled")

    def _limit_s(self) -> float:
        first_s, later_s, inside_s = silence_limits(self._request)
        if not self._opened:
            return OPEN_S
        if self._ledger.side_open:
            return inside_s
        return later_s if self._ledger.sides_begun else first_s
