"""From the scanner to files proved complete: eSCL beside a bare download, SANE beside scanimage.

The eSCL scanner is the simulator without a limit of speed; the bare download asks for the same
sides over the same protocol and neither proves nor stores anything: it is the floor, not a peer.
`scanimage` writes JPEG from the same SANE test device, without fsync and without proof.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from scanner.drivers.escl_xml import scan_settings
from tests.bench import machine
from tests.bench.measure import spend
from tests.bench.pack import corpus
from tests.scanner.scan_kit import sane_env

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
COPIES = 4
_MAIN = (sys.executable, str(ROOT / "main.py"), "scan", "--json")
_SANE_SIDES = 10


def run(options: argparse.Namespace) -> dict[str, object]:
    """Give seconds per side and peak memory of each way."""
    if shutil.which("scanimage") is None:
        raise machine.LackingError("scanimage not found: apt-get install sane-utils")
    pages, truth = corpus(options)
    tray = options.work / "tray"
    tray.mkdir()
    for copy in range(COPIES):
        for name in truth.files:
            (tray / f"{copy}-{name}").hardlink_to(pages / name)
    escl = [_escl(options.work, tray, turn) for turn in range(options.repeats)]
    env = sane_env(options.work / "sane")
    sane = [_sane(options.work, env, turn) for turn in range(options.repeats)]
    return {
        "escl_sides": COPIES * len(truth.files),
        "sane_sides": _SANE_SIDES,
        "repeats": options.repeats,
        "escl": _medians(escl),
        "sane": _medians(sane),
    }


def _medians(runs: list[dict[str, float]]) -> dict[str, float]:
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def _escl(work: Path, tray: Path, turn: int) -> dict[str, float]:
    sides = len(list(tray.iterdir()))
    with _simulator(tray) as url:
        ours = spend([*_MAIN, "--device", f"escl:{url}", "--out", str(work / f"escl{turn}")], work)
    _check(ours.out, sides)
    with _simulator(tray) as url:
        start = time.monotonic()
        assert _download(url) == sides
        floor_s = time.monotonic() - start
    return {
        "ours_s": ours.wall_s / sides,
        "peer_s": floor_s / sides,
        "ratio": ours.wall_s / floor_s,
        "ours_cpu_s": ours.cpu_s / sides,
        "ours_peak_rss_mb": ours.peak_rss_mb,
    }


def _sane(work: Path, env: dict[str, str], turn: int) -> dict[str, float]:
    ours = spend(
        [*_MAIN, "--device", "sane:test:0", "--out", str(work / f"sane{turn}")], work, env=env
    )
    _check(ours.out, _SANE_SIDES)
    batch = work / f"scanimage{turn}"
    batch.mkdir()
    argv = ["scanimage", "-d", "test:0", "--source", "Automatic Document Feeder", "--mode", "Color"]
    argv += ["--resolution", "300", "-x", "210", "-y", "297", "--format=jpeg"]
    argv += [f"--batch={batch}/%d.jpg", f"--batch-count={_SANE_SIDES}"]
    theirs = spend(argv, work, env=env)
    assert len(list(batch.iterdir())) == _SANE_SIDES
    return {
        "ours_s": ours.wall_s / _SANE_SIDES,
        "peer_s": theirs.wall_s / _SANE_SIDES,
        "ratio": ours.wall_s / theirs.wall_s,
        "ours_cpu_s": ours.cpu_s / _SANE_SIDES,
        "ours_peak_rss_mb": ours.peak_rss_mb,
    }


def _check(out: str, sides: int) -> None:
    last = json.loads(out.splitlines()[-1])
    assert (last["ended"], last["pages"]) == ("complete", sides), last


@contextlib.contextmanager
def _simulator(tray: Path) -> Iterator[str]:
    argv = [sys.executable, "-m", "scanner.simulator", "--pages", str(tray), "--port", "0"]
    child = subprocess.Popen(argv, stdout=subprocess.PIPE, cwd=ROOT)
    try:
        assert child.stdout is not None
        yield json.loads(child.stdout.readline())["url"]
    finally:
        child.terminate()
        child.communicate(timeout=20)


def _download(url: str) -> int:
    parts = urlsplit(url)
    link = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    settings = scan_settings(area=(2480, 3508), feeder=True, duplex=False, mode="color", dpi=300)
    link.request("POST", f"{parts.path}/ScanJobs", settings, {"Content-Type": "text/xml"})
    created = link.getresponse()
    created.read()
    job = urlsplit(created.headers["Location"]).path
    sides = 0
    while True:
        link.request("GET", f"{job}/NextDocument")
        answer = link.getresponse()
        answer.read()
        if answer.status != 200:
            return sides
        sides += 1


def table(result: dict[str, object]) -> str:
    """Give the figures as Markdown."""
    rows = [
        f"{machine.line(result['machine'])}.",
        "",
        (
            f"A4 colour 300 dpi, command line started and ended included, medians of "
            f"{result['repeats']} runs."
        ),
        "",
        "| | sides | ours, s/side | beside it, s/side | ratio | ours, CPU s/side | largest process, MB |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, key in (
        ("eSCL beside a bare download", "escl"),
        ("SANE test beside scanimage", "sane"),
    ):
        one = result[key]
        rows.append(
            f"| {name} | {result[f'{key}_sides']} | {one['ours_s']:.3f} | {one['peer_s']:.3f} | "
            f"{one['ratio']:.2f} | {one['ours_cpu_s']:.3f} | {one['ours_peak_rss_mb']:.0f} |"
        )
    return "\n".join(rows)
