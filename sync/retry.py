"""When to try again and how much to send at once: pure arithmetic, no clock, no I/O.

Source: full jitter after M. Brooker, "Exponential Backoff And Jitter" (2015); the PATCH length
follows the measured goodput so that one request lasts about twenty seconds.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Protocol

MAX_BACKOFF_S = 300.0
MAX_RETRY_AFTER_S = 3600
KIB = 1024
MIN_PATCH_BYTES = 32 * KIB
MAX_PATCH_BYTES = 8 * KIB * KIB
FIRST_PATCH_BYTES = 128 * KIB
"""Small enough to be answered within thirty seconds at 5 kB/s."""
PROXY_PATCH_BYTES = 900 * KIB
"""Below the body limit of one megabyte that common proxies have by default."""
TARGET_PATCH_S = 20.0
_IN_FLIGHT_BYTES = 4 * KIB * KIB
_EWMA_NEW = 0.3
_CLEAN_RUN = 3


class Rng(Protocol):
    """The part of ``random.Random`` that is used."""

    def uniform(self, a: float, b: float) -> float:
        """A number between ``a`` and ``b``."""
        ...


def backoff_s(failures: int, rng: Rng) -> float:
    """Seconds to wait after ``failures`` failures in a row (0 after none)."""
    if failures <= 0:
        return 0.0
    return rng.uniform(0.0, min(MAX_BACKOFF_S, 2.0 ** min(failures, 16)))


def retry_after_s(value: str | None, now: dt.datetime) -> int:
    """Seconds a ``Retry-After`` header asks for, 0 when absent or garbled, at most one hour.

    Source: RFC 9110 section 10.2.3.
    """
    if not value:
        return 0
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(int(text[:9]), MAX_RETRY_AFTER_S)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return 0
    if at.tzinfo is None:
        at = at.replace(tzinfo=dt.UTC)
    return max(0, min(int((at - now).total_seconds()), MAX_RETRY_AFTER_S))


@dataclass(slots=True)
class Pacer:
    """How many bytes the next PATCH should carry.

    Attributes:
        patch_max: the portal's own limit for one PATCH.
        goodput: acknowledged bytes per second, smoothed; 0 before the first measurement.
    """

    patch_max: int = MAX_PATCH_BYTES
    goodput: float = 0.0
    _cap: int = MAX_PATCH_BYTES
    _ceiling: int = MAX_PATCH_BYTES
    _clean: int = 0
    _border_faults: int = 0
    _inner_faults: int = 0
    _between: float = 0.0
    _since_fault: int = 0

    def length(self, rest: int) -> int:
        """Bytes for the next PATCH when ``rest`` bytes are still to go."""
        if self._streams_through:
            return min(rest, self.patch_max)
        wanted = int(TARGET_PATCH_S * self.goodput) if self.goodput else FIRST_PATCH_BYTES
        most = min(self.patch_max, self._cap, self._ceiling)
        if self._border_faults and self._between:
            most = min(most, int(self._between / 4))
        return min(rest, max(MIN_PATCH_BYTES, min(wanted, most)))

    def read_timeout_s(self, length: int) -> float:
        """Seconds the last bytes of a PATCH of ``length`` may be under way before its answer.

        What the system's buffers took from us counts as written but is still to be sent.
        0 before the first measurement.
        """
        return 3.0 * min(length, _IN_FLIGHT_BYTES) / self.goodput if self.goodput else 0.0

    def acknowledged(self, sent: int, seconds: float) -> None:
        """A PATCH of ``sent`` bytes was answered after ``seconds``."""
        self.goodput = _smooth(self.goodput, sent / max(seconds, 1e-3))
        self._since_fault += sent
        self._clean += 1
        if self._clean >= _CLEAN_RUN:
            self._clean = 0
            self._cap = min(self._cap * 2, MAX_PATCH_BYTES)

    def cut(self, sent: int, arrived: int) -> None:
        """A PATCH of ``sent`` bytes broke off after ``arrived`` of them had reached the portal."""
        self._clean = 0
        self._cap = max(MIN_PATCH_BYTES, min(self._cap, sent) // 2)
        self._between = _smooth(self._between, self._since_fault + arrived)
        self._since_fault = 0
        if 0 < arrived < sent:
            self._inner_faults += 1
        else:
            self._border_faults += 1

    def refused_as_too_long(self, sent: int) -> None:
        """A middle box, not the portal, found a body of ``sent`` bytes too long."""
        self._ceiling = max(MIN_PATCH_BYTES, min(sent // 2, PROXY_PATCH_BYTES))

    @property
    def _streams_through(self) -> bool:
        """Whether most faults kept the bytes before them, so that length costs nothing."""
        return self._inner_faults > self._border_faults and self._ceiling == MAX_PATCH_BYTES


def _smooth(old: float, new: float) -> float:
    return new if not old else old + _EWMA_NEW * (new - old)
