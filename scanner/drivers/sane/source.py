"""Scanners with a SANE driver, read through libsane itself.

Front ends between us and libsane lose pages: they take 'no documents' inside a page and 'busy' in
a read for a clean end. Here every status has a meaning, and a page counts only when its bytes do.
Raw frames are encoded strip by strip, so memory does not grow with the page.
"""

from __future__ import annotations

import ctypes as c
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from scanner.drivers.sane.abi import CDevice, Status, library
from scanner.drivers.sane.device import SaneDevice
from scanner.drivers.sane.frames import Page
from scanner.drivers.sane.options import configure, match_source, offered_dpi, sources_of
from scanner.drivers.sane.sensors import double_fed, named, paper_left, pressed_buttons
from scanner.drivers.source import (
    Delivered,
    DriverEvent,
    Numbering,
    Over,
    Stop,
    concluded,
    silence_limits,
)
from scanner.errors import ScannerError
from scanner.images.validate import ImageFacts, size_flags
from scanner.model import Device, Notice, ScanRequest, SideChunk
from scanner.wire import Opened, Pause, Progress

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

__all__ = ["SaneSource", "match_source", "pressed_buttons"]

IDLE_S: Final = 0.005
# Backends end their reader thread as soon as the end of a frame is asked for, wherever it is; one
# caught inside free() never ends. It is given time to leave by itself: until it is seen to be gone,
# or where threads cannot be seen, a little.
READER_LEAVES_S: Final = 0.01
READER_LEAVES_MOST_S: Final = 0.25
PROGRESS_S: Final = 0.1
# libsane's network backend waits for bytes; when it answers without any, its peer has hung up.
HUNG_UP_S: Final = 1.0
# A device still held by a host that was killed becomes free by itself.
OPEN_AGAIN_S: Final = (0.5, 1.0, 2.0)
PAUSES_S: Final = (0.5, 1.0, 2.0)
_PASSING: Final = {Status.DEVICE_BUSY: "scan.busy", Status.WARMING_UP: "scan.warming_up"}


class SaneSource:
    """Every device libsane lists."""

    def devices(self) -> tuple[Device, ...]:
        """The devices SANE reaches now; one that cannot be opened is listed without details."""
        with suppress(ScannerError):
            return tuple(_described(*entry) for entry in _listed())
        return ()

    def scan(self, request: ScanRequest, stop: Stop) -> Iterator[DriverEvent]:
        """The sides of one pass over the device named in the request, and why it ended.

        Raises:
            ScannerError: The pass could not begin.
        """
        library()
        device = _opened(request.device_id.removeprefix("sane:"), stop)
        try:
            configure(device, request)
            stop.on_now(device.cancel)
            yield Opened()
            for event in concluded(_sides(device, request, stop)):
                yield _weighed(event, device, request)
        finally:
            stop.on_now(None)
            device.cancel()
            device.close()


def _listed() -> list[tuple[str, str, str]]:
    lib = library()
    found = c.POINTER(c.POINTER(CDevice))()
    if lib.sane_get_devices(c.byref(found), 0) != Status.GOOD:
        return []
    entries: list[tuple[str, str, str]] = []
    while found[len(entries)]:
        raw = found[len(entries)].contents
        name, vendor, model = (
            (text or b"").decode("utf-8", "replace") for text in (raw.name, raw.vendor, raw.model)
        )
        entries.append((name, vendor, model))
    return entries


def _described(name: str, vendor: str, model: str) -> Device:
    sources: tuple[str, ...] = ()
    dpi: tuple[int, ...] = ()
    duplex = False
    with suppress(ScannerError):
        device = SaneDevice(name)
        try:
            sources, duplex = sources_of(device)
            dpi = offered_dpi(device)
        finally:
            device.close()
    return Device(f"sane:{name}", "sane", vendor, model, "", "", sources, dpi, duplex)


def _opened(name: str, stop: Stop) -> SaneDevice:
    for pause_s in OPEN_AGAIN_S:
        try:
            return SaneDevice(name)
        except ScannerError as error:
            if error.slug not in _PASSING.values():
                raise
        stop.wait(pause_s)
    return SaneDevice(name)


def _weighed(event: DriverEvent, device: SaneDevice, request: ScanRequest) -> DriverEvent:
    """The event; an end that nothing proves asks for a count.

    Some backends know no other end than 'no documents': a jam, an open cover and a page that never
    came end a stack like its last sheet. There only a count tells whether all of it has come.
    """
    uncounted = request.source == "feeder" and request.declared_sheets is None
    if isinstance(event, Over) and event.reason == "complete" and uncounted and device.hides_faults:
        return Over("scan.count_undeclared", event.params)
    return event


def _sides(device: SaneDevice, request: ScanRequest, stop: Stop) -> Iterator[DriverEvent]:
    numbers = Numbering(request)
    # A sensor that is on before any paper moved tells of an earlier pass.
    device.watched = request.multifeed == "stop" and not double_fed(device)
    while (yield from _start_side(device, request, stop, numbers)):
        fed_double = yield from _side(device, request, stop, numbers)
        if fed_double:
            raise ScannerError("scan.double_feed")
        if request.source == "flatbed":
            return


def _start_side(
    device: SaneDevice, request: ScanRequest, stop: Stop, numbers: Numbering
) -> Generator[DriverEvent, None, bool]:
    """Whether another side starts; False when the feeder is empty after at least one.

    Raises:
        ScannerError: The side cannot start. Paper still in the feeder makes it
            `scan.ended_with_paper`, or `scan.mispick` when none came out at all.
    """
    first_s, later_s, _inside_s = silence_limits(request)
    limit_s = later_s if numbers.sides else first_s
    for pause_s in (*PAUSES_S, None):
        stop.check(sheet_open=numbers.sheet_open)
        status = yield from _start(device, stop, limit_s, sheet_open=numbers.sheet_open)
        if status == Status.GOOD:
            return True
        stop.check(sheet_open=numbers.sheet_open)
        if status != Status.NO_DOCS:
            raise named(device, status, "start")
        if not paper_left(device):
            break
        if pause_s is None:
            raise ScannerError("scan.ended_with_paper" if numbers.sides else "scan.mispick")
        yield Pause(pause_s)
        stop.wait(pause_s)
    if not numbers.sides:
        raise named(device, status, "start")
    return False


def _start(
    device: SaneDevice, stop: Stop, limit_s: float, *, sheet_open: bool
) -> Generator[DriverEvent, None, int]:
    """Status of the start of a frame, once the device is neither busy nor warming up.

    It is given `limit_s` seconds for that; then the status that hindered it is returned.
    """
    until = time.monotonic() + limit_s
    told: set[str] = set()
    pause_s = PAUSES_S[0]
    while True:
        status = device.start()
        slug = next((text for passing, text in _PASSING.items() if passing == status), None)
        left_s = until - time.monotonic()
        if slug is None or left_s <= 0:
            return status
        if slug not in told:
            told.add(slug)
            yield Notice(slug)
        pause_s = min(pause_s, left_s)
        yield Pause(pause_s)
        stop.wait(pause_s)
        stop.check(sheet_open=sheet_open)
        pause_s = min(2 * pause_s, PAUSES_S[-1])


def _side(
    device: SaneDevice, request: ScanRequest, stop: Stop, numbers: Numbering
) -> Generator[DriverEvent, None, bool]:
    """One side; whether a sensor says that its sheet went in together with another."""
    page = Page(device.parameters(), request)
    begin = numbers.begin()
    yield begin
    while True:
        yield from _read_frame(device, request, stop, page, begin.seq)
        for part in page.end_frame():
            yield SideChunk(begin.seq, part)
        if page.whole:
            break
        status = yield from _start(device, stop, silence_limits(request)[2], sheet_open=True)
        if status != Status.GOOD:
            raise named(device, status, "start", {Status.NO_DOCS: "scan.page_truncated"})
        page.next_frame(device.parameters())
    for part in page.finish():
        yield SideChunk(begin.seq, part)
    facts = ImageFacts(page.media, page.width_px, page.height_px, request.dpi)
    flags = (*page.flags, *size_flags(facts, request.page_px(), request.dpi))
    # Asked once a sheet: it costs the device a command.
    fed_double = device.watched and not numbers.sheet_open and double_fed(device)
    if fed_double:
        flags = (*flags, "double_feed")
    yield Delivered(facts.media, facts.width_px, facts.height_px, flags)
    return fed_double


def _read_frame(
    device: SaneDevice, request: ScanRequest, stop: Stop, page: Page, seq: int
) -> Iterator[DriverEvent]:
    """The bytes of one frame, encoded as far as they go; `Progress` where nothing is ready yet."""
    told = time.monotonic()
    for data in _frame(device, request, stop, page.frame_bytes):
        sent = False
        for part in page.feed(data):
            yield SideChunk(seq, part)
            sent = True
        now = time.monotonic()
        if not sent and now - told > PROGRESS_S:
            yield Progress(seq, page.raw_bytes)
            sent = True
        if sent:
            told = now


def _let_reader_leave(device: SaneDevice, stop: Stop) -> None:
    deadline = time.monotonic() + READER_LEAVES_MOST_S
    stop.wait(READER_LEAVES_S)
    while device.reader_at_work and time.monotonic() < deadline:
        stop.wait(READER_LEAVES_S)


def _frame(
    device: SaneDevice, request: ScanRequest, stop: Stop, frame_bytes: int
) -> Iterator[memoryview]:
    """The bytes of one frame, up to its end, which should come after `frame_bytes`.

    Raises:
        ScannerError: `scan.stalled` when the driver keeps answering 'good' without any byte,
            `scan.link_lost` when libsane's network backend does so.
    """
    silence_s = silence_limits(request)[2]
    slug = "scan.stalled"
    if device.by_net:
        silence_s, slug = min(silence_s, HUNG_UP_S), "scan.link_lost"
    heard = time.monotonic()
    total = 0
    while True:
        if total and total == frame_bytes:
            _let_reader_leave(device, stop)
        status, data = device.read()
        if stop.now:
            raise ScannerError("scan.cancelled")
        if status == Status.EOF:
            return
        if status != Status.GOOD:
            # The paper left the feeder inside a page: this page is lost, not the stack ended.
            raise named(device, status, "read", {Status.NO_DOCS: "scan.page_truncated"})
        if data:
            total += len(data)
            yield data
            # The time our reader took for these bytes was no silence of the device.
            heard = time.monotonic()
        elif time.monotonic() - heard > silence_s:
            raise ScannerError(slug)
        else:
            stop.wait(IDLE_S)
