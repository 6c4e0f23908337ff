"""The frames that cross the pipe between the station and a token worker.

A frame is a 4-byte big-endian length and that many bytes. All frames are UTF-8 JSON objects but
one: the PIN is a raw frame of its own, so that nothing which dumps JSON can ever hold it.
"""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Mapping

JsonValue = str | int | bool | None | list["JsonValue"] | dict[str, "JsonValue"]

MAX_FRAME_BYTES = 4 * 1024 * 1024
MAX_PIN_BYTES = 255

_LENGTH = struct.Struct(">I")


class FrameError(Exception):
    """The peer sent something that is no frame, or more than a frame may hold."""


def _read_exactly(stream: BinaryIO, count: int) -> bytes | None:
    """The next ``count`` bytes, or None when the stream ends before the first of them."""
    parts: list[bytes] = []
    missing = count
    while missing:
        part = stream.read(missing)
        if not part:
            if missing == count:
                return None
            raise FrameError("the pipe ended inside a frame")
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


def read_raw(stream: BinaryIO, limit_bytes: int = MAX_FRAME_BYTES) -> bytes | None:
    """The body of the next frame, or None at the end of the stream.

    Raises:
        FrameError: the frame is longer than ``limit_bytes`` or cut short.
    """
    head = _read_exactly(stream, _LENGTH.size)
    if head is None:
        return None
    (length,) = _LENGTH.unpack(head)
    if length > limit_bytes:
        raise FrameError("a frame beyond the limit")
    if length == 0:
        return b""
    body = _read_exactly(stream, length)
    if body is None:
        raise FrameError("the pipe ended inside a frame")
    return body


def read_json(stream: BinaryIO) -> dict[str, JsonValue] | None:
    """The next frame as a JSON object, or None at the end of the stream.

    Raises:
        FrameError: not a JSON object, too long or cut short.
    """
    body = read_raw(stream)
    if body is None:
        return None
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as trouble:
        raise FrameError("a frame that is not JSON") from trouble
    if not isinstance(value, dict):
        raise FrameError("a frame that is not a JSON object")
    return value


def write_raw(stream: BinaryIO, body: bytes | bytearray) -> None:
    """Writes one frame and flushes it; the body is sent from where it stands, without a copy."""
    _write_all(stream, _LENGTH.pack(len(body)))
    _write_all(stream, body)
    stream.flush()


def _write_all(stream: BinaryIO, data: bytes | bytearray) -> None:
    with memoryview(data) as view:
        sent = 0
        while sent < len(view):
            sent += stream.write(view[sent:]) or 0


def write_json(stream: BinaryIO, value: Mapping[str, JsonValue]) -> None:
    """Writes one JSON frame and flushes it."""
    write_raw(stream, json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
