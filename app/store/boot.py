"""Which run of the machine this is: a monotonic clock of another run means nothing here."""

from __future__ import annotations

import sys
import time
from functools import lru_cache
from pathlib import Path

if sys.platform == "win32":
    import winreg

_LINUX = Path("/proc/sys/kernel/random/boot_id")
_WINDOWS = r"SYSTEM\CurrentControlSet\Control\Session Manager\Memory Management\PrefetchParameters"


@lru_cache(maxsize=1)
def boot_id() -> str:
    """An identifier that is the same in every process until the machine starts anew.

    Linux has a random one; Windows counts its starts in the registry; elsewhere it is the time of
    the start in units of ten minutes, which a corrected clock may change: leases then lapse early,
    never late.

    Source: random(4), ``/proc/sys/kernel/random/boot_id``.
    """
    if sys.platform == "win32":
        try:
            with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, _WINDOWS) as key:
                return f"windows-{winreg.QueryValueEx(key, 'BootId')[0]}"
        except OSError:
            return _by_clock()
    try:
        return _LINUX.read_text("ascii").strip() or _by_clock()
    except OSError:
        return _by_clock()


def _by_clock() -> str:
    return f"started-{int((time.time() - time.monotonic()) / 600)}"
