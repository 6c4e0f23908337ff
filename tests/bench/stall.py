"""The window's event loop over the twelve-page job: how long it was silent at the longest.

A window in a process of its own scans, recognises, signs and delivers the sample with real workers
while the clerk goes through the pages; a precise timer notes by how much each tick came late.
On a machine that others keep busy the largest gap is mostly a wait for a core, which Linux counts:
``own_gap_ms`` is the largest gap without it.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
from typing import TYPE_CHECKING

from tests.bench.measure import MeasuredError, spend
from tests.bench.pack import corpus

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

KEYS = ("largest_gap_ms", "own_gap_ms", "reading_gap_ms", "p99_gap_ms")


def run(options: argparse.Namespace) -> dict[str, object]:
    """Give the gaps of each repeat and their worst and median."""
    pages, truth = corpus(options)
    runs = [_once(options.work, pages, turn) for turn in range(options.repeats)]
    return {
        "pages": len(truth.files),
        "repeats": options.repeats,
        "largest_gap_ms": max(found["largest_gap_ms"] for found in runs),
        "own_gap_ms": max(found["own_gap_ms"] for found in runs),
        **{f"median_{key}": statistics.median(found[key] for found in runs) for key in KEYS},
        "p99_gap_ms": statistics.median(found["p99_gap_ms"] for found in runs),
        "runs": runs,
    }


def _once(work: Path, pages: Path, turn: int) -> dict[str, float]:
    argv = [sys.executable, "-m", "tests.views.window_child", str(work / f"home{turn}"), str(pages)]
    environment = {
        **os.environ,
        "QT_QPA_PLATFORM": "offscreen",
        "XDG_CONFIG_HOME": str(work / f"config{turn}"),
        "COUNTER_STATION_KEYRING": "off",
    }
    told = json.loads(spend(argv, work, env=environment).out)
    if told["heavy"]:
        raise MeasuredError(f"the window loaded {told['heavy']}")
    return {key: float(told[key]) for key in KEYS}


def table(result: dict[str, object]) -> str:
    """The result as a table of Markdown."""
    return (
        f"| window over {result['pages']} pages, {result['repeats']} runs | ms |\n|---|---|\n"
        f"| largest gap of all runs | {result['largest_gap_ms']} |\n"
        f"| largest without its wait for a core | {result['own_gap_ms']} |\n"
        f"| largest gap, median | {result['median_largest_gap_ms']} |\n"
        f"| largest gap while reading, median | {result['median_reading_gap_ms']} |\n"
        f"| 99 of 100 gaps below, median | {result['p99_gap_ms']} |"
    )
