"""kill -9 of the portal, of the station, of both: nothing lost, nothing doubled, any seed."""

from __future__ import annotations

import random
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from sync.client import SyncClient
from sync.identity import StationIdentity, enrol
from sync.portal import DumpRow, export
from sync.protocol import parse_receipt
from sync.wire import Timeouts
from tests.sync.kit import FileOutbox, Shelf, now, sealed, sha256

ROOT = Path(__file__).parents[2]
HOPS = [
    "enrol-before-commit",
    "enrol-committed",
    "put-before-commit",
    "put-committed",
    "spool-synced",
    "blob-synced",
    "blob-hashed",
    "blob-renamed",
    "blob-folder-synced",
    "row-before-commit",
    "row-committed",
]


class Child:
    """A process that can be killed and started again."""

    def __init__(self, *order: str) -> None:
        self.order = [sys.executable, "-m", *order]
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *more: str, ready: bool = False) -> None:
        self.close()
        self.process = subprocess.Popen(
            [*self.order, *more], cwd=ROOT, stdout=subprocess.PIPE if ready else None
        )
        if ready and self.process.stdout is not None:
            self.process.stdout.readline()

    @property
    def code(self) -> int | None:
        return self.process.poll() if self.process else None

    def kill(self) -> None:
        self.end(signal.SIGKILL)

    def end(self, number: int) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        code = self.process.wait(30)
        self.close()
        return code

    def close(self) -> None:
        if self.process is not None and self.process.stdout is not None:
            self.process.stdout.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def patient_enrol(url: str, key: bytes, restart) -> StationIdentity:
    from sync.errors import SyncError

    for _ in range(5):
        try:
            return enrol(
                url, code=None, label="HK03", office="H26.12", now=now(), private_key_pem=key
            )
        except SyncError as error:
            if error.slug not in {"sync.cut", "sync.offline"}:
                raise
            restart()
    raise AssertionError("never enrolled")


def check(folder: Path, identity: StationIdentity, outbox: FileOutbox, count: int) -> list[DumpRow]:
    """The oracle: what the station was promised is what the portal holds, once."""
    rows = export(folder / "portal", folder / "out")
    assert len(rows) == count == len({row.code for row in rows})
    assert outbox.states() == ["delivered"] * count
    codes = set()
    for path in outbox._paths():
        name, rev, _ = outbox._item(path)
        facts = outbox.state(type(sealed(random.Random(0), "HK03", 1, []).key)(name, rev))
        for kind in ("reception", "custody"):
            raw = str(facts[kind]).encode()
            receipt = parse_receipt(raw, identity.portal_keys, identity.issuer)
            codes.add(receipt.official_code)
    assert codes == {row.code for row in rows}
    for row in rows:
        assert row.state == "delivered"
        for paper in row.papers:
            assert paper.file is not None
            assert sha256(paper.file.read_bytes()) == paper.sha256
    return rows


@pytest.mark.parametrize("hop", HOPS)
def test_a_portal_killed_at_a_step_loses_nothing(tmp_path: Path, hop: str):
    from sync.identity import new_key_pem

    port, rng, rest = free_port(), random.Random(hop), threading.Event()
    portal = Child("tests.sync.portal_child", "--data", f"{tmp_path}/portal", "--port", f"{port}")
    portal.start("--die-at", hop, ready=True)
    died: list[int] = []

    def again() -> None:
        if portal.code is not None:
            died.append(portal.code)
            portal.start(ready=True)

    try:
        url = f"http://127.0.0.1:{port}"
        identity = patient_enrol(url, new_key_pem(), again)
        again()
        assert identity.station_id == "HK03"
        outbox, shelf = FileOutbox(tmp_path / "outbox"), Shelf()
        for number in (1, 2):
            files = [shelf.put(rng.randbytes(200_000)) for _ in range(2)]
            outbox.add(sealed(rng, "HK03", number, files))
        one = SyncClient(
            identity,
            outbox,
            shelf,
            clock=now,
            wait=lambda s: rest.wait(min(s, 0.02)),
            rng=rng,
            timeouts=Timeouts(2.0, 5.0, 5.0),
        )
        deadline = time.monotonic() + 60
        while not one.run_once().done and time.monotonic() < deadline:
            again()
        assert died == [-signal.SIGKILL], f"{hop} was never passed"
    finally:
        if portal.code is None:
            assert portal.end(signal.SIGTERM) == 0
    check(tmp_path, identity, outbox, 2)


@pytest.mark.parametrize("seed", [1, 2])
def test_random_kills_of_portal_and_station_lose_nothing(tmp_path: Path, seed: int):
    print(f"seed {seed}")
    port, rng, rest = free_port(), random.Random(seed), threading.Event()
    portal = Child("tests.sync.portal_child", "--data", f"{tmp_path}/portal", "--port", f"{port}")
    station = Child("tests.sync.client_child", str(tmp_path))
    portal.start(ready=True)
    identity = enrol(f"http://127.0.0.1:{port}", code=None, label="HK03", office="H26", now=now())
    (tmp_path / "identity").write_bytes(identity.to_bytes())
    (tmp_path / "files").mkdir()
    outbox, count = FileOutbox(tmp_path / "outbox"), 14
    for number in range(1, count + 1):
        files = [rng.randbytes(rng.randint(1, 600_000)) for _ in range(3)]
        for data in files:
            (tmp_path / "files" / sha256(data)).write_bytes(data)
        outbox.add(sealed(rng, "HK03", number, files))
    kills = 0
    deadline = time.monotonic() + 100
    try:
        station.start()
        while station.code is None and time.monotonic() < deadline:
            rest.wait(rng.uniform(0.1, 0.9))
            victim = rng.choice([portal, station])
            if kills < 6 and station.code is None:
                victim.kill()
                kills += 1
                victim.start(ready=victim is portal)
        assert station.code == 0, outbox.states()
    finally:
        if station.code is None:
            station.kill()
        assert portal.end(signal.SIGTERM) == 0
    print(f"kills {kills}")
    check(tmp_path, identity, outbox, count)


def test_a_portal_ends_cleanly_on_request_and_says_where_it_listens(tmp_path: Path):
    order = [sys.executable, "-m", "sync.portal", "--data", str(tmp_path / "p"), "--require-code"]
    for number, code in ((signal.SIGTERM, 0), (signal.SIGINT, 130)):
        with subprocess.Popen(order, cwd=ROOT, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            url, secret = process.stdout.readline().split(), process.stdout.readline().split()
            assert (url[0], secret[0]) == (b"url", b"code")
            enrol(url[1].decode(), code=secret[1].decode(), label="HK03", office="H26", now=now())
            process.send_signal(number)
            assert process.wait(30) == code
