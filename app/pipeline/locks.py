"""Locks that the system frees when their holder dies, however it dies."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from app.domain.errors import Trouble

if sys.platform == "win32":
    import msvcrt

    def _take(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _take(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def try_lock(path: Path) -> BinaryIO | None:
    """The open lock file, held until it is closed or the process ends; None when it is held."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = os.fdopen(os.open(path, os.O_CREAT | os.O_RDWR, 0o600), "ab")
    try:
        _take(file.fileno())
    except OSError:
        file.close()
        return None
    return file


@contextlib.contextmanager
def desk_lock(home: Path) -> Iterator[None]:
    """Hold the vault's desk for this process.

    Raises:
        Trouble: desk.already_open.
    """
    file = try_lock(home / "desk.lock")
    if file is None:
        raise Trouble("desk.already_open", home=home.name)
    with file:
        yield
