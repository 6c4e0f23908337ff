"""What a scan worker does when the disk fills, the scanner hangs, or it tells something."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.domain.ids import DossierId
from scanner.simulator import Fault, SimulatorServer
from tests.cli.cli_kit import small_disk
from tests.pipeline.counter import Counter, device
from tests.pipeline.test_scanning_goes_on import ended, feed, whole


def test_a_disk_that_fills_stops_between_sheets_and_the_rest_follows(
    small_pages: Path, tmp_path: Path
):
    with small_disk(tmp_path / "disk", "560M") as disk:
        counter = Counter(disk / "home")
        filler = disk / "filler"
        try:
            counter.start(["scan"])
            dossier = counter.dossier()
            free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
            filler.write_bytes(bytes(free - 500_000_000 - 60_000))
            feed(counter, dossier, device(small_pages, tmp_path, ipm=60), 3)
            found = ended(counter, dossier)
            assert (found.state, found.slug) == ("ended", "scan.disk_full")
            assert found.refeed_sheet - 1 == found.safe_sheets < 3
            left = 3 - found.safe_sheets
            feed(counter, dossier, device(small_pages, tmp_path), left)
            again = ended(counter, dossier)
            assert again.slug == "scan.disk_full"
            assert again.refeed_sheet == found.refeed_sheet, "no sheet was begun"
            filler.unlink()
            feed(counter, dossier, device(small_pages, tmp_path), left)
            assert ended(counter, dossier).state == "complete"
            whole(counter, dossier)
        finally:
            counter.close()


def test_a_hang_is_told_at_once_and_the_device_tried_again(counter: Counter, small_pages: Path):
    with _stalled_at_the_second_sheet(counter, small_pages) as dossier:
        found = ended(counter, dossier)
        assert (found.state, found.slug) == ("ended", "scan.stalled")
        assert (found.safe_sheets, found.refeed_sheet) == (1, 2)
        assert ("scan.ended", {"reason": "scan.stalled", "safe_sheets": 1}) in [
            (what, {"reason": body["reason"], "safe_sheets": body["safe_sheets"]})
            for what, body in counter.journal(dossier)
            if what == "scan.ended"
        ]


def test_a_scanner_that_stays_away_after_a_hang_asks_for_its_switch(
    counter: Counter, small_pages: Path
):
    with _stalled_at_the_second_sheet(counter, small_pages) as dossier:
        pass
    found = ended(counter, dossier)
    assert (found.slug, found.safe_sheets, found.refeed_sheet) == ("scan.power_cycle", 1, 2)


@contextmanager
def _stalled_at_the_second_sheet(counter: Counter, pages: Path) -> Iterator[DossierId]:
    """The dossier whose scan was just told as stalled; the device is there until the block ends."""
    server = SimulatorServer(pages, plan=(Fault(2, "slow"),))
    server.start()
    try:
        counter.start(["scan"])
        dossier = counter.dossier()
        feed(counter, dossier, f"escl:{server.url}", 3)
        counter.wait_event("page")
        _freeze_host(counter.pid("scan"))
        counter.wait_event("notice", slug="scan.stalled")
        yield dossier
    finally:
        server.close()


def _freeze_host(worker: int) -> None:
    """The driver host of the pass that runs: the worker's youngest child that has a socket open."""
    threads = Path(f"/proc/{worker}/task").iterdir()
    children = [pid for thread in threads for pid in (thread / "children").read_text().split()]
    (host,) = (pid for pid in children if _has_socket(pid))
    os.kill(int(host), signal.SIGSTOP)


def _has_socket(pid: str) -> bool:
    return any(link.is_socket() for link in Path(f"/proc/{pid}/fd").iterdir())
