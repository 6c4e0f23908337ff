"""The wall between us and drivers: what happens when the host dies, hangs, babbles or lies."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from scanner import passes, remote, wire
from scanner.errors import ScannerError
from scanner.host import MAX_UNACKED
from scanner.model import Ended, Notice, ScanRequest, SideBegin, SideChunk, SideDropped, SideEnd
from scanner.remote import RemoteSource
from scanner.simulator import Fault, SimulatorServer
from tests.scanner.scan_kit import (
    HOST,
    ROOT,
    Collected,
    hidden_driver_code,
    run_pass,
    sane_env,
    take,
    write_pages,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def feeder(tmp_path: Path) -> Iterator[Callable[..., SimulatorServer]]:
    servers: list[SimulatorServer] = []

    def make(*plan: Fault, pages: int = 3, **options: object) -> SimulatorServer:
        write_pages(tmp_path / "pages", pages)
        server = SimulatorServer(tmp_path / "pages", plan=plan, **options)  # type: ignore[arg-type]
        servers.append(server)
        server.start()
        return server

    yield make
    for server in servers:
        server.close()


def ask(server: SimulatorServer, **options: object) -> ScanRequest:
    fields: dict[str, object] = {"source": "feeder", "duplex": False, "dpi": 200, **options}
    return ScanRequest(f"escl:{server.url}", **fields)  # type: ignore[arg-type]


def host_pid(source: RemoteSource) -> int:
    assert source._host is not None
    return source._host._process.pid


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    with contextlib.suppress(FileNotFoundError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    return True


def wait_until(true: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    tick = threading.Event()
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        tick.wait(0.05)


def at_bytes_of(
    source: RemoteSource,
    request: ScanRequest,
    sheet: int,
    act: Callable[[], None],
    named: Callable[[], None] = lambda: None,
):
    """The whole pass; `act` is called once at the first bytes of that sheet, `named` at its end."""
    collected, acting, done = Collected(), False, False
    for event in source.scan(request):
        take(collected, event)
        acting = event.sheet == sheet if isinstance(event, SideBegin) else acting
        if isinstance(event, SideChunk) and acting and not done:
            done = True
            act()
        if isinstance(event, SideEnd):
            source.ack(event.seq)
        if isinstance(event, Ended):
            named()
    assert done
    return collected


def test_a_killed_host_loses_the_open_side_and_nothing_before_it(source, feeder):
    server = feeder(Fault(2, "hang"))
    got = at_bytes_of(source, ask(server), 2, lambda: os.kill(host_pid(source), signal.SIGKILL))
    assert got.reason == "scan.driver_crash"
    assert got.ended.params["code"] == "-9"
    assert (got.ended.safe_sheets, got.ended.refeed_sheet) == (1, 2)
    assert [drop.slug for drop in got.dropped] == ["scan.driver_crash"]
    again = run_pass(source, ask(server, first_seq=3, first_sheet=2, declared_sheets=3))
    assert again.reason == "complete"
    assert [end.seq for end in again.ends] == [3, 4]


def test_whenever_the_host_is_killed_only_whole_pages_were_handed_over(source, feeder):
    seed = 7
    print("seed", seed)
    server = feeder(pages=6, duplex=True)
    pages = [(server.tray._folder / f"trang-{n:02}.jpg").read_bytes() for n in range(1, 7)]
    points = random.Random(seed).sample(range(24), 6)
    for point in points:
        server.tray.reload()
        got = Collected()
        for count, heard in enumerate(source.scan(ask(server, duplex=True))):
            take(got, heard)
            if isinstance(heard, SideEnd):
                source.ack(heard.seq)
            if count == point and source._host is not None:
                os.kill(host_pid(source), signal.SIGKILL)
        assert got.data() == pages[: len(got.ends)]
        assert (
            got.ended.safe_sheets == len([e for e in got.ends if "half_sheet" not in e.flags]) // 2
        )
        if got.reason != "complete":
            assert got.reason == "scan.driver_crash"
            assert got.ended.refeed_sheet == got.ended.safe_sheets + 1


def test_a_host_killed_behind_a_front_hands_the_front_over_as_half_a_sheet(source, feeder):
    server = feeder(Fault(1, "hang", side="back"), pages=4, duplex=True)
    killed = threading.Event()
    collected = Collected()
    request = ask(server, duplex=True)
    threading.Thread(
        target=lambda: (
            wait_until(lambda: server.tray.job is not None and server.tray.job.sides == 2),
            os.kill(host_pid(source), signal.SIGKILL),
            killed.set(),
        )
    ).start()
    for event in source.scan(request):
        take(collected, event)
    assert killed.wait(5)
    assert [end.flags for end in collected.ends] == [("half_sheet",)]
    assert collected.reason == "scan.driver_crash"
    assert collected.ended.refeed_sheet == 1


def test_a_stopped_host_is_named_within_a_second_of_the_limit(source, feeder):
    server = feeder(Fault(2, "slow"))
    stopped_at: list[float] = []

    def freeze() -> None:
        stopped_at.append(time.monotonic())
        os.kill(pid(), signal.SIGSTOP)

    def pid() -> int:
        return host_pid(source)

    pids: list[int] = []
    named_at: list[float] = []
    got = at_bytes_of(
        source,
        ask(server, stall_s=1.5),
        2,
        lambda: (pids.append(pid()), freeze())[1],
        lambda: named_at.append(time.monotonic()),
    )
    named_after = named_at[0] - stopped_at[0]
    assert got.reason == "scan.stalled"
    assert (got.ended.safe_sheets, got.ended.refeed_sheet) == (1, 2)
    # The promise is one second; a shared machine gets as much again.
    assert named_after < 1.5 + 2.0
    assert is_gone(pids[0])


def test_a_driver_that_answers_good_with_nothing_for_ever_is_stalled(tmp_path):
    patch = (
        "import scanner.drivers.sane.device as d\n"
        "d.SaneDevice.read = lambda self: (0, memoryview(b''))\n"
    )
    source = RemoteSource(hidden_driver_code(patch), sane_env(tmp_path / "sane"))
    got = run_pass(source, ScanRequest("sane:test:0", "feeder", False, 75, stall_s=0.8))
    assert got.reason == "scan.stalled"
    assert got.ended.refeed_sheet == 1
    source.close()


def test_heartbeats_without_bytes_do_not_keep_a_dead_driver_alive(tmp_path):
    # The driver's own clock is taken away and it chatters: only the parent's clock is left.
    patch = (
        "import scanner.drivers.sane.source as s, scanner.wire as w, time\n"
        "def chatter(device, request, stop, numbers):\n"
        "    begin = numbers.begin()\n"
        "    yield begin\n"
        "    while True:\n"
        "        yield w.Progress(begin.seq, 0)\n"
        "        stop.wait(0.02)\n"
        "s._side = chatter\n"
    )
    source = RemoteSource(hidden_driver_code(patch), sane_env(tmp_path / "sane"))
    got = run_pass(source, ScanRequest("sane:test:0", "feeder", False, 75, stall_s=0.8))
    assert got.reason == "scan.stalled"
    source.close()


def test_a_driver_that_prints_cannot_disturb_the_pipe(tmp_path):
    patch = (
        "import ctypes\n"
        "import scanner.drivers.sane.device as d\n"
        "start = d.SaneDevice.start\n"
        "def noisy(self):\n"
        "    os.write(1, b'J\\x00\\x00 driver says hello\\n' * 500)\n"
        "    os.write(2, b'x' * (10 << 20))\n"
        "    print('and python too', flush=True)\n"
        "    return start(self)\n"
        "d.SaneDevice.start = noisy\n"
    )
    source = RemoteSource(hidden_driver_code(patch), sane_env(tmp_path / "sane"))
    got = run_pass(source, ScanRequest("sane:test:0", "flatbed", False, 75))
    assert (got.reason, len(got.ends)) == ("complete", 1)
    source.close()


def test_a_defect_in_a_driver_ends_the_pass_with_its_sheets_kept(tmp_path):
    patch = (
        "import scanner.drivers.sane.source as s\n"
        "side, calls = s._side, []\n"
        "def broken(*args):\n"
        "    calls.append(1)\n"
        "    if len(calls) == 3:\n"
        "        raise ZeroDivisionError\n"
        "    return side(*args)\n"
        "s._side = broken\n"
    )
    source = RemoteSource(hidden_driver_code(patch), sane_env(tmp_path / "sane"))
    got = run_pass(source, ScanRequest("sane:test:0", "feeder", False, 75))
    assert got.reason == "scan.driver_crash"
    assert got.ended.params["code"] == "ZeroDivisionError"
    assert (got.ended.safe_sheets, got.ended.refeed_sheet) == (2, 3)
    source.close()


def fake_host(*frames: tuple[bytes, bytes], tail: str = "") -> tuple[str, ...]:
    """A host that says these frames and then runs `tail`."""
    raw = b"".join(len(body).to_bytes(4, "big") + kind + body for kind, body in frames)
    code = f"import os, sys, threading\nos.write(1, {raw!r})\n{tail}"
    return (sys.executable, "-c", code)


def event(kind: str, /, **fields: object) -> tuple[bytes, bytes]:
    return b"J", json.dumps({"v": 1, "event": kind, **fields}).encode()


HELLO = event("hello", pid=1, protocol=1)
BEGIN = event("side_begin", seq=1, sheet=1, side="front")
END_FIELDS = {
    "seq": 1, "sheet": 1, "side": "front", "media": "image/jpeg", "width_px": 1, "height_px": 1,
    "dpi": 200, "sha256": "0" * 64, "size_bytes": 3, "flags": [], "name": None,
}  # fmt: skip


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (("/nowhere/scan-host",), "start"),
        (fake_host((b"X", b"")), "0"),
        (fake_host((b"J", b"hello")), "protocol"),
        (fake_host(event("hello", pid=1, protocol=2)), "protocol"),
        (fake_host(HELLO, (b"J", b'{"v":9,"event":"ended"}')), "protocol"),
        (fake_host(HELLO, event("side_begin", seq=1)), "protocol"),
        (fake_host(HELLO, tail="os.write(1, b'\\x00\\x00\\x01\\x00J{')"), "0"),
        (fake_host(HELLO, tail="os.write(1, b'\\xff\\xff\\xff\\xffD')"), "0"),
        (fake_host(HELLO, BEGIN, (b"D", b"abc"), event("side_end", **END_FIELDS)), "bytes"),
        (fake_host(HELLO, tail="os._exit(7)"), "7"),
    ],
)
def test_a_host_that_does_not_speak_the_protocol_is_a_crash(argv, code):
    source = RemoteSource(argv)
    got = run_pass(source, ScanRequest("sane:test:0", "feeder", False, 200))
    assert got.reason == "scan.driver_crash"
    assert got.ended.params["code"] == code
    assert got.ended.refeed_sheet == 1
    assert got.ends == []
    source.close()


def test_events_after_the_end_are_not_heard():
    ended = event("ended", reason="complete", params={})
    frames = (BEGIN, (b"D", b"abc"), event("side_end", **{
        **END_FIELDS, "sha256": __import__("hashlib").sha256(b"abc").hexdigest()
    }))  # fmt: skip
    source = RemoteSource(fake_host(HELLO, *frames, ended, BEGIN, ended))
    got = run_pass(source, ScanRequest("sane:test:0", "feeder", False, 200))
    assert (got.reason, got.ended.pages) == ("complete", 1)
    source.close()


def test_a_host_that_says_nothing_is_given_up(monkeypatch):
    monkeypatch.setattr(remote, "HELLO_S", 0.4)
    source = RemoteSource(fake_host(tail="threading.Event().wait(60)"))
    with pytest.raises(ScannerError) as caught:
        source.devices()
    assert caught.value.slug == "scan.stalled"
    source.close()


def test_a_notice_passes_through_and_ends_nothing():
    frames = (event("notice", slug="scan.warming_up", params={"seconds": 3}),)
    source = RemoteSource(fake_host(HELLO, *frames, event("ended", reason="complete", params={})))
    events = list(source.scan(ScanRequest("sane:test:0", "feeder", False, 200)))
    assert isinstance(events[0], Notice)
    assert events[-1].reason == "scan.no_docs"


def test_at_most_eight_sides_wait_for_being_committed(tmp_path):
    source = RemoteSource(HOST, sane_env(tmp_path / "sane"))
    ends: list[int] = []
    finished = threading.Event()

    def consume() -> None:
        for heard in source.scan(ScanRequest("sane:test:0", "feeder", False, 75)):
            ends.extend([heard.seq] if isinstance(heard, SideEnd) else [])
        finished.set()

    threading.Thread(target=consume, daemon=True).start()
    wait_until(lambda: len(ends) == MAX_UNACKED)
    assert not finished.wait(0.5)
    assert len(ends) == MAX_UNACKED
    for seq in (1, 2, 3):
        source.ack(seq)
    assert finished.wait(20)
    assert len(ends) == 10
    source.close()


def test_waiting_for_the_caller_is_not_a_stall(tmp_path, monkeypatch):
    monkeypatch.setattr(passes, "UNACKED_S", 30)
    source = RemoteSource(HOST, sane_env(tmp_path / "sane"))
    request = ScanRequest("sane:test:0", "feeder", False, 75, stall_s=0.5)
    timers: list[threading.Timer] = []
    got = Collected()
    for heard in source.scan(request):
        take(got, heard)
        if isinstance(heard, SideEnd):
            timers.append(threading.Timer(1.2, source.ack, (heard.seq,)))
            timers[-1].start()
    assert (got.reason, len(got.ends)) == ("complete", 10)
    for timer in timers:
        timer.join()
    source.close()


def test_stop_after_the_sheet_finishes_both_its_sides(source, feeder):
    server = feeder(Fault(2, "slow"), pages=8, duplex=True)
    request = ask(server, duplex=True)
    got = Collected()
    for heard in source.scan(request):
        take(got, heard)
        if isinstance(heard, SideEnd):
            source.ack(heard.seq)
            if heard.sheet == 1 and heard.side == "back":
                source.stop(now=False)
    assert got.reason == "cancelled"
    assert got.ended.safe_sheets in {1, 2}
    assert len(got.ends) == 2 * got.ended.safe_sheets
    assert got.dropped == []
    assert got.ended.refeed_sheet == got.ended.safe_sheets + 1


def test_stop_now_throws_the_open_side_away_though_the_device_hangs(source, feeder):
    server = feeder(Fault(2, "hang"))
    at: list[float] = []

    def stop() -> None:
        at.append(time.monotonic())
        source.stop(now=True)

    got = at_bytes_of(source, ask(server), 2, stop)
    assert time.monotonic() - at[0] < 4
    assert got.reason == "cancelled"
    assert [drop.slug for drop in got.dropped] == ["scan.cancelled"]
    assert got.ended.refeed_sheet == 2
    again = run_pass(source, ask(server, first_seq=3, first_sheet=2))
    assert (again.reason, len(again.ends)) == ("complete", 2)


def test_stop_now_ends_a_host_that_no_longer_listens(source, feeder):
    server = feeder(Fault(1, "slow"))

    def freeze_and_stop() -> None:
        os.kill(host_pid(source), signal.SIGSTOP)
        source.stop(now=True)

    got = at_bytes_of(source, ask(server), 1, freeze_and_stop)
    assert got.reason == "cancelled"
    assert source._host is None


def test_a_stop_while_the_host_still_starts_is_not_forgotten(source, feeder):
    server = feeder(pages=3)
    events = source.scan(ask(server))
    source.stop(now=False)
    got = Collected()
    for heard in events:
        take(got, heard)
    assert (got.reason, got.ends) == ("cancelled", [])


def test_no_host_is_left_when_the_caller_walks_away(source, feeder):
    server = feeder(Fault(2, "hang"))
    events = source.scan(ask(server))
    for heard in events:
        if isinstance(heard, SideEnd):
            break
    pid = host_pid(source)
    events.close()
    assert is_gone(pid)


def test_a_host_whose_parent_dies_leaves_by_itself(feeder):
    server = feeder(Fault(1, "hang"))
    code = (
        "import sys\n"
        "from scanner.model import ScanRequest, SideChunk\n"
        "from scanner.remote import RemoteSource\n"
        "source = RemoteSource([sys.executable, '-m', 'scanner.host'])\n"
        f"request = ScanRequest('escl:{server.url}', 'feeder', False, 200)\n"
        "for event in source.scan(request):\n"
        "    if isinstance(event, SideChunk):\n"
        "        print(source._host._process.pid, flush=True)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=ROOT) as parent:
        assert parent.stdout is not None
        host = int(parent.stdout.readline())
        assert not is_gone(host)
        parent.kill()
    wait_until(lambda: is_gone(host), 10)


@pytest.mark.parametrize(
    "device", ["nonsense:1", "escl:https://127.0.0.1/eSCL", "escl:http://[", "escl:", "sane"]
)
def test_an_address_that_is_none_of_ours_is_refused_by_name(source, device):
    got = run_pass(source, ScanRequest(device, "feeder", False, 200))
    assert got.reason in {"scan.unsupported", "scan.offline"}
    assert got.ended.refeed_sheet == 1


def test_frames_survive_the_pipe_in_any_pieces():
    class Dribble:
        def __init__(self, data: bytes) -> None:
            self.data = data

        def read(self, _size: int) -> bytes:
            piece, self.data = self.data[:1], self.data[1:]
            return piece

    message = SideDropped(3, 2, "back", "scan.jam")
    body = wire.encode_message(message)
    raw = len(body).to_bytes(4, "big") + b"J" + body + b"\0\0\0\0D"
    pipe = Dribble(raw)
    frame = wire.read_frame(pipe)  # type: ignore[arg-type]
    assert frame is not None
    assert wire.decode_message(frame[1]) == message
    assert wire.read_frame(pipe) == (b"D", b"")  # type: ignore[arg-type]
    assert wire.read_frame(pipe) is None  # type: ignore[arg-type]


def test_a_driver_that_hangs_hides_only_its_own_devices(tmp_path):
    patch = (
        "import threading\n"
        "import scanner.drivers.sane.source as s\n"
        "s.SaneSource.devices = lambda self: threading.Event().wait(60)\n"
    )
    source = RemoteSource(hidden_driver_code(patch), sane_env(tmp_path / "sane"))
    assert [device.id for device in source.devices(["sane", "simulated"], 3.0)] == ["simulated:"]
    with pytest.raises(ScannerError) as caught:
        source.devices(["sane"], 3.0)
    assert caught.value.slug == "scan.stalled"
    source.close()
