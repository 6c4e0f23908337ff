"""The structures of TWAIN as seen by ctypes, packed to two bytes on Windows and Linux alike.

Source: TWAIN specification 2.5, chapters 4 (technical implementation) and 8 (structures);
twain.h 2.5.
"""

from __future__ import annotations

import ctypes as c
from typing import ClassVar


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
