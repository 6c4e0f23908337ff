"""``kill``: how many dossiers are lost or doubled in many kills of the whole program."""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path

from tests.corpus.pages import make_small
from tests.crash.whole import kill_many

DEFAULT_KILLS = 200


def run(options: argparse.Namespace) -> dict[str, object]:
    """Kills until the wished number has struck; the seed is part of the result."""
    kills = getattr(options, "n", None) or DEFAULT_KILLS
    seed = getattr(options, "seed", None) or 1
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_small(folder / "pages")
        outcome = kill_many(folder, folder / "pages", kills, seed)
    return {
        "seed": seed,
        "kills": outcome.kills,
        "dossiers": outcome.dossiers,
        "faults": outcome.faults,
        "finish_median_s": round(statistics.median(outcome.reruns_s), 1),
        "finish_max_s": round(max(outcome.reruns_s), 1),
    }


def table(result: dict[str, object]) -> str:
    """The figures as a Markdown table."""
    faults = result["faults"]
    count = len(faults) if isinstance(faults, list) else "?"
    return (
        "| kills | dossiers | lost, doubled or orphaned | finish after a kill, median / max s |\n"
        "|---|---|---|---|\n"
        f"| {result['kills']} (seed {result['seed']}) | {result['dossiers']} | {count} "
        f"| {result['finish_median_s']} / {result['finish_max_s']} |\n"
    )
