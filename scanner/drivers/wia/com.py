"""WIA 2.0 itself: the border of `port` over COM.

Not tried on real devices, and never run on Windows; the objects we hand to WIA are tried on their
own through `com_abi`.
Source: wia_lh.idl of the Windows SDK (order of methods, interface ids), wiadef.h; Microsoft Learn,
'IWiaDevMgr2', 'IWiaItem2', 'IWiaPropertyStorage', 'IWiaTransfer'.
"""

from __future__ import annotations

import ctypes as c
from contextlib import suppress
from typing import ClassVar, Final
from uuid import UUID

from scanner.drivers.wia import names as wia_names
from scanner.drivers.wia.com_abi import (
    E_FAIL,
    S_OK,
    ComObject,
    Spec,
    Variant,
    WriteStream,
    call,
    guid,
    query,
    release,
)
from scanner.drivers.wia.names import Prop
from scanner.drivers.wia.port import Offer, Receiver, WiaEntry, WiaError, WiaItem

CLSID_WIA_DEV_MGR2: Final = UUID("b6c292bc-7c88-41ee-8b54-8ec92617e599")
IID_DEV_MGR2: Final = UUID("79c07cf1-cbdd-41ee-8ec3-f00080cada7a")
IID_PROPERTY_STORAGE: Final = UUID("98b5e8a0-29cc-491a-aac0-e6db4fdcceb6")
IID_TRANSFER: Final = UUID("c39d6942-2f4e-4d04-92fe-4ef4d3a1de5a")
IID_TRANSFER_CALLBACK: Final = UUID("27d4eaaf-28a6-4ca5-9aab-e678168b9527")

_MULTITHREADED: Final = 0
_LOCAL_SERVER: Final = 4
_ENUM_LOCAL: Final = 0x10
_BY_ID: Final = 1
_RANGE: Final = 0x10
_LIST: Final = 0x20
# Methods by their place behind IUnknown's three.
_ENUM_DEVICE_INFO, _CREATE_DEVICE = 3, 4
_NEXT: Final = 3
_READ_MULTIPLE, _WRITE_MULTIPLE, _GET_ATTRIBUTES = 3, 4, 15
_ENUM_CHILD_ITEMS, _GET_CATEGORY = 5, 7
_DOWNLOAD, _CANCEL = 3, 5
# VARENUM
_VT_I4, _VT_BSTR, _VT_UI4, _VT_CLSID, _VT_VECTOR = 3, 8, 19, 72, 0x1000


class _Params(c.Structure):
    """WiaTransferParams."""

    _fields_: ClassVar = [
        ("message", c.c_int32),
        ("percent", c.c_int32),
        ("bytes", c.c_uint64),
        ("status", c.c_int32),
    ]


def _dll(name: str) -> c.CDLL:
    try:
        return c.CDLL(name)  # on x64 there is one convention; the 32-bit host is TWAIN's alone
    except OSError as error:
        raise WiaError(E_FAIL) from error


def _join_apartment() -> None:
    """This thread may use COM objects of every other thread that said the same."""
    _dll("ole32").CoInitializeEx(None, _MULTITHREADED)


class _Text:
    """A BSTR for the time of one call."""

    def __init__(self, text: str) -> None:
        self._oleaut = _dll("oleaut32")
        self._oleaut.SysAllocString.restype = c.c_void_p
        self._oleaut.SysAllocString.argtypes = [c.c_wchar_p]
        self._oleaut.SysFreeString.argtypes = [c.c_void_p]
        self.pointer: int = self._oleaut.SysAllocString(text)

    def free(self) -> None:
        self._oleaut.SysFreeString(self.pointer)


class ComManager:
    """IWiaDevMgr2.

    Raises:
        WiaError: This Windows has no WIA 2.0, or its service does not run.
    """

    def __init__(self) -> None:
        _join_apartment()
        out = c.c_void_p()
        result = _dll("ole32").CoCreateInstance(
            guid(CLSID_WIA_DEV_MGR2), None, _LOCAL_SERVER, guid(IID_DEV_MGR2), c.byref(out)
        )
        if result & 0x80000000:
            raise WiaError(result)
        self._this = out.value

    def entries(self) -> tuple[WiaEntry, ...]:
        """Every local scanner; cameras are left out."""
        found: list[WiaEntry] = []
        for this in _each(self._this, _ENUM_DEVICE_INFO, (c.c_int32, _ENUM_LOCAL)):
            item = ComItem(this, this)
            kind = item.get(Prop.DEV_TYPE)
            if isinstance(kind, int) and kind >> 16 == wia_names.SCANNER_TYPE:
                texts = (item.get(prop) for prop in (Prop.DEV_ID, Prop.VEND_DESC, Prop.DEV_NAME))
                found.append(WiaEntry(*(str(text or "") for text in texts)))
            release(this)
        return tuple(found)

    def open(self, device_id: str) -> ComDevice:
        """The root item of the device and the items of glass and feeder."""
        text = _Text(device_id)
        out = c.c_void_p()
        try:
            call(
                self._this,
                _CREATE_DEVICE,
                (c.c_int32, 0),
                (c.c_void_p, text.pointer),
                (c.c_void_p, c.byref(out)),
            )
        finally:
            text.free()
        return ComDevice(out.value or 0)


class ComDevice:
    """An open device."""

    def __init__(self, root: int) -> None:
        self._held = [root]
        self.root: WiaItem = self._item(root)
        self.feeder: WiaItem | None = None
        self.flatbed: WiaItem | None = None
        for this in _each(root, _ENUM_CHILD_ITEMS, (c.c_void_p, None)):
            self._held.append(this)
            raw = (c.c_ubyte * 16)()
            call(this, _GET_CATEGORY, (c.c_void_p, raw))
            category = str(UUID(bytes_le=bytes(raw)))
            if category == wia_names.CATEGORY_FEEDER:
                self.feeder = self._item(this)
            elif category == wia_names.CATEGORY_FLATBED:
                self.flatbed = self._item(this)

    def _item(self, this: int) -> ComItem:
        storage = query(this, IID_PROPERTY_STORAGE)
        self._held.append(storage)
        return ComItem(this, storage)

    def close(self) -> None:
        """Every item and its storage is given back."""
        while self._held:
            release(self._held.pop())


def _each(this: int | None, method: int, argument: tuple[object, object]) -> list[int]:
    """Every object of the enumerator that `method` of `this` gives."""
    out = c.c_void_p()
    call(this, method, argument, (c.c_void_p, c.byref(out)))
    found: list[int] = []
    one, fetched = c.c_void_p(), c.c_uint32()
    arguments = ((c.c_uint32, 1), (c.c_void_p, c.byref(one)), (c.c_void_p, c.byref(fetched)))
    while call(out.value, _NEXT, *arguments) == S_OK and fetched.value and one.value:
        found.append(one.value)
    release(out.value)
    return found


class ComItem:
    """IWiaItem2 with its IWiaPropertyStorage and IWiaTransfer."""

    def __init__(self, this: int, storage: int) -> None:
        self._this = this
        self._storage = storage
        self._transfer: int | None = None

    def get(self, prop: Prop) -> int | str | None:
        """The value; None when the item has no such property."""
        spec, variant = _spec(prop), Variant()
        with suppress(WiaError):
            result = call(
                self._storage,
                _READ_MULTIPLE,
                (c.c_uint32, 1),
                (c.c_void_p, c.byref(spec)),
                (c.c_void_p, c.byref(variant)),
            )
            return _taken(variant) if result == S_OK else None
        return None

    def offer(self, prop: Prop) -> Offer:
        """The list or range of the property; a list starts with its length and default."""
        spec, variant, flags = _spec(prop), Variant(), c.c_uint32()
        with suppress(WiaError):
            call(
                self._storage,
                _GET_ATTRIBUTES,
                (c.c_uint32, 1),
                (c.c_void_p, c.byref(spec)),
                (c.c_void_p, c.byref(flags)),
                (c.c_void_p, c.byref(variant)),
            )
            values = _vector(variant)
            _dll("ole32").PropVariantClear(c.byref(variant))
            if flags.value & _RANGE and len(values) > 2:  # noqa: PLR2004 - least, usual, most
                return Offer(span=(int(values[0]), int(values[2])))
            if flags.value & _LIST:
                return Offer(values=values[2:])
        return Offer()

    def set(self, prop: Prop, value: int | str) -> None:
        """The value is taken."""
        spec, variant = _spec(prop), Variant()
        if isinstance(value, str):
            held = guid(UUID(value))
            variant.type, variant.value.pointer = _VT_CLSID, c.addressof(held)
        else:
            variant.type, variant.value.number = _VT_I4, value
        call(
            self._storage,
            _WRITE_MULTIPLE,
            (c.c_uint32, 1),
            (c.c_void_p, c.byref(spec)),
            (c.c_void_p, c.byref(variant)),
            (c.c_uint32, 2),
        )

    def transfer(self, receiver: Receiver) -> int:
        """The result of the download."""
        _join_apartment()
        callback = TransferCallback(receiver)
        self._transfer = query(self._this, IID_TRANSFER)
        try:
            return call(self._transfer, _DOWNLOAD, (c.c_int32, 0), (c.c_void_p, callback.this))
        finally:
            # `cancel` comes from another thread: it must not meet what is being given back.
            ended, self._transfer = self._transfer, None
            release(ended)

    def cancel(self) -> None:
        """The driver is asked to end the download."""
        _join_apartment()
        with suppress(WiaError):
            call(self._transfer, _CANCEL)


class TransferCallback(ComObject):
    """IWiaTransferCallback over a receiver; it holds the streams it gave out."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._streams: list[WriteStream] = []
        pointer = c.c_void_p
        super().__init__(
            (IID_TRANSFER_CALLBACK,),
            (
                ((c.c_int32, pointer), self._told),
                ((c.c_int32, pointer, pointer, pointer), self._next_stream),
            ),
        )

    def _told(self, _flags: int, params: int) -> int:
        told = c.cast(params, c.POINTER(_Params)).contents
        return self._receiver.told(told.message, told.status & 0xFFFFFFFF)

    def _next_stream(self, _flags: int, _name: int, _full_name: int, out: int) -> int:
        place = c.cast(out, c.POINTER(c.c_void_p))
        place[0] = None
        result = self._receiver.next_stream()
        if result == S_OK:
            stream = WriteStream(self._receiver.write)
            self._streams.append(stream)
            place[0] = stream.this
        return result


def _spec(prop: Prop) -> Spec:
    spec = Spec()
    spec.kind, spec.value.id = _BY_ID, prop
    return spec


def _taken(variant: Variant) -> int | str | None:
    value: int | str | None = None
    if variant.type in {_VT_I4, _VT_UI4}:
        value = int(variant.value.number)
    elif variant.type == _VT_BSTR and variant.value.pointer:
        value = c.wstring_at(variant.value.pointer)
    elif variant.type == _VT_CLSID and variant.value.pointer:
        value = str(UUID(bytes_le=c.string_at(variant.value.pointer, 16)))
    _dll("ole32").PropVariantClear(c.byref(variant))
    return value


def _vector(variant: Variant) -> tuple[int | str, ...]:
    count, items = variant.value.vector.count, variant.value.vector.items
    if not items:
        return ()
    if variant.type in {_VT_VECTOR | _VT_I4, _VT_VECTOR | _VT_UI4}:
        return tuple(c.cast(items, c.POINTER(c.c_int32))[at] for at in range(count))
    if variant.type == _VT_VECTOR | _VT_CLSID:
        raw = c.string_at(items, 16 * count)
        return tuple(str(UUID(bytes_le=raw[at : at + 16])) for at in range(0, len(raw), 16))
    return ()
