"""What every driver promises, asked of each through a driver host of its own.

SANE speaks to libsane's test device, eSCL to the simulator over HTTP, WIA and TWAIN to stand-ins
that replay documented results. A promise a counterpart cannot put to the test is left out for it:
libsane's test device has neither duplex nor a fault at one chosen sheet, a folder has no paper.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from scanner.drivers.twain.names import DEVICE_DOUBLE_FEED, Cc
from scanner.drivers.wia import names as wia_names
from scanner.model import ScanRequest, SideBegin, SideDropped, SideEnd
from scanner.remote import RemoteSource
from scanner.simulator import Fault, SimulatorServer
from tests.scanner.fake_dsm import library_in
from tests.scanner.scan_kit import (
    HOST,
    Collected,
    hidden_driver_code,
    run_pass,
    sane_env,
    take,
    write_pages,
)

SMALL = (40.0, 50.0)


@dataclass
class Rig:
    """A device of one driver, and how to reach it."""

    device: str
    source: RemoteSource
    sheets: int
    dpi: int = 200
    page_mm: tuple[float, float] = SMALL

    def ask(self, **options: object) -> ScanRequest:
        fields = {
            "source": "feeder",
            "duplex": False,
            "dpi": self.dpi,
            "page_mm": self.page_mm,
            "declared_sheets": self.sheets,
            **options,
        }
        return ScanRequest(self.device, **fields)  # type: ignore[arg-type]


Maker = Callable[[Path, ExitStack, int, bool, str], Rig]


def sane(folder: Path, _stack: ExitStack, _sheets: int, _duplex: bool, _trouble: str) -> Rig:
    source = RemoteSource(HOST, sane_env(folder / "sane"))
    return Rig("sane:test:0", source, 10, dpi=75, page_mm=(60.0, 80.0))


def escl(folder: Path, stack: ExitStack, sheets: int, duplex: bool, trouble: str) -> Rig:
    write_pages(folder / "pages", sheets * (2 if duplex else 1))
    plan = [Fault(2, trouble)] if trouble else []
    server = SimulatorServer(folder / "pages", plan=plan, duplex=duplex)
    server.start()
    stack.callback(server.close)
    return Rig(f"escl:{server.url}", RemoteSource(HOST), sheets, page_mm=(210, 297))


def wia(_folder: Path, _stack: ExitStack, sheets: int, _duplex: bool, trouble: str) -> Rig:
    troubles: dict[str, dict[str, object]] = {
        "": {},
        "jam": {"at": 2, "result": wia_names.PAPER_JAM},
        "double_feed": {
            "at": 2,
            "result": wia_names.PAPER_JAM,
            "status": int(wia_names.FeederStatus.MULTIPLE_FEED | wia_names.FeederStatus.PAPER_JAM),
        },
        "cover_open": {"at": 2, "result": wia_names.COVER_OPEN, "cut": 40_000},
        "hang": {"at": 2, "hang": True, "cut": 40_000, "result": 0},
    }
    plan = json.dumps({"sheets": sheets, **troubles[trouble]})
    argv = hidden_driver_code("from tests.scanner import fake_wia\nfake_wia.install()")
    return Rig("wia:{6BDD1FC6}\\0001", RemoteSource(argv, {"FAKE_WIA": plan}), sheets)


def twain(folder: Path, _stack: ExitStack, sheets: int, _duplex: bool, trouble: str) -> Rig:
    troubles = {
        "": "",
        "jam": f"at=2 cc={int(Cc.PAPERJAM)}",
        "double_feed": f"at=2 cc={int(Cc.PAPERJAM)} event={DEVICE_DOUBLE_FEED}",
        "cover_open": f"at=2 cc={int(Cc.INTERLOCK)} when=2",
        "hang": "at=2 hang=1 when=2",
    }
    library = str(library_in(folder))
    argv = hidden_driver_code(
        f"import scanner.drivers.twain.dsm as d\nd.LIBRARIES = ({library!r},)"
    )
    env = {"FAKE_DSM": f"sheets={sheets} {troubles[trouble]}"}
    return Rig("twain:Fake ADF", RemoteSource(argv, env), sheets)


def folder(place: Path, _stack: ExitStack, sheets: int, _duplex: bool, _trouble: str) -> Rig:
    write_pages(place / "share", sheets)
    quick = {"SCANNER_FOLDER_STABLE_S": "0.1", "SCANNER_FOLDER_QUIET_S": "0.3"}
    device = f"folder:{place / 'share'}"
    return Rig(device, RemoteSource(HOST, quick), sheets, page_mm=(210, 297))


ALL = pytest.mark.parametrize("make", [sane, escl, wia, twain, folder])
FEEDERS = pytest.mark.parametrize("make", [sane, escl, wia, twain])
FAULTY = pytest.mark.parametrize("make", [escl, wia, twain])
SIDES = pytest.mark.parametrize("duplex", [False, True], ids=["simplex", "duplex"])


@pytest.fixture
def rig(tmp_path) -> Iterator[Callable[..., Rig]]:
    with ExitStack() as stack:

        def build(make: Maker, sheets: int = 3, duplex: bool = False, trouble: str = "") -> Rig:
            made = make(tmp_path, stack, sheets, duplex, trouble)
            stack.callback(made.source.close)
            return made

        yield build


def check_order(got: Collected) -> None:
    """One side after the other, every one closed or dropped, and one end."""
    sides = [name for name in got.order if name in {"SideBegin", "SideEnd", "SideDropped"}]
    assert sides[::2] == ["SideBegin"] * len(sides[::2])
    assert "SideBegin" not in sides[1::2]
    assert len(sides) % 2 == 0
    assert got.order[-1] == "Ended"
    assert got.order.count("Ended") == 1


@ALL
def test_a_whole_stack_comes_in_order_and_ends_once(rig, make):
    device = rig(make)
    got = run_pass(device.source, device.ask())
    assert (got.reason, got.ended.refeed_sheet) == ("complete", None)
    assert got.ended.safe_sheets == device.sheets
    assert [(end.seq, end.sheet, end.side) for end in got.ends] == [
        (number, number, "front") for number in range(1, device.sheets + 1)
    ]
    width, height = device.ask().page_px()
    assert all(abs(end.width_px - width) <= 0.02 * width for end in got.ends)
    assert all(abs(end.height_px - height) <= 0.02 * height for end in got.ends)
    assert {end.media for end in got.ends} == {"image/jpeg"}
    check_order(got)


@FAULTY
def test_both_sides_of_a_stack_come_front_first(rig, make):
    device = rig(make, duplex=True)
    got = run_pass(device.source, device.ask(duplex=True))
    assert (got.reason, got.ended.safe_sheets) == ("complete", 3)
    assert [(end.sheet, end.side) for end in got.ends] == [
        (sheet, side) for sheet in (1, 2, 3) for side in ("front", "back")
    ]
    check_order(got)


@ALL
def test_a_pass_that_goes_on_numbers_on(rig, make):
    device = rig(make)
    more = {"first_seq": 8, "first_sheet": 5, "declared_sheets": device.sheets + 4}
    got = run_pass(device.source, device.ask(**more))
    assert (got.reason, got.ended.safe_sheets) == ("complete", device.sheets + 4)
    assert [(end.seq, end.sheet) for end in got.ends] == [
        (number + 8, number + 5) for number in range(device.sheets)
    ]


@ALL
def test_fewer_sheets_than_declared_are_short(rig, make):
    device = rig(make)
    got = run_pass(device.source, device.ask(declared_sheets=device.sheets + 1))
    assert (got.reason, got.ended.safe_sheets) == ("scan.count_short", device.sheets)
    assert (len(got.ends), got.ended.refeed_sheet) == (device.sheets, device.sheets + 1)


@FEEDERS
def test_more_sheets_than_declared_are_over(rig, make):
    """A folder takes no more files than were declared; a feeder draws all it has."""
    device = rig(make)
    got = run_pass(device.source, device.ask(declared_sheets=device.sheets - 1))
    assert (got.reason, got.ended.safe_sheets) == ("scan.count_over", device.sheets)
    assert len(got.ends) == device.sheets


@FAULTY
@SIDES
@pytest.mark.parametrize("trouble", ["jam", "cover_open"])
def test_a_trouble_at_the_second_sheet_keeps_the_first(rig, make, duplex, trouble):
    device = rig(make, duplex=duplex, trouble=trouble)
    got = run_pass(device.source, device.ask(duplex=duplex))
    assert got.reason == f"scan.{trouble}"
    assert (got.ended.safe_sheets, got.ended.refeed_sheet) == (1, 2)
    assert len(got.ends) == (2 if duplex else 1)
    check_order(got)


@FAULTY
@SIDES
def test_a_double_feed_outranks_the_jam_it_also_looks_like(rig, make, duplex):
    device = rig(make, duplex=duplex, trouble="double_feed")
    got = run_pass(device.source, device.ask(duplex=duplex))
    assert got.reason == "scan.double_feed"
    assert (got.ended.safe_sheets, got.ended.refeed_sheet) == (1, 2)
    check_order(got)


@FAULTY
def test_a_driver_that_hangs_is_ended_and_the_first_sheet_stays(rig, make):
    device = rig(make, trouble="hang")
    got = run_pass(device.source, device.ask(stall_s=0.7))
    assert got.reason == "scan.stalled"
    assert (got.ended.safe_sheets, got.ended.refeed_sheet) == (1, 2)
    check_order(got)


@ALL
def test_a_stop_ends_the_pass_at_once_and_throws_the_open_side_away(rig, make):
    # More sides than may wait for their acknowledgement: the pass cannot be over before the stop.
    device = rig(make, sheets=12)
    got, stopped = Collected(), False
    for event in device.source.scan(device.ask()):
        take(got, event)
        if isinstance(event, SideEnd) and not stopped:
            stopped = True
            device.source.stop(True)
    assert got.reason == "cancelled"
    assert got.ended.safe_sheets == len(got.ends) < device.sheets
    assert got.ended.refeed_sheet == len(got.ends) + 1
    check_order(got)


@FAULTY
def test_a_stop_after_the_sheet_leaves_no_sheet_half(rig, make):
    device = rig(make, sheets=8, duplex=True)
    got = Collected()
    for event in device.source.scan(device.ask(duplex=True)):
        take(got, event)
        if isinstance(event, SideBegin) and event.seq == 1:
            device.source.stop(False)
        if isinstance(event, SideEnd):
            device.source.ack(event.seq)
        assert not isinstance(event, SideDropped)
    assert got.reason == "cancelled"
    assert len(got.ends) == 2 * got.ended.safe_sheets >= 2
    assert not [end for end in got.ends if end.flags]
    check_order(got)
