"""Capabilities of an open TWAIN source: read, asked for, and made what a pass needs.

Source: TWAIN specification 2.5, chapters 9 and 10.
"""

from __future__ import annotations

import ctypes as c
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from scanner.drivers.source import resolutions
from scanner.drivers.twain.abi import (
    ArrayHead,
    Capability,
    EnumerationHead,
    Fix32,
    ImageLayout,
    OneValue,
    Range,
)
from scanner.drivers.twain.names import (
    ALL_IMAGES,
    AUTOSIZE_NONE,
    BLANKS_KEPT,
    COMPRESSION_NONE,
    DEVICE_DOUBLE_FEED,
    DEVICE_JAM,
    DOUBLE_FEED_STOP,
    FLAVOR_CHOCOLATE,
    ITEM_BYTES,
    PIXEL_BW,
    PIXEL_GRAY,
    PIXEL_RGB,
    SIZE_A4,
    SIZE_NONE,
    TWON_ARRAY,
    TWON_ENUMERATION,
    TWON_ONEVALUE,
    TWON_RANGE,
    UNITS_INCHES,
    XFERMECH_MEMORY,
    Cap,
    Dat,
    Kind,
    Msg,
    Rc,
    TwainError,
    fix32,
    from_item,
)
from scanner.errors import ScannerError
from scanner.images.validate import TOLERANCE
from scanner.model import MM_PER_INCH, ScanRequest

if TYPE_CHECKING:
    from scanner.drivers.twain.session import Session

A4_MM: Final = (210, 297)
MAX_ITEMS: Final = 4096
_PIXELS: Final = {"color": PIXEL_RGB, "gray": PIXEL_GRAY, "lineart": PIXEL_BW}
_DEPTHS: Final = {"color": 24, "gray": 8, "lineart": 1}


class Capabilities:
    """What an open source can and is told to do."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._dsm = session.dsm

    def current(self, cap: Cap) -> float | None:
        """The present value, None when the source does not know the capability."""
        for msg in (Msg.GETCURRENT, Msg.GET):
            values = self._read(cap, msg)
            if values is not None and values[0]:
                return values[0][0]
        return None

    def offered(self, cap: Cap) -> tuple[tuple[float, ...], tuple[float, float] | None]:
        """The values a capability takes, or least and greatest of a range."""
        read = self._read(cap, Msg.GET)
        return (read[0], read[1]) if read is not None else ((), None)

    def set(self, cap: Cap, kind: Kind, value: float) -> None:
        """The source takes the value, or one of its own near it (CHECKSTATUS).

        Raises:
            TwainError: It refuses.
        """
        raw = fix32(value) if kind == Kind.FIX32 else int(value) & 0xFFFFFFFF
        if kind in {Kind.INT16, Kind.UINT16, Kind.BOOL}:
            raw &= 0xFFFF
        self._put(cap, TWON_ONEVALUE, bytes(OneValue(kind, raw)))

    def set_list(self, cap: Cap, values: tuple[int, ...]) -> None:
        """The source takes these TW_UINT16 values together.

        Raises:
            TwainError: It refuses.
        """
        items = struct.pack(f"={len(values)}H", *values)
        self._put(cap, TWON_ARRAY, bytes(ArrayHead(Kind.UINT16, len(values))) + items)

    def wish(self, cap: Cap, kind: Kind, value: float) -> None:
        """The source takes the value if it knows the capability."""
        with suppress(TwainError):
            self.set(cap, kind, value)

    def need(self, cap: Cap, kind: Kind, value: float, feature: str) -> None:
        """The source takes the value, within the tolerance of sizes.

        Raises:
            ScannerError: `scan.unsupported` when it does not.
        """
        try:
            self.set(cap, kind, value)
        except TwainError as error:
            if error.trouble.slug != "scan.unsupported":
                raise error.trouble from error
            # A source may know one value only and refuse every setting.
            if self.current(cap) != value:
                raise ScannerError("scan.unsupported", feature=feature) from error
        taken = self.current(cap)
        if taken is None or abs(taken - value) > abs(value) * TOLERANCE:
            raise ScannerError("scan.unsupported", feature=feature)

    def _put(self, cap: Cap, container: int, data: bytes) -> None:
        handle = self._dsm.put(data)
        capability = Capability(cap, container, handle)
        try:
            good = (Rc.SUCCESS, Rc.CHECKSTATUS)
            self._dsm.ask(self._session.source, Dat.CAPABILITY, Msg.SET, capability, good=good)
        finally:
            self._dsm.free(handle)

    def _read(
        self, cap: Cap, msg: Msg
    ) -> tuple[tuple[float, ...], tuple[float, float] | None] | None:
        capability = Capability(cap, 0xFFFF, None)
        try:
            self._dsm.ask(self._session.source, Dat.CAPABILITY, msg, capability)
        except TwainError:
            return None
        handle = int(capability.handle or 0)
        if not handle:
            return None
        container = int(capability.container)
        try:
            return self._dsm.look(handle, lambda address: _parsed(container, address))
        finally:
            self._dsm.free(handle)


def _parsed(container: int, address: int) -> tuple[tuple[float, ...], tuple[float, float] | None]:
    """Values, the present one first, or a range with its present value as the only one."""
    if container == TWON_ONEVALUE:
        one = OneValue.from_address(address)
        width = ITEM_BYTES.get(one.kind, 4)
        return (from_item(one.kind, one.item & (1 << 8 * width) - 1),), None
    if container == TWON_RANGE:
        span = Range.from_address(address)
        values = [from_item(span.kind, raw) for raw in (span.current, span.least, span.most)]
        return (values[0],), (values[1], values[2])
    head: ArrayHead | EnumerationHead
    if container == TWON_ENUMERATION:
        head = EnumerationHead.from_address(address)
    elif container == TWON_ARRAY:
        head = ArrayHead.from_address(address)
    else:
        return (), None
    width = ITEM_BYTES.get(head.kind, 0)
    count = min(head.count, MAX_ITEMS)
    data = c.string_at(address + c.sizeof(head), count * width)
    raws = (
        int.from_bytes(data[at : at + width], "little") for at in range(0, len(data), width or 1)
    )
    items = tuple(from_item(head.kind, raw) for raw in raws)
    now = head.current if isinstance(head, EnumerationHead) else 0
    return (*items[now : now + 1], *items[:now], *items[now + 1 :]), None


def configure(session: Session, request: ScanRequest) -> Capabilities:
    """The open source is told everything anew, in the order the specification's chapter 10 asks.

    Raises:
        ScannerError: `scan.unsupported` for what it cannot do.
    """
    caps = Capabilities(session)
    # Without this a source may show a window of its own, which nobody at a counter could close.
    caps.wish(Cap.INDICATORS, Kind.BOOL, 0)
    caps.need(Cap.XFERMECH, Kind.UINT16, XFERMECH_MEMORY, "TWSX_MEMORY")
    caps.need(Cap.XFERCOUNT, Kind.INT16, ALL_IMAGES, "CAP_XFERCOUNT")
    _choose_source(caps, request)
    caps.need(Cap.PIXELTYPE, Kind.UINT16, _PIXELS[request.mode], request.mode)
    caps.wish(Cap.BITDEPTH, Kind.UINT16, _DEPTHS[request.mode])
    if request.mode == "lineart":
        caps.wish(Cap.PIXELFLAVOR, Kind.UINT16, FLAVOR_CHOCOLATE)
    caps.wish(Cap.COMPRESSION, Kind.UINT16, COMPRESSION_NONE)
    caps.wish(Cap.UNITS, Kind.UINT16, UNITS_INCHES)
    for cap in (Cap.XRESOLUTION, Cap.YRESOLUTION):
        caps.need(cap, Kind.FIX32, request.dpi, f"{request.dpi} dpi")
    # What leaves sheets out or changes their size would break the count and the proof of size.
    caps.wish(Cap.AUTODISCARDBLANKPAGES, Kind.INT32, BLANKS_KEPT)
    caps.wish(Cap.AUTOMATICBORDERDETECTION, Kind.BOOL, 0)
    caps.wish(Cap.AUTOMATICDESKEW, Kind.BOOL, 0)
    caps.wish(Cap.AUTOSIZE, Kind.UINT16, AUTOSIZE_NONE)
    caps.wish(Cap.UNDEFINEDIMAGESIZE, Kind.BOOL, 0)
    _choose_size(session, caps, request)
    _choose_multifeed(caps, stop=request.multifeed == "stop")
    with suppress(TwainError):
        caps.set_list(Cap.DEVICEEVENT, (DEVICE_DOUBLE_FEED, DEVICE_JAM))
    return caps


def _choose_source(caps: Capabilities, request: ScanRequest) -> None:
    if request.source == "flatbed":
        caps.wish(Cap.FEEDERENABLED, Kind.BOOL, 0)
        if caps.current(Cap.FEEDERENABLED):
            raise ScannerError("scan.unsupported", feature="flatbed")
        return
    caps.need(Cap.FEEDERENABLED, Kind.BOOL, 1, "feeder")
    caps.wish(Cap.AUTOFEED, Kind.BOOL, 1)
    if request.duplex:
        caps.need(Cap.DUPLEXENABLED, Kind.BOOL, 1, "duplex")
    else:
        caps.wish(Cap.DUPLEXENABLED, Kind.BOOL, 0)
        if caps.current(Cap.DUPLEXENABLED):
            raise ScannerError("scan.unsupported", feature="simplex")


def _choose_size(session: Session, caps: Capabilities, request: ScanRequest) -> None:
    """A4 by its name where the page is A4, and the exact frame on top of it."""
    a4 = tuple(round(side) for side in request.page_mm) == A4_MM
    caps.wish(Cap.SUPPORTEDSIZES, Kind.UINT16, SIZE_A4 if a4 else SIZE_NONE)
    layout = ImageLayout()
    width, height = (fix32(side / MM_PER_INCH) for side in request.page_mm)
    for edge, raw in ((layout.frame.right, width), (layout.frame.bottom, height)):
        c.memmove(c.addressof(edge), struct.pack("=I", raw), c.sizeof(Fix32))
    layout.document = layout.page = layout.frame_number = 0xFFFFFFFF
    good = (Rc.SUCCESS, Rc.CHECKSTATUS)
    try:
        session.dsm.ask(session.source, Dat.IMAGELAYOUT, Msg.SET, layout, good=good)
    except TwainError as error:
        if not a4:
            raise ScannerError("scan.unsupported", feature="TWAIN frame") from error


def _choose_multifeed(caps: Capabilities, *, stop: bool) -> None:
    """Every way of detection the source offers, or none of them."""
    offered = tuple(int(value) for value in caps.offered(Cap.DOUBLEFEEDDETECTION)[0])
    wanted = offered if stop else ()
    try:
        caps.set_list(Cap.DOUBLEFEEDDETECTION, wanted)
    except TwainError:
        if wanted:
            caps.wish(Cap.DOUBLEFEEDDETECTION, Kind.UINT16, wanted[0])
    if stop and offered:
        with suppress(TwainError):
            caps.set_list(Cap.DOUBLEFEEDDETECTIONRESPONSE, (DOUBLE_FEED_STOP,))


def offered_dpi(caps: Capabilities) -> tuple[int, ...]:
    """Resolutions in ascending order; empty when the source does not tell."""
    return resolutions(*caps.offered(Cap.XRESOLUTION))
