"""A batch that ends early, is stopped, or loses its worker: the full stack once, in order."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from app.desk import reception
from app.desk.reception import ScanProfile
from app.store import dossiers
from app.store.jobs import boot_id
from tests.pipeline.counter import Counter, device

NAMES = ["01-don-1.jpg", "02-bien-ban-1.jpg", "02-bien-ban-2.jpg"]


def feed(counter: Counter, dossier, name: str, declared: int | None = None) -> None:
    profile = ScanProfile(name, declared_sheets=declared)
    reception.start_scan(counter.office, dossier, profile)


def ended(counter: Counter, dossier) -> reception.ScanStatus:
    counter.wait(lambda: reception.scan_status(counter.office, dossier).state != "running")
    return reception.scan_status(counter.office, dossier)


def whole(counter: Counter, dossier) -> None:
    """The stack is there once, in order, numbered without a gap."""
    assert counter.names(dossier) == NAMES
    pages = [page for page in dossiers.pages(counter.db, dossier) if not page.dropped]
    assert [page.sheet for page in pages] == [1, 2, 3]
    assert [page.position for page in pages] == sorted({page.position for page in pages})


def test_after_a_jam_the_clerk_feeds_the_rest(counter: Counter, small_pages: Path, tmp_path: Path):
    counter.start(["scan"])
    dossier = counter.dossier()
    feed(counter, dossier, device(small_pages, tmp_path, {"sheet": 3, "fault": "jam"}), 3)
    found = ended(counter, dossier)
    assert (found.state, found.slug) == ("ended", "scan.jam")
    assert (found.safe_sheets, found.refeed_sheet) == (2, 3)
    assert dict(found.params)["refeed_sheet"] == 3
    assert counter.names(dossier) == NAMES[:2]
    feed(counter, dossier, device(small_pages, tmp_path), 1)
    assert ended(counter, dossier).state == "complete"
    whole(counter, dossier)
    assert dossiers.get(counter.db, dossier).declared_sheets == 3


@pytest.mark.parametrize("fault", ["cover_open", "link_cut", "double_feed", "zero_byte"])
def test_no_fault_of_the_second_sheet_loses_or_doubles_one(
    counter: Counter, small_pages: Path, tmp_path: Path, fault: str
):
    counter.start(["scan"])
    dossier = counter.dossier()
    faulty = device(small_pages, tmp_path, {"sheet": 2, "fault": fault})
    feed(counter, dossier, faulty, 3)
    found = ended(counter, dossier)
    if found.state != "complete":
        assert found.safe_sheets == found.refeed_sheet - 1
        left = 3 - found.safe_sheets
        feed(counter, dossier, device(small_pages, tmp_path), left)
        assert ended(counter, dossier).state == "complete"
    whole(counter, dossier)


def test_a_killed_scan_worker_leaves_its_pages_and_no_batch_begins_by_itself(
    counter: Counter, small_pages: Path, tmp_path: Path
):
    counter.start(["scan"])
    dossier = counter.dossier()
    feed(counter, dossier, device(small_pages, tmp_path, ipm=30))
    counter.wait_event("page")
    counter.kill("scan")
    counter.wait_event("worker_died", kind="scan")
    counter.wait_event("ready", 2, kind="scan")
    found = ended(counter, dossier)
    assert (found.state, found.slug) == ("ended", "scan.interrupted")
    assert found.safe_sheets == len(counter.names(dossier)) >= 1
    assert counter.names(dossier) == NAMES[: found.safe_sheets]
    assert [job.state for job in counter.jobs(dossier, "scan")] == ["in_doubt"]
    reception.close_interrupted(counter.office, dossier)
    feed(counter, dossier, device(small_pages, tmp_path))
    assert ended(counter, dossier).state == "complete"
    whole(counter, dossier)


def test_the_clerk_stops_a_batch_and_keeps_what_came(counter, small_pages: Path, tmp_path: Path):
    supervisor = counter.start(["scan"])
    dossier = counter.dossier()
    feed(counter, dossier, device(small_pages, tmp_path, ipm=20))
    counter.wait_event("page")
    supervisor.stop_job("scan")
    found = ended(counter, dossier)
    assert (found.state, found.slug) == ("ended", "scan.cancelled")
    assert counter.names(dossier) == NAMES[: found.safe_sheets]
    feed(counter, dossier, device(small_pages, tmp_path))
    assert ended(counter, dossier).state == "complete"
    whole(counter, dossier)


def test_what_a_frozen_worker_brings_too_late_is_refused(
    counter: Counter, small_pages: Path, tmp_path: Path
):
    """Its lease ran out meanwhile; the clerk went on; no side may come in twice."""
    counter.start(["scan"])
    dossier = counter.dossier()
    feed(counter, dossier, device(small_pages, tmp_path, ipm=30))
    counter.wait_event("page")
    pid = counter.kill("scan", signal.SIGSTOP)
    counter.vault.jobs.expire(time.monotonic() + 3600, boot_id())
    assert ended(counter, dossier).slug == "scan.interrupted"
    reception.close_interrupted(counter.office, dossier)
    feed(counter, dossier, device(small_pages, tmp_path))
    os.kill(pid, signal.SIGCONT)
    assert ended(counter, dossier).state == "complete"
    whole(counter, dossier)


def test_paper_larger_than_asked_for_is_not_cut_without_a_word(
    counter: Counter, small_pages: Path, tmp_path: Path
):
    counter.start(["scan"])
    dossier = counter.dossier()
    wrong = device(small_pages, tmp_path, {"sheet": 1, "fault": "wrong_size", "times": 9})
    feed(counter, dossier, wrong)
    found = ended(counter, dossier)
    assert found.slug == "scan.page_wrong"
    assert counter.names(dossier) == []


def test_a_scanner_that_is_not_there_ends_the_batch_with_its_name(counter: Counter):
    counter.start(["scan"])
    dossier = counter.dossier()
    feed(counter, dossier, "simulated:/no/such/folder")
    found = ended(counter, dossier)
    assert found.state == "ended"
    assert found.slug == "scan.no_device"
    assert found.refeed_sheet == 1
