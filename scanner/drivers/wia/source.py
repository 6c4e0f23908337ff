"""Scanners with a WIA 2.0 driver: Windows' own way to them.

Not tried on real devices: no Windows machine took part. Everything here runs against a stand-in
that replays the results Microsoft documents; the border to COM itself is `com`.
WIA pushes: one blocking call feeds the whole stack and writes each side into a stream we hand
out. It runs in a thread of its own, and a short queue between makes a slow reader slow the feeder.
Source: Microsoft Learn, 'IWiaTransfer', 'WIA transfer constants', 'WIA Properties'; wiadef.h.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from scanner.drivers.source import (
    Delivered,
    DriverEvent,
    Numbering,
    Stop,
    concluded,
    resolutions,
    silence_limits,
)
from scanner.drivers.wia.bmp import BmpSide
from scanner.drivers.wia.names import (
    ALL_PAGES,
    AUTO_CROP_DISABLED,
    AUTO_DESKEW_OFF,
    BLANK_PAGE_DETECTION_DISABLED,
    DATA_COLOR,
    DATA_GRAYSCALE,
    DATA_THRESHOLD,
    E_INVALIDARG,
    FORMAT_BMP,
    FORMAT_JPEG,
    MULTI_FEED_DETECT_DISABLED,
    MULTI_FEED_DETECT_STOP_ERROR,
    PAGE_CUSTOM,
    PAPER_EMPTY,
    S_FALSE,
    STATUS_SLUGS,
    FeederStatus,
    Handling,
    Prop,
    failed,
    slug_of,
    trouble,
)
from scanner.drivers.wia.port import WiaDevice, WiaError, WiaItem, WiaManager
from scanner.drivers.wia.transfer import Begun, Closed, Done, Transfer
from scanner.errors import ScannerError, strongest
from scanner.images.validate import TOLERANCE, ImageFacts, ImageProof, size_flags
from scanner.model import Device, ScanRequest, SideBegin, SideChunk
from scanner.wire import Opened, Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAX_JPEG_BYTES: Final = 256 << 20
_DATATYPES: Final = {"color": DATA_COLOR, "gray": DATA_GRAYSCALE, "lineart": DATA_THRESHOLD}
_DEPTHS: Final = {"color": 24, "gray": 8, "lineart": 1}


def system_manager() -> WiaManager:
    """The device manager of this Windows.

    Raises:
        ScannerError: `scan.unsupported` elsewhere.
    """
    if sys.platform != "win32":
        raise ScannerError("scan.unsupported", feature="WIA")
    from scanner.drivers.wia.com import ComManager  # noqa: PLC0415 - COM is on Windows only

    return ComManager()


class WiaSource:
    """Every scanner WIA lists; not tried on real devices."""

    def __init__(self, manager: Callable[[], WiaManager] | None = None) -> None:
        self._manager = manager or system_manager

    def devices(self) -> tuple[Device, ...]:
        """The scanners WIA knows now; one that cannot be opened is listed without details."""
        with suppress(ScannerError, WiaError):
            manager = self._manager()
            return tuple(
                _described(manager, entry.id, entry.vendor, entry.name)
                for entry in manager.entries()
            )
        return ()

    def scan(self, request: ScanRequest, stop: Stop) -> Iterator[DriverEvent]:
        """The sides of one pass over the device named in the request, and why it ended.

        A stop after the sheet cancels the transfer at the next one: WIA knows no gentler way, and
        a sheet the feeder holds already may lie in its path.

        Raises:
            ScannerError: The pass could not begin.
        """
        try:
            device = self._manager().open(request.device_id.removeprefix("wia:"))
        except WiaError as error:
            raise trouble(error.hresult, "open") from error
        try:
            item = _configured(device, request)
            transfer = Transfer(item, stop)
            stop.on_now(transfer.end)
            yield Opened()
            transfer.start()
            try:
                yield from concluded(_Pass(device, transfer, request, stop).events())
            finally:
                stop.on_now(None)
                transfer.close()
        finally:
            device.close()


def _described(manager: WiaManager, device_id: str, vendor: str, name: str) -> Device:
    sources: tuple[str, ...] = ()
    dpi: tuple[int, ...] = ()
    duplex = False
    with suppress(WiaError):
        device = manager.open(device_id)
        try:
            parts = (("feeder", device.feeder), ("flatbed", device.flatbed))
            sources = tuple(source for source, item in parts if item is not None)
            can = device.root.get(Prop.DOCUMENT_HANDLING_CAPABILITIES)
            duplex = device.feeder is not None and bool(_number(can) & Handling.DUP)
            item = device.feeder or device.flatbed
            dpi = _offered_dpi(item) if item is not None else ()
        finally:
            device.close()
    return Device(f"wia:{device_id}", "wia", vendor, name, "", "", sources, dpi, duplex)


def _offered_dpi(item: WiaItem) -> tuple[int, ...]:
    offer = item.offer(Prop.XRES)
    return resolutions((value for value in offer.values if isinstance(value, int)), offer.span)


def _number(value: int | str | None) -> int:
    return value if isinstance(value, int) else 0


def _configured(device: WiaDevice, request: ScanRequest) -> WiaItem:
    """The item to scan from, set anew: another program may have left it otherwise."""
    item = device.feeder if request.source == "feeder" else device.flatbed
    if item is None:
        raise ScannerError("scan.unsupported", feature=request.source)
    if request.source == "feeder":
        _choose_sides(item, duplex=request.duplex)
        _wish(item, Prop.PAGES, ALL_PAGES)
        if item.get(Prop.PAGES) not in {None, ALL_PAGES}:
            raise ScannerError("scan.unsupported", feature="WIA_IPS_PAGES")
        _choose_multifeed(item, stop=request.multifeed == "stop")
    _choose_format(item)
    _need(item, Prop.DATATYPE, _DATATYPES[request.mode], request.mode)
    _wish(item, Prop.DEPTH, _DEPTHS[request.mode])
    for prop in (Prop.XRES, Prop.YRES):
        _need(item, prop, request.dpi, f"{request.dpi} dpi")
    _wish(item, Prop.PAGE_SIZE, PAGE_CUSTOM)
    for prop, pixels in zip((Prop.XEXTENT, Prop.YEXTENT), request.page_px(), strict=True):
        _choose_extent(item, prop, pixels)
    # What leaves sheets out or changes their size would break the count and the proof of size.
    _wish(item, Prop.BLANK_PAGES, BLANK_PAGE_DETECTION_DISABLED)
    _wish(item, Prop.AUTO_CROP, AUTO_CROP_DISABLED)
    _wish(item, Prop.AUTO_DESKEW, AUTO_DESKEW_OFF)
    return item


def _wish(item: WiaItem, prop: Prop, value: int) -> None:
    """The property has the value if the device has it and takes it."""
    if item.get(prop) not in {None, value}:
        with suppress(WiaError):
            item.set(prop, value)


def _need(item: WiaItem, prop: Prop, value: int, feature: str) -> None:
    """The property has the value, within the tolerance of sizes."""
    try:
        item.set(prop, value)
    except WiaError as error:
        if error.hresult != E_INVALIDARG:
            raise trouble(error.hresult, "set") from error
        raise ScannerError("scan.unsupported", feature=feature) from error
    if abs(_number(item.get(prop)) - value) > value * TOLERANCE:
        raise ScannerError("scan.unsupported", feature=feature)


def _choose_sides(item: WiaItem, *, duplex: bool) -> None:
    asked = (Handling.DUPLEX | Handling.FRONT_FIRST, Handling.DUPLEX)
    for value in asked if duplex else (Handling.FRONT_ONLY,):
        with suppress(WiaError):
            item.set(Prop.DOCUMENT_HANDLING_SELECT, int(value))
        taken = bool(_number(item.get(Prop.DOCUMENT_HANDLING_SELECT)) & Handling.DUPLEX)
        if taken == duplex:
            return
    raise ScannerError("scan.unsupported", feature="duplex" if duplex else "simplex")


def _choose_multifeed(item: WiaItem, *, stop: bool) -> None:
    """WIA_MULTI_FEED_DETECT_DISABLED is what every driver starts with."""
    value = MULTI_FEED_DETECT_STOP_ERROR if stop else MULTI_FEED_DETECT_DISABLED
    _wish(item, Prop.MULTI_FEED, value)


def _choose_format(item: WiaItem) -> None:
    offered = item.offer(Prop.FORMAT).values
    for name in (FORMAT_BMP, FORMAT_JPEG):
        if not offered or name in offered:
            with suppress(WiaError):
                item.set(Prop.FORMAT, name)
                return
    raise ScannerError("scan.unsupported", feature="WIA_IPA_FORMAT")


def _choose_extent(item: WiaItem, prop: Prop, pixels: int) -> None:
    start = Prop.XPOS if prop == Prop.XEXTENT else Prop.YPOS
    _wish(item, start, 0)
    span = item.offer(prop).span
    value = pixels if span is None else min(pixels, span[1])
    if value < pixels * (1 - TOLERANCE):
        raise ScannerError("scan.unsupported", feature=f"{pixels} px")
    _need(item, prop, value, f"{pixels} px")


class _Pass:
    """One transfer as sides."""

    def __init__(
        self, device: WiaDevice, transfer: Transfer, request: ScanRequest, stop: Stop
    ) -> None:
        self._device = device
        self._transfer = transfer
        self._request = request
        self._stop = stop
        self._numbers = Numbering(request)
        self._side: _Side | None = None
        # A stream that ended without a whole image: what follows says why.
        self._broken: ScannerError | None = None

    def events(self) -> Iterator[DriverEvent]:
        """The sides, up to the end of the transfer.

        Raises:
            ScannerError: Why the transfer did not end with the paper.
        """
        while True:
            item = self._transfer.next(self._silence_s())
            if isinstance(item, Done):
                yield from self._ended(item)
                return
            if isinstance(item, Begun):
                yield from self._close_side()
                if self._broken is not None:
                    raise self._broken
                self._stop.check(sheet_open=self._numbers.sheet_open)
                self._side = _Side(self._request)
            elif isinstance(item, Closed):
                yield from self._close_side()
            elif self._side is not None and item:
                yield from self._take(self._side, item)

    def _silence_s(self) -> float:
        first_s, later_s, inside_s = silence_limits(self._request)
        if self._side is not None and self._side.begin is not None:
            return inside_s
        return later_s if self._numbers.sides else first_s

    def _take(self, side: _Side, data: bytes) -> Iterator[DriverEvent]:
        # Some drivers ask for a stream before they look whether there is paper.
        if side.begin is None:
            side.begin = self._numbers.begin()
            yield side.begin
        sent = False
        for part in side.feed(data):
            sent = True
            yield SideChunk(side.begin.seq, part)
        if not sent:
            yield Progress(side.begin.seq, side.raw_bytes)

    def _close_side(self) -> Iterator[DriverEvent]:
        side, self._side = self._side, None
        if side is None:
            return
        if side.begin is None:
            self._broken = ScannerError("scan.page_empty")
            return
        try:
            for part in side.finish():
                yield SideChunk(side.begin.seq, part)
            facts, flags = side.prove()
        except ScannerError as error:
            self._broken = error
            return
        yield Delivered(facts.media, facts.width_px, facts.height_px, flags)

    def _ended(self, done: Done) -> Iterator[DriverEvent]:
        empty = done.hresult == PAPER_EMPTY
        if not failed(done.hresult) or empty:
            yield from self._close_side()
        if self._stop.now:
            raise ScannerError("scan.cancelled")
        hollow = self._broken is not None and self._broken.slug == "scan.page_empty"
        if done.hresult == E_INVALIDARG:
            raise ScannerError("scan.unsupported", feature="WIA 2.0")
        told = [hresult for hresult in (*done.signals, done.hresult) if failed(hresult)]
        slugs = [slug_of(hresult) for hresult in told if hresult != PAPER_EMPTY]
        status = self._status()
        slugs += [slug for flag, slug in STATUS_SLUGS.items() if status & flag]
        if slugs:
            # A double feed may raise the flag of a jam as well, and what has a name tells more.
            named = [slug for slug in slugs if slug != "scan.driver_error"]
            code = f"wia-transfer-{done.hresult:08x}"
            raise ScannerError(strongest(named or slugs), code=code)
        if done.hresult == S_FALSE:
            # The device's own button ended the transfer.
            raise ScannerError("scan.cancelled")
        if self._broken is not None and not (empty and hollow and self._numbers.sides):
            raise trouble(PAPER_EMPTY, "transfer") if empty and hollow else self._broken
        if empty and not self._numbers.sides:
            raise trouble(PAPER_EMPTY, "transfer")
        if not empty and status & FeederStatus.FEED_READY:
            raise ScannerError("scan.ended_with_paper")

    def _status(self) -> int:
        """What the feeder says of itself; FEED_READY only where it can see its paper."""
        if self._request.source != "feeder":
            return 0
        root = self._device.root
        status = _number(root.get(Prop.DOCUMENT_HANDLING_STATUS))
        seen = _number(root.get(Prop.DOCUMENT_HANDLING_CAPABILITIES)) & Handling.DETECT_FEED
        return status if seen else status & ~FeederStatus.FEED_READY


class _Side:
    """The bytes of one stream: a bitmap to be encoded, or a JPEG kept as it is."""

    def __init__(self, request: ScanRequest) -> None:
        self._request = request
        self._bitmap: BmpSide | None = None
        self._proof: ImageProof | None = None
        self.begin: SideBegin | None = None
        self.raw_bytes = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        if self._bitmap is None and self._proof is None:
            if data[:1] == b"B":
                self._bitmap = BmpSide(self._request.dpi, self._request.page_px())
            else:
                self._proof = ImageProof(MAX_JPEG_BYTES)
        self.raw_bytes += len(data)
        if self._bitmap is not None:
            yield from self._bitmap.feed(data)
        elif self._proof is not None:
            self._proof.feed(data)
            yield data

    def finish(self) -> Iterator[bytes]:
        if self._bitmap is not None:
            yield from self._bitmap.finish()

    def prove(self) -> tuple[ImageFacts, tuple[str, ...]]:
        request = self._request
        if self._proof is not None:
            return self._proof.prove(request.page_px(), request.dpi)
        facts = self._bitmap.facts if self._bitmap is not None else None
        if facts is None:
            raise ScannerError("scan.page_truncated")
        return facts, size_flags(facts, request.page_px(), request.dpi)
