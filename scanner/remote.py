"""A scanner behind a process wall: starts the driver host, listens, and ends it when it hangs.

The clock that decides about a hang counts the time since BYTES last came. Events do not reset it: a
driver can answer 'good' with nothing for ever.
"""

from __future__ import annotations

import hashlib
import logging
import os
import queue
import signal
import subprocess  # noqa: TID251 - this is the wrapper that starts the driver host
import threading
import time
from typing import IO, TYPE_CHECKING, BinaryIO, Final, cast

from scanner.completeness import SheetLedger
from scanner.drivers.source import silence_limits
from scanner.errors import ScannerError
from scanner.host import MAX_UNACKED
from scanner.model import Device, Event, Notice, ParamValue, ScanRequest, SideBegin, SideChunk
from scanner.model import SideDropped, SideEnd
from scanner.wire import (
    DATA_KIND,
    PROTOCOL,
    DeviceList,
    Hello,
    HostEnded,
    Message,
    Progress,
    WireError,
    decode_message,
    encode_command,
    read_frame,
    request_fields,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

log = logging.getLogger("scan")

HELLO_S: Final = 10.0
DEVICES_S: Final = 20.0
CANCEL_S: Final = 2.0
# The driver's own clock fires first; this much later the parent's does.
GRACE_S: Final = 0.3
LAST_WORD_S: Final = 0.3
UNACKED_S: Final = 60.0
LEAVE_S: Final = 1.0
POLL_S: Final = 0.1
QUEUE_FRAMES: Final = 16
STDERR_TAIL: Final = 2000


class RemoteSource:
    """Scanners of every driver, each pass in a host process of its own.

    `argv` starts the host; `env` is laid over this process's environment. One pass at a time;
    `ack`, `stop` and `close` may be called from any thread.
    """

    def __init__(self, argv: Sequence[str], env: Mapping[str, str] | None = None) -> None:
        self._argv = tuple(argv)
        self._env = dict(env or {})
        self._host: _HostProcess | None = None
        self._pass: _Pass | None = None

    def devices(
        self, drivers: Sequence[str] = ("sane", "escl", "simulated")
    ) -> tuple[Device, ...]:
        """The devices these drivers reach now; `escl:URL` asks one address.

        Raises:
            ScannerError: The host does not start, dies, or does not answer in time.
        """
        host = self._start()
        try:
            host.send("devices", drivers=list(drivers))
            deadline = time.monotonic() + DEVICES_S
            while True:
                message = host.receive(deadline)
                if isinstance(message, DeviceList):
                    return message.devices
        finally:
            self._end(host)

    def scan(self, request: ScanRequest) -> Iterator[Event]:
        """The events of one pass, the last of them `Ended`, whatever happens to the host.

        Each side kept must be acknowledged with `ack` after it was committed; at most eight may
        wait for that.
        """
        ledger = SheetLedger(request)
        try:
            host = self._start()
        except ScannerError as error:
            yield from ledger.end(error.slug, error.params)
            return
        self._pass = running = _Pass(host, request, ledger)
        try:
            yield from running.events()
        finally:
            self._pass = None
            self._end(host)

    def ack(self, seq: int) -> None:
        """The host may go on: the side of this number is committed."""
        running = self._pass
        if running is not None:
            running.ack(seq)

    def stop(self, now: bool) -> None:  # noqa: FBT001 - the one question there is
        """The pass ends after the sheet in hand, or at once, throwing the open side away."""
        running = self._pass
        if running is not None:
            running.stop(now=now)

    def close(self) -> None:
        """No host of this source is left."""
        host = self._host
        if host is not None:
            self._end(host)

    def _start(self) -> _HostProcess:
        host = _HostProcess(self._argv, self._env)
        self._host = host
        try:
            hello = host.receive(time.monotonic() + HELLO_S)
            if not isinstance(hello, Hello) or hello.protocol != PROTOCOL:
                raise ScannerError("scan.driver_crash", code="protocol")
        except ScannerError:
            self._end(host)
            raise
        return host

    def _end(self, host: _HostProcess) -> None:
        host.close()
        if self._host is host:
            self._host = None


class _Pass:
    """One scan: turns frames into events and watches the clock between them."""

    def __init__(self, host: _HostProcess, request: ScanRequest, ledger: SheetLedger) -> None:
        self._host = host
        self._request = request
        self._ledger = ledger
        self._lock = threading.Lock()
        self._unacked = 0
        self._acked_at = time.monotonic()
        self._cancel_at: float | None = None
        self._hash = hashlib.sha256()
        self._size_bytes = 0
        self._seq = 0

    def ack(self, seq: int) -> None:
        """The host learns that one more side is committed."""
        with self._lock:
            self._unacked -= 1
            self._acked_at = time.monotonic()
        self._host.send("ack", seq=seq)

    def stop(self, *, now: bool) -> None:
        """The host learns of the stop; with `now` its time is counted."""
        if now and self._cancel_at is None:
            self._cancel_at = time.monotonic()
        self._host.send("stop", now=now)

    def events(self) -> Iterator[Event]:
        """All events of the pass."""
        self._host.send("scan", **request_fields(self._request))
        reason: str
        params: Mapping[str, ParamValue] = {}
        while True:
            try:
                message = self._next()
                if isinstance(message, HostEnded):
                    reason, params = message.reason, message.params
                    break
                if isinstance(message, SideBegin | SideChunk | SideEnd | SideDropped | Notice):
                    yield from self._ledger.take(message)
            except ScannerError as error:
                reason, params = error.slug, error.params
                break
        if self._cancel_at is not None and reason != "scan.stalled":
            reason = "cancelled"
        yield from self._ledger.end(reason, params)

    def _next(self) -> Message | SideChunk:
        """The next message or bytes of the host.

        Raises:
            ScannerError: The host died or fell silent for too long.
        """
        while True:
            frame = self._host.frame(POLL_S)
            if frame is None:
                self._check_clocks()
                continue
            kind, payload = frame
            if kind == DATA_KIND:
                self._hash.update(payload)
                self._size_bytes += len(payload)
                return SideChunk(self._seq, payload)
            message = _message(payload)
            if isinstance(message, SideBegin):
                self._hash, self._size_bytes, self._seq = hashlib.sha256(), 0, message.seq
            elif isinstance(message, SideEnd):
                self._check_side(message)
                with self._lock:
                    self._unacked += 1
            return message

    def _check_side(self, end: SideEnd) -> None:
        if (end.sha256, end.size_bytes) != (self._hash.hexdigest(), self._size_bytes):
            raise ScannerError("scan.driver_crash", code="bytes")

    def _check_clocks(self) -> None:
        now = time.monotonic()
        cancel_at = self._cancel_at
        if cancel_at is not None and now > cancel_at + CANCEL_S:
            raise ScannerError("scan.cancelled")
        first_s, later_s, inside_s = silence_limits(self._request)
        with self._lock:
            full, acked_at = self._unacked >= MAX_UNACKED, self._acked_at
        if self._ledger.side_open:
            limit_s = inside_s
        else:
            limit_s = later_s if self._ledger.sides_begun else first_s
        if full:
            # The host waits for us, not for the scanner.
            limit_s = max(limit_s, UNACKED_S)
        if now > max(self._host.heard_at, acked_at) + limit_s + GRACE_S:
            self._host.ask_to_leave(LAST_WORD_S)
            raise ScannerError("scan.stalled")


def _message(payload: bytes) -> Message:
    try:
        return decode_message(payload)
    except WireError as error:
        raise ScannerError("scan.driver_crash", code="protocol") from error


class _HostProcess:
    """The host as a process: its pipes drained by threads, its whole group killable."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str]) -> None:
        # Backends translate their option values by locale; only the untranslated ones are known.
        whole = {**os.environ, **env, "LC_ALL": "C.UTF-8"}
        whole.pop("LANGUAGE", None)
        try:
            self._process = subprocess.Popen(
                argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=whole,
                start_new_session=True,
            )
        except OSError as error:
            raise ScannerError("scan.driver_crash", code="start") from error
        self._send_lock = threading.Lock()
        self._close_lock = threading.Lock()
        self._frames: queue.Queue[tuple[bytes, bytes] | None] = queue.Queue(QUEUE_FRAMES)
        self._closing = threading.Event()
        self._stderr_tail = b""
        self._raw_bytes = 0
        self.heard_at = time.monotonic()
        self._threads = (
            threading.Thread(target=self._read_frames, daemon=True),
            threading.Thread(target=self._drain_stderr, daemon=True),
        )
        for thread in self._threads:
            thread.start()

    def send(self, name: str, **fields: object) -> None:
        """The command is on its way; a host that is gone shows itself when it is listened to."""
        line = encode_command(name, **fields)
        try:
            with self._send_lock:
                stdin = cast("IO[bytes]", self._process.stdin)
                stdin.write(line)
                stdin.flush()
        except (OSError, ValueError):
            log.info("the driver host no longer listens")

    def frame(self, timeout_s: float) -> tuple[bytes, bytes] | None:
        """The next frame, None when none came in time.

        Raises:
            ScannerError: `scan.driver_crash` when the host is gone.
        """
        try:
            frame = self._frames.get(timeout=timeout_s)
        except queue.Empty:
            return None
        if frame is not None:
            return frame
        try:
            code = str(self._process.wait(LEAVE_S))
        except subprocess.TimeoutExpired:
            code = "pipe"
        tail = self._stderr_tail.decode("utf-8", "replace")
        log.info("driver host ended with %s", code, extra={"stderr": tail})
        raise ScannerError("scan.driver_crash", code=code)

    def receive(self, deadline: float) -> Message:
        """The next message before the deadline.

        Raises:
            ScannerError: `scan.stalled` when none came, `scan.driver_crash` when the host is gone.
        """
        while (left := deadline - time.monotonic()) > 0:
            frame = self.frame(min(left, POLL_S))
            if frame is not None:
                return _message(frame[1])
        raise ScannerError("scan.stalled")

    def ask_to_leave(self, seconds: float) -> None:
        """The host was told to stop and given this long to say a last word to its device."""
        self.send("stop", now=True)
        deadline = time.monotonic() + seconds
        try:
            while time.monotonic() < deadline:
                frame = self.frame(POLL_S)
                if frame is not None and frame[0] != DATA_KIND:
                    if isinstance(_message(frame[1]), HostEnded):
                        return
        except ScannerError:
            return

    def close(self) -> None:
        """Neither the host nor any process it started is left."""
        with self._close_lock:
            if self._closing.is_set():
                return
            self.send("quit")
            self._closing.set()
            try:
                cast("IO[bytes]", self._process.stdin).close()
            except OSError:
                log.debug("the host's input was gone already")
            try:
                self._process.wait(LEAVE_S)
            except subprocess.TimeoutExpired:
                log.info("driver host killed")
            self._kill_group()
            self._process.wait()
            for thread in self._threads:
                thread.join(LEAVE_S)
            for pipe in (self._process.stdout, self._process.stderr):
                cast("IO[bytes]", pipe).close()

    def _kill_group(self) -> None:
        if os.name == "posix":
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                return
        else:
            self._process.kill()

    def _read_frames(self) -> None:
        pipe = cast("BinaryIO", self._process.stdout)
        frame: tuple[bytes, bytes] | None
        while True:
            try:
                frame = read_frame(pipe)
            except (WireError, OSError, ValueError):
                frame = None
            self._put(frame)
            if frame is None:
                return
            if frame[0] == DATA_KIND or self._counts_as_bytes(frame[1]):
                self.heard_at = time.monotonic()

    def _counts_as_bytes(self, payload: bytes) -> bool:
        """Whether an event proves that bytes came: a side began or ended, or raw bytes grew."""
        try:
            message = decode_message(payload)
        except WireError:
            return False
        if isinstance(message, Progress):
            grew, self._raw_bytes = message.raw_bytes > self._raw_bytes, message.raw_bytes
            return grew
        if isinstance(message, SideBegin):
            self._raw_bytes = 0
            return True
        return isinstance(message, SideEnd)

    def _put(self, frame: tuple[bytes, bytes] | None) -> None:
        while not self._closing.is_set():
            try:
                self._frames.put(frame, timeout=POLL_S)
            except queue.Full:
                continue
            return

    def _drain_stderr(self) -> None:
        pipe = cast("IO[bytes]", self._process.stderr)
        try:
            while data := os.read(pipe.fileno(), 65_536):
                self._stderr_tail = (self._stderr_tail + data)[-STDERR_TAIL:]
        except (OSError, ValueError):
            return
