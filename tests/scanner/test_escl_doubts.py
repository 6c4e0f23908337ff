"""An end of the paper is read from the scanner, never guessed; a page is the pixels, not its ends."""

from __future__ import annotations

import io
import socket
import threading
import time

import pytest
from PIL import Image

from scanner.drivers.escl import job as escl_pass
from scanner.drivers.escl import source as escl
from scanner.drivers.escl.documents import PWG_NS, SCAN_NS
from scanner.drivers.escl.link import EsclLink, LinkError
from scanner.drivers.escl.source import EsclSource
from scanner.drivers.source import Delivered
from scanner.wire import Pause
from tests.scanner.scan_kit import page_jpeg
from tests.scanner.strange_device import (
    EMPTY,
    GONE,
    LOADED,
    Reply,
    StrangeDevice,
    caps_of,
    drive,
    status,
)

pytestmark = pytest.mark.usefixtures("short_waits")


@pytest.fixture(scope="module")
def other() -> bytes:
    return page_jpeg(2)


def told(adf: str = "", state: str = "Processing", *jobs: tuple[str, str]) -> bytes:
    """A status that lists only these jobs (path and state), perhaps none."""
    listed = "".join(
        f"<s:JobInfo><p:JobUri>{uri}</p:JobUri><p:JobState>{job}</p:JobState></s:JobInfo>"
        for uri, job in jobs
    )
    feeder = f"<s:AdfState>{adf}</s:AdfState>" if adf else ""
    return (
        f'<s:ScannerStatus xmlns:s="{SCAN_NS}" xmlns:p="{PWG_NS}"><p:State>{state}</p:State>'
        f"{feeder}<s:Jobs>{listed}</s:Jobs></s:ScannerStatus>"
    ).encode()


def ended(device: StrangeDevice, **options: object) -> tuple[int, str]:
    """Sides delivered, and how the pass ended."""
    events, end = drive(device, **options)
    return sum(isinstance(event, Delivered) for event in events), end


@pytest.mark.parametrize("code", [404, 409, 410, 500])
@pytest.mark.parametrize(
    "sick",
    [
        Reply(401),
        Reply(404),
        Reply(500),
        Reply(503),
        Reply(200, b"<html>busy</html>"),
        Reply(200, b""),
        Reply(200, b"\xff\xd8"),
    ],
    ids=lambda reply: f"{reply.code}-{len(reply.body)}",
)
def test_a_status_that_cannot_be_read_ends_no_paper(page, other, code, sick):
    refusal = Reply(code, status_after=sick)
    with StrangeDevice(Reply(200, page), refusal) as device:
        assert ended(device) == (1, "scan.driver_error")
        assert sum("NextDocument" in line for line in device.seen) == 5
    later = [refusal, refusal, refusal, Reply(200, other), GONE]
    with StrangeDevice(Reply(200, page), *later) as device:
        assert ended(device) == (2, "complete")


@pytest.mark.parametrize(
    "doubtful",
    [
        told("ScannerAdfProcessing"),
        told("VendorAdfBusy"),
        told(),
        told("", "Idle"),
        told("", "Stopped"),
        told("", "Down"),
        told("ScannerAdfEmpty", "Stopped"),
        told("ScannerAdfEmpty", "Down"),
        told("ScannerAdfLoaded", "Idle", ("/eSCL/ScanJobs/1", "Completed")),
        told("ScannerAdfProcessing", "Processing", ("/eSCL/ScanJobs/11", "Completed")),
    ],
)
@pytest.mark.parametrize("code", [404, 409])
def test_a_status_that_says_neither_empty_nor_completed_leaves_the_end_in_doubt(
    page, other, code, doubtful
):
    refusal = Reply(code, status_after=doubtful)
    with StrangeDevice(Reply(200, page), refusal) as device:
        assert ended(device) == (1, "scan.ended_with_paper")
    with StrangeDevice(Reply(200, page), refusal, refusal, Reply(200, other), GONE) as device:
        assert ended(device) == (2, "complete")


@pytest.mark.parametrize(
    "said",
    [
        told("ScannerAdfEmpty", "Idle"),
        told("ScannerAdfProcessing", "Idle", ("/eSCL/ScanJobs/1", "Completed")),
        told("", "Idle", ("/eSCL/ScanJobs/1", "Completed")),
        told("ScannerAdfEmpty", "Stopped", ("/eSCL/ScanJobs/1", "Completed")),
    ],
)
def test_an_end_that_was_read_is_not_asked_for_again(page, said):
    with StrangeDevice(Reply(200, page), Reply(404, status_after=said)) as device:
        assert ended(device) == (1, "complete")
        assert sum("NextDocument" in line for line in device.seen) == 2


def test_an_empty_tray_of_a_job_at_work_is_asked_again_before_it_is_believed(page, other):
    feeding = Reply(404, status_after=status("ScannerAdfEmpty", "Processing"))
    with StrangeDevice(Reply(200, page), feeding, feeding, Reply(200, other), GONE) as device:
        assert ended(device) == (2, "complete")
    with StrangeDevice(Reply(200, page), feeding) as device:
        assert ended(device) == (1, "complete")


def test_an_empty_tray_of_a_device_at_work_that_lists_no_job_is_asked_again(page, other):
    feeding = Reply(404, status_after=told("ScannerAdfEmpty"))
    with StrangeDevice(Reply(200, page), feeding, Reply(200, other), GONE) as device:
        assert ended(device) == (2, "complete")
    with StrangeDevice(Reply(200, page), feeding) as device:
        assert ended(device) == (1, "complete")


def test_the_only_sheet_may_be_on_its_way_when_the_tray_is_empty(page):
    feeding = Reply(404, status_after=status("ScannerAdfEmpty", "Processing"))
    with StrangeDevice(feeding, feeding, Reply(200, page), GONE) as device:
        assert ended(device) == (1, "complete")
    with StrangeDevice(feeding) as device:
        assert ended(device) == (0, "scan.no_docs")


def test_a_device_whose_refusals_mean_not_yet_keeps_its_last_sheet(page):
    feeding = Reply(404, status_after=status("ScannerAdfEmpty", "Processing"))
    replies = (*[feeding] * 8, Reply(200, page), GONE)
    with StrangeDevice(*replies, caps=caps_of("Xerox B215")) as device:
        assert ended(device) == (1, "complete")


def test_a_page_announced_and_cut_before_its_first_byte_is_no_end(page):
    cut = Reply(206, page, cut=0, status_after=EMPTY)
    with StrangeDevice(Reply(200, page), cut) as device:
        assert ended(device)[1] != "complete"


@pytest.mark.parametrize("after", [Reply(503), Reply(404, status_after=Reply(500))])
def test_the_page_of_the_glass_is_whole_whatever_the_device_says_later(page, after):
    with StrangeDevice(Reply(200, page), after) as device:
        assert ended(device, source="flatbed") == (1, "complete")


def test_a_device_that_tells_nothing_is_believed_only_when_the_count_is_right(page):
    mute = Reply(404, status_after=told("", "Idle"))
    for declared, end in ((1, "complete"), (2, "scan.ended_with_paper")):
        with StrangeDevice(Reply(200, page), mute) as device:
            assert ended(device, declared_sheets=declared) == (1, end)


@pytest.mark.parametrize("code", [404, 500])
def test_a_job_completed_without_a_single_side_gave_no_documents(page, code):
    nothing = Reply(code, status_after=status("ScannerAdfProcessing", "Completed"))
    with StrangeDevice(nothing, status=LOADED) as device:
        assert ended(device) == (0, "scan.no_docs")


@pytest.mark.parametrize("code", [201, 206])
def test_a_page_sent_under_another_success_is_told_and_not_dropped(page, other, code):
    with StrangeDevice(Reply(200, page), Reply(code, other, status_after=EMPTY)) as device:
        assert ended(device) == (1, "scan.driver_error")


def test_a_double_feed_is_named_even_when_no_status_can_be_read_afterwards(page):
    double = Reply(200, page, status_after=status("ScannerAdfMultipickDetected"))
    sick = Reply(404, status_after=Reply(500))
    with StrangeDevice(double, sick, status=LOADED) as device:
        assert ended(device, duplex=True) == (1, "scan.double_feed")


def png_of(page: bytes) -> bytes:
    out = io.BytesIO()
    Image.open(io.BytesIO(page)).save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize(
    ("damage", "slug"),
    [
        (lambda page: page[: len(page) // 2] + b"\xff\xd9", "scan.page_truncated"),
        (lambda page: page[: page.index(b"\xff\xda") + 14] + b"\xff\xd9", "scan.page_truncated"),
        (lambda page: page[:9000] + bytes(200) + page[9200:], "scan.page_truncated"),
        (lambda page: page + page, "scan.page_wrong"),
        (lambda page: png_of(page)[:3000] + png_of(page)[-12:], "scan.page_truncated"),
        (lambda page: png_of(page)[:3000] + b"no" + png_of(page)[3002:], "scan.page_truncated"),
    ],
)
def test_half_a_page_with_a_proper_end_is_no_page(page, damage, slug):
    with StrangeDevice(Reply(200, page), Reply(200, damage(page)), status=LOADED) as device:
        assert ended(device) == (1, slug)


def test_a_page_may_be_padded_to_the_block_of_the_device(page):
    padded = Reply(200, page + bytes(64 << 10))
    with StrangeDevice(padded, GONE) as device:
        assert ended(device) == (1, "complete")


@pytest.mark.parametrize(
    "disposition",
    [
        "attachment; filename*=idna''xn--%61%ff",
        "attachment; filename*=undefined''a",
        "attachment; filename*=punycode''%ff%fe",
        "attachment; filename*=unicode_escape''%5Cud800",
    ],
)
def test_a_name_in_a_charset_of_no_meaning_is_no_name(page, disposition):
    named = Reply(200, page, {"Content-Disposition": disposition})
    with StrangeDevice(named, GONE) as device:
        events, end = drive(device)
    names = [event.name for event in events if isinstance(event, Delivered)]
    assert (names, end) == ([None], "complete")


@pytest.mark.parametrize("location", ["http://[", "http://[::1/eSCL/ScanJobs/1", "//["])
def test_a_location_that_is_no_address_is_an_error_of_the_driver(page, location):
    with StrangeDevice(Reply(200, page), location=location) as device:
        assert drive(device) == ([], "scan.driver_error")


@pytest.mark.parametrize("retry", ["0", "00", "Wed, 21 Oct 2026 07:28:00 GMT", "-1"])
def test_a_device_that_asks_for_no_pause_gets_one(page, retry, monkeypatch):
    monkeypatch.setattr(escl_pass, "BUSY_WAIT_S", 0.05)
    busy = [Reply(503, headers={"Retry-After": retry}, status_after=LOADED)] * 3
    with StrangeDevice(Reply(200, page), *busy, GONE) as device:
        events, end = drive(device)
    pauses = [event.seconds for event in events if isinstance(event, Pause)]
    assert (end, pauses) == ("complete", [0.05, 0.05, 0.05])


@pytest.mark.parametrize(
    "page_mm",
    [
        (float("nan"), 297.0),
        (210.0, float("nan")),
        (float("inf"), 297.0),
        (-1.0, 297.0),
        (210.0, float("-inf")),
        (1e300, 297.0),
    ],
)
@pytest.mark.parametrize("limits", [True, False])
def test_a_page_of_no_sensible_size_is_unsupported(page, page_mm, limits):
    caps = caps_of()
    if not limits:
        caps = caps.replace(b"<scan:MaxWidth>", b"<scan:MaxWide>").replace(
            b"</scan:MaxWidth>", b"</scan:MaxWide>"
        )
    with StrangeDevice(Reply(200, page), caps=caps) as device:
        assert drive(device, page_mm=page_mm) == ([], "scan.unsupported")
        assert device.posts == []


class Dripping:
    """A device that sends `head` at once and then a byte at a time, without end."""

    def __init__(self, head: bytes) -> None:
        self.head = head
        self.over = threading.Event()
        self.server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.server.getsockname()[1]}/eSCL"
        threading.Thread(target=self.run, daemon=True).start()

    def run(self) -> None:
        while not self.over.is_set():
            try:
                client, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self.drip, args=(client,), daemon=True).start()

    def drip(self, client: socket.socket) -> None:
        with client:
            try:
                client.recv(65_536)
                client.sendall(self.head)
                while not self.over.wait(0.05):
                    client.sendall(b"<")
            except OSError:
                return

    def close(self) -> None:
        self.over.set()
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()


DRIPS = (
    b"",
    b"HTTP/1.1 200 OK\r\nX: ",
    b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;",
    b"HTTP/1.1 200 OK\r\n\r\n",
)


@pytest.mark.parametrize("head", DRIPS)
def test_a_dripping_answer_has_one_deadline_and_not_one_for_each_byte(head):
    device = Dripping(head)
    try:
        with pytest.raises(LinkError) as caught:
            EsclLink(device.url).get("ScannerStatus", 0.3)
        assert caught.value.timed_out
    finally:
        device.close()


def test_a_body_whose_chunk_drips_its_length_stalls_the_side():
    device = Dripping(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;")
    try:
        link = EsclLink(device.url)
        with (
            link.next_document("/eSCL/ScanJobs/1", 5) as document,
            pytest.raises(LinkError) as caught,
        ):
            list(document.chunks(0.3))
        assert caught.value.timed_out
    finally:
        device.close()


@pytest.mark.parametrize("length", [b"-5", b"-", b"fffffffffffffffffff"])
def test_a_chunk_of_no_possible_length_is_a_broken_answer(length):
    head = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + length + b"\r\nabc\r\n0\r\n\r\n"
    )
    server = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        for _ in range(2):
            client, _ = server.accept()
            client.recv(65_536)
            client.sendall(head)
            client.close()

    thread = threading.Thread(target=answer)
    thread.start()
    link = EsclLink(f"http://127.0.0.1:{server.getsockname()[1]}/eSCL")
    with pytest.raises(LinkError):
        link.get("ScannerStatus", 5)
    with link.next_document("/eSCL/ScanJobs/1", 5) as document, pytest.raises(LinkError):
        list(document.chunks(5))
    thread.join(5)
    server.close()


def test_scanners_that_drip_hide_no_other(page, monkeypatch):
    monkeypatch.setattr(escl, "LISTED_S", 60.0)
    monkeypatch.setattr(escl, "LISTING_S", 0.5)
    drips = [Dripping(head) for head in DRIPS * 4]
    begun = time.monotonic()
    with StrangeDevice(Reply(200, page)) as device:
        urls = (*(drip.url for drip in drips), device.url)
        found = EsclSource(urls).devices()
        seconds = time.monotonic() - begun
    for drip in drips:
        drip.close()
    assert seconds < 30, f"{len(drips)} that drip held the listing up"
    assert [listed.id for listed in found] == [f"escl:{device.url}"]
