"""The private pipe between the driver host and its parent: framed events and raw side bytes.

A frame is a 4-byte big-endian length, a type byte and the payload. `J` carries one JSON object,
`D` the next bytes of the side that began last. Nothing else ever travels on the pipe; a driver that
prints to standard output cannot reach it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Final, TypeAlias, cast

from scanner.model import (
    Device,
    Notice,
    ParamValue,
    ScanRequest,
    SideBegin,
    SideDropped,
    SideEnd,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import BinaryIO

PROTOCOL: Final = 1
MAX_FRAME: Final = 8 << 20
JSON_KIND: Final = b"J"
DATA_KIND: Final = b"D"
_HEADER: Final = 5


class WireError(Exception):
    """The other end did not speak this protocol."""


@dataclass(frozen=True, slots=True)
class Hello:
    """First frame of a host: who it is and which protocol it speaks."""

    pid: int
    protocol: int


@dataclass(frozen=True, slots=True)
class DeviceList:
    """Answer to the devices command."""

    devices: tuple[Device, ...]


@dataclass(frozen=True, slots=True)
class Opened:
    """The device is open and was told to scan: from now on silence is counted."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Bytes came from the device though none are ready to be sent on; sent only when they did."""

    seq: int
    raw_bytes: int


@dataclass(frozen=True, slots=True)
class Pause:
    """The driver waits this long on purpose before it asks again; that is no silence."""

    seconds: float


@dataclass(frozen=True, slots=True)
class HostEnded:
    """The host's own view of why a scan ended; the parent adds the counts."""

    reason: str
    params: Mapping[str, ParamValue]


Message: TypeAlias = (
    Hello
    | DeviceList
    | Opened
    | Progress
    | Pause
    | SideBegin
    | SideEnd
    | SideDropped
    | Notice
    | HostEnded
)

_NAMES: Final[dict[type, str]] = {
    Hello: "hello",
    DeviceList: "devices",
    Opened: "opened",
    Progress: "progress",
    Pause: "pause",
    SideBegin: "side_begin",
    SideEnd: "side_end",
    SideDropped: "side_dropped",
    Notice: "notice",
    HostEnded: "ended",
}
_TYPES: Final = {name: kind for kind, name in _NAMES.items()}


def write_frame(pipe: BinaryIO, kind: bytes, payload: bytes | bytearray | memoryview) -> None:
    """The frame is on its way: header and payload are written and flushed."""
    pipe.write(len(payload).to_bytes(4, "big") + kind)
    pipe.write(payload)
    pipe.flush()


def read_frame(pipe: BinaryIO) -> tuple[bytes, bytes] | None:
    """The next (kind, payload), or None at a clean end of the stream.

    Raises:
        WireError: A torn frame, an unknown kind or a length beyond `MAX_FRAME`.
    """
    header = _read_exactly(pipe, _HEADER)
    if not header:
        return None
    size, kind = int.from_bytes(header[:4], "big"), header[4:]
    if len(header) < _HEADER or size > MAX_FRAME or kind not in {JSON_KIND, DATA_KIND}:
        raise WireError("torn or foreign frame")
    payload = _read_exactly(pipe, size)
    if len(payload) < size:
        raise WireError("stream ended inside a frame")
    return kind, payload


def _read_exactly(pipe: BinaryIO, size: int) -> bytes:
    parts: list[bytes] = []
    while size > 0 and (part := pipe.read(size)):
        parts.append(part)
        size -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def encode_message(message: Message) -> bytes:
    """The message as one JSON object in UTF-8."""
    body = {"v": PROTOCOL, "event": _NAMES[type(message)], **_fields(message)}
    return json.dumps(body, ensure_ascii=False).encode("utf-8")


def decode_message(payload: bytes) -> Message:
    """The message inside a `J` frame of a host.

    Raises:
        WireError: Not JSON, another protocol version, or an unknown or incomplete event.
    """
    body = _object(payload)
    kind = _TYPES.get(str(body.pop("event", "")))
    if body.pop("v", None) != PROTOCOL or kind is None:
        raise WireError("unknown event or protocol version")
    try:
        if kind is DeviceList:
            rows = cast("list[dict[str, object]]", body["devices"])
            return DeviceList(tuple(_device(row) for row in rows))
        if kind is SideEnd:
            end = SideEnd(**cast("dict[str, str]", body))  # type: ignore[arg-type]
            return replace(end, flags=tuple(end.flags))
        return cast("Message", kind(**body))
    except (TypeError, KeyError) as error:
        raise WireError("incomplete event") from error


def encode_command(name: str, **fields: object) -> bytes:
    """One command line for a host: JSON ended by a newline."""
    return json.dumps({"v": PROTOCOL, "command": name, **fields}).encode("utf-8") + b"\n"


def decode_command(line: bytes) -> tuple[str, dict[str, object]]:
    """Name and fields of a command line.

    Raises:
        WireError: Not a command of this protocol.
    """
    body = _object(line)
    if body.pop("v", None) != PROTOCOL:
        raise WireError("unknown protocol version")
    return str(body.pop("command", "")), body


def request_fields(request: ScanRequest) -> dict[str, object]:
    """The request as plain JSON values."""
    return asdict(request)


def request_from(fields: Mapping[str, object]) -> ScanRequest:
    """The request out of plain JSON values.

    Raises:
        WireError: Fields are missing or unknown.
    """
    try:
        request = ScanRequest(**cast("dict[str, str]", fields))  # type: ignore[arg-type]
        width, height = request.page_mm
    except (TypeError, ValueError) as error:
        raise WireError("incomplete request") from error
    return replace(request, page_mm=(width, height))


def _fields(message: Message) -> dict[str, object]:
    if isinstance(message, Notice | HostEnded):
        fields = {name: getattr(message, name) for name in message.__slots__}
        return {**fields, "params": dict(message.params)}
    return asdict(message)


def _device(row: dict[str, object]) -> Device:
    device = Device(**cast("dict[str, str]", row))  # type: ignore[arg-type]
    return replace(device, sources=tuple(device.sources), dpi=tuple(device.dpi))


def _object(payload: bytes) -> dict[str, object]:
    try:
        body = json.loads(payload)
    except ValueError as error:
        raise WireError("not JSON") from error
    if not isinstance(body, dict):
        raise WireError("not a JSON object")
    return cast("dict[str, object]", body)
