"""What one command costs: wall time, processor time and peak memory of it and its children."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
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


# A process starts with the peak memory of the one it was forked from, so the command is started by
# this small program and not by the measuring one, which may just have drawn twelve pages.
_LAUNCHER = """
import json, os, subprocess, sys, time
os.nice(int(sys.argv[1]))
started = time.monotonic()
with open(sys.argv[2], "wb") as out, open(sys.argv[3], "wb") as err:
    child = subprocess.Popen(sys.argv[4:], stdout=out, stderr=err)
    status, usage = os.wait4(child.pid, 0)[1:]
print(json.dumps({
    "wall_s": time.monotonic() - started, "cpu_s": usage.ru_utime + usage.ru_stime,
    "peak_rss_mb": usage.ru_maxrss / 1024, "code": os.waitstatus_to_exitcode(status)}))
"""


def spend(
    argv: Sequence[str],
    work: Path,
    *,
    nice: int = 0,
    limit_s: float = 900,
    env: Mapping[str, str] | None = None,
    stdin: bytes = b"",
) -> Spent:
    """Run a command with one OpenMP thread per process and give what it cost.

    `nice` is added to the caller's own priority before the command starts, `env` to its
    environment; `stdin` is all that it reads.

    Raises:
        MeasuredError: it ended with another code than 0, or not within the limit.
    """
    out, err = work / "stdout", work / "stderr"
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1", "PYTHONWARNINGS": "ignore", **(env or {})}
    launcher = [sys.executable, "-S", "-c", _LAUNCHER, str(nice), str(out), str(err)]
    child = subprocess.Popen(
        [*launcher, *argv],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        start_new_session=True,
    )
    try:
        answer, trouble = child.communicate(stdin, timeout=limit_s)
    except subprocess.TimeoutExpired as late:
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
        raise MeasuredError(f"{' '.join(argv[:3])} … not done in {limit_s} s") from late
    if child.returncode:
        raise MeasuredError(trouble.decode(errors="replace"))
    costs = json.loads(answer)
    if costs.pop("code"):
        said = err.read_text(encoding="utf-8", errors="replace").strip()[-600:]
        raise MeasuredError(f"{' '.join(argv[:3])} … failed: {said}")
    return Spent(**costs, out=out.read_text(encoding="utf-8", errors="replace"))
