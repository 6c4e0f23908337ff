"""How many faults in a row a lane bears before it reports the trouble."""

from __future__ import annotations

from collections.abc import Callable

from sync.errors import SyncError
from sync.retry import Rng, backoff_s

_RETRIED = frozenset({"sync.cut", "sync.portal_busy", "sync.answer_bad", "sync.not_a_portal"})
_LONGEST_WAIT_S = 30.0


class Patience:
    """A count of faults without progress between them.

    Args:
        wait: waits that many seconds; True means stop.
        rng: for the jitter.
        attempts: faults in a row before the trouble is reported.
    """

    def __init__(self, wait: Callable[[float], bool], rng: Rng, attempts: int = 5) -> None:
        self._wait = wait
        self._rng = rng
        self._attempts = attempts
        self._failures = 0

    def progress(self) -> None:
        """Something was acknowledged: the count begins anew."""
        self._failures = 0

    def failed(self, error: SyncError) -> None:
        """Return after a wait when it is worth trying again; the first time at once.

        Raises:
            SyncError: ``error`` itself when it is not, or when we were told to stop.
        """
        self._failures += 1
        wait_s = max(backoff_s(self._failures - 1, self._rng), float(error.retry_after_s))
        if (
            error.slug not in _RETRIED
            or self._failures >= self._attempts
            or wait_s > _LONGEST_WAIT_S
            or self._wait(wait_s)
        ):
            raise error
