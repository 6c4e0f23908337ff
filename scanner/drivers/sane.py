"""Scanners with a SANE driver, read through libsane itself.

Front ends between us and libsane lose pages: they take 'no documents' inside a page and 'busy' in
a read for a clean end. Here every status has a meaning, and a page counts only when its bytes do.
Raw frames become JPEG strip by strip, so memory does not grow with the page.
"""

from __future__ import annotations

import ctypes as c
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from scanner.drivers.sane_abi import CDevice, Frame, Status, library
from scanner.drivers.sane_device import Parameters, SaneDevice, trouble
from scanner.drivers.source import (
    Delivered,
    DriverEvent,
    Numbering,
    Stop,
    concluded,
    silence_limits,
)
from scanner.errors import ScannerError
from scanner.jpeg_strips import MAX_SIDE_PX, StripEncoder
from scanner.model import Device, ScanRequest, SideChunk
from scanner.validate import ImageFacts, size_flags
from scanner.wire import Opened, Progress

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

USUAL_DPI: Final = (75, 100, 150, 200, 240, 300, 400, 600)
IDLE_S: Final = 0.005
# Backends end their reader thread as soon as the end of a frame is asked for, wherever it is; one
# caught inside free() never ends. So much time lets it leave by itself.
READER_LEAVES_S: Final = 0.01
PROGRESS_S: Final = 0.1
DPI_TOLERANCE: Final = 0.02
_SAMPLES: Final = {Frame.GRAY: 1, Frame.RGB: 3}


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
        device = SaneDevice(request.device_id.removeprefix("sane:"))
        try:
            _configure(device, request)
            stop.on_now(device.cancel)
            yield Opened()
            yield from concluded(_sides(device, request, stop))
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
            choices = _source_choices(device)
            wanted = ("feeder", "flatbed")
            sources = tuple(want for want in wanted if match_source(choices, want)) or ("flatbed",)
            duplex = match_source(choices, "duplex") is not None or _duplex_option(device) != {}
            if duplex and "feeder" not in sources:
                sources = ("feeder", *sources)
            dpi = _offered_dpi(device)
        finally:
            device.close()
    return Device(f"sane:{name}", "sane", vendor, model, "", "", sources, dpi, duplex)


def match_source(choices: Iterable[str], want: str) -> str | None:
    """The backend's own name for `feeder`, `duplex` or `flatbed`, None when it has none."""
    for choice in choices:
        text = choice.lower()
        duplex = "duplex" in text
        feeder = ("adf" in text or "feeder" in text) and "card" not in text
        if (
            (want == "duplex" and duplex and "card" not in text)
            or (want == "feeder" and feeder and not duplex and "back" not in text)
            or (want == "flatbed" and (text in {"fb", "platen"} or "flatbed" in text))
        ):
            return choice
    return None


def _source_choices(device: SaneDevice) -> tuple[str, ...]:
    option = device.options.get("source")
    return tuple(str(choice) for choice in option.choices) if option else ()


def _duplex_option(device: SaneDevice) -> dict[str, str | float]:
    """The setting that makes the feeder read both sides when no source name does."""
    mode = device.options.get("adf-mode")
    if mode and (name := match_source(map(str, mode.choices), "duplex")):
        return {"adf-mode": name}
    return {"duplex": 1} if "duplex" in device.options else {}


def _offered_dpi(device: SaneDevice) -> tuple[int, ...]:
    option = device.options.get("resolution")
    if option is None:
        return ()
    if option.span is not None:
        low, high = option.span
        return tuple(dpi for dpi in USUAL_DPI if low <= dpi <= high)
    return tuple(sorted({round(float(choice)) for choice in option.choices}))


def _configure(device: SaneDevice, request: ScanRequest) -> None:
    """Every option is set anew: values survive closing inside one driver process."""
    _choose_source(device, request)
    mode = device.options.get("mode")
    if mode is not None:
        wanted = ("color", "colour") if request.mode == "color" else ("gray", "grey", "grayscale")
        names = [str(name) for name in mode.choices if str(name).lower() in wanted]
        if not names:
            raise ScannerError("scan.unsupported", feature=request.mode)
        device.set("mode", names[0])
    if "depth" in device.options:
        device.set("depth", 8)
    taken = device.set("resolution", request.dpi)
    if taken is not None and abs(float(taken) - request.dpi) > request.dpi * DPI_TOLERANCE:
        raise ScannerError("scan.unsupported", feature=f"{request.dpi} dpi")
    width_mm, height_mm = request.page_mm
    for name, value_mm in (
        ("page-width", width_mm),
        ("page-height", height_mm),
        ("tl-x", 0.0),
        ("tl-y", 0.0),
        ("br-x", width_mm),
        ("br-y", height_mm),
    ):
        device.set_length_mm(name, value_mm, request.dpi)


def _choose_source(device: SaneDevice, request: ScanRequest) -> None:
    choices = _source_choices(device)
    if request.source == "flatbed":
        name = match_source(choices, "flatbed")
        if name is None and choices:
            raise ScannerError("scan.unsupported", feature="flatbed")
    elif request.duplex:
        name = match_source(choices, "duplex")
        if name is None:
            extra = _duplex_option(device)
            name = match_source(choices, "feeder")
            if not extra or name is None:
                raise ScannerError("scan.unsupported", feature="duplex")
            device.set("source", name)
            for option, value in extra.items():
                device.set(option, value)
    else:
        name = match_source(choices, "feeder")
        if name is None:
            raise ScannerError("scan.unsupported", feature="feeder")
        for option in _duplex_option(device).keys() & {"duplex"}:
            device.set(option, 0)
    if name is not None:
        device.set("source", name)


def _sides(device: SaneDevice, request: ScanRequest, stop: Stop) -> Iterator[DriverEvent]:
    numbers = Numbering(request)
    while True:
        stop.check(sheet_open=numbers.sheet_open)
        status = device.start()
        if status == Status.NO_DOCS and numbers.sides:
            return
        if status != Status.GOOD:
            stop.check(sheet_open=numbers.sheet_open)
            raise trouble(status, "start")
        yield from _side(device, request, stop, numbers)
        if request.source == "flatbed":
            return


def _side(
    device: SaneDevice, request: ScanRequest, stop: Stop, numbers: Numbering
) -> Iterator[DriverEvent]:
    layout = device.parameters()
    samples = _usable(layout)
    begin = numbers.begin()
    yield begin
    encoder = StripEncoder(
        width_px=layout.width_px, samples=samples, height_px=layout.lines, dpi=request.dpi
    )
    rows = _Rows(layout.bytes_per_line, layout.width_px * samples)
    told = 0.0
    frame_bytes = (layout.lines or 0) * layout.bytes_per_line
    for data in _frame(device, request, stop, frame_bytes):
        sent = False
        for part in encoder.feed(rows.cut(data)):
            yield SideChunk(begin.seq, part)
            sent = True
        now = time.monotonic()
        if sent or now - told > PROGRESS_S:
            told = now
            if not sent:
                yield Progress(begin.seq, rows.total)
    if rows.total == 0:
        raise ScannerError("scan.page_empty")
    if rows.left or layout.lines not in {None, rows.total // layout.bytes_per_line}:
        raise ScannerError("scan.page_truncated")
    for part in encoder.finish():
        yield SideChunk(begin.seq, part)
    facts = ImageFacts("image/jpeg", layout.width_px, encoder.rows, request.dpi)
    flags = size_flags(facts, request.page_px(), request.dpi)
    yield Delivered(facts.media, facts.width_px, facts.height_px, flags)


def _usable(layout: Parameters) -> int:
    """Samples per pixel of a frame that can be encoded."""
    samples = next((count for frame, count in _SAMPLES.items() if frame == layout.frame), 0)
    if not samples:
        raise ScannerError("scan.unsupported", feature=f"SANE frame {layout.frame}")
    if layout.depth != 8:  # noqa: PLR2004 - bits per sample
        raise ScannerError("scan.unsupported", feature=f"{layout.depth} bit")
    rows_fit = layout.lines is None or layout.lines <= MAX_SIDE_PX
    if not 0 < layout.width_px <= MAX_SIDE_PX or not rows_fit:
        raise ScannerError("scan.page_wrong")
    if layout.bytes_per_line < layout.width_px * samples:
        raise ScannerError("scan.driver_error", code="sane-layout")
    return samples


def _frame(
    device: SaneDevice, request: ScanRequest, stop: Stop, frame_bytes: int
) -> Iterator[memoryview]:
    """The bytes of one frame, up to its end, which should come after `frame_bytes`.

    Raises:
        ScannerError: `scan.stalled` when the driver keeps answering 'good' without any byte.
    """
    silence_s = silence_limits(request)[2]
    heard = time.monotonic()
    total = 0
    while True:
        if total and total == frame_bytes:
            stop.wait(READER_LEAVES_S)
        status, data = device.read()
        if stop.now:
            raise ScannerError("scan.cancelled")
        if status == Status.EOF:
            return
        if status != Status.GOOD:
            # The paper left the feeder inside a page: this page is lost, not the stack ended.
            raise trouble(status, "read", {Status.NO_DOCS: "scan.page_truncated"})
        if data:
            heard = time.monotonic()
            total += len(data)
            yield data
        elif time.monotonic() - heard > silence_s:
            raise ScannerError("scan.stalled")
        else:
            stop.wait(IDLE_S)


class _Rows:
    """Whole rows out of a stream of bytes, without the padding some backends add to each."""

    def __init__(self, bytes_per_line: int, useful: int) -> None:
        self._bytes_per_line = bytes_per_line
        self._useful = useful
        self._rest = bytearray()
        self.total = 0

    @property
    def left(self) -> int:
        """Bytes of a row that is not whole."""
        return len(self._rest)

    def cut(self, data: memoryview) -> bytearray:
        """The useful bytes of the rows that became whole."""
        self.total += len(data)
        self._rest += data
        whole = len(self._rest) // self._bytes_per_line * self._bytes_per_line
        ready = self._rest[:whole]
        del self._rest[:whole]
        if self._useful == self._bytes_per_line:
            return ready
        step = self._bytes_per_line
        return bytearray().join(ready[at : at + self._useful] for at in range(0, whole, step))
