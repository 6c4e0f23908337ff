"""The names of WIA 2.0 this program uses: properties, values, results, and what results mean.

Source: wiadef.h of the Windows SDK; winerror.h; Microsoft Learn, 'WIA Properties' and 'Error
Codes (WIA)'. Where the page of error codes and the header differ the header is right, and both
numbers are understood: the page prints the header's decimal 16, 17, 20, 21 as if they were
hexadecimal.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag
from typing import Final

from scanner.errors import ScannerError


class Prop(IntEnum):
    """Property ids; those of a scanner item carry the header's WIA_IPS_ and WIA_IPA_ names."""

    DEV_ID = 2
    VEND_DESC = 3
    DEV_TYPE = 5
    DEV_NAME = 7
    DOCUMENT_HANDLING_CAPABILITIES = 3086
    DOCUMENT_HANDLING_STATUS = 3087
    DOCUMENT_HANDLING_SELECT = 3088
    PAGES = 3096
    PAGE_SIZE = 3097
    AUTO_DESKEW = 3107
    DATATYPE = 4103
    DEPTH = 4104
    FORMAT = 4106
    BLANK_PAGES = 4167
    MULTI_FEED = 4168
    AUTO_CROP = 4170
    XRES = 6147
    YRES = 6148
    XPOS = 6149
    YPOS = 6150
    XEXTENT = 6151
    YEXTENT = 6152


SCANNER_TYPE: Final = 1
"""High word of WIA_DIP_DEV_TYPE: StiDeviceTypeScanner."""
ALL_PAGES: Final = 0
PAGE_CUSTOM: Final = 2
DATA_THRESHOLD: Final = 0
DATA_GRAYSCALE: Final = 2
DATA_COLOR: Final = 3
BLANK_PAGE_DETECTION_DISABLED: Final = 0
AUTO_CROP_DISABLED: Final = 0
AUTO_DESKEW_OFF: Final = 1
MULTI_FEED_DETECT_DISABLED: Final = 0
MULTI_FEED_DETECT_STOP_ERROR: Final = 1

FORMAT_BMP: Final = "b96b3cab-0728-11d3-9d7b-0000f81ef32e"
FORMAT_JPEG: Final = "b96b3cae-0728-11d3-9d7b-0000f81ef32e"
CATEGORY_FLATBED: Final = "fb607b1f-43f3-488b-855b-fb703ec342a6"
CATEGORY_FEEDER: Final = "fe131934-f84c-42ad-8da4-6129cddd7288"


class Handling(IntFlag):
    """WIA_DPS_DOCUMENT_HANDLING_SELECT and _CAPABILITIES flags."""

    DUP = 0x004
    DUPLEX = 0x004
    FRONT_FIRST = 0x008
    FRONT_ONLY = 0x020
    DETECT_FEED = 0x020


class FeederStatus(IntFlag):
    """WIA_DPS_DOCUMENT_HANDLING_STATUS flags, as far as they tell why a transfer ended."""

    FEED_READY = 0x001
    FLAT_COVER_UP = 0x008
    PATH_COVER_UP = 0x010
    PAPER_JAM = 0x020
    MULTIPLE_FEED = 0x200


class Msg(IntEnum):
    """WIA_TRANSFER_MSG_: what IWiaTransferCallback::TransferCallback is told."""

    STATUS = 1
    END_OF_STREAM = 2
    END_OF_TRANSFER = 3
    DEVICE_STATUS = 5


S_OK: Final = 0
S_FALSE: Final = 1
E_ACCESSDENIED: Final = 0x80070005
E_INVALIDARG: Final = 0x80070057
RPC_E_DISCONNECTED: Final = 0x80010108
RPC_SERVER_UNAVAILABLE: Final = 0x800706BA
RPC_CALL_FAILED: Final = 0x800706BE


def wia_error(code: int) -> int:
    """MAKE_HRESULT(SEVERITY_ERROR, FACILITY_WIA, code)."""
    return 0x80210000 | code


PAPER_JAM: Final = wia_error(2)
PAPER_EMPTY: Final = wia_error(3)
PAPER_PROBLEM: Final = wia_error(4)
OFFLINE: Final = wia_error(5)
BUSY: Final = wia_error(6)
WARMING_UP: Final = wia_error(7)
ITEM_DELETED: Final = wia_error(9)
DEVICE_COMMUNICATION: Final = wia_error(10)
DEVICE_LOCKED: Final = wia_error(13)
COVER_OPEN: Final = wia_error(16)
COVER_OPEN_AS_PRINTED: Final = wia_error(0x16)
MULTI_FEED: Final = wia_error(20)
MULTI_FEED_AS_PRINTED: Final = wia_error(0x20)
NO_DEVICE_AVAILABLE: Final = wia_error(21)

SLUGS: Final = {
    PAPER_JAM: "scan.jam",
    PAPER_EMPTY: "scan.no_docs",
    PAPER_PROBLEM: "scan.mispick",
    OFFLINE: "scan.offline",
    BUSY: "scan.busy",
    WARMING_UP: "scan.warming_up",
    ITEM_DELETED: "scan.offline",
    DEVICE_COMMUNICATION: "scan.link_lost",
    DEVICE_LOCKED: "scan.busy",
    COVER_OPEN: "scan.cover_open",
    COVER_OPEN_AS_PRINTED: "scan.cover_open",
    MULTI_FEED: "scan.double_feed",
    MULTI_FEED_AS_PRINTED: "scan.double_feed",
    NO_DEVICE_AVAILABLE: "scan.no_device",
    E_ACCESSDENIED: "scan.access_denied",
    RPC_E_DISCONNECTED: "scan.link_lost",
    RPC_SERVER_UNAVAILABLE: "scan.link_lost",
    RPC_CALL_FAILED: "scan.link_lost",
}

STATUS_SLUGS: Final = {
    FeederStatus.MULTIPLE_FEED: "scan.double_feed",
    FeederStatus.PATH_COVER_UP: "scan.cover_open",
    FeederStatus.PAPER_JAM: "scan.jam",
}
"""FLAT_COVER_UP is not among them: a raised lid does not hinder the feeder."""


def failed(hresult: int) -> bool:
    """Whether the result is an error, as the macro FAILED says."""
    return bool(hresult & 0x80000000)


def slug_of(hresult: int) -> str:
    """The trouble a result names; `scan.driver_error` for one that names none."""
    return SLUGS.get(hresult & 0xFFFFFFFF, "scan.driver_error")


def trouble(hresult: int, phase: str) -> ScannerError:
    """The error for a failed result; its number is kept in the code."""
    return ScannerError(slug_of(hresult), code=f"wia-{phase}-{hresult & 0xFFFFFFFF:08x}")
