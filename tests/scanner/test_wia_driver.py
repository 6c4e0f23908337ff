"""The WIA driver against a stand-in that replays documented results.

Numbers of results and flags: wiadef.h of the Windows SDK, named in scanner/drivers/wia/names.py;
each test names the page that says when the result comes.
"""

from __future__ import annotations

import io
import itertools
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from scanner.drivers.source import Over, Stop
from scanner.drivers.wia import names
from scanner.drivers.wia.bmp import BmpSide
from scanner.drivers.wia.names import FeederStatus, Prop
from scanner.drivers.wia.source import WiaSource
from scanner.errors import ScannerError
from scanner.model import ScanRequest, SideBegin
from tests.scanner.fake_wia import FakeManager, bitmap, picture
from tests.scanner.scan_kit import kept, reason

DEVICE = "wia:{6BDD1FC6}\\0001"
SMALL = (40.0, 50.0)


def ask(**options: object) -> ScanRequest:
    fields = {"source": "feeder", "duplex": False, "dpi": 200, "page_mm": SMALL, **options}
    return ScanRequest(DEVICE, **fields)  # type: ignore[arg-type]


def run(manager: FakeManager, request: ScanRequest, stop: Stop | None = None) -> list[object]:
    events = list(WiaSource(lambda: manager).scan(request, stop or Stop()))
    assert isinstance(events[-1], Over)
    assert manager.device.closed
    return events


def scan(plan: dict[str, object], **options: object) -> list[object]:
    return run(FakeManager(plan), ask(**options))


@pytest.mark.parametrize("up", [True, False])
@pytest.mark.parametrize("mode", ["RGB", "L", "1"])
@pytest.mark.parametrize("height", [1, 64, 65, 127, 130])
def test_a_bitmap_of_either_direction_becomes_the_same_picture(up, mode, height):
    image = picture(3, (77, height), mode)
    encoder = BmpSide(200)
    data = bitmap(image, 200, rising=up)
    parts = [part for at in range(0, len(data), 999) for part in encoder.feed(data[at : at + 999])]
    parts += encoder.finish()
    with Image.open(io.BytesIO(b"".join(parts))) as got:
        assert got.size == image.size
        assert tuple(map(round, got.info["dpi"])) == (200, 200)
        assert got.format == ("PNG" if mode == "1" else "JPEG")
        want = image.convert(got.mode)
        worst = max(abs(a - b) for a, b in zip(got.tobytes(), want.tobytes(), strict=True))
    assert worst < (1 if mode == "1" else 60)
    assert encoder.facts.dpi == 200


@pytest.mark.parametrize("mode", ["RGB", "1"])
def test_a_page_from_below_gives_the_bytes_of_the_page_from_above(mode):
    image = picture(5, (300, 333), mode)
    results = []
    for up in (True, False):
        encoder = BmpSide(200)
        results.append(b"".join([*encoder.feed(bitmap(image, 200, rising=up)), *encoder.finish()]))
    assert results[0] == results[1]


@pytest.mark.parametrize(
    ("damage", "slug"),
    [
        (lambda data: data[:0], "scan.page_empty"),
        (lambda data: data[:30], "scan.page_truncated"),
        (lambda data: data[:-1], "scan.page_truncated"),
        (lambda data: data + b"\0", "scan.page_wrong"),
        (lambda data: b"PK" + data[2:], "scan.page_wrong"),
        (lambda data: data[:18] + b"\0\0\0\0" + data[22:], "scan.page_wrong"),
        (lambda data: data[:22] + b"\0\0\0\0" + data[26:], "scan.page_wrong"),
        (lambda data: data[:10] + b"\xff\xff\xff\x7f" + data[14:], "scan.page_wrong"),
        (lambda data: data[:28] + b"\x10\0" + data[30:], "scan.unsupported"),
        (lambda data: data[:30] + b"\1\0\0\0" + data[34:], "scan.unsupported"),
    ],
)
def test_a_damaged_bitmap_is_named_and_never_a_page(damage, slug):
    encoder = BmpSide(200)
    data = damage(bitmap(picture(1, (50, 50)), 200))
    with pytest.raises(ScannerError) as caught:
        list(itertools.chain(encoder.feed(data), encoder.finish()))
    assert caught.value.slug == slug


def test_a_bitmap_that_lies_about_its_size_is_refused_by_its_header():
    encoder = BmpSide(200, (300, 400))
    with pytest.raises(ScannerError) as caught:
        list(encoder.feed(bitmap(picture(1, (50, 50)), 200)[:60]))
    assert caught.value.slug == "scan.page_wrong"


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_whatever_a_driver_writes_is_an_image_or_a_named_error(data):
    whole = bytearray(bitmap(picture(1, (20, 30), data.draw(st.sampled_from("L1"))), 200))
    for at in data.draw(st.lists(st.integers(0, 60), max_size=4)):
        whole[at] = data.draw(st.integers(0, 255))
    whole = whole[: data.draw(st.integers(0, len(whole)))]
    encoder = BmpSide(200, (20, 30))
    try:
        out = b"".join(itertools.chain(encoder.feed(bytes(whole)), encoder.finish()))
    except ScannerError:
        return
    with Image.open(io.BytesIO(out)) as image:
        image.load()
        assert {image.width, image.height} <= {20, 30}


def test_the_scanner_tells_its_sources_and_resolutions():
    (device,) = WiaSource(lambda: FakeManager({})).devices()
    assert (device.id, device.driver, device.vendor) == (DEVICE, "wia", "Fake")
    assert device.sources == ("feeder", "flatbed")
    assert (device.dpi, device.duplex) == ((200, 300, 600), True)


def test_without_windows_there_is_no_device_and_the_reason_is_said():
    assert WiaSource().devices() == ()
    with pytest.raises(ScannerError) as caught:
        list(WiaSource().scan(ask(), Stop()))
    assert (caught.value.slug, caught.value.params["feature"]) == ("scan.unsupported", "WIA")


@pytest.mark.parametrize("formats", [[names.FORMAT_BMP], [names.FORMAT_JPEG]])
@pytest.mark.parametrize("mode", ["color", "gray", "lineart"])
def test_a_stack_arrives_whole_in_order(formats, mode):
    if formats == [names.FORMAT_JPEG] and mode == "lineart":
        mode = "gray"
    events = scan({"formats": formats}, mode=mode)
    assert reason(events) == "complete"
    begins = [event for event in events if isinstance(event, SideBegin)]
    assert [(begin.seq, begin.sheet, begin.side) for begin in begins] == [
        (1, 1, "front"), (2, 2, "front"), (3, 3, "front"),
    ]  # fmt: skip
    for number, data in enumerate(kept(events)):
        with Image.open(io.BytesIO(data)) as image:
            assert image.size == ask().page_px()
            if mode == "color":
                got = image.getpixel((image.width * 3 // 4, image.height // 6))
                want = (200, 30 * number % 250, 10)
                assert all(abs(a - b) < 12 for a, b in zip(got, want, strict=True))
            assert image.getpixel((5, image.height - 5)) in {255, (255, 255, 255)}
            assert image.mode == {"color": "RGB", "gray": "L", "lineart": "1"}[mode]


def test_the_setting_is_made_anew_and_what_leaves_sheets_out_is_off():
    manager = FakeManager({})
    run(manager, ask(duplex=True))
    values = manager.device.feeder.values
    width, height = ask().page_px()
    assert values[Prop.PAGES] == names.ALL_PAGES
    assert values[Prop.DOCUMENT_HANDLING_SELECT] & names.Handling.DUPLEX
    assert values[Prop.MULTI_FEED] == names.MULTI_FEED_DETECT_STOP_ERROR
    assert (values[Prop.XRES], values[Prop.YRES], values[Prop.DATATYPE]) == (200, 200, 3)
    assert [values[prop] for prop in (Prop.XPOS, Prop.YPOS)] == [0, 0]
    assert [values[prop] for prop in (Prop.XEXTENT, Prop.YEXTENT)] == [width, height]
    assert values[Prop.BLANK_PAGES] == names.BLANK_PAGE_DETECTION_DISABLED
    assert values[Prop.AUTO_CROP] == names.AUTO_CROP_DISABLED
    assert values[Prop.AUTO_DESKEW] == names.AUTO_DESKEW_OFF
    manager = FakeManager({})
    run(manager, ask(multifeed="off"))
    assert manager.device.feeder.values[Prop.MULTI_FEED] == names.MULTI_FEED_DETECT_DISABLED


@pytest.mark.parametrize(
    ("plan", "options"),
    [
        ({"refuse": ["DOCUMENT_HANDLING_SELECT"]}, {"duplex": True}),
        ({"refuse": ["PAGES"]}, {}),
        ({"refuse": ["FORMAT"]}, {}),
        ({"refuse": ["DATATYPE"]}, {}),
        ({"refuse": ["XRES"]}, {}),
        ({"refuse": ["YEXTENT"]}, {}),
        ({"widest": 100}, {}),
    ],
)
def test_what_the_driver_refuses_with_e_invalidarg_is_said_and_never_done_otherwise(plan, options):
    """E_INVALIDARG: winerror.h; IWiaPropertyStorage::WriteMultiple."""
    with pytest.raises(ScannerError) as caught:
        scan(plan, **options)
    assert caught.value.slug == "scan.unsupported"


@pytest.mark.parametrize("refused", ["DEPTH", "BLANK_PAGES", "AUTO_CROP", "MULTI_FEED", "XPOS"])
def test_what_a_driver_need_not_offer_does_not_hinder(refused):
    assert reason(scan({"refuse": [refused]})) == "complete"


@pytest.mark.parametrize("code", sorted(names.SLUGS))
@pytest.mark.parametrize("sheet", [1, 2, 3])
def test_each_result_at_each_sheet_has_its_name_and_keeps_the_sheets_before_it(code, sheet):
    """Microsoft Learn, 'Error Codes (WIA)'; numbers as in wiadef.h and winerror.h."""
    events = scan({"at": sheet, "result": code})
    end_hint = code == names.PAPER_EMPTY and sheet > 1
    assert reason(events) == ("complete" if end_hint else names.SLUGS[code])
    assert len(kept(events)) == sheet - 1


def test_the_header_and_the_printed_page_are_both_understood():
    """wiadef.h: cover open is 16 and multi-feed 20 in decimal; the page prints them as if hex."""
    assert names.COVER_OPEN == 0x80210010
    assert names.COVER_OPEN_AS_PRINTED == 0x80210016
    assert names.MULTI_FEED == 0x80210014
    assert names.MULTI_FEED_AS_PRINTED == 0x80210020


def test_a_result_without_a_name_keeps_its_number():
    events = scan({"at": 2, "result": 0x8021000E})
    assert reason(events) == "scan.driver_error"
    assert events[-1].params["code"] == "wia-transfer-8021000e"


@pytest.mark.parametrize(
    "plan",
    [
        {"result": names.MULTI_FEED, "signals": [names.PAPER_JAM]},
        {"result": names.PAPER_JAM, "signals": [names.MULTI_FEED]},
        {"result": names.PAPER_JAM, "status": FeederStatus.MULTIPLE_FEED | FeederStatus.PAPER_JAM},
        {"result": 0, "status": FeederStatus.MULTIPLE_FEED},
        {"result": names.PAPER_EMPTY, "status": FeederStatus.MULTIPLE_FEED},
    ],
)
def test_a_double_feed_outranks_the_jam_it_also_looks_like(plan):
    """Microsoft Learn, 'WIA_IPS_MULTI_FEED', 'WIA_DPS_DOCUMENT_HANDLING_STATUS'."""
    events = scan({"at": 2, **{name: _plain(value) for name, value in plan.items()}})
    assert (reason(events), len(kept(events))) == ("scan.double_feed", 1)


def _plain(value: object) -> object:
    return int(value) if isinstance(value, int) else value


def test_an_empty_feeder_after_a_side_is_only_the_end():
    """'IWiaMiniDrv::drvAcquireItemData' for feeders; a stream may be asked for before the look."""
    for plan in ({"end": names.PAPER_EMPTY}, {"end": names.PAPER_EMPTY, "ask_first": True}):
        events = scan(plan)
        assert (reason(events), len(kept(events))) == ("complete", 3)
    assert reason(scan({"sheets": 0, "end": names.PAPER_EMPTY})) == "scan.no_docs"
    hollow = {"sheets": 0, "end": names.PAPER_EMPTY, "ask_first": True}
    assert reason(scan(hollow)) == "scan.no_docs"


def test_a_stream_that_stays_empty_in_a_good_transfer_is_an_empty_page():
    assert reason(scan({"ask_first": True})) == "scan.page_empty"


@pytest.mark.parametrize(
    ("result", "slug"),
    [(0, "scan.page_truncated"), (names.PAPER_EMPTY, "scan.page_truncated"),
     (names.PAPER_JAM, "scan.jam")],
)  # fmt: skip
def test_a_cut_side_is_dropped_under_the_name_of_what_cut_it(result, slug):
    """'WIA transfer constants': the service ends the stream whatever became of it."""
    events = scan({"at": 2, "result": result, "cut": 40_000})
    assert (reason(events), len(kept(events))) == (slug, 1)


def test_paper_left_at_a_good_end_is_no_end():
    """FEED_READY, where the feeder can see its paper (DETECT_FEED)."""
    events = scan({"paper_left": True})
    assert (reason(events), len(kept(events))) == ("scan.ended_with_paper", 3)


def test_a_transfer_the_driver_takes_for_an_invalid_argument_is_unsupported():
    events = scan({"at": 1, "result": names.E_INVALIDARG})
    assert reason(events) == "scan.unsupported"


@pytest.mark.parametrize(
    ("result", "slug"),
    [(names.BUSY, "scan.busy"), (names.OFFLINE, "scan.offline"),
     (names.NO_DEVICE_AVAILABLE, "scan.no_device")],
)  # fmt: skip
def test_a_device_that_cannot_be_opened_has_its_reason(result, slug):
    with pytest.raises(ScannerError) as caught:
        scan({"open": result})
    assert caught.value.slug == slug
    (listed,) = WiaSource(lambda: FakeManager({"open": result})).devices()
    assert listed.sources == ()


def test_a_silent_driver_is_found_and_left():
    events = scan({"at": 2, "hang": True, "result": 0}, stall_s=0.2)
    assert (reason(events), len(kept(events))) == ("scan.stalled", 1)


def test_a_stop_breaks_off_what_hangs_and_cancels_the_transfer():
    manager = FakeManager({"at": 1, "hang": True, "result": 0})
    stop = Stop()
    timer = threading.Timer(0.1, stop.request, kwargs={"now": True})
    timer.start()
    events = run(manager, ask(), stop)
    assert reason(events) == "scan.cancelled"
    assert manager.device.feeder.cancelled.wait(5)
    timer.join()


def test_a_stop_after_the_sheet_keeps_both_its_sides():
    manager, stop = FakeManager({}), Stop()
    events: list[object] = []
    for event in WiaSource(lambda: manager).scan(ask(duplex=True), stop):
        events.append(event)
        if isinstance(event, SideBegin) and event.seq == 1:
            stop.request(now=False)
    assert (reason(events), len(kept(events))) == ("scan.cancelled", 2)


def test_the_glass_gives_one_side():
    events = run(FakeManager({"sheets": 1}), ask(source="flatbed"))
    assert (reason(events), len(kept(events))) == ("complete", 1)


def test_half_a_jpeg_that_a_driver_ends_properly_is_a_cut_page():
    events = scan({"formats": [names.FORMAT_JPEG], "halved": 1})
    assert (reason(events), len(kept(events))) == ("scan.page_truncated", 1)


def test_the_button_on_the_device_that_ends_a_transfer_is_no_end_of_the_paper():
    """S_FALSE, Microsoft Learn, Canceling a Data Transfer."""
    events = scan({"at": 2, "result": names.S_FALSE, "status": 0})
    assert (reason(events), len(kept(events))) == ("scan.cancelled", 1)
