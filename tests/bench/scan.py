"""From the scanner to pages proved complete: pace, ceiling, memory, peers and a thousand faults.

Parts, chosen with ``--only``:

- ``pace``: a duplex stack at 140 images a minute through the station's workers, image workers busy;
- ``ceiling``: the same path without any limit of the device, and the SANE test device at two
  resolutions;
- ``peers``: the ``scan`` verb beside a bare download of the same sides, which neither proves nor
  stores anything, and beside ``scanimage --batch`` on the same devices, without fsync or proof;
- ``faults``: stacks with random troubles, played to their end and judged from outside.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock
from urllib.parse import urlsplit

from scanner.drivers.escl.documents import scan_settings
from tests.bench import machine, scan_faults, scan_rate
from tests.bench.measure import spend
from tests.bench.pack import corpus
from tests.scanner.scan_kit import sane_env

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from tests.bench.measure import Spent

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("peers", "ceiling", "pace", "faults")
COPIES = 4
IPM = 140.0
SHEETS, FAULTS = 500, 1000
QUICK_SHEETS, QUICK_FAULTS = 30, 60
CEILING_SHEETS = 100
_MAIN = (sys.executable, str(ROOT / "main.py"), "scan", "--json")
_SANE_SIDES = 10
_BATCH = ("scanimage", "--mode", "Color", "--resolution", "300", "--format=jpeg")


def run(options: argparse.Namespace) -> dict[str, object]:
    """Give the figures of every part that was asked for."""
    parts = options.only.split(",") if options.only else list(PARTS)
    if unknown := set(parts) - set(PARTS):
        print(f"scan has no part {', '.join(sorted(unknown))}", file=sys.stderr)
        raise SystemExit(2)
    if "peers" in parts and shutil.which("scanimage") is None:
        raise machine.LackingError("scanimage not found: apt-get install sane-utils")
    work: Path = options.work
    sheets = options.sheets or (QUICK_SHEETS if options.quick else SHEETS)
    count = options.faults or (QUICK_FAULTS if options.quick else FAULTS)
    result: dict[str, object] = {}
    pages: list[Path] = []
    if set(parts) != {"faults"}:
        folder, truth = corpus(options)
        pages = [folder / name for name in truth.files]
    sample = [page.read_bytes() for page in pages]
    with _environment(work):
        if "peers" in parts:
            result |= _peers(options, pages)
        if "ceiling" in parts:
            result["ceiling"] = scan_rate.ceiling(
                work / "ceiling", sample, min(sheets, CEILING_SHEETS)
            )
            for dpi in (300, 600):
                result[f"sane_{dpi}"] = scan_rate.sane(work / f"sane-{dpi}", dpi)
        if "pace" in parts:
            result["pace"] = scan_rate.paced(work / "pace", sample, sheets, IPM)
        if "faults" in parts:
            result["faults"] = scan_faults.faults(work / "faults", count, options.seed)
    return result


def _environment(work: Path) -> contextlib.AbstractContextManager[object]:
    """A configuration folder of our own, and a libsane that knows its test device."""
    added = {
        **sane_env(work / "sane"),
        "XDG_CONFIG_HOME": str(work / "config"),
        "COUNTER_STATION_KEYRING": "off",
    }
    return mock.patch.dict(os.environ, added)


def _peers(options: argparse.Namespace, pages: list[Path]) -> dict[str, object]:
    tray = options.work / "tray"
    tray.mkdir()
    for copy in range(COPIES):
        for page in pages:
            (tray / f"{copy}-{page.name}").hardlink_to(page)
    repeats = 1 if options.quick else options.repeats
    escl = [_escl(options.work, tray, turn) for turn in range(repeats)]
    sane = [_sane(options.work, turn) for turn in range(repeats)]
    return {
        "escl_sides": COPIES * len(pages),
        "sane_sides": _SANE_SIDES,
        "repeats": repeats,
        "escl": _medians(escl),
        "sane": _medians(sane),
        "airscan": _airscan(options.work, tray, repeats),
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


def _airscan(work: Path, tray: Path, repeats: int) -> dict[str, float] | None:
    """Ours beside scanimage over sane-airscan on the same simulated scanner; None without it."""
    if not any(Path("/usr/lib").glob("*/sane/libsane-airscan.so*")):
        return None
    sides = len(list(tray.iterdir()))
    runs = []
    for turn in range(repeats):
        with _simulator(tray) as url:
            out = work / f"beside{turn}"
            ours = spend([*_MAIN, "--device", f"escl:{url}", "--out", str(out)], work)
        _check(ours.out, sides)
        with _simulator(tray) as url:
            config = work / f"airscan{turn}"
            (config / "dll.d").mkdir(parents=True)
            (config / "dll.conf").write_text("airscan\n")
            (config / "airscan.conf").write_text(
                f'[devices]\n"Sim" = {url}, escl\n[options]\ndiscovery = disable\n'
                "ws-discovery = off\n"
            )
            batch = work / f"airscan-out{turn}"
            batch.mkdir()
            argv = [*_BATCH, "-d", "airscan:e0:Sim", "--source", "ADF", f"--batch={batch}/%d.jpg"]
            theirs = spend(argv, work, env={"SANE_CONFIG_DIR": str(config)})
            assert len(list(batch.iterdir())) == sides
        runs.append(_beside(ours, theirs, sides))
    return _medians(runs)


def _beside(ours: Spent, theirs: Spent, sides: int) -> dict[str, float]:
    return {
        "ours_s": ours.wall_s / sides,
        "peer_s": theirs.wall_s / sides,
        "ratio": ours.wall_s / theirs.wall_s,
        "ours_cpu_s": ours.cpu_s / sides,
        "ours_peak_rss_mb": ours.peak_rss_mb,
        "peer_peak_rss_mb": theirs.peak_rss_mb,
    }


def _sane(work: Path, turn: int) -> dict[str, float]:
    ours = spend([*_MAIN, "--device", "sane:test:0", "--out", str(work / f"sane{turn}")], work)
    _check(ours.out, _SANE_SIDES)
    batch = work / f"scanimage{turn}"
    batch.mkdir()
    argv = [*_BATCH, "-d", "test:0", "--source", "Automatic Document Feeder"]
    argv += ["-x", "210", "-y", "297", f"--batch={batch}/%d.jpg", f"--batch-count={_SANE_SIDES}"]
    theirs = spend(argv, work)
    assert len(list(batch.iterdir())) == _SANE_SIDES
    return _beside(ours, theirs, _SANE_SIDES)


def _check(out: str, sides: int) -> None:
    last = json.loads(out.splitlines()[-1])
    assert (last["ended"], last["pages"]) == ("complete", sides), last


def _simulator(tray: Path) -> contextlib.AbstractContextManager[str]:
    return scan_rate.serving("scanner.simulator", "--pages", str(tray), "--port", "0")


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


# --- tables -------------------------------------------------------------------------------------


def table(result: dict[str, object]) -> str:
    """Give the figures as Markdown."""
    parts = [f"{machine.line(result['machine'])}."]
    if "escl" in result:
        parts.append(_peer_table(result))
    if "pace" in result:
        parts.append(_pace_table(result["pace"]))
    if "ceiling" in result:
        parts.append(_ceiling_table(result))
    if "faults" in result:
        parts.append(_fault_table(result["faults"]))
    return "\n\n".join(parts)


def _peer_table(result: Mapping[str, object]) -> str:
    rows = [
        f"A4 colour 300 dpi, command line started and ended included, medians of {result['repeats']} runs.",
        "",
        "| | sides | ours, s/side | beside it, s/side | ratio | ours, CPU s/side | ours, largest process, MB | beside it, MB |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, key, sides in (
        ("eSCL beside a bare download", "escl", "escl_sides"),
        ("eSCL beside scanimage over sane-airscan", "airscan", "escl_sides"),
        ("SANE test beside scanimage", "sane", "sane_sides"),
    ):
        one = result[key]
        if one is None:
            rows.append(f"| {name}: sane-airscan is not installed | | | | | | | |")
            continue
        theirs = f"{one['peer_peak_rss_mb']:.0f}" if "peer_peak_rss_mb" in one else ""
        rows.append(
            f"| {name} | {result[sides]} | {one['ours_s']:.3f} | {one['peer_s']:.3f} | "
            f"{one['ratio']:.2f} | {one['ours_cpu_s']:.3f} | {one['ours_peak_rss_mb']:.0f} | {theirs} |"
        )
    return "\n".join(rows)


def _pace_table(pace: Mapping[str, float]) -> str:
    return "\n".join(
        [
            f"{pace['sheets']} sheets duplex at {pace['ipm']:.0f} images/min, image workers busy.",
            "",
            "| what | figure |",
            "|---|---:|",
            f"| share of the device's rate, to the last committed row | {pace['rate']:.1%} |",
            f"| the device waited for us, 99 % / most | {_ms(pace['device_waited_p99_s'])} / {_ms(pace['device_waited_max_s'])} |",
            f"| last byte of a back to its committed row, median / 99 % | {_ms(pace['kept_median_s'])} / {_ms(pace['kept_p99_s'])} |",
            f"| last byte of the first side to its thumbnail | {_ms(pace['first_thumbnail_s'])} |",
            f"| last byte to thumbnail, backs, median / 99 % | {_ms(pace['back_thumbnail_median_s'])} / {_ms(pace['back_thumbnail_p99_s'])} |",
            f"| last byte to thumbnail, fronts, median / 99 % | {_ms(pace['front_thumbnail_median_s'])} / {_ms(pace['front_thumbnail_p99_s'])} |",
            f"| last byte of the sheet to the thumbnail of its front, median / 99 % | {_ms(pace['front_after_back_median_s'])} / {_ms(pace['front_after_back_p99_s'])} |",
            f"| thumbnails within 300 ms | {pace['thumbnails_within_300_ms']:.1%} |",
            _memory("scan host", "host", pace),
            _memory("scan worker", "worker", pace),
        ]
    )


def _memory(name: str, key: str, one: Mapping[str, float]) -> str:
    return (
        f"| {name}: memory after ten sides / at the end, CPU a side | "
        f"{one[f'{key}_peak_after_ten_mb']:.1f} MB / {one[f'{key}_peak_mb']:.1f} MB, "
        f"{_ms(one[f'{key}_cpu_s'])} |"
    )


def _ceiling_table(result: Mapping[str, object]) -> str:
    rows = [
        "To committed rows, without a limit of the device, image workers resting.",
        "",
        "| path | sides | pages/min | first page after, ms | scan host, MB | scan worker, MB | CPU host + worker, ms/side |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, key in (
        ("eSCL, duplex, 300 dpi", "ceiling"),
        ("SANE test, 300 dpi", "sane_300"),
        ("SANE test, 600 dpi", "sane_600"),
    ):
        one = result[key]
        rows.append(
            f"| {name} | {one['sides']} | {one['pages_per_minute']:.0f} | "
            f"{1000 * one['first_page_s']:.0f} | {one['host_peak_mb']:.1f} | "
            f"{one['worker_peak_mb']:.1f} | "
            f"{1000 * one['host_cpu_s']:.0f} + {1000 * one['worker_cpu_s']:.0f} |"
        )
    return "\n".join(rows)


def _fault_table(found: Mapping[str, object]) -> str:
    rows = [
        f"{found['faults']} faults in {found['stacks']} stacks, {found['passes']} passes, {found['pages']} sides kept (seed {found['seed']}).",
        "",
        "| what | figure |",
        "|---|---:|",
        f"| committed pages lost | {found['lost']} |",
        f"| truncated, empty or foreign pages accepted | {found['damaged']} |",
        f"| pages doubled | {found['doubled']} |",
        f"| sheet to re-feed or trouble misnamed | {found['sheet_or_name_wrong']} |",
        f"| anything else | {found['other']} |",
        f"| stalls: told after the limit at the latest ({found['stalls']}) | {_ms(found['stall_over_limit_max_s'])} |",
        f"| host killed: told after, median / most ({found['crashes']}) | {_ms(found['crash_told_median_s'])} / {_ms(found['crash_told_max_s'])} |",
        f"| host killed: told later than 100 ms | {found['crashes_over_100_ms']} |",
        f"| cancel to idle, most ({found['cancels']}) | {_ms(found['cancel_to_idle_max_s'])} |",
    ]
    return "\n".join([*rows, *(f"\n- {line}" for line in found["wrong"])])


def _ms(seconds: float | None) -> str:
    return "none" if seconds is None else f"{1000 * seconds:.0f} ms"
