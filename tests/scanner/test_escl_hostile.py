"""Whatever answers at the address of a scanner, the trouble has a name and the page is whole."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scanner.drivers.escl.documents import parse_capabilities, parse_status
from scanner.drivers.escl.link import EsclLink
from scanner.drivers.escl.source import EsclSource, capabilities
from scanner.drivers.source import Delivered, Stop
from scanner.errors import SLUGS, ScannerError
from scanner.model import ScanRequest
from scanner.simulator import SimulatorServer
from tests.scanner.scan_kit import write_pages
from tests.scanner.strange_device import EMPTY, LOADED, Reply, StrangeDevice, caps_of, drive, status

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("short_waits")


class RawDevice:
    """Answers every connection with the same bytes, whatever was asked, and hangs up."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.answer = b""
        self.asked = b""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.server = socket.create_server((host, 0), family=family)
        self.port = self.server.getsockname()[1]
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{self.port}/eSCL"
        self.sent = 0
        threading.Thread(target=self.run, daemon=True).start()

    def run(self) -> None:
        while True:
            try:
                client, _ = self.server.accept()
            except OSError:
                return
            with client:
                try:
                    self.asked = client.recv(65_536)
                    self.sent = 0
                    for at in range(0, len(self.answer), 65_536):
                        client.sendall(self.answer[at : at + 65_536])
                        self.sent = at
                    client.shutdown(socket.SHUT_WR)
                    while client.recv(65_536):
                        pass
                except OSError:
                    continue


@contextmanager
def raw(host: str = "127.0.0.1") -> Iterator[RawDevice]:
    device = RawDevice(host)
    try:
        yield device
    finally:
        device.server.shutdown(socket.SHUT_RDWR)
        device.server.close()


@pytest.fixture(scope="module")
def device() -> Iterator[RawDevice]:
    with raw() as found:
        yield found


def trouble(device: RawDevice, answer: bytes) -> str:
    device.answer = answer
    with pytest.raises(ScannerError) as caught:
        capabilities(EsclLink(device.url), 5)
    return caught.value.slug


HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("answer", "slug"),
    [
        (b"", "scan.offline"),
        (b"\x16\x03\x03\x00\x02\x02\x28", "scan.driver_error"),
        (b"220 mail ready\r\n", "scan.driver_error"),
        (b"HTTP/9.9 nine OK\r\n\r\n", "scan.driver_error"),
        (HEAD + b"A: " + b"a" * (30 << 20) + b"\r\n\r\n", "scan.driver_error"),
        (HEAD + (b"A: " + b"a" * 60_000 + b"\r\n") * 500, "scan.driver_error"),
        (HEAD + b"a\r\n" * 1_000_000, "scan.driver_error"),
        (HEAD + b"Content-Length: 99\r\n\r\n<a/>", "scan.offline"),
        (HEAD + b"Content-Length: -1\r\n\r\n<a/>", "scan.driver_error"),
        (HEAD + b"Content-Length: many\r\n\r\n<a/>", "scan.driver_error"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n<a/>", "scan.offline"),
        (HEAD + b"\r\n" + b"<a>" + b"x" * (10 << 20), "scan.driver_error"),
        (HEAD + b"\r\n<html>Log in</html>", "scan.driver_error"),
        (b"HTTP/1.1 301 Moved\r\nLocation: /eSCL/ScannerCapabilities\r\n\r\n", "scan.driver_error"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/\r\n\r\n", "scan.driver_error"),
        (b"HTTP/1.1 401 Who?\r\n\r\n", "scan.access_denied"),
        (b"HTTP/1.1 403 No\r\n\r\n", "scan.access_denied"),
        (b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", "scan.driver_error"),
    ],
    ids=lambda value: repr(value[:40]) if isinstance(value, bytes) else value,
)
def test_what_is_no_scanner_has_a_name(device, answer, slug):
    assert trouble(device, answer) == slug


def test_thirty_megabytes_of_headers_are_not_read(device):
    answer = HEAD + b"A: " + b"a" * (30 << 20)
    assert trouble(device, answer) == "scan.driver_error"
    assert device.sent < 20 << 20


def test_a_scanner_may_live_at_an_ipv6_address():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError as error:
        pytest.skip(f"no IPv6 here: {error}")
    with raw("::1") as device:
        device.answer = HEAD + b"\r\n" + caps_of("Six X1")
        assert capabilities(EsclLink(device.url), 5).model == "Six X1"
        assert f"Host: [::1]:{device.port}\r\n".encode() in device.asked
        assert b"Connection: close\r\n" in device.asked


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.binary(max_size=200), st.sampled_from([b"", HEAD, HEAD + b"\r\n", HEAD[:9]]))
def test_no_answer_at_all_does_anything_but_fail_by_name(device, noise, lead):
    assert trouble(device, lead + noise) in SLUGS


def test_a_scanner_that_turns_into_noise_at_any_request_ends_by_name(page):
    noise = Reply(200, b"\0" * 50, {"Content-Type": "image/jpeg"})
    with StrangeDevice(Reply(200, page), noise, status=LOADED) as device:
        events, end = drive(device)
    assert (sum(isinstance(event, Delivered) for event in events), end) == (1, "scan.page_wrong")


@pytest.mark.parametrize("count", [101, 5000])
def test_headers_without_end_at_a_later_side_keep_the_earlier_ones(page, count):
    endless = Reply(200, page, {f"X-{n}": "v" * 200 for n in range(count)})
    with StrangeDevice(Reply(200, page), endless, status=LOADED) as device:
        events, end = drive(device)
    assert (sum(isinstance(event, Delivered) for event in events), end) == (1, "scan.driver_error")


TEXT = st.one_of(
    st.sampled_from(["", "0", "1", "-1", "2480", "99999999999", "NaN", "1e3", "٣٠٠", "true"]),
    st.text(
        st.characters(codec="utf-8", exclude_characters="<&\x00", exclude_categories=["Cc", "Cs"]),
        max_size=8,
    ),
)
NUMBERS = (b">3508<", b">4961<", b">300<", b">200<", b">RGB24<", b">image/jpeg<")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(NUMBERS), TEXT, max_size=4))
def test_capabilities_with_any_values_give_settings_or_a_name(values):
    document = caps_of()
    for old, new in values.items():
        document = document.replace(old, b">" + new.encode() + b"<")
    with StrangeDevice(Reply(404, status_after=EMPTY), caps=document) as device:
        events, end = drive(device)
        assert end in SLUGS
        assert not any(isinstance(event, Delivered) for event in events)
        for post in device.posts:
            assert b"<pwg:Width>0<" not in post
            assert b">-" not in post


@settings(max_examples=100, deadline=None)
@given(TEXT, TEXT, TEXT)
def test_a_status_with_any_values_is_parsed(adf, job, state):
    found = parse_status(status(adf, job, state))
    assert found.fault is None or found.fault in SLUGS
    assert isinstance(found.job_state("/eSCL/ScanJobs/1"), str)


def test_capabilities_without_any_source_make_no_device_to_scan_with():
    head = caps_of().split(b"<scan:Platen>")[0]
    document = head + b"</scan:ScannerCapabilities>"
    assert parse_capabilities(document).platen is None
    with StrangeDevice(Reply(404), caps=document) as device:
        assert drive(device) == ([], "scan.unsupported")
        (listed,) = EsclSource((device.url,)).devices()
    assert (listed.sources, listed.dpi, listed.duplex) == ((), (), False)


@pytest.mark.parametrize("page_mm", [(0.0, 297.0), (210.0, 0.0), (0.01, 0.01)])
def test_a_page_of_no_size_is_asked_of_nobody(page, page_mm):
    with StrangeDevice(Reply(200, page)) as device:
        assert drive(device, page_mm=page_mm) == ([], "scan.unsupported")
        assert device.posts == []


def lying(page: bytes, height: int, width: int) -> bytes:
    at = page.index(b"\xff\xc0") + 5
    return page[:at] + height.to_bytes(2, "big") + width.to_bytes(2, "big") + page[at + 4 :]


@pytest.mark.parametrize("size", [(0, 0), (0, 1654), (65535, 65535), (1170, 827), (3508, 2480)])
def test_a_device_that_lies_about_its_resolution_gives_no_page(page, size):
    with StrangeDevice(Reply(200, page), Reply(200, lying(page, *size)), status=LOADED) as device:
        events, end = drive(device)
    assert end == "scan.page_wrong"
    assert sum(isinstance(event, Delivered) for event in events) == 1


@pytest.mark.parametrize("announced", [10, 0])
def test_a_length_shorter_than_the_page_is_a_cut_page(page, announced):
    short = Reply(200, page, {"Content-Length": str(announced)}, length=False)
    with StrangeDevice(Reply(200, page), short, status=LOADED) as device:
        events, end = drive(device)
    assert end in {"scan.page_truncated", "scan.page_empty"}
    assert sum(isinstance(event, Delivered) for event in events) == 1


def test_a_front_drawn_double_names_the_double_feed_whatever_follows(page):
    double = Reply(200, page, status_after=status("ScannerAdfMultipickDetected"))
    jam = Reply(409, status_after=status("ScannerAdfJam"))
    cut = Reply(200, page, cut=len(page) // 2, status_after=status("ScannerAdfJam"))
    for later in (jam, cut):
        with StrangeDevice(double, later, status=LOADED) as device:
            events, end = drive(device, duplex=True)
        flags = [event.flags for event in events if isinstance(event, Delivered)]
        assert (flags, end) == ([("double_feed",)], "scan.double_feed")


def test_a_jam_that_silences_the_device_is_named_a_jam(page):
    silent = Reply(200, hang=True, status_after=status("ScannerAdfJam"))
    with StrangeDevice(Reply(200, page), silent, status=LOADED) as device:
        events, end = drive(device, stall_s=0.3)
    assert (end, sum(isinstance(event, Delivered) for event in events)) == ("scan.jam", 1)


def test_a_second_station_hears_busy_and_the_first_goes_on(tmp_path):
    pages = write_pages(tmp_path, 4)
    server = SimulatorServer(tmp_path)
    server.start()
    first = EsclSource().scan(ScanRequest(f"escl:{server.url}", "feeder", False, 200), Stop())
    events = [next(first) for _ in range(4)]
    second: list[str] = []

    def other() -> None:
        try:
            list(EsclSource().scan(ScanRequest(f"escl:{server.url}", "feeder", False, 200), Stop()))
        except ScannerError as error:
            second.append(error.slug)

    thread = threading.Thread(target=other)
    thread.start()
    thread.join(20)
    events += list(first)
    server.close()
    assert second == ["scan.busy"]
    assert sum(isinstance(event, Delivered) for event in events) == len(pages)
