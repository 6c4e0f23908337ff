"""A stack through the real worker processes, at the pace of a device or as fast as they can.

The desk's supervisor, the scan worker, its driver host and the image workers are those of the
station; the pages are the sample, each copy made different by a comment in its JPEG, because equal
pages would be recognised only once.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from app.desk import reception
from app.desk.reception import ScanProfile
from app.store import dossiers
from tests.bench.measure import MeasuredError
from tests.pipeline.counter import Counter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from app.pipeline.stage import Kind

ROOT = Path(__file__).resolve().parents[2]
LOOK_S = 0.2
WARM_SIDES = 10
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass
class Process:
    """What a process has cost: CPU seconds, peak memory, and that peak when ten sides were in."""

    peak_mb: float = 0.0
    cpu_s: float = 0.0
    peak_early_mb: float = 0.0


@dataclass
class Stack:
    """A stack as it went: moments in seconds of the clock all processes share."""

    started: float = 0.0
    sent: list[float] = field(default_factory=list)
    kept: list[float] = field(default_factory=list)
    shown: list[float] = field(default_factory=list)
    worker: Process = field(default_factory=Process)
    host: Process = field(default_factory=Process)


def write_stack(folder: Path, sample: Sequence[bytes], sides: int) -> None:
    """The folder holds so many different A4 pages of 300 dpi, out of a few JPEGs."""
    folder.mkdir(parents=True)
    for number in range(sides):
        data = sample[number % len(sample)]
        behind_app0 = 4 + int.from_bytes(data[4:6], "big")
        words = f"page {number}".encode()
        comment = b"\xff\xfe" + (len(words) + 2).to_bytes(2, "big") + words
        whole = data[:behind_app0] + comment + data[behind_app0:]
        (folder / f"{number:05}.jpg").write_bytes(whole)


def device(pages: Path, log: Path, ipm: float | None) -> contextlib.AbstractContextManager[str]:
    """Address of a simulated scanner that writes down when it sent what."""
    pace = [str(ipm)] if ipm else []
    return serving("tests.bench.scan_device", str(pages), str(log), *pace)


@contextlib.contextmanager
def serving(module: str, *options: str) -> Iterator[str]:
    """Address of a scanner that a module serves in a process of its own."""
    argv = [sys.executable, "-m", module, *options]
    child = subprocess.Popen(argv, stdout=subprocess.PIPE, cwd=ROOT)
    try:
        assert child.stdout is not None
        yield str(json.loads(child.stdout.readline())["url"])
    finally:
        child.terminate()
        child.communicate(timeout=20)


class _Listening(Counter):
    """A counter that notes when each bell rang."""

    def __init__(self, home: Path) -> None:
        self.rung: list[tuple[float, Mapping[str, object]]] = []
        super().__init__(home)

    def _hear(self, line: Mapping[str, object]) -> None:
        self.rung.append((time.monotonic(), line))
        super()._hear(line)

    def moments(self, ev: str) -> list[float]:
        return [at for at, line in list(self.rung) if line.get("ev") == ev]


def scan_stack(home: Path, profile: ScanProfile, kinds: Sequence[Kind], sides: int) -> Stack:
    """One batch through the workers of these kinds; the thumbnails are waited for when made."""
    counter = _Listening(home)
    stack = Stack()
    try:
        counter.start(kinds)
        dossier = counter.dossier()
        over = threading.Event()
        looker = threading.Thread(target=_look, args=(counter, stack, over))
        looker.start()
        stack.started = time.monotonic()
        try:
            reception.start_scan(counter.office, dossier, profile)
            limit_s = 120.0 + 2 * sides
            counter.wait(
                lambda: reception.scan_status(counter.office, dossier).state != "running", limit_s
            )
        finally:
            over.set()
            looker.join()
        status = reception.scan_status(counter.office, dossier)
        pages = dossiers.pages(counter.db, dossier)
        if status.state != "complete" or len(pages) != sides:
            raise MeasuredError(f"the batch ended {status}, {len(pages)} sides kept")
        stack.kept = counter.moments("page")
        if "image" in kinds:
            stack.shown = _shown(counter, dossier)
    finally:
        _close(counter)
    return stack


def _shown(counter: _Listening, dossier: str) -> list[float]:
    """When the first picture of each page was there, in the order of the pages."""
    jobs: dict[object, str] = {}

    def made() -> bool:
        for job in counter.jobs(dossier, "thumb"):  # type: ignore[arg-type]
            if len(job.inputs) == 1 and job.state == "done":
                jobs[job.id] = str(job.inputs[0])
        return len(jobs) == len(dossiers.pages(counter.db, dossier))  # type: ignore[arg-type]

    counter.wait(made)
    counter.wait(lambda: jobs.keys() <= {line.get("id") for _, line in list(counter.rung)})
    at = {jobs[line["id"]]: when for when, line in counter.rung if line.get("id") in jobs}
    return [at[page.blob] for page in dossiers.pages(counter.db, dossier)]  # type: ignore[arg-type]


def _close(counter: Counter) -> None:
    """The counter is closed at once; work on pages that waits is of no interest here."""
    if counter.supervisor is not None:
        for pid, kind in counter.supervisor.pids().items():
            if kind == "image":
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, 9)
    counter.close()


def _look(counter: _Listening, stack: Stack, over: threading.Event) -> None:
    """Note memory and processor time of worker and host as long as they run."""
    worker = counter.pid("scan")
    early = False
    while not over.wait(LOOK_S):
        _cost(worker, stack.worker)
        for host in _children(worker):
            _cost(host, stack.host)
        if not early and len(counter.moments("page")) >= WARM_SIDES:
            early = True
            stack.worker.peak_early_mb = stack.worker.peak_mb
            stack.host.peak_early_mb = stack.host.peak_mb


def _cost(pid: int, process: Process) -> None:
    with contextlib.suppress(OSError):
        status = Path(f"/proc/{pid}/status").read_text("ascii", "replace")
        fields = Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rsplit(")", 1)[1].split()
        # A process that has just ended has no memory any more.
        peaks = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
        process.peak_mb = max([process.peak_mb, *(int(peak) / 1024 for peak in peaks)])
        process.cpu_s = max(process.cpu_s, (int(fields[11]) + int(fields[12])) / _TICK)


def _children(pid: int) -> set[int]:
    found: set[int] = set()
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found |= {int(child) for child in task.read_text("ascii").split()}
    return found


def paced(work: Path, sample: Sequence[bytes], sheets: int, ipm: float) -> dict[str, float]:
    """Give how a stack kept the device's pace while the default image workers were busy."""
    sides = 2 * sheets
    pages, log = work / "pages", work / "sent.log"
    write_stack(pages, sample, sides)
    with device(pages, log, ipm) as url:
        profile = ScanProfile(f"escl:{url}", duplex=True, declared_sheets=sheets)
        stack = scan_stack(work / "home", profile, ("scan", "image"), sides)
    stack.sent = [float(line) for line in log.read_text("ascii").split()]
    period_s = 60 / ipm
    job_at = stack.sent[0] - period_s
    late = [at - job_at - n * period_s for n, at in enumerate(stack.sent, 1)]
    fronts = [s - e for s, e in zip(stack.shown[::2], stack.sent[::2], strict=True)]
    backs = [s - e for s, e in zip(stack.shown[1::2], stack.sent[1::2], strict=True)]
    pairs = zip(stack.shown[::2], stack.sent[1::2], strict=True)
    with_back = [s - e for s, e in pairs]
    kept = [k - e for k, e in zip(stack.kept[1::2], stack.sent[1::2], strict=True)]
    first_s = stack.shown[0] - stack.sent[0]
    return {
        "sheets": sheets,
        "sides": sides,
        "ipm": ipm,
        "rate": sides * period_s / (stack.kept[-1] - job_at),
        "device_waited_p99_s": _p99(late),
        "device_waited_max_s": max(late),
        "kept_median_s": statistics.median(kept),
        "kept_p99_s": _p99(kept),
        "first_thumbnail_s": first_s,
        "front_thumbnail_median_s": statistics.median(fronts),
        "front_thumbnail_p99_s": _p99(fronts),
        "front_after_back_median_s": statistics.median(with_back),
        "front_after_back_p99_s": _p99(with_back),
        "back_thumbnail_median_s": statistics.median(backs),
        "back_thumbnail_p99_s": _p99(backs),
        "thumbnails_within_300_ms": sum(s <= 0.3 for s in fronts + backs) / sides,
        **_costs(stack, sides),
    }


def ceiling(work: Path, sample: Sequence[bytes], sheets: int) -> dict[str, float]:
    """Give the pages a minute of the eSCL path to committed rows, without any limit of the device."""
    sides = 2 * sheets
    pages, log = work / "pages", work / "sent.log"
    write_stack(pages, sample, sides)
    with device(pages, log, None) as url:
        profile = ScanProfile(f"escl:{url}", duplex=True, declared_sheets=sheets)
        stack = scan_stack(work / "home", profile, ("scan",), sides)
    return {
        "sides": sides,
        "pages_per_minute": 60 * (sides - 1) / (stack.kept[-1] - stack.kept[0]),
        "first_page_s": stack.kept[0] - stack.started,
        **_costs(stack, sides),
    }


def sane(work: Path, dpi: int) -> dict[str, float]:
    """Give the same of the SANE test device: ten sides, encoded in the host."""
    work.mkdir(parents=True)
    sides = 10
    stack = scan_stack(work / "home", ScanProfile("sane:test:0", dpi=dpi), ("scan",), sides)
    return {
        "sides": sides,
        "dpi": dpi,
        "pages_per_minute": 60 * (sides - 1) / (stack.kept[-1] - stack.kept[0]),
        "first_page_s": stack.kept[0] - stack.started,
        **_costs(stack, sides),
    }


def _costs(stack: Stack, sides: int) -> dict[str, float]:
    return {
        "host_peak_mb": stack.host.peak_mb,
        "host_peak_after_ten_mb": stack.host.peak_early_mb,
        "host_cpu_s": stack.host.cpu_s / sides,
        "worker_peak_mb": stack.worker.peak_mb,
        "worker_peak_after_ten_mb": stack.worker.peak_early_mb,
        "worker_cpu_s": stack.worker.cpu_s / sides,
    }


def _p99(values: Sequence[float]) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * 0.99))]
