"""How far a verb with many pages has come: one line on a terminal, nothing anywhere else."""

from __future__ import annotations

import shutil
import sys
import time
from types import TracebackType
from typing import Final, Self, TextIO

_WIDTH: Final = 24
_EVERY_S: Final = 0.1
_SECONDS_A_MINUTE: Final = 60
_TOO_LONG_TO_TELL_S: Final = 100 * 3600


class Progress:
    """A line that is drawn again and again on standard error when a person watches it.

    Args:
        total: pages to do.
        stream: where; a line is drawn on a terminal only.
    """

    def __init__(self, total: int, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._shown = self._stream.isatty()
        self._total = total
        self._done = self._worked = 0
        self._started = time.monotonic()
        self._drawn_at = 0.0
        self._drawn = ""

    def __enter__(self) -> Self:
        """Itself, with a line that says that nothing is done yet."""
        self._draw("")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leaves an empty line behind."""
        self.wipe()

    def step(self, name: str, *, reused: bool = False) -> None:
        """One page more is done.

        Args:
            name: of the page.
            reused: whether it was done before and says nothing about the pace.
        """
        self._done += 1
        self._worked += not reused
        if self._done == self._total or time.monotonic() - self._drawn_at >= _EVERY_S:
            self._draw(name)

    def wipe(self) -> None:
        """Make room for other lines."""
        if self._drawn:
            self._stream.write("\r" + " " * len(self._drawn) + "\r")
            self._stream.flush()
            self._drawn = ""

    def _draw(self, name: str) -> None:
        if not self._shown:
            return
        self._drawn_at = time.monotonic()
        columns = shutil.get_terminal_size().columns
        line = self._line(name)[: max(0, columns - 1)]
        self._stream.write("\r" + line + " " * (len(self._drawn) - len(line)))
        self._stream.flush()
        self._drawn = line

    def _line(self, name: str) -> str:
        share = self._done / self._total if self._total else 1.0
        full = round(share * _WIDTH)
        parts = [f"[{'#' * full}{'.' * (_WIDTH - full)}] {self._done}/{self._total} trang"]
        spent = time.monotonic() - self._started
        if self._worked and spent:
            left_s = spent / self._worked * (self._total - self._done)
            parts.append(f"{self._worked / spent * _SECONDS_A_MINUTE:.0f} trang/phút")
            parts.append(f"còn {_clock(left_s)}")
        return " · ".join([*parts, name] if name else parts)


def _clock(seconds: float) -> str:
    whole = round(min(seconds, _TOO_LONG_TO_TELL_S))
    minutes, rest = divmod(whole, _SECONDS_A_MINUTE)
    hours, minutes = divmod(minutes, _SECONDS_A_MINUTE)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
