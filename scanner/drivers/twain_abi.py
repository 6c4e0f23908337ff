"""The C interface of TWAIN as seen by ctypes: structures, codes, and what codes mean.

Structures are packed to two bytes on Windows and Linux alike.
Source: TWAIN specification 2.5, chapters 4 (technical implementation), 8 (data types and
structures), 10 (capabilities), 11 (return and condition codes); twain.h 2.5.
"""

from __future__ import annotations

import ctypes as c
from enum import IntEnum
from typing import ClassVar, Final

from scanner.errors import ScannerError

DG_CONTROL: Final = 1
DG_IMAGE: Final = 2
DF_DSM2: Final = 0x10000000
DF_APP2: Final = 0x20000000
DF_DS2: Final = 0x40000000

TWON_ARRAY: Final = 3
TWON_ENUMERATION: Final = 4
TWON_ONEVALUE: Final = 5
TWON_RANGE: Final = 6
TWON_DONTCARE16: Final = 0xFFFF
APP_OWNS_POINTER: Final = 0x0001 | 0x0008
"""TWMF_APPOWNS and TWMF_POINTER."""

XFERMECH_MEMORY: Final = 2
COMPRESSION_NONE: Final = 0
UNITS_INCHES: Final = 0
PIXEL_BW: Final = 0
PIXEL_GRAY: Final = 1
PIXEL_RGB: Final = 2
FLAVOR_CHOCOLATE: Final = 0
SIZE_A4: Final = 1
SIZE_NONE: Final = 0
ALL_IMAGES: Final = -1
BLANKS_KEPT: Final = -2
DOUBLE_FEED_STOP: Final = 0
AUTOSIZE_NONE: Final = 0
DEVICE_DOUBLE_FEED: Final = 12
DEVICE_JAM: Final = 13


class Dat(IntEnum):
    """Data argument types."""

    NULL = 0x0000
    CAPABILITY = 0x0001
    EVENT = 0x0002
    IDENTITY = 0x0003
    PARENT = 0x0004
    PENDINGXFERS = 0x0005
    SETUPMEMXFER = 0x0006
    STATUS = 0x0008
    USERINTERFACE = 0x0009
    DEVICEEVENT = 0x000D
    CALLBACK = 0x0010
    IMAGEINFO = 0x0101
    IMAGELAYOUT = 0x0102
    IMAGEMEMXFER = 0x0103
    ENTRYPOINT = 0x0403


class Msg(IntEnum):
    """Messages."""

    GET = 0x0001
    GETCURRENT = 0x0002
    GETFIRST = 0x0004
    GETNEXT = 0x0005
    SET = 0x0006
    RESET = 0x0007
    XFERREADY = 0x0101
    CLOSEDSREQ = 0x0102
    CLOSEDSOK = 0x0103
    DEVICEEVENT = 0x0104
    OPENDSM = 0x0301
    CLOSEDSM = 0x0302
    OPENDS = 0x0401
    CLOSEDS = 0x0402
    DISABLEDS = 0x0501
    ENABLEDS = 0x0502
    PROCESSEVENT = 0x0601
    ENDXFER = 0x0701
    REGISTER_CALLBACK = 0x0902


class Cap(IntEnum):
    """Capabilities."""

    XFERCOUNT = 0x0001
    COMPRESSION = 0x0100
    PIXELTYPE = 0x0101
    UNITS = 0x0102
    XFERMECH = 0x0103
    FEEDERENABLED = 0x1002
    FEEDERLOADED = 0x1003
    AUTOFEED = 0x1007
    INDICATORS = 0x100B
    PAPERDETECTABLE = 0x100D
    UICONTROLLABLE = 0x100E
    DUPLEX = 0x1012
    DUPLEXENABLED = 0x1013
    DEVICEEVENT = 0x1022
    DOUBLEFEEDDETECTION = 0x103F
    DOUBLEFEEDDETECTIONRESPONSE = 0x1042
    XRESOLUTION = 0x1118
    YRESOLUTION = 0x1119
    PIXELFLAVOR = 0x111F
    SUPPORTEDSIZES = 0x1122
    BITDEPTH = 0x112B
    UNDEFINEDIMAGESIZE = 0x112D
    AUTODISCARDBLANKPAGES = 0x1134
    AUTOMATICBORDERDETECTION = 0x1150
    AUTOMATICDESKEW = 0x1151
    AUTOSIZE = 0x1156


class Kind(IntEnum):
    """TWTY_: types of items."""

    INT8 = 0
    INT16 = 1
    INT32 = 2
    UINT8 = 3
    UINT16 = 4
    UINT32 = 5
    BOOL = 6
    FIX32 = 7


class Rc(IntEnum):
    """Return codes."""

    SUCCESS = 0
    FAILURE = 1
    CHECKSTATUS = 2
    CANCEL = 3
    DSEVENT = 4
    NOTDSEVENT = 5
    XFERDONE = 6
    ENDOFLIST = 7
    BUSY = 10
    SCANNERLOCKED = 11


class Cc(IntEnum):
    """Condition codes."""

    BUMMER = 1
    NODS = 3
    MAXCONNECTIONS = 4
    BADCAP = 6
    BADVALUE = 10
    CAPUNSUPPORTED = 13
    CAPBADOPERATION = 14
    CAPSEQERROR = 15
    DENIED = 16
    PAPERJAM = 20
    PAPERDOUBLEFEED = 21
    CHECKDEVICEONLINE = 23
    INTERLOCK = 24
    NOMEDIA = 29


SLUGS: Final = {
    Cc.NODS: "scan.no_device",
    Cc.MAXCONNECTIONS: "scan.busy",
    Cc.BADCAP: "scan.unsupported",
    Cc.BADVALUE: "scan.unsupported",
    Cc.CAPUNSUPPORTED: "scan.unsupported",
    Cc.CAPBADOPERATION: "scan.unsupported",
    Cc.CAPSEQERROR: "scan.unsupported",
    Cc.DENIED: "scan.access_denied",
    Cc.PAPERJAM: "scan.jam",
    Cc.PAPERDOUBLEFEED: "scan.double_feed",
    Cc.CHECKDEVICEONLINE: "scan.offline",
    Cc.INTERLOCK: "scan.cover_open",
    Cc.NOMEDIA: "scan.no_docs",
}


class TwainError(Exception):
    """A triplet failed with this return code and, when asked, this condition."""

    def __init__(self, phase: str, rc: int, condition: int) -> None:
        super().__init__(f"{phase}: {rc}, {condition}")
        self.phase, self.rc, self.condition = phase, rc, condition

    @property
    def trouble(self) -> ScannerError:
        """The error by its slug; the numbers are kept in the code."""
        if self.rc == Rc.CANCEL:
            return ScannerError("scan.cancelled")
        if self.rc in {Rc.BUSY, Rc.SCANNERLOCKED}:
            return ScannerError("scan.busy", code=f"twain-{self.phase}-rc{self.rc}")
        known = {int(condition): slug for condition, slug in SLUGS.items()}
        slug = known.get(self.condition, "scan.driver_error")
        if slug == "scan.unsupported":
            return ScannerError(slug, feature=f"TWAIN {self.phase}")
        return ScannerError(slug, code=f"twain-{self.phase}-{self.condition}")


class Packed(c.Structure):
    """What all TWAIN structures have in common."""

    _pack_ = 2


class Fix32(Packed):
    """TW_FIX32."""

    _fields_: ClassVar = [("whole", c.c_int16), ("fraction", c.c_uint16)]


class Frame(Packed):
    """TW_FRAME."""

    _fields_: ClassVar = [("left", Fix32), ("top", Fix32), ("right", Fix32), ("bottom", Fix32)]


class Version(Packed):
    """TW_VERSION."""

    _fields_: ClassVar = [
        ("major", c.c_uint16),
        ("minor", c.c_uint16),
        ("language", c.c_uint16),
        ("country", c.c_uint16),
        ("info", c.c_char * 34),
    ]


class Identity(Packed):
    """TW_IDENTITY."""

    _fields_: ClassVar = [
        ("id", c.c_uint32),
        ("version", Version),
        ("protocol_major", c.c_uint16),
        ("protocol_minor", c.c_uint16),
        ("groups", c.c_uint32),
        ("manufacturer", c.c_char * 34),
        ("family", c.c_char * 34),
        ("name", c.c_char * 34),
    ]


class Capability(Packed):
    """TW_CAPABILITY."""

    _fields_: ClassVar = [
        ("cap", c.c_uint16),
        ("container", c.c_uint16),
        ("handle", c.c_void_p),
    ]


class OneValue(Packed):
    """TW_ONEVALUE."""

    _fields_: ClassVar = [("kind", c.c_uint16), ("item", c.c_uint32)]


class ArrayHead(Packed):
    """TW_ARRAY before its items."""

    _fields_: ClassVar = [("kind", c.c_uint16), ("count", c.c_uint32)]


class EnumerationHead(Packed):
    """TW_ENUMERATION before its items."""

    _fields_: ClassVar = [
        ("kind", c.c_uint16),
        ("count", c.c_uint32),
        ("current", c.c_uint32),
        ("default", c.c_uint32),
    ]


class Range(Packed):
    """TW_RANGE."""

    _fields_: ClassVar = [
        ("kind", c.c_uint16),
        ("least", c.c_uint32),
        ("most", c.c_uint32),
        ("step", c.c_uint32),
        ("default", c.c_uint32),
        ("current", c.c_uint32),
    ]


class ImageInfo(Packed):
    """TW_IMAGEINFO."""

    _fields_: ClassVar = [
        ("x_resolution", Fix32),
        ("y_resolution", Fix32),
        ("width", c.c_int32),
        ("length", c.c_int32),
        ("samples", c.c_int16),
        ("sample_bits", c.c_int16 * 8),
        ("bits", c.c_int16),
        ("planar", c.c_uint16),
        ("pixel_type", c.c_int16),
        ("compression", c.c_uint16),
    ]


class ImageLayout(Packed):
    """TW_IMAGELAYOUT."""

    _fields_: ClassVar = [
        ("frame", Frame),
        ("document", c.c_uint32),
        ("page", c.c_uint32),
        ("frame_number", c.c_uint32),
    ]


class Memory(Packed):
    """TW_MEMORY."""

    _fields_: ClassVar = [("flags", c.c_uint32), ("length", c.c_uint32), ("data", c.c_void_p)]


class MemXfer(Packed):
    """TW_IMAGEMEMXFER."""

    _fields_: ClassVar = [
        ("compression", c.c_uint16),
        ("bytes_per_row", c.c_uint32),
        ("columns", c.c_uint32),
        ("rows", c.c_uint32),
        ("x_offset", c.c_uint32),
        ("y_offset", c.c_uint32),
        ("bytes_written", c.c_uint32),
        ("memory", Memory),
    ]


class SetupMemXfer(Packed):
    """TW_SETUPMEMXFER."""

    _fields_: ClassVar = [
        ("least", c.c_uint32),
        ("most", c.c_uint32),
        ("preferred", c.c_uint32),
    ]


class PendingXfers(Packed):
    """TW_PENDINGXFERS."""

    _fields_: ClassVar = [("count", c.c_uint16), ("end_of_job", c.c_uint32)]


class Status(Packed):
    """TW_STATUS."""

    _fields_: ClassVar = [("condition", c.c_uint16), ("data", c.c_uint16)]


class UserInterface(Packed):
    """TW_USERINTERFACE."""

    _fields_: ClassVar = [("show", c.c_uint16), ("modal", c.c_uint16), ("parent", c.c_void_p)]


class Callback(Packed):
    """TW_CALLBACK."""

    _fields_: ClassVar = [
        ("procedure", c.c_void_p),
        ("reference", c.c_uint32),
        ("message", c.c_int16),
    ]


class Event(Packed):
    """TW_EVENT."""

    _fields_: ClassVar = [("event", c.c_void_p), ("message", c.c_uint16)]


class DeviceEvent(Packed):
    """TW_DEVICEEVENT."""

    _fields_: ClassVar = [
        ("event", c.c_uint32),
        ("device", c.c_char * 256),
        ("battery_minutes", c.c_uint32),
        ("battery_percentage", c.c_int16),
        ("power_supply", c.c_int32),
        ("x_resolution", Fix32),
        ("y_resolution", Fix32),
        ("flash", c.c_uint32),
        ("automatic_capture", c.c_uint32),
        ("before_first", c.c_uint32),
        ("between", c.c_uint32),
    ]


class EntryPoint(Packed):
    """TW_ENTRYPOINT."""

    _fields_: ClassVar = [
        ("size", c.c_uint32),
        ("entry", c.c_void_p),
        ("allocate", c.c_void_p),
        ("free", c.c_void_p),
        ("lock", c.c_void_p),
        ("unlock", c.c_void_p),
    ]


def fix32(value: float) -> int:
    """The four bytes of a TW_FIX32 as one number: whole part low, 65536ths high."""
    whole, fraction = divmod(round(value * 65536), 65536)
    return (whole & 0xFFFF) | fraction << 16


def from_item(kind: int, raw: int) -> float:
    """The number in an item of that type."""
    if kind == Kind.FIX32:
        return c.c_int16(raw & 0xFFFF).value + (raw >> 16) / 65536
    if kind in {Kind.INT8, Kind.INT16, Kind.INT32}:
        narrow = {Kind.INT8: c.c_int8, Kind.INT16: c.c_int16, Kind.INT32: c.c_int32}
        return narrow[Kind(kind)](raw).value
    return raw


ITEM_BYTES: Final = {
    Kind.INT8: 1,
    Kind.UINT8: 1,
    Kind.INT16: 2,
    Kind.UINT16: 2,
    Kind.BOOL: 2,
    Kind.INT32: 4,
    Kind.UINT32: 4,
    Kind.FIX32: 4,
}
