"""What single devices do differently is data, and each entry changes what it says it changes."""

from __future__ import annotations

import tomllib
from dataclasses import fields
from importlib import resources

import pytest

from scanner.drivers.escl.link import EsclLink
from scanner.drivers.escl.quirks import PLAIN, Quirks, quirks_for
from scanner.drivers.escl.source import EsclSource
from scanner.drivers.source import Delivered
from scanner.wire import Pause
from tests.scanner.strange_device import GONE, LOADED, Reply, StrangeDevice, caps_of, drive, status

pytestmark = pytest.mark.usefixtures("short_waits")


def delivered(events: list[object]) -> list[Delivered]:
    return [event for event in events if isinstance(event, Delivered)]


def test_every_entry_names_a_device_a_source_and_only_known_behaviour():
    entries = tomllib.loads(
        resources.files("scanner.drivers.escl").joinpath("quirks.toml").read_text("utf-8")
    )
    known = {field.name for field in fields(Quirks)} | {"model", "maker", "server", "source"}
    for entry in entries["device"]:
        assert set(entry) <= known
        assert len(entry["source"]) > 20
        assert entry.get("model") or entry.get("server")
        assert set(entry) - {"model", "maker", "server", "source"}


@pytest.mark.parametrize(
    ("model", "field", "value"),
    [
        ("Brother MFC-L2750DW series", "pause_share", 0.5),
        ("Xerox B205", "not_yet", (404, 410)),
        ("Xerox(R) B215 MFP", "leave_job", True),
        ("Xerox WorkCentre 3345", "look_before_job", True),
        ("Canon MF410 Series", "look_before_job", True),
        ("EPSON ET-4750 Series", "host", "port"),
        ("HP LaserJet MFP M630", "host", "localhost"),
        ("HP Color LaserJet FlowMFP M578", "host", "localhost"),
        ("EPSON WF-2930 Series", "continue_job", True),
        ("EPSON WF-2930 Series", "host", "port"),
        ("Canon iR2630", "dpi_at_most", 300),
        ("EPSON WF-3520 Series", "back_rotated", True),
        ("FUJITSU fi-6130dj", "empty_untold", True),
    ],
)
def test_a_model_has_its_quirk_and_a_stranger_none(model, field, value):
    assert getattr(quirks_for(model), field) == value
    assert getattr(quirks_for(model.upper()), field) == value
    assert getattr(quirks_for("Nobody X1"), field) == getattr(PLAIN, field)


def test_a_server_header_tells_as_well():
    assert quirks_for("", "", "HP_Compact_Server/1.0").host == "localhost"
    assert quirks_for("", "BROTHER Industries").pause_share == 0.5


def test_before_a_later_side_brother_gets_half_the_time_of_the_last(page):
    caps = caps_of("Brother DCP-1")
    with StrangeDevice(Reply(200, page), Reply(200, page), GONE, caps=caps) as device:
        events, end = drive(device)
        pauses = [event.seconds for event in events if isinstance(event, Pause)]
        assert (end, len(delivered(events)), len(pauses)) == ("complete", 2, 2)
        assert all(0 < seconds <= 1 for seconds in pauses)


@pytest.mark.parametrize("code", [404, 410])
def test_not_yet_is_no_end_and_a_job_that_ended_is_left_alone(page, code):
    feeding = status("ScannerAdfProcessing", "Processing")
    later = [Reply(code, status_after=feeding)] * 8
    caps = caps_of("Xerox B215")
    with StrangeDevice(Reply(200, page), *later, Reply(200, page), GONE, caps=caps) as device:
        events, end = drive(device)
        assert (end, len(delivered(events))) == ("complete", 2)
        assert not any(line.startswith("DELETE") for line in device.seen)


def test_a_job_that_broke_is_deleted_even_where_a_good_one_is_not(page):
    jam = Reply(409, status_after=status("ScannerAdfJam"))
    with StrangeDevice(Reply(200, page), jam, caps=caps_of("Xerox B215")) as device:
        assert drive(device)[1] == "scan.jam"
        assert device.seen[-1].startswith("DELETE")


def test_an_empty_feeder_is_seen_before_a_job_would_turn_it_into_a_jam(page):
    caps = caps_of("Canon MF410 Series")
    with StrangeDevice(Reply(200, page), caps=caps, status=status("ScannerAdfEmpty")) as device:
        assert drive(device) == ([], "scan.no_docs")
        assert device.posts == []
    with StrangeDevice(Reply(200, page), GONE, caps=caps, status=LOADED) as device:
        assert drive(device)[1] == "complete"


def test_host_is_localhost_only_where_a_job_is_made(page):
    with StrangeDevice(Reply(200, page), GONE, server="HP_Compact_Server/1") as device:
        assert drive(device)[1] == "complete"
        own = f"127.0.0.1:{device.port}"
    assert {host for host in device.hosts if host.startswith("POST")} == {"POST localhost"}
    assert {host for host in device.hosts if host.startswith("GET")} == {f"GET {own}"}


@pytest.mark.parametrize(
    ("url", "plain", "with_port"),
    [
        ("http://192.0.2.7/eSCL", "192.0.2.7", "192.0.2.7:80"),
        ("https://192.0.2.7:443/eSCL", "192.0.2.7", "192.0.2.7:443"),
        ("http://192.0.2.7:8080/x", "192.0.2.7:8080", "192.0.2.7:8080"),
        ("http://[fe80::1%25eth0]:631/eSCL", "[fe80::1]:631", "[fe80::1]:631"),
    ],
)
def test_the_usual_port_is_named_only_to_those_who_want_it(url, plain, with_port):
    link = EsclLink(url)
    assert link._host_header("GET") == plain
    link.quirks = Quirks(host="port")
    assert link._host_header("GET") == with_port


def test_a_job_completed_with_paper_loaded_is_followed_by_another_where_that_is_known(page):
    done = Reply(404, status_after=status("ScannerAdfLoaded", "Completed"))
    documents = [Reply(200, page), done, Reply(200, page), GONE]
    with StrangeDevice(*documents, caps=caps_of("EPSON WF-2930 Series"), status=LOADED) as device:
        events, end = drive(device)
        assert (end, len(delivered(events)), len(device.posts)) == ("complete", 2, 2)
    with StrangeDevice(*documents, caps=caps_of("Nobody X1"), status=LOADED) as device:
        assert drive(device)[1] == "complete"
        assert len(device.posts) == 1


def test_a_job_that_never_gives_a_page_is_not_followed_for_ever(page):
    done = Reply(404, status_after=status("ScannerAdfLoaded", "Completed"))
    caps = caps_of("EPSON WF-2930 Series")
    with StrangeDevice(Reply(200, page), done, caps=caps, status=LOADED) as device:
        assert drive(device)[1] == "scan.ended_with_paper"
        assert len(device.posts) == 2


def test_no_job_is_started_between_front_and_back(page):
    done = Reply(404, status_after=status("ScannerAdfLoaded", "Completed"))
    caps = caps_of("EPSON WF-2930 Series")
    with StrangeDevice(Reply(200, page), done, caps=caps, status=LOADED) as device:
        assert drive(device, duplex=True)[1] == "scan.ended_with_paper"
        assert len(device.posts) == 1


def test_a_resolution_announced_but_not_delivered_is_not_asked_for(page):
    caps = caps_of("Canon iR2625").replace(b">300</scan:XRes", b">600</scan:XRes")
    with StrangeDevice(Reply(200, page), caps=caps) as device:
        assert drive(device, dpi=600) == ([], "scan.unsupported")
        assert device.posts == []
        (listed,) = EsclSource((device.url,)).devices()
    assert listed.dpi == (200,)


def test_only_back_sides_are_flagged_as_turned(page):
    caps = caps_of("EPSON XP-7100 Series")
    with StrangeDevice(Reply(200, page), Reply(200, page), GONE, caps=caps) as device:
        events, _ = drive(device, duplex=True)
    assert [event.flags for event in delivered(events)] == [(), ("back_rotated",)]


def test_a_feeder_that_always_says_empty_is_read_until_the_job_is_over(page):
    empty = status("ScannerAdfEmpty", "Processing")
    replies = [Reply(200, page), Reply(404, status_after=empty), Reply(200, page), GONE]
    with StrangeDevice(*replies, caps=caps_of("fi-6130"), status=empty) as device:
        events, end = drive(device)
        assert (end, len(delivered(events))) == ("complete", 2)
    told_for_ever = [Reply(200, page), Reply(404, status_after=empty)]
    for model, last in (("fi-6130", "scan.ended_with_paper"), ("Nobody X1", "complete")):
        with StrangeDevice(*told_for_ever, caps=caps_of(model), status=empty) as device:
            assert drive(device)[1] == last
    replies = [Reply(200, page), GONE]
    with StrangeDevice(
        *replies, caps=caps_of("fi-6130"), status=empty, post_code=[409, 201]
    ) as device:
        assert drive(device)[1] == "complete"


BLACK = "<scan:ColorMode>BlackAndWhite1</scan:ColorMode>"


def test_lineart_that_is_refused_comes_as_gray_and_says_so(page):
    caps = caps_of("", BLACK).replace(b"<scan:ColorModes>", b"<scan:ColorModes>" + BLACK.encode())
    codes = [409, 201]
    with StrangeDevice(Reply(200, page), GONE, caps=caps, post_code=codes, status=LOADED) as device:
        events, end = drive(device, mode="lineart")
        assert (end, delivered(events)[0].flags) == ("complete", ("gray_for_lineart",))
        assert [b"BlackAndWhite1" in post for post in device.posts] == [True, False]
        assert b"Grayscale8" in device.posts[1]


def test_lineart_that_is_taken_stays_lineart_and_is_asked_as_png_where_there_is_png(page):
    png = b"<pwg:DocumentFormat>image/png</pwg:DocumentFormat>"
    caps = caps_of().replace(b"<scan:ColorModes>", b"<scan:ColorModes>" + BLACK.encode())
    caps = caps.replace(b"<scan:DocumentFormats>", b"<scan:DocumentFormats>" + png)
    with StrangeDevice(Reply(200, page), GONE, caps=caps) as device:
        events, end = drive(device, mode="lineart")
        assert (end, delivered(events)[0].flags, len(device.posts)) == ("complete", (), 1)
        assert b"BlackAndWhite1" in device.posted
        assert b"image/png" in device.posted


def test_lineart_that_is_not_offered_is_not_even_asked(page):
    with StrangeDevice(Reply(200, page), GONE) as device:
        events, end = drive(device, mode="lineart")
        assert (end, delivered(events)[0].flags) == ("complete", ("gray_for_lineart",))
        assert len(device.posts) == 1


def test_a_device_without_colour_or_with_pdf_only_is_unsupported(page):
    gray = caps_of().replace(b"<scan:ColorMode>RGB24</scan:ColorMode>", b"")
    with StrangeDevice(Reply(200, page), caps=gray) as device:
        assert drive(device) == ([], "scan.unsupported")
    with StrangeDevice(Reply(200, page), caps=caps_of(formats="application/pdf")) as device:
        assert drive(device) == ([], "scan.unsupported")


REMOVAL = "<scan:BlankPageDetectionAndRemoval>true</scan:BlankPageDetectionAndRemoval>"
SENSOR = b"<scan:AdfOption>MultipickDetection</scan:AdfOption>"


def test_what_breaks_the_count_is_switched_off_and_the_sensor_on_where_there_is_one(page):
    caps = caps_of("", REMOVAL).replace(b"<scan:AdfOptions>", b"<scan:AdfOptions>" + SENSOR)
    with StrangeDevice(Reply(200, page), GONE, caps=caps) as device:
        assert drive(device)[1] == "complete"
        assert b"<scan:BlankPageDetectionAndRemoval>false<" in device.posted
        assert b"<scan:MultipickDetection>true<" in device.posted
    with StrangeDevice(Reply(200, page), GONE, caps=caps) as device:
        assert drive(device, multifeed="off")[1] == "complete"
        assert b"<scan:MultipickDetection>false<" in device.posted
    with StrangeDevice(Reply(200, page), GONE) as device:
        drive(device)
        assert b"Blank" not in device.posted
        assert b"Multipick" not in device.posted


def test_gray_instead_of_lineart_keeps_the_switches_that_guard_the_count(page):
    caps = caps_of("", REMOVAL).replace(b"<scan:AdfOptions>", b"<scan:AdfOptions>" + SENSOR)
    with StrangeDevice(Reply(200, page), GONE, caps=caps) as device:
        events, end = drive(device, mode="lineart")
        assert (end, delivered(events)[0].flags) == ("complete", ("gray_for_lineart",))
        assert b"<scan:BlankPageDetectionAndRemoval>false<" in device.posted
        assert b"<scan:MultipickDetection>true<" in device.posted


@pytest.mark.parametrize("code", [400, 409])
def test_a_device_that_does_not_like_the_switches_is_asked_without(page, code):
    caps = caps_of("", REMOVAL)
    with StrangeDevice(
        Reply(200, page), GONE, caps=caps, post_code=[code, 201], status=LOADED
    ) as device:
        assert drive(device)[1] == "complete"
        assert [b"Blank" in post for post in device.posts] == [True, False]
