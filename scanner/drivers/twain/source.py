"""Scanners with a TWAIN 2 source.

Not tried on real devices: no Windows machine took part. Everything here runs against a stand-in
manager compiled from C that answers as the specification says; the hidden window of older sources
was never run at all. Images come by memory transfer, strip by strip, without any window shown.
A source answers one thread only, so a stop takes effect between two strips; a source that hangs
inside one is left to the parent, which ends the host.
Source: TWAIN specification 2.5.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from scanner.drivers.source import (
    Delivered,
    DriverEvent,
    Numbering,
    Stop,
    concluded,
    silence_limits,
)
from scanner.drivers.twain.abi import ImageInfo, MemXfer
from scanner.drivers.twain.caps import Capabilities, configure, offered_dpi
from scanner.drivers.twain.names import (
    COMPRESSION_NONE,
    PIXEL_BW,
    PIXEL_GRAY,
    PIXEL_RGB,
    Cap,
    Cc,
    TwainError,
)
from scanner.drivers.twain.session import Session, texts
from scanner.errors import ScannerError, strongest
from scanner.images.jpeg_strips import MAX_SIDE_PX, StripEncoder
from scanner.images.lineart import LineartEncoder
from scanner.images.raw_rows import RowCutter, as_they_are, inverted
from scanner.images.validate import ImageFacts, size_flags
from scanner.model import Device, ScanRequest, SideBegin, SideChunk
from scanner.wire import Opened, Progress

if TYPE_CHECKING:
    from collections.abc import Iterator

_BITS: Final = {PIXEL_BW: 1, PIXEL_GRAY: 8, PIXEL_RGB: 24}


class TwainSource:
    """Every source the TWAIN manager knows; not tried on real devices."""

    def devices(self) -> tuple[Device, ...]:
        """The sources installed; one that cannot be opened is listed without details."""
        with suppress(ScannerError):
            session = Session()
            try:
                names = [texts(source) for source in session.sources()]
            finally:
                session.unwind()
            return tuple(_described(vendor, name) for vendor, name in names)
        return ()

    def scan(self, request: ScanRequest, stop: Stop) -> Iterator[DriverEvent]:
        """The sides of one pass over the source named in the request, and why it ended.

        Raises:
            ScannerError: The pass could not begin.
        """
        session = Session()
        try:
            session.open(request.device_id.removeprefix("twain:"))
            caps = configure(session, request)
            if request.source == "feeder" and _sees_paper(caps) is False:
                raise ScannerError("scan.no_docs")
            yield Opened()
            yield from concluded(_Pass(session, caps, request, stop).events())
        finally:
            session.unwind()


def _described(vendor: str, name: str) -> Device:
    sources: tuple[str, ...] = ()
    dpi: tuple[int, ...] = ()
    duplex = False
    with suppress(ScannerError):
        session = Session()
        try:
            session.open(name)
            caps = Capabilities(session)
            feeder = caps.offered(Cap.FEEDERENABLED)[0]
            has_feeder = any(feeder) or bool(caps.current(Cap.PAPERDETECTABLE))
            has_glass = not feeder or not all(feeder)
            sources = ("feeder",) * has_feeder + ("flatbed",) * has_glass
            duplex = has_feeder and bool(caps.current(Cap.DUPLEX))
            dpi = offered_dpi(caps)
        finally:
            session.unwind()
    return Device(f"twain:{name}", "twain", vendor, name, "", "", sources, dpi, duplex)


def _sees_paper(caps: Capabilities) -> bool | None:
    """Whether paper lies in the feeder, None when the feeder cannot tell."""
    if not caps.current(Cap.PAPERDETECTABLE):
        return None
    loaded = caps.current(Cap.FEEDERLOADED)
    return None if loaded is None else bool(loaded)


IDLE_S: Final = 0.005


class _Pass:
    """One enabled source as sides."""

    def __init__(
        self, session: Session, caps: Capabilities, request: ScanRequest, stop: Stop
    ) -> None:
        self._session = session
        self._caps = caps
        self._request = request
        self._stop = stop
        self._numbers = Numbering(request)
        self._begun = False

    def events(self) -> Iterator[DriverEvent]:
        """The sides, up to the end of the paper.

        Raises:
            ScannerError: Why it did not end with the paper.
        """
        try:
            self._session.enable()
            self._wait_ready()
            more = True
            while more:
                self._stop.check(sheet_open=self._numbers.sheet_open)
                yield from self._side()
                self._begun = False
                # The glass holds one sheet, whatever count a source gives for it.
                more = bool(self._session.end_image()) and self._request.source == "feeder"
        except TwainError as error:
            self._judge(error)
        if self._request.source == "feeder" and _sees_paper(self._caps):
            raise ScannerError("scan.ended_with_paper")

    def _judge(self, error: TwainError) -> None:
        """A failure becomes its trouble; an empty feeder between two sides is the end.

        Of several signals the strongest counts: a double feed may also be felt as a jam.

        Raises:
            ScannerError: The trouble.
        """
        trouble, signals = error.trouble, self._session.signals()
        if error.condition == Cc.NOMEDIA and not signals:
            if self._begun:
                raise ScannerError("scan.page_truncated") from error
            if self._numbers.sides:
                return
        if trouble.slug == "scan.driver_error" or signals:
            raise ScannerError(strongest((*signals, trouble.slug)), **trouble.params) from error
        raise trouble from error

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + silence_limits(self._request)[0]
        while not self._session.ready():
            if self._stop.now:
                raise ScannerError("scan.cancelled")
            if time.monotonic() > deadline:
                raise ScannerError("scan.stalled")

    def _side(self) -> Iterator[DriverEvent]:
        info = self._session.image()
        length = info.length if info.length > 0 else None
        encoder = _encoder(info, length, self._request)
        begin: SideBegin | None = None
        raw_bytes = 0
        for strip, data in self._heard_strips():
            if self._stop.now:
                raise ScannerError("scan.cancelled")
            if begin is None:
                begin = self._numbers.begin()
                self._begun = True
                yield begin
            _check(info, strip, encoder.rows)
            raw_bytes += len(data)
            sent = False
            for part in encoder.feed(_cutter(info, strip).cut(data)):
                sent = True
                yield SideChunk(begin.seq, part)
            if not sent:
                yield Progress(begin.seq, raw_bytes)
        if begin is None:
            raise ScannerError("scan.page_empty")
        for part in encoder.finish():
            yield SideChunk(begin.seq, part)
        if length not in {None, encoder.rows}:
            raise ScannerError("scan.page_truncated")
        said = round(info.x_resolution.whole + info.x_resolution.fraction / 65536)
        media = "image/png" if info.pixel_type == PIXEL_BW else "image/jpeg"
        facts = ImageFacts(media, info.width, encoder.rows, said or None)
        flags = size_flags(facts, self._request.page_px(), self._request.dpi)
        yield Delivered(facts.media, facts.width_px, facts.height_px, flags)

    def _heard_strips(self) -> Iterator[tuple[MemXfer, memoryview]]:
        """The strips; a source that answers without bytes for too long is not waited for.

        Raises:
            ScannerError: `scan.stalled`.
        """
        silence_s = silence_limits(self._request)[2]
        heard = time.monotonic()
        for strip, data in self._session.strips():
            if len(data):
                yield strip, data
                # The time our reader took for these bytes was no silence of the device.
                heard = time.monotonic()
            elif time.monotonic() - heard > silence_s:
                raise ScannerError("scan.stalled")
            else:
                self._stop.wait(IDLE_S)


def _encoder(
    info: ImageInfo, length: int | None, request: ScanRequest
) -> StripEncoder | LineartEncoder:
    """What encodes the image.

    Raises:
        ScannerError: `scan.unsupported` for another kind, `scan.page_wrong` for no size.
    """
    bits = _BITS.get(info.pixel_type)
    if bits is None or info.bits != bits or info.planar or info.compression != COMPRESSION_NONE:
        raise ScannerError("scan.unsupported", feature=f"TWAIN {request.mode}")
    if not 0 < info.width <= MAX_SIDE_PX or info.length > MAX_SIDE_PX or not info.length:
        raise ScannerError("scan.page_wrong")
    if info.pixel_type == PIXEL_BW:
        return LineartEncoder(width_px=info.width, height_px=length, dpi=request.dpi)
    samples = 3 if info.pixel_type == PIXEL_RGB else 1
    return StripEncoder(width_px=info.width, samples=samples, height_px=length, dpi=request.dpi)


def _cutter(info: ImageInfo, strip: MemXfer) -> RowCutter:
    useful = -(-info.width * info.bits // 8)
    if strip.bytes_per_row < useful:
        raise ScannerError("scan.driver_error", code="twain-layout")
    # TWPF_CHOCOLATE: nought is black.
    convert = inverted if info.pixel_type == PIXEL_BW else as_they_are
    return RowCutter(strip.bytes_per_row, useful, convert)


def _check(info: ImageInfo, strip: MemXfer, rows: int) -> None:
    """A strip is whole rows of the image, not a tile of it, and the image has an end."""
    if rows > MAX_SIDE_PX:
        raise ScannerError("scan.page_wrong")
    if strip.x_offset or strip.columns != info.width:
        raise ScannerError("scan.unsupported", feature="TWAIN tiles")
    if strip.bytes_written != strip.rows * strip.bytes_per_row:
        raise ScannerError("scan.driver_error", code="twain-layout")
