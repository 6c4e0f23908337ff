"""The whole program killed at random moments: every promise made before is kept after."""

from __future__ import annotations

import pytest

from tests.corpus.pages import make_small
from tests.crash.whole import kill_many

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
    outcome = kill_many(tmp_path, small, KILLS, SEED)
    assert not outcome.faults
    assert outcome.kills >= KILLS
