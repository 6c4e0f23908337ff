"""What one command costs: wall time, processor time and peak memory of it and its children."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclasses.dataclass(frozen=True, slots=True)
class Spent:
    """Costs of one command.

    `cpu_s` counts every process it waited for; `peak_rss_mb` is its largest single process.
    """

    wall_s: float
    cpu_s: float
    peak_rss_mb: float
    out: str


class MeasuredError(RuntimeError):
    """The command to be measured failed: its figures would mean nothing."""


def spend(argv: Sequence[str], work: Path, *, nice: int = 0, limit_s: float = 900) -> Spent:
    """Run a command with one OpenMP thread per process and give what it cost.

    `nice` is added to the caller's own priority before the command starts.

    Raises:
        MeasuredError: it ended with another code than 0.
    """
    prefix = ["nice", "-n", str(nice)] if nice else []
    out, err = work / "stdout", work / "stderr"
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1", "PYTHONWARNINGS": "ignore"}
    started = time.monotonic()
    with out.open("wb") as to_out, err.open("wb") as to_err:
        child = subprocess.Popen(
            [*prefix, *argv], stdout=to_out, stderr=to_err, env=environment, start_new_session=True
        )
        stop = threading.Timer(limit_s, os.killpg, (child.pid, signal.SIGKILL))
        stop.start()
        try:
            # wait4 gives this child's own account; the parent's total would mix in earlier ones.
            _, status, usage = os.wait4(child.pid, 0)
        finally:
            stop.cancel()
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        said = err.read_text(encoding="utf-8", errors="replace").strip()[-600:]
        raise MeasuredError(f"{' '.join(argv[:3])} … exit {child.returncode}: {said}")
    return Spent(
        wall_s=time.monotonic() - started,
        cpu_s=usage.ru_utime + usage.ru_stime,
        peak_rss_mb=usage.ru_maxrss / 1024,
        out=out.read_text(encoding="utf-8", errors="replace"),
    )
