"""The driver host as a process: its pipes drained by threads, its whole group killable."""

from __future__ import annotations

import logging
import os
import queue
import signal
import subprocess  # noqa: TID251 - this is the wrapper that starts the driver host
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO, Final, cast

from scanner.errors import ScannerError
from scanner.model import SideBegin, SideEnd
from scanner.wire import (
    DATA_KIND,
    Message,
    Opened,
    Pause,
    Progress,
    WireError,
    decode_message,
    encode_command,
    read_frame,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

log = logging.getLogger("scan")

LEAVE_S: Final = 2.0
POLL_S: Final = 0.1
QUEUE_FRAMES: Final = 16
STDERR_TAIL: Final = 2000
HOST_32_BIT: Final = "scan-host-32.exe"


def host_command(default: Sequence[str]) -> Sequence[str]:
    """The command that starts the driver host for TWAIN; `default` starts the usual one.

    Windows scanners have 32-bit sources, which only a 32-bit process can load: there the program
    `scan-host-32.exe` beside our own, when it is there, speaks the same protocol. This choice was
    never run on Windows.
    """
    if sys.platform == "win32" and sys.maxsize > 2**32:
        beside = Path(sys.executable).with_name(HOST_32_BIT)
        if beside.is_file():
            return (str(beside),)
    return default


def message_in(payload: bytes) -> Message:
    """The message in a `J` frame.

    Raises:
        ScannerError: `scan.driver_crash` when the host speaks another language.
    """
    try:
        return decode_message(payload)
    except WireError as error:
        raise ScannerError("scan.driver_crash", code="protocol") from error


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame of the host, and how long no bytes had come from its device when it arrived."""

    kind: bytes
    payload: bytes
    silent_s: float


class HostProcess:
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
        self._frames: queue.Queue[Frame | None] = queue.Queue(QUEUE_FRAMES)
        self._closing = threading.Event()
        self._stderr_tail = b""
        self._raw_bytes = 0
        self.heard_at = time.monotonic()
        self.pauses_s = 0.0
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

    def frame(self, timeout_s: float) -> Frame | None:
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
        while True:
            left = deadline - time.monotonic()
            # What has come is heard even when the time is over.
            frame = self.frame(min(max(left, 0.01), POLL_S))
            if frame is not None:
                return message_in(frame.payload)
            if left <= 0:
                raise ScannerError("scan.stalled")

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def close(self) -> None:
        """Neither the host nor any process it started is left.

        It is told to leave, which lets the driver say a last word to its device; then terminated;
        then killed. A host frozen in foreign code costs `LEAVE_S` at each of the first two steps.
        """
        with self._close_lock:
            if self._closing.is_set():
                return
            self.send("quit")
            self._closing.set()
            try:
                cast("IO[bytes]", self._process.stdin).close()
            except OSError:
                log.debug("the host's input was gone already")
            if not self._leaves():
                log.info("driver host terminated")
                self.terminate()
                if not self._leaves():
                    log.info("driver host killed")
            self.kill()
            self._process.wait()
            for thread in self._threads:
                thread.join(LEAVE_S)
            for pipe in (self._process.stdout, self._process.stderr):
                cast("IO[bytes]", pipe).close()

    def terminate(self) -> None:
        """The host and every process it started are asked to die."""
        if os.name == "posix":
            self._signal(signal.SIGTERM)
        else:
            self._process.terminate()

    def kill(self) -> None:
        """The host and every process it started are told to die, whatever they are doing."""
        if os.name == "posix":
            self._signal(signal.SIGKILL)
        else:
            self._process.kill()

    def _leaves(self) -> bool:
        try:
            self._process.wait(LEAVE_S)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _signal(self, number: int) -> None:
        try:
            os.killpg(self._process.pid, number)
        except (ProcessLookupError, PermissionError):
            return

    def _read_frames(self) -> None:
        pipe = cast("BinaryIO", self._process.stdout)
        while True:
            try:
                found = read_frame(pipe)
            except (WireError, OSError, ValueError):
                found = None
            if found is None:
                self._put(None)
                return
            kind, payload = found
            read_at = time.monotonic()
            if kind == DATA_KIND or self._counts_as_bytes(payload):
                self.heard_at = read_at
                self.pauses_s = 0.0
            self._put(Frame(kind, payload, read_at - self.heard_at))
            if time.monotonic() - read_at > POLL_S:
                # We were waiting for our caller: the device was not silent meanwhile.
                self.heard_at = time.monotonic()

    def _counts_as_bytes(self, payload: bytes) -> bool:
        """Whether bytes are proved: a device opened, a side began or ended, raw bytes grew."""
        try:
            message = decode_message(payload)
        except WireError:
            return False
        if isinstance(message, Progress):
            grew, self._raw_bytes = message.raw_bytes > self._raw_bytes, message.raw_bytes
            return grew
        if isinstance(message, Pause):
            self.pauses_s += message.seconds
            return False
        if isinstance(message, SideBegin):
            self._raw_bytes = 0
            return True
        return isinstance(message, SideEnd | Opened)

    def _put(self, frame: Frame | None) -> None:
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
