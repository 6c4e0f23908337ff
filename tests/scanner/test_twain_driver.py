"""The TWAIN driver against a manager compiled from C: structures, states, conditions.

Numbers: twain.h 2.5; each test names the chapter of the TWAIN specification 2.5 that says when a
condition comes.
"""

from __future__ import annotations

import ctypes as c
import io
import sys
import threading

import pytest
from PIL import Image

from scanner import host_process
from scanner.drivers.source import Stop
from scanner.drivers.twain import abi as twain_abi
from scanner.drivers.twain import dsm as twain_dsm
from scanner.drivers.twain import names as twain_names
from scanner.drivers.twain.names import Cap, Cc, fix32, from_item
from scanner.drivers.twain.source import TwainSource
from scanner.errors import ScannerError
from scanner.model import ScanRequest, SideBegin
from tests.scanner.fake_dsm import library_in
from tests.scanner.scan_kit import kept, reason

DEVICE = "twain:Fake ADF"
SMALL = (40.0, 50.0)
UNWOUND = ["0005 0007", "0009 0501", "0003 0402", "0004 0302"]
"""DAT and MSG of reset, disable, close source, close manager."""


def ask(**options: object) -> ScanRequest:
    fields = {"source": "feeder", "duplex": False, "dpi": 200, "page_mm": SMALL, **options}
    return ScanRequest(DEVICE, **fields)  # type: ignore[arg-type]


class Bench:
    """The stand-in, set up for one test."""

    def __init__(self, tmp_path, monkeypatch) -> None:
        self.path = library_in(tmp_path)
        self.log = tmp_path / "triplets"
        self.patch = monkeypatch
        monkeypatch.setattr(twain_dsm, "LIBRARIES", (str(self.path),))
        monkeypatch.setenv("FAKE_DSM_LOG", str(self.log))

    def plan(self, **words: int) -> None:
        text = " ".join(f"{name}={int(value)}" for name, value in words.items())
        self.patch.setenv("FAKE_DSM", text)

    def scan(self, request: ScanRequest | None = None, stop: Stop | None = None) -> list[object]:
        return list(TwainSource().scan(request or ask(), stop or Stop()))

    def triplets(self) -> list[list[str]]:
        return [line.split() for line in self.log.read_text().splitlines()]

    def setting(self, cap: Cap) -> int:
        return int(c.CDLL(str(self.path)).setting(cap))

    def unwound(self) -> None:
        """Nothing was asked out of state, and the manager was left closed."""
        seen = self.triplets()
        assert not [line for line in seen if line[3:] == ["1", "11"]], seen
        assert seen[-1][:3] == ["3", "0004", "0302"]


@pytest.fixture
def bench(tmp_path, monkeypatch) -> Bench:
    bench = Bench(tmp_path, monkeypatch)
    bench.plan()
    return bench


def test_structures_have_the_sizes_a_compiler_gives_them(bench):
    """Chapter 8, packed to two bytes."""
    library = c.CDLL(str(bench.path))
    structures = (
        twain_abi.Fix32, twain_abi.Version, twain_abi.Identity, twain_abi.Capability,
        twain_abi.OneValue, twain_abi.EnumerationHead, twain_abi.Range, twain_abi.ImageInfo,
        twain_abi.ImageLayout, twain_abi.Memory, twain_abi.MemXfer, twain_abi.SetupMemXfer,
        twain_abi.PendingXfers, twain_abi.Status, twain_abi.UserInterface, twain_abi.Callback,
        twain_abi.DeviceEvent, twain_abi.EntryPoint,
    )  # fmt: skip
    assert [c.sizeof(kind) for kind in structures] == [
        library.size_of(at) for at in range(len(structures))
    ]


def test_fixed_point_numbers_survive_both_ways():
    for value in (0, 200, 8.2677, 11.6929, -1, -0.5):
        assert abs(from_item(twain_names.Kind.FIX32, fix32(value)) - value) < 1 / 65536


def test_the_source_tells_what_it_can_and_those_standing_for_wia_are_left_out(bench):
    (device,) = TwainSource().devices()
    assert (device.id, device.driver, device.vendor) == (DEVICE, "twain", "Fake")
    assert device.sources == ("feeder", "flatbed")
    assert (device.dpi, device.duplex) == ((75, 100, 150, 200, 240, 300, 400, 600), True)
    bench.unwound()


def test_without_a_manager_there_is_no_device_and_the_reason_is_said(monkeypatch):
    monkeypatch.setattr(twain_dsm, "LIBRARIES", ("libnone-of-this-name.so",))
    assert TwainSource().devices() == ()
    with pytest.raises(ScannerError) as caught:
        list(TwainSource().scan(ask(), Stop()))
    assert (caught.value.slug, caught.value.params["feature"]) == ("scan.unsupported", "TWAIN")


@pytest.mark.parametrize("mode", ["color", "gray", "lineart"])
@pytest.mark.parametrize("unknown", [0, 1])
def test_a_stack_arrives_whole_in_order_whether_or_not_its_length_is_told(bench, mode, unknown):
    bench.plan(unknown=unknown)
    events = bench.scan(ask(mode=mode))
    assert reason(events) == "complete"
    begins = [event for event in events if isinstance(event, SideBegin)]
    assert [(begin.seq, begin.sheet, begin.side) for begin in begins] == [
        (1, 1, "front"), (2, 2, "front"), (3, 3, "front"),
    ]  # fmt: skip
    for number, data in enumerate(kept(events)):
        with Image.open(io.BytesIO(data)) as image:
            assert image.size == ask().page_px()
            assert tuple(map(round, image.info["dpi"])) == (200, 200)
            assert image.mode == {"color": "RGB", "gray": "L", "lineart": "1"}[mode]
            middle = (image.width * 3 // 4, image.height // 6)
            paper = image.getpixel((image.width // 2, image.height - 5))
            if mode == "color":
                want = (200, 30 * number % 250, 10)
                got = image.getpixel(middle)
                assert all(abs(a - b) < 12 for a, b in zip(got, want, strict=True))
                assert paper == (255, 255, 255)
            else:
                assert image.getpixel(middle) < 150 < paper
    bench.unwound()


def test_a_stack_of_both_sides_is_numbered_front_and_back(bench):
    bench.plan(thread=1)
    events = bench.scan(ask(duplex=True))
    begins = [event for event in events if isinstance(event, SideBegin)]
    assert [(begin.sheet, begin.side) for begin in begins] == [
        (1, "front"), (1, "back"), (2, "front"), (2, "back"), (3, "front"), (3, "back"),
    ]  # fmt: skip
    assert (reason(events), len(kept(events))) == ("complete", 6)


def test_the_setting_is_made_anew_and_what_leaves_sheets_out_is_off(bench):
    """Chapter 10."""
    bench.scan()
    wanted = {
        Cap.XFERCOUNT: 0xFFFF, Cap.XFERMECH: 2, Cap.UNITS: 0, Cap.PIXELTYPE: 2, Cap.BITDEPTH: 24,
        Cap.XRESOLUTION: 200, Cap.YRESOLUTION: 200, Cap.FEEDERENABLED: 1, Cap.AUTOFEED: 1,
        Cap.DUPLEXENABLED: 0, Cap.INDICATORS: 0, Cap.AUTODISCARDBLANKPAGES: 0xFFFFFFFE,
        Cap.AUTOMATICBORDERDETECTION: 0, Cap.AUTOMATICDESKEW: 0, Cap.AUTOSIZE: 0,
        Cap.UNDEFINEDIMAGESIZE: 0, Cap.DOUBLEFEEDDETECTION: 0b11,
        Cap.DOUBLEFEEDDETECTIONRESPONSE: 0b1,
        Cap.DEVICEEVENT: 1 << twain_names.DEVICE_DOUBLE_FEED | 1 << twain_names.DEVICE_JAM,
    }  # fmt: skip
    assert {cap: c.c_uint32(bench.setting(cap)).value for cap in wanted} == wanted
    bench.scan(ask(multifeed="off", source="flatbed"))
    assert bench.setting(Cap.DOUBLEFEEDDETECTION) == 0
    assert bench.setting(Cap.FEEDERENABLED) == 0


@pytest.mark.parametrize(
    ("cap", "options"),
    [
        (Cap.XFERMECH, {}),
        (Cap.XFERCOUNT, {}),
        (Cap.FEEDERENABLED, {}),
        (Cap.DUPLEXENABLED, {"duplex": True}),
        (Cap.PIXELTYPE, {}),
        (Cap.XRESOLUTION, {}),
        (None, {"dpi": 240}),
    ],
)
def test_what_the_source_cannot_do_is_said_and_never_done_otherwise(bench, cap, options):
    """Chapter 10, TWCC_CAPUNSUPPORTED and TWCC_BADVALUE."""
    bench.plan(refuse=cap or 0)
    with pytest.raises(ScannerError) as caught:
        bench.scan(ask(**options))
    assert caught.value.slug == "scan.unsupported"
    bench.unwound()


@pytest.mark.parametrize(
    "cap", [Cap.INDICATORS, Cap.BITDEPTH, Cap.DOUBLEFEEDDETECTION, Cap.AUTODISCARDBLANKPAGES]
)
def test_what_a_source_need_not_offer_does_not_hinder(bench, cap):
    bench.plan(refuse=cap)
    assert reason(bench.scan()) == "complete"


@pytest.mark.parametrize("when", [0, 1, 2])
@pytest.mark.parametrize("sheet", [1, 3])
@pytest.mark.parametrize("condition", sorted(twain_names.SLUGS))
def test_each_condition_at_each_sheet_has_its_name_and_keeps_the_sheets_before_it(
    bench, condition, sheet, when
):
    """Chapter 11; chapter 7, DAT_IMAGEINFO and DAT_IMAGEMEMXFER."""
    bench.plan(at=sheet, cc=condition, when=when)
    events = bench.scan()
    slug = twain_names.SLUGS[condition]
    if condition == Cc.NOMEDIA and when == 2:
        slug = "scan.page_truncated"
    elif condition == Cc.NOMEDIA and sheet > 1:
        slug = "complete"
    assert (reason(events), len(kept(events))) == (slug, sheet - 1)
    bench.unwound()


def test_a_trouble_told_at_the_end_of_an_image_keeps_that_image(bench):
    """Chapter 7, DAT_PENDINGXFERS MSG_ENDXFER."""
    bench.plan(at=2, cc=Cc.PAPERJAM, when=3)
    events = bench.scan()
    assert (reason(events), len(kept(events))) == ("scan.jam", 1)
    bench.unwound()


def test_a_condition_without_a_name_keeps_its_number(bench):
    bench.plan(at=2, cc=26)
    events = bench.scan()
    assert reason(events) == "scan.driver_error"
    assert events[-1].params["code"] == "twain-imagememxfer-26"


@pytest.mark.parametrize(("rc", "slug"), [(3, "scan.cancelled"), (10, "scan.busy")])
def test_a_return_code_that_needs_no_condition_has_its_name(bench, rc, slug):
    """Chapter 11, TWRC_CANCEL and TWRC_BUSY."""
    bench.plan(at=2, rc=rc)
    assert reason(bench.scan()) == slug


def test_a_double_feed_outranks_the_jam_it_also_looks_like(bench):
    """Chapter 7, DAT_DEVICEEVENT: TWDE_PAPERDOUBLEFEED beside TWCC_PAPERJAM."""
    bench.plan(at=2, cc=Cc.PAPERJAM, event=twain_names.DEVICE_DOUBLE_FEED)
    events = bench.scan()
    assert (reason(events), len(kept(events))) == ("scan.double_feed", 1)
    bench.plan(at=2, cc=Cc.PAPERDOUBLEFEED, event=twain_names.DEVICE_JAM)
    assert reason(bench.scan()) == "scan.double_feed"


def test_an_empty_feeder_is_named_before_and_after_the_source_is_enabled(bench):
    bench.plan(sheets=0)
    assert reason(bench.scan()) == "scan.no_docs"
    bench.plan(sheets=0, detect=1)
    with pytest.raises(ScannerError) as caught:
        bench.scan()
    assert caught.value.slug == "scan.no_docs"
    bench.unwound()


@pytest.mark.parametrize(
    ("words", "slug"),
    [({"final": 29}, "complete"), ({"final": 20}, "scan.jam"), ({"short": 7}, "scan.page_truncated"),
     ({"wide": 3}, "scan.unsupported"), ({"show": 1}, "scan.unsupported"),
     ({"detect": 1, "left": 1}, "scan.ended_with_paper"), ({"detect": 1}, "complete")],
)  # fmt: skip
def test_an_end_is_believed_only_when_everything_agrees(bench, words, slug):
    bench.plan(**words)
    events = bench.scan()
    assert reason(events) == slug
    assert len(kept(events)) == (0 if set(words) & {"short", "wide", "show"} else 3)
    bench.unwound()


def test_a_source_that_is_gone_is_no_device_and_one_that_does_not_open_has_its_reason(bench):
    with pytest.raises(ScannerError) as caught:
        list(TwainSource().scan(ScanRequest("twain:None", "feeder", False, 200), Stop()))
    assert caught.value.slug == "scan.no_device"
    bench.unwound()
    bench.plan(open=Cc.CHECKDEVICEONLINE)
    with pytest.raises(ScannerError) as caught:
        bench.scan()
    assert caught.value.slug == "scan.offline"
    assert [device.sources for device in TwainSource().devices()] == [()]
    bench.unwound()


def test_a_source_that_never_gets_ready_is_found(bench):
    bench.plan(never=1)
    assert reason(bench.scan(ask(stall_s=0.2))) == "scan.stalled"


def test_a_stop_takes_effect_between_two_strips_and_the_way_down_is_in_order(bench):
    stop, events = Stop(), []
    for event in TwainSource().scan(ask(), stop):
        events.append(event)
        if isinstance(event, SideBegin) and event.seq == 2:
            stop.request(now=True)
    assert (reason(events), len(kept(events))) == ("scan.cancelled", 1)
    assert [" ".join(line[1:3]) for line in bench.triplets()[-4:]] == UNWOUND
    bench.unwound()


def test_a_stop_before_the_source_is_ready_ends_the_wait(bench):
    bench.plan(never=1)
    stop = Stop()
    timer = threading.Timer(0.1, stop.request, kwargs={"now": True})
    timer.start()
    assert reason(bench.scan(stop=stop)) == "scan.cancelled"
    timer.join()


def test_a_stop_after_the_sheet_keeps_both_its_sides(bench):
    stop, events = Stop(), []
    for event in TwainSource().scan(ask(duplex=True), stop):
        events.append(event)
        if isinstance(event, SideBegin) and event.seq == 1:
            stop.request(now=False)
    assert (reason(events), len(kept(events))) == ("scan.cancelled", 2)
    bench.unwound()


def test_the_32_bit_host_is_taken_when_it_lies_beside_the_program(tmp_path, monkeypatch):
    assert host_process.host_command(("host",)) == ("host",)
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "station.exe"))
    assert host_process.host_command(("host",)) == ("host",)
    (tmp_path / host_process.HOST_32_BIT).touch()
    assert host_process.host_command(("host",)) == (str(tmp_path / host_process.HOST_32_BIT),)


def test_the_glass_gives_one_side_whatever_the_source_counts(bench):
    events = bench.scan(ask(source="flatbed"))
    assert (reason(events), len(kept(events))) == ("complete", 1)
    bench.unwound()
