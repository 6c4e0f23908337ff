"""The Data Source Manager, loaded once, and the memory it shares with sources.

A 2.x manager gives its own memory functions; an older one on Windows uses the global heap.
Source: TWAIN specification 2.5, chapter 5 (DAT_ENTRYPOINT, DAT_PARENT), chapter 3.
"""

from __future__ import annotations

import ctypes as c
import sys
from typing import TYPE_CHECKING, Final, TypeVar

from scanner.drivers.twain.abi import EntryPoint, Identity, Status
from scanner.drivers.twain.names import (
    DF_APP2,
    DF_DSM2,
    DG_CONTROL,
    DG_IMAGE,
    Dat,
    Msg,
    Rc,
    TwainError,
)
from scanner.errors import ScannerError

if TYPE_CHECKING:
    from collections.abc import Callable

if sys.platform == "win32":
    FUNCTION, LOADER = c.WINFUNCTYPE, c.WinDLL
    LIBRARIES: tuple[str, ...] = ("TWAINDSM.dll", "twain_32.dll")
else:
    FUNCTION, LOADER = c.CFUNCTYPE, c.CDLL
    LIBRARIES = ("libtwaindsm.so.2", "libtwaindsm.so", "/usr/local/lib/libtwaindsm.so")

T = TypeVar("T")

ENTRY: Final = FUNCTION(
    c.c_uint16, c.c_void_p, c.c_void_p, c.c_uint32, c.c_uint16, c.c_uint16, c.c_void_p
)
PROTOCOL: Final = (2, 4)
_ZEROED_MOVEABLE: Final = 0x0042
_PHASES: Final = {Dat.PARENT: "manager", Dat.IDENTITY: "source"}


def application() -> Identity:
    """Who we are to TWAIN."""
    me = Identity()
    me.version.major, me.version.info = 1, b"1"
    me.protocol_major, me.protocol_minor = PROTOCOL
    me.groups = DG_CONTROL | DG_IMAGE | DF_APP2
    me.manufacturer, me.family, me.name = b"Counter Station", b"Counter Station", b"Scan host"
    return me


class Dsm:
    """The manager; `entry` speaks to it and, with a source, to the source.

    Raises:
        ScannerError: `scan.unsupported` when none is installed.
    """

    def __init__(self) -> None:
        self.me = application()
        self._entry = _load()
        self._memory: _Memory | None = None

    def entry(self, source: Identity | None, group: int, dat: int, msg: int, data: object) -> int:
        """The return code of one triplet; `data` is a structure, or None."""
        place = c.byref(data) if isinstance(data, c.Structure | c.c_void_p) else None
        to = c.byref(source) if source is not None else None
        return int(self._entry(c.byref(self.me), to, group, dat, msg, place))

    def ask(
        self,
        source: Identity | None,
        dat: Dat,
        msg: Msg,
        data: object,
        *,
        good: tuple[int, ...] = (Rc.SUCCESS,),
    ) -> int:
        """The return code of a triplet, one of the good ones.

        Raises:
            TwainError: Any other, with its condition.
        """
        image = dat in {Dat.IMAGEINFO, Dat.IMAGELAYOUT, Dat.IMAGEMEMXFER}
        rc = self.entry(source, DG_IMAGE if image else DG_CONTROL, dat, msg, data)
        if rc in good:
            return rc
        condition = 0
        if rc == Rc.FAILURE:
            status = Status()
            to = None if dat in {Dat.PARENT, Dat.IDENTITY} else source
            if self.entry(to, DG_CONTROL, Dat.STATUS, Msg.GET, status) == Rc.SUCCESS:
                condition = int(status.condition)
        raise TwainError(_PHASES.get(dat, dat.name.lower()), rc, condition)

    def learn_memory(self) -> None:
        """Memory functions are known; to be called once the manager is open."""
        if self.me.groups & DF_DSM2:
            points = EntryPoint()
            points.size = c.sizeof(EntryPoint)
            self.ask(None, Dat.ENTRYPOINT, Msg.GET, points)
            self._memory = _Memory(
                FUNCTION(c.c_void_p, c.c_uint32)(points.allocate),
                FUNCTION(None, c.c_void_p)(points.free),
                FUNCTION(c.c_void_p, c.c_void_p)(points.lock),
                FUNCTION(None, c.c_void_p)(points.unlock),
            )
        else:
            self._memory = _global_heap()

    def put(self, data: bytes) -> int:
        """A handle of shared memory that holds the bytes."""
        memory = self._known()
        handle = memory.allocate(len(data))
        c.memmove(memory.lock(handle), data, len(data))
        memory.unlock(handle)
        return int(handle)

    def look(self, handle: int, read: Callable[[int], T]) -> T:
        """What `read` makes of the address of the memory behind the handle."""
        memory = self._known()
        address = memory.lock(handle)
        try:
            return read(address)
        finally:
            memory.unlock(handle)

    def free(self, handle: int) -> None:
        """The memory is given back."""
        self._known().free(handle)

    def _known(self) -> _Memory:
        if self._memory is None:
            raise ScannerError("scan.driver_error", code="twain-memory")
        return self._memory


class _Memory:
    """The four functions of shared memory."""

    def __init__(
        self,
        allocate: Callable[[int], int],
        free: Callable[[int], object],
        lock: Callable[[int], int],
        unlock: Callable[[int], object],
    ) -> None:
        self.allocate, self.free, self.lock, self.unlock = allocate, free, lock, unlock


def _load() -> Callable[..., int]:
    for name in LIBRARIES:
        try:
            return ENTRY(("DSM_Entry", LOADER(name)))
        except (OSError, AttributeError):
            continue
    raise ScannerError("scan.unsupported", feature="TWAIN")


def _global_heap() -> _Memory:
    """GlobalAlloc and its kin, as managers before 2.0 expect on Windows."""
    try:
        kernel = LOADER("kernel32")
    except OSError:
        raise ScannerError("scan.driver_error", code="twain-memory") from None
    allocate, free = kernel.GlobalAlloc, kernel.GlobalFree
    lock, unlock = kernel.GlobalLock, kernel.GlobalUnlock
    allocate.restype = free.restype = lock.restype = c.c_void_p
    allocate.argtypes = [c.c_uint32, c.c_size_t]
    free.argtypes = lock.argtypes = unlock.argtypes = [c.c_void_p]
    return _Memory(lambda size: allocate(_ZEROED_MOVEABLE, size), free, lock, unlock)
