"""The whole program killed at random moments: every promise made before is kept after."""

from __future__ import annotations

import random

import pytest

from tests.corpus.pages import make_small
from tests.crash.whole import Station, judge

KILLS = 30
SEED = 20260807


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small")
    make_small(folder)
    return folder


@pytest.mark.timeout(900)
def test_thirty_kills_lose_and_double_nothing(tmp_path, small):
    """Kills at seeded moments spread over a run, dossier after dossier, until thirty are done."""
    print("seed", SEED)
    rng = random.Random(SEED)
    kills, faults = 0, []
    number = 0
    while kills < KILLS:
        number += 1
        station = Station(tmp_path / f"d{number}", small)
        for _ in range(10):
            code = station.run_and_kill(rng.uniform(0.3, 12.0))
            kills += code == -9
            if code == 0:
                break
        code, report, said = station.run()
        assert code == 0, said
        faults += [f"dossier {number}: {fault}" for fault in judge(station, report)]
    assert not faults
    assert kills >= KILLS
