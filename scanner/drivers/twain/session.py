"""One TWAIN session: the states of the protocol, climbed one by one and always left in order.

State 2: manager loaded; 3: manager open; 4: source open; 5: source enabled; 6: an image is ready;
7: an image is under way. Whatever goes wrong, `unwind` goes down from where the session stands.
Source: TWAIN specification 2.5, chapters 2 and 3; chapter 7 for each triplet.
"""

from __future__ import annotations

import ctypes as c
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from scanner.drivers.twain.abi import (
    Callback,
    DeviceEvent,
    Event,
    Identity,
    ImageInfo,
    MemXfer,
    PendingXfers,
    SetupMemXfer,
    UserInterface,
)
from scanner.drivers.twain.dsm import ENTRY, Dsm
from scanner.drivers.twain.names import (
    APP_OWNS_POINTER,
    DEVICE_DOUBLE_FEED,
    DEVICE_JAM,
    DF_DS2,
    DF_DSM2,
    DG_CONTROL,
    TWON_DONTCARE16,
    Dat,
    Msg,
    Rc,
    TwainError,
)
from scanner.drivers.twain.window import Message, Window
from scanner.errors import ScannerError

if TYPE_CHECKING:
    from collections.abc import Iterator

POLL_S: Final = 0.05
MAX_EVENTS: Final = 16
MAX_STRIP_BYTES: Final = 1 << 20
_DEVICE_SLUGS: Final = {DEVICE_DOUBLE_FEED: "scan.double_feed", DEVICE_JAM: "scan.jam"}


class Session:
    """The manager, opened; every call from one thread."""

    def __init__(self) -> None:
        self.dsm = Dsm()
        self.state = 2
        self.source: Identity | None = None
        self._window = Window()
        self._callback = ENTRY(self._called)
        self._ready = threading.Event()
        self._closing = threading.Event()
        self._device_events = 0
        parent = c.c_void_p(self._window.handle)
        try:
            self.dsm.ask(None, Dat.PARENT, Msg.OPENDSM, parent)
            self.state = 3
            self.dsm.learn_memory()
        except TwainError as error:
            self.unwind()
            raise error.trouble from error
        except ScannerError:
            self.unwind()
            raise

    def sources(self) -> tuple[Identity, ...]:
        """Every source installed, those that only stand for WIA left out: WIA has its own way."""
        found: list[Identity] = []
        msg = Msg.GETFIRST
        with suppress(TwainError):
            while True:
                one = Identity()
                self.dsm.ask(None, Dat.IDENTITY, msg, one)
                msg = Msg.GETNEXT
                if not bytes(one.name).upper().startswith(b"WIA-"):
                    found.append(one)
        return tuple(found)

    def open(self, name: str) -> None:
        """The source of that name is open: state 4.

        Raises:
            ScannerError: There is none, or it cannot be opened.
        """
        for one in self.sources():
            if _text(one.name) == name:
                try:
                    self.dsm.ask(None, Dat.IDENTITY, Msg.OPENDS, one)
                except TwainError as error:
                    raise error.trouble from error
                self.source = one
                self.state = 4
                self._register()
                return
        raise ScannerError("scan.no_device", device=name)

    def _register(self) -> None:
        if self.dsm.me.groups & DF_DSM2 and self.source and self.source.groups & DF_DS2:
            callback = Callback()
            callback.procedure = c.cast(self._callback, c.c_void_p).value
            with suppress(TwainError):
                self.dsm.ask(self.source, Dat.CALLBACK, Msg.REGISTER_CALLBACK, callback)

    def enable(self) -> None:
        """The source scans without any window of its own: state 5.

        Raises:
            TwainError: It does not.
            ScannerError: `scan.unsupported` when it would show one.
        """
        self._ready.clear()
        user = UserInterface(0, 0, self._window.handle)
        good = (Rc.SUCCESS, Rc.CHECKSTATUS)
        rc = self.dsm.ask(self.source, Dat.USERINTERFACE, Msg.ENABLEDS, user, good=good)
        self.state = 5
        if rc == Rc.CHECKSTATUS:
            # It shows a window after all, which nobody at a counter could find and close.
            raise ScannerError("scan.unsupported", feature="TWAIN ShowUI")

    def ready(self) -> bool:
        """Whether an image is ready, after a moment's waiting: state 6 then.

        Raises:
            ScannerError: `scan.cancelled` when the source asks to be closed.
        """
        self._window.pump(self._taken)
        if self._closing.is_set():
            raise ScannerError("scan.cancelled")
        if self.state == 5 and self._ready.wait(POLL_S):  # noqa: PLR2004 - the protocol's number
            self.state = 6
        return self.state > 5  # noqa: PLR2004 - the protocol's number

    def image(self) -> ImageInfo:
        """What the next image will be.

        Raises:
            TwainError: There is none, or paper is in trouble.
        """
        info = ImageInfo()
        self.dsm.ask(self.source, Dat.IMAGEINFO, Msg.GET, info)
        return info

    def strips(self) -> Iterator[tuple[MemXfer, memoryview]]:
        """The strips of the image, each valid until the next: state 7 and back to 6.

        Raises:
            TwainError: The image breaks off.
        """
        setup = SetupMemXfer()
        self.dsm.ask(self.source, Dat.SETUPMEMXFER, Msg.GET, setup)
        most = min(setup.most or MAX_STRIP_BYTES, MAX_STRIP_BYTES)
        size = max(setup.least, min(setup.preferred or most, most))
        buffer = c.create_string_buffer(size)
        view = memoryview(buffer).cast("B")
        rc = Rc.SUCCESS
        while rc == Rc.SUCCESS:
            strip = MemXfer()
            strip.compression = TWON_DONTCARE16
            strip.memory.flags, strip.memory.length = APP_OWNS_POINTER, size
            strip.memory.data = c.addressof(buffer)
            good = (Rc.SUCCESS, Rc.XFERDONE)
            self.state = 7
            rc = Rc(self.dsm.ask(self.source, Dat.IMAGEMEMXFER, Msg.GET, strip, good=good))
            if strip.bytes_written > size:
                raise ScannerError("scan.driver_error", code="twain-strip")
            yield strip, view[: strip.bytes_written]

    def end_image(self) -> int:
        """Images that are still to come, 65535 when unknown: state 6, or 5 after the last.

        Raises:
            TwainError: The next sheet is in trouble.
        """
        pending = PendingXfers()
        self.state = 6
        self.dsm.ask(self.source, Dat.PENDINGXFERS, Msg.ENDXFER, pending)
        if not pending.count:
            self.state = 5
        return int(pending.count)

    def signals(self) -> tuple[str, ...]:
        """Troubles the device told beside the condition, as slugs."""
        found: list[str] = []
        with suppress(TwainError):
            while self._device_events > 0 and len(found) < MAX_EVENTS:
                event = DeviceEvent()
                self.dsm.ask(self.source, Dat.DEVICEEVENT, Msg.GET, event)
                self._device_events -= 1
                found.append(_DEVICE_SLUGS.get(event.event, "scan.driver_error"))
        return tuple(slug for slug in found if slug != "scan.driver_error")

    def unwind(self) -> None:
        """Every state is left in order; what a source answers on the way down no longer counts."""
        pending = PendingXfers()
        steps = (
            (7, Dat.PENDINGXFERS, Msg.ENDXFER, pending),
            (6, Dat.PENDINGXFERS, Msg.RESET, pending),
            (5, Dat.USERINTERFACE, Msg.DISABLEDS, UserInterface(0, 0, self._window.handle)),
            (4, Dat.IDENTITY, Msg.CLOSEDS, self.source),
            (3, Dat.PARENT, Msg.CLOSEDSM, c.c_void_p(self._window.handle)),
        )
        for state, dat, msg, data in steps:
            if self.state == state:
                to = self.source if state > 4 else None  # noqa: PLR2004 - the protocol's number
                rc = self.dsm.entry(to, DG_CONTROL, dat, msg, data)
                last = msg == Msg.ENDXFER and rc == Rc.SUCCESS and not pending.count
                self.state = state - 2 if last else state - 1
        self.source = None
        self._window.close()

    def _called(self, _origin: int, _to: int, _group: int, _dat: int, msg: int, _data: int) -> int:
        """The callback; sources call it from threads of their own."""
        self._note(msg)
        return Rc.SUCCESS

    def _taken(self, message: Message) -> bool:
        event = Event(c.addressof(message), 0)
        rc = self.dsm.entry(self.source, DG_CONTROL, Dat.EVENT, Msg.PROCESSEVENT, event)
        self._note(event.message)
        return rc == Rc.DSEVENT

    def _note(self, msg: int) -> None:
        if msg == Msg.XFERREADY:
            self._ready.set()
        elif msg in {Msg.CLOSEDSREQ, Msg.CLOSEDSOK}:
            self._closing.set()
        elif msg == Msg.DEVICEEVENT:
            self._device_events += 1


def _text(raw: bytes) -> str:
    return bytes(raw).split(b"\0")[0].decode("utf-8", "replace")


def texts(source: Identity) -> tuple[str, str]:
    """Manufacturer and product name of a source."""
    return _text(source.manufacturer), _text(source.name)
