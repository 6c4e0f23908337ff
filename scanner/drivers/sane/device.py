"""One opened SANE device: its options by name, and its frames as bytes."""

from __future__ import annotations

import ctypes as c
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scanner.drivers.sane.abi import (
    Cap,
    Constraint,
    COption,
    CParameters,
    Frame,
    Info,
    Status,
    Unit,
    ValueType,
    library,
)
from scanner.errors import ScannerError
from scanner.images.validate import TOLERANCE
from scanner.model import MM_PER_INCH

BUFFER_BYTES: Final = 256 << 10
FIXED_ONE: Final = 65_536
MAX_OPTIONS: Final = 4096
# Backends that reach their devices through a network.
_DISTANT: Final = ("net:", "airscan:", "escl:", "dell1600n_net:")
# libsane 1.2.1's escl, sane-airscan 0.99.27, and both behind a saned.
_HIDES_FAULTS: Final = re.compile(r"(net:(\[[^]]*\]|[^:]*):)?(escl|airscan):")
_GET: Final = 0
_SET: Final = 1

_SLUGS: Final = {
    Status.UNSUPPORTED: "scan.unsupported",
    Status.CANCELLED: "scan.cancelled",
    Status.DEVICE_BUSY: "scan.busy",
    Status.JAMMED: "scan.jam",
    Status.NO_DOCS: "scan.no_docs",
    Status.COVER_OPEN: "scan.cover_open",
    Status.ACCESS_DENIED: "scan.access_denied",
    Status.WARMING_UP: "scan.warming_up",
}


def trouble(status: int, phase: str, known: dict[Status, str] | None = None) -> ScannerError:
    """The error for a status that is not good; `known` overrides the usual slugs.

    A status number no standard names keeps its number in the code.
    """
    slugs = {**_SLUGS, **(known or {})}
    slug = next((slugs[name] for name in slugs if name == status), "scan.driver_error")
    if slug == "scan.unsupported":
        return ScannerError(slug, feature=f"SANE {phase}")
    return ScannerError(slug, code=f"sane-{phase}-{status}")


def hides_faults(name: str) -> bool:
    """Whether the backend of the device with this SANE name tells faults as 'no documents'."""
    return _HIDES_FAULTS.match(name) is not None


@dataclass(frozen=True, slots=True)
class Option:
    """An option as the backend describes it now; indexes change when options reload.

    `choices` holds the strings or numbers of a list, `span` least and greatest value of a range;
    numbers are in the option's own unit, fixed-point already converted.
    """

    index: int
    type: int
    unit: int
    size: int
    cap: int
    choices: tuple[str | float, ...]
    span: tuple[float, float] | None

    @property
    def selectable(self) -> bool:
        """Whether software sets it at all; a sensor or a switch at the device is only read."""
        return bool(self.cap & Cap.SOFT_SELECT)

    @property
    def settable(self) -> bool:
        """Whether software may set it at this moment."""
        return self.selectable and not self.cap & Cap.INACTIVE


@dataclass(frozen=True, slots=True)
class Parameters:
    """Layout of the frame being read; `lines` is None when the device does not know.

    A row takes `bytes_per_line`, which may be more than its pixels need; a sample has `depth` bits.
    """

    frame: int
    bytes_per_line: int
    width_px: int
    lines: int | None
    depth: int

    @property
    def samples(self) -> int:
        """Samples per pixel within this frame."""
        return 3 if self.frame == Frame.RGB else 1


class SaneDevice:
    """An open handle.

    `by_net` and `distant` tell devices that libsane reaches through its own network backend and
    through any network; `hides_faults` those whose backend ends a stack alike after its last sheet
    and after a fault; `watched` is set while the double-feed sensor speaks of the pass that runs.

    Raises:
        ScannerError: The device cannot be opened.
    """

    def __init__(self, name: str) -> None:
        self._lib = library()
        self.by_net = name.startswith("net:")
        self.distant = name.startswith(_DISTANT)
        self.hides_faults = hides_faults(name)
        self.watched = False
        self._handle = c.c_void_p()
        status = self._lib.sane_open(name.encode(), c.byref(self._handle))
        if status != Status.GOOD:
            # A device that is gone answers 'invalid argument'.
            gone = {Status.INVAL: "scan.offline", Status.IO_ERROR: "scan.offline"}
            raise trouble(status, "open", gone)
        self._buffer = c.create_string_buffer(BUFFER_BYTES)
        self._threads_before = 0
        self.options: dict[str, Option] = {}
        self.reload()

    def close(self) -> None:
        """The handle is given back."""
        self._lib.sane_close(self._handle)

    def cancel(self) -> None:
        """The device ends what it does; may be called from another thread."""
        self._lib.sane_cancel(self._handle)

    def reload(self) -> None:
        """`options` describes the device as it is now."""
        self.options = {}
        for index in range(1, MAX_OPTIONS):
            found = self._lib.sane_get_option_descriptor(self._handle, index)
            if not found:
                return
            option = found.contents
            if option.type != ValueType.GROUP and option.name:
                self.options[option.name.decode("utf-8", "replace")] = _describe(index, option)

    def get(self, name: str) -> str | float:
        """The present value.

        Raises:
            ScannerError: The backend refuses.
        """
        option = self.options[name]
        buffer = c.create_string_buffer(max(option.size, 4))
        status = self._lib.sane_control_option(
            self._handle, option.index, _GET, buffer, c.byref(c.c_int())
        )
        if status != Status.GOOD:
            raise trouble(status, "get")
        if option.type == ValueType.STRING:
            return buffer.value.decode("utf-8", "replace")
        number = c.c_int.from_buffer(buffer).value
        return number / FIXED_ONE if option.type == ValueType.FIXED else number

    def set(self, name: str, value: str | float) -> str | float | None:
        """The value the device took, which may differ; None when it cannot be set now.

        Raises:
            ScannerError: The backend refuses the value.
        """
        option = self.options.get(name)
        if option is None or not option.settable:
            return None
        if option.type == ValueType.STRING:
            text = str(value).encode()
            buffer = c.create_string_buffer(text, max(option.size, len(text) + 1))
        else:
            scale = FIXED_ONE if option.type == ValueType.FIXED else 1
            buffer = c.create_string_buffer(bytes(c.c_int(round(float(value) * scale))), 4)
        info = c.c_int()
        status = self._lib.sane_control_option(
            self._handle, option.index, _SET, buffer, c.byref(info)
        )
        if status != Status.GOOD:
            raise trouble(status, "set")
        if info.value & Info.RELOAD_OPTIONS:
            self.reload()
        return self.get(name) if info.value & Info.INEXACT else value

    def set_length_mm(self, name: str, value_mm: float, dpi: int) -> None:
        """A length option holds `value_mm`, in the option's own unit.

        Raises:
            ScannerError: `scan.unsupported` when its range falls short of that.
        """
        option = self.options.get(name)
        if option is None or not option.settable:
            return
        value = value_mm / MM_PER_INCH * dpi if option.unit == Unit.PIXEL else value_mm
        if option.span is not None:
            least, most = option.span
            if value > most * (1 + TOLERANCE):
                raise ScannerError("scan.unsupported", feature=f"{value_mm:.0f} mm")
            value = min(max(value, least), most)
        self.set(name, value)

    def start(self) -> int:
        """Status of the start of the next frame."""
        self._threads_before = _threads()
        return int(self._lib.sane_start(self._handle))

    @property
    def reader_at_work(self) -> bool:
        """Whether a thread that the backend started with this frame is still there."""
        return _threads() > self._threads_before

    def parameters(self) -> Parameters:
        """Layout of the frame; to be trusted only after a start.

        Raises:
            ScannerError: The backend refuses.
        """
        raw = CParameters()
        status = self._lib.sane_get_parameters(self._handle, c.byref(raw))
        if status != Status.GOOD:
            raise trouble(status, "parameters")
        lines = raw.lines if raw.lines >= 0 else None
        return Parameters(raw.format, raw.bytes_per_line, raw.pixels_per_line, lines, raw.depth)

    def read(self) -> tuple[int, memoryview]:
        """Status and the next bytes of the frame, valid until the next read."""
        count = c.c_int()
        status = self._lib.sane_read(self._handle, self._buffer, BUFFER_BYTES, c.byref(count))
        got = min(max(count.value, 0), BUFFER_BYTES) if status == Status.GOOD else 0
        return int(status), memoryview(self._buffer).cast("B")[:got]


def _threads() -> int:
    """Threads of this process, the backend's own too; 0 where that cannot be seen.

    Source: proc(5), /proc/PID/task.
    """
    try:
        return sum(1 for _ in Path("/proc/self/task").iterdir())
    except OSError:
        return 0


def _describe(index: int, option: COption) -> Option:
    choices: tuple[str | float, ...] = ()
    span = None
    scale = FIXED_ONE if option.type == ValueType.FIXED else 1
    if option.constraint_type == Constraint.STRING_LIST:
        choices = tuple(_strings(option.constraint.strings))
    elif option.constraint_type == Constraint.WORD_LIST:
        words = option.constraint.words
        choices = tuple(words[at] / scale for at in range(1, words[0] + 1))
    elif option.constraint_type == Constraint.RANGE:
        limits = option.constraint.range.contents
        span = (limits.min / scale, limits.max / scale)
    return Option(index, option.type, option.unit, option.size, option.cap, choices, span)


def _strings(pointer: c._Pointer[c.c_char_p]) -> list[str]:
    found: list[str] = []
    while (text := pointer[len(found)]) is not None:
        found.append(text.decode("utf-8", "replace"))
    return found
