"""Files that are on the disk when the call returns, and the troubles a disk can have.

The order is always the same: write a temporary file, fsync it, rename it, fsync the folder. A
failed fsync is never repeated on the same file: the kernel may have dropped the dirty pages, so
success at the second call proves nothing; the caller writes a new file.

Source: fsync(2); Rebello et al., "Can Applications Recover from fsync Failures?", USENIX ATC 2020.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from app.domain.errors import Trouble

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_DENIED = frozenset({errno.EACCES, errno.EPERM})
_WINDOWS_HELD = frozenset({5, 32, 33})  # access denied, sharing violation, lock violation
_WINDOWS_PATIENCE_S = 2.5


@contextlib.contextmanager
def disk_errors() -> Iterator[None]:
    """A block whose OSErrors come out as `Trouble`.

    Raises:
        Trouble: ``store.disk_full``, ``store.read_only``, ``store.denied`` or ``store.io``.
    """
    try:
        yield
    except OSError as error:
        raise trouble_of(error) from error


def trouble_of(error: OSError) -> Trouble:
    """The trouble that an OSError of the disk stands for."""
    if error.errno in _FULL:
        return Trouble("store.disk_full")
    if error.errno == errno.EROFS:
        return Trouble("store.read_only")
    if error.errno in _DENIED:
        return Trouble("store.denied")
    return Trouble("store.io", error=errno.errorcode.get(error.errno or 0, "unknown"))


def write_all(fd: int, data: bytes | bytearray | memoryview) -> None:
    """Every byte handed to the kernel, however often it takes only a part."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def fsync_folder(folder: Path) -> None:
    """The folder's entries on the disk. Windows offers no such call and needs none on NTFS."""
    if sys.platform == "win32":
        return
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def make_folder(folder: Path) -> None:
    """The folder exists, readable by its owner only, and its entry is on the disk."""
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        fsync_folder(folder.parent)


def replace(source: Path, target: Path) -> None:
    """``source`` renamed over ``target``.

    On Windows a virus scanner or indexer may hold the target for a moment: tried again for 2.5 s.
    """
    if sys.platform != "win32":
        source.replace(target)
        return
    deadline = time.monotonic() + _WINDOWS_PATIENCE_S
    pause = threading.Event()
    while True:
        try:
            source.replace(target)
        except OSError as error:
            if error.winerror not in _WINDOWS_HELD or time.monotonic() > deadline:
                raise
            pause.wait(0.05)
        else:
            return


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """A block that one process at a time is in; the lock ends with its process.

    Raises:
        Trouble: the disk refuses the lock file.
    """
    with disk_errors():
        fd = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        with disk_errors():
            if sys.platform == "win32":
                msvcrt.locking(fd, msvcrt.LK_LOCK, 1)
            else:
                fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def remove_abandoned(path: Path) -> bool:
    """Whether a temporary file was removed because nobody writes to it any more.

    It goes away under its own lock, so that a writer who has just created it notices.

    Raises:
        OSError: the disk refuses.
    """
    if sys.platform == "win32":
        with contextlib.suppress(FileNotFoundError, PermissionError):
            path.unlink()  # refused there as long as the file is open
            return True
        return False
    with contextlib.suppress(FileNotFoundError, BlockingIOError):
        fd = os.open(path, os.O_RDONLY)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
        finally:
            os.close(fd)
        return True
    return False


def claim_temporary(folder: Path) -> tuple[int, Path]:
    """A new file in ``folder``, opened for writing and locked for as long as it stays open.

    The lock, not the name, says that its writer lives: process numbers are used again.

    Raises:
        OSError: the disk refuses.
    """
    while True:
        path = folder / secrets.token_hex(16)
        fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | _BINARY, 0o600)
        if sys.platform == "win32":
            return fd, path
        fcntl.flock(fd, fcntl.LOCK_EX)
        if os.fstat(fd).st_nlink:
            return fd, path
        os.close(fd)  # a sweep came between creating and locking


def write_once(path: Path, data: bytes) -> bytes:
    """The content of ``path``: ``data`` if this call created it, else what stood there before.

    Two processes that start at once agree on one content. The file is 0600 and appears whole.

    Raises:
        Trouble: the disk refuses.
    """
    with disk_errors():
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        fd = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY | _BINARY, 0o600)
        try:
            try:
                write_all(fd, data)
                os.fsync(fd)
            finally:
                os.close(fd)
            _give_name(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
        fsync_folder(path.parent)
        return path.read_bytes()


def _give_name(temporary: Path, path: Path) -> None:
    """Name ``temporary`` as ``path`` unless somebody was faster."""
    with contextlib.suppress(FileExistsError):
        if sys.platform == "win32":
            temporary.rename(path)  # refuses an existing target there
        else:
            path.hardlink_to(temporary)


_BINARY: int = getattr(os, "O_BINARY", 0)
