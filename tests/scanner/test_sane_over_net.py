"""Our driver against saned over libsane's network backend, whole and while saned dies or hangs.

The network backend knows one port only, so each saned has a loopback address of its own.
Source: saned(8), sane-net(5).
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from scanner.model import Ended, ScanRequest, SideChunk, SideEnd
from scanner.remote import RemoteSource
from tests.scanner.scan_kit import HOST, Collected, sane_env, scan, take

SANED = shutil.which("saned", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
PORT = 6566
LOOPBACK = Path("/proc/self/net").exists()  # Only Linux answers on all of 127.0.0.0/8.

pytestmark = [
    pytest.mark.skipif(SANED is None, reason="saned not found: apt-get install sane-utils"),
    pytest.mark.skipif(not LOOPBACK, reason="one loopback address only: saned's port is fixed"),
]


def free_address() -> str:
    for last in range(1, 255):
        address = f"127.{60 + os.getpid() % 60}.{os.getpid() // 60 % 250}.{last}"
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                probe.bind((address, PORT))
                return address
    raise AssertionError("no free loopback address")


class Served:
    """A saned that serves the test device, and the environment of a client that knows only it."""

    def __init__(self, folder: Path, **options: object) -> None:
        self.address = free_address()
        server = sane_env(folder / "server", **options)
        (folder / "server" / "saned.conf").write_text("+\n")
        (folder / "client" / "dll.d").mkdir(parents=True)
        (folder / "client" / "dll.conf").write_text("net\n")
        (folder / "client" / "net.conf").write_text(f"{self.address}\n")
        self.env = {"SANE_CONFIG_DIR": str(folder / "client")}
        self.device = f"sane:net:{self.address}:test:0"
        self._process = subprocess.Popen(
            [str(SANED), "-l", "-b", self.address, "-e", "-d", "3"],
            env={**os.environ, **server},
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        assert self._process.stderr is not None
        for line in self._process.stderr:
            if b"waiting for control connection" in line:
                return
        raise AssertionError("saned did not start")

    def signal(self, number: int) -> None:
        """To saned and to every process it forked for a client."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def close(self) -> None:
        self.signal(signal.SIGKILL)
        self._process.wait(10)
        assert self._process.stderr is not None
        self._process.stderr.close()


@pytest.fixture
def served(tmp_path, request) -> Iterator[Served]:
    saned = Served(tmp_path, **getattr(request, "param", {}))
    yield saned
    saned.close()


SLOW = {"read_limit": "true", "read_limit_size": 4096, "read_delay": "true",
        "read_delay_duration": 20000}  # fmt: skip


def ask(served: Served, **fields: object) -> ScanRequest:
    known = {"source": "feeder", "duplex": False, "dpi": 75, "page_mm": (60.0, 80.0), **fields}
    return ScanRequest(served.device, **known)  # type: ignore[arg-type]


def disturbed(served: Served, request: ScanRequest, at: type, number: int) -> Collected:
    """The pass, with saned told `number` at the first event of kind `at` in the second side."""
    source, collected, seen = RemoteSource(HOST, served.env), Collected(), False
    told_at = 0.0
    for event in source.scan(request):
        take(collected, event)
        if isinstance(event, SideEnd):
            source.ack(event.seq)
        if not seen and isinstance(event, at) and event.seq == (1 if at is SideEnd else 2):
            seen, told_at = True, time.monotonic()
            served.signal(number)
        if isinstance(event, Ended):
            print(f"{event.reason} {dict(event.params)} after {time.monotonic() - told_at:.2f} s")
    assert seen
    source.close()
    return collected


@pytest.mark.parametrize("served", [{"test_picture": '"Color pattern"'}], indirect=True)
@pytest.mark.parametrize("mode", ["color", "gray", "lineart"])
def test_a_page_over_the_network_is_the_page_of_the_device(tmp_path, served, mode):
    far = scan(ask(served, source="flatbed", mode=mode), served.env)
    env = sane_env(tmp_path / "near", test_picture='"Color pattern"')
    near = scan(
        ScanRequest("sane:test:0", "flatbed", False, 75, mode=mode, page_mm=(60.0, 80.0)), env
    )
    assert (far.reason, near.reason) == ("complete", "complete")
    assert far.data() == near.data()


def test_a_device_behind_saned_is_listed_and_its_feeder_counted(served):
    source = RemoteSource(HOST, served.env)
    assert [device.id for device in source.devices(["sane"])] == [served.device]
    source.close()
    got = scan(ask(served, declared_sheets=10), served.env)
    assert (got.reason, got.ended.safe_sheets) == ("complete", 10)


@pytest.mark.parametrize("served", [SLOW], indirect=True)
def test_saned_killed_inside_a_page_is_a_lost_link_and_drops_that_page_alone(served):
    got = disturbed(served, ask(served), SideChunk, signal.SIGKILL)
    assert got.reason == "scan.link_lost"
    assert ([end.seq for end in got.ends], [side.seq for side in got.dropped]) == ([1], [2])
    assert got.ended.refeed_sheet == 2


@pytest.mark.parametrize("served", [SLOW], indirect=True)
def test_saned_killed_as_a_page_ended_loses_no_page_before(served):
    """libsane's network backend takes an answer that never came for any status, or aborts on it."""
    got = disturbed(served, ask(served), SideEnd, signal.SIGKILL)
    assert got.reason in {"scan.link_lost", "scan.driver_crash", "scan.driver_error"}
    assert ([end.seq for end in got.ends], got.ended.refeed_sheet) == ([1], 2)


@pytest.mark.parametrize("served", [SLOW], indirect=True)
def test_saned_that_hangs_inside_a_page_is_stalled(served):
    got = disturbed(served, ask(served, stall_s=1.0), SideChunk, signal.SIGSTOP)
    assert got.reason == "scan.stalled"
    assert ([end.seq for end in got.ends], [side.seq for side in got.dropped]) == ([1], [2])
    assert got.ended.refeed_sheet == 2


@pytest.mark.parametrize("served", [SLOW], indirect=True)
def test_a_pass_over_the_network_can_be_cancelled_inside_a_page(served):
    source, collected = RemoteSource(HOST, served.env), Collected()
    for event in source.scan(ask(served)):
        take(collected, event)
        if isinstance(event, SideEnd):
            source.ack(event.seq)
        if isinstance(event, SideChunk) and event.seq == 2:
            source.stop(now=True)
    source.close()
    assert (collected.reason, len(collected.ends)) == ("cancelled", 1)
    assert scan(ask(served, source="flatbed"), served.env).reason == "complete"


def test_a_saned_that_is_not_there_is_offline(served):
    served.close()
    assert scan(ask(served), served.env).reason == "scan.offline"
