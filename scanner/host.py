"""The driver host: the only process that loads a scanner driver, and one that may hang or die.

Commands come as JSON lines on standard input; events and side bytes leave on a private pipe (see
`scanner.wire`). The end of standard input means the parent died: the scan is cancelled and the
process leaves. Drivers print to standard output, so the real one is moved out of their reach first.
"""

from __future__ import annotations

import hashlib
import io
import logging
import os
import queue
import sys
import threading
from typing import TYPE_CHECKING, BinaryIO, Final

from scanner.drivers.source import Delivered, DriverEvent, Over, Source, Stop
from scanner.errors import ScannerError
from scanner.model import Device, ScanRequest, SideBegin, SideChunk, SideDropped, SideEnd
from scanner.wire import (
    DATA_KIND,
    JSON_KIND,
    PROTOCOL,
    DeviceList,
    Hello,
    HostEnded,
    Message,
    WireError,
    decode_command,
    encode_message,
    request_from,
    write_frame,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger("scan")

MAX_UNACKED: Final = 8
LAST_WORDS_S: Final = 2.0
MAX_DATA: Final = 1 << 20


def source_for(driver: str) -> Source:
    """The driver of that name, loaded only now.

    A name may carry an address to ask, as in `escl:http://192.0.2.7/eSCL`.

    Raises:
        ScannerError: `scan.unsupported` for a name that is none of ours.
    """
    name, _, address = driver.partition(":")
    if name == "sane":
        from scanner.drivers.sane.source import SaneSource  # noqa: PLC0415 - libsane only when asked for

        return SaneSource()
    if name == "escl":
        from scanner.drivers.escl.source import EsclSource  # noqa: PLC0415 - keeps a SANE host small

        return EsclSource((address,) if address else ())
    if name == "folder":
        from scanner.drivers.folder.source import HotFolderSource  # noqa: PLC0415 - brings Pillow

        return HotFolderSource((address,))
    if name == "wia":
        from scanner.drivers.wia.source import WiaSource  # noqa: PLC0415 - COM only when asked for

        return WiaSource()
    if name == "twain":
        from scanner.drivers.twain.source import TwainSource  # noqa: PLC0415 - loads foreign code

        return TwainSource()
    if name == "simulated":
        from scanner.drivers.simulated import SimulatedSource  # noqa: PLC0415 - brings Pillow

        return SimulatedSource()
    raise ScannerError("scan.unsupported", feature=name)


class Host:
    """One host process: answers commands in turn, stops and acknowledgements at once."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe
        self._commands: queue.SimpleQueue[tuple[str, dict[str, object]]] = queue.SimpleQueue()
        self._stop = Stop()
        self._window = threading.Condition()
        self._unacked = 0
        self._side: _OpenSide | None = None

    def serve(self, lines: Iterator[bytes], *, own_process: bool) -> int:
        """Exit code after the parent said quit or closed the line."""
        self._send(Hello(os.getpid(), PROTOCOL))
        threading.Thread(target=self._listen, args=(lines, own_process), daemon=True).start()
        while True:
            name, fields = self._commands.get()
            if name == "quit":
                return 0
            try:
                if name == "devices":
                    self._devices(fields)
                elif name == "scan":
                    self._scan(request_from(fields))
            except (WireError, BrokenPipeError):
                log.exception("command %s failed", name)
                return 1

    def _listen(self, lines: Iterator[bytes], own_process: bool) -> None:  # noqa: FBT001 - thread
        for line in lines:
            try:
                name, fields = decode_command(line)
            except WireError:
                log.warning("a line on standard input is no command")
                continue
            if name == "stop":
                self._stop.request(now=bool(fields.get("now")))
                with self._window:
                    self._window.notify_all()
            elif name == "ack":
                seq = fields.get("seq")
                if isinstance(seq, int):
                    self._stop.committed(seq)
                with self._window:
                    self._unacked -= 1
                    self._window.notify_all()
            else:
                self._commands.put((name, fields))
        self._commands.put(("quit", {}))
        if own_process:
            # The driver may hang in foreign code: its last chance is short.
            last_words = threading.Timer(LAST_WORDS_S, os._exit, (1,))
            last_words.daemon = True
            last_words.start()
        self._stop.request(now=True)
        with self._window:
            self._window.notify_all()

    def _devices(self, fields: dict[str, object]) -> None:
        found: list[Device] = []
        drivers = fields.get("drivers")
        for driver in drivers if isinstance(drivers, list) else []:
            try:
                found += source_for(str(driver)).devices()
            except ScannerError as error:
                log.warning("driver %s: %s", driver, error.slug)
        self._send(DeviceList(tuple(found)))

    def _scan(self, request: ScanRequest) -> None:
        self._side = None
        over: Over | None = None
        try:
            for event in source_for(request.device_id).scan(request, self._stop):
                if isinstance(event, Over):
                    over = event
                    self._conclude(over)
                elif over is None:
                    self._pass_on(event, request.dpi)
        except BrokenPipeError:
            raise
        except ScannerError as error:
            over = over or self._conclude(Over(error.slug, error.params))
        except Exception as error:  # a driver's defect must not take the pages before it along
            log.exception("driver failed")
            over = over or self._conclude(Over("scan.driver_crash", {"code": type(error).__name__}))

    def _pass_on(self, event: DriverEvent, dpi: int) -> None:
        if isinstance(event, SideBegin):
            self._side = _OpenSide(event)
            self._send(event)
        elif isinstance(event, SideChunk) and self._side is not None:
            self._side.add(event.data)
            self._send_data(event.data)
        elif isinstance(event, Delivered) and self._side is not None:
            self._send(self._side.end(event, dpi))
            self._side = None
            self._wait_for_room()
        elif isinstance(event, SideChunk | Delivered | Over):
            raise ScannerError("scan.driver_error", code="event-order")
        else:
            self._send(event)

    def _conclude(self, over: Over) -> Over:
        """The parent knows how the pass ended, before the driver tidies up."""
        if self._side is not None:
            begin = self._side.begin
            slug = over.reason if over.reason != "complete" else "scan.page_truncated"
            self._send(SideDropped(begin.seq, begin.sheet, begin.side, slug))
        reason = "cancelled" if over.reason == "scan.cancelled" else over.reason
        self._send(HostEnded(reason, over.params))
        return over

    def _wait_for_room(self) -> None:
        with self._window:
            self._unacked += 1
            self._window.wait_for(lambda: self._unacked < MAX_UNACKED or self._stop.now)

    def _send(self, message: Message) -> None:
        write_frame(self._pipe, JSON_KIND, encode_message(message))

    def _send_data(self, data: bytes) -> None:
        view = memoryview(data)
        for at in range(0, len(view), MAX_DATA):
            write_frame(self._pipe, DATA_KIND, view[at : at + MAX_DATA])


class _OpenSide:
    """A side on its way: where it belongs, and the hash of what was sent."""

    def __init__(self, begin: SideBegin) -> None:
        self.begin = begin
        self._hash = hashlib.sha256()
        self._size_bytes = 0

    def add(self, data: bytes) -> None:
        self._hash.update(data)
        self._size_bytes += len(data)

    def end(self, delivered: Delivered, dpi: int) -> SideEnd:
        begin = self.begin
        return SideEnd(
            begin.seq,
            begin.sheet,
            begin.side,
            delivered.media,
            delivered.width_px,
            delivered.height_px,
            delivered.dpi or dpi,
            self._hash.hexdigest(),
            self._size_bytes,
            delivered.flags,
            delivered.name,
        )


def _lines(stdin: BinaryIO) -> Iterator[bytes]:
    """Lines as they come; read past Python's buffer, whose lock would outlive a dying thread."""
    try:
        descriptor = stdin.fileno()
    except (AttributeError, io.UnsupportedOperation):
        yield from stdin
        return
    rest = b""
    while data := os.read(descriptor, 65_536):
        *whole, rest = (rest + data).split(b"\n")
        yield from whole


def _private_pipe(stdout: BinaryIO) -> tuple[BinaryIO, bool]:
    """A way to the parent that no driver can print into; whether it is a real descriptor."""
    try:
        descriptor = stdout.fileno()
    except (AttributeError, io.UnsupportedOperation):
        return stdout, False
    stdout.flush()
    private = os.dup(descriptor)
    os.dup2(2, descriptor)
    return os.fdopen(private, "wb"), True


def main(stdin: BinaryIO, stdout: BinaryIO) -> int:
    """Exit code of the host, after the parent said quit or went away."""
    pipe, real = _private_pipe(stdout)
    return Host(pipe).serve(_lines(stdin), own_process=real)


if __name__ == "__main__":
    code = main(sys.stdin.buffer, sys.stdout.buffer)
    sys.stderr.flush()
    # Not through the interpreter's exit: unloading drivers is where drivers crash.
    os._exit(code)
