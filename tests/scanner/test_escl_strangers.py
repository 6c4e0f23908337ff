"""Our eSCL client against devices that answer strangely, and one that only looks like it."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from scanner.drivers.escl.source import EsclSource
from scanner.drivers.source import Stop
from scanner.errors import ScannerError
from scanner.model import ScanRequest
from scanner.wire import Pause
from tests.scanner.scan_kit import page_jpeg
from tests.scanner.strange_device import EMPTY, GONE, LOADED, Reply, StrangeDevice, status
from tests.scanner.strange_device import drive as events_of

pytestmark = pytest.mark.usefixtures("short_waits")


def drive(device: StrangeDevice, **options: object) -> tuple[list[str], str]:
    """Names of the events of the driver itself, and how it ended."""
    events, end = events_of(device, **options)
    return [type(event).__name__ for event in events if not isinstance(event, Pause)], end


WHOLE = ["SideBegin", "Delivered"]


@pytest.mark.parametrize(
    "end",
    [
        Reply(404, status_after=EMPTY),
        Reply(409, status_after=EMPTY),
        Reply(410, status_after=EMPTY),
        Reply(404, status_after=status("ScannerAdfProcessing", "Completed")),
        Reply(404, status_after=status("", "Completed")),
        Reply(500, status_after=EMPTY),
        Reply(503, headers={"Retry-After": "0"}, status_after=LOADED),
    ],
    ids=lambda reply: f"{reply.code}-{(reply.status_after or b'')[-120:-90]!r}",
)
def test_every_known_way_to_say_the_paper_ended_is_understood(page, end):
    with StrangeDevice(Reply(200, page), Reply(200, page), end, GONE) as device:
        assert drive(device) == (["Opened", *WHOLE, *WHOLE], "complete")
        assert device.seen[-1] == "DELETE /eSCL/ScanJobs/1"


@pytest.mark.parametrize(
    ("reply", "slug"),
    [
        (Reply(404, status_after=status("ScannerAdfJam")), "scan.jam"),
        (Reply(409, status_after=status("ScannerAdfHatchOpen")), "scan.cover_open"),
        (Reply(404, status_after=status("ScannerAdfMispick")), "scan.mispick"),
        (Reply(404, status_after=status("ScannerAdfInputTrayFailed")), "scan.driver_error"),
        (Reply(404, status_after=status("ScannerAdfLoaded", "Aborted")), "scan.driver_error"),
        (Reply(404, status_after=status("ScannerAdfLoaded", "Completed")), "scan.ended_with_paper"),
        (Reply(404, status_after=LOADED), "scan.ended_with_paper"),
        (Reply(500, status_after=LOADED), "scan.driver_error"),
        (Reply(503, headers={"Retry-After": "0"}, status_after=LOADED), "scan.busy"),
        (Reply(404, status_after=b"<html>no scanner here</html>"), "scan.driver_error"),
    ],
)
def test_a_refusal_with_paper_left_is_no_end(page, reply, slug):
    with StrangeDevice(Reply(200, page), reply) as device:
        assert drive(device) == (["Opened", *WHOLE], slug)


def test_a_jam_told_as_an_empty_page_is_a_jam(page):
    jam = Reply(200, b"", status_after=status("ScannerAdfJam"))
    with StrangeDevice(Reply(200, page), jam) as device:
        assert drive(device) == (["Opened", *WHOLE, "SideBegin"], "scan.jam")


def test_a_feeder_that_lies_about_being_empty_is_asked_again_when_sheets_are_missing(page):
    lie = Reply(404, status_after=status("ScannerAdfEmpty", "Processing"))
    with StrangeDevice(Reply(200, page), lie, Reply(200, page), GONE) as device:
        names, end = drive(device, declared_sheets=2)
        assert (names, end) == (["Opened", *WHOLE, *WHOLE], "complete")


@pytest.mark.parametrize(
    ("reply", "slug"),
    [
        (lambda page: Reply(200, page, cut=len(page) // 2), "scan.link_lost"),
        (lambda page: Reply(200, page, cut=0), "scan.link_lost"),
        (lambda page: Reply(200, page, chunked=True, cut=len(page) // 2), "scan.link_lost"),
        (lambda page: Reply(200, page, length=False, cut=len(page) // 2), "scan.page_truncated"),
        (lambda page: Reply(200, page[: len(page) // 2]), "scan.page_truncated"),
        (lambda page: Reply(200, page[:200]), "scan.page_truncated"),
        (lambda page: Reply(200, page[:1]), "scan.page_truncated"),
        (lambda _: Reply(200, b""), "scan.page_empty"),
        (lambda _: Reply(200, b"%PDF-1.7 not asked for"), "scan.page_wrong"),
        (lambda _: Reply(200, b"<html>login</html>"), "scan.page_wrong"),
        (lambda _: Reply(200, page_jpeg(1, (827, 1169), None)), "scan.page_wrong"),
        (lambda _: Reply(200, b"\xff\xd8\xff" + b"\xff" * (2 << 20)), "scan.page_wrong"),
        (lambda page: Reply(200, page + b"\0" * (20 << 20)), "scan.page_wrong"),
    ],
)
def test_bytes_that_are_no_whole_page_never_become_one(page, reply, slug):
    with StrangeDevice(Reply(200, page), reply(page), status=LOADED) as device:
        assert drive(device) == (["Opened", *WHOLE, "SideBegin"], slug)


@pytest.mark.parametrize(
    "reply",
    [
        lambda page: Reply(200, page, chunked=True),
        lambda page: Reply(200, page, length=False),
        lambda page: Reply(200, page + b"\0" * 600),
    ],
)
def test_a_whole_page_may_come_chunked_without_length_or_padded(page, reply):
    with StrangeDevice(reply(page), GONE) as device:
        assert drive(device) == (["Opened", *WHOLE], "complete")


@pytest.mark.parametrize(
    "location",
    [
        "/eSCL/ScanJobs/1",
        "ScanJobs/1",
        "/eSCL/ScanJobs/1/",
        "http://[fe80::1]:9999/eSCL/ScanJobs/1",
        "https://printer.example/eSCL/ScanJobs/1",
    ],
)
def test_only_the_path_of_a_location_is_believed(page, location):
    with StrangeDevice(Reply(200, page), GONE, location=location) as device:
        assert drive(device)[1] == "complete"
        assert "GET /eSCL/ScanJobs/1/NextDocument" in device.seen


@pytest.mark.parametrize("location", ["", "http://host", "/eSCL/Scan Jobs/1", "/\u00e9"])
def test_a_job_without_a_usable_address_is_an_error_of_the_driver(page, location):
    with StrangeDevice(Reply(200, page), location=location) as device:
        assert drive(device) == ([], "scan.driver_error")


@pytest.mark.parametrize(
    ("code", "state", "slug"),
    [
        (409, "ScannerAdfEmpty", "scan.no_docs"),
        (404, "ScannerAdfEmpty", "scan.no_docs"),
        (409, "ScannerAdfJam", "scan.jam"),
        (503, "ScannerAdfLoaded", "scan.busy"),
        (409, "ScannerAdfLoaded", "scan.busy"),
        (400, "ScannerAdfLoaded", "scan.driver_error"),
        (500, "ScannerAdfLoaded", "scan.driver_error"),
    ],
)
def test_a_job_that_is_refused_says_why(page, code, state, slug):
    with StrangeDevice(Reply(200, page), post_code=code, status=status(state)) as device:
        assert drive(device) == ([], slug)


def test_an_empty_feeder_told_only_at_the_first_page_is_no_documents(page):
    with StrangeDevice(GONE) as device:
        assert drive(device) == (["Opened"], "scan.no_docs")


def test_one_page_of_the_glass_is_all(page):
    with StrangeDevice(Reply(200, page), Reply(404), status=LOADED) as device:
        assert drive(device, source="flatbed") == (["Opened", *WHOLE], "complete")
        assert b"<pwg:InputSource>Platen" in device.posted
        assert b"Duplex" not in device.posted


def test_the_settings_ask_for_the_page_in_three_hundredths_of_an_inch(page):
    with StrangeDevice(Reply(200, page), GONE) as device:
        drive(device, duplex=True)
        assert b"<pwg:Width>2480</pwg:Width><pwg:Height>3508</pwg:Height>" in device.posted
        assert b"<scan:Duplex>true</scan:Duplex>" in device.posted
        assert b"<scan:XResolution>200</scan:XResolution>" in device.posted


@pytest.mark.parametrize(
    "options", [{"dpi": 1200}, {"page_mm": (420.0, 297.0)}, {"page_mm": (210.0, 600.0)}]
)
def test_what_the_capabilities_do_not_offer_is_unsupported_and_asked_of_nobody(page, options):
    with StrangeDevice(Reply(200, page)) as device:
        assert drive(device, **options) == ([], "scan.unsupported")
        assert device.posted == b""


def test_nobody_at_the_address_is_offline():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        request = ScanRequest(
            f"escl:http://127.0.0.1:{taken.getsockname()[1]}/eSCL", "feeder", False, 200
        )
        with pytest.raises(ScannerError) as caught:
            list(EsclSource().scan(request, Stop()))
    assert caught.value.slug == "scan.offline"


def test_a_device_asked_by_address_tells_what_it_is(page):
    with StrangeDevice(Reply(200, page)) as device:
        (found,) = EsclSource((device.url, "http://127.0.0.1:1/eSCL")).devices()
    assert found.id == f"escl:{device.url}"
    assert (found.sources, found.dpi, found.duplex) == (("feeder", "flatbed"), (200, 300), True)
    assert (found.vendor, found.model) == ("Simulated", "Simulated Document Feeder")


def test_the_name_the_device_serves_is_only_a_name(page):
    evil = {"Content-Disposition": 'attachment; filename="../../etc/passwd"'}
    with StrangeDevice(Reply(200, page, headers=evil), GONE) as device:
        request = ScanRequest(f"escl:{device.url}", "feeder", False, 200)
        events = list(EsclSource().scan(request, Stop()))
    assert [event.name for event in events if type(event).__name__ == "Delivered"] == ["passwd"]


def test_a_host_loads_no_driver_before_it_is_asked():
    code = "import sys, scanner.host; print(*(m for m in sys.modules if '.drivers.' in m))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["scanner.drivers.source"]
