"""Death at every named hop of the spine: of the worker alone, and of the whole program."""

from __future__ import annotations

import hashlib
import json

import pytest

from app.store.database import fetch
from tests.corpus.pages import make_small
from tests.crash.whole import Station, judge

HOPS = (
    "scan.claimed", "page.stored", "page.committed", "scan.stored", "scan.done",
    "clean.claimed", "clean.stored", "clean.done", "read.claimed", "read.stored",
    "compose.stored", "compose.done", "prepare.stored", "prepare.done",
    "sign.claimed", "sign.before_token", "sign.after_token", "sign.stored", "sign.done",
    "embed.stored", "embed.done", "seal.stored", "seal.done",
    "register.claimed", "register.stored", "register.done", "deliver.stored", "deliver.done",
    "blob.before_fsync", "blob.after_fsync", "blob.after_rename", "job.before_complete",
)  # fmt: skip
SHADOWED = {"scan.done", "deliver.done"}
"""Met only by the other test: after ``.stored`` has struck, the clerk or the receipt ends the job."""
ALIKE = (".claimed", ".before_fsync", ".done")
PROGRAM_HOPS = (*(hop for hop in HOPS if not hop.endswith(ALIKE)), "sign.done", "seal.done")
"""Where the whole program dies, the moments before a result and after its row look alike."""
MOST_RUNS = 16


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small")
    make_small(folder)
    return folder


@pytest.mark.timeout(600)
def test_a_worker_killed_at_every_hop_leaves_one_whole_delivery(tmp_path, small):
    """Each hop kills the first worker that passes it; the clerk starts again when told to."""
    markers = tmp_path / "markers"
    markers.mkdir()
    hops = [hop for hop in HOPS if hop not in SHADOWED]
    wanted = ",".join(f"{hop}@{markers / hop}" for hop in hops)
    station = Station(tmp_path / "s", small, env={"COUNTER_STATION_HOP": wanted})
    said = []
    for _ in range(MOST_RUNS):
        code, report, stderr = station.run()
        said.append(stderr)
        if code == 0:
            break
    assert code == 0, said[-1]
    assert {path.name for path in markers.iterdir()} == set(hops), "hops that were never met"
    assert judge(station, report) == []


@pytest.mark.timeout(900)
def test_the_program_killed_at_every_hop_leaves_one_whole_delivery(tmp_path, small):
    """The whole process group dies as soon as one worker reached the hop.

    Where a dossier is finished before its hop comes again, the next dossier goes on.
    """
    stations = [Station(tmp_path / "d0", small)]
    for hop in PROGRAM_HOPS:
        marker = tmp_path / hop
        for _ in range(2):
            station = stations[-1]
            station.env = {"COUNTER_STATION_HOP": f"{hop}@{marker}"}
            station.run_and_kill(60.0, marker)
            if marker.exists():
                break
            stations.append(Station(tmp_path / f"d{len(stations)}", small))
        assert marker.exists(), f"{hop} was never met"
    for station in stations:
        station.env = {}
        code, report, said = station.run()
        assert code == 0, said
        assert judge(station, report) == []


@pytest.mark.timeout(300)
def test_a_page_that_kills_its_worker_thrice_is_set_aside_and_named(tmp_path, small):
    """The poison page is quarantined; its neighbours are read; the next run still says so."""
    poison = sorted(small.glob("*.jpg"))[1]
    digest = hashlib.sha256(poison.read_bytes()).hexdigest()[:16]
    env = {"COUNTER_STATION_HOP": f"clean.claimed.{digest}"}
    station = Station(tmp_path / "s", small, env=env)
    code, _, said = station.run()
    assert code == 3
    assert "[page.quarantined]" in said
    assert "Trang 2" in said
    vault = station.vault()
    try:
        rows = fetch(vault.db, "SELECT stage, state, attempts, inputs FROM job WHERE stage='clean'")
        states = {json.loads(row["inputs"])[0][:16]: row["state"] for row in rows}
        read = fetch(vault.db, "SELECT count(*) AS n FROM page WHERE text IS NOT NULL")[0]["n"]
    finally:
        vault.close()
    assert states.pop(digest) == "quarantined"
    assert set(states.values()) == {"done"}
    assert read == 2
