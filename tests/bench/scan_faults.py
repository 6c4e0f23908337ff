"""Random faults by the thousand: what was lost, doubled, cut or misnamed, and how fast it was told."""

from __future__ import annotations

import random
import statistics
from typing import TYPE_CHECKING

from tests.scanner.fault_runs import STALL_S, numbered, play_all

if TYPE_CHECKING:
    from pathlib import Path

THREADS = 8
_WORDS = ("lost", "damaged", "doubled", "numbers", "left over", "passes", "pass ", "struck")


def faults(work: Path, count: int, seed: int | None) -> dict[str, object]:
    """Play runs until so many faults are injected, and give what the judge found."""
    seed = random.SystemRandom().randrange(1 << 31) if seed is None else seed
    runs = numbered(seed, count)
    found: dict[str, int] = dict.fromkeys(_WORDS, 0)
    wrong: list[str] = []
    stalls: list[float] = []
    crashes: list[float] = []
    cancels: list[float] = []
    pages = passes = 0
    for number, (record, said) in enumerate(play_all(runs, work, THREADS)):
        for line in said:
            found[next(word for word in _WORDS if line.startswith(word))] += 1
            wrong.append(f"run {number}: {line}")
        passes += len(record.turns)
        pages += len(record.kept)
        stalls += [turn.stall_s for turn in record.turns if turn.stall_s is not None]
        crashes += [turn.crash_s for turn in record.turns if turn.crash_s is not None]
        cancels += [turn.idle_s for turn in record.turns if turn.idle_s is not None]
    return {
        "seed": seed,
        "faults": sum(run.injected for run in runs),
        "stacks": len(runs),
        "passes": passes,
        "pages": pages,
        "lost": found["lost"],
        "damaged": found["damaged"],
        "doubled": found["doubled"],
        "sheet_or_name_wrong": found["pass "] + found["passes"] + found["struck"],
        "other": found["numbers"] + found["left over"],
        "wrong": wrong[:50],
        "stalls": len(stalls),
        "stall_over_limit_max_s": max((s - STALL_S for s in stalls), default=None),
        "crashes": len(crashes),
        "crash_told_median_s": statistics.median(crashes) if crashes else None,
        "crash_told_max_s": max(crashes, default=None),
        "crashes_over_100_ms": sum(s > 0.1 for s in crashes),
        "cancels": len(cancels),
        "cancel_to_idle_max_s": max(cancels, default=None),
    }
