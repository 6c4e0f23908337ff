"""Named points at which a crash test may kill this very process.

A promise about power cuts and kills is worth what was tried: a test starts a child with
``COUNTER_STATION_HOP=blob.after_fsync`` (or ``name:3`` for the third passing) and the child dies
exactly there, without a handler, a ``finally`` or a flush running. Without the variable, which is
read once at import, a hop is one comparison with None.
"""

from __future__ import annotations

import itertools
import os
import signal

VARIABLE = "COUNTER_STATION_HOP"
HOPS = (
    "blob.before_fsync",
    "blob.after_fsync",
    "blob.after_rename",
    "job.claimed",
    "job.before_complete",
    "job.after_complete",
)
"""Every name that the store passes to `hop`."""

_wanted = os.environ.get(VARIABLE) or None
_passings = itertools.count(1)


def hop(name: str) -> None:
    """Nothing, or sudden death if ``COUNTER_STATION_HOP`` names this point and this passing.

    Args:
        name: dotted name of the point, one of `HOPS` inside the store.
    """
    if _wanted is None:
        return
    wanted, _, passing = _wanted.partition(":")
    if wanted == name and next(_passings) == int(passing or 1):
        # Windows has no SIGKILL; there any signal number ends the process at once.
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
