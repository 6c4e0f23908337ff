"""COM by ctypes alone: calls through a table of methods, and objects of ours that others call.

An interface pointer points to a pointer to a table of functions, each taking the interface pointer
first; the first three are those of IUnknown. On Windows the convention is stdcall; elsewhere C, so
that the same code can be tried there.
Source: Microsoft, 'The Component Object Model'; objidlbase.h (IStream), propidlbase.h
(PROPVARIANT, PROPSPEC), guiddef.h.
"""

from __future__ import annotations

import ctypes as c
import sys
from typing import TYPE_CHECKING, ClassVar, Final
from uuid import UUID

from scanner.drivers.wia.port import WiaError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

if sys.platform == "win32":
    FUNCTION = c.WINFUNCTYPE
else:
    FUNCTION = c.CFUNCTYPE

S_OK: Final = 0
E_NOINTERFACE: Final = 0x80004002
E_NOTIMPL: Final = 0x80004001
E_FAIL: Final = 0x80004005
STG_E_INVALIDFUNCTION: Final = 0x80030001
STGTY_STREAM: Final = 2
IID_IUNKNOWN: Final = UUID("00000000-0000-0000-c000-000000000046")
IID_ISEQUENTIALSTREAM: Final = UUID("0c733a30-2a1c-11ce-ade5-00aa0044773d")
IID_ISTREAM: Final = UUID("0000000c-0000-0000-c000-000000000046")

_QUERY_INTERFACE: Final = 0
_RELEASE: Final = 2


def guid(value: UUID) -> c.Array[c.c_ubyte]:
    """The 16 bytes of a GUID structure."""
    return (c.c_ubyte * 16)(*value.bytes_le)


class Counted(c.Structure):
    """CAL, CAUL, CACLSID: a counted vector in a PROPVARIANT."""

    _fields_: ClassVar = [("count", c.c_uint32), ("items", c.c_void_p)]


class VariantValue(c.Union):
    """The part of PROPVARIANT that holds the value."""

    _fields_: ClassVar = [("number", c.c_int32), ("pointer", c.c_void_p), ("vector", Counted)]


class Variant(c.Structure):
    """PROPVARIANT, as far as WIA uses it."""

    _fields_: ClassVar = [
        ("type", c.c_uint16),
        ("reserved", c.c_uint16 * 3),
        ("value", VariantValue),
    ]


class SpecValue(c.Union):
    """The part of PROPSPEC that holds the id."""

    _fields_: ClassVar = [("id", c.c_uint32), ("name", c.c_void_p)]


class Spec(c.Structure):
    """PROPSPEC; kind 1 is PRSPEC_PROPID."""

    _fields_: ClassVar = [("kind", c.c_uint32), ("value", SpecValue)]


class StreamFacts(c.Structure):
    """STATSTG."""

    _fields_: ClassVar = [
        ("name", c.c_void_p),
        ("type", c.c_uint32),
        ("size", c.c_uint64),
        ("times", c.c_uint64 * 3),
        ("mode", c.c_uint32),
        ("locks", c.c_uint32),
        ("class_id", c.c_ubyte * 16),
        ("state", c.c_uint32),
        ("reserved", c.c_uint32),
    ]


def call(this: int | None, slot: int, *arguments: tuple[object, object]) -> int:
    """The result, as an unsigned number, of the method in that slot; arguments are (type, value).

    Raises:
        WiaError: The result is a failure, or there is no such object.
    """
    if not this:
        raise WiaError(E_FAIL)
    table = c.cast(this, c.POINTER(c.POINTER(c.c_void_p)))[0]
    kinds = [kind for kind, _ in arguments]
    method = FUNCTION(c.c_int32, c.c_void_p, *kinds)(table[slot] or 0)  # type: ignore[arg-type]
    result = int(method(this, *(value for _, value in arguments))) & 0xFFFFFFFF
    if result & 0x80000000:
        raise WiaError(result)
    return result


def query(this: int | None, iid: UUID) -> int:
    """Another interface of the same object; it must be released.

    Raises:
        WiaError: It has none.
    """
    out = c.c_void_p()
    call(this, _QUERY_INTERFACE, (c.c_void_p, guid(iid)), (c.c_void_p, c.byref(out)))
    return out.value or 0


def release(this: int | None) -> None:
    """One hold on the object is given back."""
    if this:
        table = c.cast(this, c.POINTER(c.POINTER(c.c_void_p)))[0]
        FUNCTION(c.c_uint32, c.c_void_p)(table[_RELEASE] or 0)(this)


class ComObject:
    """An object of ours, for others to call.

    `methods` follow the three of IUnknown: argument types and the function, which takes the
    arguments and returns an HRESULT. It lives as long as Python holds it, whatever others count.
    """

    def __init__(
        self,
        iids: Sequence[UUID],
        methods: Sequence[tuple[Sequence[object], Callable[..., int]]],
    ) -> None:
        self._iids = {iid.bytes_le for iid in (IID_IUNKNOWN, *iids)}
        self._count = 1
        unknown: list[tuple[Sequence[object], Callable[..., int]]] = [
            ((c.c_void_p, c.c_void_p), self._query_interface),
            ((), self._add_ref),
            ((), self._release),
        ]
        self._functions = [
            FUNCTION(c.c_int32, c.c_void_p, *kinds)(_signed(function))  # type: ignore[arg-type]
            for kinds, function in (*unknown, *methods)
        ]
        addresses = [c.cast(function, c.c_void_p).value for function in self._functions]
        self._table = (c.c_void_p * len(addresses))(*addresses)
        self._pointer = c.c_void_p(c.addressof(self._table))

    @property
    def this(self) -> int:
        """The interface pointer."""
        return c.addressof(self._pointer)

    def _query_interface(self, iid: int, out: int) -> int:
        place = c.cast(out, c.POINTER(c.c_void_p))
        if c.string_at(iid, 16) not in self._iids:
            place[0] = None
            return E_NOINTERFACE
        place[0] = self.this
        self._add_ref()
        return S_OK

    def _add_ref(self) -> int:
        self._count += 1
        return self._count

    def _release(self) -> int:
        self._count -= 1
        return self._count


def _signed(function: Callable[..., int]) -> Callable[..., int]:
    """The function as a method that never lets an exception out into foreign code."""

    def method(_this: int, *arguments: object) -> int:
        try:
            result = function(*arguments)
        except Exception:  # noqa: BLE001 - foreign code calls; it only understands a result
            result = E_FAIL
        return c.c_int32(result & 0xFFFFFFFF).value

    return method


class WriteStream(ComObject):
    """An IStream that can be written from its start to its end, and nothing else.

    `write` takes the bytes and returns an HRESULT.
    """

    def __init__(self, write: Callable[[bytes], int]) -> None:
        self._write = write
        self._at = 0
        pointer, u32, u64 = c.c_void_p, c.c_uint32, c.c_uint64
        refused: Callable[..., int] = lambda *_: E_NOTIMPL  # noqa: E731 - six empty slots
        super().__init__(
            (IID_ISEQUENTIALSTREAM, IID_ISTREAM),
            (
                ((pointer, u32, pointer), refused),
                ((pointer, u32, pointer), self._written),
                ((c.c_int64, u32, pointer), self._seek),
                ((u64,), lambda _: S_OK),
                ((pointer, u64, pointer, pointer), refused),
                ((u32,), lambda _: S_OK),
                ((), refused),
                ((u64, u64, u32), refused),
                ((u64, u64, u32), refused),
                ((pointer, u32), self._stat),
                ((pointer,), refused),
            ),
        )

    def _written(self, data: int, size: int, out: int | None) -> int:
        result = self._write(c.string_at(data, size)) if size else S_OK
        taken = size if result == S_OK else 0
        self._at += taken
        if out:
            c.cast(out, c.POINTER(c.c_uint32))[0] = taken
        return result if result == S_OK else E_FAIL

    def _seek(self, move: int, origin: int, out: int | None) -> int:
        target = move if origin == 0 else self._at + move
        if target != self._at:
            return STG_E_INVALIDFUNCTION
        if out:
            c.cast(out, c.POINTER(c.c_uint64))[0] = self._at
        return S_OK

    def _stat(self, out: int, _flags: int) -> int:
        c.memset(out, 0, c.sizeof(StreamFacts))
        facts = c.cast(out, c.POINTER(StreamFacts)).contents
        facts.type, facts.size = STGTY_STREAM, self._at
        return S_OK
