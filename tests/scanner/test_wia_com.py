"""Our objects as WIA would call them: through their tables of methods, by slot."""

from __future__ import annotations

import ctypes as c

import pytest

from scanner.drivers.wia import com_abi
from scanner.drivers.wia.com import (
    IID_DEV_MGR2,
    IID_TRANSFER_CALLBACK,
    TransferCallback,
    _Params,
)
from scanner.drivers.wia.com_abi import (
    E_FAIL,
    E_NOINTERFACE,
    STG_E_INVALIDFUNCTION,
    ComObject,
    StreamFacts,
    Variant,
    WriteStream,
    call,
    query,
    release,
)
from scanner.drivers.wia.names import PAPER_JAM, S_FALSE, S_OK, Msg
from scanner.drivers.wia.port import WiaError

READ, WRITE, SEEK, STAT = 3, 4, 5, 12
TRANSFER_CALLBACK, GET_NEXT_STREAM = 3, 4


class Recorder:
    def __init__(self) -> None:
        self.data = bytearray()
        self.streams = 0
        self.heard: list[tuple[int, int]] = []
        self.answer = S_OK

    def next_stream(self) -> int:
        self.streams += 1
        return self.answer

    def write(self, data: bytes) -> int:
        self.data += data
        return self.answer

    def told(self, message: int, hresult: int) -> int:
        self.heard.append((message, hresult))
        return hresult


def write(stream: int, data: bytes) -> int:
    count = c.c_uint32(99)
    arguments = ((c.c_void_p, data), (c.c_uint32, len(data)), (c.c_void_p, c.byref(count)))
    call(stream, WRITE, *arguments)
    return count.value


def next_stream(callback: TransferCallback) -> tuple[int, int | None]:
    out = c.c_void_p(1)
    names = ((c.c_void_p, None), (c.c_void_p, None))
    result = call(
        callback.this, GET_NEXT_STREAM, (c.c_int32, 0), *names, (c.c_void_p, c.byref(out))
    )
    return result, out.value


def test_structures_have_the_sizes_of_64_bit_windows():
    """propidlbase.h, objidlbase.h, wia_lh.idl."""
    if c.sizeof(c.c_void_p) != 8:
        pytest.skip("sizes of the 64-bit interface")
    assert c.sizeof(Variant) == 24
    assert c.sizeof(com_abi.Spec) == 16
    assert c.sizeof(StreamFacts) == 80
    assert (c.sizeof(_Params), _Params.status.offset) == (24, 16)


def test_a_side_written_by_slot_arrives_and_messages_are_answered():
    recorder = Recorder()
    callback = TransferCallback(recorder)
    result, stream = next_stream(callback)
    assert result == S_OK
    assert write(stream, b"BM first") == 8
    assert write(stream, b" and then") == 9
    assert write(stream, b"") == 0
    assert recorder.data == b"BM first and then"
    params = _Params(Msg.DEVICE_STATUS, 50, 17, c.c_int32(PAPER_JAM).value)
    with pytest.raises(WiaError) as caught:
        call(callback.this, TRANSFER_CALLBACK, (c.c_int32, 0), (c.c_void_p, c.byref(params)))
    assert caught.value.hresult == PAPER_JAM
    assert recorder.heard == [(Msg.DEVICE_STATUS, PAPER_JAM)]


def test_a_cancelled_receiver_gives_no_stream_and_takes_no_byte():
    recorder = Recorder()
    callback = TransferCallback(recorder)
    _, stream = next_stream(callback)
    recorder.answer = S_FALSE
    assert next_stream(callback) == (S_FALSE, None)
    with pytest.raises(WiaError) as caught:
        write(stream, b"late")
    assert caught.value.hresult == E_FAIL


def test_an_object_tells_which_interfaces_it_has():
    callback = TransferCallback(Recorder())
    again = query(callback.this, IID_TRANSFER_CALLBACK)
    assert again == callback.this
    release(again)
    assert query(callback.this, com_abi.IID_IUNKNOWN) == callback.this
    with pytest.raises(WiaError) as caught:
        query(callback.this, IID_DEV_MGR2)
    assert caught.value.hresult == E_NOINTERFACE


def test_a_stream_tells_its_place_and_goes_nowhere_else():
    stream = WriteStream(lambda _: S_OK)
    write(stream.this, b"12345")
    place = c.c_uint64()
    for move, origin in ((0, 1), (5, 0), (0, 2)):
        call(
            stream.this, SEEK, (c.c_int64, move), (c.c_uint32, origin), (c.c_void_p, c.byref(place))
        )
        assert place.value == 5
    with pytest.raises(WiaError) as caught:
        call(stream.this, SEEK, (c.c_int64, 0), (c.c_uint32, 0), (c.c_void_p, None))
    assert caught.value.hresult == STG_E_INVALIDFUNCTION
    facts = StreamFacts()
    call(stream.this, STAT, (c.c_void_p, c.byref(facts)), (c.c_uint32, 1))
    assert (facts.type, facts.size) == (com_abi.STGTY_STREAM, 5)
    with pytest.raises(WiaError):
        call(stream.this, READ, (c.c_void_p, None), (c.c_uint32, 0), (c.c_void_p, None))


def test_an_exception_of_ours_never_reaches_foreign_code():
    def breaks(*_: object) -> int:
        raise ZeroDivisionError

    broken = ComObject((), [((), breaks)])
    with pytest.raises(WiaError) as caught:
        call(broken.this, 3)
    assert caught.value.hresult == E_FAIL
    with pytest.raises(WiaError):
        call(None, 3)
