"""The C interface of libsane as seen by ctypes: structures, codes, prototypes.

Source: SANE standard version 1.06, chapter 4 (types, option descriptors, operations).
"""

from __future__ import annotations

import ctypes as c
from enum import IntEnum, IntFlag
from functools import lru_cache
from typing import ClassVar, Final

from scanner.errors import ScannerError

LIBRARIES: Final = ("libsane.so.1", "libsane.1.dylib")


class Status(IntEnum):
    """SANE_Status."""

    GOOD = 0
    UNSUPPORTED = 1
    CANCELLED = 2
    DEVICE_BUSY = 3
    INVAL = 4
    EOF = 5
    JAMMED = 6
    NO_DOCS = 7
    COVER_OPEN = 8
    IO_ERROR = 9
    NO_MEM = 10
    ACCESS_DENIED = 11
    WARMING_UP = 12
    HW_LOCKED = 13


class ValueType(IntEnum):
    """SANE_Value_Type."""

    BOOL = 0
    INT = 1
    FIXED = 2
    STRING = 3
    BUTTON = 4
    GROUP = 5


class Unit(IntEnum):
    """SANE_Unit, as far as it is used here."""

    NONE = 0
    PIXEL = 1
    MM = 3


class Cap(IntFlag):
    """Capability bits of an option."""

    SOFT_SELECT = 1
    SOFT_DETECT = 4
    INACTIVE = 32


class Constraint(IntEnum):
    """SANE_Constraint_Type."""

    NONE = 0
    RANGE = 1
    WORD_LIST = 2
    STRING_LIST = 3


class Frame(IntEnum):
    """SANE_Frame."""

    GRAY = 0
    RGB = 1
    RED = 2
    GREEN = 3
    BLUE = 4


class Info(IntFlag):
    """What setting an option changed beside it."""

    INEXACT = 1
    RELOAD_OPTIONS = 2
    RELOAD_PARAMS = 4


class CDevice(c.Structure):
    """SANE_Device."""

    _fields_: ClassVar = [
        ("name", c.c_char_p),
        ("vendor", c.c_char_p),
        ("model", c.c_char_p),
        ("type", c.c_char_p),
    ]


class CRange(c.Structure):
    """SANE_Range."""

    _fields_: ClassVar = [("min", c.c_int), ("max", c.c_int), ("quant", c.c_int)]


class CConstraint(c.Union):
    """The constraint pointer of an option."""

    _fields_: ClassVar = [
        ("strings", c.POINTER(c.c_char_p)),
        ("words", c.POINTER(c.c_int)),
        ("range", c.POINTER(CRange)),
    ]


class COption(c.Structure):
    """SANE_Option_Descriptor."""

    _fields_: ClassVar = [
        ("name", c.c_char_p),
        ("title", c.c_char_p),
        ("desc", c.c_char_p),
        ("type", c.c_int),
        ("unit", c.c_int),
        ("size", c.c_int),
        ("cap", c.c_int),
        ("constraint_type", c.c_int),
        ("constraint", CConstraint),
    ]


class CParameters(c.Structure):
    """SANE_Parameters."""

    _fields_: ClassVar = [
        ("format", c.c_int),
        ("last_frame", c.c_int),
        ("bytes_per_line", c.c_int),
        ("pixels_per_line", c.c_int),
        ("lines", c.c_int),
        ("depth", c.c_int),
    ]


_PROTOTYPES: Final[dict[str, tuple[object, list[object]]]] = {
    "sane_init": (c.c_int, [c.POINTER(c.c_int), c.c_void_p]),
    "sane_get_devices": (c.c_int, [c.POINTER(c.POINTER(c.POINTER(CDevice))), c.c_int]),
    "sane_open": (c.c_int, [c.c_char_p, c.POINTER(c.c_void_p)]),
    "sane_close": (None, [c.c_void_p]),
    "sane_get_option_descriptor": (c.POINTER(COption), [c.c_void_p, c.c_int]),
    "sane_control_option": (
        c.c_int,
        [c.c_void_p, c.c_int, c.c_int, c.c_void_p, c.POINTER(c.c_int)],
    ),
    "sane_get_parameters": (c.c_int, [c.c_void_p, c.POINTER(CParameters)]),
    "sane_start": (c.c_int, [c.c_void_p]),
    "sane_read": (c.c_int, [c.c_void_p, c.c_void_p, c.c_int, c.POINTER(c.c_int)]),
    "sane_cancel": (None, [c.c_void_p]),
}


@lru_cache(maxsize=1)
def library() -> c.CDLL:
    """libsane, loaded and initialised once in this process; it is never asked to exit.

    Backends are known to crash in sane_exit; the end of the process frees everything as well.

    Raises:
        ScannerError: `scan.unsupported` when the library is not installed.
    """
    for name in LIBRARIES:
        try:
            lib = c.CDLL(name)
        except OSError:
            continue
        for function, (result, arguments) in _PROTOTYPES.items():
            entry = getattr(lib, function)
            entry.restype, entry.argtypes = result, arguments
        version = c.c_int()
        if lib.sane_init(c.byref(version), None) != Status.GOOD:
            raise ScannerError("scan.driver_error", code="sane-init")
        return lib
    raise ScannerError("scan.unsupported", feature="SANE")
