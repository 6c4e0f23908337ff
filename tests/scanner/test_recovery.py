"""After a hang or a crash: who cures it, whether the device answers again, a host that stands by."""

from __future__ import annotations

import os
import signal
import threading
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from scanner import remote
from scanner.errors import CURES, RANK, SLUGS, strongest
from scanner.model import ScanRequest, SideChunk
from scanner.remote import RemoteSource
from scanner.simulator import Fault, SimulatorServer
from tests.scanner.scan_kit import HOST, Collected, run_pass, sane_env, take, write_pages

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SimulatorServer]:
    write_pages(tmp_path / "pages", 2)
    made = SimulatorServer(tmp_path / "pages")
    made.start()
    yield made
    made.close()


def spare_pid(source: RemoteSource) -> int:
    assert source._spare is not None
    return source._spare._process.pid


def hosts_of(source: RemoteSource, request: ScanRequest) -> tuple[set[int], Collected]:
    """Process ids that sent bytes, and what they sent."""
    pids, collected = set(), Collected()
    for event in source.scan(request):
        take(collected, event)
        if isinstance(event, SideChunk) and source._host is not None:
            pids.add(source._host._process.pid)
        if hasattr(event, "sha256"):
            source.ack(event.seq)
    return pids, collected


def test_the_next_pass_runs_in_the_host_that_stood_by(source, server):
    source.stand_by()
    spare = spare_pid(source)
    source.stand_by()
    assert spare_pid(source) == spare, "one stands by, not two"
    pids, got = hosts_of(source, ScanRequest(f"escl:{server.url}", "feeder", False, 200))
    assert pids == {spare}
    assert got.reason == "complete"
    assert source._spare is None


def test_a_host_that_died_while_it_stood_by_is_replaced_unnoticed(source, server):
    source.stand_by()
    spare = spare_pid(source)
    os.kill(spare, signal.SIGKILL)
    pids, got = hosts_of(source, ScanRequest(f"escl:{server.url}", "feeder", False, 200))
    assert spare not in pids
    assert (got.reason, len(got.ends)) == ("complete", 2)


def test_no_spare_is_left_behind(source):
    source.stand_by()
    process = source._spare._process
    source.close()
    assert process.poll() is not None
    assert source._spare is None


def test_a_device_that_answers_again_is_found(source, server, tmp_path):
    never = threading.Event()
    beats: list[None] = []
    assert source.answers_again(f"escl:{server.url}", never, lambda: beats.append(None))
    assert beats == [None]
    sane = RemoteSource(HOST, sane_env(tmp_path / "sane"))
    assert sane.answers_again("sane:test:0", never, lambda: None)
    sane.close()


def test_a_device_that_stays_away_is_tried_three_times(source, server, monkeypatch):
    monkeypatch.setattr(remote, "REOPEN_AFTER_S", (0.0, 0.0, 0.0))
    server.close()
    beats: list[None] = []
    never = threading.Event()
    assert not source.answers_again(f"escl:{server.url}", never, lambda: beats.append(None))
    assert len(beats) == 3


def test_a_clerk_who_gives_up_need_not_wait_for_the_device(source, server):
    given_up = threading.Event()
    given_up.set()
    server.close()
    assert not source.answers_again(f"escl:{server.url}", given_up, lambda: None)


def test_after_a_hang_the_same_source_scans_the_rest(source, tmp_path):
    pages = write_pages(tmp_path / "pages", 3)
    server = SimulatorServer(tmp_path / "pages", plan=(Fault(2, "hang"),))
    server.start()
    ask = ScanRequest(f"escl:{server.url}", "feeder", False, 200, stall_s=1.0)
    first = run_pass(source, ask)
    assert (first.reason, first.ended.refeed_sheet) == ("scan.stalled", 2)
    assert source.answers_again(ask.device_id, threading.Event(), lambda: None)
    rest = run_pass(
        source,
        ScanRequest(
            ask.device_id, "feeder", False, 200, declared_sheets=3, first_seq=3, first_sheet=2
        ),
    )
    assert rest.reason == "complete"
    assert first.data() + rest.data() == pages
    server.close()


def test_the_cause_among_several_signals_is_the_strongest_in_any_order():
    for slugs in permutations((*RANK[:4], "scan.offline")):
        assert strongest(slugs) == "scan.double_feed"
    assert strongest(("scan.offline", "scan.driver_error")) == "scan.offline"
    assert strongest(("scan.offline", "scan.stalled")) == "scan.stalled"
    assert strongest(("scan.offline",)) == "scan.offline"


def test_every_trouble_has_somebody_who_cures_it():
    assert set(CURES) == SLUGS
    assert set(RANK) <= SLUGS
    assert {slug for slug, cure in CURES.items() if cure == "alone"} == {
        "scan.busy",
        "scan.warming_up",
        "scan.stalled",
        "scan.driver_crash",
    }
