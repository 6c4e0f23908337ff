"""What every driver offers the host: devices, sides as a stream, and a way to be stopped."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from scanner.errors import ScannerError
from scanner.model import Device, Notice, ScanRequest, SideBegin, SideChunk
from scanner.wire import Opened, Pause, Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from scanner.model import ParamValue

FIRST_SIDE_S: Final = 60.0
LATER_SIDE_S: Final = 20.0
INSIDE_SIDE_S: Final = 10.0
USUAL_DPI: Final = (75, 100, 150, 200, 240, 300, 400, 600)


@dataclass(frozen=True, slots=True)
class Delivered:
    """The side that began is whole; the host adds hash and length.

    `dpi` is None when it is the resolution that was asked for.
    """

    media: str
    width_px: int
    height_px: int
    flags: tuple[str, ...] = ()
    name: str | None = None
    dpi: int | None = None


@dataclass(frozen=True, slots=True)
class Over:
    """The pass ended for this reason, `complete` or a slug; only tidying up is left.

    It is told before the tidying because that is where drivers hang.
    """

    reason: str
    params: Mapping[str, ParamValue]


DriverEvent: TypeAlias = (
    Opened | SideBegin | SideChunk | Delivered | Progress | Pause | Notice | Over
)


def resolutions(values: Iterable[float], span: tuple[float, float] | None) -> tuple[int, ...]:
    """The usual resolutions within a range, or all of a list; ascending."""
    if span is not None:
        return tuple(dpi for dpi in USUAL_DPI if span[0] <= dpi <= span[1])
    return tuple(sorted({round(value) for value in values}))


class Source(Protocol):
    """One way of talking to scanners; runs inside the host and may hang or crash there."""

    def devices(self) -> tuple[Device, ...]:
        """The devices this driver can reach now."""

    def scan(self, request: ScanRequest, stop: Stop) -> Iterator[DriverEvent]:
        """`Opened`, the sides of one pass, and `Over`; then the device is tidied up.

        A side left open at the end counts as dropped.

        Raises:
            ScannerError: The pass could not begin.
        """


def concluded(sides: Iterator[DriverEvent]) -> Iterator[DriverEvent]:
    """The sides and then `Over`, whether the paper ended or a `ScannerError` did it."""
    try:
        yield from sides
    except ScannerError as error:
        yield Over(error.slug, error.params)
    else:
        yield Over("complete", {})


class Stop:
    """What the caller says while a pass runs: to stop, and which sides it has committed."""

    def __init__(self) -> None:
        self._after_sheet = threading.Event()
        self._now = threading.Event()
        self._lock = threading.Lock()
        self._breaker: Callable[[], object] | None = None
        self._committed: set[int] = set()
        self._commit = threading.Condition()

    def committed(self, seq: int) -> None:
        """The caller has the side of this number where no crash can take it."""
        with self._commit:
            self._committed.add(seq)
            self._commit.notify_all()

    def wait_committed(self, seq: int, seconds: float) -> bool:
        """Whether the caller committed that side within the time; an immediate stop ends it."""
        with self._commit:
            self._commit.wait_for(lambda: seq in self._committed or self.now, seconds)
            return seq in self._committed

    def request(self, *, now: bool) -> None:
        """The driver learns of the stop; with `now` what it waits for is broken off."""
        self._after_sheet.set()
        if not now:
            return
        self._now.set()
        with self._commit:
            self._commit.notify_all()
        with self._lock:
            if self._breaker is not None:
                self._breaker()

    def on_now(self, breaker: Callable[[], object] | None) -> None:
        """`breaker`, replacing the one before, is called when the stop must be immediate.

        It runs in another thread, and never after it was replaced.
        """
        with self._lock:
            self._breaker = breaker
            if breaker is not None and self._now.is_set():
                breaker()

    @property
    def now(self) -> bool:
        """Whether the open side is to be thrown away."""
        return self._now.is_set()

    def wait(self, seconds: float) -> None:
        """The time has passed.

        Raises:
            ScannerError: `scan.cancelled` as soon as an immediate stop is asked for.
        """
        if self._now.wait(seconds):
            raise ScannerError("scan.cancelled")

    def check(self, *, sheet_open: bool) -> None:
        """Nothing forbids to start the next side.

        Raises:
            ScannerError: `scan.cancelled` when a stop was asked for and may take effect here.
        """
        if self._now.is_set() or (self._after_sheet.is_set() and not sheet_open):
            raise ScannerError("scan.cancelled")


class Numbering:
    """Counts sides as they come: front and back of a sheet in turn when duplex."""

    def __init__(self, request: ScanRequest) -> None:
        self._request = request
        self._count = 0

    def begin(self) -> SideBegin:
        """The number, sheet and face of the side that starts now."""
        count, request = self._count, self._request
        self._count += 1
        sheet = request.first_sheet + (count // 2 if request.duplex else count)
        back = request.duplex and count % 2 == 1
        return SideBegin(request.first_seq + count, sheet, "back" if back else "front")

    @property
    def sides(self) -> int:
        """Sides begun in this pass."""
        return self._count

    @property
    def sheets(self) -> int:
        """Whole sheets of the stack, those of earlier passes included."""
        done = self._count // 2 if self._request.duplex else self._count
        return self._request.first_sheet - 1 + done

    @property
    def sheet_open(self) -> bool:
        """Whether a front waits for its back."""
        return self._request.duplex and self._count % 2 == 1


def silence_limits(request: ScanRequest) -> tuple[float, float, float]:
    """Seconds of silence allowed before the first side, before a later one, and inside one."""
    if request.stall_s is not None:
        return request.stall_s, request.stall_s, request.stall_s
    return FIRST_SIDE_S, LATER_SIDE_S, INSIDE_SIDE_S
