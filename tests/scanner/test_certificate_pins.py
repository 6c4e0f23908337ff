"""A scanner under TLS is the one of its first scan, or nothing is scanned."""

from __future__ import annotations

import json
import os
import socket
import ssl
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from scanner.drivers.escl.link import EsclLink, LinkError
from scanner.drivers.escl.pins import Pins
from scanner.drivers.escl.source import EsclSource, scan_at
from scanner.drivers.source import Delivered, Over, Stop
from scanner.errors import ScannerError
from scanner.model import ScanRequest
from scanner.remote import RemoteSource
from scanner.simulator import Fault, SimulatorServer
from tests.scanner.scan_kit import HOST, run_pass, scan, write_pages


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    write_pages(tmp_path / "pages", 2)
    return tmp_path / "pages"


def serve(pages: Path, port: int = 0, **options: object) -> SimulatorServer:
    server = SimulatorServer(pages, port, tls=True, **options)  # type: ignore[arg-type]
    server.start()
    return server


def port_of(server: SimulatorServer) -> int:
    return int(server.url.split(":")[2].split("/")[0])


def ask(server: SimulatorServer) -> ScanRequest:
    return ScanRequest(f"escl:{server.url}", "feeder", False, 200)


def test_a_scan_under_tls_gives_every_page_and_remembers_the_certificate(tmp_path, pages):
    file = tmp_path / "pins.json"
    server = serve(pages)
    got = scan(ask(server), {"SCANNER_PINS": str(file)})
    server.close()
    assert (got.reason, got.data()) == (
        "complete",
        [path.read_bytes() for path in sorted(pages.iterdir())],
    )
    pins = json.loads(file.read_text())
    shown = [len(pin) for pin in pins.values()]
    assert (list(pins), shown) == ([f"127.0.0.1:{port_of(server)}"], [64])
    assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".pins")] == []


def test_another_certificate_stops_the_scan_before_a_job_is_made(tmp_path, pages):
    env = {"SCANNER_PINS": str(tmp_path / "pins.json")}
    first = serve(pages)
    assert scan(ask(first), env).reason == "complete"
    port = port_of(first)
    first.close()
    before = (tmp_path / "pins.json").read_bytes()
    second = serve(pages, port)
    got = scan(ask(second), env)
    second.close()
    assert got.reason == "scan.identity_changed"
    assert got.ended.params["host"] == f"127.0.0.1:{port}"
    assert (got.ends, second.tray.job) == ([], None)
    assert (tmp_path / "pins.json").read_bytes() == before


def test_looking_for_devices_trusts_none(tmp_path, pages):
    file = tmp_path / "pins.json"
    server = serve(pages)
    source = RemoteSource(HOST, {"SCANNER_PINS": str(file)})
    try:
        (found,) = source.devices([f"escl:{server.url}"])
        assert not file.exists()
        assert run_pass(source, ScanRequest(found.id, "feeder", False, 200)).reason == "complete"
        assert file.exists()
    finally:
        source.close()
        server.close()


def test_without_a_file_the_pin_lives_as_long_as_the_process():
    pins = Pins()
    pins.check("h", 1, b"one")
    pins.check("h", 1, b"one")
    pins.check("h", 2, b"two")
    with pytest.raises(ScannerError) as caught:
        pins.check("h", 1, b"two")
    assert (caught.value.slug, caught.value.params["host"]) == ("scan.identity_changed", "h:1")


def test_an_address_of_colons_is_named_in_brackets(tmp_path):
    Pins(tmp_path / "p").check("fe80::1%eth0", 443, b"x")
    assert list(json.loads((tmp_path / "p").read_text())) == ["[fe80::1%eth0]:443"]


@pytest.mark.parametrize("text", ["", "[]", "{", '{"h:1": 5}', "\udcff"])
def test_pins_that_cannot_be_read_are_not_replaced_by_new_trust(tmp_path, text):
    file = tmp_path / "pins.json"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    before = file.read_bytes()
    with pytest.raises(ScannerError) as caught:
        Pins(file).check("h", 1, b"one")
    assert (caught.value.slug, caught.value.params["code"]) == ("scan.driver_error", "pins")
    assert file.read_bytes() == before


def test_the_folder_of_the_pins_is_made_at_the_first_one(tmp_path):
    file = tmp_path / "home" / "trust" / "scanners.json"
    Pins(file).check("h", 1, b"one")
    assert list(json.loads(file.read_text())) == ["h:1"]


def test_pins_that_cannot_be_written_stop_the_scan(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ScannerError) as caught:
        Pins(tmp_path / "file" / "pins.json").check("h", 1, b"one")
    assert caught.value.params["code"] == "pins"


def test_many_at_once_each_keep_their_pin(tmp_path):
    pins = Pins(tmp_path / "pins.json")
    threads = [threading.Thread(target=pins.check, args=("h", n, b"%d" % n)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(json.loads((tmp_path / "pins.json").read_text())) == 20


MANY = """
import sys
from scanner.drivers.escl.pins import station_pins
sys.stdin.readline()
for number in range(40):
    station_pins().check(f"h{sys.argv[1]}-{number}", 443, b"c")
"""


def test_processes_that_write_at_once_lose_no_pin_of_each_other(tmp_path):
    file = tmp_path / "pins.json"
    env = {**os.environ, "SCANNER_PINS": str(file)}
    writers = [
        subprocess.Popen([sys.executable, "-c", MANY, str(n)], stdin=subprocess.PIPE, env=env)
        for n in range(3)
    ]
    for writer in writers:
        writer.stdin.write(b"go\n")
        writer.stdin.flush()
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    for writer in writers:
        writer.stdin.close()
    assert len(json.loads(file.read_text())) == 120


def test_of_two_certificates_shown_first_at_once_one_is_believed(tmp_path):
    pins = [Pins(tmp_path / "pins.json") for _ in range(2)]
    start = threading.Barrier(2)
    troubles: list[str] = []

    def look(number: int) -> None:
        start.wait(5)
        try:
            pins[number].check("h", 1, b"%d" % number)
        except ScannerError as error:
            troubles.append(error.slug)

    threads = [threading.Thread(target=look, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert troubles == ["scan.identity_changed"]


@pytest.mark.parametrize(
    ("fault", "slug"),
    [
        ("link_cut", "scan.link_lost"),
        ("hang", "scan.stalled"),
        ("half_jpeg", "scan.page_truncated"),
        ("jam", "scan.jam"),
    ],
)
def test_faults_have_their_names_under_tls_as_well(pages, fault, slug):
    server = serve(pages, plan=[Fault(2, fault)])
    request = ScanRequest(f"escl:{server.url}", "feeder", False, 200, stall_s=0.5)
    events = list(scan_at(EsclLink(server.url, Stop(), Pins()), request, Stop()))
    server.close()
    assert isinstance(events[-1], Over)
    assert events[-1].reason == slug
    assert sum(isinstance(event, Delivered) for event in events) == 1


def test_plain_http_behind_https_is_an_error_of_the_driver_and_not_offline(pages):
    server = SimulatorServer(pages)
    server.start()
    with pytest.raises(ScannerError) as caught:
        list(
            EsclSource().scan(
                ScanRequest(f"escl:https{server.url[4:]}", "feeder", False, 200), Stop()
            )
        )
    server.close()
    assert (caught.value.slug, caught.value.params["code"]) == ("scan.driver_error", "tls")


def test_the_session_is_taken_up_again_and_the_certificate_still_looked_at(pages):
    server = serve(pages)
    seen: list[bytes] = []

    class Watching(Pins):
        def check(self, host: str, port: int, certificate: bytes) -> None:
            super().check(host, port, certificate)
            seen.append(certificate)

    link = EsclLink(server.url, pins=Watching())
    for _ in range(3):
        assert link.get("ScannerStatus").status == 200
        assert isinstance(link._session, ssl.SSLSession)
    assert link._sessions == 1
    server.close()
    assert len(seen) == 3
    assert len(set(seen)) == 1
    assert seen[0] != b""


def test_a_stop_breaks_a_handshake_that_never_ends():
    stop = Stop()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        link = EsclLink(f"https://127.0.0.1:{silent.getsockname()[1]}", stop)
        failures: list[LinkError] = []

        def look() -> None:
            try:
                link.get("ScannerStatus", 60)
            except LinkError as error:
                failures.append(error)

        thread = threading.Thread(target=look)
        thread.start()
        client, _ = silent.accept()
        client.recv(1)  # the greeting came: the handshake is under way
        stop.request(now=True)
        thread.join(3)
        assert not thread.is_alive()
        client.close()
    assert [error.timed_out for error in failures] == [False]
