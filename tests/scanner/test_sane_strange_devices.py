"""What only real hardware says, said by a backend made for it and loaded by libsane itself."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scanner.drivers.sane.abi import Status
from scanner.model import Ended, Notice
from scanner.remote import RemoteSource
from tests.scanner.scan_kit import HOST, run_pass
from tests.scanner.strange_sane import (
    COLOR,
    FEEDER,
    GRAY,
    MODES,
    SENSOR,
    Strange,
    build,
    wish,
)

FUJITSU = (
    "option|string|none|5|source|Flatbed|ADF Front;ADF Back;ADF Duplex",
    MODES,
    "option|fixed|mm|5|page-width|215|2..220",
    "option|fixed|mm|5|page-height|279|2..870",
    "option|int|dpi|5|resolution|300|50..600",
    "option|string|none|5|df-action|Default|Default;Continue;Stop",
    "option|bool|none|5|df-skew|1|",
    "option|bool|none|5|df-thickness|0|",
    "option|bool|none|5|df-length|1|",
    "option|string|none|5|df-diff|10mm|Default;10mm;15mm;20mm",
    "option|string|none|5|paper-protect|Default|Default;Off;On",
    "option|bool|none|5|swdeskew|1|",
    "option|int|none|5|swdespeck|3|0..9",
    "option|bool|none|5|swcrop|1|",
    "option|fixed|none|5|swskip|20|0..100",
    "option|bool|none|5|hwdeskewcrop|1|",
    "option|bool|none|37|ald|1|",
    "option|bool|none|6|page-loaded|0|",
    "option|bool|none|6|cover-open|0|",
    "option|bool|none|6|double-feed|0|",
    "option|bool|none|6|duplex|0|",
    "option|bool|none|6|scan|0|",
    "option|bool|none|6|email|0|",
)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("strange"))


@pytest.fixture
def strange(tmp_path, built) -> Strange:
    return Strange(tmp_path / "sane", built)


def values(log: list[list[str]]) -> dict[str, str]:
    """What each option was set to last."""
    return {name: value for what, name, value in log if what == "set"}


STATUSES = {
    Status.UNSUPPORTED: ("scan.unsupported",) * 3,
    Status.CANCELLED: ("scan.cancelled",) * 3,
    Status.DEVICE_BUSY: ("scan.busy",) * 3,
    Status.INVAL: ("scan.offline", "scan.driver_error", "scan.driver_error"),
    Status.EOF: ("scan.driver_error", "scan.driver_error", "scan.page_truncated"),
    Status.JAMMED: ("scan.jam",) * 3,
    Status.NO_DOCS: ("scan.no_docs", "scan.no_docs", "scan.page_truncated"),
    Status.COVER_OPEN: ("scan.cover_open",) * 3,
    Status.IO_ERROR: ("scan.offline", "scan.driver_error", "scan.driver_error"),
    Status.NO_MEM: ("scan.driver_error",) * 3,
    Status.ACCESS_DENIED: ("scan.access_denied",) * 3,
    Status.WARMING_UP: ("scan.warming_up",) * 3,
    Status.HW_LOCKED: ("scan.driver_error",) * 3,
}


def test_each_status_at_opening_starting_and_reading_has_its_own_name(strange):
    asked, expected = [], []
    for status, slugs in STATUSES.items():
        for when, slug in zip(("open", "start", "read"), slugs, strict=True):
            name = f"{when}-{status.name}"
            # A passing trouble is met again by each try.
            again = range(1, 20) if when == "start" else (1,)
            lines = [f"at|{when}|{0 if when == 'open' else n}|status|{status}" for n in again]
            strange.device(name, FEEDER, MODES, GRAY, *lines)
            asked.append(wish(f"sane:strange:{name}", stall_s=0.2))
            expected.append((name, slug, 0))
    got = strange.run(*asked, pauses_s=(0.05, 0.1))
    found = [
        (name, one.reason, len(one.sides)) for (name, _, _), one in zip(expected, got, strict=True)
    ]
    assert found == expected


def test_a_source_that_is_fixed_at_the_device_is_not_taken_for_another(strange):
    fixed = "option|string|none|4|source|ADF Front|ADF Front;ADF Duplex"
    strange.device("0", fixed, MODES, GRAY, "pages|2")
    one, both = strange.run(wish(), wish(duplex=True))
    assert (one.reason, len(one.sides)) == ("complete", 2)
    assert (both.reason, len(both.sides)) == ("scan.unsupported", 0)


def test_a_short_frame_is_a_cut_page_and_the_sheets_before_it_stay(strange):
    strange.device("0", FEEDER, MODES, GRAY, "pages|4", f"at|read|3|status|{Status.EOF}")
    source = RemoteSource(HOST, strange.env)
    got = run_pass(source, wish())
    source.close()
    assert got.reason == "scan.page_truncated"
    assert (got.ended.safe_sheets, got.ended.refeed_sheet, len(got.ends)) == (2, 3, 2)


def test_a_device_that_stays_busy_is_tried_for_a_while_and_then_named(strange):
    strange.device("0", FEEDER, MODES, GRAY, f"at|open|0|status|{Status.DEVICE_BUSY}")
    assert strange.run(wish(), pauses_s=(0.05, 0.1, 0.2))[0].reason == "scan.busy"


@pytest.mark.parametrize(
    ("status", "slug"), [(Status.WARMING_UP, "scan.warming_up"), (Status.DEVICE_BUSY, "scan.busy")]
)
def test_a_device_that_warms_up_or_is_busy_at_a_start_is_waited_for_and_says_so(
    strange, status, slug
):
    strange.device(
        "0", FEEDER, MODES, GRAY, "pages|2", *(f"at|start|{n}|status|{status}" for n in (1, 3))
    )
    got = strange.run(wish())[0]
    assert (got.reason, len(got.sides), got.notices) == ("complete", 2, [slug, slug])


@pytest.mark.parametrize("now", [True, False])
def test_a_wait_for_a_device_that_warms_up_can_be_stopped(strange, now):
    lines = [f"at|start|{n}|status|{Status.WARMING_UP}" for n in range(1, 50)]
    strange.device("0", FEEDER, MODES, GRAY, *lines)
    source = RemoteSource(HOST, strange.env)
    events = []
    for event in source.scan(wish()):
        events.append(event)
        if isinstance(event, Notice):
            source.stop(now=now)
    source.close()
    assert [type(event) for event in events] == [Notice, Ended]
    assert (events[0].slug, events[1].reason) == ("scan.warming_up", "cancelled")


def test_a_feeder_of_fujitsu_words_is_set_to_stop_at_double_feeds_and_to_change_no_image(strange):
    strange.device("0", *FUJITSU, GRAY, "pages|2")
    got = strange.run(wish(duplex=True))[0]
    assert (got.reason, len(got.sides)) == ("complete", 2)
    found = values(got.log)
    assert found == {
        "source": "ADF Duplex",
        "mode": "Gray",
        "resolution": "254",
        "page-width": "50",
        "page-height": "40",
        "df-action": "Stop",
        "df-thickness": "1",
        "df-length": "0",
        "df-skew": "0",
        "df-diff": "Default",
        "paper-protect": "On",
        "swdeskew": "0",
        "swdespeck": "0",
        "swcrop": "0",
        "swskip": "0",
        "hwdeskewcrop": "0",
    }
    order = [name for what, name, _ in got.log if what == "set"]
    assert order[:5] == ["source", "mode", "resolution", "page-width", "page-height"]


def test_with_double_feeds_allowed_the_detectors_are_off(strange):
    strange.device("0", *FUJITSU, GRAY)
    found = values(strange.run(wish(multifeed="off"))[0].log)
    assert (found["df-action"], found["df-thickness"], found["df-length"]) == ("Continue", "0", "0")


def test_a_feeder_of_canon_words_is_set_alike(strange):
    strange.device(
        "0",
        "option|string|none|5|source|ADF Front|ADF Front;ADF Back;ADF Duplex",
        MODES,
        "option|int|dpi|5|resolution|300|100;200;254;300;600",
        "option|bool|none|5|df-thickness|0|",
        "option|bool|none|5|df-length|1|",
        "option|bool|none|5|swcrop|1|",
        "option|bool|none|5|swskip|1|",
        "option|bool|none|5|hwcrop|1|",
        "option|bool|none|6|adf-loaded|0|",
        GRAY,
    )
    found = values(strange.run(wish())[0].log)
    assert found["source"] == "ADF Front"
    assert (found["df-thickness"], found["df-length"]) == ("1", "0")
    assert (found["swcrop"], found["swskip"], found["hwcrop"]) == ("0", "0", "0")


@pytest.mark.parametrize(
    ("lines", "duplex", "expected"),
    [
        (
            (
                "option|string|none|5|source|Flatbed|Flatbed;Automatic Document Feeder",
                "option|string|none|5|adf-mode|Simplex|Simplex;Duplex",
            ),
            True,
            {"source": "Automatic Document Feeder", "adf-mode": "Duplex"},
        ),
        (
            (
                "option|string|none|5|source|Flatbed|Flatbed;Automatic Document Feeder",
                "option|string|none|5|adf-mode|Duplex|Simplex;Duplex",
            ),
            False,
            {"source": "Automatic Document Feeder", "adf-mode": "Simplex"},
        ),
        (
            (
                "option|string|none|5|feeder-mode|single|single;continuous",
                "option|bool|none|5|duplex|0|",
            ),
            True,
            {"feeder-mode": "continuous", "duplex": "1"},
        ),
        (
            (
                "option|string|none|5|source|fb|adf;fb",
                "option|bool|none|5|duplex|1|",
                "option|bool|none|5|dfeed|0|",
                "option|bool|none|5|dfstop|0|",
            ),
            False,
            {"source": "adf", "duplex": "0", "dfeed": "1", "dfstop": "1"},
        ),
    ],
    ids=["epson-duplex", "epson-simplex", "panasonic-sheetfed", "panasonic"],
)
def test_both_sides_are_asked_for_in_the_words_of_the_device(strange, lines, duplex, expected):
    strange.device("0", *lines, MODES, GRAY, "pages|2")
    got = strange.run(wish(duplex=duplex))[0]
    assert got.reason == "complete"
    assert values(got.log).items() >= expected.items()


def test_a_switch_named_duplex_at_the_device_is_no_way_to_scan_both_sides(strange):
    strange.device(
        "0", FEEDER.replace(";ADF Duplex", ""), MODES, f"option|bool|none|{SENSOR}|duplex|1|", GRAY
    )
    got = strange.run(wish(duplex=True))[0]
    assert (got.reason, got.params) == ("scan.unsupported", {"feature": "duplex"})


def test_a_device_that_insists_on_leaving_blank_sides_out_is_refused(strange):
    strange.device("0", FEEDER, MODES, "option|string|none|5|swskip|On|On;Auto", GRAY)
    got = strange.run(wish())[0]
    assert (got.reason, got.params) == ("scan.unsupported", {"feature": "swskip"})


SIGNALS = (
    (("double-feed",), Status.JAMMED, "scan.double_feed"),
    (("double-feed", "cover-open"), Status.JAMMED, "scan.double_feed"),
    (("cover-open",), Status.JAMMED, "scan.cover_open"),
    (("double-feed",), Status.COVER_OPEN, "scan.double_feed"),
    (("double-feed",), Status.IO_ERROR, "scan.double_feed"),
    (("double-feed",), Status.ACCESS_DENIED, "scan.access_denied"),
    ((), Status.JAMMED, "scan.jam"),
)


def test_the_sensors_are_asked_before_a_fault_is_named(strange):
    asked, expected = [], []
    for when in ("start", "read"):
        for sensors, status, slug in SIGNALS:
            name = str(len(asked))
            on = [f"at|start|2|sensor|{sensor}|1" for sensor in sensors]
            strange.device(name, *FUJITSU, GRAY, "pages|3", f"at|{when}|2|status|{status}", *on)
            asked.append(wish(f"sane:strange:{name}"))
            expected.append((when, sensors, status, slug, 1))
    found = [
        (*signal[:3], got.reason, len(got.sides))
        for signal, got in zip(expected, strange.run(*asked), strict=True)
    ]
    assert found == expected


def test_a_double_feed_the_device_let_through_marks_its_sheet_and_ends_the_pass(strange):
    strange.device("0", *FUJITSU, GRAY, "pages|6", "at|start|3|sensor|double-feed|1")
    source = RemoteSource(HOST, strange.env)
    ends = run_pass(source, wish(duplex=True)).ends
    source.close()
    assert [(end.sheet, end.side, end.flags) for end in ends] == [
        (1, "front", ()),
        (1, "back", ()),
        (2, "front", ()),
        (2, "back", ("double_feed",)),
    ]


def test_a_double_feed_sensor_still_on_from_before_stops_nothing(strange):
    lines = [line.replace("double-feed|0", "double-feed|1") for line in FUJITSU]
    strange.device("0", *lines, GRAY, "pages|2")
    got = strange.run(wish())[0]
    assert (got.reason, [side[3] for side in got.sides]) == ("complete", [[], []])


def test_an_empty_answer_with_paper_loaded_is_tried_again_and_the_stack_goes_on(strange):
    strange.device(
        "0",
        *FUJITSU,
        GRAY,
        "pages|3",
        "at|start|2|status|7",
        "at|start|2|sensor|page-loaded|1",
        "at|start|4|sensor|page-loaded|0",
    )
    got = strange.run(wish())[0]
    assert (got.reason, len(got.sides)) == ("complete", 3)


def test_an_end_with_paper_still_loaded_is_no_end(strange):
    strange.device("0", *FUJITSU, GRAY, "pages|2", "at|start|3|sensor|page-loaded|1")
    strange.device(
        "1", *[line.replace("page-loaded|0", "page-loaded|1") for line in FUJITSU], GRAY, "pages|0"
    )
    asked = (wish(), wish("sane:strange:1"))
    ended, mispicked = strange.run(*asked, pauses_s=(0.05, 0.1, 0.2))
    assert (ended.reason, len(ended.sides)) == ("scan.ended_with_paper", 2)
    assert (mispicked.reason, len(mispicked.sides)) == ("scan.mispick", 0)


def pixels(rows: int, columns: int) -> np.ndarray:
    return (np.add.outer(np.arange(rows), np.arange(columns)) % 256).astype(np.uint8)


def opened(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return np.array(image)


def test_sixteen_bits_lose_their_lower_half_in_the_order_of_this_machine(strange):
    strange.device("0", FEEDER, MODES, "option|int|none|5|depth|16|16", "frame|0|500|400|16|1010|1")
    got = strange.run(wish())[0]
    assert (got.reason, got.sides) == ("complete", [["image/jpeg", 500, 400, []]])
    # Bytes count up along the row: the upper one of each little-endian pair is odd.
    upper = pixels(400, 1010)[:, :1000][:, 1::2]
    found = opened(got.data[0]).astype(int)
    near = np.abs(found - upper) <= 12
    assert near.mean() > 0.9


@pytest.mark.parametrize("lines", [400, -1])
def test_black_and_white_rows_lose_their_padding(strange, lines):
    strange.device("0", FEEDER, MODES, f"frame|0|500|{lines}|1|70|1")
    got = strange.run(wish(mode="lineart", page_mm=(50.0, 40.0 if lines > 0 else 10.0)))[0]
    height = 400 if lines > 0 else 100
    assert (got.reason, got.sides) == ("complete", [["image/png", 500, height, []]])
    black = np.unpackbits(pixels(height, 70)[:, :63], axis=1)[:, :500]
    assert np.array_equal(opened(got.data[0]), black == 0)


def test_three_frames_in_any_order_are_one_page_of_the_colours_they_name(strange):
    planes = [f"frame|{plane}|500|400|8|500|{last}" for plane, last in ((4, 0), (2, 0), (3, 1))]
    strange.device("0", FEEDER, MODES, *planes, "pages|2")
    got = strange.run(wish(mode="color"))[0]
    assert (got.reason, got.sides) == ("complete", [["image/jpeg", 500, 400, []]] * 2)
    assert opened(got.data[0]).shape == (400, 500, 3)


@pytest.mark.parametrize(
    ("lines", "slug"),
    [
        (("at|read|2|status|5",), "scan.page_truncated"),
        (("at|start|2|status|7",), "scan.page_truncated"),
        (("at|start|3|status|6",), "scan.jam"),
    ],
)
def test_a_page_that_lacks_one_of_its_three_frames_is_no_page(strange, lines, slug):
    planes = [f"frame|{plane}|500|400|8|500|{plane == 4}" for plane in (2, 3, 4)]
    strange.device("0", FEEDER, MODES, *planes, *lines)
    got = strange.run(wish(mode="color"))[0]
    assert (got.reason, got.sides) == (slug, [])


def test_a_plane_sent_twice_or_of_another_size_is_refused(strange):
    strange.device("0", FEEDER, MODES, "frame|2|500|400|8|500|0", "frame|2|500|400|8|500|0")
    strange.device("1", FEEDER, MODES, "frame|2|500|400|8|500|0", "frame|3|499|400|8|500|0")
    for got in strange.run(wish(mode="color"), wish("sane:strange:1", mode="color")):
        assert (got.reason, got.params, got.sides) == (
            "scan.driver_error",
            {"code": "sane-planes"},
            [],
        )


KINDS = {
    "lineart": ("frame|0|500|400|1|63|1",),
    "gray": (GRAY,),
    "color": (COLOR,),
    "planes": tuple(f"frame|{plane}|500|400|8|500|{plane == 4}" for plane in (2, 3, 4)),
}


def test_a_readable_page_of_another_kind_than_asked_is_kept_as_it_came_and_marked(strange):
    asked, expected = [], []
    for sent, frames in KINDS.items():
        for mode in ("lineart", "gray", "color"):
            strange.device(f"{sent}-{mode}", FEEDER, MODES, *frames)
            asked.append(wish(f"sane:strange:{sent}-{mode}", mode=mode))
            kind = "color" if sent == "planes" else sent
            media = "image/png" if kind == "lineart" else "image/jpeg"
            flags = [] if kind == mode else [f"{kind}_for_{mode}"]
            expected.append(([[media, 500, 400, flags]], {"lineart": "1", "gray": "L"}.get(kind)))
    for got, (sides, pixel) in zip(strange.run(*asked), expected, strict=True):
        assert (got.reason, got.sides) == ("complete", sides)
        with Image.open(io.BytesIO(got.data[0])) as image:
            assert image.mode == (pixel or "RGB")


def test_a_frame_no_picture_can_be_made_of_is_refused(strange):
    strange.device("text", FEEDER, MODES, "frame|10|500|400|8|500|1")
    strange.device("bits", FEEDER, MODES, "frame|0|500|400|4|250|1")
    strange.device("bit-planes", FEEDER, MODES, "frame|2|500|400|1|63|0")
    asked = [wish(f"sane:strange:{name}") for name in ("text", "bits", "bit-planes")]
    assert [got.reason for got in strange.run(*asked)] == ["scan.unsupported"] * 3


ENDLESS = {
    "gray": (-1, GRAY),
    "lineart": (-1, "frame|0|500|400|1|63|1"),
    "color": (-1, COLOR),
    "color-planes": (-1, "frame|2|500|400|8|500|0"),
    "gray-known": (400, GRAY),
    "gray-high": (60_000, GRAY),
}


def test_a_page_without_end_is_wrong_as_soon_as_it_is_longer_than_asked(strange):
    for name, (lines, frame) in ENDLESS.items():
        strange.device(
            name, FEEDER, MODES, frame.replace("|400|", f"|{lines}|"), "at|read|1|endless"
        )
    names = [wish(f"sane:strange:{name}", mode=name.partition("-")[0]) for name in ENDLESS]
    found = [(got.reason, got.sides) for got in strange.run(*names)]
    assert found == [("scan.page_wrong", [])] * len(ENDLESS)


def test_a_page_wider_than_asked_or_with_rows_beyond_all_reason_is_wrong(strange):
    strange.device("wide", FEEDER, MODES, "frame|0|60000|400|8|60000|1")
    strange.device("padded", FEEDER, MODES, "frame|0|500|-1|8|2000000000|1", "at|read|1|endless")
    wide, padded = strange.run(wish("sane:strange:wide"), wish("sane:strange:padded"))
    assert (wide.reason, wide.sides) == ("scan.page_wrong", [])
    assert (padded.reason, padded.params) == ("scan.driver_error", {"code": "sane-layout"})


@pytest.mark.parametrize(
    "page_mm", [(float("nan"), 40.0), (-1.0, 40.0), (0.0, 0.0), (50.0, float("inf")), (1e9, 40.0)]
)
def test_a_page_of_no_possible_size_is_refused_before_anything_moves(strange, page_mm):
    strange.device("0", FEEDER, MODES, GRAY)
    got = strange.run(wish(page_mm=page_mm))[0]
    assert (got.reason, got.sides) == ("scan.unsupported", [])
    assert not [entry for entry in got.log if entry[0] == "start"]


def test_pressed_buttons_are_read_where_the_device_shows_them(strange):
    strange.device(
        "0",
        *[line.replace("email|0", "email|1") for line in FUJITSU],
        "option|int|none|6|button-2|3|",
        "option|bool|none|38|copy|1|",
        "option|int|none|6|skew-angle|7|",
        "option|button|none|5|button-update||",
        "option|bool|none|5|pdf|1|",
        GRAY,
    )
    code = (
        "from scanner.drivers.sane.source import pressed_buttons\n"
        "from scanner.drivers.sane.device import SaneDevice\n"
        "print(pressed_buttons(SaneDevice('strange:0')))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **strange.env},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.strip() == "('email', 'button-2')"
    assert ["set", "button-update", "1"] in strange.log()
