"""The names of TWAIN this program uses: triplets, capabilities, values, and what codes mean.

Source: TWAIN specification 2.5, chapters 7 (triplets), 8 (data types), 10 (capabilities), 11
(return and condition codes); twain.h 2.5.
"""

from __future__ import annotations

import ctypes as c
from enum import IntEnum
from typing import Final

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
