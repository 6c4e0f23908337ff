"""Named points at which a crash test may kill this very process.

A promise about power cuts and kills is worth what was tried: a test starts a child with
``COUNTER_STATION_HOP=blob.after_fsync`` (or ``name:3`` for the third passing) and the child dies
exactly there, without a handler, a ``finally`` or a flush running. Several points are parted by
commas. ``name@FILE`` dies only while FILE does not exist yet and makes it: once in the life of a
whole program, whichever of its processes comes first. Without the variable, which is read once at
import, a hop is one comparison with None.
"""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Iterator

VARIABLE = "COUNTER_STATION_HOP"
HOPS = (
    "blob.before_fsync",
    "blob.after_fsync",
    "blob.after_rename",
    "job.claimed",
    "job.before_complete",
    "job.after_complete",
)
"""Every name that the store passes to `hop`.

The worker adds ``STAGE.claimed``, ``STAGE.stored``, ``STAGE.done`` and, for a job that is poison,
``STAGE.claimed.`` with the first 16 digits of its first input.
"""


class _Point:
    """One point that was asked for."""

    def __init__(self, text: str) -> None:
        text, _, self._marker = text.partition("@")
        self.name, _, passing = text.partition(":")
        self._passing = int(passing or 1)
        self._passings: Iterator[int] = itertools.count(1)

    def due(self) -> bool:
        """Whether this passing is the one; a marker that is there already means it was."""
        if next(self._passings) != self._passing:
            return False
        if not self._marker:
            return True
        try:
            os.close(os.open(self._marker, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError:
            return False
        return True


_points = [_Point(text) for text in os.environ.get(VARIABLE, "").split(",") if text] or None


def hop(name: str) -> None:
    """Nothing, or sudden death if ``COUNTER_STATION_HOP`` names this point and this passing.

    Args:
        name: dotted name of the point, one of `HOPS` inside the store.
    """
    if _points is None:
        return
    for point in _points:
        if point.name == name and point.due():
            # Windows has no SIGKILL; there any signal number ends the process at once.
            os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
